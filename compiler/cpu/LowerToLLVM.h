//===- LowerToLLVM.h - From loops and vectors to LLVM -----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_CPU_LOWERTOLLVM_H
#define INGOT_COMPILER_CPU_LOWERTOLLVM_H

#include "compiler/Options.h"
#include "mlir/Pass/PassManager.h"

namespace ingot {

/// Appends the passes from scf, vector, arith, math and memref to the LLVM dialect, with the C entry of the model.
void addLowerToLLVM(mlir::OpPassManager &pm, const CpuTarget &target);

/// The same as a pipeline of ingot-opt, `--lower-to-llvm`.
void registerLowerToLLVM();

} // namespace ingot

#endif // INGOT_COMPILER_CPU_LOWERTOLLVM_H
