//===- TensorTest.cpp - Element types, conversions, sizes ----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Tensor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace ingot::runtime;

TEST(Tensor, NamesOfElementTypesReadBack) {
  for (uint32_t dtype = INGOT_F32; dtype <= INGOT_I2; ++dtype) {
    const char *name = dtypeName(dtype);
    EXPECT_EQ(parseDtype(name, strlen(name)), dtype);
  }
  EXPECT_EQ(parseDtype("f33", 3), INGOT_UNDEFINED);
  EXPECT_STREQ(dtypeName(1000), "unknown");
  EXPECT_EQ(dtypeBytes(INGOT_STRING), 0u);
}

TEST(Tensor, EveryHalfReadsAsTheProcessorReadsIt) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float got = halfToFloat(uint16_t(bits)), want = float(std::bit_cast<_Float16>(uint16_t(bits)));
    if (want != want)
      EXPECT_NE(got, got) << bits;
    else
      EXPECT_EQ(std::bit_cast<uint32_t>(got), std::bit_cast<uint32_t>(want)) << bits;
    if (want == want) {
      EXPECT_EQ(floatToHalf(want), bits);
    }
  }
}

TEST(Tensor, FloatsRoundToTheNearestHalf) {
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 1009) {
    float value = std::bit_cast<float>(uint32_t(bits));
    if (value == value) {
      ASSERT_EQ(floatToHalf(value), std::bit_cast<uint16_t>(_Float16(value))) << value;
    }
  }
  for (float tie : {65519.99f, 65520.0f, 0x1p-25f, 0x1.8p-24f, 0x1.002p0f, 0x1.006p0f})
    EXPECT_EQ(floatToHalf(tie), std::bit_cast<uint16_t>(_Float16(tie))) << tie;
}

TEST(Tensor, FloatsRoundToTheNearestBfloat) {
  EXPECT_EQ(floatToBfloat(1.0f), 0x3f80);
  EXPECT_EQ(floatToBfloat(std::bit_cast<float>(0x3f808000u)), 0x3f80); // a tie goes to even
  EXPECT_EQ(floatToBfloat(std::bit_cast<float>(0x3f818000u)), 0x3f82);
  EXPECT_EQ(floatToBfloat(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(floatToBfloat(3.4e38f), 0x7f80); // rounds to infinity
  EXPECT_TRUE(std::isnan(bfloatToFloat(floatToBfloat(NAN))));
}

TEST(Tensor, IsAlignedAndZero) {
  Tensor tensor;
  Text error;
  int64_t dims[] = {2, 3};
  ASSERT_EQ(Tensor::create(INGOT_I64, dims, 2, tensor, error), INGOT_OK);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data()) % INGOT_ALIGNMENT, 0u);
  EXPECT_EQ(tensor.elements(), 6u);
  EXPECT_EQ(tensor.bytes(), 48u);
  EXPECT_EQ(tensor.as<int64_t>()[5], 0);
}

TEST(Tensor, RefusesSizesThatOverflow) {
  Tensor tensor;
  Text error;
  int64_t product[] = {int64_t(1) << 40, int64_t(1) << 40}, negative[] = {-1}, empty[] = {0, INT64_MAX, INT64_MAX};
  EXPECT_EQ(Tensor::create(INGOT_F32, product, 2, tensor, error), INGOT_BAD_ARGUMENT);
  EXPECT_STREQ(error.c_str(), "the size of f32[1099511627776,1099511627776] overflows");
  EXPECT_EQ(Tensor::create(INGOT_F32, negative, 1, tensor, error), INGOT_BAD_ARGUMENT);
  EXPECT_EQ(Tensor::create(INGOT_F32, empty, 3, tensor, error), INGOT_BAD_ARGUMENT);
  EXPECT_EQ(Tensor::create(INGOT_F32, empty, maxRank + 1, tensor, error), INGOT_BAD_ARGUMENT);
  EXPECT_EQ(Tensor::create(INGOT_STRING, empty, 1, tensor, error), INGOT_UNSUPPORTED);
  EXPECT_EQ(Tensor::create(99, empty, 1, tensor, error), INGOT_UNSUPPORTED);
}

TEST(Tensor, IntegersSaturate) {
  Tensor tensor;
  Text error;
  int64_t size = 4;
  ASSERT_EQ(Tensor::create(INGOT_I8, &size, 1, tensor, error), INGOT_OK);
  tensor.setDouble(0, 300);
  tensor.setDouble(1, -300);
  tensor.setDouble(2, NAN);
  tensor.setDouble(3, 127);
  EXPECT_EQ(tensor.as<int8_t>()[0], 127);
  EXPECT_EQ(tensor.as<int8_t>()[1], -128);
  EXPECT_EQ(tensor.as<int8_t>()[2], 0);
  EXPECT_EQ(tensor.as<int8_t>()[3], 127);
  ASSERT_EQ(Tensor::create(INGOT_I64, &size, 1, tensor, error), INGOT_OK);
  tensor.setDouble(0, 1e300);
  EXPECT_EQ(tensor.as<int64_t>()[0], INT64_MAX);
}

TEST(Tensor, ElementsPrintAsTheyReadBack) {
  Tensor tensor;
  Text error, text;
  ASSERT_EQ(Tensor::create(INGOT_F32, nullptr, 0, tensor, error), INGOT_OK);
  tensor.as<float>()[0] = 0.1f;
  tensor.appendElement(text, 0);
  tensor.as<float>()[0] = -INFINITY;
  text.append(" ");
  tensor.appendElement(text, 0);
  EXPECT_STREQ(text.c_str(), "0.1 -inf");
}
