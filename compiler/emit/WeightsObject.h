//===- WeightsObject.h - The blob of weights as an object file --*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_EMIT_WEIGHTSOBJECT_H
#define INGOT_COMPILER_EMIT_WEIGHTSOBJECT_H

#include "compiler/emit/Metadata.h"
#include "llvm/Support/raw_ostream.h"

namespace ingot {

/// Writes a relocatable ELF object that defines the hidden symbol `symbol` as the model's weights. LLVM takes minutes
/// for a constant of a hundred megabytes; this copies bytes.
void writeWeightsObject(llvm::raw_ostream &stream, const ModelInfo &info, const CpuTarget &target,
                        llvm::StringRef symbol);

} // namespace ingot

#endif // INGOT_COMPILER_EMIT_WEIGHTSOBJECT_H
