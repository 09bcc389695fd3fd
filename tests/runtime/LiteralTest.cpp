//===- LiteralTest.cpp - Tensors written on the command line -------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Literal.h"
#include "runtime/Compare.h"

#include <gtest/gtest.h>
#include <string>

using namespace ingot::runtime;

static std::string print(const char *literal, const ingot_value_info *expected = nullptr) {
  Tensor tensor;
  Text text;
  if (parseLiteral(literal, expected, tensor, text) != INGOT_OK)
    return std::string("error: ") + text.c_str();
  appendType(text, tensor);
  for (uint64_t i = 0; i < tensor.elements(); ++i) {
    text.append(i ? "," : " ");
    tensor.appendElement(text, i);
  }
  return text.c_str();
}

TEST(Literal, Values) {
  EXPECT_EQ(print("2xi64=1,5"), "i64[2] 1,5");
  EXPECT_EQ(print("f32=0.5"), "f32[] 0.5");
  EXPECT_EQ(print("2x2xf32=inf"), "f32[2,2] inf,inf,inf,inf");
  EXPECT_EQ(print("3xbool=true,0,1"), "bool[3] true,false,true");
  EXPECT_EQ(print("2xi64=-9223372036854775808,9223372036854775807"), "i64[2] -9223372036854775808,9223372036854775807");
  EXPECT_EQ(print("2xu8=0x10,255"), "u8[2] 16,255");
  EXPECT_EQ(print("2x2xi32=iota"), "i32[2,2] 0,1,2,3");
  EXPECT_EQ(print("0xf32="), "f32[0]");
}

TEST(Literal, TakesTheTypeFromTheInput) {
  int64_t dims[] = {2}, open[] = {-1};
  ingot_value_info info = {"n", INGOT_I64, 1, dims, nullptr, 16};
  EXPECT_EQ(print("3,4", &info), "i64[2] 3,4");
  info.dims = open;
  EXPECT_EQ(print("3,4", &info), "error: got literal '3,4' without sizes, want TYPE=VALUES for i64[?]");
}

TEST(Literal, SaysWhatIsWrong) {
  EXPECT_EQ(print("2xf33=1"), "error: got type '2xf33', want sizes and an element type such as 1x3x224x224xf32");
  EXPECT_EQ(print("2xi8=1,300"), "error: got value '300', want one of type i8");
  EXPECT_EQ(print("2xu8=1,-1"), "error: got value '-1', want one of type u8");
  EXPECT_EQ(print("2xf32=1,x"), "error: got value 'x', want one of type f32");
  EXPECT_EQ(print("2xf32=1,"), "error: got value '', want one of type f32");
  EXPECT_EQ(print("2xf32=1,2,3"), "error: got 3 values, want 2 for f32[2]");
  EXPECT_EQ(print("2xf32=rand:x"), "error: got 'rand:x', want rand, rand:SEED or rand:SEED:LOW..HIGH");
  EXPECT_EQ(print("9999999999x9999999999xf32=1"), "error: the size of f32[9999999999,9999999999] overflows");
  EXPECT_EQ(print("5"), "error: got literal '5', want TYPE=VALUES such as 2xi64=1,5 or @FILE");
}

TEST(Literal, RandomNumbersDependOnSeedAndPlaceOnly) {
  EXPECT_EQ(print("3xf32=rand:7").substr(0, 30), print("4xf32=rand:7").replace(4, 1, "3").substr(0, 30));
  EXPECT_NE(print("3xf32=rand:7"), print("3xf32=rand:8"));
  // The numbers are part of the interface: programs and `ingot run` must agree for ever.
  EXPECT_EQ(print("2xf32=rand:7"), "f32[2] -0.7356392,-0.0019990357");
  EXPECT_EQ(print("6xi64=rand:7:-1..1"), "i64[6] -1,0,-1,0,0,1");
}

TEST(Literal, RandomNumbersStayInRange) {
  Tensor tensor;
  Text error;
  ASSERT_EQ(parseLiteral("10000xf32=rand:3:2..4", nullptr, tensor, error), INGOT_OK);
  double sum = 0;
  for (unsigned i = 0; i < 10'000; ++i) {
    double value = tensor.toDouble(i);
    EXPECT_TRUE(value >= 2 && value < 4);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 3, 0.03);
  ASSERT_EQ(parseLiteral("1000xi32=rand:3", nullptr, tensor, error), INGOT_OK);
  for (unsigned i = 0; i < 1'000; ++i)
    EXPECT_TRUE(tensor.as<int32_t>()[i] == 0 || tensor.as<int32_t>()[i] == 1);
}
