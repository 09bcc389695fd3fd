//===- EmitBrgemmPackTest.cpp - Values of packed panels -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/compiler/cpu/KernelRunner.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace ingot;

namespace {

/// Packs a source of shape `shape` by `dims` (lead..., n, height, width, k)
/// into panels and compares all elements.
void checkPack(const std::vector<int64_t> &shape, const std::vector<int64_t> &dims, int64_t groups = 1,
               bool splitsK = false, bool flip = false) {
  size_t leads = dims.size() - 4;
  auto extent = [&](size_t index) { return dims[index] < 0 ? 1 : shape[dims[index]]; };
  int64_t columns = extent(leads) / (splitsK ? 1 : groups), channels = extent(leads + 3) / (splitsK ? groups : 1);
  int64_t height = extent(leads + 1), width = extent(leads + 2);
  std::vector<int64_t> packed;
  int64_t lead = 1;
  for (size_t dim = 0; dim < leads; ++dim) {
    packed.push_back(extent(dim));
    lead *= extent(dim);
  }
  packed.insert(packed.end(), {groups, (columns + 15) / 16, height * width, channels, 16});
  Array source(shape), panels(packed);
  source.fill(5);
  panels.fill(6);
  std::string text = llvm::formatv(R"(
func.func @run(%a: {0}, %b: {1}) attributes {{llvm.emit_c_interface} {{
  kernel.pack ins(%a : {0}) outs(%b : {1}) dims {2} {3}
  return
})",
                                   memref(shape), memref(packed), list(dims.data(), dims.size()), flip ? "flip" : "");
  SCOPED_TRACE(text);
  KernelRunner runner(text);
  ASSERT_TRUE(runner.isValid());
  runner.run({&source, &panels});
  auto strideOf = [&](size_t index) {
    int64_t stride = dims[index] < 0 ? 0 : 1;
    for (size_t dim = dims[index] + 1; dims[index] >= 0 && dim < shape.size(); ++dim)
      stride *= shape[dim];
    return stride;
  };
  const float *element = panels.data.data();
  for (int64_t outer = 0; outer < lead; ++outer)
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t panel = 0; panel < (columns + 15) / 16; ++panel)
        for (int64_t i = 0; i < height; ++i)
          for (int64_t j = 0; j < width; ++j)
            for (int64_t k = 0; k < channels; ++k)
              for (int64_t n = panel * 16; n < panel * 16 + 16; ++n) {
                int64_t offset = 0, rest = outer;
                for (size_t dim = leads; dim-- > 0; rest /= extent(dim))
                  offset += rest % extent(dim) * strideOf(dim);
                offset += (n + (splitsK ? 0 : group * columns)) * strideOf(leads);
                offset += (k + (splitsK ? group * channels : 0)) * strideOf(leads + 3);
                offset += (flip ? height - 1 - i : i) * strideOf(leads + 1);
                offset += (flip ? width - 1 - j : j) * strideOf(leads + 2);
                ASSERT_EQ(*element++, n < columns ? source.data[offset] : 0.0f) << k << ", " << n;
              }
}

TEST(EmitBrgemm, Pack) {
  checkPack({37, 7, 3, 3}, {0, 2, 3, 1});          // output, input, height, width
  checkPack({3, 5, 7, 37}, {3, 0, 1, 2});          // height, width, input, output
  checkPack({7, 37}, {1, -1, -1, 0});              // a matrix
  checkPack({37, 29}, {0, -1, -1, 1});             // a transposed matrix
  checkPack({3, 9, 16}, {0, 2, -1, -1, 1});        // one for each batch
  checkPack({2, 21, 3, 19}, {0, 2, 1, -1, -1, 3}); // keys of attention
  checkPack({2, 21, 3, 19}, {0, 2, 3, -1, -1, 1}); // values of attention
  checkPack({24, 5, 3, 3}, {0, 2, 3, 1}, 3);       // groups
  checkPack({24, 5, 3, 2}, {1, 2, 3, 0}, 3, /*splitsK=*/true,
            /*flip=*/true);              // their transpose
  checkPack({300, 200}, {0, -1, -1, 1}); // in chunks
}

/// Packs the rows of a matrix, whose transpose is the source where `transposed`, and compares all elements and what
/// follows them.
void checkRows(int64_t rows, int64_t channels, int64_t height, bool transposed, const std::string &options = "") {
  SCOPED_TRACE(llvm::formatv("{0}x{1} in panels of {2}{3} {4}", rows, channels, height,
                             transposed ? ", transposed" : "", options)
                   .str());
  Array matrix({rows, channels}), source(transposed ? std::vector<int64_t>{channels, rows} : matrix.shape);
  matrix.fill(7);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t k = 0; k < channels; ++k)
      (transposed ? source.at({k, row}) : source.at({row, k})) = matrix.at({row, k});
  Array wanted = packedRows(matrix, height), found = wanted;
  found.data.assign(wanted.data.size() + 64, 123.0f);
  KernelRunner runner(llvm::formatv(R"(
func.func @run(%a: {0}, %b: {1}) attributes {{llvm.emit_c_interface} {{
  kernel.pack ins(%a : {0}) outs(%b : {1}) dims {2} rows
  return
})",
                                    memref(source.shape), memref(wanted.shape),
                                    transposed ? "[1, -1, -1, 0]" : "[0, -1, -1, 1]"),
                      options);
  ASSERT_TRUE(runner.isValid());
  runner.run({&source, &found});
  wanted.data.resize(found.data.size(), 123.0f);
  ASSERT_EQ(found.data, wanted.data);
}

TEST(EmitBrgemm, PackRows) {
  for (bool transposed : {false, true}) {
    for (int64_t rows : {1, 5, 6, 29, 128})
      for (int64_t channels : {1, 8, 23, 64})
        checkRows(rows, channels, 6, transposed);
    checkRows(17, 24, 8, transposed);   // a whole vector
    checkRows(301, 200, 5, transposed); // in chunks
    checkRows(29, 35, 13, transposed, "vector-bits=512 registers=32");
    checkRows(29, 35, 3, transposed, "vector-bits=128 registers=32");
  }
}

} // namespace
