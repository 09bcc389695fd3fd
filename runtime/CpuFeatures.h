//===- CpuFeatures.h - What this processor can do ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPUFEATURES_H
#define INGOT_RUNTIME_CPUFEATURES_H

#include "runtime/Text.h"
#include <stdint.h>

namespace ingot::runtime {

struct CpuFeature {
  uint64_t bit;     ///< one INGOT_CPU_* bit
  const char *name; ///< as LLVM calls it ("avx512f", "dotprod")
  bool x86;         ///< or aarch64
};

/// Every feature of abi.h.
const CpuFeature *cpuFeatureTable(unsigned &count);

/// The features that this processor has and that the operating system has enabled.
uint64_t hostCpuFeatures();

/// The bit of an LLVM feature name on x86 or aarch64, 0 for one that abi.h does not list.
uint64_t cpuFeatureBit(const char *name, bool x86);

/// Appends the names of `features`, separated by ", ".
void appendFeatureNames(Text &text, uint64_t features);

/// Number of physical cores that this process may use: affinity and the cgroup's processor quota limit it, and
/// hyper-threads of one core count once.
unsigned physicalCores();

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPUFEATURES_H
