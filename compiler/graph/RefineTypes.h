//===- RefineTypes.h - Sizes that follow from other sizes -------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_GRAPH_REFINETYPES_H
#define INGOT_COMPILER_GRAPH_REFINETYPES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot {

/// Gives `value` a type that says more. Ops that do not infer their types from it, such as loops, see a cast.
void narrow(mlir::Value value, mlir::Type type);

/// Infers the types of the function's ops again, from its arguments on. Operands look behind casts that hide a size.
/// Fails, with an error at the op, where sizes do not go together.
llvm::LogicalResult refineTypes(mlir::func::FuncOp func);

} // namespace ingot

#endif // INGOT_COMPILER_GRAPH_REFINETYPES_H
