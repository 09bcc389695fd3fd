//===- TrainingLoop.h - Steps, epochs and checkpoints -----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TRAININGLOOP_H
#define INGOT_RUNTIME_TRAININGLOOP_H

#include "runtime/Dataset.h"
#include "runtime/TrainingStep.h"

namespace ingot::runtime {

/// Tells on standard error how far a long work is: redraws on a terminal, otherwise a line each ten seconds.
class ProgressLine {
public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  /// Whether a line that is shown now would be seen.
  bool isDue() const;
  void show(const char *text);
  void clear();

private:
  double last;
  bool isTerminal, isDrawn = false;
};

/// What training went through: a row of numbers for each step and one for each epoch.
struct TrainingHistory {
  Array<Text> stepNames;  ///< of a step's numbers: the loss, then the host's
  Array<Text> epochNames; ///< of an epoch's numbers behind the first, which is the number of steps done
  Array<double> steps, epochs;

  uint64_t stepCount() const { return steps.size() / stepNames.size(); }
  uint64_t epochCount() const { return epochs.size() / (1 + epochNames.size()); }
  double step(uint64_t index, size_t column) const { return steps[index * stepNames.size() + column]; }
  /// 0: the number of steps done.
  double epoch(uint64_t index, size_t column) const { return epochs[index * (1 + epochNames.size()) + column]; }
  /// The mean over the steps of an epoch.
  double mean(uint64_t epoch, size_t column) const;
};

/// What a host adds to the loop.
class TrainingObserver {
public:
  /// The numbers of a step behind the loss, from what the step gave beside it.
  virtual ingot_status stepDone(TrainingStep &, double *, Text &) { return INGOT_OK; }
  /// The numbers of an epoch, such as those of validation. The state stays as it is.
  virtual ingot_status epochDone(TrainingStep &, double *, Text &) { return INGOT_OK; }
  /// Says more of a loss that is no finite number, or of a parameter (`state`) when `state` is not negative.
  virtual void notFinite(TrainingStep &, int64_t, Text &) {}
};

struct TrainingOptions {
  double learningRate = 0;
  uint64_t seed = 0;
  uint64_t steps = 0;                    ///< 0: as many as `epochs` come to
  uint64_t epochs = 0;                   ///< of data
  const Tensor *fixedBatch = nullptr;    ///< the batch of every step, one tensor for each of its inputs; or else
  const Dataset *data = nullptr;         ///< samples that are bound to the inputs,
  const Array<uint64_t> *rows = nullptr; ///< those to train on,
  uint64_t batch = 0;                    ///< and how many go into a step
  const char *checkpoint = nullptr;
  uint64_t checkpointEvery = 0; ///< steps; 0: after each epoch, and a minute after the last one
  bool resumes = false;
  const char *log = nullptr;
};

/// How training ended.
struct TrainingResult {
  bool wasInterrupted = false;
  uint64_t resumedAt = 0; ///< the step
};

/// Trains. Batches are shuffled anew in each epoch, in an order that depends on the seed and the epoch; samples that
/// fill no batch at an epoch's end are left out of it. Two runs that begin alike come to the same bits, and so does one
/// that was stopped at any moment and resumed.
ingot_status trainLoop(TrainingStep &step, const TrainingOptions &options, TrainingHistory &history,
                       TrainingObserver &observer, TrainingResult &result, Text &error);

/// Writes {"losses": [...], ...}.
ingot_status writeLog(const char *path, const TrainingHistory &history, const TrainingOptions &options, Text &error);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_TRAININGLOOP_H
