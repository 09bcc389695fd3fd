//===- MergeSamples.h - One module of several sizes -------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_SIZES_MERGESAMPLES_H
#define INGOT_COMPILER_SIZES_MERGESAMPLES_H

#include "compiler/sizes/SizeFunction.h"
#include "dialects/ingot/InputInfo.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// Turns the first of `samples` into the module of all sizes. They are the same model on memrefs, one for each sample
/// of `functions`, and `upper` (which is asked for where weights differ) is that of the upper bounds. Numbers that
/// differ become functions of the open dimensions, which @main reads from `inputs`. Fails, with an error at the op,
/// where anything else differs.
llvm::LogicalResult mergeSamples(llvm::ArrayRef<mlir::ModuleOp> samples, SizeFunctions &functions,
                                 llvm::ArrayRef<InputInfo> inputs, llvm::function_ref<mlir::ModuleOp()> upper);

} // namespace ingot

#endif // INGOT_COMPILER_SIZES_MERGESAMPLES_H
