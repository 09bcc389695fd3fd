//===- Faults.h - Values that make a run fail -------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A fault is found by a reduction of its own, which vectorizes: what computes with the value neither branches nor waits.
// It has to be safe with any value, because a chunk of it may run before the fault is known.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_FAULTS_H
#define INGOT_DIALECTS_INGOT_FAULTS_H

#include "dialects/ingot/LinalgBuilder.h"

namespace ingot {

/// Makes the run end with the status of the node that the builder's location names where `isFault`, an i1, holds for any
/// element of the inputs, which are read at `maps` of `loops` loops.
void faultWhere(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> maps,
                int64_t loops, Body isFault);

/// The same for one scalar.
void faultIf(mlir::ImplicitLocOpBuilder &b, mlir::Value isFault);

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_FAULTS_H
