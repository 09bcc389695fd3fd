//===- Peak.h - What one core can do at most --------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_BENCHMARKS_PEAK_H
#define INGOT_BENCHMARKS_PEAK_H

namespace ingot::benchmarks {

/// GFLOP/s of f32 fused multiply-adds on this thread, with the widest vectors of this processor, over independent
/// accumulators in registers: one loop of about 0.2 ms. Zero where there is none for this processor. The clock and the
/// neighbours change from minute to minute, so compare only with what ran right beside it.
double fmaRate();

/// The best of several such loops.
double fmaPeak();

} // namespace ingot::benchmarks

#endif // INGOT_BENCHMARKS_PEAK_H
