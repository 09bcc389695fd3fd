//===- DatasetTest.cpp - Samples from .npz files --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Dataset.h"
#include "runtime/Inflate.h"
#include "tests/runtime/TemporaryFolder.h"
#include <gmock/gmock.h>
#include <set>

using namespace ingot;
using namespace ingot::runtime;
using testing::HasSubstr;

namespace {

TEST(Inflate, ReadsEveryKindOfBlock) {
  // What zlib makes of "ingot ingot ingot ingot" raw, with fixed codes.
  const unsigned char fixed[] = {0xcb, 0xcc, 0x4b, 0xcf, 0x2f, 0x51, 0xc8, 0x44, 0x27, 0x01};
  char text[24] = {};
  ASSERT_TRUE(inflate(fixed, sizeof fixed, reinterpret_cast<unsigned char *>(text), 23));
  EXPECT_STREQ(text, "ingot ingot ingot ingot");
  EXPECT_FALSE(inflate(fixed, sizeof fixed, reinterpret_cast<unsigned char *>(text), 22));
  EXPECT_FALSE(inflate(fixed, sizeof fixed - 2, reinterpret_cast<unsigned char *>(text), 23));
  const unsigned char stored[] = {0x01, 0x03, 0x00, 0xfc, 0xff, 'a', 'b', 'c'};
  ASSERT_TRUE(inflate(stored, sizeof stored, reinterpret_cast<unsigned char *>(text), 3));
  EXPECT_EQ(std::string(text, 3), "abc");
  EXPECT_EQ(crc32(reinterpret_cast<const unsigned char *>("123456789"), 9), 0xcbf43926u);
}

TEST(Inflate, SurvivesDamage) {
  // Whatever the bytes are, it ends and stays in its bounds.
  unsigned char packed[64], result[256];
  uint64_t state = 1;
  for (int round = 0; round < 1000; ++round) {
    for (unsigned char &byte : packed)
      byte = (unsigned char)((state = state * 6364136223846793005 + 1442695040888963407) >> 56);
    packed[0] = (unsigned char)((packed[0] & ~7) | (round % 3) << 1 | 1);
    (void)inflate(packed, sizeof packed, result, sizeof result);
  }
}

TEST(Dataset, ReadsDigits) {
  Dataset data;
  Text error;
  ASSERT_EQ(data.read(INGOT_DIGITS, error), INGOT_OK) << error.c_str();
  int64_t open[] = {-1, 1, 8, 8}, wrong[] = {-1, 1, 9, 8}, labels[] = {-1};
  ingot_value_info infos[] = {{"x", INGOT_U8, 4, open, nullptr, 0}, {"y", INGOT_I64, 1, labels, nullptr, 0}};
  ASSERT_EQ(data.bind(infos, 2, error), INGOT_OK) << error.c_str();
  EXPECT_EQ(data.samples(), 1797u);
  // The sum of all pixels, as NumPy has it.
  uint64_t sum = 0;
  for (uint64_t i = 0; i < data.find("x")->elements(); ++i)
    sum += data.find("x")->as<uint8_t>()[i];
  EXPECT_EQ(sum, 561718u);
  uint64_t rows[] = {1796, 0};
  int64_t picked[2];
  data.gather("y", rows, 2, picked);
  EXPECT_EQ(picked[0], data.find("y")->as<int64_t>()[1796]);
  EXPECT_EQ(picked[1], data.find("y")->as<int64_t>()[0]);

  infos[0].dims = wrong;
  EXPECT_EQ(data.bind(infos, 2, error), INGOT_BAD_ARGUMENT);
  EXPECT_THAT(error.c_str(), HasSubstr("input 'x': got u8[1797,1,8,8] from digits.npz, want u8[samples,1,9,8]"));
  error.clear();
  infos[0].name = "images";
  EXPECT_EQ(data.bind(infos, 2, error), INGOT_BAD_ARGUMENT);
  EXPECT_THAT(error.c_str(), HasSubstr("input 'images': digits.npz has no such array"));
}

TEST(Dataset, ShufflesBySeed) {
  Array<uint64_t> a, b, c;
  ASSERT_TRUE(shuffled(100, 1, a) && shuffled(100, 1, b) && shuffled(100, 2, c));
  std::set<uint64_t> all(a.begin(), a.end());
  EXPECT_EQ(all.size(), 100u);
  EXPECT_EQ(*all.rbegin(), 99u);
  EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin()));
  EXPECT_FALSE(std::equal(a.begin(), a.end(), c.begin()));
}

} // namespace
