//===- SpecializeTest.cpp - Variants of a model and their cache -----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize.h"
#include "compiler/cpu/CpuTarget.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace ingot;
using llvm::ArrayRef;

namespace {

class SpecializeTest : public testing::Test {
protected:
  SpecializeTest() { options.target = hostTarget(); }

  OpenModel open(std::shared_ptr<JitCache> cache, const Options &with) {
    const char *text = R"(func.func @main(%x: tensor<?xf32> {ingot.name = "x", ingot.dims = ["N"]},
                                          %y: tensor<?xf32> {ingot.name = "y", ingot.dims = ["N"]}) -> tensor<?xf32> {
      %0 = ingot.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
      return %0 : tensor<?xf32>
    })";
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, context.get());
    return llvm::cantFail(OpenModel::open(*module, with, std::move(cache)));
  }
  static std::shared_ptr<JitModel> specialize(OpenModel &model, int64_t size) {
    return llvm::cantFail(model.specialize({{ArrayRef(size), {}}, {ArrayRef(size), {}}}));
  }

  std::unique_ptr<mlir::MLIRContext> context = createContext();
  Options options;
};

TEST_F(SpecializeTest, KeepsTheLatestVariants) {
  auto cache = std::make_shared<JitCache>(2);
  OpenModel model = open(cache, options);
  auto two = specialize(model, 2), three = specialize(model, 3);
  EXPECT_EQ(specialize(model, 2), two);
  auto five = specialize(model, 5);
  EXPECT_EQ(cache->size(), 2u);
  EXPECT_EQ(specialize(model, 2), two);
  EXPECT_EQ(specialize(model, 5), five);
  EXPECT_NE(specialize(model, 3), three); // it went, and whoever has it keeps it
  EXPECT_EQ(three->model().inputs[0].dims[0], 3);
}

TEST_F(SpecializeTest, KeepsModelsAndOptionsApart) {
  auto cache = std::make_shared<JitCache>();
  Options slow = options;
  slow.oracle = true;
  OpenModel model = open(cache, options), same = open(cache, options), reference = open(cache, slow);
  auto variant = specialize(model, 4);
  EXPECT_EQ(specialize(same, 4), variant);
  EXPECT_NE(specialize(reference, 4), variant);
  EXPECT_EQ(cache->size(), 2u);
}

TEST_F(SpecializeTest, RefusesSizesThatContradict) {
  OpenModel model = open(nullptr, options);
  int64_t two = 2, three = 3;
  auto result = model.specialize({{ArrayRef(two), {}}, {ArrayRef(three), {}}});
  EXPECT_EQ(llvm::toString(result.takeError()), "input 'y': got 3 for dimension 'N', want the 2 of input 'x'");
  options.ranges["N"] = {1, 2};
  OpenModel bounded = open(nullptr, options);
  result = bounded.specialize({{ArrayRef(three), {}}, {ArrayRef(three), {}}});
  EXPECT_EQ(llvm::toString(result.takeError()), "dimension 'N' is 3, want 1 to 2");
}

TEST_F(SpecializeTest, CompilesForTheElementsThatShapesDependOn) {
  llvm::SmallString<128> path;
  int file;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("reshape", "onnxtxt", file, path));
  llvm::raw_fd_ostream(file, /*shouldClose=*/true) << R"(<ir_version: 8, opset_import: ["" : 17]>
    reshape (float[N] x, int64[2] shape) => (float[A, B] y) { y = Reshape(x, shape) })";
  OpenModel model = llvm::cantFail(OpenModel::open(path.str().str(), options));
  auto specialize = [&](int64_t rows, int64_t columns) {
    int64_t count = rows * columns, two = 2, shape[] = {rows, columns};
    ArrayRef<char> bytes(reinterpret_cast<const char *>(shape), sizeof(shape));
    return llvm::cantFail(model.specialize({{ArrayRef(count), {}}, {ArrayRef(two), bytes}}));
  };
  auto wide = specialize(2, 3), high = specialize(3, 2);
  EXPECT_EQ(wide->model().outputs[0].dims[0], 2);
  EXPECT_EQ(high->model().outputs[0].dims[0], 3);
  EXPECT_EQ(specialize(2, 3), wide);
  EXPECT_NE(specialize(2, 5), wide);
  llvm::sys::fs::remove(path);
}

TEST_F(SpecializeTest, KnowsTheElementsOfEmptyInputs) {
  llvm::SmallString<128> path;
  int file;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("reduce", "onnxtxt", file, path));
  llvm::raw_fd_ostream(file, /*shouldClose=*/true) << R"(<ir_version: 8, opset_import: ["" : 18]>
    reduce (float[2, 3] x, int64[A] axes) => (float[B, C] y) { y = ReduceSum(x, axes) })";
  OpenModel model = llvm::cantFail(OpenModel::open(path.str().str(), options));
  int64_t shape[] = {2, 3}, none = 0, one = 1, axis = 1;
  auto all = llvm::cantFail(model.specialize({{shape, {}}, {ArrayRef(none), {}}}));
  EXPECT_EQ(all->model().outputs[0].dims[0], 1);
  EXPECT_EQ(all->model().outputs[0].dims[1], 1);
  ArrayRef<char> bytes(reinterpret_cast<const char *>(&axis), sizeof(axis));
  auto rows = llvm::cantFail(model.specialize({{shape, {}}, {ArrayRef(one), bytes}}));
  EXPECT_EQ(rows->model().outputs[0].dims[0], 2);
  EXPECT_EQ(rows->model().outputs[0].dims[1], 1);
  llvm::sys::fs::remove(path);
}

} // namespace
