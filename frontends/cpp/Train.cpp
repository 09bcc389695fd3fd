//===- Train.cpp - Compiled training --------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize.h"
#include "compiler/train/Plot.h"
#include "compiler/train/Step.h"
#include "frontends/cpp/GraphState.h"
#include "frontends/cpp/Native.h"
#include "frontends/onnx/Importer.h"
#include "runtime/Checkpoint.h"
#include "runtime/TrainingStep.h"
#include "llvm/Support/Regex.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <ingot/executable.h>
#include <ingot/train.h>
#include <numbers>
#include <regex>

namespace ingot {

using namespace detail;

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

Schedule cosine(double rate, uint64_t steps, ScheduleOptions options) {
  return Schedule([=](uint64_t step) {
    if (step < options.warmup)
      return rate * double(step + 1) / double(options.warmup);
    double done =
        double(step - options.warmup) / double(std::max<uint64_t>(steps, options.warmup + 1) - options.warmup);
    return options.least + (rate - options.least) * (1 + std::cos(std::numbers::pi * std::min(done, 1.0))) / 2;
  });
}

Schedule step_decay(double rate, uint64_t every, double factor) {
  return Schedule([=](uint64_t step) { return rate * std::pow(factor, double(step / std::max<uint64_t>(every, 1))); });
}

Schedule warmup(double rate, uint64_t steps) {
  return Schedule([=](uint64_t step) { return step < steps ? rate * double(step + 1) / double(steps) : rate; });
}

//===----------------------------------------------------------------------===//
// Optimizers
//===----------------------------------------------------------------------===//

namespace {
struct Rule {
  Optimizer optimizer;
  Schedule rate = 0.0;
  double clipNorm = 0;
};
} // namespace

static Rule ruleOf(const OptimizerSettings &settings) {
  return std::visit(
      [](const auto &given) {
        using T = std::decay_t<decltype(given)>;
        Rule rule;
        Optimizer &o = rule.optimizer;
        rule.rate = given.lr;
        rule.clipNorm = given.clip_norm;
        o.weightDecay = given.weight_decay;
        if constexpr (std::is_same_v<T, sgd>) {
          o.kind = Optimizer::Kind::Sgd;
          o.momentum = given.momentum;
          o.nesterov = given.nesterov;
        } else if constexpr (std::is_same_v<T, rmsprop>) {
          o.kind = Optimizer::Kind::RmsProp;
          o.alpha = given.alpha;
          o.momentum = given.momentum;
          o.eps = given.eps;
        } else if constexpr (std::is_same_v<T, adagrad>) {
          o.kind = Optimizer::Kind::Adagrad;
          o.eps = given.eps;
        } else {
          o.kind = std::is_same_v<T, adam> ? Optimizer::Kind::Adam : Optimizer::Kind::AdamW;
          o.beta1 = given.beta1;
          o.beta2 = given.beta2;
          o.eps = given.eps;
        }
        return rule;
      },
      settings);
}

//===----------------------------------------------------------------------===//
// Trainers
//===----------------------------------------------------------------------===//

struct Trainer::State {
  std::shared_ptr<GraphState> graph;
  std::string loss;
  Rule rule;
  TrainSettings settings;
  onnx::ModelProto model;
  std::vector<InputInfo> inputs;
  uint64_t steps = 0;

  /// What the optimizer remembers, by name, with room for the next value.
  std::map<std::string, Parameter> slots;

  /// The step for one set of open sizes.
  struct Variant {
    std::unique_ptr<Native> native;
    Native::ContextPointer context;
    unsigned batchInputs = 0;      ///< before the learning rate and the state
    unsigned plainResults = 0;     ///< the loss and the metrics, before the state
    std::vector<Parameter *> read; ///< in the order of the state
    std::vector<Parameter *> written;
  };
  CompiledCache<Variant> variants;
  std::optional<Executable> evaluation; ///< takes the parameters as they are at each call

  bool moves(const std::string &parameter) const;
  ParameterRule ruleFor(const std::string &parameter) const;
  std::shared_ptr<Variant> variant(const std::map<std::string, int64_t> &dims);
  Metrics run(Variant &variant, const Arrays &batch);
  std::vector<std::string> results() const;
};

bool Trainer::State::moves(const std::string &name) const {
  return !graph->parameters.at(name).isFrozen &&
         (settings.train.empty() || std::regex_search(name, std::regex(settings.train, std::regex::extended)));
}

ParameterRule Trainer::State::ruleFor(const std::string &name) const {
  for (const ParameterGroup &group : settings.groups)
    if (std::regex_search(name, std::regex(group.pattern, std::regex::extended)))
      return {group.rate, group.weight_decay};
  return {};
}

std::vector<std::string> Trainer::State::results() const {
  std::vector<std::string> names;
  for (auto &[label, tensor] : settings.metrics)
    names.push_back(tensor.name());
  return names;
}

std::shared_ptr<Trainer::State::Variant> Trainer::State::variant(const std::map<std::string, int64_t> &dims) {
  std::string key = textOf(dims);
  if (std::shared_ptr<Variant> known = variants.lookup(key))
    return known;
  auto made = std::make_shared<Variant>();
  Variant &found = *made;
  Options options = optionsFor("host", 0, dims);
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  ImportOptions import;
  import.dims = dims;
  import.mode = RunMode::TrainAll;
  import.isFrozen = [&](llvm::StringRef name) {
    auto parameter = graph->parameters.find(name.str());
    return parameter != graph->parameters.end() && parameter->second.isFrozen;
  };
  import.keepsWeight = [&](llvm::StringRef name) { return graph->parameters.count(name.str()) != 0; };
  auto module = take(importOnnx(*context, model, graph->folder, import));
  // The names of parameters alone: constants stay what they are.
  std::string pattern;
  for (const std::string &name : graph->parameterOrder)
    pattern += (pattern.empty() ? "^(" : "|") + llvm::Regex::escape(name);
  Objective objective = take(Objective::create(*module, pattern + ")$", options));
  if (llvm::Error error = objective.setLoss(loss))
    raise(std::move(error));
  StepOptions step;
  step.results = results();
  step.clipNorm = rule.clipNorm;
  step.gradientNorms = settings.gradient_norms;
  step.rules = [&](llvm::StringRef name) { return ruleFor(name.str()); };
  step.moves = [&](llvm::StringRef name) { return moves(name.str()); };
  unsigned batchInputs = objective.inputCount();
  if (llvm::Error error = objective.buildStep(rule.optimizer, step))
    raise(std::move(error));
  options.compileFrom = Phase::Infer;
  found.native = std::make_unique<Native>(take(compileAndLoad(*module, options)));
  found.context = found.native->context(settings.threads);
  found.batchInputs = batchInputs;
  found.plainResults = found.native->model().num_outputs;
  for (const StateValue &value : objective.state)
    found.plainResults -= value.changes;
  const ingot_model &compiled = found.native->model();
  for (size_t i = 0; i < objective.state.size(); ++i) {
    const StateValue &value = objective.state[i];
    const ingot_value_info &info = compiled.inputs[batchInputs + 1 + i];
    Parameter *place;
    if (auto parameter = graph->parameters.find(value.name); parameter != graph->parameters.end()) {
      place = &parameter->second;
    } else {
      place = &slots[value.name];
      if (place->value.shape().empty() && place->value.bytes() == 0)
        place->value = Array(Dtype(info.dtype), {info.dims, info.dims + info.rank});
    }
    found.read.push_back(place);
    if (value.changes) {
      if (place->next.bytes() == 0)
        place->next = place->value;
      found.written.push_back(place);
    }
  }
  variants.insert(key, made);
  return made;
}

static double scalarAt(const ingot_value_info &info, const void *data) {
  Array value(Dtype(info.dtype), {info.dims, info.dims + info.rank});
  std::memcpy(value.data(), data, value.bytes());
  return value.size() == 1 ? value.at(0) : std::nan("");
}

Metrics Trainer::State::run(Variant &variant, const Arrays &batch) {
  ingot_context *context = variant.context.get();
  const ingot_model &model = variant.native->model();
  auto demand = [](ingot_status status) {
    if (status != INGOT_OK)
      throwStatus(status, ingot_last_error());
  };
  for (uint32_t i = 0; i < variant.batchInputs; ++i) {
    if (std::strcmp(model.inputs[i].name, runtime::randomKey) == 0) {
      uint32_t key = runtime::keyOfStep(settings.seed, steps);
      demand(ingot_context_set_input(context, i, &key, sizeof key));
      continue;
    }
    const Array &array = batch.at(model.inputs[i].name);
    demand(ingot_context_bind_input(context, i, array.data(), array.bytes()));
  }
  double rate = rule.rate(steps);
  demand(ingot_context_set_input(context, variant.batchInputs, &rate, sizeof rate));
  for (size_t i = 0; i < variant.read.size(); ++i)
    demand(ingot_context_bind_input(context, uint32_t(variant.batchInputs + 1 + i), variant.read[i]->value.data(),
                                    variant.read[i]->value.bytes()));
  for (size_t i = 0; i < variant.written.size(); ++i)
    demand(ingot_context_bind_output(context, uint32_t(variant.plainResults + i), variant.written[i]->next.data(),
                                     variant.written[i]->next.bytes()));
  detail::run(context);
  // What was written is what the next step reads: no state is copied.
  for (Parameter *place : variant.written) {
    std::swap(place->value, place->next);
    place->applyMask();
  }
  ++steps;
  Metrics metrics;
  metrics["loss"] = scalarAt(model.outputs[0], ingot_context_output(context, 0));
  unsigned index = 1;
  for (auto &[label, tensor] : settings.metrics) {
    metrics[label] = scalarAt(model.outputs[index], ingot_context_output(context, index));
    ++index;
  }
  for (; index < variant.plainResults; ++index)
    metrics[model.outputs[index].name] = scalarAt(model.outputs[index], ingot_context_output(context, index));
  return metrics;
}

Metrics Trainer::step(const Arrays &batch) {
  return state->run(*state->variant(bindDims(state->inputs, batch)), batch);
}

uint64_t Trainer::steps() const { return state->steps; }

Metrics Trainer::evaluate(const data::Dataset &dataset, int64_t batch) {
  std::vector<Tensor> outputs = {state->graph->tensor(state->loss)};
  for (auto &[label, tensor] : state->settings.metrics)
    outputs.push_back(tensor);
  if (!state->evaluation)
    state->evaluation = compile(outputs, {.threads = state->settings.threads, .live = true});
  Metrics sums;
  for (const data::Batch &samples : dataset.batches(batch)) {
    double weight = double(samples.begin()->second.shape()[0]) / double(dataset.size());
    Arrays known;
    for (const InputInfo &input : state->inputs)
      if (auto found = samples.find(input.name); found != samples.end())
        known.insert(*found);
    Arrays results = (*state->evaluation)(known);
    sums["loss"] += weight * results.at(state->loss).at(0);
    for (auto &[label, tensor] : state->settings.metrics)
      sums[label] += weight * results.at(tensor.name()).at(0);
  }
  return sums;
}

Trainer compile_train(const Tensor &loss, const OptimizerSettings &optimizer, const TrainSettings &settings) {
  if (!loss)
    throw Error(Code::bad_argument, "a loss is missing");
  if (!loss.shape().empty())
    throw Error(Code::bad_argument, "a loss must be a scalar, got " + loss.text());
  Trainer result;
  result.state = std::make_shared<Trainer::State>();
  Trainer::State &state = *result.state;
  state.graph = GraphState::of(loss);
  state.loss = loss.name();
  state.rule = ruleOf(optimizer);
  state.settings = settings;
  for (const ParameterGroup &group : settings.groups) {
    demandRegex(group.pattern);
    if (!(group.rate >= 0) || !(group.weight_decay.value_or(0) >= 0))
      throw Error(Code::bad_argument, "the group '" + group.pattern + "' has a rate or a weight decay below 0");
  }
  demandRegex(settings.train);
  std::vector<std::string> outputs = state.results();
  outputs.insert(outputs.begin(), loss.name());
  state.model = state.graph->extract(outputs, /*withValues=*/false);
  state.inputs = take(readInputs(state.model));
  bool any = false;
  for (const onnx::TensorProto &tensor : state.model.graph().initializer())
    any |= state.graph->parameters.count(tensor.name()) && state.moves(tensor.name());
  if (!any)
    throw Error(Code::bad_argument, "no parameter that the loss depends on is to be trained");
  return result;
}

//===----------------------------------------------------------------------===//
// Checkpoints
//===----------------------------------------------------------------------===//

static void addPiece(runtime::CheckpointWriter &writer, const std::string &name, const Array &value) {
  writer.add(name.c_str(), uint32_t(value.dtype()), value.shape().data(), unsigned(value.shape().size()), value.data());
}

void Trainer::save(const std::string &path) const {
  runtime::CheckpointWriter writer(path.c_str());
  writer.add("step", int64_t(state->steps));
  for (auto &[name, parameter] : state->graph->parameters)
    addPiece(writer, "parameter." + name, parameter.value);
  for (auto &[name, slot] : state->slots)
    addPiece(writer, "slot." + name, slot.value);
  runtime::Text error;
  if (writer.finish(error) != INGOT_OK)
    throw Error(Code::bad_argument, error.c_str());
}

void Trainer::load(const std::string &path) {
  runtime::Array<runtime::NamedTensor> read;
  runtime::Text error;
  if (runtime::readCheckpoint(path.c_str(), read, error) != INGOT_OK)
    throw Error(Code::bad_argument, error.c_str());
  std::map<std::string, Array> pieces;
  for (const runtime::NamedTensor &piece : read) {
    const runtime::Shape &shape = piece.tensor.shape();
    Array value(Dtype(piece.tensor.dtype()), std::vector<int64_t>(shape.dims, shape.dims + shape.rank));
    std::memcpy(value.data(), piece.tensor.data(), value.bytes());
    pieces[piece.name.c_str()] = std::move(value);
  }
  // All of it is checked before any of it is taken.
  std::map<std::string, Array> slots;
  for (auto &[name, parameter] : state->graph->parameters) {
    auto found = pieces.find("parameter." + name);
    if (found == pieces.end())
      throw Error(Code::bad_argument, path + ": there is no parameter '" + name + "'");
    if (found->second.dtype() != parameter.value.dtype() || found->second.shape() != parameter.value.shape())
      throw Error(Code::bad_argument, path + ": parameter '" + name + "' is " + found->second.type_text() + ", want " +
                                          parameter.value.type_text());
  }
  if (!pieces.count("step"))
    throw Error(Code::bad_argument, path + ": there is no 'step'");
  for (auto &[name, value] : pieces) {
    if (name == "step")
      state->steps = uint64_t(value.item<int64_t>());
    else if (name.starts_with("slot."))
      state->slots[name.substr(5)].value = value;
    else if (name.starts_with("parameter."))
      if (auto found = state->graph->parameters.find(name.substr(10)); found != state->graph->parameters.end())
        found->second.value = value;
  }
}

//===----------------------------------------------------------------------===//
// Fitting
//===----------------------------------------------------------------------===//

/// A plot of each of the metrics, of training and validation.
static std::vector<Plot> plotsOf(const std::vector<Metrics> &history) {
  std::vector<Plot> plots;
  for (auto &[name, value] : history.front()) {
    if (name.starts_with("val_"))
      continue;
    Plot plot{name, "epoch", name == "loss" ? "loss (mean of a batch)" : name, {}};
    for (auto [key, label] : {std::pair(name, "training"), std::pair("val_" + name, "validation")}) {
      Curve curve{label, {}};
      for (size_t i = 0; i < history.size(); ++i)
        if (auto found = history[i].find(key); found != history[i].end())
          curve.points.push_back({double(i + 1), found->second});
      if (!curve.points.empty())
        plot.curves.push_back(std::move(curve));
    }
    // The loss comes first.
    plots.insert(name == "loss" ? plots.begin() : plots.end(), std::move(plot));
  }
  return plots;
}

std::vector<Metrics> Trainer::fit(const data::Dataset &dataset, const FitSettings &settings) {
  int64_t perEpoch = dataset.batches(settings.batch).size();
  if (perEpoch == 0)
    throw Error(Code::bad_argument, "there are no samples to train on");
  if (!settings.checkpoint.empty() && std::ifstream(settings.checkpoint))
    load(settings.checkpoint);
  std::vector<Metrics> history;
  double best = INFINITY;
  unsigned worse = 0;
  for (uint64_t epoch = state->steps / uint64_t(perEpoch); epoch < settings.epochs; ++epoch) {
    Metrics sums;
    data::Dataset::Batches batches(dataset, settings.batch, {.shuffle = true, .seed = settings.seed + epoch});
    for (int64_t i = int64_t(state->steps % uint64_t(perEpoch)); i < perEpoch; ++i) {
      Metrics metrics = step(batches.get(i));
      if (!std::isfinite(metrics["loss"]))
        throw Error(Code::bad_argument, "the loss of step " + std::to_string(state->steps) + " is not finite");
      for (auto &[name, value] : metrics)
        sums[name] += value / double(perEpoch);
    }
    if (settings.validation)
      for (auto &[name, value] : evaluate(*settings.validation))
        sums["val_" + name] = value;
    history.push_back(sums);
    if (!settings.checkpoint.empty())
      save(settings.checkpoint);
    if (!settings.plot.empty())
      if (llvm::Error error = writePlots(settings.plot, plotsOf(history)))
        raise(std::move(error));
    if (!settings.quiet) {
      std::printf("epoch %llu of %u:", static_cast<unsigned long long>(epoch + 1), settings.epochs);
      for (auto &[name, value] : sums)
        std::printf(" %s %.4f", name.c_str(), value);
      std::printf("\n");
    }
    if (settings.patience && settings.validation) {
      worse = sums["val_loss"] < best ? 0 : worse + 1;
      best = std::min(best, sums["val_loss"]);
      if (worse >= settings.patience)
        break;
    }
  }
  return history;
}

} // namespace ingot
