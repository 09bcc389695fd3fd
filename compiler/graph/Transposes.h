//===- Transposes.h - Patterns on transposes and reshapes -------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_GRAPH_TRANSPOSES_H
#define INGOT_COMPILER_GRAPH_TRANSPOSES_H

#include "dialects/ingot/Ops.h"
#include "mlir/IR/PatternMatch.h"

namespace ingot {

/// Whether `value` is computed from weights and constants alone, so that the compiler evaluates it.
bool isConstantTree(mlir::Value value);

/// The transpose that `value` is, if it is one that the program runs.
TransposeOp transposeOf(mlir::Value value);

/// Patterns that bring transposes and reshapes together: reshapes before transposes where that is possible, two of a
/// kind as one, and transposes that move nothing as reshapes.
void populateMeetingTransposes(mlir::RewritePatternSet &patterns);

/// Patterns that move a constant factor for each feature of a convolution's result into its weights.
void populateScaleFolding(mlir::RewritePatternSet &patterns);

} // namespace ingot

#endif // INGOT_COMPILER_GRAPH_TRANSPOSES_H
