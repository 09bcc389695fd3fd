//===- Literal.h - Tensors written on the command line -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_LITERAL_H
#define INGOT_RUNTIME_LITERAL_H

#include "runtime/Tensor.h"

namespace ingot::runtime {

/// Reads a literal, `[TYPE=]VALUES`:
///
///     TYPE    dimensions and element type joined by x: 1x3x224x224xf32, 2xi64, f32 (a scalar)
///     VALUES  one value for each element, or one for all: 1,5 or 0.5 or inf or true,false
///             rand[:SEED[:LOW..HIGH]]   see fillRandom
///             iota                      0, 1, 2, ...
///
/// Without TYPE it is `expected`'s, whose open dimensions then make the literal an error.
ingot_status parseLiteral(const char *text, const ingot_value_info *expected, Tensor &result, Text &error);

/// Fills a tensor with numbers that depend only on seed, element type and place: element i comes from the 64 bits
/// splitmix64(seed * 0x9E3779B97F4A7C15 + i + 1). Floats are their upper 53 bits scaled to [low, high), rounded to the
/// element type; integers are uniform in [low, high]; booleans are the top bit. The default range is [-1, 1) for floats
/// and 0..1 for integers, which is a legal index wherever an index is legal at all.
void fillRandom(Tensor &tensor, uint64_t seed);
void fillRandom(Tensor &tensor, uint64_t seed, double low, double high);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_LITERAL_H
