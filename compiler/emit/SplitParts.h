//===- SplitParts.h - Dividing a module among threads -----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_EMIT_SPLITPARTS_H
#define INGOT_COMPILER_EMIT_SPLITPARTS_H

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"

namespace ingot {

/// Gives each defined function to one of `parts` parts of about the same number of instructions. A function with one
/// user stays with it, so that inlining sees what it would see undivided. Part 0 has the entry and exported variables.
llvm::StringMap<unsigned> assignParts(const llvm::Module &module, unsigned parts);

/// Leaves in `module` only what belongs to `part`; the rest becomes hidden declarations. Constants are repeated.
void keepPart(llvm::Module &module, const llvm::StringMap<unsigned> &partOf, unsigned part);

} // namespace ingot

#endif // INGOT_COMPILER_EMIT_SPLITPARTS_H
