//===- Loss.h - What training can minimise ----------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TRAIN_LOSS_H
#define INGOT_COMPILER_TRAIN_LOSS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/StringRef.h"

namespace ingot {

/// A loss that compares an output with a target. Names, definitions and means are PyTorch's.
struct Loss {
  llvm::StringRef name;
  /// The target that goes with an output: labels, or a tensor of the output's own type. Null for an
  /// output that the loss does not take.
  mlir::RankedTensorType (*targetType)(mlir::RankedTensorType output);
  /// Builds the mean over the batch, a tensor of rank 0.
  mlir::Value (*build)(mlir::ImplicitLocOpBuilder &b, mlir::Value output, mlir::Value target);
};

llvm::ArrayRef<Loss> losses();

/// Null when there is none of this name.
const Loss *findLoss(llvm::StringRef name);

} // namespace ingot

#endif // INGOT_COMPILER_TRAIN_LOSS_H
