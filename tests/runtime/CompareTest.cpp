//===- CompareTest.cpp - Whether two tensors agree -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Compare.h"
#include "runtime/Literal.h"

#include <gtest/gtest.h>

using namespace ingot::runtime;

static Tensor literal(const char *text) {
  Tensor tensor;
  Text error;
  EXPECT_EQ(parseLiteral(text, nullptr, tensor, error), INGOT_OK) << error.c_str();
  return tensor;
}

static Comparison compare(const char *got, const char *want, double rtol = 1e-3, double atol = 1e-7) {
  return compareTensors(literal(got), literal(want), rtol, atol);
}

TEST(Compare, TolerancesAreNumPys) {
  EXPECT_TRUE(compare("2xf32=1.0009,0", "2xf32=1,0").equal);
  EXPECT_FALSE(compare("2xf32=1.0011,0", "2xf32=1,0").equal);
  EXPECT_TRUE(compare("f32=1e-8", "f32=0").equal);
  EXPECT_FALSE(compare("f32=1e-6", "f32=0").equal);
  EXPECT_TRUE(compare("f64=0.9", "f64=1", 0, 0.11).equal);
  EXPECT_TRUE(compare("f16=1.001", "f16=1", 1e-2).equal);
  EXPECT_FALSE(compare("bf16=1.1", "bf16=1").equal);
}

TEST(Compare, NanEqualsNanAndInfinityItself) {
  EXPECT_TRUE(compare("3xf32=nan,inf,-inf", "3xf32=nan,inf,-inf").equal);
  EXPECT_FALSE(compare("f32=nan", "f32=1").equal);
  EXPECT_FALSE(compare("f32=1", "f32=nan").equal);
  EXPECT_FALSE(compare("f32=inf", "f32=-inf").equal);
  EXPECT_FALSE(compare("f32=3e38", "f32=inf").equal);
  EXPECT_FALSE(compare("f32=inf", "f32=3e38").equal);
}

TEST(Compare, IntegersAndBools) {
  EXPECT_TRUE(compare("i64=9223372036854775807", "i64=9223372036854775807", 0, 0).equal);
  EXPECT_FALSE(compare("i64=9223372036854775807", "i64=9223372036854775806", 0, 0).equal);
  EXPECT_EQ(compare("i64=9223372036854775807", "i64=9223372036854775806", 0, 0).maxError, 1);
  EXPECT_TRUE(compare("i32=1001", "i32=1000").equal);
  EXPECT_FALSE(compare("u8=1", "u8=2").equal);
  EXPECT_FALSE(compare("bool=1", "bool=0", 10, 10).equal);
  EXPECT_TRUE(compare("2xbool=1,0", "2xbool=1,0").equal);
}

TEST(Compare, TellsWhatDiffers) {
  EXPECT_STREQ(compare("2x2xf32=1,2,3,4", "2x2xf32=1,2,3.5,5").detail.c_str(),
               "2 of 4 elements differ, the first at [1,0]: got 3, want 3.5; largest error 1");
  EXPECT_EQ(compare("2x2xf32=1,2,3,4", "2x2xf32=1,2,3.5,5").firstDiffering, 2u);
  EXPECT_STREQ(compare("2xf32=1", "3xf32=1").detail.c_str(), "got f32[2], want f32[3]");
  EXPECT_STREQ(compare("2xf32=1", "2xf64=1").detail.c_str(), "got f32[2], want f64[2]");
  EXPECT_EQ(compare("2xf32=1", "2xf32=1").maxError, 0);
  EXPECT_TRUE(compare("2xf32=1", "2xf32=1").detail.empty());
}
