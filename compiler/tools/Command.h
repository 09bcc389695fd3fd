//===- Command.h - What the subcommands of ingot share ----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Results go to standard output, talk to standard error. An exit code is an ingot_status up to INGOT_LIMIT.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TOOLS_COMMAND_H
#define INGOT_COMPILER_TOOLS_COMMAND_H

#include "compiler/Specialize.h"
#include "runtime/Inputs.h"
#include "runtime/TrainingLoop.h"
#include "runtime/ingot.h"
#include "llvm/Support/JSON.h"
#include <CLI/CLI.hpp>
#include <chrono>

namespace ingot {

/// A subcommand: its name in the help, and what runs when the user chose it.
struct Command {
  CLI::App *app;
  std::function<llvm::Expected<int>()> run;
};

Command addCompileCommand(CLI::App &root);
Command addRunCommand(CLI::App &root);
Command addVerifyCommand(CLI::App &root);
Command addBenchCommand(CLI::App &root);
Command addInspectCommand(CLI::App &root);
Command addGradCommand(CLI::App &root);
Command addTrainCommand(CLI::App &root);
Command addEvalCommand(CLI::App &root);

/// The options that every command that compiles takes.
struct CompileFlags {
  std::string target = "host";
  std::vector<std::string> dims;
  std::string maxMemory, dumpDir;
  bool oracle = false, sanitize = false;

  void addTo(CLI::App &app, bool withTarget);
  llvm::Expected<Options> options() const;
};

/// "512", "64k", "1.5G", "200 MB": powers of 1024 with an `i`, else of 1000.
llvm::Expected<uint64_t> parseSize(llvm::StringRef text);

/// An error with a status, from the command line or from the runtime.
llvm::Error failure(ingot_status status, const llvm::Twine &text);
llvm::Error usageError(const llvm::Twine &text);
/// Prints an error as "error: ..." and returns the exit code that it stands for.
int reportError(llvm::Error error);

std::string readableSize(uint64_t bytes);
void printJson(llvm::json::Value value);

/// The candidate that `word` was probably meant to be, as "; did you mean 'x'?", else "".
std::string suggestion(llvm::StringRef word, llvm::ArrayRef<std::string> candidates);

/// Tells on standard error how far a long command is: redraws on a terminal, otherwise a line each ten seconds.
class Progress {
public:
  void show(const llvm::Twine &text);
  void clear() { line.clear(); }

private:
  runtime::ProgressLine line;
};

/// A folder that goes when its owner does.
class TemporaryFolder {
public:
  static llvm::Expected<TemporaryFolder> create();
  TemporaryFolder(TemporaryFolder &&other) : path(std::move(other.path)) { other.path.clear(); }
  ~TemporaryFolder();
  const std::string &root() const { return path; }
  std::string file(const llvm::Twine &name) const;

private:
  explicit TemporaryFolder(std::string path) : path(std::move(path)) {}
  std::string path;
};

/// An executable in this process with a context to run it in.
class LoadedModel {
public:
  static llvm::Expected<std::unique_ptr<LoadedModel>> open(std::shared_ptr<JitModel> jit, unsigned threads);
  static llvm::Expected<std::unique_ptr<LoadedModel>> openLibrary(const std::string &path, unsigned threads);
  ~LoadedModel();

  const ingot_model &model() const;
  ingot_context *context() { return runContext; }
  /// Binds the inputs, runs once and copies the outputs.
  llvm::Error run(const runtime::Array<runtime::Tensor> &inputs, runtime::Array<runtime::Tensor> &outputs);

private:
  LoadedModel() = default;
  llvm::Error createContext(unsigned threads);

  std::shared_ptr<JitModel> jit;
  ingot_executable *executable = nullptr;
  ingot_context *runContext = nullptr;
};

/// What a model wants, in the runtime's form: for commands that look at inputs before they compile.
class Signature {
public:
  explicit Signature(llvm::ArrayRef<InputInfo> inputs);
  /// Reads the inputs of a call.
  llvm::Error gather(const runtime::InputOptions &from, runtime::Array<runtime::Tensor> &tensors) const;
  llvm::ArrayRef<ingot_value_info> infos() const { return values; }

private:
  std::vector<InputInfo> inputs;
  std::vector<std::vector<const char *>> names;
  std::vector<ingot_value_info> values;
};

/// The inputs of a call that passes these tensors, which it refers to.
std::vector<CallInput> callOf(const runtime::Array<runtime::Tensor> &inputs);

/// Loads a model for the inputs in `dataFolder`, a test_data_set_K folder.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> loadModelForInputs(mlir::MLIRContext &context,
                                                                     const std::string &path, const Options &options,
                                                                     const std::string &dataFolder);

/// Compiles the model at `path` into this process, for values or bounds that the options give its open dimensions.
llvm::Expected<std::unique_ptr<LoadedModel>> compileInProcess(const std::string &path, const Options &options,
                                                              unsigned threads);

/// A file's kind by its first bytes.
enum class FileKind { Model, Program, Library };
FileKind fileKind(llvm::StringRef path);

/// Runs a program with its standard output going to `output` (empty: the same as ours) and waits. The result is its exit
/// code; a signal is an error.
llvm::Expected<int> runProgram(llvm::ArrayRef<std::string> command, const std::string &output = "",
                               const std::string &errors = "");

/// The Python interpreter for peers: what `given` names, else INGOT_PYTHON, else python3.
std::string pythonInterpreter(const std::string &given);

} // namespace ingot

#endif // INGOT_COMPILER_TOOLS_COMMAND_H
