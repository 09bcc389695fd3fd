//===- Movement.h - Building movement ops ----------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Short forms that gradients, decompositions and frontends use. Each folds where it can; axes may be negative.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_MOVEMENT_H
#define INGOT_DIALECTS_INGOT_MOVEMENT_H

#include "dialects/ingot/Ops.h"

namespace ingot {

/// `shape` as in ingot.reshape.
mlir::Value reshaped(mlir::ImplicitLocOpBuilder &b, mlir::Value x, llvm::ArrayRef<int64_t> shape);
/// Drops dimensions of size 1.
mlir::Value squeezed(mlir::ImplicitLocOpBuilder &b, mlir::Value x, llvm::ArrayRef<int64_t> axes);
/// Adds dimensions of size 1; `axes` count in the result.
mlir::Value unsqueezed(mlir::ImplicitLocOpBuilder &b, mlir::Value x, llvm::ArrayRef<int64_t> axes);
/// A matrix of the dimensions before `axis` by the others.
mlir::Value flattened(mlir::ImplicitLocOpBuilder &b, mlir::Value x, int64_t axis);
mlir::Value transposed(mlir::ImplicitLocOpBuilder &b, mlir::Value x, llvm::ArrayRef<int64_t> perm);
mlir::Value expanded(mlir::ImplicitLocOpBuilder &b, mlir::Value x, llvm::ArrayRef<int64_t> shape);
/// x broadcast with the shape of `like`, which may be unknown.
mlir::Value expandedLike(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value like);
/// Elements from `start` to `end` along one axis.
mlir::Value sliced(mlir::ImplicitLocOpBuilder &b, mlir::Value x, int64_t axis, int64_t start, int64_t end,
                   int64_t step = 1);
mlir::Value reversed(mlir::ImplicitLocOpBuilder &b, mlir::Value x, llvm::ArrayRef<int64_t> axes);
/// A constant of rank 0.
mlir::Value literal(mlir::ImplicitLocOpBuilder &b, double value, mlir::Type element);
/// A tensor of a static type whose elements are all `value`.
mlir::Value splat(mlir::ImplicitLocOpBuilder &b, double value, mlir::RankedTensorType type);
/// Zeros of the type of `like`, whose shape may be unknown.
mlir::Value zerosLike(mlir::ImplicitLocOpBuilder &b, mlir::Value like);
/// x converted to another element type; x itself where it has it.
mlir::Value castTo(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Type element);
/// start, start + delta, ... : `count` numbers.
mlir::Value range(mlir::ImplicitLocOpBuilder &b, mlir::Type element, double start, int64_t count, double delta);

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_MOVEMENT_H
