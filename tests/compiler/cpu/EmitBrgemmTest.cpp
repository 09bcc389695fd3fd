//===- EmitBrgemmTest.cpp - Values of generated kernels -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every kernel runs on odd sizes and is compared with loops that follow the
// definition of its op.
//
//===----------------------------------------------------------------------===//

#include "tests/compiler/cpu/KernelRunner.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"
#include <cmath>
#include <functional>

using namespace ingot;

namespace {

struct Case {
  int64_t batch = 1, height = 1, width = 1, channels = 1, columns = 1;
  int64_t kernel[2] = {1, 1}, strides[2] = {1, 1}, pads[4] = {0, 0, 0, 0}, dilations[2] = {1, 1};
  int64_t inputDilations[2] = {1, 1}, groups = 1;
  bool depthwise = false;

  int64_t extent(unsigned dim) const {
    int64_t spread = ((dim == 0 ? height : width) - 1) * inputDilations[dim] + 1;
    return (spread + pads[dim] + pads[dim + 2] - (kernel[dim] - 1) * dilations[dim] - 1) / strides[dim] + 1;
  }
};

/// epilogue(sum) = max(sum + bias + residual, 0.1 * (sum + bias + residual)),
/// in place of the residual.
std::string moduleOf(const Case &c, const Array &input, const Array &weights, const Array &bias, const Array &output,
                     bool dynamic) {
  std::string attributes =
      "strides " + list(c.strides, 2) + " pads " + list(c.pads, 4) + " dilations " + list(c.dilations, 2);
  if (!c.depthwise)
    attributes = "kernel " + list(c.kernel, 2) + " " + attributes + " input_dilations " + list(c.inputDilations, 2) +
                 " groups " + std::to_string(c.groups);
  std::string in = memref(input.shape, dynamic), out = memref(output.shape, dynamic);
  return llvm::formatv(R"(
func.func @run(%a: {0}, %w: {1}, %b: {2}, %c: {3}) attributes {{llvm.emit_c_interface} {{
  kernel.{4} ins(%a, %w : {0}, {1}) extras(%b, %c : {2}, {3}) outs(%c : {3}) {5} {{
  ^bb0(%sum: f32, %bias: f32, %old: f32):
    %slope = arith.constant 0.1 : f32
    %0 = arith.addf %sum, %bias : f32
    %1 = arith.addf %0, %old : f32
    %2 = arith.mulf %1, %slope : f32
    %3 = arith.maximumf %1, %2 : f32
    kernel.yield %3 : f32
  }
  return
})",
                       in, memref(weights.shape), memref(bias.shape), out, c.depthwise ? "depthwise" : "brgemm",
                       attributes);
}

/// The weight of output column `n` of group `g`, at a tap and an input channel
/// of the group.
float weight(const Case &c, const Array &weights, int64_t g, int64_t n, int64_t i, int64_t j, int64_t k) {
  return c.depthwise ? weights.at({i, j, g}) : weights.at({g, n / 16, i * c.kernel[1] + j, k, n % 16});
}

void reference(const Case &c, const Array &input, const Array &weights, const Array &bias, Array &output) {
  int64_t perGroup = c.columns / c.groups, channels = c.channels / c.groups;
  for (int64_t b = 0; b < c.batch; ++b)
    for (int64_t y = 0; y < c.extent(0); ++y)
      for (int64_t x = 0; x < c.extent(1); ++x)
        for (int64_t n = 0; n < c.columns; ++n) {
          double sum = 0;
          for (int64_t i = 0; i < c.kernel[0]; ++i)
            for (int64_t j = 0; j < c.kernel[1]; ++j) {
              int64_t row = y * c.strides[0] + i * c.dilations[0] - c.pads[0];
              int64_t column = x * c.strides[1] + j * c.dilations[1] - c.pads[1];
              if (row % c.inputDilations[0] != 0 || column % c.inputDilations[1] != 0)
                continue;
              row /= c.inputDilations[0];
              column /= c.inputDilations[1];
              if (row < 0 || row >= c.height || column < 0 || column >= c.width)
                continue;
              for (int64_t k = 0; k < channels; ++k)
                sum += double(input.at({b, row, column, n / perGroup * channels + k})) *
                       weight(c, weights, n / perGroup, n % perGroup, i, j, k);
            }
          float value = float(sum) + bias.at({0, 0, 0, n}) + output.at({b, y, x, n});
          output.at({b, y, x, n}) = std::max(value, 0.1f * value);
        }
}

/// With `height`, the rows of the input are packed into panels of that height.
void check(Case c, const std::string &options = "", int64_t height = 0) {
  if (c.depthwise)
    c.groups = c.columns = c.channels;
  Array input({c.batch, c.height, c.width, c.channels}), bias({1, 1, 1, c.columns});
  int64_t perGroup = c.columns / c.groups;
  Array weights(c.depthwise ? std::vector<int64_t>{c.kernel[0], c.kernel[1], c.channels}
                            : std::vector<int64_t>{c.groups, (perGroup + 15) / 16, c.kernel[0] * c.kernel[1],
                                                   c.channels / c.groups, 16});
  Array output({c.batch, c.extent(0), c.extent(1), c.columns});
  input.fill(1);
  weights.fill(2);
  bias.fill(3);
  for (bool dynamic : {false, true}) {
    if (dynamic && height != 0)
      continue; // packed rows are static
    SCOPED_TRACE(llvm::formatv("{0}x{1}x{2}x{3} to {4}, kernel {5}, strides "
                               "{6}, pads {7}, dilations {8} and {9}, groups "
                               "{10}{11}{12} {13}, height {14}",
                               c.batch, c.height, c.width, c.channels, c.columns, list(c.kernel, 2), list(c.strides, 2),
                               list(c.pads, 4), list(c.dilations, 2), list(c.inputDilations, 2), c.groups,
                               c.depthwise ? ", depthwise" : "", dynamic ? ", dynamic" : "", options, height)
                     .str());
    Array given = height == 0 ? input : packedRows(input, height);
    KernelRunner runner(moduleOf(c, given, weights, bias, output, dynamic), options);
    ASSERT_TRUE(runner.isValid());
    Array wanted = output.fill(4);
    reference(c, input, weights, bias, wanted);
    // One row of sentinels after the end: partial vectors must not touch it.
    Array found = output;
    found.data.resize(output.data.size() + 64, 123.0f);
    runner.run({&given, &weights, &bias, &found});
    for (size_t index = 0; index < wanted.data.size(); ++index)
      ASSERT_NEAR(found.data[index], wanted.data[index], 1e-4 * std::sqrt(c.channels * 9.0)) << "at " << index;
    for (size_t index = wanted.data.size(); index < found.data.size(); ++index)
      ASSERT_EQ(found.data[index], 123.0f) << "past the end";
  }
}

TEST(EmitBrgemm, MatrixProducts) {
  for (int64_t rows : {1, 2, 3, 29})
    for (int64_t columns : {1, 16, 23, 129})
      check({.width = rows, .channels = 3 * rows + columns % 5, .columns = columns});
}

TEST(EmitBrgemm, PackedRows) {
  for (int64_t rows : {1, 6, 7, 29, 128})
    for (int64_t columns : {1, 16, 23, 129})
      check({.width = rows, .channels = 3 * rows + columns % 5, .columns = columns}, "", 6);
  check({.width = 128, .channels = 776, .columns = 53}, "", 6); // in pieces
  check({.width = 301, .channels = 520, .columns = 24}, "l2-bytes=65536", 5);
  check({.width = 29, .channels = 520, .columns = 53}, "vector-bits=512 registers=32 l2-bytes=65536", 13);
  check({.width = 29, .channels = 17, .columns = 53}, "vector-bits=128 registers=32", 4);
}

TEST(EmitBrgemm, Batches) {
  check({.batch = 3, .height = 5, .width = 7, .channels = 11, .columns = 19});
  check({.batch = 64, .height = 1, .width = 1, .channels = 65, .columns = 10});
}

TEST(EmitBrgemm, Chunks) { check({.width = 131, .channels = 129, .columns = 131}); }

TEST(EmitBrgemm, Pieces) {
  // Sums that are cut: channels, also with rows or columns that do not fill the last tile, and into several blocks of
  // rows; rows of taps; taps and their channels. A number of channels that no step divides is not cut.
  check({.width = 29, .channels = 776, .columns = 53}, "l2-bytes=131072");
  check({.width = 1, .channels = 1032, .columns = 17}, "l2-bytes=131072");
  check({.width = 29, .channels = 777, .columns = 16}, "l2-bytes=131072");
  check({.width = 301, .channels = 520, .columns = 24}, "l2-bytes=65536");
  check({.batch = 2, .height = 3, .width = 7, .channels = 392, .columns = 9}, "parallel=false l2-bytes=131072");
  check({.height = 5, .width = 7, .channels = 72, .columns = 19, .kernel = {3, 3}, .pads = {1, 1, 1, 1}},
        "l2-bytes=131072");
  check({.height = 5, .width = 13, .channels = 136, .columns = 18, .kernel = {3, 3}, .pads = {1, 1, 1, 1}},
        "l2-bytes=131072");
  check({.height = 4,
         .width = 5,
         .channels = 408,
         .columns = 33,
         .kernel = {2, 3},
         .strides = {2, 1},
         .pads = {0, 1, 1, 1}},
        "l2-bytes=131072");
  check({.width = 29, .channels = 520, .columns = 53}, "vector-bits=512 registers=32 l2-bytes=65536");
}

TEST(EmitBrgemm, Windows) {
  for (int64_t width : {1, 3, 7, 23})
    for (int64_t channels : {1, 6, 130})
      check({.height = 5, .width = width, .channels = channels, .columns = 18, .kernel = {3, 3}, .pads = {1, 1, 1, 1}});
  check({.batch = 2, .height = 9, .width = 11, .channels = 5, .columns = 16, .kernel = {3, 3}});
  check({.height = 31,
         .width = 29,
         .channels = 3,
         .columns = 17,
         .kernel = {7, 7},
         .strides = {2, 2},
         .pads = {3, 3, 3, 3}});
  check({.batch = 2, .height = 13, .width = 12, .channels = 6, .columns = 33, .kernel = {1, 1}, .strides = {2, 2}});
  check({.height = 17,
         .width = 19,
         .channels = 4,
         .columns = 8,
         .kernel = {3, 2},
         .strides = {1, 2},
         .pads = {2, 0, 1, 3},
         .dilations = {2, 3}});
  check({.height = 4, .width = 4, .channels = 4, .columns = 8, .kernel = {5, 5}, .pads = {4, 4, 4, 4}});
}

TEST(EmitBrgemm, CroppedAndDilatedInputs) {
  check({.height = 9, .width = 9, .channels = 4, .columns = 8, .kernel = {3, 3}, .pads = {-1, -2, 1, -1}});
  check({.height = 7,
         .width = 6,
         .channels = 5,
         .columns = 9,
         .kernel = {3, 3},
         .pads = {1, 1, 2, 2},
         .inputDilations = {2, 2}});
}

TEST(EmitBrgemm, Groups) {
  check({.height = 9, .width = 10, .channels = 12, .columns = 27, .kernel = {3, 3}, .pads = {1, 1, 1, 1}, .groups = 3});
  check({.batch = 2, .width = 10, .channels = 8, .columns = 8, .groups = 4});
}

TEST(EmitBrgemm, Depthwise) {
  for (int64_t width : {1, 5, 31})
    for (int64_t channels : {8, 21})
      check({.height = 5,
             .width = width,
             .channels = channels,
             .kernel = {3, 3},
             .pads = {1, 1, 1, 1},
             .depthwise = true});
  check({.batch = 2,
         .height = 9,
         .width = 11,
         .channels = 19,
         .kernel = {3, 3},
         .strides = {2, 2},
         .pads = {0, 0, 1, 1},
         .depthwise = true});
  check({.height = 9,
         .width = 40,
         .channels = 16,
         .kernel = {5, 5},
         .strides = {1, 2},
         .pads = {2, 2, 2, 2},
         .depthwise = true});
  check({.height = 9,
         .width = 33,
         .channels = 12,
         .kernel = {3, 3},
         .pads = {2, 6, 2, 6},
         .dilations = {2, 6},
         .depthwise = true});
  check({.height = 3, .width = 3, .channels = 9, .kernel = {7, 7}, .pads = {3, 3, 3, 3}, .depthwise = true});
}

TEST(EmitBrgemm, OtherProcessors) {
  // Tiles of other shapes; LLVM splits or joins the vectors.
  for (const char *options : {"vector-bits=512 registers=32", "vector-bits=128 registers=32"}) {
    check({.width = 29, .channels = 17, .columns = 53}, options);
    check({.height = 9, .width = 9, .channels = 6, .columns = 35, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, options);
    check({.height = 7, .width = 9, .channels = 21, .kernel = {3, 3}, .pads = {1, 1, 1, 1}, .depthwise = true},
          options);
  }
}

} // namespace
