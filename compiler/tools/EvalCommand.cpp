//===- EvalCommand.cpp - ingot eval ---------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Forward.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace ingot {
namespace {

struct EvalOptions {
  Forward::Settings forward;
  std::string data, metrics;
  double threshold = 0.5;
  bool json = false;
};

} // namespace

/// The only array that is no input of the model, for metrics that name no target.
static std::string onlyTarget(const runtime::Dataset &data, const OpenModel &model) {
  std::string found;
  for (const runtime::NamedTensor &column : data.arrays()) {
    std::string name = column.name.c_str();
    if (is_contained(map_range(model.inputs(), [](const InputInfo &input) { return input.name; }), name))
      continue;
    if (!found.empty())
      return "";
    found = name;
  }
  return found;
}

static Error chooseDefaults(MutableArrayRef<MetricRequest> requests, ArrayRef<std::string> outputs) {
  for (MetricRequest &request : requests) {
    if (request.output.empty() && outputs.size() == 1)
      request.output = outputs.front();
    if (request.output.empty())
      return usageError("option --metrics: the model has the outputs " + join(outputs, ", ") + "; write " +
                        request.metric.name() + "(OUTPUT,TARGET)");
    if (request.target.empty())
      return usageError("option --metrics: the data have not one array that is no input; write " +
                        request.metric.name() + "(" + request.output + ",TARGET)");
  }
  return Error::success();
}

static json::Value valueOf(const Metric &metric) {
  if (!metric.isConfusion()) {
    double value = metric.value();
    return std::isfinite(value) ? json::Value(value) : json::Value(nullptr);
  }
  json::Array rows;
  for (const std::vector<uint64_t> &row : metric.confusion())
    rows.push_back(json::Array(row));
  return rows;
}

static void printTable(const Metric &metric) {
  std::vector<std::vector<uint64_t>> table = metric.confusion();
  uint64_t largest = table.size();
  for (const std::vector<uint64_t> &row : table)
    for (uint64_t count : row)
      largest = std::max(largest, count);
  unsigned width = unsigned(std::to_string(largest).size()) + 2;
  outs() << metric.name() << " (rows: true class, columns: predicted class)\n" << std::string(6, ' ');
  for (size_t i = 0; i < table.size(); ++i)
    outs() << right_justify(std::to_string(i), width);
  outs() << "\n";
  for (auto [i, row] : enumerate(table)) {
    outs() << right_justify(std::to_string(i), 6);
    for (uint64_t count : row)
      outs() << right_justify(std::to_string(count), width);
    outs() << "\n";
  }
}

static Expected<int> eval(const EvalOptions &options) {
  Expected<std::shared_ptr<runtime::Dataset>> data = readDataset(options.data);
  if (!data)
    return data.takeError();
  Expected<std::unique_ptr<Forward>> forward = Forward::create(options.forward);
  if (!forward)
    return forward.takeError();
  Expected<std::vector<MetricRequest>> requests =
      MetricRequest::parse(options.metrics, "", onlyTarget(**data, (*forward)->model()));
  if (!requests)
    return requests.takeError();
  for (MetricRequest &request : *requests)
    request.metric.threshold = options.threshold;
  Samples samples{*data, {}};
  if (Error error = bindSamples(**data, Signature((*forward)->model().inputs()).infos()))
    return error;
  if ((*data)->samples() == 0)
    return usageError(Twine((*data)->source()) + " has no samples");
  for (uint64_t i = 0; i < (*data)->samples(); ++i)
    (void)samples.rows.push(i);
  Expected<std::vector<std::string>> outputs = (*forward)->outputs(samples);
  if (!outputs)
    return outputs.takeError();
  if (Error error = chooseDefaults(*requests, *outputs))
    return error;
  if (Expected<double> loss = (*forward)->run(samples, nullptr, *requests); !loss)
    return loss.takeError();

  if (options.json) {
    json::Object values{{"samples", samples.rows.size()}};
    for (const MetricRequest &request : *requests)
      values[request.metric.name()] = valueOf(request.metric);
    printJson(std::move(values));
    return 0;
  }
  for (const MetricRequest &request : *requests)
    if (request.metric.isConfusion())
      printTable(request.metric);
    else
      outs() << formatv("{0} {1:f6}\n", request.metric.name(), request.metric.value());
  return 0;
}

Command addEvalCommand(CLI::App &root) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App *app = root.add_subcommand("eval", "measure a model on data");
  app->add_option("model", options->forward.model, "an ONNX model")->required()->type_name("MODEL");
  app->add_option("--data", options->data, "arrays of samples, by the names of inputs and targets")
      ->required()
      ->type_name("FILE.npz");
  app->add_option("--metrics", options->metrics, "some of " + join(Metric::names(), ", ") + ", or NAME(OUTPUT,TARGET)")
      ->required()
      ->type_name("LIST");
  app->add_option("--batch", options->forward.batch, "samples in a batch (default: the model's, or 32)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app->add_option("--threshold", options->threshold, "above it, a score is of class 1 (default: 0.5; of logits: 0)")
      ->type_name("X");
  app->add_option("--threads", options->forward.threads, "threads to use (default: the cores this process may use)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  app->add_flag("--json", options->json, "print the result as JSON");
  options->forward.compile.addTo(*app, /*withTarget=*/false);
  return {app, [options] { return eval(*options); }};
}

} // namespace ingot
