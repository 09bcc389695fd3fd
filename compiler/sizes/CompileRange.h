//===- CompileRange.h - One module for a range of sizes ---------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model whose dimensions stay open goes through the phases before `plan` once for each of a few sizes, where every
// size is known, and what comes out is merged to one module, in which sizes are values that the run brings along. So
// whatever is decided from shapes (an exporter's shape arithmetic, layouts, fusion) needs to know nothing of open
// dimensions. The phases from `plan` on see `?`, with bounds.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_SIZES_COMPILERANGE_H
#define INGOT_COMPILER_SIZES_COMPILERANGE_H

#include "compiler/Specialize.h"

namespace ingot {

using ModelLoader = llvm::function_ref<llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>(const Dims &)>;

/// The model for all sizes within `options.ranges`, after the phases before `plan`. `load` reads it for some sizes.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
compileRange(mlir::MLIRContext &context, llvm::ArrayRef<InputInfo> inputs, const Options &options, ModelLoader load);

/// Whether `module` is what compileRange made.
bool isMerged(mlir::ModuleOp module);

} // namespace ingot

#endif // INGOT_COMPILER_SIZES_COMPILERANGE_H
