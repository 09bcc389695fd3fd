//===- CpuFeatures.cpp - What this processor can do ----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/CpuFeatures.h"
#include "runtime/abi.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

using namespace ingot;
using namespace ingot::runtime;

static constexpr CpuFeature features[] = {
    {INGOT_CPU_SSE42, "sse4.2", true},
    {INGOT_CPU_POPCNT, "popcnt", true},
    {INGOT_CPU_AVX, "avx", true},
    {INGOT_CPU_AVX2, "avx2", true},
    {INGOT_CPU_FMA, "fma", true},
    {INGOT_CPU_F16C, "f16c", true},
    {INGOT_CPU_BMI, "bmi", true},
    {INGOT_CPU_BMI2, "bmi2", true},
    {INGOT_CPU_LZCNT, "lzcnt", true},
    {INGOT_CPU_MOVBE, "movbe", true},
    {INGOT_CPU_AVX512F, "avx512f", true},
    {INGOT_CPU_AVX512BW, "avx512bw", true},
    {INGOT_CPU_AVX512CD, "avx512cd", true},
    {INGOT_CPU_AVX512DQ, "avx512dq", true},
    {INGOT_CPU_AVX512VL, "avx512vl", true},
    {INGOT_CPU_AVX512VNNI, "avx512vnni", true},
    {INGOT_CPU_AVX512BF16, "avx512bf16", true},
    {INGOT_CPU_AVX512FP16, "avx512fp16", true},
    {INGOT_CPU_AVX512IFMA, "avx512ifma", true},
    {INGOT_CPU_AVX512VBMI, "avx512vbmi", true},
    {INGOT_CPU_AVX512VBMI2, "avx512vbmi2", true},
    {INGOT_CPU_AVX512BITALG, "avx512bitalg", true},
    {INGOT_CPU_AVX512VPOPCNTDQ, "avx512vpopcntdq", true},
    {INGOT_CPU_AVXVNNI, "avxvnni", true},
    {INGOT_CPU_AMX_TILE, "amx-tile", true},
    {INGOT_CPU_AMX_INT8, "amx-int8", true},
    {INGOT_CPU_AMX_BF16, "amx-bf16", true},
    {INGOT_CPU_NEON, "neon", false},
    {INGOT_CPU_FULLFP16, "fullfp16", false},
    {INGOT_CPU_DOTPROD, "dotprod", false},
    {INGOT_CPU_BF16, "bf16", false},
    {INGOT_CPU_I8MM, "i8mm", false},
    {INGOT_CPU_LSE, "lse", false},
    {INGOT_CPU_RDM, "rdm", false},
    {INGOT_CPU_FP16FML, "fp16fml", false},
    {INGOT_CPU_SVE, "sve", false},
    {INGOT_CPU_SVE2, "sve2", false},
};

const CpuFeature *runtime::cpuFeatureTable(unsigned &count) {
  count = sizeof(features) / sizeof(features[0]);
  return features;
}

uint64_t runtime::cpuFeatureBit(const char *name, bool x86) {
  for (const CpuFeature &feature : features)
    if (feature.x86 == x86 && !strcmp(feature.name, name))
      return feature.bit;
  return 0;
}

void runtime::appendFeatureNames(Text &text, uint64_t set) {
  const char *separator = "";
  for (const CpuFeature &feature : features)
    if (set & feature.bit) {
      text.append("%s%s", separator, feature.name);
      separator = ", ";
      set &= ~feature.bit;
    }
  if (set)
    text.append("%sunknown 0x%" PRIx64, separator, set);
}

#if defined(__x86_64__)

uint64_t runtime::hostCpuFeatures() {
  uint64_t found = 0;
  unsigned a, b, c, d;
  auto add = [&found](unsigned word, unsigned bit, uint64_t feature) {
    if (word >> bit & 1)
      found |= feature;
  };

  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 0;
  // SSE3, SSSE3, CMPXCHG16B, SSE4.1 and SSE4.2 together.
  constexpr unsigned sse42 = 1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20;
  if ((c & sse42) == sse42)
    found |= INGOT_CPU_SSE42;
  add(c, 23, INGOT_CPU_POPCNT);
  add(c, 22, INGOT_CPU_MOVBE);
  unsigned leaf1 = c;

  // A vector register set counts only when the operating system saves it: XCR0 says which.
  uint64_t saved = 0;
  if (leaf1 >> 27 & 1) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    saved = uint64_t(high) << 32 | low;
  }
  bool hasYmm = (saved & 0x6) == 0x6, hasZmm = (saved & 0xe6) == 0xe6, hasTiles = (saved & 0x60000) == 0x60000;
  if (hasYmm) {
    add(leaf1, 28, INGOT_CPU_AVX);
    add(leaf1, 12, INGOT_CPU_FMA);
    add(leaf1, 29, INGOT_CPU_F16C);
  }
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    unsigned subleaves = a;
    add(b, 3, INGOT_CPU_BMI);
    add(b, 8, INGOT_CPU_BMI2);
    if (hasYmm)
      add(b, 5, INGOT_CPU_AVX2);
    if (hasZmm) {
      add(b, 16, INGOT_CPU_AVX512F);
      add(b, 17, INGOT_CPU_AVX512DQ);
      add(b, 21, INGOT_CPU_AVX512IFMA);
      add(b, 28, INGOT_CPU_AVX512CD);
      add(b, 30, INGOT_CPU_AVX512BW);
      add(b, 31, INGOT_CPU_AVX512VL);
      add(c, 1, INGOT_CPU_AVX512VBMI);
      add(c, 6, INGOT_CPU_AVX512VBMI2);
      add(c, 11, INGOT_CPU_AVX512VNNI);
      add(c, 12, INGOT_CPU_AVX512BITALG);
      add(c, 14, INGOT_CPU_AVX512VPOPCNTDQ);
      add(d, 23, INGOT_CPU_AVX512FP16);
    }
    if (hasTiles) {
      add(d, 22, INGOT_CPU_AMX_BF16);
      add(d, 24, INGOT_CPU_AMX_TILE);
      add(d, 25, INGOT_CPU_AMX_INT8);
    }
    if (subleaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) {
      if (hasYmm)
        add(a, 4, INGOT_CPU_AVXVNNI);
      if (hasZmm)
        add(a, 5, INGOT_CPU_AVX512BF16);
    }
  }
  if (__get_cpuid(0x80000001, &a, &b, &c, &d))
    add(c, 5, INGOT_CPU_LZCNT);
  return found;
}

#elif defined(__aarch64__)

uint64_t runtime::hostCpuFeatures() {
  // Bit numbers of the kernel's AT_HWCAP and AT_HWCAP2, which older libc headers lack in part.
  unsigned long hwcap = getauxval(AT_HWCAP), hwcap2 = getauxval(26 /*AT_HWCAP2*/);
  struct Row {
    unsigned long word;
    unsigned bit;
    uint64_t feature;
  } rows[] = {{hwcap, 1, INGOT_CPU_NEON},     {hwcap, 8, INGOT_CPU_LSE},      {hwcap, 10, INGOT_CPU_FULLFP16},
              {hwcap, 12, INGOT_CPU_RDM},     {hwcap, 20, INGOT_CPU_DOTPROD}, {hwcap, 22, INGOT_CPU_SVE},
              {hwcap, 23, INGOT_CPU_FP16FML}, {hwcap2, 1, INGOT_CPU_SVE2},    {hwcap2, 13, INGOT_CPU_I8MM},
              {hwcap2, 14, INGOT_CPU_BF16}};
  uint64_t found = 0;
  for (const Row &row : rows)
    if (row.word >> row.bit & 1)
      found |= row.feature;
  return found;
}

#else
#error "Ingot's runtime knows x86-64 and aarch64"
#endif

//===----------------------------------------------------------------------===//
// Cores
//===----------------------------------------------------------------------===//

/// Reads the first line of a small file; false when there is none.
static bool readLine(const char *path, char *line, int size) {
  FILE *file = fopen(path, "r");
  if (!file)
    return false;
  bool done = fgets(line, size, file) != nullptr;
  fclose(file);
  return done;
}

unsigned runtime::physicalCores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed))
    return 1;
  unsigned count = 0;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed))
      continue;
    // A core counts at the first of its hyper-threads that is allowed.
    char path[96], line[256];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
    bool isFirst = true;
    if (readLine(path, line, sizeof line)) {
      unsigned first, last;
      for (const char *at = line; isFirst && *at; at += *at == ',') {
        int used = 0;
        if (sscanf(at, "%u%n", &first, &used) != 1)
          break;
        at += used;
        last = first;
        if (*at == '-' && sscanf(at, "-%u%n", &last, &used) == 1)
          at += used;
        for (unsigned sibling = first; sibling <= last && sibling < cpu; ++sibling)
          isFirst &= !CPU_ISSET(sibling, &allowed);
        if (*at != ',')
          break;
      }
    }
    count += isFirst;
  }

  char line[64];
  unsigned long long quota, period;
  if (readLine("/sys/fs/cgroup/cpu.max", line, sizeof line) && sscanf(line, "%llu %llu", &quota, &period) == 2 &&
      period && (quota + period - 1) / period < count)
    count = unsigned((quota + period - 1) / period);
  return count ? count : 1;
}
