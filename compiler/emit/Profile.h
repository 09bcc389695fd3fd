//===- Profile.h - Where the time of a run goes -----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_EMIT_PROFILE_H
#define INGOT_COMPILER_EMIT_PROFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <vector>

namespace ingot {

/// One call of a kernel, in microseconds from the begin of the recording.
struct KernelSpan {
  unsigned kernel; ///< its place in ModelInfo::kernels
  double begin, end;
};

/// The kernels that code compiled with Options::profile calls on this thread while `run` runs, in their order.
std::vector<KernelSpan> recordKernels(llvm::function_ref<void()> run);

} // namespace ingot

/// What profiled code calls before a kernel, with its place, and after it, with -1.
extern "C" void ingot_profile(int64_t kernel);

#endif // INGOT_COMPILER_EMIT_PROFILE_H
