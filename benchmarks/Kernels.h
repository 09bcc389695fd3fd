//===- Kernels.h - The kernels that are measured ----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_BENCHMARKS_KERNELS_H
#define INGOT_BENCHMARKS_KERNELS_H

#include <string>
#include <vector>

namespace ingot::benchmarks {

/// A small model of the ingot dialect. Its weights have no bytes yet.
struct Kernel {
  std::string name;   ///< as peers.py names the same kernel
  std::string module; ///< MLIR's text
  double flops;       ///< floating-point operations of one run, by the textbook
};

/// Every kernel, in the order of the table.
std::vector<Kernel> kernels();

} // namespace ingot::benchmarks

#endif // INGOT_BENCHMARKS_KERNELS_H
