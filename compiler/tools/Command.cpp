//===- Command.cpp - What the subcommands of ingot share ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Command.h"
#include "compiler/cpu/CpuTarget.h"
#include "frontends/onnx/Importer.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Report.h"
#include "runtime/Session.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

using namespace llvm;

namespace ingot {

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

Error failure(ingot_status status, const Twine &text) { return make_error<StatusError>(status, text); }
Error usageError(const Twine &text) { return failure(INGOT_BAD_ARGUMENT, text); }

int reportError(Error error) {
  StatusError e = statusOf(std::move(error));
  errs() << "error: " << e.text << "\n";
  return runtime::exitCode(e.status);
}

std::string suggestion(StringRef word, ArrayRef<std::string> candidates) {
  std::vector<const char *> pointers;
  for (const std::string &candidate : candidates)
    pointers.push_back(candidate.c_str());
  const char *nearest = runtime::didYouMean(word.str().c_str(), pointers.data(), pointers.size());
  return nearest ? "; did you mean '" + std::string(nearest) + "'?" : "";
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

void CompileFlags::addTo(CLI::App &app, bool withTarget) {
  if (withTarget)
    app.add_option("--target", target, "processor: host, x86-64-v3, x86-64-v4, aarch64")->type_name("NAME");
  app.add_option("--dim", dims, "value or bounds of an open dimension")
      ->type_name("NAME=VALUE|LO..HI")
      ->allow_extra_args(false);
  app.add_option("--max-memory", maxMemory, "refuse a model that needs more, such as 512M")->type_name("SIZE");
  app.add_option("--dump-dir", dumpDir, "write the module after each phase to this folder")->type_name("DIR");
  app.add_flag("--oracle", oracle, "compile with the slow reference pipeline");
}

Expected<uint64_t> parseSize(StringRef text) {
  StringRef rest = text.trim();
  size_t digits = rest.find_first_not_of("0123456789.");
  double value;
  if (rest.take_front(digits).getAsDouble(value))
    return usageError("got size '" + text + "', want a number and a unit such as 512M");
  std::string unit = digits == StringRef::npos ? "" : rest.drop_front(digits).trim().lower();
  double base = StringRef(unit).contains('i') ? 1024 : 1000;
  StringRef letter = unit;
  letter.consume_back("b");
  letter.consume_back("i");
  size_t power = letter.empty() ? 0 : StringRef("kmgt").find(letter) + 1;
  if (letter.size() > 1 || power > 4 || (!letter.empty() && power == 0))
    return usageError("got size '" + text + "', want a number and a unit such as 512M");
  for (size_t i = 0; i < power; ++i)
    value *= base;
  return uint64_t(value);
}

Expected<Options> CompileFlags::options() const {
  Options options;
  if (StringRef(target).starts_with("nvptx"))
    return failure(INGOT_UNSUPPORTED, "target '" + target + "' is not supported yet; it will be in a later version");
  Expected<CpuTarget> parsed = parseTarget(target);
  if (!parsed)
    return parsed.takeError();
  options.target = *parsed;
  options.dumpDir = dumpDir;
  options.oracle = oracle;
  options.sanitize = sanitize;
  for (StringRef dim : dims) {
    auto [name, value] = dim.split('=');
    if (name.empty() || value.empty())
      return usageError("option --dim: got '" + dim + "', want NAME=VALUE or NAME=LO..HI");
    size_t dots = value.find("..");
    bool isRange = dots != StringRef::npos;
    Range range;
    if (value.take_front(dots).getAsInteger(10, range.low) || range.low < (isRange ? 1 : 0))
      return usageError("option --dim: got value '" + value + "' for '" + name + "', want a number of at least 0, or " +
                        "bounds of at least 1 such as 1..32");
    range.high = range.low;
    if (isRange && (value.drop_front(dots + 2).getAsInteger(10, range.high) || range.high < range.low))
      return usageError("option --dim: got bounds '" + value + "' for '" + name +
                        "', want two numbers, the smaller first, such as 1..32");
    if (options.dims.count(name.str()) || options.ranges.count(name.str()))
      return usageError("option --dim: got '" + name + "' twice");
    if (range.low == range.high)
      options.dims[name.str()] = range.low;
    else
      options.ranges[name.str()] = range;
  }
  if (!maxMemory.empty()) {
    Expected<uint64_t> bytes = parseSize(maxMemory);
    if (!bytes)
      return bytes.takeError();
    options.maxMemory = *bytes;
  }
  return options;
}

std::string pythonInterpreter(const std::string &given) {
  if (!given.empty())
    return given;
  return sys::Process::GetEnv("INGOT_PYTHON").value_or("python3");
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

std::string readableSize(uint64_t bytes) {
  runtime::Text text;
  runtime::appendSize(text, bytes);
  return text.c_str();
}

void printJson(json::Value value) { outs() << formatv("{0:2}\n", value); }

void Progress::show(const Twine &text) {
  if (sys::Process::StandardErrIsDisplayed() || line.isDue())
    line.show(text.str().c_str());
}

Expected<TemporaryFolder> TemporaryFolder::create() {
  SmallString<128> path;
  if (std::error_code error = sys::fs::createUniqueDirectory("ingot", path))
    return usageError("cannot make a temporary folder: " + error.message());
  return TemporaryFolder(path.str().str());
}

TemporaryFolder::~TemporaryFolder() {
  if (!path.empty())
    sys::fs::remove_directories(path);
}

std::string TemporaryFolder::file(const Twine &name) const {
  SmallString<128> result(path);
  sys::path::append(result, name);
  return result.str().str();
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

static Error runtimeFailure(ingot_status status) { return failure(status, ingot_last_error()); }

Error LoadedModel::createContext(unsigned threads) {
  ingot_context_options options = {sizeof(options), threads ? threads : runtime::physicalCores(), 0};
  if (ingot_status status = ingot_context_create(executable, &options, &runContext))
    return runtimeFailure(status);
  return Error::success();
}

Expected<std::unique_ptr<LoadedModel>> LoadedModel::open(std::shared_ptr<JitModel> jit, unsigned threads) {
  std::unique_ptr<LoadedModel> result(new LoadedModel());
  result->jit = std::move(jit);
  if (ingot_status status =
          ingot_executable_open(&result->jit->model(), result->jit->weights(), &result->executable))
    return runtimeFailure(status);
  if (Error error = result->createContext(threads))
    return error;
  return result;
}

Expected<std::unique_ptr<LoadedModel>> LoadedModel::openLibrary(const std::string &path, unsigned threads) {
  std::unique_ptr<LoadedModel> result(new LoadedModel());
  // dlopen searches for a name without a slash.
  std::string name = StringRef(path).contains('/') ? path : "./" + path;
  if (ingot_status status = ingot_executable_load(name.c_str(), &result->executable))
    return runtimeFailure(status);
  if (Error error = result->createContext(threads))
    return error;
  return result;
}

LoadedModel::~LoadedModel() {
  ingot_context_destroy(runContext);
  ingot_executable_close(executable);
}

const ingot_model &LoadedModel::model() const { return *ingot_executable_model(executable); }

Error LoadedModel::run(const runtime::Array<runtime::Tensor> &inputs, runtime::Array<runtime::Tensor> &outputs) {
  runtime::Text text;
  ingot_status status = runtime::setInputs(runContext, inputs, text);
  if (status == INGOT_OK)
    status = runtime::runContext(runContext, text);
  if (status == INGOT_OK)
    status = runtime::getOutputs(runContext, outputs, text);
  return status == INGOT_OK ? Error::success() : failure(status, text.c_str());
}

Signature::Signature(ArrayRef<InputInfo> declared) : inputs(declared.begin(), declared.end()) {
  names.reserve(inputs.size());
  for (const InputInfo &input : inputs) {
    std::vector<const char *> &dims = names.emplace_back();
    for (const std::string &name : input.dimNames)
      dims.push_back(name.empty() ? nullptr : name.c_str());
    values.push_back({input.name.c_str(), input.dtype, uint32_t(input.dims.size()), input.dims.data(), dims.data(), 0});
  }
}

Error Signature::gather(const runtime::InputOptions &from, runtime::Array<runtime::Tensor> &tensors) const {
  runtime::Text error;
  ingot_status status = runtime::gatherInputs(values.data(), values.size(), from, tensors, error);
  return status == INGOT_OK ? Error::success() : failure(status, error.c_str());
}

std::vector<CallInput> callOf(const runtime::Array<runtime::Tensor> &inputs) {
  std::vector<CallInput> call;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const runtime::Tensor &tensor = inputs[i];
    call.push_back({ArrayRef(tensor.shape().dims, tensor.shape().rank),
                    ArrayRef(static_cast<const char *>(tensor.data()), tensor.bytes())});
  }
  return call;
}

Expected<mlir::OwningOpRef<mlir::ModuleOp>> loadModelForInputs(mlir::MLIRContext &context, const std::string &path,
                                                               const Options &options, const std::string &dataFolder) {
  Expected<OpenModel> open = OpenModel::open(path, options);
  if (!open)
    return open.takeError();
  runtime::InputOptions from;
  from.directory = dataFolder.c_str();
  runtime::Array<runtime::Tensor> inputs;
  if (Error error = Signature(open->inputs()).gather(from, inputs))
    return error;
  std::vector<CallInput> call = callOf(inputs);
  Expected<Variant> variant = open->match(call);
  if (!variant)
    return variant.takeError();
  return open->load(context, *variant, call);
}

Expected<std::unique_ptr<LoadedModel>> compileInProcess(const std::string &path, const Options &options,
                                                        unsigned threads) {
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModel(*context, path, options);
  if (!module)
    return module.takeError();
  Expected<std::unique_ptr<JitModel>> jit = compileAndLoad(**module, options);
  if (!jit)
    return jit.takeError();
  return LoadedModel::open(std::move(*jit), threads);
}

FileKind fileKind(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> head = MemoryBuffer::getFileSlice(path, sizeof(ELF::Elf64_Ehdr), 0);
  if (!head || (*head)->getBufferSize() < sizeof(ELF::Elf64_Ehdr) || !(*head)->getBuffer().starts_with(ELF::ElfMagic))
    return FileKind::Model;
  ELF::Elf64_Ehdr header;
  memcpy(&header, (*head)->getBufferStart(), sizeof(header));
  // A library that Ingot writes has no start.
  return header.e_entry == 0 ? FileKind::Library : FileKind::Program;
}

Expected<int> runProgram(ArrayRef<std::string> command, const std::string &output, const std::string &errors) {
  ErrorOr<std::string> path = sys::findProgramByName(command.front());
  std::string program = StringRef(command.front()).contains('/') || !path ? command.front() : *path;
  SmallVector<StringRef> arguments(command.begin(), command.end());
  std::optional<StringRef> redirects[] = {std::nullopt, output.empty() ? std::nullopt : std::optional<StringRef>(output),
                                          errors.empty() ? std::nullopt : std::optional<StringRef>(errors)};
  std::string message;
  bool failed = false;
  int code = sys::ExecuteAndWait(program, arguments, std::nullopt, redirects, 0, 0, &message, &failed);
  if (failed || code < 0)
    return failure(INGOT_BAD_ARGUMENT, "cannot run " + command.front() + ": " + (message.empty() ? "it crashed" : message));
  return code;
}

} // namespace ingot
