//===- Session.cpp - Running a context on tensors ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

using namespace ingot;
using namespace ingot::runtime;

ingot_status runtime::setInputs(ingot_context *context, const Array<Tensor> &inputs, Text &error) {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (ingot_status status = ingot_context_set_input(context, uint32_t(i), inputs[i].data(), inputs[i].bytes())) {
      error.append("%s", ingot_last_error());
      return status;
    }
  return INGOT_OK;
}

ingot_status runtime::runContext(ingot_context *context, Text &error) {
  int32_t status = ingot_context_run(context);
  if (status != INGOT_OK)
    error.append("%s", ingot_context_error(context));
  return ingot_status(status);
}

ingot_status runtime::getOutputs(ingot_context *context, Array<Tensor> &outputs, Text &error) {
  const ingot_model &model = modelOf(context);
  if (!outputs.resize(model.num_outputs)) {
    error.append("not enough memory");
    return INGOT_OUT_OF_MEMORY;
  }
  for (uint32_t i = 0; i < model.num_outputs; ++i) {
    const ingot_value_info &info = model.outputs[i];
    if (ingot_status status = Tensor::create(info.dtype, info.dims, info.rank, outputs[i], error))
      return status;
    memcpy(outputs[i].data(), ingot_context_output(context, i), outputs[i].bytes());
  }
  return INGOT_OK;
}

Timing runtime::summarize(double *milliseconds, uint64_t count) {
  Timing timing;
  timing.runs = count;
  if (!count)
    return timing;
  qsort(milliseconds, count, sizeof(double), [](const void *a, const void *b) {
    double x = *static_cast<const double *>(a), y = *static_cast<const double *>(b);
    return (x > y) - (x < y);
  });
  timing.minMs = milliseconds[0];
  timing.medianMs = (milliseconds[(count - 1) / 2] + milliseconds[count / 2]) / 2;
  timing.p99Ms = milliseconds[uint64_t(ceil(double(count) * 0.99)) - 1];
  return timing;
}

static double millisecondsNow() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return double(time.tv_sec) * 1e3 + double(time.tv_nsec) * 1e-6;
}

ingot_status runtime::measure(ingot_context *context, double seconds, Timing &timing, Text &error) {
  constexpr uint64_t limit = 1 << 20;
  double *times = static_cast<double *>(malloc(limit * sizeof(double)));
  if (!times) {
    error.append("not enough memory");
    return INGOT_OUT_OF_MEMORY;
  }
  uint64_t count = 0;
  ingot_status status = runContext(context, error);
  double start = millisecondsNow(), before = start;
  while (status == INGOT_OK && count < limit && (count < 3 || before - start < seconds * 1e3)) {
    status = runContext(context, error);
    double after = millisecondsNow();
    times[count++] = after - before;
    before = after;
  }
  timing = summarize(times, count);
  free(times);
  return status;
}

int runtime::exitCode(int32_t status) { return status <= INGOT_LIMIT ? status : INGOT_BAD_ARGUMENT; }
