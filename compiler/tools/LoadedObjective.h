//===- LoadedObjective.h - A model with its loss ----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TOOLS_LOADEDOBJECTIVE_H
#define INGOT_COMPILER_TOOLS_LOADEDOBJECTIVE_H

#include "compiler/tools/Samples.h"
#include "compiler/train/Step.h"

namespace ingot {

/// What tells the sizes of a model's inputs: a folder with one batch, or arrays of samples, or else the size of a batch
/// alone.
struct BatchSource {
  std::string inputsDirectory;
  std::shared_ptr<runtime::Dataset> data;
  uint64_t batch = 0;   ///< samples in a batch; 0: what the model wants, or 32
  uint64_t samples = 0; ///< that batches are made of
  RunMode mode = RunMode::AsGiven;
};

/// What `grad` and `train` begin with: a model whose matching weights are parameters, and a loss.
struct LoadedObjective {
  Options options;
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Objective objective;
  uint64_t batch = 0; ///< samples in a batch of the data
};

/// Loads `model` for batches of `source`. Weights that match `wrt` become parameters.
llvm::Expected<LoadedObjective> loadObjective(const CompileFlags &flags, const std::string &model,
                                              const std::string &loss, const std::string &wrt,
                                              const BatchSource &source);

} // namespace ingot

#endif // INGOT_COMPILER_TOOLS_LOADEDOBJECTIVE_H
