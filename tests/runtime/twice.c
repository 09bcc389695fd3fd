//===- twice.c - A model in C, for linking by hand ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// y = 2 x, and h = x as bfloat16, through the call that compilers make below AVX512-BF16.
//
//===----------------------------------------------------------------------===//

#include "runtime/abi.h"

static void runChunk(void *env, int64_t chunk, void *scratch) {
  const ingot_frame *frame = env;
  const float *x = frame->inputs[0];
  float *y = frame->outputs[0];
  __bf16 *h = frame->outputs[1];
  (void)scratch;
  for (int i = 0; i < 16; ++i) {
    y[chunk * 16 + i] = 2 * x[chunk * 16 + i];
    h[chunk * 16 + i] = (__bf16)x[chunk * 16 + i];
  }
}

static int32_t run(const ingot_frame *frame) {
  ingot_parallel_for(frame->pool, runChunk, (void *)frame, 8);
  return INGOT_OK;
}

static const int64_t dims[] = {8, 16};
static const ingot_value_info inputs[] = {{"x", INGOT_F32, 2, dims, 0, 512}};
static const ingot_value_info outputs[] = {{"y", INGOT_F32, 2, dims, 0, 512}, {"half/x", INGOT_BF16, 2, dims, 0, 256}};

#ifndef CPU_FEATURES
#define CPU_FEATURES 0
#endif

const ingot_model ingot_model_main = {
    INGOT_ABI_VERSION, sizeof(ingot_model), "twice", "any", CPU_FEATURES, 1, 2, inputs, outputs, 0, 0, 0, 0, 0, 0, 0, 0, run};
