//===- TrainCommand.cpp - ingot train -------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/FindNotFinite.h"
#include "compiler/tools/Forward.h"
#include "compiler/tools/TrainProgram.h"
#include "compiler/train/CompiledStep.h"
#include "compiler/train/Plot.h"
#include "frontends/onnx/Importer.h"
#include "runtime/CpuFeatures.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"

using namespace llvm;

namespace ingot {
namespace {

struct TrainOptions {
  CompileFlags compile;
  std::string model, loss, wrt, inputsDirectory, data, validation, metrics, optimizer, checkpoint, log, plot, output,
      emit;
  uint64_t batch = 0, steps = 0, epochs = 0, seed = 0, checkpointEvery = 0;
  unsigned threads = 0;
  bool resume = false, trainingMode = false;
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

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

namespace {
/// The samples to train on and those to validate with.
struct TrainData {
  Samples train, validation;
};
} // namespace

static Expected<TrainData> readData(const TrainOptions &options) {
  TrainData result;
  if (options.data.empty())
    return result;
  Expected<std::vector<InputInfo>> inputs = modelInputs(options.model);
  if (!inputs)
    return inputs.takeError();
  auto read = [&](const std::string &path, Samples &samples) -> Error {
    Expected<std::shared_ptr<runtime::Dataset>> data = readDataset(path);
    if (!data)
      return data.takeError();
    samples.data = *data;
    return bindSamples(*samples.data, Signature(*inputs).infos());
  };
  if (Error error = read(options.data, result.train))
    return error;
  uint64_t count = result.train.data->samples(), validated = 0;
  double share;
  bool isShare = !options.validation.empty() && !StringRef(options.validation).getAsDouble(share);
  if (isShare) {
    if (!(share > 0 && share < 1))
      return usageError("option --val: got " + options.validation + ", want a file or a fraction between 0 and 1");
    validated = uint64_t(double(count) * share + 0.5);
    if (validated == 0 || validated == count)
      return usageError("option --val: " + options.validation + " of " + Twine(count) + " samples is " +
                        Twine(validated) + ", want some for training and some for validation");
    result.validation.data = result.train.data;
  } else if (!options.validation.empty()) {
    if (Error error = read(options.validation, result.validation))
      return error;
    for (uint64_t i = 0; i < result.validation.data->samples(); ++i)
      (void)result.validation.rows.push(i);
  }
  runtime::Array<uint64_t> order;
  (void)runtime::shuffled(count, options.seed, order);
  for (uint64_t i = 0; i < count; ++i)
    (void)(i < validated ? result.validation : result.train).rows.push(validated ? order[i] : i);
  return result;
}

//===----------------------------------------------------------------------===//
// Metrics and validation
//===----------------------------------------------------------------------===//

namespace {

/// What the command adds to the loop: metrics of each step and validation after each epoch.
class Observer : public runtime::TrainingObserver {
public:
  std::vector<MetricRequest> metrics;
  std::unique_ptr<Forward> forward;
  const Samples *validation = nullptr;
  uint64_t batch = 0;
  std::function<Expected<LoadedObjective>()> load; ///< the model of the step once more

  ingot_status stepDone(runtime::TrainingStep &step, double *values, runtime::Text &error) override {
    return report(measure(step, values), error);
  }
  ingot_status epochDone(runtime::TrainingStep &step, double *values, runtime::Text &error) override {
    if (!forward)
      return INGOT_OK;
    Expected<double> loss = forward->run(*validation, &step, metrics);
    if (!loss)
      return report(loss.takeError(), error);
    *values++ = *loss;
    for (MetricRequest &request : metrics)
      *values++ = request.metric.value();
    return INGOT_OK;
  }
  void notFinite(runtime::TrainingStep &step, int64_t state, runtime::Text &error) override {
    if (state >= 0)
      return;
    Expected<LoadedObjective> begun = load();
    Expected<std::string> node = begun ? findNotFinite(std::move(*begun), step) : begun.takeError();
    if (!node)
      consumeError(node.takeError()); // the loss is what matters
    else if (!node->empty())
      error.append("; the first value that is no finite number is that of node %s", node->c_str());
  }

private:
  static ingot_status report(Error failed, runtime::Text &error) {
    StatusError e = statusOf(std::move(failed));
    error.append("%s", e.text.c_str());
    return e.status;
  }
  Error measure(runtime::TrainingStep &step, double *values);
};

} // namespace

/// The value with that name among inputs or outputs, or their number.
static uint32_t placeOf(ArrayRef<ingot_value_info> infos, StringRef name) {
  return uint32_t(find_if(infos, [&](const ingot_value_info &info) { return info.name == name; }) - infos.begin());
}

Error Observer::measure(runtime::TrainingStep &step, double *values) {
  const ingot_model &model = step.model();
  for (MetricRequest &request : metrics) {
    uint32_t output = placeOf({model.outputs, model.num_outputs}, request.output);
    uint32_t target = placeOf({model.inputs, model.num_inputs}, request.target);
    request.metric.reset();
    const ingot_value_info &outputInfo = model.outputs[output], &targetInfo = model.inputs[target];
    if (Error error = request.metric.add(
            {outputInfo.dtype, {outputInfo.dims, outputInfo.rank}, ingot_context_output(step.context(), output)},
            {targetInfo.dtype, {targetInfo.dims, targetInfo.rank}, ingot_context_input(step.context(), target)}))
      return usageError("option --metrics: " + toString(std::move(error)));
    *values++ = request.metric.value();
  }
  return Error::success();
}

/// The metrics that were asked for; where one names no output and target, those of the loss are meant.
static Expected<std::vector<MetricRequest>> parseMetrics(const TrainOptions &options) {
  if (options.metrics.empty())
    return std::vector<MetricRequest>();
  auto [kind, pair] = StringRef(options.loss).split('(');
  pair.consume_back(")");
  auto [output, target] = pair.split(',');
  Expected<std::vector<MetricRequest>> requests = MetricRequest::parse(options.metrics, output.trim(), target.trim());
  if (!requests)
    return requests;
  for (MetricRequest &request : *requests) {
    if (request.metric.isConfusion())
      return usageError("option --metrics: 'confusion' is a table; `ingot eval` prints it");
    if (request.output.empty())
      return usageError("option --metrics: the loss '" + options.loss + "' names no target; write " +
                        request.metric.name() + "(OUTPUT,TARGET)");
    if (kind == "bce_with_logits")
      request.metric.threshold = 0;
  }
  return requests;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// A pattern of the names of all weights that a step has, running statistics included.
static std::string weightPattern(const runtime::TrainingStep &step) {
  std::string pattern;
  for (size_t i = 0; i < step.stateCount(); ++i)
    if (step.isWeight(i))
      pattern += (pattern.empty() ? "^(" : "|") + Regex::escape(step.stateInfo(i).name);
  return pattern + ")$";
}

static Error writeModel(runtime::TrainingStep &step, const TrainOptions &options) {
  std::map<std::string, ArrayRef<char>> weights;
  for (size_t i = 0; i < step.stateCount(); ++i)
    if (step.isWeight(i))
      weights[step.stateInfo(i).name] = {static_cast<char *>(step.stateData(i)), size_t(step.stateInfo(i).bytes)};
  return exportWeights(options.model, options.output, weights);
}

/// The loss, and below it each metric: of steps, and the means of epochs beside validation.
static std::vector<Plot> plotsOf(const runtime::TrainingHistory &history, StringRef model) {
  std::vector<Plot> plots;
  uint64_t epochs = history.epochCount();
  double perEpoch = epochs ? history.epoch(0, 0) : 1;
  for (size_t column = 0; column < history.stepNames.size(); ++column) {
    std::string name = history.stepNames[column].c_str();
    Plot plot{"Training of " + sys::path::stem(model).str() + ": " + name,
              epochs ? "epoch" : "step",
              name == "loss" ? "loss (mean of a batch)" : name,
              {}};
    Curve steps{"each step", {}, epochs > 0}, means{"training, mean of an epoch", {}}, validation{"validation", {}};
    for (uint64_t i = 0; i < history.stepCount(); ++i)
      steps.points.push_back({double(i + 1) / (epochs ? perEpoch : 1), history.step(i, column)});
    for (uint64_t i = 0; i < epochs; ++i) {
      means.points.push_back({history.epoch(i, 0) / perEpoch, history.mean(i, column)});
      if (!history.epochNames.empty())
        validation.points.push_back({history.epoch(i, 0) / perEpoch, history.epoch(i, 1 + column)});
    }
    if (!epochs)
      steps.name = "training";
    plot.curves.push_back(std::move(steps));
    if (epochs)
      plot.curves.push_back(std::move(means));
    if (!validation.points.empty())
      plot.curves.push_back(std::move(validation));
    plots.push_back(std::move(plot));
  }
  return plots;
}

static void printSummary(const runtime::TrainingHistory &history) {
  outs() << formatv("{0} steps, loss {1} to {2}", history.stepCount(), history.step(0, 0),
                    history.step(history.stepCount() - 1, 0));
  if (uint64_t epochs = history.epochCount()) {
    for (size_t i = 1; i < history.stepNames.size(); ++i)
      outs() << formatv(", {0} {1:f4}", history.stepNames[i].c_str(), history.mean(epochs - 1, i));
    for (size_t i = 0; i < history.epochNames.size(); ++i)
      outs() << formatv(", {0} {1:f4}", history.epochNames[i].c_str(), history.epoch(epochs - 1, 1 + i));
  }
  outs() << "\n";
}

//===----------------------------------------------------------------------===//
// The command
//===----------------------------------------------------------------------===//

static Error checkOptions(const TrainOptions &options) {
  if (!options.emit.empty()) {
    if (options.emit != "exe")
      return usageError("option --emit: got '" + options.emit + "', want exe");
    if (options.output.empty())
      return usageError("--emit=exe wants -o PROGRAM");
    if (!options.inputsDirectory.empty() && !options.data.empty())
      return usageError("want --inputs DIR or --data FILE.npz, not both");
    for (auto [name, value] : {std::pair("--val", &options.validation), std::pair("--metrics", &options.metrics),
                               std::pair("--plot", &options.plot)})
      if (!value->empty())
        return usageError(Twine(name) + " is not for programs: what they log has the losses");
    for (auto [name, isGiven] : {std::pair("--checkpoint", !options.checkpoint.empty()),
                                 std::pair("--log", !options.log.empty()), std::pair("--resume", options.resume)})
      if (isGiven)
        return usageError(Twine(name) + " is an option of the program that --emit=exe writes");
    return Error::success();
  }
  if (options.inputsDirectory.empty() == options.data.empty())
    return usageError("want either --inputs DIR or --data FILE.npz");
  if (!options.steps == !options.epochs)
    return usageError("want either --steps N or --epochs N");
  if (options.data.empty() && (options.batch || !options.validation.empty()))
    return usageError("--batch and --val want --data FILE.npz");
  if (options.checkpoint.empty() && (options.resume || options.checkpointEvery))
    return usageError("--resume and --checkpoint-every want --checkpoint FILE");
  if (StringRef plot = options.plot; !plot.empty() && !plot.ends_with(".svg") && !plot.ends_with(".html"))
    return usageError("option --plot: got '" + plot + "', want a name that ends in .svg or .html");
  return Error::success();
}

static Expected<int> train(const TrainOptions &options) {
  if (Error error = checkOptions(options))
    return error;
  Expected<Optimizer> optimizer = parseOptimizer(options.optimizer);
  if (!optimizer)
    return optimizer.takeError();
  Observer observer;
  Expected<std::vector<MetricRequest>> metrics = parseMetrics(options);
  if (!metrics)
    return metrics.takeError();
  observer.metrics = std::move(*metrics);
  Expected<TrainData> data = readData(options);
  if (!data)
    return data.takeError();

  observer.load = [&] {
    return loadObjective(options.compile, options.model, options.loss, options.wrt,
                         {options.inputsDirectory, data->train.data, options.batch, data->train.rows.size(),
                          options.trainingMode ? RunMode::TrainAll : RunMode::Train});
  };
  Expected<LoadedObjective> begun = observer.load();
  if (!begun)
    return begun.takeError();
  StepOptions stepOptions;
  for (const MetricRequest &request : observer.metrics)
    if (!is_contained(stepOptions.results, request.output))
      stepOptions.results.push_back(request.output);
  if (Error error = begun->objective.buildStep(*optimizer, stepOptions))
    return error;
  if (!options.emit.empty()) {
    if (Error error =
            writeTrainingProgram(std::move(*begun), options.model, optimizer->lr, options.seed, options.output))
      return error;
    uint64_t size = 0;
    (void)sys::fs::file_size(options.output, size);
    outs() << formatv("wrote {0} ({1}); try: {2}{0} --help\n", options.output, readableSize(size),
                      StringRef(options.output).contains('/') ? "" : "./");
    return 0;
  }
  unsigned threads = options.threads ? options.threads : runtime::physicalCores();
  Expected<std::unique_ptr<CompiledStep>> created =
      CompiledStep::create(*begun->module, std::move(begun->objective), begun->options, threads);
  if (!created)
    return created.takeError();
  runtime::TrainingStep &step = (*created)->step();
  std::vector<ingot_value_info> inputs;
  for (uint32_t i : step.batchInputs())
    inputs.push_back(step.model().inputs[i]);
  for (const MetricRequest &request : observer.metrics)
    if (placeOf(inputs, request.target) == inputs.size())
      return usageError("option --metrics: '" + request.target + "' is neither an input nor the target of the loss");

  runtime::TrainingOptions loop;
  loop.learningRate = optimizer->lr;
  loop.seed = options.seed;
  loop.steps = options.steps;
  loop.epochs = options.epochs;
  loop.checkpoint = options.checkpoint.empty() ? nullptr : options.checkpoint.c_str();
  loop.checkpointEvery = options.checkpointEvery;
  loop.resumes = options.resume;
  loop.log = options.log.empty() ? nullptr : options.log.c_str();
  runtime::Array<runtime::Tensor> batch;
  runtime::Text error;
  if (data->train.data) {
    if (Error failed = bindSamples(*data->train.data, inputs))
      return failed;
    loop.data = data->train.data.get();
    loop.rows = &data->train.rows;
    loop.batch = begun->batch;
  } else {
    runtime::InputOptions gather;
    gather.directory = options.inputsDirectory.c_str();
    if (ingot_status status = runtime::gatherInputs(inputs.data(), unsigned(inputs.size()), gather, batch, error))
      return failure(status, error.c_str());
    loop.fixedBatch = batch.data();
  }

  runtime::TrainingHistory history;
  (void)history.stepNames.push(runtime::Text("loss"));
  for (const MetricRequest &request : observer.metrics)
    (void)history.stepNames.push(runtime::Text(request.metric.name().c_str()));
  if (data->validation.data) {
    Expected<std::unique_ptr<Forward>> forward =
        Forward::create({options.compile, options.model, options.loss, weightPattern(step), threads, loop.batch});
    if (!forward)
      return forward.takeError();
    observer.forward = std::move(*forward);
    observer.validation = &data->validation;
    for (const runtime::Text &name : history.stepNames) {
      runtime::Text validated;
      validated.append("val_%s", name.c_str());
      (void)history.epochNames.push(std::move(validated));
    }
    // What is wrong with them should show before an epoch is over.
    if (Expected<std::vector<std::string>> compiled = observer.forward->outputs(data->validation); !compiled)
      return compiled.takeError();
  }

  runtime::TrainingResult result;
  if (ingot_status status = runtime::trainLoop(step, loop, history, observer, result, error))
    return failure(status, error.c_str());
  if (!options.plot.empty() && history.stepCount())
    if (Error failed = writePlots(options.plot, plotsOf(history, options.model)))
      return failed;
  if (result.wasInterrupted) {
    errs() << formatv("interrupted after step {0}; ", history.stepCount());
    if (loop.checkpoint)
      errs() << "--resume goes on from " << options.checkpoint << "\n";
    else
      errs() << "what was learned is lost: --checkpoint FILE would keep it\n";
    return 130;
  }
  if (observer.forward && observer.forward->leftOut())
    errs() << formatv("the last {0} samples of validation were left out: the model takes {1} at a time\n",
                      observer.forward->leftOut(), loop.batch);
  if (!options.output.empty())
    if (Error failed = writeModel(step, options))
      return failed;
  printSummary(history);
  return 0;
}

Command addTrainCommand(CLI::App &root) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App *app = root.add_subcommand("train", "train a model's parameters");
  auto text = [app](const char *name, std::string &value, const char *help, const char *type) {
    return app->add_option(name, value, help)->type_name(type);
  };
  auto number = [app](const char *name, uint64_t &value, const char *help) {
    return app->add_option(name, value, help)->type_name("N");
  };
  text("model", options->model, "an ONNX model", "MODEL")->required();
  text("--loss", options->loss, "a scalar output, or KIND(OUTPUT,TARGET) such as cross_entropy(logits,label)", "LOSS")
      ->required();
  text("--wrt", options->wrt, "the float initializers to train (default: all)", "REGEX");
  text("--inputs", options->inputsDirectory, "the batch of every step: a folder with input_0.pb, input_1.pb, ...",
       "DIR");
  text("--data", options->data,
       "arrays of samples, by the names of inputs and target; each epoch is shuffled, and "
       "samples that fill no batch at its end are left out of it",
       "FILE.npz");
  text("--optimizer", options->optimizer, "sgd, rmsprop, adagrad, adam or adamw, with PyTorch's keys",
       "NAME:key=value,...")
      ->required();
  number("--steps", options->steps, "number of steps")->check(CLI::PositiveNumber);
  number("--epochs", options->epochs, "number of passes over the data")->check(CLI::PositiveNumber);
  number("--batch", options->batch, "samples in a batch (default: the model's, or 32)")->check(CLI::PositiveNumber);
  text("--val", options->validation,
       "samples to measure loss and metrics with after each epoch: a file, or a part of "
       "the data such as 0.1",
       "FILE.npz|FRACTION");
  text("--metrics", options->metrics, "accuracy, precision, recall, f1, mse, rmse, mae, r2, or NAME(OUTPUT,TARGET)",
       "LIST");
  text("--checkpoint", options->checkpoint,
       "keep all that is needed to go on in this file: after each epoch, each "
       "minute, and at Ctrl-C",
       "FILE");
  number("--checkpoint-every", options->checkpointEvery, "write the checkpoint after so many steps instead")
      ->check(CLI::PositiveNumber);
  app->add_flag("--resume", options->resume, "go on from the checkpoint, with the same bits as without a stop");
  app->add_flag("--training-mode", options->trainingMode,
                "put all dropout and batch normalization into training mode (default: as the model says)");
  number("--seed", options->seed, "seed of the order of samples and of what is random in the model (default: 0)");
  text("--log", options->log, "write the loss before each step, and metrics, to this JSON file", "FILE");
  text("--plot", options->plot, "draw loss and metrics", "FILE.svg|FILE.html");
  text("-o", options->output, "write the model with its new weights here, or the program", "FILE");
  text("--emit", options->emit, "exe: write a program that trains, with neither compiler nor Python", "KIND");
  app->add_option("--threads", options->threads, "threads to use (default: the cores this process may use)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  options->compile.addTo(*app, /*withTarget=*/false);
  return {app, [options] { return train(*options); }};
}

} // namespace ingot
