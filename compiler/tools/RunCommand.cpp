//===- RunCommand.cpp - ingot run -----------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Command.h"
#include "runtime/Inputs.h"
#include "runtime/Report.h"
#include <unistd.h>

using namespace llvm;

namespace ingot {
namespace {

struct RunOptions {
  CompileFlags compile;
  std::string model, inputsDirectory, outputDirectory;
  std::vector<std::string> inputs;
  unsigned threads = 0;
  bool json = false;
};

} // namespace

/// A program takes the same options itself; it takes this process's place.
static Error become(const RunOptions &options) {
  std::vector<std::string> command = {StringRef(options.model).contains('/') ? options.model : "./" + options.model};
  for (const std::string &input : options.inputs)
    command.insert(command.end(), {"--input", input});
  auto pass = [&](const char *name, const std::string &value) {
    if (!value.empty())
      command.insert(command.end(), {name, value});
  };
  pass("--inputs", options.inputsDirectory);
  pass("--output-dir", options.outputDirectory);
  pass("--threads", options.threads ? std::to_string(options.threads) : "");
  if (options.json)
    command.push_back("--json");
  std::vector<char *> arguments;
  for (std::string &argument : command)
    arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  return usageError("cannot run " + options.model + ": " + std::strerror(errno));
}

/// Compiles a model for its inputs.
static Expected<std::unique_ptr<LoadedModel>> openModel(const RunOptions &options, const runtime::InputOptions &from,
                                                        runtime::Array<runtime::Tensor> &inputs) {
  Expected<Options> compile = options.compile.options();
  if (!compile)
    return compile.takeError();
  Expected<OpenModel> open = OpenModel::open(options.model, *compile);
  if (!open)
    return open.takeError();
  if (Error error = Signature(open->inputs()).gather(from, inputs))
    return error;
  Expected<std::shared_ptr<JitModel>> jit = open->specialize(callOf(inputs));
  if (!jit)
    return jit.takeError();
  return LoadedModel::open(std::move(*jit), options.threads);
}

static Expected<std::unique_ptr<LoadedModel>> openLibrary(const RunOptions &options, const runtime::InputOptions &from,
                                                          runtime::Array<runtime::Tensor> &inputs) {
  Expected<std::unique_ptr<LoadedModel>> loaded = LoadedModel::openLibrary(options.model, options.threads);
  runtime::Text error;
  if (loaded)
    if (ingot_status status = runtime::gatherInputs((*loaded)->model().inputs, (*loaded)->model().num_inputs, from,
                                                    inputs, error))
      return failure(status, error.c_str());
  return loaded;
}

static Expected<int> run(const RunOptions &options) {
  FileKind kind = fileKind(options.model);
  if (kind != FileKind::Model && !options.compile.dims.empty())
    return usageError("option --dim: " + options.model + " is compiled, its dimensions are fixed");
  if (kind == FileKind::Program)
    return become(options);
  runtime::InputOptions from;
  for (const std::string &input : options.inputs)
    (void)from.bindings.push(input.c_str());
  from.directory = options.inputsDirectory.empty() ? nullptr : options.inputsDirectory.c_str();
  runtime::Array<runtime::Tensor> inputs, outputs;
  Expected<std::unique_ptr<LoadedModel>> loaded =
      kind == FileKind::Library ? openLibrary(options, from, inputs) : openModel(options, from, inputs);
  if (!loaded)
    return loaded.takeError();
  const ingot_model &model = (*loaded)->model();
  if (Error failed = (*loaded)->run(inputs, outputs))
    return failed;
  runtime::Text text, error;
  if (!options.outputDirectory.empty()) {
    if (ingot_status status = runtime::writeOutputs(options.outputDirectory.c_str(), model, outputs, error))
      return failure(status, error.c_str());
    return 0;
  }
  runtime::appendOutputs(text, model, outputs, options.json);
  outs() << text.c_str();
  return 0;
}

Command addRunCommand(CLI::App &root) {
  auto options = std::make_shared<RunOptions>();
  CLI::App *app = root.add_subcommand("run", "run a model or a program that compile wrote");
  app->add_option("model", options->model, "an ONNX model, or a compiled program or library")->required()->type_name("MODEL");
  app->add_option("--input", options->inputs, "an input: @FILE.npy, @FILE.pb, 1,2,3, rand:7 or 2x3xf32=rand:7")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app->add_option("--inputs", options->inputsDirectory, "all inputs: a folder with input_0.pb, input_1.pb, ...")
      ->type_name("DIR");
  app->add_option("--output-dir", options->outputDirectory, "write every output to DIR/NAME.npy instead of printing it")
      ->type_name("DIR");
  app->add_option("--threads", options->threads, "threads to use (default: the cores this process may use)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  app->add_flag("--json", options->json, "print the outputs as JSON");
  options->compile.addTo(*app, /*withTarget=*/false);
  return {app, [options] { return run(*options); }};
}

} // namespace ingot
