//===- Context.cpp - Executables and contexts: the C interface -----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/CpuFeatures.h"
#include "runtime/Executable.h"
#include "runtime/Session.h"
#include "runtime/ThreadPool.h"
#include "runtime/ingot.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

struct ingot_context {
  const ingot_model *model;
  ingot_frame frame;
  void *memory;   // arena, then each input's and output's own buffer
  void **buffers; // the own buffers: inputs, then outputs
  void **bound;   // what runs use
  int64_t *dims;  // values of the open dimensions, then the sizes of those of the outputs
  char error[512];
};

// No Text: destroying one when a thread ends takes the C++ library.
static thread_local char lastError[1024];

ingot_status runtime::fail(ingot_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(lastError, sizeof lastError, format, arguments);
  va_end(arguments);
  return status;
}

const char *ingot_last_error(void) { return lastError; }

uint32_t ingot_abi_version(void) { return INGOT_ABI_VERSION; }

uint64_t ingot_cpu_features(void) { return hostCpuFeatures(); }

const char *ingot_status_text(int32_t status) {
  static const char *const texts[] = {"done",
                                      "bad argument or input",
                                      "not supported",
                                      "comparison failed",
                                      "over a limit",
                                      "out of memory",
                                      "cannot read or write a file",
                                      "model and runtime have different versions",
                                      "the processor lacks an instruction set"};
  if (status >= INGOT_FAULT)
    return "a node met a fault";
  return status >= 0 && unsigned(status) < sizeof(texts) / sizeof(texts[0]) ? texts[status] : "unknown status";
}

//===----------------------------------------------------------------------===//
// Executables
//===----------------------------------------------------------------------===//

static bool isAligned(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer) % INGOT_ALIGNMENT == 0; }

static uint32_t countOpen(const ingot_value_info &info) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < info.rank; ++i)
    count += info.dims[i] < 0;
  return count;
}

/// The number of the open dimension that `axis` of an input is, or `num_dims`.
static uint32_t dimOf(const ingot_model &model, const ingot_value_info &info, uint32_t axis) {
  const char *name = info.dim_names ? info.dim_names[axis] : nullptr;
  uint32_t i = 0;
  while (i < model.num_dims && (!name || strcmp(model.dims[i].name, name)))
    ++i;
  return i;
}

ingot_status ingot_executable_open(const ingot_model *model, const void *weights, ingot_executable **result) {
  if (!model || !result)
    return fail(INGOT_BAD_ARGUMENT, "got a null pointer, want a model and a place for the result");
  if (model->abi_version != INGOT_ABI_VERSION || model->struct_size < sizeof(ingot_model))
    return fail(INGOT_ABI, "got a model of interface version %" PRIu32 ", want %u: compile it again",
                model->abi_version, INGOT_ABI_VERSION);
  if (uint64_t missing = model->cpu_features & ~hostCpuFeatures()) {
    Text error;
    error.append("this processor lacks ");
    appendFeatureNames(error, missing);
    error.append(", which '%s' was compiled for (%s)", model->name, model->target);
    return fail(INGOT_PROCESSOR, "%s", error.c_str());
  }
  if (!weights)
    weights = model->weights;
  if (model->weight_bytes && !weights)
    return fail(INGOT_BAD_ARGUMENT, "got no weights, want %" PRIu64 " bytes", model->weight_bytes);
  if (model->weight_bytes && !isAligned(weights))
    return fail(INGOT_BAD_ARGUMENT, "got unaligned weights, want a multiple of %u bytes", INGOT_ALIGNMENT);
  for (uint32_t i = 0; i < model->num_inputs + model->num_outputs; ++i) {
    bool isInput = i < model->num_inputs;
    const ingot_value_info &info = isInput ? model->inputs[i] : model->outputs[i - model->num_inputs];
    for (uint32_t axis = 0; axis < info.rank; ++axis)
      if (info.dims[axis] < 0 && (!model->num_dims || (isInput && dimOf(*model, info, axis) == model->num_dims)))
        return fail(INGOT_UNSUPPORTED, "%s '%s' has an open dimension without bounds", isInput ? "input" : "output",
                    info.name);
  }
  ingot_executable *executable = static_cast<ingot_executable *>(malloc(sizeof(ingot_executable)));
  if (!executable)
    return fail(INGOT_OUT_OF_MEMORY, "not enough memory");
  *executable = {model, weights, nullptr, nullptr};
  *result = executable;
  return INGOT_OK;
}

void ingot_executable_close(ingot_executable *executable) {
  if (executable && executable->unload)
    executable->unload(executable->library);
  free(executable);
}

const ingot_model *ingot_executable_model(const ingot_executable *executable) { return executable->model; }

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

/// Adds `bytes`, rounded up to the alignment, to `total`; an empty buffer takes one unit, so that none is null.
static bool addBuffer(uint64_t bytes, uint64_t &total) {
  if (bytes > UINT64_MAX / 2)
    return false;
  bytes = bytes ? (bytes + INGOT_ALIGNMENT - 1) / INGOT_ALIGNMENT * INGOT_ALIGNMENT : INGOT_ALIGNMENT;
  return !__builtin_add_overflow(total, bytes, &total);
}

ingot_status ingot_context_create(ingot_executable *executable, const ingot_context_options *options,
                                  ingot_context **result) {
  if (!executable || !result)
    return fail(INGOT_BAD_ARGUMENT, "got a null pointer, want an executable and a place for the result");
  if (options && options->struct_size < sizeof(ingot_context_options))
    return fail(INGOT_BAD_ARGUMENT, "got context options of %" PRIu32 " bytes, want %zu", options->struct_size,
                sizeof(ingot_context_options));
  const ingot_model *model = executable->model;
  uint64_t values = uint64_t(model->num_inputs) + model->num_outputs;
  auto bytesOf = [model](uint64_t i) {
    return i < model->num_inputs ? model->inputs[i].bytes : model->outputs[i - model->num_inputs].bytes;
  };
  uint64_t total = 0;
  bool fits = addBuffer(model->arena_bytes, total);
  for (uint64_t i = 0; i < values; ++i)
    fits = fits && addBuffer(bytesOf(i), total);

  ingot_context *context = static_cast<ingot_context *>(calloc(1, sizeof(ingot_context)));
  void **pointers = static_cast<void **>(calloc(values * 2 + 1, sizeof(void *)));
  uint64_t openDims = model->num_dims;
  for (uint32_t i = 0; i < model->num_outputs; ++i)
    openDims += countOpen(model->outputs[i]);
  int64_t *dims = static_cast<int64_t *>(calloc(openDims + 1, sizeof(int64_t)));
  char *memory = fits ? static_cast<char *>(aligned_alloc(INGOT_ALIGNMENT, total)) : nullptr;
  PoolOptions poolOptions;
  poolOptions.scratchBytes = model->scratch_bytes;
  if (options && options->threads)
    poolOptions.threads = options->threads;
  if (options && options->spin_microseconds)
    poolOptions.spinMicroseconds = options->spin_microseconds;
  ingot_pool *pool = nullptr;
  Text error;
  ingot_status status = INGOT_OK;
  if (!context || !pointers || !dims || !memory) {
    error.append("not enough memory for '%s': want %" PRIu64 " bytes", model->name, total);
    status = INGOT_OUT_OF_MEMORY;
  } else {
    status = createPool(poolOptions, pool, error);
  }
  if (status != INGOT_OK) {
    free(memory);
    free(dims);
    free(pointers);
    free(context);
    return fail(status, "%s", error.c_str());
  }

  // Inputs that nobody fills read as zeros. The arena needs no value, but its pages are made present here, not in a
  // run.
  memset(memory, 0, total);
  context->model = model;
  context->memory = memory;
  context->buffers = pointers;
  context->bound = pointers + values;
  uint64_t offset = 0;
  addBuffer(model->arena_bytes, offset);
  for (uint64_t i = 0; i < values; ++i) {
    context->buffers[i] = context->bound[i] = memory + offset;
    addBuffer(bytesOf(i), offset);
  }
  context->frame.arena = memory;
  context->frame.weights = executable->weights;
  context->frame.inputs = context->bound;
  context->frame.outputs = context->bound + model->num_inputs;
  context->frame.pool = pool;
  for (uint32_t i = 0; i < model->num_dims; ++i)
    dims[i] = model->dims[i].high;
  context->dims = dims;
  context->frame.dims = dims;
  context->frame.output_dims = dims + model->num_dims;
  *result = context;
  return INGOT_OK;
}

void ingot_context_destroy(ingot_context *context) {
  if (!context)
    return;
  destroyPool(context->frame.pool);
  free(context->memory);
  free(context->buffers);
  free(context->dims);
  free(context);
}

ingot_status ingot_context_set_dims(ingot_context *context, const int64_t *dims, uint32_t count) {
  const ingot_model *model = context->model;
  if (count != model->num_dims)
    return fail(INGOT_BAD_ARGUMENT, "got %" PRIu32 " dimensions, want %" PRIu32, count, model->num_dims);
  for (uint32_t i = 0; i < count; ++i)
    if (dims[i] < model->dims[i].low || dims[i] > model->dims[i].high)
      return fail(INGOT_BAD_ARGUMENT, "dimension '%s' is %" PRId64 ", want %" PRId64 " to %" PRId64,
                  model->dims[i].name, dims[i], model->dims[i].low, model->dims[i].high);
  for (uint32_t i = 0; i < count; ++i)
    context->dims[i] = dims[i];
  return INGOT_OK;
}

ingot_status ingot_context_input_sizes(const ingot_context *context, uint32_t index, int64_t *sizes) {
  const ingot_model *model = context->model;
  if (index >= model->num_inputs)
    return fail(INGOT_BAD_ARGUMENT, "got input %" PRIu32 ", want one below %" PRIu32, index, model->num_inputs);
  const ingot_value_info &info = model->inputs[index];
  for (uint32_t axis = 0; axis < info.rank; ++axis)
    sizes[axis] = info.dims[axis] < 0 ? context->dims[dimOf(*model, info, axis)] : info.dims[axis];
  return INGOT_OK;
}

ingot_status ingot_context_output_sizes(const ingot_context *context, uint32_t index, int64_t *sizes) {
  const ingot_model *model = context->model;
  if (index >= model->num_outputs)
    return fail(INGOT_BAD_ARGUMENT, "got output %" PRIu32 ", want one below %" PRIu32, index, model->num_outputs);
  const int64_t *open = context->frame.output_dims;
  for (uint32_t i = 0; i < index; ++i)
    open += countOpen(model->outputs[i]);
  const ingot_value_info &info = model->outputs[index];
  for (uint32_t axis = 0; axis < info.rank; ++axis)
    sizes[axis] = info.dims[axis] < 0 ? *open++ : info.dims[axis];
  return INGOT_OK;
}

void *ingot_context_input(ingot_context *context, uint32_t index) {
  return index < context->model->num_inputs ? context->bound[index] : nullptr;
}

void *ingot_context_output(ingot_context *context, uint32_t index) {
  return index < context->model->num_outputs ? context->bound[context->model->num_inputs + index] : nullptr;
}

static ingot_status bind(const char *kind, const ingot_value_info *infos, uint32_t count, uint32_t index, void *data,
                         uint64_t bytes, void **buffers, void **bound) {
  if (index >= count)
    return fail(INGOT_BAD_ARGUMENT, "got %s %" PRIu32 ", want one below %" PRIu32, kind, index, count);
  if (data && bytes != infos[index].bytes)
    return fail(INGOT_BAD_ARGUMENT, "%s '%s': got %" PRIu64 " bytes, want %" PRIu64, kind, infos[index].name, bytes,
                infos[index].bytes);
  bound[index] = data ? data : buffers[index];
  return INGOT_OK;
}

ingot_status ingot_context_bind_input(ingot_context *context, uint32_t index, const void *data, uint64_t bytes) {
  const ingot_model *model = context->model;
  return bind("input", model->inputs, model->num_inputs, index, const_cast<void *>(data), bytes, context->buffers,
              context->bound);
}

ingot_status ingot_context_bind_output(ingot_context *context, uint32_t index, void *data, uint64_t bytes) {
  const ingot_model *model = context->model;
  return bind("output", model->outputs, model->num_outputs, index, data, bytes, context->buffers + model->num_inputs,
              context->bound + model->num_inputs);
}

ingot_status ingot_context_set_input(ingot_context *context, uint32_t index, const void *data, uint64_t bytes) {
  const ingot_model *model = context->model;
  if (ingot_status status =
          bind("input", model->inputs, model->num_inputs, index, nullptr, 0, context->buffers, context->bound))
    return status;
  const ingot_value_info &info = model->inputs[index];
  uint64_t wanted = info.bytes;
  if (countOpen(info)) {
    wanted = dtypeBytes(info.dtype);
    for (uint32_t axis = 0; axis < info.rank; ++axis)
      wanted *= uint64_t(info.dims[axis] < 0 ? context->dims[dimOf(*model, info, axis)] : info.dims[axis]);
  }
  if (!data || bytes != wanted)
    return fail(INGOT_BAD_ARGUMENT, "input '%s': got %" PRIu64 " bytes, want %" PRIu64, info.name, data ? bytes : 0,
                wanted);
  memcpy(context->buffers[index], data, bytes);
  return INGOT_OK;
}

int32_t ingot_context_run(ingot_context *context) {
  context->error[0] = 0;
  const ingot_model *model = context->model;
  int32_t status = model->run(&context->frame);
  if (status == INGOT_OK)
    return status;
  uint32_t node = status >= INGOT_FAULT ? uint32_t(status) - INGOT_FAULT : UINT32_MAX;
  if (node < model->num_nodes)
    snprintf(context->error, sizeof context->error,
             "node '%s': integer division by zero or overflow, or an index out of bounds", model->nodes[node]);
  else
    snprintf(context->error, sizeof context->error, "'%s' stopped with status %" PRId32 " (%s)", model->name, status,
             ingot_status_text(status));
  return status;
}

const char *ingot_context_error(const ingot_context *context) { return context->error; }

//===----------------------------------------------------------------------===//
// What tools see of a context
//===----------------------------------------------------------------------===//

const ingot_model &runtime::modelOf(const ingot_context *context) { return *context->model; }

unsigned runtime::threadsOf(const ingot_context *context) { return poolThreads(context->frame.pool); }

void runtime::poison(ingot_context *context, unsigned char byte) {
  memset(context->frame.arena, byte, context->model->arena_bytes);
  for (uint32_t i = 0; i < context->model->num_outputs; ++i)
    memset(context->frame.outputs[i], byte, context->model->outputs[i].bytes);
}
