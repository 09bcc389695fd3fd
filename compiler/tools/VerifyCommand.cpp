//===- VerifyCommand.cpp - ingot verify -----------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Link.h"
#include "compiler/tools/Command.h"
#include "compiler/tools/Peers.h"
#include "compiler/tools/Verify.h"
#include "frontends/onnx/Importer.h"
#include "runtime/Compare.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Inputs.h"
#include "runtime/TensorFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;
using ingot::runtime::Array;
using ingot::runtime::Tensor;

namespace ingot {

//===----------------------------------------------------------------------===//
// Ways to run a model
//===----------------------------------------------------------------------===//

namespace {

/// Compiles a model by one of the ways that users have, and runs it on test data. Data that needs another variant of the
/// model than the last did gets one: of a program or library, only dimensions without bounds make one.
class Runner {
public:
  static Expected<std::unique_ptr<Runner>> create(const VerifyOptions &options, const std::string &model);
  Error run(const std::string &dataFolder, Array<Tensor> &outputs);
  std::vector<ValueInfo> outputs; ///< of the last run

private:
  Runner(const VerifyOptions &options, Options compileOptions, OpenModel open)
      : options(options), compileOptions(std::move(compileOptions)), open(std::move(open)) {}
  Error specialize(ArrayRef<CallInput> call);
  Error write(ArrayRef<CallInput> call);
  Error runProgram(const std::string &dataFolder, Array<Tensor> &results);

  const VerifyOptions &options;
  Options compileOptions;
  OpenModel open;
  std::unique_ptr<LoadedModel> loaded;
  std::unique_ptr<TemporaryFolder> folder;
  std::optional<Variant> written;   ///< what the program or library is for
  std::vector<std::string> program; ///< the command, where the model is a program
};

} // namespace

Expected<std::unique_ptr<Runner>> Runner::create(const VerifyOptions &options, const std::string &path) {
  Expected<Options> compileOptions = options.compile.options();
  if (!compileOptions)
    return compileOptions.takeError();
  Expected<OpenModel> open = OpenModel::open(path, *compileOptions);
  if (!open)
    return open.takeError();
  return std::unique_ptr<Runner>(new Runner(options, std::move(*compileOptions), std::move(*open)));
}

static std::vector<ValueInfo> outputsOf(const ingot_model &model) {
  std::vector<ValueInfo> outputs(model.num_outputs);
  for (auto [i, output] : enumerate(outputs)) {
    output.name = model.outputs[i].name;
    output.dtype = model.outputs[i].dtype;
  }
  return outputs;
}

/// Loads the variant for a call into this process.
Error Runner::specialize(ArrayRef<CallInput> call) {
  Expected<std::shared_ptr<JitModel>> jit = open.specialize(call);
  if (!jit)
    return jit.takeError();
  Expected<std::unique_ptr<LoadedModel>> variant = LoadedModel::open(std::move(*jit), options.threads);
  if (!variant)
    return variant.takeError();
  loaded = std::move(*variant);
  outputs = outputsOf(loaded->model());
  return Error::success();
}

/// Writes a program or library that takes the call, unless the last one does.
Error Runner::write(ArrayRef<CallInput> call) {
  Expected<Variant> variant = open.match(call, /*bindsAll=*/false);
  if (!variant)
    return variant.takeError();
  if (written == *variant)
    return Error::success();
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = open.load(*context, *variant, call);
  if (!module)
    return module.takeError();
  Expected<TemporaryFolder> temporary = TemporaryFolder::create();
  if (!temporary)
    return temporary.takeError();
  loaded.reset();
  folder = std::make_unique<TemporaryFolder>(std::move(*temporary));
  bool isProgram = options.via == "exe";
  OutputKind kind = isProgram ? OutputKind::Program : OutputKind::Library;
  std::string output = folder->file(isProgram ? "program" : "library.so");
  Expected<CompiledModel> model = compile(**module, compileOptions, emitOptions(kind, "model"));
  if (!model)
    return model.takeError();
  outputs = model->info.outputs;
  if (Error error = writeOutput(*model, compileOptions, kind, output))
    return error;
  written = std::move(*variant);
  program.clear();
  if (isProgram) {
    SmallVector<StringRef> words;
    SplitString(options.runner, words);
    for (StringRef word : words)
      program.push_back(word.str());
    program.push_back(output);
    if (options.threads)
      program.insert(program.end(), {"--threads", std::to_string(options.threads)});
    return Error::success();
  }
  Expected<std::unique_ptr<LoadedModel>> library = LoadedModel::openLibrary(output, options.threads);
  if (!library)
    return library.takeError();
  loaded = std::move(*library);
  return Error::success();
}

Error Runner::run(const std::string &dataFolder, Array<Tensor> &results) {
  runtime::InputOptions from;
  from.directory = dataFolder.c_str();
  Array<Tensor> inputs;
  if (Error error = Signature(open.inputs()).gather(from, inputs))
    return error;
  if (Error error = options.via == "jit" ? specialize(callOf(inputs)) : write(callOf(inputs)))
    return error;
  return loaded ? loaded->run(inputs, results) : runProgram(dataFolder, results);
}

Error Runner::runProgram(const std::string &dataFolder, Array<Tensor> &results) {
  runtime::Text error;
  std::string outputFolder = folder->file("outputs"), errors = folder->file("errors");
  std::vector<std::string> command = program;
  command.insert(command.end(), {"--inputs", dataFolder, "--output-dir", outputFolder});
  Expected<int> code = ingot::runProgram(command, "", errors);
  if (!code)
    return code.takeError();
  if (*code != 0) {
    ErrorOr<std::unique_ptr<MemoryBuffer>> text = MemoryBuffer::getFile(errors);
    StringRef message = text ? (*text)->getBuffer().trim() : "";
    message.consume_front("error: ");
    return failure(ingot_status(*code), "the program exited with " + Twine(*code) + ": " + message);
  }
  if (!results.resize(outputs.size()))
    return failure(INGOT_OUT_OF_MEMORY, "not enough memory");
  for (auto [i, info] : enumerate(outputs)) {
    runtime::Text path;
    runtime::appendOutputPath(path, outputFolder.c_str(), info.name.c_str(), info.dtype);
    if (ingot_status status = runtime::readTensor(path.c_str(), results[i], error))
      return failure(status, "output '" + info.name + "': " + error.c_str());
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

void compareOutput(VerifyResult &result, StringRef name, const Tensor &got, const Tensor &want,
                   const VerifyOptions &options) {
  runtime::Comparison comparison = runtime::compareTensors(got, want, options.rtol, options.atol);
  result.maxError = std::max(result.maxError.value_or(0), comparison.maxError);
  if (comparison.equal)
    return;
  result.status = "failed";
  result.detail += (result.detail.empty() ? "" : "; ") + ("output '" + name + "': " + comparison.detail.c_str()).str();
}

static Error verifyData(Runner &runner, const std::string &folder, const VerifyOptions &options, VerifyResult &result) {
  Array<Tensor> outputs;
  if (Error error = runner.run(folder, outputs))
    return error;
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::string path = folder + "/output_" + std::to_string(i) + ".pb";
    Tensor want;
    runtime::Text error;
    if (!sys::fs::exists(path))
      return usageError(path + " is missing, want one file for each of the " + Twine(outputs.size()) + " outputs");
    if (ingot_status status = runtime::readTensorProto(path.c_str(), want, nullptr, error))
      return failure(status, path + ": " + error.c_str());
    compareOutput(result, runner.outputs[i].name, outputs[i], want, options);
  }
  return Error::success();
}

static Error verifyFolder(const std::string &folder, const VerifyOptions &options, VerifyResult &result) {
  std::string model = folder + "/model.onnx";
  if (!sys::fs::exists(model))
    return usageError(model + " is missing");
  std::vector<std::string> data;
  for (unsigned k = 0; sys::fs::is_directory(folder + "/test_data_set_" + std::to_string(k)); ++k)
    data.push_back(folder + "/test_data_set_" + std::to_string(k));
  if (data.empty())
    return usageError(folder + "/test_data_set_0 is missing");
  Expected<std::unique_ptr<Runner>> runner = Runner::create(options, model);
  if (!runner)
    return runner.takeError();
  result.status = "passed";
  for (const std::string &set : data)
    if (Error error = verifyData(**runner, set, options, result))
      return error;
  return Error::success();
}

VerifyResult resultOf(StringRef name, function_ref<Error(VerifyResult &)> check) {
  VerifyResult result;
  result.name = name.str();
  if (Error error = check(result)) {
    StatusError e = statusOf(std::move(error));
    result.status = e.status == INGOT_UNSUPPORTED ? "unsupported" : "error";
    result.detail = e.text;
  }
  return result;
}

/// A child does the work, so that a crash is one folder's result and not the end of the run.
static VerifyResult verifyApart(const std::string &folder, const VerifyOptions &options) {
  VerifyResult result;
  result.name = folder;
  result.status = "error";
  int ends[2];
  outs().flush();
  errs().flush();
  pid_t child = pipe(ends) == 0 ? fork() : -1;
  if (child < 0) {
    result.detail = "cannot start a process";
    return result;
  }
  if (child == 0) {
    close(ends[0]);
    result = resultOf(folder, [&](VerifyResult &r) { return verifyFolder(folder, options, r); });
    raw_fd_ostream stream(ends[1], /*shouldClose=*/true);
    stream << formatv("{0}", json::Value(toJson(result)));
    stream.flush();
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof(buffer))) > 0;)
    text.append(buffer, count);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  Expected<json::Value> parsed = json::parse(text);
  if (!parsed) {
    consumeError(parsed.takeError());
    result.detail = WIFSIGNALED(status) ? "crashed with signal " + std::to_string(WTERMSIG(status))
                                        : "ended without a result, exit code " + std::to_string(WEXITSTATUS(status));
    return result;
  }
  const json::Object &object = *parsed->getAsObject();
  result.status = object.getString("status").value_or("error").str();
  result.detail = object.getString("detail").value_or("").str();
  if (std::optional<double> error = object.getNumber("max_error"))
    result.maxError = *error;
  return result;
}

json::Object toJson(const VerifyResult &result) {
  json::Value maxError = nullptr;
  if (result.maxError && std::isfinite(*result.maxError))
    maxError = *result.maxError;
  return json::Object{{"name", json::fixUTF8(result.name)},
                      {"status", result.status},
                      {"detail", json::fixUTF8(result.detail)},
                      {"max_error", std::move(maxError)}};
}

int reportResults(ArrayRef<VerifyResult> results, bool asJson) {
  size_t passed = 0;
  json::Array rows;
  StringSet<> seen;
  for (const VerifyResult &result : results) {
    seen.insert(result.status);
    passed += result.status == "passed";
    if (asJson)
      rows.push_back(toJson(result));
    else if (result.status != "passed")
      outs() << result.name << ": " << result.status << ": " << result.detail << "\n";
  }
  if (asJson)
    printJson(std::move(rows));
  else
    outs() << passed << " passed, " << results.size() - passed << " failed\n";
  return seen.contains("failed")        ? INGOT_MISMATCH
         : seen.contains("unsupported") ? INGOT_UNSUPPORTED
         : seen.contains("error")       ? INGOT_BAD_ARGUMENT
                                        : INGOT_OK;
}

static Expected<int> run(const VerifyOptions &options) {
  std::vector<std::string> ways = {"jit", "exe", "so", "ptx"};
  if (!is_contained(ways, options.via))
    return usageError("option --via: got '" + options.via + "', want one of jit, exe, so" +
                      suggestion(options.via, ways));
  if (options.via == "ptx")
    return failure(INGOT_UNSUPPORTED, "--via=ptx is not supported yet");
  std::vector<VerifyResult> results;
  if (!options.against.empty()) {
    for (const std::string &model : options.paths)
      results.push_back(resultOf(model, [&](VerifyResult &r) {
        return options.against == "oracle" ? verifyAgainstOracle(model, options, r)
                                           : verifyAgainstPeer(model, options, r);
      }));
    return reportResults(results, options.json);
  }
  Progress progress;
  for (auto [i, folder] : enumerate(options.paths)) {
    if (!sys::fs::is_directory(folder))
      return usageError(folder + " is not a folder; to verify a model without test data, add --against onnxruntime");
    progress.show("verifying " + Twine(i + 1) + " of " + Twine(options.paths.size()) + ": " + folder);
    results.push_back(verifyApart(folder, options));
  }
  progress.clear();
  return reportResults(results, options.json);
}

Command addVerifyCommand(CLI::App &root) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App *app = root.add_subcommand("verify", "compare a model's outputs with test data or with another engine");
  app->add_option("paths", options->paths, "folders with model.onnx and test_data_set_K, or models with --against")
      ->required()
      ->type_name("DIR");
  app->add_option("--via", options->via, "what runs: jit (default), exe or so")->type_name("WAY");
  app->add_option("--against", options->against, "onnxruntime, openvino or oracle: compare with that on random inputs")
      ->type_name("ENGINE");
  app->add_option("--seed", options->seed, "seed of the random inputs")->type_name("N");
  app->add_option("--rtol", options->rtol, "relative tolerance (default 1e-3)")->type_name("R");
  app->add_option("--atol", options->atol, "absolute tolerance (default 1e-7)")->type_name("A");
  app->add_option("--threads", options->threads, "threads to use (default: the cores this process may use)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  app->add_option("--runner", options->runner, "what starts programs of another processor, such as qemu-aarch64")
      ->type_name("COMMAND");
  app->add_option("--python", options->python, "Python with the other engine (default: INGOT_PYTHON, else python3)")
      ->type_name("PATH");
  app->add_flag("--json", options->json, "print the results as JSON");
  options->compile.addTo(*app, /*withTarget=*/true);
  return {app, [options] { return run(*options); }};
}

} // namespace ingot
