//===- Context.h - What a run passes down its functions ---------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The generated entry keeps `struct { ingot_pool *pool; int32_t status; }` on its stack and passes its address as the
// last argument of every function: generated code has no global state.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_CPU_CONTEXT_H
#define INGOT_COMPILER_CPU_CONTEXT_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace ingot {

inline mlir::Type contextType(mlir::MLIRContext *context) {
  return mlir::LLVM::LLVMStructType::getLiteral(
      context, {mlir::LLVM::LLVMPointerType::get(context), mlir::IntegerType::get(context, 32)});
}

/// The context argument of a function.
inline mlir::Value contextOf(mlir::FunctionOpInterface function) {
  return function.getFunctionBody().front().getArguments().back();
}

inline mlir::Value loadPool(mlir::ImplicitLocOpBuilder &builder, mlir::Value context) {
  return mlir::LLVM::LoadOp::create(builder, context.getType(), context);
}

/// The address of the run's status.
inline mlir::Value statusAddress(mlir::ImplicitLocOpBuilder &builder, mlir::Value context) {
  return mlir::LLVM::GEPOp::create(builder, context.getType(), contextType(builder.getContext()), context,
                                   llvm::ArrayRef<mlir::LLVM::GEPArg>{0, 1});
}

} // namespace ingot

#endif // INGOT_COMPILER_CPU_CONTEXT_H
