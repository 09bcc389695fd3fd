//===- LoadedObjective.h - A model with its loss ----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TOOLS_LOADEDOBJECTIVE_H
#define INGOT_COMPILER_TOOLS_LOADEDOBJECTIVE_H

#include "compiler/tools/Command.h"
#include "compiler/train/Step.h"

namespace ingot {

/// What `grad` and `train` begin with: a model whose matching weights are parameters, and a loss.
struct LoadedObjective {
  Options options;
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Objective objective;
};

/// Loads `model` for the inputs in `inputsDirectory`. Weights that match `wrt` become parameters.
llvm::Expected<LoadedObjective> loadObjective(const CompileFlags &flags, const std::string &model,
                                              const std::string &loss, const std::string &wrt,
                                              const std::string &inputsDirectory);

} // namespace ingot

#endif // INGOT_COMPILER_TOOLS_LOADEDOBJECTIVE_H
