//===- OpenFunction.h - A function of open dimensions -----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_SIZES_OPENFUNCTION_H
#define INGOT_COMPILER_SIZES_OPENFUNCTION_H

#include "compiler/sizes/SizeFunction.h"
#include "dialects/ingot/InputInfo.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// Computes, at the start of a function, the numbers that depend on open dimensions.
class OpenFunction {
public:
  /// A private function gets the dimensions as arguments behind its own.
  OpenFunction(mlir::func::FuncOp func, unsigned numDims);

  /// The public function reads the dimensions from its arguments.
  llvm::LogicalResult readDims(const SizeFunctions &functions, llvm::ArrayRef<InputInfo> inputs);

  mlir::func::FuncOp function() { return func; }
  mlir::ValueRange dims() const { return dimValues; }

  mlir::OpFoldResult size(mlir::AffineExpr function);
  /// A scalar constant that has these values at the samples: a number or, for floats, the inverse of one; null where it
  /// is neither.
  mlir::Value number(SizeFunctions &functions, llvm::ArrayRef<mlir::TypedAttr> values);
  /// Makes `argument` a buffer of type `whole`, of which the function sees the part from 0 to `sizes`, as `part`.
  void takeCorner(mlir::BlockArgument argument, mlir::MemRefType whole, mlir::MemRefType part,
                  llvm::ArrayRef<mlir::AffineExpr> sizes, const SizeFunctions &functions);

private:
  mlir::ImplicitLocOpBuilder builder();

  mlir::func::FuncOp func;
  mlir::Operation *anchor; ///< stays the end of what is computed
  llvm::SmallVector<mlir::Value> dimValues;
  llvm::DenseMap<mlir::AffineExpr, mlir::Value> known;
};

/// Whether a dense tensor is the part of a larger one that begins at index 0 of each dimension.
bool isCorner(mlir::RankedTensorType smallType, llvm::ArrayRef<char> small, mlir::RankedTensorType largeType,
              llvm::ArrayRef<char> large);

} // namespace ingot

#endif // INGOT_COMPILER_SIZES_OPENFUNCTION_H
