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
/// accumulators in registers, for at least `seconds`. Zero where there is no such loop for this processor. The clock and
/// the neighbours change from moment to moment, so compare only with what ran right beside it and for as long: a short
/// loop slips between the interruptions that a long one meets.
double fmaRate(double seconds);

/// The best of several short loops.
double fmaPeak();

} // namespace ingot::benchmarks

#endif // INGOT_BENCHMARKS_PEAK_H
