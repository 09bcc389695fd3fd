//===- TrainCommand.cpp - ingot train -------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/LoadedObjective.h"
#include "compiler/train/CompiledStep.h"
#include "frontends/onnx/Importer.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Inputs.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;

namespace ingot {
namespace {

struct TrainOptions {
  CompileFlags compile;
  std::string model, loss, wrt, inputsDirectory, optimizer, log, output;
  unsigned threads = 0, steps = 0;
};

} // namespace

static Expected<Optimizer> parseOptimizer(const std::string &text) {
  auto [name, rest] = StringRef(text).split(':');
  Expected<Optimizer> result = Optimizer::parse(text);
  if (result)
    return result;
  // The nearest name helps more than the whole list.
  std::string hint;
  if (Expected<Optimizer> known = Optimizer::create(name)) {
    SmallVector<StringRef> settings;
    rest.split(settings, ',', -1, /*KeepEmpty=*/false);
    for (StringRef setting : settings)
      if (!is_contained(known->keys(), setting.split('=').first.str()) && hint.empty())
        hint = suggestion(setting.split('=').first, known->keys());
  } else {
    consumeError(known.takeError());
    hint = suggestion(name, Optimizer::names());
  }
  return usageError("option --optimizer: " + toString(result.takeError()) + hint);
}

static Error writeLog(const std::string &path, ArrayRef<double> losses) {
  std::error_code error;
  raw_fd_ostream stream(path, error);
  if (error)
    return usageError("cannot write " + path + ": " + error.message());
  json::Array values;
  for (double loss : losses)
    values.push_back(std::isfinite(loss) ? json::Value(loss) : json::Value(nullptr));
  stream << formatv("{0:2}\n", json::Value(json::Object{{"losses", std::move(values)}}));
  return Error::success();
}

static Error writeModel(CompiledStep &trainer, const TrainOptions &options) {
  std::map<std::string, ArrayRef<char>> weights;
  for (const auto &[i, entry] : enumerate(trainer.state()))
    if (entry.isParameter)
      weights[entry.name] = trainer.stateBytes(i);
  return exportWeights(options.model, options.output, weights);
}

static Expected<int> train(const TrainOptions &options) {
  Expected<Optimizer> optimizer = parseOptimizer(options.optimizer);
  if (!optimizer)
    return optimizer.takeError();
  Expected<LoadedObjective> begun = loadObjective(options.compile, options.model, options.loss, options.wrt,
                                                      options.inputsDirectory);
  if (!begun)
    return begun.takeError();
  auto &[compile, context, module, objective] = *begun;
  if (Error error = objective.buildStep(*optimizer))
    return error;
  Expected<std::unique_ptr<CompiledStep>> created = CompiledStep::create(
      *module, std::move(objective), compile, options.threads ? options.threads : runtime::physicalCores());
  if (!created)
    return created.takeError();
  CompiledStep &trainer = **created;

  runtime::InputOptions gather;
  gather.directory = options.inputsDirectory.c_str();
  runtime::Array<runtime::Tensor> batch;
  runtime::Text error;
  if (ingot_status status = runtime::gatherInputs(trainer.model().inputs, trainer.batchInputs(), gather, batch, error))
    return failure(status, error.c_str());
  if (Error failed = trainer.setBatch(batch))
    return failed;
  std::vector<double> losses;
  {
    Progress progress;
    for (unsigned i = 0; i < options.steps; ++i) {
      Expected<double> loss = trainer.step(optimizer->lr);
      if (!loss)
        return loss.takeError();
      losses.push_back(*loss);
      progress.show(formatv("step {0} of {1}, loss {2}", i + 1, options.steps, *loss).str());
    }
  }
  if (!options.log.empty())
    if (Error failed = writeLog(options.log, losses))
      return failed;
  if (!options.output.empty())
    if (Error failed = writeModel(trainer, options))
      return failed;
  outs() << formatv("{0} steps, loss {1} to {2}\n", losses.size(), losses.front(), losses.back());
  return 0;
}

Command addTrainCommand(CLI::App &root) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App *app = root.add_subcommand("train", "train a model's parameters");
  app->add_option("model", options->model, "an ONNX model")->required()->type_name("MODEL");
  app->add_option("--loss", options->loss,
                  "a scalar output, or KIND(OUTPUT,TARGET) such as cross_entropy(logits,label)")
      ->required()
      ->type_name("LOSS");
  app->add_option("--wrt", options->wrt, "the float initializers to train (default: all)")->type_name("REGEX");
  app->add_option("--inputs", options->inputsDirectory,
                  "the batch of every step: a folder with input_0.pb, input_1.pb, ...")
      ->required()
      ->type_name("DIR");
  app->add_option("--optimizer", options->optimizer, "sgd, rmsprop, adagrad, adam or adamw, with PyTorch's keys")
      ->required()
      ->type_name("NAME:key=value,...");
  app->add_option("--steps", options->steps, "number of steps")->required()->type_name("N")->check(CLI::PositiveNumber);
  app->add_option("--log", options->log, "write the loss before each step to this JSON file")->type_name("FILE");
  app->add_option("-o", options->output, "write the model with its new weights here")->type_name("FILE");
  app->add_option("--threads", options->threads, "threads to use (default: the cores this process may use)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  options->compile.addTo(*app, /*withTarget=*/false);
  return {app, [options] { return train(*options); }};
}

} // namespace ingot
