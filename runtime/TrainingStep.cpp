//===- TrainingStep.cpp - A compiled step of training and its state -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/TrainingStep.h"
#include "runtime/Session.h"

#include <math.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

TrainingStep::~TrainingStep() {
  ingot_context_destroy(running);
  ingot_executable_close(executable);
}

ingot_status TrainingStep::open(const ingot_model &model, const void *weightBlob, uint32_t leading, unsigned threads,
                                Text &error) {
  description = &model;
  leadingInputs = leading;
  ingot_context_options options = {sizeof options, threads, 0};
  ingot_status status = ingot_executable_open(&model, weightBlob, &executable);
  if (status == INGOT_OK)
    status = ingot_context_create(executable, &options, &running);
  if (status != INGOT_OK) {
    error.append("%s", ingot_last_error());
    return status;
  }
  bool hasMemory = true;
  for (uint32_t i = 0; i < leading; ++i) {
    if (!strcmp(model.inputs[i].name, randomKey))
      keyInput = i;
    else
      hasMemory = hasMemory && batch.push(i);
  }
  // Results without a piece of state come first, then what changes of the state in its own order.
  uint32_t count = model.num_inputs - leading - 1, changing = 0;
  auto nameOf = [&](uint32_t i) { return model.inputs[leading + 1 + i].name; };
  for (uint32_t i = 0, end = model.num_outputs; i < count && changing < end; ++i) {
    // The names from the back: the last output is the last state that changes.
    if (!strcmp(nameOf(count - 1 - i), model.outputs[end - 1 - changing].name) && changing + 1 < end)
      ++changing;
  }
  plainOutputs = model.num_outputs - changing;
  uint32_t next = plainOutputs;
  weights = count;
  for (uint32_t i = 0; i < count; ++i) {
    bool isChanging = next < model.num_outputs && !strcmp(nameOf(i), model.outputs[next].name);
    hasMemory = hasMemory && state.push({isChanging ? next++ : none});
    if (weights == count && model.inputs[leading + 1 + i].dtype == INGOT_I64 && !strcmp(nameOf(i), "step"))
      weights = i;
  }
  if (!hasMemory) {
    error.append("not enough memory");
    return INGOT_OUT_OF_MEMORY;
  }
  return INGOT_OK;
}

void TrainingStep::setBatch(const Tensor *tensors) {
  for (size_t i = 0; i < batch.size(); ++i)
    memcpy(ingot_context_input(running, batch[i]), tensors[i].data(), tensors[i].bytes());
}

ingot_status TrainingStep::run(double learningRate, uint32_t key, double &loss, Text &error) {
  *static_cast<double *>(ingot_context_input(running, leadingInputs)) = learningRate;
  if (keyInput != none)
    *static_cast<uint32_t *>(ingot_context_input(running, keyInput)) = key;
  if (ingot_status status = runContext(running, error))
    return status;
  // What was written is what the next step reads.
  for (size_t i = 0; i < state.size(); ++i) {
    if (state[i].output == none)
      continue;
    void *read = stateData(i), *written = ingot_context_output(running, state[i].output);
    uint64_t bytes = stateInfo(i).bytes;
    ingot_context_bind_input(running, stateInput(i), written, bytes);
    ingot_context_bind_output(running, state[i].output, read, bytes);
  }
  const ingot_value_info &info = description->outputs[0];
  Tensor value;
  if (ingot_status status = Tensor::create(info.dtype, info.dims, info.rank, value, error))
    return status;
  memcpy(value.data(), ingot_context_output(running, 0), info.bytes);
  loss = value.toDouble(0);
  return INGOT_OK;
}

int64_t runtime::firstNotFinite(const ingot_value_info &info, const void *data) {
  auto firstOf = [&](auto isFinite, uint64_t width) -> int64_t {
    for (uint64_t j = 0; j < info.bytes / width; ++j)
      if (!isFinite(j))
        return int64_t(j);
    return -1;
  };
  // A number whose exponent is all ones is infinite or none.
  auto bits16 = [&](uint64_t j) { return static_cast<const uint16_t *>(data)[j]; };
  switch (info.dtype) {
  case INGOT_F32:
    return firstOf([&](uint64_t j) { return isfinite(static_cast<const float *>(data)[j]); }, 4);
  case INGOT_F64:
    return firstOf([&](uint64_t j) { return isfinite(static_cast<const double *>(data)[j]); }, 8);
  case INGOT_F16:
    return firstOf([&](uint64_t j) { return (bits16(j) & 0x7c00) != 0x7c00; }, 2);
  case INGOT_BF16:
    return firstOf([&](uint64_t j) { return (bits16(j) & 0x7f80) != 0x7f80; }, 2);
  default:
    return -1;
  }
}

void TrainingStep::appendPieceName(Text &text, size_t i) const {
  text.append("%s.%s", isWeight(i) ? "parameter" : "slot", stateInfo(i).name);
}

void TrainingStep::save(CheckpointWriter &writer) {
  for (size_t i = 0; i < state.size(); ++i) {
    const ingot_value_info &info = stateInfo(i);
    Text name;
    appendPieceName(name, i);
    writer.add(name.c_str(), info.dtype, info.dims, info.rank, stateData(i));
  }
}

ingot_status TrainingStep::load(const Array<NamedTensor> &pieces, const char *path, Text &error) {
  Array<const Tensor *> found;
  for (size_t i = 0; i < state.size(); ++i) {
    const ingot_value_info &info = stateInfo(i);
    Text name;
    appendPieceName(name, i);
    const Tensor *piece = findPiece(pieces, name.c_str());
    if (!piece) {
      error.append("%s: it has no '%s': another model, or another optimizer", path, name.c_str());
      return INGOT_BAD_ARGUMENT;
    }
    if (!fits(*piece, info)) {
      error.append("%s: '%s' is ", path, name.c_str());
      appendType(error, *piece);
      error.append(", want ");
      appendType(error, info);
      return INGOT_BAD_ARGUMENT;
    }
    if (!found.push(piece)) {
      error.append("not enough memory");
      return INGOT_OUT_OF_MEMORY;
    }
  }
  for (size_t i = 0; i < state.size(); ++i)
    memcpy(stateData(i), found[i]->data(), found[i]->bytes());
  return INGOT_OK;
}
