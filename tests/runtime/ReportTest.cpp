//===- ReportTest.cpp - What run, describe and bench print ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Report.h"
#include "runtime/Literal.h"
#include "runtime/TensorFile.h"
#include "tests/runtime/HandModel.h"
#include "tests/runtime/TemporaryFolder.h"

#include <gtest/gtest.h>

using namespace ingot::runtime;

static std::string report(const char *literal, bool asJson = false) {
  Tensor tensor;
  Text error, text;
  EXPECT_EQ(parseLiteral(literal, nullptr, tensor, error), INGOT_OK) << error.c_str();
  (asJson ? appendOutputJson : appendOutput)(text, "y", tensor);
  return text.c_str();
}

TEST(Report, Outputs) {
  EXPECT_EQ(report("1x6xf32=0.5,3,-2,3,nan,7"), "y: f32[1,6], from -2 to 7, 1 NaN\n"
                                                "  top 5: 5 (7), 1 (3), 3 (3), 0 (0.5), 2 (-2)\n");
  EXPECT_EQ(report("2x2xi64=1,2,3,4"),
            "y: i64[2,2], from 1 to 4\n  top 4: [1,1] (4), [1,0] (3), [0,1] (2), [0,0] (1)\n");
  EXPECT_EQ(report("f32=0.1"), "y: f32[], 0.1\n");
  EXPECT_EQ(report("0x3xf32="), "y: f32[0,3], empty\n");
  EXPECT_EQ(report("2xf32=nan"), "y: f32[2], 2 NaN\n");
}

TEST(Report, OutputsAsJson) {
  EXPECT_EQ(report("2xf32=inf,1", true),
            R"({"name": "y", "dtype": "f32", "shape": [2], "min": 1, "max": "Infinity", "nan": 0, )"
            R"("top": [{"index": 0, "value": "Infinity"}, {"index": 1, "value": 1}]})");
}

TEST(Report, JsonStringsAreEscaped) {
  Text text;
  appendJsonString(text, "a\"b\\c\n\xc3\xa9\xff");
  EXPECT_STREQ(text.c_str(), "\"a\\\"b\\\\c\\u000a\xc3\xa9\\ufffd\"");
}

TEST(Report, Sizes) {
  auto size = [](uint64_t bytes) {
    Text text;
    appendSize(text, bytes);
    return std::string(text.c_str());
  };
  EXPECT_EQ(size(0), "0 B");
  EXPECT_EQ(size(999), "999 B");
  EXPECT_EQ(size(6'123'456), "6.1 MB");
  EXPECT_EQ(size(98'000'000), "98 MB");
  EXPECT_EQ(size(999'999), "1.0 MB");
}

TEST(Report, Descriptions) {
  HandModel hand;
  hand.model.cpu_features = INGOT_CPU_AVX2 | INGOT_CPU_FMA;
  Text text;
  appendDescription(text, hand.model, /*asJson=*/false);
  EXPECT_STREQ(text.c_str(), "model    hand\n"
                             "target   any (needs avx2, fma)\n"
                             "input    x: f32[8,64], 2.0 kB\n"
                             "output   layer/y: f32[8,64], 2.0 kB\n"
                             "output   z: bf16[8,64], 1.0 kB\n"
                             "arena    2.1 kB (2064 bytes)\n"
                             "weights  16 B\n"
                             "scratch  256 B a thread\n");
}

TEST(Report, OutputsAreWrittenUnderTheirNames) {
  HandModel hand;
  TemporaryFolder folder;
  Array<Tensor> outputs;
  Text error;
  ASSERT_TRUE(outputs.resize(2));
  for (unsigned i = 0; i < 2; ++i)
    ASSERT_EQ(Tensor::create(hand.model.outputs[i].dtype, hand.model.outputs[i].dims, 2, outputs[i], error), INGOT_OK);
  ASSERT_EQ(writeOutputs(folder.file("new").c_str(), hand.model, outputs, error), INGOT_OK) << error.c_str();
  Tensor back;
  EXPECT_EQ(readNpy(folder.file("new/layer%2Fy.npy").c_str(), back, error), INGOT_OK) << error.c_str();
  EXPECT_EQ(readNpy(folder.file("new/z.npy").c_str(), back, error), INGOT_OK) << error.c_str();
  EXPECT_EQ(back.dtype(), INGOT_BF16);
}

TEST(Timing, Summaries) {
  double times[] = {5, 1, 4, 2};
  Timing timing = summarize(times, 4);
  EXPECT_EQ(timing.minMs, 1);
  EXPECT_EQ(timing.medianMs, 3);
  EXPECT_EQ(timing.p99Ms, 5);
  EXPECT_EQ(timing.runs, 4u);
  EXPECT_EQ(summarize(times, 0).runs, 0u);
}
