//===- InputsTest.cpp - The inputs that a command line names -------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Inputs.h"
#include "runtime/Literal.h"
#include "runtime/TensorFile.h"
#include "tests/runtime/TemporaryFolder.h"

#include <gtest/gtest.h>

using namespace ingot::runtime;

namespace {
struct InputsTest : testing::Test {
  InputsTest() {
    write("input_0.pb", "2x3xf32=iota");
    write("input_1.pb", "2xi64=4,5");
  }
  void write(const char *name, const char *literal) {
    Tensor tensor;
    Text error;
    EXPECT_EQ(parseLiteral(literal, nullptr, tensor, error), INGOT_OK);
    std::string path = folder.file(name);
    EXPECT_EQ(path.ends_with(".pb") ? writeTensorProto(path.c_str(), "", tensor, error)
                                    : writeNpy(path.c_str(), tensor, error),
              INGOT_OK);
  }
  std::string gather(std::initializer_list<const char *> bindings) {
    Text error;
    options.bindings.clear();
    for (const char *binding : bindings)
      EXPECT_TRUE(options.bindings.push(binding));
    tensors.clear();
    ingot_status status = gatherInputs(infos, 2, options, tensors, error);
    EXPECT_EQ(status == INGOT_OK, error.empty());
    return error.c_str();
  }

  TemporaryFolder folder;
  InputOptions options;
  Array<Tensor> tensors;
  const int64_t dims[2] = {-1, 3}, two[1] = {2};
  const char *const names[2] = {"N", nullptr};
  const ingot_value_info infos[2] = {{"x", INGOT_F32, 2, dims, names, 24}, {"x=1", INGOT_I64, 1, two, nullptr, 16}};
};
} // namespace

TEST_F(InputsTest, FoldersAndBindingsMix) {
  std::string path = folder.file("");
  options.directory = path.c_str();
  EXPECT_EQ(gather({}), "");
  EXPECT_EQ(tensors[0].toDouble(5), 5);
  EXPECT_EQ(tensors[1].toDouble(1), 5);
  EXPECT_EQ(gather({"x=1=7,8"}), ""); // the name with the equals sign
  EXPECT_EQ(tensors[1].toDouble(1), 8);
  std::string file = "x=@" + folder.file("input_0.pb");
  EXPECT_EQ(gather({file.c_str(), "x=1=3"}), "");
  EXPECT_EQ(tensors[1].toDouble(1), 3);
}

TEST_F(InputsTest, MissingOnesAreRandomWhenAsked) {
  EXPECT_EQ(gather({"x=1x3xf32=1"}), "input 'x=1': got nothing, want i64[2]; give --input x=1=@FILE or --inputs DIR");
  options.fillMissing = true;
  EXPECT_EQ(gather({"x=1x3xf32=1"}), "");
  EXPECT_EQ(tensors[1].elements(), 2u);
}

TEST_F(InputsTest, SaysWhatWasFoundAndWanted) {
  write("cat.npy", "1x4xf64=0");
  std::string file = "x=@" + folder.file("cat.npy");
  EXPECT_EQ(gather({file.c_str()}), "input 'x': got f64[1,4] from cat.npy, want f32[N,3]");
  EXPECT_EQ(gather({"x=3xf32=0"}), "input 'x': got f32[3] from the command line, want f32[N,3]");
  EXPECT_EQ(gather({"image=3xf32=0"}), "unknown input 'image', want one of 'x', 'x=1'");
  EXPECT_EQ(gather({"x"}), "got input 'x', want NAME=@FILE.npy, NAME=@FILE.pb or NAME=LITERAL");
  EXPECT_EQ(gather({"x=1x3xf32=0", "x=2x3xf32=0"}), "input 'x' is given twice");
  EXPECT_EQ(gather({"x=@/nowhere.npy"}), "input 'x': cannot read /nowhere.npy: No such file or directory");
  std::string broken = "x=@" + folder.write("broken.pb", "\xff");
  EXPECT_EQ(gather({broken.c_str()}),
            "input 'x': not an ONNX tensor: the protobuf message is malformed in " + folder.file("broken.pb"));
}

TEST(DidYouMean, FindsLikelySlips) {
  const char *words[] = {"--optimizer", "--output-dir", "--input"};
  EXPECT_STREQ(didYouMean("--optimiser", words, 3), "--optimizer");
  EXPECT_STREQ(didYouMean("--inptu", words, 3), "--input");
  EXPECT_EQ(didYouMean("--verbose", words, 3), nullptr);
  EXPECT_EQ(didYouMean("", words, 3), nullptr);
}
