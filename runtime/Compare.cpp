//===- Compare.cpp - Whether two tensors agree ---------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Compare.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

bool runtime::identical(const Tensor &a, const Tensor &b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && !memcmp(a.data(), b.data(), a.bytes());
}

/// |got - want| of one element, infinite when only one side is finite; NaN against NaN and equal infinities give 0.
static double distance(double got, double want) {
  if (got == want || (got != got && want != want))
    return 0;
  double error = fabs(got - want);
  return error == error && isfinite(got) && isfinite(want) ? error : HUGE_VAL;
}

/// 64-bit integers are subtracted before they become doubles.
static double integerDistance(const Tensor &got, const Tensor &want, uint64_t i) {
  uint64_t a = got.as<uint64_t>()[i], b = want.as<uint64_t>()[i];
  bool isLess = got.dtype() == INGOT_I64 ? int64_t(a) < int64_t(b) : a < b;
  return double(isLess ? b - a : a - b);
}

Comparison runtime::compareTensors(const Tensor &got, const Tensor &want, double rtol, double atol) {
  Comparison result;
  if (got.dtype() != want.dtype() || !(got.shape() == want.shape())) {
    result.detail.append("got ");
    appendType(result.detail, got);
    result.detail.append(", want ");
    appendType(result.detail, want);
    return result;
  }

  bool isWide = got.dtype() == INGOT_I64 || got.dtype() == INGOT_U64;
  bool isComplex = got.dtype() == INGOT_COMPLEX64 || got.dtype() == INGOT_COMPLEX128;
  if (got.dtype() == INGOT_BOOL)
    rtol = atol = 0;
  auto imaginary = [](const Tensor &tensor, uint64_t i) {
    return tensor.dtype() == INGOT_COMPLEX64 ? double(tensor.as<float>()[2 * i + 1]) : tensor.as<double>()[2 * i + 1];
  };
  for (uint64_t i = 0; i < got.elements(); ++i) {
    double size = fabs(want.toDouble(i));
    double error = isWide ? integerDistance(got, want, i) : distance(got.toDouble(i), want.toDouble(i));
    if (isComplex) {
      size = hypot(size, imaginary(want, i));
      error = hypot(error, distance(imaginary(got, i), imaginary(want, i)));
    }
    if (isfinite(error) && error > result.maxError)
      result.maxError = error;
    // An infinite `size` allows nothing but equality.
    bool isClose = error == 0 || (isfinite(error) && isfinite(size) && error <= atol + rtol * size);
    if (isClose)
      continue;
    if (!result.differing++)
      result.firstDiffering = i;
  }
  result.equal = !result.differing;
  if (result.equal)
    return result;

  uint64_t rest = result.firstDiffering, index[maxRank];
  const Shape &shape = got.shape();
  for (unsigned i = shape.rank; i--; rest /= uint64_t(shape.dims[i]))
    index[i] = rest % uint64_t(shape.dims[i]);
  result.detail.append("%" PRIu64 " of %" PRIu64 " elements differ, the first at [", result.differing, got.elements());
  for (unsigned i = 0; i < shape.rank; ++i)
    result.detail.append(i ? ",%" PRIu64 : "%" PRIu64, index[i]);
  result.detail.append("]: got ");
  got.appendElement(result.detail, result.firstDiffering);
  result.detail.append(", want ");
  want.appendElement(result.detail, result.firstDiffering);
  result.detail.append("; largest error %.3g", result.maxError);
  return result;
}
