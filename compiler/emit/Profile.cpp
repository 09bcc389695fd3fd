//===- Profile.cpp - Where the time of a run goes -------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Profile.h"
#include <chrono>

namespace {
using Clock = std::chrono::steady_clock;
thread_local std::vector<ingot::KernelSpan> *recorded = nullptr;
thread_local Clock::time_point begin;
} // namespace

std::vector<ingot::KernelSpan> ingot::recordKernels(llvm::function_ref<void()> run) {
  std::vector<KernelSpan> spans;
  recorded = &spans;
  begin = Clock::now();
  run();
  recorded = nullptr;
  return spans;
}

void ingot_profile(int64_t kernel) {
  double now = std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
  if (!recorded)
    return;
  if (kernel >= 0)
    recorded->push_back({unsigned(kernel), now, now});
  else
    recorded->back().end = now;
}
