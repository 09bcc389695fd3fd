//===- References.h - What other libraries compute --------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TESTS_FRONTENDS_CPP_REFERENCES_H
#define INGOT_TESTS_FRONTENDS_CPP_REFERENCES_H

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <ingot/array.h>

/// Compares with a reference: an absolute error of `tolerance` of its largest element.
inline void expectNear(const ingot::Array &got, const ingot::Arrays &references, const std::string &name,
                       double tolerance) {
  const ingot::Array &want = references.at(name);
  ASSERT_EQ(got.size(), want.size()) << name;
  double largest = 1e-3;
  for (int64_t i = 0; i < want.size(); ++i)
    largest = std::max(largest, std::abs(want.at(i)));
  for (int64_t i = 0; i < want.size(); ++i)
    ASSERT_NEAR(got.at(i), want.at(i), tolerance * largest) << name << " at " << i;
}

#endif // INGOT_TESTS_FRONTENDS_CPP_REFERENCES_H
