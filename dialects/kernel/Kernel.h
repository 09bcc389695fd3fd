//===- Kernel.h - The kernel dialect --------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_KERNEL_KERNEL_H
#define INGOT_DIALECTS_KERNEL_KERNEL_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace ingot::kernel {

/// Columns of a panel of packed weights, on every processor.
constexpr int64_t panelWidth = 16;

/// How a window slides over the two spatial dimensions of an input, and the physical place of each logical dimension
/// (batch, height, width, channels). The default is a matrix product.
struct Window {
  llvm::SmallVector<int64_t> kernel = {1, 1}, strides = {1, 1};
  llvm::SmallVector<int64_t> pads = {0, 0, 0, 0}; // top, left, bottom, right
  llvm::SmallVector<int64_t> dilations = {1, 1}, inputDilations = {1, 1};
  int64_t groups = 1;
  llvm::SmallVector<int64_t> inputDims = {0, 1, 2, 3}, outputDims = {0, 1, 2, 3};

  /// Whether each output pixel reads the input pixel at its own place and nothing else.
  bool isPointwise() const;
  /// The output's extent in spatial dimension `dim` (0 or 1) for an input of `extent` pixels.
  int64_t outputExtent(unsigned dim, int64_t extent) const;
};

/// Builds the value to yield from the accumulator and one element of each extra operand.
using EpilogueBuilder = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// The shape of the panels that `kernel.brgemm` reads: `columns` and `channels` are those of one group. Packed rows are
/// panels of another width.
llvm::SmallVector<int64_t> panelShape(llvm::ArrayRef<int64_t> lead, int64_t groups, int64_t taps, int64_t channels,
                                      int64_t columns, int64_t width = panelWidth);

/// The type in which elements of `type` are computed: f32 for narrower floats, any other type itself.
mlir::Type accumulatorType(mlir::Type type);

/// Lets one-shot bufferization turn the ops from tensors to memrefs.
void registerBufferization(mlir::DialectRegistry &registry);

} // namespace ingot::kernel

#include "dialects/kernel/KernelDialect.h.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/Kernel.h.inc"

#endif // INGOT_DIALECTS_KERNEL_KERNEL_H
