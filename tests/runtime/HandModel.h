//===- HandModel.h - A model written by hand -----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TESTS_RUNTIME_HANDMODEL_H
#define INGOT_TESTS_RUNTIME_HANDMODEL_H

#include "runtime/abi.h"

#include <cstring>

namespace ingot::runtime {

/// y[i] = sum of w[j] * x[i + j] over four j, computed through the arena and the scratch buffers in 8 chunks;
/// z = x as bf16 bits. It has no member that compiled models lack. It stops with a fault at node 1 when x[0] is NaN.
struct HandModel {
  static constexpr int64_t size = 512, taps = 4, chunks = 8;

  HandModel() {
    static const int64_t dims[] = {8, 64};
    static const ingot_value_info inputs[] = {{"x", INGOT_F32, 2, dims, nullptr, size * 4}};
    static const ingot_value_info outputs[] = {{"layer/y", INGOT_F32, 2, dims, nullptr, size * 4},
                                               {"z", INGOT_BF16, 2, dims, nullptr, size * 2}};
    static const char *const nodes[] = {"conv (Conv)", "/gather (Gather)"};
    alignas(64) static const float weights[taps] = {0.5f, -1.25f, 0.1f, 3.0f};
    model = {INGOT_ABI_VERSION,
             sizeof(ingot_model),
             "hand",
             "any",
             /*cpu_features=*/0,
             /*num_inputs=*/1,
             /*num_outputs=*/2,
             inputs,
             outputs,
             /*arena_bytes=*/(size + taps) * 4,
             /*weight_bytes=*/sizeof(weights),
             /*scratch_bytes=*/size / chunks * 4,
             weights,
             /*num_nodes=*/2,
             nodes,
             /*num_dims=*/0,
             /*dims=*/nullptr,
             run};
  }

  static int32_t run(const ingot_frame *frame) {
    const float *x = static_cast<const float *>(frame->inputs[0]);
    if (x[0] != x[0])
      return INGOT_FAULT + 1;
    float *padded = static_cast<float *>(frame->arena);
    memcpy(padded, x, size * 4);
    memset(padded + size, 0, taps * 4);
    ingot_parallel_for(frame->pool, runChunk, const_cast<ingot_frame *>(frame), chunks);
    return INGOT_OK;
  }

  static void runChunk(void *env, int64_t chunk, void *scratch) {
    const ingot_frame &frame = *static_cast<const ingot_frame *>(env);
    const float *padded = static_cast<const float *>(frame.arena), *w = static_cast<const float *>(frame.weights);
    float *sums = static_cast<float *>(scratch);
    constexpr int64_t length = size / chunks;
    for (int64_t i = 0; i < length; ++i) {
      int64_t at = chunk * length + i;
      sums[i] = 0;
      for (int64_t j = 0; j < taps; ++j)
        sums[i] += w[j] * padded[at + j];
      uint32_t bits;
      memcpy(&bits, &padded[at], 4);
      static_cast<uint16_t *>(frame.outputs[1])[at] = uint16_t(bits >> 16);
    }
    memcpy(static_cast<float *>(frame.outputs[0]) + chunk * length, sums, length * 4);
  }

  ingot_model model;
};

} // namespace ingot::runtime

#endif // INGOT_TESTS_RUNTIME_HANDMODEL_H
