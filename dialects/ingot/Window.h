//===- Window.h - Numbers of convolutions and windows -----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_WINDOW_H
#define INGOT_DIALECTS_INGOT_WINDOW_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Location.h"

namespace ingot {

/// How a window slides along each of some dimensions. Place `k` of the window at output `o` reads the input, spread out
/// by `inputDilations` with zeros between, at `o * strides + k * dilations - low`.
struct WindowNumbers {
  llvm::SmallVector<int64_t> strides, low, high, dilations, inputDilations;

  WindowNumbers() = default;
  /// `rank` dimensions with strides and dilations of one and no padding.
  explicit WindowNumbers(size_t rank)
      : strides(rank, 1), low(rank, 0), high(rank, 0), dilations(rank, 1), inputDilations(rank, 1) {}
  size_t rank() const { return strides.size(); }
  /// Distance from the window's first place to one past its last.
  int64_t reach(size_t dim, int64_t window) const { return (window - 1) * dilations[dim] + 1; }
  /// The input's size with zeros between its elements.
  int64_t spread(size_t dim, int64_t size) const { return size > 0 ? (size - 1) * inputDilations[dim] + 1 : 0; }
  /// The size of the output, which is dynamic when that of the input or window is; negative when the window does not fit.
  int64_t outputSize(size_t dim, int64_t size, int64_t window) const;
  /// The output's size along `dim` at run time, of an input that is already padded and spread out.
  mlir::OpFoldResult outputSizeOf(mlir::ImplicitLocOpBuilder &b, size_t dim, mlir::Value padded, int64_t paddedDim,
                                  mlir::OpFoldResult window) const;
  /// Reports lists of the wrong length and numbers out of range.
  llvm::LogicalResult verify(std::optional<mlir::Location> loc, size_t rank) const;
};

/// Pads and spreads out `x`, of storage type, with `fill` as `numbers` says; there is one number for each dimension.
mlir::Value padForWindow(mlir::ImplicitLocOpBuilder &b, mlir::Value x, const WindowNumbers &numbers, mlir::Value fill);

/// Everything that an ingot.conv is but its operands. The lists of positions say where in its tensor each logical
/// dimension is: x [batch, feature, spatial...], w [out, in, spatial...], y [batch, feature, spatial...].
struct ConvNumbers {
  WindowNumbers window;
  llvm::SmallVector<int64_t> x, w, y;
  int64_t groups = 1, batchGroups = 1;
  bool flip = false; ///< the kernel's taps run backwards

  ConvNumbers() = default;
  /// A convolution over `spatial` dimensions with every number at its default.
  explicit ConvNumbers(size_t spatial);
};

/// The numbers of a pooling operator in the terms of ONNX; an empty list is the default.
struct PoolAttrs {
  llvm::SmallVector<int64_t> kernel, strides, pads, dilations;
  bool ceilMode = false, countIncludePad = false;
};

/// Pooling of `x`, which has its batch first and its features second.
mlir::Value buildMaxPool(mlir::ImplicitLocOpBuilder &b, mlir::Value x, const PoolAttrs &attrs);
mlir::Value buildAveragePool(mlir::ImplicitLocOpBuilder &b, mlir::Value x, const PoolAttrs &attrs);
mlir::Value buildSumPool(mlir::ImplicitLocOpBuilder &b, mlir::Value x, const PoolAttrs &attrs);
/// The places of the maxima in x, which has a static shape, as numbers that count its elements in memory; or, with
/// `columnMajor`, as if the first of the spatial dimensions were the innermost.
mlir::Value buildMaxPoolPlaces(mlir::ImplicitLocOpBuilder &b, mlir::Value x, const PoolAttrs &attrs, bool columnMajor);

/// The transposed convolution (ONNX ConvTranspose, without bias) as a convolution of the spread-out input. Pads of two
/// entries a dimension, begins first. Null, with a diagnostic, when the numbers do not fit.
mlir::Value buildConvTranspose(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value w,
                               llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> pads,
                               llvm::ArrayRef<int64_t> outputPads, llvm::ArrayRef<int64_t> dilations, int64_t groups);

/// Pads (begins, then ends) that keep the output at ceil(size / stride): ONNX's SAME_UPPER, or SAME_LOWER.
llvm::SmallVector<int64_t> samePads(llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> kernel,
                                    llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations, bool upper);

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_WINDOW_H
