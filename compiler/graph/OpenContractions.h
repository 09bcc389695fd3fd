//===- OpenContractions.h - Contractions that no kernel can do --*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_GRAPH_OPENCONTRACTIONS_H
#define INGOT_COMPILER_GRAPH_OPENCONTRACTIONS_H

#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// Kernels need a number of channels and columns that is known. `samples` are one model for several sizes: contractions
/// that differ in these numbers are marked, in all samples, to become loops.
llvm::LogicalResult markOpenContractions(llvm::ArrayRef<mlir::ModuleOp> samples);

/// Whether `op` was marked.
inline bool isOpenContraction(mlir::Operation *op) { return op->hasAttr("ingot.open_contraction"); }

} // namespace ingot

#endif // INGOT_COMPILER_GRAPH_OPENCONTRACTIONS_H
