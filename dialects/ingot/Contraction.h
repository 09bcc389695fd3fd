//===- Contraction.h - A contraction as a convolution over panels -*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_CONTRACTION_H
#define INGOT_DIALECTS_INGOT_CONTRACTION_H

#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace ingot {

/// How matmul and convolution look to the code generator:
///   y[b, oh, ow, g N + n] = sum over kh, kw, k of x[b, oh sh + kh dh - top, ow sw + kw dw - left, g K + k] w[g, n, kh, kw, k]
/// The left and the result are first reshaped to rank 4 (leading dimensions of size 1 added, or leading ones merged); the
/// `Dims` say at which place of that shape each of the logical dimensions (b, h, w, channel) stands.
struct Contraction {
  unsigned input = 0;                                       ///< number of the operand that is x
  unsigned filter = 1;                                      ///< number of the operand that is w
  llvm::SmallVector<int64_t> inputShape, outputShape;       ///< rank 4, physical order
  llvm::SmallVector<int64_t> inputDims{0, 1, 2, 3}, outputDims{0, 1, 2, 3};
  llvm::SmallVector<int64_t> kernel{1, 1}, strides{1, 1};
  llvm::SmallVector<int64_t> pads{0, 0, 0, 0};              ///< top, left, bottom, right
  llvm::SmallVector<int64_t> dilations{1, 1}, inputDilations{1, 1};
  bool flip = false; ///< the window of w is turned by 180 degrees
  int64_t groups = 1;
  /// For each of (lead..., n, kh, kw, k) the dimension of w that it is, or -1 for none. Leads are b, or b and h, when each
  /// batch has a w of its own.
  llvm::SmallVector<int64_t> filterDims;
  llvm::SmallVector<int64_t> leads;                         ///< sizes of the lead dimensions
  int64_t columns = 0, channels = 0;                        ///< N and K of one group
  bool depthwise = false;                                   ///< one input and one output channel a group
};

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_CONTRACTION_H
