//===- Compiler.h - From a model to code ------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_COMPILER_H
#define INGOT_COMPILER_COMPILER_H

#include "compiler/Options.h"
#include "compiler/emit/Jit.h"
#include "compiler/emit/Metadata.h"
#include "dialects/ingot/InputInfo.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "runtime/abi.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace ingot {

/// A failure with the status that a program ends with.
class StatusError : public llvm::ErrorInfo<StatusError> {
public:
  static char ID;
  StatusError(ingot_status status, const llvm::Twine &text) : status(status), text(text.str()) {}

  ingot_status status;
  std::string text; ///< without "error: "

  void log(llvm::raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
};

/// What an error of the importer or the compiler says, with the status that it stands for.
StatusError statusOf(llvm::Error error);

/// A context with every dialect that a compilation meets.
std::unique_ptr<mlir::MLIRContext> createContext();

/// Fails where no file is at `path`.
llvm::Error checkModelPath(llvm::StringRef path);

/// The inputs of the model at `path`, which may be one that loadModel reads only once its dimensions have values.
llvm::Expected<std::vector<InputInfo>> modelInputs(llvm::StringRef path);

/// Reads a model: an ONNX file, or MLIR's text or bytecode when the name ends in .mlir or .mlirbc.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> loadModel(mlir::MLIRContext &context, llvm::StringRef path,
                                                            const Options &options);

/// Runs the phases from `options.compileFrom` to `options.compileTo` on `module`. Takes part in MLIR's command-line switches when they are
/// registered, and writes what `options.dumpDir` asks for.
llvm::Error runPhases(mlir::ModuleOp module, const Options &options);

/// What generated code refers to, and is known by.
struct EmitOptions {
  std::string modelSymbol = mainModelSymbol.str(); ///< the constant that describes the model
  std::string weightsSymbol;                       ///< the blob of weights; "": the host supplies it
};

/// A model as objects to link, or to load into this process.
struct CompiledModel {
  ModelInfo info;
  EmitOptions symbols; ///< what the objects define and want
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
};

/// Compiles `module` all the way to objects.
llvm::Expected<CompiledModel> compile(mlir::ModuleOp module, const Options &options, const EmitOptions &emit = {});

/// Compiles `module` to LLVM's text or to assembly.
llvm::Expected<std::string> compileToText(mlir::ModuleOp module, const Options &options, bool assembly);

/// Compiles `module` and loads it into this process. It keeps references to the module's weights only while it loads.
llvm::Expected<std::unique_ptr<JitModel>> compileAndLoad(mlir::ModuleOp module, const Options &options);

} // namespace ingot

#endif // INGOT_COMPILER_COMPILER_H
