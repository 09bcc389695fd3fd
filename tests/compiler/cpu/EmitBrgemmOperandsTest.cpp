//===- EmitBrgemmOperandsTest.cpp - Operands and epilogues of kernels -----===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/compiler/cpu/KernelRunner.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"
#include <cmath>
#include <functional>

using namespace ingot;

namespace {

/// Runs `text` on arrays of the shapes given and compares the last one with
/// `wanted`, which gets the others.
void checkModule(const std::string &text, std::vector<std::vector<int64_t>> shapes, double tolerance,
                 const std::function<void(std::vector<Array> &)> &wanted) {
  SCOPED_TRACE(text);
  KernelRunner runner(text);
  ASSERT_TRUE(runner.isValid());
  std::vector<Array> arrays;
  for (const std::vector<int64_t> &shape : shapes)
    arrays.emplace_back(shape).fill(arrays.size());
  std::vector<Array *> arguments;
  for (Array &array : arrays)
    arguments.push_back(&array);
  runner.run(arguments);
  std::vector<float> found = arrays.back().data;
  arrays.back().fill(arrays.size() - 1);
  wanted(arrays);
  for (size_t index = 0; index < found.size(); ++index)
    ASSERT_NEAR(found[index], arrays.back().data[index], tolerance) << "at " << index;
}

TEST(EmitBrgemm, ExtraOperands) {
  // A scalar, one number for each row, one row for each batch; the scalar
  // constant comes from above the op.
  checkModule(R"(
func.func @run(%a: memref<2x1x13x7xf32>, %w: memref<1x2x1x7x16xf32>, %e0: memref<1x1x1x1xf32>,
               %e1: memref<2x1x13x1xf32>, %e2: memref<2x1x1x21xf32>, %c: memref<2x1x13x21xf32>)
    attributes {llvm.emit_c_interface} {
  %half = arith.constant 0.5 : f32
  %captured = math.absf %half : f32
  kernel.brgemm ins(%a, %w : memref<2x1x13x7xf32>, memref<1x2x1x7x16xf32>)
      extras(%e0, %e1, %e2 : memref<1x1x1x1xf32>, memref<2x1x13x1xf32>, memref<2x1x1x21xf32>)
      outs(%c : memref<2x1x13x21xf32>) {
  ^bb0(%sum: f32, %scalar: f32, %row: f32, %column: f32):
    %0 = arith.mulf %sum, %scalar : f32
    %1 = arith.addf %0, %row : f32
    %2 = arith.mulf %1, %column : f32
    %3 = arith.addf %2, %captured : f32
    kernel.yield %3 : f32
  }
  return
})",
              {{2, 1, 13, 7}, {1, 2, 1, 7, 16}, {1, 1, 1, 1}, {2, 1, 13, 1}, {2, 1, 1, 21}, {2, 1, 13, 21}}, 1e-4,
              [](std::vector<Array> &v) {
                for (int64_t b = 0; b < 2; ++b)
                  for (int64_t m = 0; m < 13; ++m)
                    for (int64_t n = 0; n < 21; ++n) {
                      float sum = 0;
                      for (int64_t k = 0; k < 7; ++k)
                        sum += v[0].at({b, 0, m, k}) * v[1].at({0, n / 16, 0, k, n % 16});
                      v[5].at({b, 0, m, n}) =
                          (sum * v[2].data[0] + v[3].at({b, 0, m, 0})) * v[4].at({b, 0, 0, n}) + 0.5f;
                    }
              });
}

TEST(EmitBrgemm, LongEpilogues) {
  // sum / (1 + exp(-sum)), which goes through memory; a truth value and a
  // select as vectors.
  for (const char *rows : {"13", "?"})
    checkModule(llvm::formatv(R"(
func.func @run(%a: memref<1x1x{0}x5xf32>, %w: memref<1x2x1x5x16xf32>, %c: memref<1x1x{0}x19xf32>)
    attributes {{llvm.emit_c_interface} {{
  kernel.brgemm ins(%a, %w : memref<1x1x{0}x5xf32>, memref<1x2x1x5x16xf32>) outs(%c : memref<1x1x{0}x19xf32>) {{
  ^bb0(%sum: f32):
    %one = arith.constant 1.0 : f32
    %zero = arith.constant 0.0 : f32
    %0 = arith.negf %sum : f32
    %1 = math.exp %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.divf %sum, %2 : f32
    %4 = arith.cmpf ogt, %sum, %zero : f32
    %5 = arith.select %4, %sum, %3 : f32
    kernel.yield %5 : f32
  }
  return
})",
                              rows),
                {{1, 1, 13, 5}, {1, 2, 1, 5, 16}, {1, 1, 13, 19}}, 1e-5, [](std::vector<Array> &v) {
                  for (int64_t m = 0; m < 13; ++m)
                    for (int64_t n = 0; n < 19; ++n) {
                      float sum = 0;
                      for (int64_t k = 0; k < 5; ++k)
                        sum += v[0].at({0, 0, m, k}) * v[1].at({0, n / 16, 0, k, n % 16});
                      v[2].at({0, 0, m, n}) = sum > 0 ? sum : sum / (1 + std::exp(-sum));
                    }
                });
}

TEST(EmitBrgemm, Heads) {
  // Scores of attention: queries and keys [batch, position, head, channel]
  // without a transpose.
  checkModule(
      R"(
func.func @run(%q: memref<2x9x3x11xf32>, %k: memref<2x18x3x11xf32>, %p: memref<2x3x1x2x1x11x16xf32>,
               %s: memref<2x3x9x18xf32>) attributes {llvm.emit_c_interface} {
  kernel.pack ins(%k : memref<2x18x3x11xf32>) outs(%p : memref<2x3x1x2x1x11x16xf32>) dims [0, 2, 1, -1, -1, 3]
  kernel.brgemm ins(%q, %p : memref<2x9x3x11xf32>, memref<2x3x1x2x1x11x16xf32>) outs(%s : memref<2x3x9x18xf32>)
      input_dims [0, 2, 1, 3] {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
})",
      {{2, 9, 3, 11}, {2, 18, 3, 11}, {2, 3, 1, 2, 1, 11, 16}, {2, 3, 9, 18}}, 1e-5, [](std::vector<Array> &v) {
        for (int64_t b = 0; b < 2; ++b)
          for (int64_t h = 0; h < 3; ++h)
            for (int64_t i = 0; i < 9; ++i)
              for (int64_t j = 0; j < 18; ++j) {
                float sum = 0;
                for (int64_t d = 0; d < 11; ++d)
                  sum += v[0].at({b, i, h, d}) * v[1].at({b, j, h, d});
                v[3].at({b, h, i, j}) = sum;
              }
      });
  // Their product with the values, written back as [batch, position, head,
  // channel].
  checkModule(
      R"(
func.func @run(%s: memref<2x3x9x18xf32>, %v: memref<2x18x3x11xf32>, %p: memref<2x3x1x1x1x18x16xf32>,
               %o: memref<2x9x3x11xf32>) attributes {llvm.emit_c_interface} {
  kernel.pack ins(%v : memref<2x18x3x11xf32>) outs(%p : memref<2x3x1x1x1x18x16xf32>) dims [0, 2, 3, -1, -1, 1]
  kernel.brgemm ins(%s, %p : memref<2x3x9x18xf32>, memref<2x3x1x1x1x18x16xf32>) outs(%o : memref<2x9x3x11xf32>)
      output_dims [0, 2, 1, 3] {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
})",
      {{2, 3, 9, 18}, {2, 18, 3, 11}, {2, 3, 1, 1, 1, 18, 16}, {2, 9, 3, 11}}, 1e-5, [](std::vector<Array> &v) {
        for (int64_t b = 0; b < 2; ++b)
          for (int64_t h = 0; h < 3; ++h)
            for (int64_t i = 0; i < 9; ++i)
              for (int64_t d = 0; d < 11; ++d) {
                float sum = 0;
                for (int64_t j = 0; j < 18; ++j)
                  sum += v[0].at({b, h, i, j}) * v[1].at({b, j, h, d});
                v[3].at({b, i, h, d}) = sum;
              }
      });
}

TEST(EmitBrgemm, TransposedInput) {
  checkModule(R"(
func.func @run(%a: memref<1x1x7x13xf32>, %w: memref<1x2x1x7x16xf32>, %c: memref<1x1x13x21xf32>)
    attributes {llvm.emit_c_interface} {
  kernel.brgemm ins(%a, %w : memref<1x1x7x13xf32>, memref<1x2x1x7x16xf32>) outs(%c : memref<1x1x13x21xf32>)
      input_dims [0, 1, 3, 2] {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
})",
              {{1, 1, 7, 13}, {1, 2, 1, 7, 16}, {1, 1, 13, 21}}, 1e-5, [](std::vector<Array> &v) {
                for (int64_t m = 0; m < 13; ++m)
                  for (int64_t n = 0; n < 21; ++n) {
                    float sum = 0;
                    for (int64_t k = 0; k < 7; ++k)
                      sum += v[0].at({0, 0, k, m}) * v[1].at({0, n / 16, 0, k, n % 16});
                    v[2].at({0, 0, m, n}) = sum;
                  }
              });
}

TEST(EmitBrgemm, ElementTypes) {
  // Other element types, converted from and to the arrays' f32 around the
  // kernel.
  for (auto [type, tolerance] : {std::pair("f64", 1e-5), std::pair("f16", 1e-2), std::pair("bf16", 6e-2)}) {
    bool wide = type == std::string("f64");
    checkModule(llvm::formatv(R"(
#id4 = affine_map<(a, b, c, d) -> (a, b, c, d)>
#id5 = affine_map<(a, b, c, d, e) -> (a, b, c, d, e)>
func.func @run(%a: memref<1x5x6x7xf32>, %w: memref<1x2x9x7x16xf32>, %c: memref<1x5x6x21xf32>)
    attributes {{llvm.emit_c_interface} {{
  %a2 = memref.alloca() : memref<1x5x6x7x{0}>
  %w2 = memref.alloca() : memref<1x2x9x7x16x{0}>
  %c2 = memref.alloca() : memref<1x5x6x21x{0}>
  linalg.generic {{indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%a : memref<1x5x6x7xf32>) outs(%a2 : memref<1x5x6x7x{0}>) {{
  ^bb0(%x: f32, %y: {0}):
    %z = arith.{1} %x : f32 to {0}
    linalg.yield %z : {0}
  }
  linalg.generic {{indexing_maps = [#id5, #id5],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%w : memref<1x2x9x7x16xf32>) outs(%w2 : memref<1x2x9x7x16x{0}>) {{
  ^bb0(%x: f32, %y: {0}):
    %z = arith.{1} %x : f32 to {0}
    linalg.yield %z : {0}
  }
  kernel.brgemm ins(%a2, %w2 : memref<1x5x6x7x{0}>, memref<1x2x9x7x16x{0}>) outs(%c2 : memref<1x5x6x21x{0}>)
      kernel [3, 3] pads [1, 1, 1, 1] {{
  ^bb0(%sum: {3}):
    kernel.yield %sum : {3}
  }
  linalg.generic {{indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c2 : memref<1x5x6x21x{0}>) outs(%c : memref<1x5x6x21xf32>) {{
  ^bb0(%x: {0}, %y: f32):
    %z = arith.{2} %x : {0} to f32
    linalg.yield %z : f32
  }
  return
})",
                              type, wide ? "extf" : "truncf", wide ? "truncf" : "extf", wide ? "f64" : "f32"),
                {{1, 5, 6, 7}, {1, 2, 9, 7, 16}, {1, 5, 6, 21}}, tolerance, [](std::vector<Array> &v) {
                  for (int64_t y = 0; y < 5; ++y)
                    for (int64_t x = 0; x < 6; ++x)
                      for (int64_t n = 0; n < 21; ++n) {
                        double sum = 0;
                        for (int64_t i = std::max<int64_t>(1 - y, 0); i < std::min<int64_t>(3, 6 - y); ++i)
                          for (int64_t j = std::max<int64_t>(1 - x, 0); j < std::min<int64_t>(3, 7 - x); ++j)
                            for (int64_t k = 0; k < 7; ++k)
                              sum += double(v[0].at({0, y + i - 1, x + j - 1, k})) *
                                     v[1].at({0, n / 16, i * 3 + j, k, n % 16});
                        v[2].at({0, y, x, n}) = float(sum);
                      }
                });
  }
}

} // namespace
