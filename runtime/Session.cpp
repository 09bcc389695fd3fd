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

/// Finds the values of the open dimensions in the shapes of the inputs.
static ingot_status matchDims(const ingot_model &model, const Array<Tensor> &inputs, Array<int64_t> &dims,
                              Text &error) {
  if (!dims.resize(model.num_dims)) {
    error.append("not enough memory");
    return INGOT_OUT_OF_MEMORY;
  }
  for (uint32_t d = 0; d < model.num_dims; ++d) {
    const ingot_dim_info &dim = model.dims[d];
    const char *from = nullptr;
    for (uint32_t i = 0; i < inputs.size() && i < model.num_inputs; ++i) {
      const ingot_value_info &info = model.inputs[i];
      for (uint32_t axis = 0; axis < info.rank && axis < inputs[i].shape().rank; ++axis) {
        if (info.dims[axis] >= 0 || !info.dim_names || !info.dim_names[axis] || strcmp(info.dim_names[axis], dim.name))
          continue;
        int64_t size = inputs[i].shape().dims[axis];
        if (size < dim.low || size > dim.high) {
          error.append("input '%s': got %lld for dimension '%s', want %lld to %lld", info.name, (long long)size,
                       dim.name, (long long)dim.low, (long long)dim.high);
          return INGOT_BAD_ARGUMENT;
        }
        if (from && size != dims[d]) {
          error.append("input '%s': got %lld for dimension '%s', want the %lld of input '%s'", info.name,
                       (long long)size, dim.name, (long long)dims[d], from);
          return INGOT_BAD_ARGUMENT;
        }
        dims[d] = size;
        from = info.name;
      }
    }
  }
  return INGOT_OK;
}

ingot_status runtime::setInputs(ingot_context *context, const Array<Tensor> &inputs, Text &error) {
  const ingot_model &model = modelOf(context);
  if (model.num_dims) {
    Array<int64_t> dims;
    if (ingot_status status = matchDims(model, inputs, dims, error))
      return status;
    if (ingot_status status = ingot_context_set_dims(context, dims.data(), model.num_dims)) {
      error.append("%s", ingot_last_error());
      return status;
    }
  }
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
    int64_t sizes[maxRank];
    if (info.rank <= maxRank)
      (void)ingot_context_output_sizes(context, i, sizes);
    if (ingot_status status = Tensor::create(info.dtype, sizes, info.rank, outputs[i], error))
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

ingot_status runtime::measure(ingot_status (*run)(void *env, Text &error), void *env, double seconds, Timing &timing,
                              Text &error) {
  constexpr uint64_t limit = 1 << 20;
  double *times = static_cast<double *>(malloc(limit * sizeof(double)));
  if (!times) {
    error.append("not enough memory");
    return INGOT_OUT_OF_MEMORY;
  }
  uint64_t count = 0;
  ingot_status status = run(env, error);
  double start = millisecondsNow(), before = start;
  while (status == INGOT_OK && count < limit && (count < 3 || before - start < seconds * 1e3)) {
    status = run(env, error);
    double after = millisecondsNow();
    times[count++] = after - before;
    before = after;
  }
  timing = summarize(times, count);
  free(times);
  return status;
}

int runtime::exitCode(int32_t status) { return status <= INGOT_LIMIT ? status : INGOT_BAD_ARGUMENT; }
