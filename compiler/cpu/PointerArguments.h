//===- PointerArguments.h - Memrefs as plain pointers -----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of a finished module take a memref as a pointer followed by those of its sizes, strides and offset that its
// type leaves open, so that a static one costs a register and pointer attributes have a place to stand.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_CPU_POINTERARGUMENTS_H
#define INGOT_COMPILER_CPU_POINTERARGUMENTS_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// What is known of the memory behind an argument: an alignment, and whether nothing else in the function reaches it.
struct PointerFacts {
  uint64_t alignment = 1;
  bool unaliased = false;
};

/// The LLVM types that a value of `type` travels as.
llvm::SmallVector<mlir::Type> pointerTypes(mlir::Type type, const mlir::LLVMTypeConverter &converter);

/// Takes `value` apart, into values of pointerTypes(its type).
llvm::SmallVector<mlir::Value> unpackPointers(mlir::ImplicitLocOpBuilder &builder, mlir::Value value,
                                              const mlir::LLVMTypeConverter &converter);

/// Puts a value of `type` together again.
mlir::Value packPointers(mlir::ImplicitLocOpBuilder &builder, mlir::Type type, mlir::ValueRange parts,
                         const mlir::LLVMTypeConverter &converter);

/// What holds of each of `values`, used side by side; `known` has the facts about arguments.
llvm::SmallVector<PointerFacts> comparePointers(mlir::ValueRange values,
                                                const llvm::DenseMap<mlir::Value, PointerFacts> &known);

/// Finds for each memref argument of the functions that @main calls what holds at every call.
llvm::DenseMap<mlir::Value, PointerFacts> analyzePointers(mlir::ModuleOp module);

/// The attributes of LLVM's pointer argument that stands for a memref of `type`.
mlir::DictionaryAttr pointerAttributes(mlir::MemRefType type, PointerFacts facts);

/// Rewrites every function and call to pointer arguments.
void lowerSignatures(mlir::ModuleOp module, const mlir::LLVMTypeConverter &converter);

/// Makes each kernel.slice of a buffer arithmetic on its pointer.
void lowerSlices(mlir::ModuleOp module, const mlir::LLVMTypeConverter &converter);

} // namespace ingot

#endif // INGOT_COMPILER_CPU_POINTERARGUMENTS_H
