//===- Values.h - Questions about the values of a graph --------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_VALUES_H
#define INGOT_DIALECTS_INGOT_VALUES_H

#include "dialects/ingot/Ops.h"

namespace ingot {

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value x) {
  return mlir::cast<mlir::RankedTensorType>(x.getType()).getShape();
}
inline int64_t rankOf(mlir::Value x) { return shapeOf(x).size(); }
inline int64_t sizeAt(mlir::Value x, int64_t dim) { return shapeOf(x)[dim]; }
/// `axis` of `x` counted from the front.
inline int64_t axisOf(mlir::Value x, int64_t axis) { return axis < 0 ? axis + rankOf(x) : axis; }

/// Weights and constants: nothing computes them, and they need no memory of their own.
inline bool isFree(mlir::Operation *op) {
  return mlir::isa<ReadWeightOp>(op) || op->hasTrait<mlir::OpTrait::ConstantLike>();
}

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_VALUES_H
