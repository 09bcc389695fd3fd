//===- TrainingLoop.cpp - Steps, epochs and checkpoints -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/TrainingLoop.h"
#include "runtime/Report.h"
#include "runtime/TensorFile.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

using namespace ingot;
using namespace ingot::runtime;

static double secondsNow() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

//===----------------------------------------------------------------------===//
// Progress
//===----------------------------------------------------------------------===//

ProgressLine::ProgressLine() : last(secondsNow()), isTerminal(isatty(STDERR_FILENO)) {}

bool ProgressLine::isDue() const { return secondsNow() - last >= (isTerminal ? 0.1 : 10); }

void ProgressLine::show(const char *text) {
  last = secondsNow();
  fprintf(stderr, isTerminal ? "\r\033[K%s" : "%s\n", text);
  isDrawn = isTerminal;
}

void ProgressLine::clear() {
  if (isDrawn)
    fputs("\r\033[K", stderr);
  isDrawn = false;
}

static void appendSeconds(Text &text, double seconds) {
  uint64_t whole = uint64_t(seconds + 0.5);
  if (whole >= 3600)
    text.append("%" PRIu64 " h %02" PRIu64 " min", whole / 3600, whole / 60 % 60);
  else if (whole >= 60)
    text.append("%" PRIu64 " min %02" PRIu64 " s", whole / 60, whole % 60);
  else
    text.append("%" PRIu64 " s", whole);
}

//===----------------------------------------------------------------------===//
// Interruption
//===----------------------------------------------------------------------===//

static volatile sig_atomic_t interrupted;

namespace {
/// While it lives, the first Ctrl-C is kept for the loop; a second one ends the program.
struct InterruptGuard {
  struct sigaction before[2];
  static constexpr int signals[] = {SIGINT, SIGTERM};

  InterruptGuard() {
    interrupted = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags = int(SA_RESETHAND);
    for (unsigned i = 0; i < 2; ++i)
      sigaction(signals[i], &action, &before[i]);
  }
  ~InterruptGuard() {
    for (unsigned i = 0; i < 2; ++i)
      sigaction(signals[i], &before[i], nullptr);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// History
//===----------------------------------------------------------------------===//

double TrainingHistory::mean(uint64_t index, size_t column) const {
  uint64_t first = index ? uint64_t(epoch(index - 1, 0)) : 0, last = uint64_t(epoch(index, 0));
  double sum = 0;
  for (uint64_t i = first; i < last && i < stepCount(); ++i)
    sum += step(i, column);
  return last > first ? sum / double(last - first) : NAN;
}

static void appendNumber(Text &text, double value) {
  if (isfinite(value))
    text.append("%.17g", value);
  else
    text.append("null");
}

ingot_status runtime::writeLog(const char *path, const TrainingHistory &history, const TrainingOptions &options,
                               Text &error) {
  Text text;
  text.append("{\n");
  for (size_t column = 0; column < history.stepNames.size(); ++column) {
    text.append("  ");
    if (column == 0)
      text.append("\"losses\"");
    else
      appendJsonString(text, history.stepNames[column].c_str());
    text.append(": [");
    for (uint64_t i = 0; i < history.stepCount(); ++i) {
      text.append(i ? ", " : "");
      appendNumber(text, history.step(i, column));
    }
    text.append("],\n");
  }
  text.append("  \"epochs\": [");
  for (uint64_t i = 0; i < history.epochCount(); ++i) {
    text.append("%s\n    {\"steps\": %.0f", i ? "," : "", history.epoch(i, 0));
    for (size_t column = 0; column < history.stepNames.size(); ++column) {
      text.append(", ");
      appendJsonString(text, history.stepNames[column].c_str());
      text.append(": ");
      appendNumber(text, history.mean(i, column));
    }
    for (size_t column = 0; column < history.epochNames.size(); ++column) {
      text.append(", ");
      appendJsonString(text, history.epochNames[column].c_str());
      text.append(": ");
      appendNumber(text, history.epoch(i, 1 + column));
    }
    text.append("}");
  }
  text.append("%s],\n  \"learning_rate\": ", history.epochCount() ? "\n  " : "");
  appendNumber(text, options.learningRate);
  text.append(",\n  \"seed\": %" PRIu64 ",\n  \"batch\": %" PRIu64 "\n}\n", options.seed, options.batch);
  return writeFile(path, text, nullptr, 0, error);
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

namespace {
struct Loop {
  TrainingStep &step;
  const TrainingOptions &options;
  TrainingHistory &history;
  TrainingObserver &observer;
  Text &error;
  Array<uint64_t> order, places;
  ProgressLine progress;
  uint64_t perEpoch = 0, total = 0, done = 0, orderOf = UINT64_MAX;
  double start = 0, lastSave = 0;
  uint64_t startedAt = 0;

  ingot_status outOfMemory() {
    error.append("not enough memory");
    return INGOT_OUT_OF_MEMORY;
  }
  ingot_status prepare();
  ingot_status resume(TrainingResult &result);
  ingot_status save();
  ingot_status setBatch();
  ingot_status one();
  ingot_status epochEnd();
  ingot_status notFinite(double loss);
  int64_t brokenState(bool before);
  void report(double loss);
};
} // namespace

ingot_status Loop::prepare() {
  total = options.steps;
  if (!options.data) {
    // One batch is all the data.
    total = total ? total : options.epochs;
    return INGOT_OK;
  }
  uint64_t samples = options.rows->size();
  perEpoch = options.batch ? samples / options.batch : 0;
  if (!perEpoch) {
    error.append("got %" PRIu64 " samples to train on, want a batch of %" PRIu64 " at least", samples, options.batch);
    return INGOT_BAD_ARGUMENT;
  }
  if (!total)
    total = options.epochs * perEpoch;
  return places.resize(options.batch) ? INGOT_OK : outOfMemory();
}

ingot_status Loop::setBatch() {
  if (!options.data) {
    if (done == startedAt)
      step.setBatch(options.fixedBatch);
    return INGOT_OK;
  }
  uint64_t epoch = done / perEpoch, first = done % perEpoch * options.batch;
  if (orderOf != epoch) {
    // Another seed than that of the split into training and validation, and for each epoch another.
    if (!shuffled(options.rows->size(), options.seed ^ (uint64_t(keyOfStep(~options.seed, epoch)) << 16), order))
      return outOfMemory();
    orderOf = epoch;
  }
  for (uint64_t i = 0; i < options.batch; ++i)
    places[i] = (*options.rows)[order[first + i]];
  for (uint32_t input : step.batchInputs())
    options.data->gather(step.model().inputs[input].name, places.data(), options.batch,
                         ingot_context_input(step.context(), input));
  return INGOT_OK;
}

/// A checkpoint keeps what a run must share with the one that it goes on from.
static constexpr const char *seedPiece = "seed", *batchPiece = "batch", *samplesPiece = "samples",
                            *stepsPiece = "history.steps", *epochsPiece = "history.epochs", *donePiece = "step";

ingot_status Loop::save() {
  lastSave = secondsNow();
  // The last good checkpoint stays.
  if (brokenState(false) >= 0)
    return INGOT_OK;
  CheckpointWriter writer(options.checkpoint);
  writer.add(donePiece, int64_t(done));
  writer.add(seedPiece, int64_t(options.seed));
  writer.add(batchPiece, int64_t(options.batch));
  writer.add(samplesPiece, int64_t(options.data ? options.rows->size() : 0));
  int64_t steps[] = {int64_t(history.stepCount()), int64_t(history.stepNames.size())};
  writer.add(stepsPiece, INGOT_F64, steps, 2, history.steps.data());
  int64_t epochs[] = {int64_t(history.epochCount()), int64_t(1 + history.epochNames.size())};
  writer.add(epochsPiece, INGOT_F64, epochs, 2, history.epochs.data());
  step.save(writer);
  return writer.finish(error);
}

ingot_status Loop::resume(TrainingResult &result) {
  if (access(options.checkpoint, F_OK) && errno == ENOENT) {
    fprintf(stderr, "there is no %s yet: training from the beginning\n", options.checkpoint);
    return INGOT_OK;
  }
  Array<NamedTensor> pieces;
  if (ingot_status status = readCheckpoint(options.checkpoint, pieces, error))
    return status;
  struct {
    const char *piece, *what;
    uint64_t want;
  } settings[] = {{seedPiece, "--seed", options.seed},
                  {batchPiece, "--batch", options.batch},
                  {samplesPiece, "samples to train on:", options.data ? options.rows->size() : 0}};
  for (auto &setting : settings) {
    const Tensor *piece = findPiece(pieces, setting.piece);
    if (!piece || piece->dtype() != INGOT_I64 || piece->elements() != 1) {
      error.append("%s: not a checkpoint of this command", options.checkpoint);
      return INGOT_BAD_ARGUMENT;
    }
    if (uint64_t(piece->as<int64_t>()[0]) != setting.want) {
      error.append("%s: it is of training with %s %" PRId64 ", got %" PRIu64, options.checkpoint, setting.what,
                   piece->as<int64_t>()[0], setting.want);
      return INGOT_BAD_ARGUMENT;
    }
  }
  const Tensor *count = findPiece(pieces, donePiece), *steps = findPiece(pieces, stepsPiece),
               *epochs = findPiece(pieces, epochsPiece);
  auto isTable = [](const Tensor *piece, size_t columns) {
    return piece && piece->dtype() == INGOT_F64 && piece->shape().rank == 2 &&
           piece->shape().dims[1] == int64_t(columns);
  };
  bool isWhole = count && count->dtype() == INGOT_I64 && count->elements() == 1;
  done = isWhole ? uint64_t(count->as<int64_t>()[0]) : 0;
  if (!isWhole || !isTable(steps, history.stepNames.size()) || !isTable(epochs, 1 + history.epochNames.size()) ||
      uint64_t(steps->shape().dims[0]) != done) {
    error.append("%s: it is of training with other --metrics or other --val", options.checkpoint);
    return INGOT_BAD_ARGUMENT;
  }
  if (ingot_status status = step.load(pieces, options.checkpoint, error))
    return status;
  if (!history.steps.resize(steps->elements()) || !history.epochs.resize(epochs->elements()))
    return outOfMemory();
  memcpy(history.steps.data(), steps->data(), steps->bytes());
  memcpy(history.epochs.data(), epochs->data(), epochs->bytes());
  result.resumedAt = done;
  return INGOT_OK;
}

/// The first piece of state with a float that is no finite number, or -1.
int64_t Loop::brokenState(bool before) {
  for (size_t i = 0; i < step.stateCount(); ++i)
    if (step.changes(i) && firstNotFinite(step.stateInfo(i), before ? step.stateBefore(i) : step.stateData(i)) >= 0)
      return int64_t(i);
  return -1;
}

ingot_status Loop::notFinite(double loss) {
  progress.clear();
  int64_t state = brokenState(/*before=*/true);
  error.append("the loss before step %" PRIu64 " is %s", done,
               isnan(loss) ? "not a number"
               : loss > 0  ? "infinite"
                           : "-infinite");
  if (state >= 0)
    error.append(", and so is '%s' since the step before", step.stateInfo(size_t(state)).name);
  observer.notFinite(step, state, error);
  if (options.checkpoint && access(options.checkpoint, F_OK) == 0)
    error.append("; %s holds the state of an earlier step", options.checkpoint);
  return INGOT_BAD_ARGUMENT;
}

void Loop::report(double loss) {
  Text line;
  line.append("step %" PRIu64 " of %" PRIu64, done, total);
  if (perEpoch)
    line.append(", epoch %" PRIu64, (done - 1) / perEpoch + 1);
  line.append(", loss %.6g", loss);
  for (size_t i = 1; i < history.stepNames.size(); ++i)
    line.append(", %s %.4g", history.stepNames[i].c_str(), history.step(done - 1, i));
  double spent = secondsNow() - start, steps = double(done - startedAt);
  if (spent > 0) {
    if (options.batch)
      line.append(", %.4g samples/s", steps * double(options.batch) / spent);
    else
      line.append(", %.4g steps/s", steps / spent);
    line.append(", ");
    appendSeconds(line, double(total - done) * spent / steps);
    line.append(" left");
  }
  progress.show(line.c_str());
}

ingot_status Loop::epochEnd() {
  size_t width = 1 + history.epochNames.size(), at = history.epochs.size();
  if (!history.epochs.resize(at + width))
    return outOfMemory();
  history.epochs[at] = double(done);
  return observer.epochDone(step, history.epochs.data() + at + 1, error);
}

ingot_status Loop::one() {
  if (ingot_status status = setBatch())
    return status;
  double loss;
  if (ingot_status status = step.run(options.learningRate, keyOfStep(options.seed, done), loss, error))
    return status;
  ++done;
  size_t at = history.steps.size();
  if (!history.steps.resize(at + history.stepNames.size()))
    return outOfMemory();
  history.steps[at] = loss;
  for (size_t i = 1; i < history.stepNames.size(); ++i)
    history.steps[at + i] = NAN;
  if (!isfinite(loss))
    return notFinite(loss);
  if (ingot_status status = observer.stepDone(step, history.steps.data() + at + 1, error))
    return status;
  bool endsEpoch = perEpoch && (done % perEpoch == 0 || done == total);
  if (endsEpoch)
    if (ingot_status status = epochEnd())
      return status;
  if (progress.isDue())
    report(loss);
  if (!options.checkpoint)
    return INGOT_OK;
  bool isTime =
      options.checkpointEvery ? done % options.checkpointEvery == 0 : endsEpoch || secondsNow() - lastSave >= 60;
  return isTime || interrupted || done == total ? save() : INGOT_OK;
}

ingot_status runtime::trainLoop(TrainingStep &step, const TrainingOptions &options, TrainingHistory &history,
                                TrainingObserver &observer, TrainingResult &result, Text &error) {
  if (history.stepNames.empty() && !history.stepNames.push(Text("loss"))) {
    error.append("not enough memory");
    return INGOT_OUT_OF_MEMORY;
  }
  Loop loop{step, options, history, observer, error, {}, {}, {}};
  ingot_status status = loop.prepare();
  if (status == INGOT_OK && options.resumes)
    status = loop.resume(result);
  loop.startedAt = loop.done;
  loop.start = loop.lastSave = secondsNow();
  InterruptGuard guard;
  while (status == INGOT_OK && loop.done < loop.total && !interrupted)
    status = loop.one();
  loop.progress.clear();
  result.wasInterrupted = interrupted && status == INGOT_OK && loop.done < loop.total;
  // The loss says nothing of what the last step wrote.
  if (int64_t state; status == INGOT_OK && loop.done > loop.startedAt && (state = loop.brokenState(false)) >= 0) {
    error.append("'%s' is no finite number after step %" PRIu64, step.stateInfo(size_t(state)).name, loop.done);
    status = INGOT_BAD_ARGUMENT;
  }
  Text cause;
  if (options.log && history.stepCount())
    if (ingot_status written = writeLog(options.log, history, options, cause); status == INGOT_OK && written) {
      error.append("%s", cause.c_str());
      status = written;
    }
  return status;
}
