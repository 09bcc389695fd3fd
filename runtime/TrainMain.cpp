//===- TrainMain.cpp - main() of every training program -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/CommandLine.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Inputs.h"
#include "runtime/Report.h"
#include "runtime/Session.h"
#include "runtime/TensorFile.h"
#include "runtime/ThreadPool.h"
#include "runtime/TrainingLoop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

/// The compiled step that this program is linked with, and what else it was written with: the length of a checkpoint
/// and the checkpoint, with the pieces `leading`, `learning_rate` and `seed`, the model's file `onnx`, and
/// `onnx.places`: where in that file the elements of each weight are, or -1 for one that has a piece of its own.
extern "C" const ingot_model ingot_model_main;
extern "C" const unsigned char ingot_training_data[];
static const ingot_model &model = ingot_model_main;

namespace {
struct Options {
  TrainingOptions training;
  const char *inputs = nullptr, *data = nullptr, *exported = nullptr;
  uint64_t threads = 0; // 0: one for each core
  double seconds = 2;
  bool wantsHelp = false, describes = false, benches = false, json = false;

  const Option table[16] = {
      Option::string("--inputs", "DIR", inputs, "the batch of every step: a folder with input_0.pb, input_1.pb, ..."),
      Option::string("--data", "FILE.npz", data, "arrays of samples, by the names of inputs; each epoch is shuffled"),
      Option::count("--steps", 1, UINT64_MAX, training.steps, "number of steps"),
      Option::count("--epochs", 1, UINT64_MAX, training.epochs, "number of passes over the data"),
      Option::string("--checkpoint", "FILE", training.checkpoint, "keep all that is needed to go on in this file"),
      Option::count("--checkpoint-every", 1, UINT64_MAX, training.checkpointEvery,
                    "write it after so many steps (default: each epoch and minute)"),
      Option::flag("--resume", training.resumes, "go on from the checkpoint"),
      Option::count("--seed", 0, INT64_MAX, training.seed,
                    "seed of the order of samples and of what is random in the model"),
      Option::string("--log", "FILE.json", training.log, "write the loss before each step to this file"),
      Option::string("--export", "TRAINED.onnx", exported, "write the model with its new weights here"),
      Option::count("--threads", 1, maxThreads, threads, "threads to use (default: the cores this process may use)"),
      Option::flag("--bench", benches, "measure the time of a step, on one batch"),
      Option::seconds("--seconds", seconds, "how long --bench measures (default: 2)"),
      Option::flag("--describe", describes, "print inputs, outputs, memory and target, and exit"),
      Option::flag("--json", json, "print what --bench or --describe prints as JSON"),
      Option::flag("--help", wantsHelp, "print this text, and exit"),
  };
  static constexpr unsigned tableSize = sizeof(table) / sizeof(table[0]);
};

/// No seed is this large.
constexpr uint64_t unseeded = UINT64_MAX;
} // namespace

static ingot_status checkOptions(const Options &options, Text &error) {
  const TrainingOptions &training = options.training;
  bool keeps = training.checkpoint || training.checkpointEvery || training.resumes || training.log || options.exported;
  if (options.benches && (training.steps || training.epochs || keeps))
    error.append("--bench keeps nothing of what it trains: want no steps, epochs or files to write");
  else if (!options.inputs == !options.data)
    error.append("want either --inputs DIR or --data FILE.npz");
  else if (!options.benches && !training.steps == !training.epochs)
    error.append("want either --steps N or --epochs N");
  else if (!training.checkpoint && (training.resumes || training.checkpointEvery))
    error.append("--resume and --checkpoint-every want --checkpoint FILE");
  return error.empty() ? INGOT_OK : INGOT_BAD_ARGUMENT;
}

static void appendHelp(Text &text, const Options &options, const char *program) {
  text.append(
      "usage: %s (--inputs DIR | --data FILE.npz) (--steps N | --epochs N) [OPTION]...\n\nTrains the model '%s', "
      "compiled by Ingot.\n\n",
      program, model.name);
  appendOptions(text, options.table, options.tableSize);
  text.append("\nCtrl-C writes the checkpoint and exits with 130.\n");
  appendExitCodes(text);
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

namespace {
/// What the steps are fed with.
struct Source {
  Array<Tensor> batch;
  Dataset data;
  Array<uint64_t> rows;
};
} // namespace

static ingot_status openSource(Options &options, const TrainingStep &step, Source &source, Text &error) {
  Array<ingot_value_info> infos;
  for (uint32_t i : step.batchInputs())
    if (!infos.push(model.inputs[i])) {
      error.append("not enough memory");
      return INGOT_OUT_OF_MEMORY;
    }
  TrainingOptions &training = options.training;
  if (options.inputs) {
    InputOptions gather;
    gather.directory = options.inputs;
    ingot_status status = gatherInputs(infos.data(), unsigned(infos.size()), gather, source.batch, error);
    training.fixedBatch = source.batch.data();
    return status;
  }
  for (const ingot_value_info &info : infos) {
    uint64_t size = info.rank ? uint64_t(info.dims[0]) : 0;
    if (!size || (training.batch && size != training.batch)) {
      error.append("input '%s' is ", info.name);
      appendType(error, info);
      error.append(", which samples cannot bring; --inputs DIR can");
      return INGOT_UNSUPPORTED;
    }
    training.batch = size;
  }
  if (ingot_status status = source.data.read(options.data, error))
    return status;
  if (ingot_status status = source.data.bind(infos.data(), uint32_t(infos.size()), error))
    return status;
  for (uint64_t i = 0; i < source.data.samples(); ++i)
    if (!source.rows.push(i)) {
      error.append("not enough memory");
      return INGOT_OUT_OF_MEMORY;
    }
  training.data = &source.data;
  training.rows = &source.rows;
  return INGOT_OK;
}

//===----------------------------------------------------------------------===//
// Training
//===----------------------------------------------------------------------===//

/// The pieces that the program was written with.
namespace {
struct Embedded {
  Array<NamedTensor> pieces;

  template <typename T> T number(const char *name) const { return findPiece(pieces, name)->as<T>()[0]; }
  /// Where the elements of a weight are in the model's file, or -1.
  int64_t place(size_t weight) const {
    const Tensor *places = findPiece(pieces, "onnx.places");
    return weight < places->elements() ? places->as<int64_t>()[weight] : -1;
  }
  /// What a weight begins with: one of a graph inside the model's is no initializer of the file's.
  const void *initial(size_t weight, const char *name) {
    return place(weight) >= 0 ? file() + place(weight) : findPiece(pieces, name)->data();
  }
  char *file() { return const_cast<Tensor *>(findPiece(pieces, "onnx"))->as<char>(); }
  uint64_t fileBytes() const { return findPiece(pieces, "onnx")->bytes(); }
};
} // namespace

static ingot_status exportModel(const char *path, TrainingStep &step, Embedded &embedded, Text &error) {
  for (size_t i = 0; i < step.stateCount(); ++i)
    if (step.isWeight(i) && embedded.place(i) >= 0)
      memcpy(embedded.file() + embedded.place(i), step.stateData(i), step.stateInfo(i).bytes);
  return writeFile(path, Text(), embedded.file(), embedded.fileBytes(), error);
}

static ingot_status bench(TrainingStep &step, const Options &options, Text &text, Text &error) {
  const TrainingOptions &training = options.training;
  if (training.fixedBatch)
    step.setBatch(training.fixedBatch);
  else if (training.rows->size() < training.batch) {
    error.append("got %" PRIu64 " samples, want a batch of %" PRIu64, uint64_t(training.rows->size()), training.batch);
    return INGOT_BAD_ARGUMENT;
  } else
    for (uint32_t input : step.batchInputs())
      training.data->gather(model.inputs[input].name, training.rows->data(), training.batch,
                            ingot_context_input(step.context(), input));
  uint64_t done = 0;
  auto one = [&](Text &cause) {
    double loss;
    return step.run(training.learningRate, keyOfStep(training.seed, done++), loss, cause);
  };
  Timing timing;
  if (ingot_status status = measure(one, options.seconds, timing, error))
    return status;
  appendTiming(text, model, threadsOf(step.context()), timing, options.json);
  return INGOT_OK;
}

static ingot_status train(Options &options, Text &text, bool &wasInterrupted, Text &error) {
  if (ingot_status status = checkOptions(options, error))
    return status;
  uint64_t bytes;
  memcpy(&bytes, ingot_training_data, sizeof bytes);
  Embedded embedded;
  if (ingot_status status =
          parseCheckpoint(ingot_training_data + sizeof bytes, bytes, "this program", embedded.pieces, error))
    return status;
  TrainingStep step;
  if (ingot_status status = step.open(model, nullptr, uint32_t(embedded.number<int64_t>("leading")),
                                      options.threads ? unsigned(options.threads) : physicalCores(), error))
    return status;
  for (size_t i = 0; i < step.stateCount(); ++i)
    if (step.isWeight(i))
      memcpy(step.stateData(i), embedded.initial(i, step.stateInfo(i).name), step.stateInfo(i).bytes);
  options.training.learningRate = embedded.number<double>("learning_rate");
  if (options.training.seed == unseeded)
    options.training.seed = uint64_t(embedded.number<int64_t>("seed"));
  Source source;
  if (ingot_status status = openSource(options, step, source, error))
    return status;
  if (options.benches)
    return bench(step, options, text, error);
  TrainingHistory history;
  TrainingObserver observer;
  TrainingResult result;
  if (ingot_status status = trainLoop(step, options.training, history, observer, result, error))
    return status;
  wasInterrupted = result.wasInterrupted;
  if (wasInterrupted) {
    fprintf(stderr, "interrupted after step %" PRIu64 "%s%s\n", history.stepCount(),
            options.training.checkpoint ? "; --resume goes on from "
                                        : "; --checkpoint FILE would keep what was learned",
            options.training.checkpoint ? options.training.checkpoint : "");
    return INGOT_OK;
  }
  if (options.exported)
    if (ingot_status status = exportModel(options.exported, step, embedded, error))
      return status;
  text.append("%" PRIu64 " steps, loss %g to %g\n", history.stepCount(), history.step(0, 0),
              history.step(history.stepCount() - 1, 0));
  return INGOT_OK;
}

int main(int argc, char **argv) {
  Options options;
  options.training.seed = unseeded;
  Text text, error;
  bool wasInterrupted = false;
  ingot_status status = parseCommandLine(argc, argv, options.table, options.tableSize, error);
  if (status == INGOT_OK) {
    if (options.wantsHelp)
      appendHelp(text, options, argv[0]);
    else if (options.describes)
      appendDescription(text, model, options.json);
    else
      status = train(options, text, wasInterrupted, error);
  }
  if (!text.empty() && (fputs(text.c_str(), stdout) < 0 || fflush(stdout)) && status == INGOT_OK) {
    error.append("cannot write to standard output: %s", strerror(errno));
    status = INGOT_IO;
  }
  if (status != INGOT_OK)
    fprintf(stderr, "error: %s\n", error.c_str());
  return wasInterrupted ? 130 : exitCode(status);
}
