//===- LinalgBuilder.h - Building linalg and tensor ops ---------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the lowerings of op families share. Tensors here hold storage types, and a body works on compute types (see
// Dialect.h): f16 and bf16 are widened as they are read and rounded once, as the result is written. Sizes are constants
// where they are static, so that a lowering need not tell static shapes from dynamic ones.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_LINALGBUILDER_H
#define INGOT_DIALECTS_INGOT_LINALGBUILDER_H

#include "dialects/ingot/Dialect.h"

namespace ingot {

using Sizes = llvm::SmallVector<mlir::OpFoldResult>;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// The size of a dimension. Looks through linalg ops to the size that their result was made with, so that equal sizes
/// are often the same value.
mlir::OpFoldResult sizeOf(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor, int64_t dim);
Sizes sizesOf(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor);

/// Whether two sizes are known to be equal.
bool sameSize(mlir::OpFoldResult a, mlir::OpFoldResult b);
/// The static shape that `sizes` tell: `?` for a value.
llvm::SmallVector<int64_t> shapeOf(llvm::ArrayRef<mlir::OpFoldResult> sizes);
/// A size as a value of type index.
mlir::Value sizeValue(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult size);
mlir::OpFoldResult addSizes(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult x, mlir::OpFoldResult y);
mlir::OpFoldResult mulSizes(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult x, mlir::OpFoldResult y);
mlir::OpFoldResult divSizes(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult x, mlir::OpFoldResult y);

/// The sizes of the NumPy broadcast of `operands`, which is known to have the shape `shape`.
Sizes broadcastSizes(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange operands, llvm::ArrayRef<int64_t> shape);

//===----------------------------------------------------------------------===//
// Tensors and scalars
//===----------------------------------------------------------------------===//

/// A tensor whose elements are not set.
mlir::Value emptyTensor(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type element);
/// A tensor whose elements are all `scalar`.
mlir::Value filledTensor(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Value scalar);
/// A number of a signless integer or float type.
mlir::Value scalarConstant(mlir::ImplicitLocOpBuilder &b, mlir::Type type, double value);
/// The same elements with another shape: at most one tensor.collapse_shape, cast and expand_shape.
mlir::Value reshapeTensor(mlir::ImplicitLocOpBuilder &b, mlir::Value x, llvm::ArrayRef<mlir::OpFoldResult> sizes);
/// Cuts `sizes` elements from `offsets` on.
mlir::Value extractSlice(mlir::ImplicitLocOpBuilder &b, mlir::Value x, llvm::ArrayRef<mlir::OpFoldResult> offsets,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// A scalar or vector of storage type as one of compute type, and back. `element` is the ingot element type.
mlir::Value fromStorage(mlir::ImplicitLocOpBuilder &b, mlir::Value stored, mlir::Type element);
mlir::Value toStorage(mlir::ImplicitLocOpBuilder &b, mlir::Value computed, mlir::Type element);

//===----------------------------------------------------------------------===//
// Generic ops
//===----------------------------------------------------------------------===//

/// Builds the value of one element from one element of each input.
using Body = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;

/// Input `i` is read at `maps[i]` of the loops, which are the result's dimensions; elements keep their storage types.
mlir::Value buildParallel(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> maps,
                          llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type element, Body body);

/// Inputs broadcast as in NumPy to `sizes`; elements keep their storage types.
mlir::Value buildBroadcast(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange inputs,
                           llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type element, Body body);

/// The same on compute types: `elements` are the inputs' ingot element types and `element` is the result's.
mlir::Value buildPointwise(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange inputs, llvm::ArrayRef<mlir::Type> elements,
                           llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type element, Body body);

/// Reduces dimensions `axes` (sorted) of `x`, whose ingot element type is `element`. `init` and the body's two arguments
/// (element, accumulator) have the accumulator's type; an element is widened to it where it is a wider float. The result
/// lacks the axes, and still holds the accumulator's type.
mlir::Value buildReduction(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Type element, llvm::ArrayRef<int64_t> axes,
                           mlir::Value init, Body body);

/// A tensor of compute type rounded to the storage of `element`; itself where the types agree.
mlir::Value roundTensor(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Type element);

/// The map from `loops` loops to an operand of shape `shape` that broadcasts to them: constant 0 where its size is 1.
mlir::AffineMap broadcastMap(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> shape, int64_t loops);

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_LINALGBUILDER_H
