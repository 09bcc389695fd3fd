//===- CompileCommand.cpp - ingot compile ---------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline.h"
#include "compiler/emit/Link.h"
#include "compiler/emit/WriteFile.h"
#include "compiler/tools/Command.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace ingot {
namespace {

struct CompileOptions {
  CompileFlags compile;
  std::string model, output, emit = "exe", compileFrom, compileTo, fastMath;
  unsigned threads = 0;
  bool tune = false, json = false;
};

} // namespace

static std::string defaultOutput(StringRef name, StringRef emit) {
  return (name + (emit == "so" ? ".so" : emit == "obj" ? ".o" : "")).str();
}

/// The final line: what was written, and what to do with it.
static std::string summary(const CompileOptions &options, const Options &compile, const CompiledModel &model,
                           StringRef output, double seconds) {
  uint64_t size = 0;
  (void)sys::fs::file_size(output, size);
  std::string line = formatv("wrote {0} ({1}, {2}, arena {3}) in {4:f1} s", output, readableSize(size),
                             compile.target.level, readableSize(model.info.arenaBytes), seconds)
                         .str();
  if (options.emit == "exe") {
    line += formatv("; try: {0}{1}", output.contains('/') ? "" : "./", output).str();
    for (const ValueInfo &input : model.info.inputs)
      line += formatv(" --input {0}=@{0}.npy", input.name).str();
  } else {
    SmallString<128> header(output);
    sys::path::replace_extension(header, ".h");
    line += formatv("; its C header: {0}", header).str();
  }
  return line;
}

/// Sets `phase` to the one with that name; without a name it stays.
static Error parsePhase(StringRef option, StringRef name, Phase &phase) {
  if (name.empty())
    return Error::success();
  std::vector<std::string> names;
  for (auto [candidate, candidateName] : phases()) {
    names.push_back(candidateName.str());
    if (name == candidateName) {
      phase = candidate;
      return Error::success();
    }
  }
  return usageError("option " + option + ": got '" + name + "', want one of " + join(names, ", ") +
                    suggestion(name, names));
}

static Expected<int> run(const CompileOptions &options) {
  auto start = std::chrono::steady_clock::now();
  if (options.emit == "ptx")
    return failure(INGOT_UNSUPPORTED, "--emit=ptx is not supported yet");
  if (!options.fastMath.empty())
    return failure(INGOT_UNSUPPORTED, "--fast-math=" + options.fastMath + " is not supported yet");
  if (options.tune)
    return failure(INGOT_UNSUPPORTED, "--tune is not supported yet");
  std::vector<std::string> kinds = {"exe", "so", "obj", "mlir", "llvm", "asm", "ptx"};
  if (!is_contained(kinds, options.emit))
    return usageError("option --emit: got '" + options.emit + "', want one of exe, so, obj, mlir, llvm, asm" +
                      suggestion(options.emit, kinds));
  Expected<Options> compileOptions = options.compile.options();
  if (!compileOptions)
    return compileOptions.takeError();
  if (Error error = parsePhase("--compile-from", options.compileFrom, compileOptions->compileFrom))
    return error;
  if (Error error = parsePhase("--compile-to", options.compileTo, compileOptions->compileTo))
    return error;
  bool partial = !options.compileTo.empty();
  if (compileOptions->sanitize && options.emit == "exe" && !partial)
    return failure(INGOT_UNSUPPORTED, "--sanitize needs --emit=so or obj, for a host built with -fsanitize=address: a "
                                      "static program cannot hold the sanitizer's runtime");

  Progress progress;
  progress.show("reading " + options.model);
  if (!partial && options.emit != "mlir" && compileOptions->compileFrom <= Phase::Infer) {
    Expected<std::vector<InputInfo>> inputs = modelInputs(options.model);
    if (!inputs)
      return inputs.takeError();
    Dims given = compileOptions->dims;
    for (auto &[name, range] : compileOptions->ranges)
      given[name] = range.high;
    if (Error error = requireDims(*inputs, given))
      return error;
  }
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  if (options.threads == 1)
    context->disableMultithreading();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModel(*context, options.model, *compileOptions);
  if (!module)
    return module.takeError();
  progress.show("compiling " + options.model);

  std::string textOutput = options.output.empty() ? "-" : options.output;
  if (partial || options.emit == "mlir") {
    if (Error error = runPhases(**module, *compileOptions))
      return error;
    progress.clear();
    if (Error error = writeFile(textOutput, [&](raw_ostream &os) { (*module)->print(os); }))
      return error;
    return 0;
  }
  if (options.emit == "llvm" || options.emit == "asm") {
    Expected<std::string> text = compileToText(**module, *compileOptions, options.emit == "asm");
    if (!text)
      return text.takeError();
    progress.clear();
    if (Error error = writeFile(textOutput, [&](raw_ostream &os) { os << *text; }))
      return error;
    return 0;
  }

  OutputKind kind = options.emit == "exe"  ? OutputKind::Program
                    : options.emit == "so" ? OutputKind::Library
                                           : OutputKind::Object;
  StringRef name = (*module)->getSymName().value_or("main");
  std::string output = options.output.empty() ? defaultOutput(name, options.emit) : options.output;
  Expected<CompiledModel> model =
      compile(**module, *compileOptions, emitOptions(kind, name));
  if (!model)
    return model.takeError();
  progress.show("writing " + output);
  if (Error error = writeOutput(*model, *compileOptions, kind, output))
    return error;
  progress.clear();
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (options.json) {
    uint64_t size = 0;
    (void)sys::fs::file_size(output, size);
    printJson(json::Object{{"output", output},
                           {"bytes", size},
                           {"target", compileOptions->target.level},
                           {"arena_bytes", model->info.arenaBytes},
                           {"weight_bytes", model->info.weightBytes},
                           {"compile_seconds", seconds}});
  } else {
    outs() << summary(options, *compileOptions, *model, output, seconds) << "\n";
  }
  return 0;
}

Command addCompileCommand(CLI::App &root) {
  auto options = std::make_shared<CompileOptions>();
  CLI::App *app = root.add_subcommand("compile", "compile a model to a program, a library, an object or text");
  app->add_option("model", options->model, "an ONNX model")->required()->type_name("MODEL");
  app->add_option("-o,--output", options->output, "file to write (default: named after the model)")->type_name("OUT");
  app->add_option("--emit", options->emit, "exe (default), so, obj, mlir, llvm or asm")->type_name("KIND");
  app->add_option("--compile-from", options->compileFrom, "start at a phase; the model is a module from before it")
      ->type_name("PHASE");
  app->add_option("--compile-to", options->compileTo, "stop after a phase and print the module")->type_name("PHASE");
  app->add_option("--threads", options->threads, "threads to compile with")->type_name("N")->check(CLI::Range(1, 256));
  app->add_flag("--json", options->json, "print the result as JSON");
  app->add_flag("--sanitize", options->compile.sanitize, "one allocation a buffer, and LLVM's address sanitizer in the code");
  app->add_option("--fast-math", options->fastMath)->group("");
  app->add_flag("--tune", options->tune)->group("");
  options->compile.addTo(*app, /*withTarget=*/true);
  return {app, [options] { return run(*options); }};
}

} // namespace ingot
