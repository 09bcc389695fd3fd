//===- Pipeline.h - The phases of a compilation -----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_PIPELINE_H
#define INGOT_COMPILER_PIPELINE_H

#include "compiler/Options.h"
#include "mlir/Pass/PassManager.h"

namespace ingot {

/// Every phase in order, with the name that `--compile-to` and `--dump-dir` know it by.
llvm::ArrayRef<std::pair<Phase, llvm::StringRef>> phases();

/// Adds the passes of one phase.
void buildPhase(mlir::OpPassManager &pm, Phase phase, const Options &options);

/// Adds every phase up to `options.compileTo`.
void buildPipeline(mlir::OpPassManager &pm, const Options &options);

/// Registers the pipeline as `--ingot-compile` of `ingot-opt`.
void registerPipeline();

/// Everything that the passes above need registered.
void registerDialects(mlir::DialectRegistry &registry);

} // namespace ingot

#endif // INGOT_COMPILER_PIPELINE_H
