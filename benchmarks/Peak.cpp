//===- Peak.cpp - What one core can do at most ----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A compiler that spills the accumulators halves the result, so the accumulators are pinned to registers by empty
// assembly and `tests/benchmarks/peak.test` looks at the code: twelve FMAs and no memory operand in the loop.
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Peak.h"
#include <algorithm>
#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace {

constexpr int64_t iterations = 10'000; ///< of a loop between two looks at the clock, about 0.02 ms
// FMA latency times throughput is 8 to 10 on the processors of the last ten years; 12 also fit 16 registers.
constexpr int accumulators = 12;

#define EACH_ACCUMULATOR(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)

#if defined(__x86_64__)

#define FMA(I) a##I = _mm256_fmadd_ps(a##I, factor, term);
#define START(I) __m256 a##I = _mm256_set1_ps(I);
#define PIN(I) asm volatile("" : "+x"(a##I));
__attribute__((target("avx2,fma"), noinline)) void fmaLoop256(int64_t count) {
  __m256 factor = _mm256_set1_ps(0.5f), term = _mm256_set1_ps(1.0f);
  EACH_ACCUMULATOR(START)
  asm volatile("" : "+x"(factor), "+x"(term));
  for (int64_t i = 0; i < count; ++i) {
    EACH_ACCUMULATOR(FMA)
    EACH_ACCUMULATOR(PIN)
  }
}
#undef FMA
#undef START
#undef PIN

#define FMA(I) a##I = _mm512_fmadd_ps(a##I, factor, term);
#define START(I) __m512 a##I = _mm512_set1_ps(I);
#define PIN(I) asm volatile("" : "+v"(a##I));
__attribute__((target("avx512f"), noinline)) void fmaLoop512(int64_t count) {
  __m512 factor = _mm512_set1_ps(0.5f), term = _mm512_set1_ps(1.0f);
  EACH_ACCUMULATOR(START)
  asm volatile("" : "+v"(factor), "+v"(term));
  for (int64_t i = 0; i < count; ++i) {
    EACH_ACCUMULATOR(FMA)
    EACH_ACCUMULATOR(PIN)
  }
}

struct Loop {
  void (*run)(int64_t);
  int lanes;
};
Loop widestLoop() {
  if (__builtin_cpu_supports("avx512f"))
    return {fmaLoop512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {fmaLoop256, 8};
  return {nullptr, 0};
}

#elif defined(__aarch64__)

#define FMA(I) a##I = vfmaq_f32(term, a##I, factor);
#define START(I) float32x4_t a##I = vdupq_n_f32(I);
#define PIN(I) asm volatile("" : "+w"(a##I));
__attribute__((noinline)) void fmaLoop128(int64_t count) {
  float32x4_t factor = vdupq_n_f32(0.5f), term = vdupq_n_f32(1.0f);
  EACH_ACCUMULATOR(START)
  for (int64_t i = 0; i < count; ++i) {
    EACH_ACCUMULATOR(FMA)
    EACH_ACCUMULATOR(PIN)
  }
}

struct Loop {
  void (*run)(int64_t);
  int lanes;
};
Loop widestLoop() { return {fmaLoop128, 4}; }

#endif

} // namespace

double ingot::benchmarks::fmaRate(double seconds) {
  Loop loop = widestLoop();
  if (!loop.run)
    return 0;
  double flops = 0;
  std::chrono::duration<double> elapsed{};
  auto start = std::chrono::steady_clock::now();
  do {
    loop.run(iterations);
    flops += 2.0 * accumulators * loop.lanes * iterations;
    elapsed = std::chrono::steady_clock::now() - start;
  } while (elapsed.count() < seconds);
  return flops / elapsed.count() / 1e9;
}

double ingot::benchmarks::fmaPeak() {
  double best = 0;
  for (int repeat = 0; repeat < 48; ++repeat)
    best = std::max(best, fmaRate(2e-4));
  return best;
}
