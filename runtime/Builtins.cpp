//===- Builtins.cpp - Conversions that LLVM calls and libgcc may lack ----===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Compiled code below AVX512-BF16, AVX512-FP16 and F16C converts through these. libgcc has no bfloat16 ones before
// version 13. They are weak, so another runtime's may stand beside them, and written with integers only: a conversion
// in here would call itself.
//
//===----------------------------------------------------------------------===//

#include "runtime/Builtins.h"
#include "runtime/Tensor.h"
#include "runtime/abi.h"

#include <bit>

using namespace ingot::runtime;

/// Rounds to odd: what was cut off stays visible in the last bit, so that rounding once more is exact.
static float narrow(double value) {
  float rounded = float(value);
  uint32_t bits = std::bit_cast<uint32_t>(rounded);
  if (value != value || double(rounded) == value)
    return rounded;
  // Truncate: step back toward zero when rounding went away from it.
  if ((double(rounded) > value) == (value > 0))
    --bits;
  return std::bit_cast<float>(bits | 1);
}

extern "C" {
#define INGOT_BUILTIN __attribute__((weak))
INGOT_BUILTIN __bf16 __truncsfbf2(float value) { return std::bit_cast<__bf16>(floatToBfloat(value)); }
INGOT_BUILTIN __bf16 __truncdfbf2(double value) { return std::bit_cast<__bf16>(floatToBfloat(narrow(value))); }
INGOT_BUILTIN float __extendbfsf2(__bf16 value) { return bfloatToFloat(std::bit_cast<uint16_t>(value)); }
INGOT_BUILTIN _Float16 __truncsfhf2(float value) { return std::bit_cast<_Float16>(floatToHalf(value)); }
INGOT_BUILTIN _Float16 __truncdfhf2(double value) { return std::bit_cast<_Float16>(floatToHalf(narrow(value))); }
INGOT_BUILTIN float __extendhfsf2(_Float16 value) { return halfToFloat(std::bit_cast<uint16_t>(value)); }
}

const Symbol *ingot::runtime::runtimeSymbols(unsigned &count) {
  static const Symbol symbols[] = {
      {"ingot_parallel_for", (void *)&ingot_parallel_for},
      {"__truncsfbf2", (void *)&__truncsfbf2},
      {"__truncdfbf2", (void *)&__truncdfbf2},
      {"__extendbfsf2", (void *)&__extendbfsf2},
      {"__truncsfhf2", (void *)&__truncsfhf2},
      {"__truncdfhf2", (void *)&__truncdfhf2},
      {"__extendhfsf2", (void *)&__extendhfsf2},
  };
  count = sizeof(symbols) / sizeof(symbols[0]);
  return symbols;
}
