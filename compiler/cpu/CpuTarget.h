//===- CpuTarget.h - Processors by name -------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_CPU_CPUTARGET_H
#define INGOT_COMPILER_CPU_CPUTARGET_H

#include "compiler/Options.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace ingot {

/// The processor that this process runs on: its level plus every further instruction set that Ingot knows of.
CpuTarget hostTarget();

/// The target of a name as `--target` takes it: "host", a level such as "x86-64-v3", or "aarch64".
llvm::Expected<CpuTarget> parseTarget(llvm::StringRef name);

/// The names that parseTarget takes.
std::vector<llvm::StringRef> targetNames();

/// Whether code for `target` runs in this process.
bool runsOnHost(const CpuTarget &target);

} // namespace ingot

#endif // INGOT_COMPILER_CPU_CPUTARGET_H
