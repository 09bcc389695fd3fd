//===- Compare.h - Whether two tensors agree -----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_COMPARE_H
#define INGOT_RUNTIME_COMPARE_H

#include "runtime/Tensor.h"

namespace ingot::runtime {

struct Comparison {
  bool equal = false;          ///< within tolerance everywhere
  double maxError = 0;         ///< largest |got - want| over elements that are finite on both sides
  uint64_t differing = 0;      ///< number of elements out of tolerance
  uint64_t firstDiffering = 0; ///< row-major index of the first, when `differing` is not 0
  Text detail;                 ///< why they are not equal: found and wanted; empty when they are
};

/// Compares as numpy.testing.assert_allclose: element type and shape must match, and for each element
/// |got - want| <= atol + rtol * |want|. NaN equals NaN, an infinity equals itself. Booleans must be equal. 64-bit
/// integers are subtracted exactly.
Comparison compareTensors(const Tensor &got, const Tensor &want, double rtol, double atol);

/// Whether type, shape and every bit agree.
bool identical(const Tensor &a, const Tensor &b);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_COMPARE_H
