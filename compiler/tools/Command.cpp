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
#include "runtime/Inputs.h"
#include "runtime/Report.h"
#include "runtime/Session.h"
#include "runtime/TensorFile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
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
  int code = 0;
  handleAllErrors(
      std::move(error),
      [&](const StatusError &e) {
        errs() << "error: " << e.text << "\n";
        code = runtime::exitCode(e.status);
      },
      [&](const UnsupportedModel &e) {
        errs() << "error: ";
        e.log(errs());
        errs() << "\n";
        code = INGOT_UNSUPPORTED;
      },
      [&](const LimitExceeded &e) {
        errs() << "error: " << e.text << "\n";
        code = INGOT_LIMIT;
      },
      [&](const ErrorInfoBase &e) {
        errs() << "error: " << e.message() << "\n";
        code = INGOT_BAD_ARGUMENT;
      });
  return code;
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
  app.add_option("--dim", dims, "value of a named dimension")->type_name("NAME=VALUE")->allow_extra_args(false);
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
    int64_t number;
    if (name.empty() || value.empty())
      return usageError("option --dim: got '" + dim + "', want NAME=VALUE");
    if (value.contains(".."))
      return failure(INGOT_UNSUPPORTED, "option --dim: got '" + dim + "'; ranges are not supported yet, give one value");
    if (value.getAsInteger(10, number) || number < 0)
      return usageError("option --dim: got value '" + value + "' for '" + name + "', want a number of at least 0");
    options.dims[name.str()] = number;
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
  bool terminal = sys::Process::StandardErrIsDisplayed();
  auto now = std::chrono::steady_clock::now();
  if (!terminal && now - last < std::chrono::seconds(10))
    return;
  last = now;
  if (terminal)
    errs() << "\r\033[K" << text;
  else
    errs() << text << "\n";
  drawn = terminal;
}

void Progress::clear() {
  if (drawn)
    errs() << "\r\033[K";
  drawn = false;
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

Expected<std::unique_ptr<LoadedModel>> LoadedModel::open(std::unique_ptr<JitModel> jit, unsigned threads) {
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

Error readInput(const std::string &dataFolder, unsigned input, runtime::Tensor &tensor) {
  std::string file = dataFolder + "/input_" + std::to_string(input) + ".pb";
  runtime::Text error;
  if (ingot_status status = runtime::readTensorProto(file.c_str(), tensor, nullptr, error))
    return failure(status, file + ": " + error.c_str());
  return Error::success();
}

std::string bytesOf(const runtime::Tensor &tensor) {
  return std::string(static_cast<const char *>(tensor.data()), tensor.bytes());
}

/// Takes from the data folder what a model that is unsupported as it stands wants to know: the sizes of its inputs, and
/// the elements of some. Whether there was anything new.
static bool learnInputs(const UnsupportedModel &model, const std::string &dataFolder, Options &options) {
  constexpr uint64_t elementLimit = 1024;
  bool isFirst = options.inputs.empty();
  runtime::Tensor tensor;
  for (unsigned i = 0; isFirst && sys::fs::exists(dataFolder + "/input_" + std::to_string(i) + ".pb"); ++i) {
    if (Error error = readInput(dataFolder, i, tensor)) {
      consumeError(std::move(error));
      continue;
    }
    const int64_t *dims = tensor.shape().dims;
    options.inputs[i].shape.assign(dims, dims + tensor.shape().rank);
  }
  bool isNew = isFirst && !options.inputs.empty();
  for (unsigned i : model.wanted) {
    auto known = options.inputs.find(i);
    if (known == options.inputs.end() || known->second.bytes)
      continue;
    if (Error error = readInput(dataFolder, i, tensor)) {
      consumeError(std::move(error));
      continue;
    }
    if (tensor.elements() > elementLimit)
      continue;
    known->second.bytes = bytesOf(tensor);
    isNew = true;
  }
  return isNew;
}

Expected<mlir::OwningOpRef<mlir::ModuleOp>> loadModelForInputs(mlir::MLIRContext &context, StringRef path,
                                                               Options options, const std::string &dataFolder,
                                                               std::map<unsigned, KnownInput> *known) {
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModel(context, path, options);
  for (bool learned = true; !module && !dataFolder.empty() && learned;) {
    learned = false;
    Error error = handleErrors(module.takeError(), [&](std::unique_ptr<UnsupportedModel> unsupported) -> Error {
      learned = learnInputs(*unsupported, dataFolder, options);
      return Error(std::move(unsupported));
    });
    if (learned) {
      consumeError(std::move(error));
      module = loadModel(context, path, options);
    } else {
      module = std::move(error);
    }
  }
  if (known)
    *known = options.inputs;
  if (!module || dataFolder.empty())
    return module;
  auto main = (*module)->lookupSymbol<mlir::func::FuncOp>("main");
  bool found = false;
  for (unsigned i = 0; main && i < main.getNumArguments(); ++i) {
    auto type = dyn_cast<mlir::RankedTensorType>(main.getArgumentTypes()[i]);
    auto names = main.getArgAttrOfType<mlir::ArrayAttr>(i, "ingot.dims");
    runtime::Tensor tensor;
    runtime::Text error;
    std::string file = dataFolder + "/input_" + std::to_string(i) + ".pb";
    if (!type || type.hasStaticShape() || !names || runtime::readTensorProto(file.c_str(), tensor, nullptr, error) != 0 ||
        tensor.shape().rank != type.getRank())
      continue;
    for (auto [d, attribute] : enumerate(names))
      if (StringRef name = cast<mlir::StringAttr>(attribute).getValue(); !name.empty() && type.isDynamicDim(d))
        found |= options.dims.try_emplace(name.str(), tensor.shape().dims[d]).second;
  }
  return found ? loadModel(context, path, options) : std::move(module);
}

Expected<std::unique_ptr<LoadedModel>> compileInProcess(const std::string &path, const Options &options,
                                                        unsigned threads, const std::string &dataFolder) {
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModelForInputs(*context, path, options, dataFolder);
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
