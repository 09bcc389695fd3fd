//===- Session.h - Running a context on tensors --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_SESSION_H
#define INGOT_RUNTIME_SESSION_H

#include "runtime/Array.h"
#include "runtime/Tensor.h"
#include "runtime/ingot.h"

namespace ingot::runtime {

/// Copies `inputs`, one for each input of the model, into the context. They must fit, as gatherInputs makes sure.
ingot_status setInputs(ingot_context *context, const Array<Tensor> &inputs, Text &error);

/// Runs once; the error names the node that met a fault.
ingot_status runContext(ingot_context *context, Text &error);

/// Copies the context's outputs.
ingot_status getOutputs(ingot_context *context, Array<Tensor> &outputs, Text &error);

/// Fills the arena and the outputs with one byte, to show reads of what a run did not write.
void poison(ingot_context *context, unsigned char byte);

const ingot_model &modelOf(const ingot_context *context);
unsigned threadsOf(const ingot_context *context);

struct Timing {
  double minMs = 0, medianMs = 0, p99Ms = 0;
  uint64_t runs = 0;
};

/// Statistics of run times in milliseconds; sorts them.
Timing summarize(double *milliseconds, uint64_t count);

/// Does `run` for about `seconds`, three times at least, after one time that does not count.
ingot_status measure(ingot_status (*run)(void *env, Text &error), void *env, double seconds, Timing &timing,
                     Text &error);
template <typename Run> ingot_status measure(Run &run, double seconds, Timing &timing, Text &error) {
  return measure([](void *env, Text &cause) { return (*static_cast<Run *>(env))(cause); }, &run, seconds, timing,
                 error);
}

/// The exit code of a program that ends with a status.
int exitCode(int32_t status);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_SESSION_H
