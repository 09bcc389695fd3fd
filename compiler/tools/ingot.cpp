//===- ingot.cpp - The command line ---------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/CpuTarget.h"
#include "compiler/tools/Command.h"
#include "frontends/onnx/Importer.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/Timing.h"
#include "runtime/CpuFeatures.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"

using namespace ingot;

static std::string versionText() {
  runtime::Text features;
  CpuTarget host = hostTarget();
  runtime::appendFeatureNames(features, host.cpuFeatures);
  return llvm::formatv("ingot " INGOT_VERSION "\nLLVM " LLVM_VERSION_STRING "\nONNX opset {0}\n{1}: {2}", newestOpset(),
                       host.level, features.c_str())
      .str();
}

/// MLIR's own switches, such as --mlir-timing and --mlir-print-ir-after-change, go to LLVM's parser.
static llvm::Error parseMlirSwitches(const std::vector<std::string> &switches) {
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  std::vector<const char *> arguments = {"ingot"};
  for (const std::string &text : switches)
    arguments.push_back(text.c_str());
  std::string message;
  llvm::raw_string_ostream stream(message);
  if (!llvm::cl::ParseCommandLineOptions(arguments.size(), arguments.data(), "", &stream))
    return usageError(llvm::StringRef(message).trim());
  return llvm::Error::success();
}

/// What CLI11 could not place, in our wording: the nearest option or command, if one is near.
static std::string explain(const CLI::App &root, const CLI::ParseError &error, llvm::ArrayRef<std::string> arguments) {
  const CLI::App *app = &root;
  for (const CLI::App *chosen : root.get_subcommands())
    app = chosen;
  if (dynamic_cast<const CLI::ExtrasError *>(&error) || app == &root) {
    std::vector<std::string> names;
    for (const CLI::Option *option : app->get_options())
      for (const std::string &name : option->get_lnames())
        if (!option->get_group().empty())
          names.push_back("--" + name);
    for (llvm::StringRef argument : arguments)
      if (argument.starts_with("--") && argument != "--") {
        std::string name = argument.split('=').first.str();
        if (!llvm::is_contained(names, name))
          return "unknown option '" + name + "'" + suggestion(name, names);
      }
    if (app == &root) {
      names.clear();
      for (const CLI::App *command : root.get_subcommands([](const CLI::App *) { return true; }))
        names.push_back(command->get_name());
      if (!arguments.empty())
        return "unknown command '" + arguments.front() + "'" + suggestion(arguments.front(), names);
      return "no command; want one of " + llvm::join(names, ", ");
    }
    for (const std::string &extra : app->remaining())
      return "unexpected argument '" + extra + "'";
  }
  // CLI11 begins its sentences with a capital.
  std::string text = error.what();
  if (!text.empty() && text.size() > 1 && llvm::isLower(text[1]))
    text[0] = llvm::toLower(text[0]);
  return llvm::StringRef(text).rtrim(".\n ").str();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  CLI::App root("Ingot compiles neural networks to native code.", "ingot");
  root.set_version_flag("--version", versionText,
                        "print the versions of Ingot, LLVM and ONNX's opset, and this processor, and exit");
  root.require_subcommand(1);
  root.set_help_flag("-h,--help", "print this text, and exit");
  root.footer("Exit codes: 0 done, 1 the caller's mistake or bad input, 2 the model needs something unsupported,\n"
              "3 a comparison failed, 4 over a stated limit. MLIR's own switches (--mlir-...) work too.");
  std::vector<Command> commands = {addCompileCommand(root), addRunCommand(root),     addVerifyCommand(root),
                                   addBenchCommand(root),   addInspectCommand(root), addGradCommand(root),
                                   addTrainCommand(root),   addEvalCommand(root)};

  std::vector<std::string> arguments, mlirSwitches;
  for (int i = 1; i < argc; ++i)
    (llvm::StringRef(argv[i]).starts_with("--mlir-") ? mlirSwitches : arguments).push_back(argv[i]);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    root.parse(reversed);
  } catch (const CLI::Success &success) {
    return root.exit(success, std::cout, std::cerr);
  } catch (const CLI::ParseError &error) {
    return reportError(usageError(explain(root, error, arguments)));
  }
  if (!mlirSwitches.empty())
    if (llvm::Error error = parseMlirSwitches(mlirSwitches))
      return reportError(std::move(error));
  for (const Command &command : commands) {
    if (!command.app->parsed())
      continue;
    llvm::Expected<int> code = command.run();
    llvm::outs().flush();
    if (std::error_code error = llvm::outs().error()) {
      llvm::outs().clear_error(); // which would end the process
      llvm::consumeError(code.takeError());
      return reportError(usageError("cannot write to standard output: " + error.message()));
    }
    return code ? *code : reportError(code.takeError());
  }
  return 0;
}
