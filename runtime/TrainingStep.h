//===- TrainingStep.h - A compiled step of training and its state *- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TRAININGSTEP_H
#define INGOT_RUNTIME_TRAININGSTEP_H

#include "runtime/Array.h"
#include "runtime/Checkpoint.h"
#include "runtime/Tensor.h"
#include "runtime/ingot.h"

namespace ingot::runtime {

/// The input that what is random in a step depends on: u32, another one for each step.
constexpr const char *randomKey = "ingot.random_key";

/// Where the first float of `data` is that is no finite number, or -1.
int64_t firstNotFinite(const ingot_value_info &info, const void *data);

/// A compiled step of training with its state. A step reads one set of buffers and writes the other, and then they
/// change places: no state is ever copied.
///
/// The model of a step is (batch, learning rate, state) -> (loss, results, state); of its results, the last are that
/// part of the state that changes, in the same order. The first part of the state are the model's own weights; behind
/// them come `step`, the number of steps done, and what the optimizer remembers.
class TrainingStep {
public:
  TrainingStep() = default;
  TrainingStep(const TrainingStep &) = delete;
  ~TrainingStep();

  /// `leading` counts the inputs before the learning rate.
  ingot_status open(const ingot_model &model, const void *weights, uint32_t leading, unsigned threads, Text &error);

  const ingot_model &model() const { return *description; }
  ingot_context *context() { return running; }
  /// The places of the inputs that data are for.
  const Array<uint32_t> &batchInputs() const { return batch; }
  /// Copies a batch, one tensor for each of its inputs.
  void setBatch(const Tensor *tensors);
  /// The number of results behind the loss that are no state.
  uint32_t results() const { return plainOutputs - 1; }

  uint64_t stateCount() const { return state.size(); }
  const ingot_value_info &stateInfo(size_t i) const { return description->inputs[stateInput(i)]; }
  bool isWeight(size_t i) const { return i < weights; }
  bool changes(size_t i) const { return state[i].output != none; }
  /// The bytes of a piece of state between two steps.
  void *stateData(size_t i) { return ingot_context_input(running, stateInput(i)); }
  /// What the last step read; only of state that changes.
  const void *stateBefore(size_t i) { return ingot_context_output(running, state[i].output); }
  /// Runs one step on the batch that the context's inputs hold. The loss is that before the step.
  ingot_status run(double learningRate, uint32_t key, double &loss, Text &error);

  /// The state as pieces of a checkpoint; reading takes all of it or, where something does not fit, nothing.
  void save(CheckpointWriter &writer);
  ingot_status load(const Array<NamedTensor> &pieces, const char *path, Text &error);

private:
  static constexpr uint32_t none = UINT32_MAX;
  struct State {
    uint32_t output;
  };
  uint32_t stateInput(size_t i) const { return leadingInputs + 1 + uint32_t(i); }
  void appendPieceName(Text &text, size_t i) const;

  const ingot_model *description = nullptr;
  ingot_executable *executable = nullptr;
  ingot_context *running = nullptr;
  uint32_t leadingInputs = 0, keyInput = none, plainOutputs = 1;
  Array<uint32_t> batch;
  Array<State> state;
  size_t weights = 0;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_TRAININGSTEP_H
