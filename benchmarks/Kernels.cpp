//===- Kernels.cpp - The kernels that are measured ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Kernels.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FormatVariadic.h"

using llvm::formatv;

namespace ingot::benchmarks {

/// "tensor<1x2xf32>"
static std::string tensor(std::initializer_list<int64_t> shape) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + "f32>";
}

namespace {

/// Writes a module line by line.
class Module {
public:
  std::string input(const std::string &type) {
    std::string name = "%x" + std::to_string(inputs++);
    arguments += formatv("{0}{1}: {2} {{ingot.name = \"{3}\"}", arguments.empty() ? "" : ", ", name, type, name.substr(1));
    return name;
  }
  std::string weight(const std::string &type) {
    std::string name = "w" + std::to_string(values++);
    weights += formatv("ingot.weight @{0} : {1} = \"\"\n", name, type);
    body += formatv("  %{0} = ingot.read_weight @{0} : {1}\n", name, type);
    return "%" + name;
  }
  std::string constant(double value) {
    std::string name = "%v" + std::to_string(values++);
    body += formatv("  {0} = arith.constant dense<{1:F2}> : tensor<f32>\n", name, value);
    return name;
  }
  /// An op with its operands, its attributes and its functional type.
  std::string op(const std::string &text, const std::string &type, unsigned results = 1) {
    std::string name = "%v" + std::to_string(values++);
    body += formatv("  {0}{1} = ingot.{2} : {3}\n", name, results == 1 ? "" : ":" + std::to_string(results), text, type);
    return results == 1 ? name : name + "#0";
  }
  std::string finish(const std::string &result, const std::string &type) {
    return formatv("{0}func.func @main({1}) -> ({2} {{ingot.name = \"y\"}) {{\n{3}  return {4} : {2}\n}\n", weights, arguments,
                   type, body, result);
  }

private:
  std::string weights, arguments, body;
  unsigned inputs = 0, values = 0;
};

} // namespace

/// Activations are in NHWC from end to end, as in the middle of a network after the layout phase.
static const char *const nhwc = "pads = array<i64: 1, 1, 1, 1>, x_dims = array<i64: 0, 3, 1, 2>, y_dims = array<i64: 0, 3, 1, 2>";

static Kernel convBatchNormRelu(int64_t size, int64_t channels) {
  Module m;
  std::string x = tensor({1, size, size, channels}), w = tensor({channels, channels, 3, 3}), c = tensor({channels});
  std::string in = m.input(x), kernel = m.weight(w), scale = m.weight(c), bias = m.weight(c), mean = m.weight(c),
              var = m.weight(c);
  std::string y = m.op(formatv("conv {0}, {1} {{{2}}", in, kernel, nhwc), formatv("({0}, {1}) -> {0}", x, w));
  y = m.op(formatv("batch_norm {0}, {1}, {2}, {3}, {4} {{feature = 3 : i64}", y, scale, bias, mean, var),
           formatv("({0}, {1}, {1}, {1}, {1}) -> {0}", x, c));
  y = m.op("relu " + y, formatv("({0}) -> {0}", x));
  return {formatv("conv_bn_relu/{0}x{0}x{1}", size, channels), m.finish(y, x),
          2.0 * 9 * size * size * channels * channels};
}

static Kernel depthwiseRelu6(int64_t size, int64_t channels) {
  Module m;
  std::string x = tensor({1, size, size, channels}), w = tensor({channels, 1, 3, 3}), c = tensor({channels});
  std::string in = m.input(x), kernel = m.weight(w), bias = m.weight(c), low = m.constant(0), high = m.constant(6);
  std::string y = m.op(formatv("conv {0}, {1} {{groups = {2} : i64, {3}}", in, kernel, channels, nhwc),
                       formatv("({0}, {1}) -> {0}", x, w));
  y = m.op(formatv("add {0}, {1}", y, bias), formatv("({0}, {1}) -> {0}", x, c));
  y = m.op(formatv("max {0}, {1}", y, low), formatv("({0}, tensor<f32>) -> {0}", x));
  y = m.op(formatv("min {0}, {1}", y, high), formatv("({0}, tensor<f32>) -> {0}", x));
  return {formatv("depthwise_relu6/{0}x{0}x{1}", size, channels), m.finish(y, x), 2.0 * 9 * size * size * channels};
}

static Kernel gemm(const std::string &activation, int64_t m, int64_t k, int64_t n) {
  Module module;
  std::string x = tensor({m, k}), w = tensor({k, n}), b = tensor({n}), y = tensor({m, n});
  std::string in = module.input(x), weight = module.weight(w), bias = module.weight(b);
  std::string value = module.op(formatv("matmul {0}, {1}", in, weight), formatv("({0}, {1}) -> {2}", x, w, y));
  value = module.op(formatv("add {0}, {1}", value, bias), formatv("({0}, {1}) -> {0}", y, b));
  value = module.op(activation + " " + value, formatv("({0}) -> {0}", y));
  return {formatv("gemm_{0}/{1}x{2}x{3}", activation, m, k, n), module.finish(value, y), 2.0 * m * k * n};
}

static Kernel attention(int64_t tokens) {
  constexpr int64_t heads = 12, depth = 64;
  Module m;
  std::string x = tensor({1, heads, tokens, depth});
  std::string q = m.input(x), k = m.input(x), v = m.input(x);
  std::string y = m.op(formatv("attention {0}, {1}, {2} {{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}", q, k, v),
                       formatv("({0}, {0}, {0}) -> {0}", x));
  return {formatv("attention/{0}", tokens), m.finish(y, x), 4.0 * heads * tokens * tokens * depth};
}

static Kernel softmax(int64_t rows, int64_t columns) {
  Module m;
  std::string x = tensor({rows, columns});
  std::string y = m.op("softmax " + m.input(x), formatv("({0}) -> {0}", x));
  return {formatv("softmax/{0}x{1}", rows, columns), m.finish(y, x), 5.0 * rows * columns};
}

static Kernel layerNorm(int64_t rows, int64_t columns) {
  Module m;
  std::string x = tensor({rows, columns}), c = tensor({columns}), s = tensor({rows, 1});
  std::string in = m.input(x), scale = m.weight(c), bias = m.weight(c);
  std::string y = m.op(formatv("layer_norm {0}, {1}, {2}", in, scale, bias),
                       formatv("({0}, {1}, {1}) -> ({0}, {2}, {2})", x, c, s), /*results=*/3);
  return {formatv("layer_norm/{0}x{1}", rows, columns), m.finish(y, x), 8.0 * rows * columns};
}

std::vector<Kernel> kernels() {
  return {convBatchNormRelu(56, 64),    convBatchNormRelu(28, 128),   convBatchNormRelu(14, 256), depthwiseRelu6(112, 32),
          depthwiseRelu6(28, 192),      gemm("relu", 128, 768, 3072), gemm("gelu", 128, 768, 3072), attention(128),
          attention(512),               attention(1024),              attention(2048),            softmax(1536, 512),
          layerNorm(128, 768)};
}

} // namespace ingot::benchmarks
