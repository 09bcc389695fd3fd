//===- Decompose.h - Composite ops into the ops that they stand for -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_GRAPH_DECOMPOSE_H
#define INGOT_COMPILER_GRAPH_DECOMPOSE_H

#include "mlir/IR/Operation.h"

namespace ingot {

/// Replaces every composite ingot op inside `root` by its decomposition, until only primitives are left, or, with
/// `keepRowwise`, primitives and ops that couple no more than the elements of a row.
llvm::LogicalResult decomposeComposites(mlir::Operation *root, bool keepRowwise = false);

/// Whether `op` is a composite ingot op.
bool isComposite(mlir::Operation *op);

/// Replaces one composite op by its decomposition. Returns the ops built.
llvm::FailureOr<llvm::SmallVector<mlir::Operation *>> decomposeComposite(mlir::Operation *op);

} // namespace ingot

#endif // INGOT_COMPILER_GRAPH_DECOMPOSE_H
