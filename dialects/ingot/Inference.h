//===- Inference.h - Shape arithmetic shared by type inference ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_INFERENCE_H
#define INGOT_DIALECTS_INGOT_INFERENCE_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/ValueRange.h"

namespace ingot {

using Types = llvm::SmallVectorImpl<mlir::Type>;
using MaybeLoc = std::optional<mlir::Location>;

/// Appends to `shape` the NumPy broadcast of the shapes of `operands`; `?` against a size other than 1 is that size.
llvm::LogicalResult broadcastShapes(MaybeLoc loc, mlir::ValueRange operands, llvm::SmallVectorImpl<int64_t> &shape);

/// The operands broadcast together and share one element type, which is the result's.
llvm::LogicalResult inferBroadcast(MaybeLoc loc, mlir::ValueRange operands, Types &types);
/// The same, but the result is a truth value.
llvm::LogicalResult inferCompare(MaybeLoc loc, mlir::ValueRange operands, Types &types);
/// (condition, a, b): a and b share the result's element type.
llvm::LogicalResult inferWhere(MaybeLoc loc, mlir::ValueRange operands, Types &types);
/// (a, b) whose element types may differ; the result has a's.
llvm::LogicalResult inferPow(MaybeLoc loc, mlir::ValueRange operands, Types &types);
/// x's shape with another element type.
llvm::LogicalResult inferCast(MaybeLoc loc, mlir::Value x, mlir::Type to, Types &types);

/// Counts a negative axis from the end of `rank`.
inline int64_t wrapAxis(int64_t axis, int64_t rank) { return axis < 0 ? axis + rank : axis; }

/// Makes `axis` non-negative, or reports that it lies outside `rank`.
mlir::FailureOr<int64_t> normalizeAxis(MaybeLoc loc, int64_t axis, int64_t rank);

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_INFERENCE_H
