//===- Forward.cpp - A model's results over samples -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Forward.h"
#include "runtime/Session.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace ingot {

Expected<std::vector<MetricRequest>> MetricRequest::parse(StringRef list, StringRef output, StringRef target) {
  std::vector<MetricRequest> requests;
  while (!list.empty()) {
    // A comma in parentheses parts an output from its target.
    size_t end = list.find_first_of(",(");
    if (end != StringRef::npos && list[end] == '(')
      end = list.find(',', list.find(')', end));
    StringRef text = list.substr(0, end).trim();
    list = end == StringRef::npos ? "" : list.drop_front(end + 1);
    auto [name, rest] = text.split('(');
    std::string wantedOutput = output.str(), wantedTarget = target.str();
    if (name.size() != text.size()) {
      if (!rest.consume_back(")") || !rest.contains(','))
        return usageError("option --metrics: got '" + text + "', want NAME or NAME(OUTPUT,TARGET)");
      wantedOutput = rest.split(',').first.trim().str();
      wantedTarget = rest.split(',').second.trim().str();
    }
    Expected<Metric> metric = Metric::create(name.trim());
    if (!metric)
      return usageError("option --metrics: " + toString(metric.takeError()) + suggestion(name, Metric::names()));
    requests.push_back({std::move(*metric), wantedOutput, wantedTarget});
  }
  if (requests.empty())
    return usageError("option --metrics: got nothing, want some of " + join(Metric::names(), ", "));
  return requests;
}

MetricValues metricValues(const ingot_value_info &info, const void *data, uint64_t rows, std::vector<int64_t> &dims) {
  dims.assign(info.dims, info.dims + info.rank);
  if (!dims.empty())
    dims.front() = int64_t(rows);
  return {info.dtype, dims, data};
}

Expected<std::unique_ptr<Forward>> Forward::create(const Settings &settings) {
  Expected<Options> options = settings.compile.options();
  if (!options)
    return options.takeError();
  options->keepParameters = !settings.loss.empty();
  options->parameters = settings.wrt;
  options->mode = RunMode::Infer;
  Expected<OpenModel> open = OpenModel::open(settings.model, *options);
  if (!open)
    return open.takeError();
  Expected<BatchSize> batch = batchSizeFor(*open, settings.batch);
  if (!batch)
    return batch.takeError();
  return std::unique_ptr<Forward>(new Forward(settings, std::move(*open), *batch));
}

Expected<Forward::Variant *> Forward::variant(const Samples &samples, uint64_t size) {
  Variant &result = variants[size];
  if (result.model)
    return &result;
  Expected<Options> options = settings.compile.options();
  if (!options)
    return options.takeError();
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModelForSamples(*context, open, *samples.data, size);
  if (!module)
    return module.takeError();
  if (!settings.loss.empty()) {
    options->keepParameters = true;
    options->parameters = settings.wrt;
    Expected<Objective> objective = Objective::create(**module, settings.wrt, *options);
    if (!objective)
      return objective.takeError();
    if (Error error = objective->setLoss(settings.loss))
      return error;
    objective->buildForward();
    result.inputs = objective->inputCount();
    options->compileFrom = Phase::Infer;
  }
  Expected<std::unique_ptr<JitModel>> jit = compileAndLoad(**module, *options);
  if (!jit)
    return jit.takeError();
  Expected<std::unique_ptr<LoadedModel>> loaded = LoadedModel::open(std::move(*jit), settings.threads);
  if (!loaded)
    return loaded.takeError();
  const ingot_model &model = (*loaded)->model();
  if (settings.loss.empty())
    result.inputs = model.num_inputs;
  if (Error error = bindSamples(*samples.data, ArrayRef(model.inputs, result.inputs)))
    return error;
  result.model = std::move(*loaded);
  return &result;
}

Expected<std::vector<std::string>> Forward::outputs(const Samples &samples) {
  Expected<Variant *> found = variant(samples, batch.size);
  if (!found)
    return found.takeError();
  const ingot_model &model = (*found)->model->model();
  std::vector<std::string> names;
  for (uint32_t i = settings.loss.empty() ? 0 : 1; i < model.num_outputs; ++i)
    names.push_back(model.outputs[i].name);
  return names;
}

/// Adds a batch of which the first `rows` samples count.
static Error addBatch(LoadedModel &loaded, const Samples &samples, ArrayRef<uint64_t> rows, uint64_t batch,
                      MutableArrayRef<MetricRequest> metrics) {
  const ingot_model &model = loaded.model();
  for (MetricRequest &request : metrics) {
    uint32_t index = 0;
    while (index < model.num_outputs && request.output != model.outputs[index].name)
      ++index;
    if (index == model.num_outputs)
      return usageError("option --metrics: the model has no output '" + request.output + "'");
    const ingot_value_info &info = model.outputs[index];
    if (info.rank == 0 || info.dims[0] != int64_t(batch)) {
      runtime::Text type;
      runtime::appendType(type, info);
      return usageError("output '" + request.output + "' is " + type.c_str() + ", want a row for each of the " +
                        Twine(batch) + " samples of a batch");
    }
    const runtime::Tensor *array = samples.data->find(request.target.c_str());
    if (!array || array->shape().rank == 0 || uint64_t(array->shape().dims[0]) != samples.data->samples())
      return usageError("option --metrics: " + Twine(samples.data->source()) + " has no array '" + request.target +
                        "' with a target for each sample");
    std::vector<char> targets(array->bytes() / array->shape().dims[0] * rows.size());
    samples.data->gather(request.target.c_str(), rows.data(), rows.size(), targets.data());
    ingot_value_info targetInfo = {
        request.target.c_str(), uint32_t(array->dtype()), array->shape().rank, array->shape().dims, nullptr, 0};
    std::vector<int64_t> outputDims, targetDims;
    if (Error error = request.metric.add(
            metricValues(info, ingot_context_output(loaded.context(), index), rows.size(), outputDims),
            metricValues(targetInfo, targets.data(), rows.size(), targetDims)))
      return usageError("option --metrics: " + toString(std::move(error)));
  }
  return Error::success();
}

Expected<double> Forward::run(const Samples &samples, runtime::TrainingStep *step,
                              MutableArrayRef<MetricRequest> metrics) {
  for (MetricRequest &request : metrics)
    request.metric.reset();
  double sum = 0, count = 0;
  missed = 0;
  Progress progress;
  for (uint64_t first = 0, total = samples.rows.size(); first < total; first += batch.size) {
    uint64_t size = std::min(batch.size, total - first);
    bool isFilled = batch.isFixed && size < batch.size;
    if (isFilled && !settings.loss.empty()) {
      // The mean over a batch would count the samples that fill it up.
      missed = size;
      break;
    }
    Expected<Variant *> found = variant(samples, batch.isFixed ? batch.size : size);
    if (!found)
      return found.takeError();
    LoadedModel &loaded = *(*found)->model;
    const ingot_model &model = loaded.model();
    std::vector<uint64_t> rows(samples.rows.begin() + first, samples.rows.begin() + first + size);
    rows.resize(isFilled ? batch.size : size, rows.back());
    for (uint32_t i = 0; i < (*found)->inputs; ++i)
      samples.data->gather(model.inputs[i].name, rows.data(), rows.size(), ingot_context_input(loaded.context(), i));
    for (uint32_t i = (*found)->inputs; i < model.num_inputs; ++i)
      for (size_t j = 0; j < step->stateCount(); ++j)
        if (step->isWeight(j) && StringRef(model.inputs[i].name) == step->stateInfo(j).name)
          ingot_context_bind_input(loaded.context(), i, step->stateData(j), model.inputs[i].bytes);
    runtime::Text error;
    if (ingot_status status = runtime::runContext(loaded.context(), error))
      return failure(status, error.c_str());
    if (!settings.loss.empty()) {
      std::vector<int64_t> dims;
      const ingot_value_info &info = model.outputs[0];
      runtime::Tensor loss;
      if (ingot_status status = runtime::Tensor::create(info.dtype, info.dims, info.rank, loss, error))
        return failure(status, error.c_str());
      memcpy(loss.data(), ingot_context_output(loaded.context(), 0), info.bytes);
      sum += loss.toDouble(0) * double(size);
    }
    count += double(size);
    if (Error failed = addBatch(loaded, samples, ArrayRef(rows).take_front(size), rows.size(), metrics))
      return failed;
    if (!step)
      progress.show(formatv("sample {0} of {1}", first + size, total));
  }
  return count == 0 ? NAN : sum / count;
}

} // namespace ingot
