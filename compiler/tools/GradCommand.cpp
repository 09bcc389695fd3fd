//===- GradCommand.cpp - ingot grad ---------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/LoadedObjective.h"
#include "runtime/Inputs.h"
#include "runtime/Report.h"

using namespace llvm;

namespace ingot {
namespace {

struct GradOptions {
  CompileFlags compile;
  std::string model, loss, wrt, inputsDirectory, outputDirectory;
  unsigned threads = 0;
};

} // namespace

static Expected<int> grad(const GradOptions &options) {
  Expected<LoadedObjective> begun = loadObjective(options.compile, options.model, options.loss, options.wrt,
                                                  {options.inputsDirectory, nullptr});
  if (!begun)
    return begun.takeError();
  auto &[compile, context, module, objective, batch] = *begun;
  if (Error error = objective.buildGradients(options.wrt))
    return error;
  compile.compileFrom = Phase::Infer;
  Expected<std::unique_ptr<JitModel>> jit = compileAndLoad(*module, compile);
  if (!jit)
    return jit.takeError();
  Expected<std::unique_ptr<LoadedModel>> loaded = LoadedModel::open(std::move(*jit), options.threads);
  if (!loaded)
    return loaded.takeError();

  const ingot_model &model = (*loaded)->model();
  runtime::InputOptions gather;
  gather.directory = options.inputsDirectory.c_str();
  runtime::Array<runtime::Tensor> inputs, outputs;
  runtime::Text error;
  if (ingot_status status = runtime::gatherInputs(model.inputs, objective.inputCount(), gather, inputs, error))
    return failure(status, error.c_str());
  for (const auto &[i, parameter] : enumerate(objective.state)) {
    const ingot_value_info &info = model.inputs[objective.inputCount() + i];
    runtime::Tensor tensor;
    if (ingot_status status = runtime::Tensor::create(info.dtype, info.dims, info.rank, tensor, error))
      return failure(status, error.c_str());
    copy(parameter.bytes, tensor.as<char>());
    (void)inputs.push(std::move(tensor));
  }
  if (Error failed = (*loaded)->run(inputs, outputs))
    return failed;
  if (ingot_status status = runtime::writeOutputs(options.outputDirectory.c_str(), model, outputs, error))
    return failure(status, error.c_str());
  outs() << formatv("wrote the loss, {0}, and {1} gradients to {2}\n", outputs[0].toDouble(0), outputs.size() - 1,
                    options.outputDirectory);
  return 0;
}

Command addGradCommand(CLI::App &root) {
  auto options = std::make_shared<GradOptions>();
  CLI::App *app = root.add_subcommand("grad", "compute the gradients of a loss");
  app->add_option("model", options->model, "an ONNX model")->required()->type_name("MODEL");
  app->add_option("--loss", options->loss,
                  "a scalar output, or KIND(OUTPUT,TARGET) such as cross_entropy(logits,label)")
      ->required()
      ->type_name("LOSS");
  app->add_option("--wrt", options->wrt,
                  "the float initializers and inputs to differentiate by (default: all initializers)")
      ->type_name("REGEX");
  app->add_option("--inputs", options->inputsDirectory, "all inputs: a folder with input_0.pb, input_1.pb, ...")
      ->required()
      ->type_name("DIR");
  app->add_option("-o", options->outputDirectory, "write loss.npy and each gradient's NAME.npy here")
      ->required()
      ->type_name("DIR");
  app->add_option("--threads", options->threads, "threads to use (default: the cores this process may use)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  options->compile.addTo(*app, /*withTarget=*/false);
  return {app, [options] { return grad(*options); }};
}

} // namespace ingot
