//===- MathTest.cpp - Error bounds of expand-math -------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every function runs, in vectors of this processor, on two million numbers: the special ones, a sample of all bit
// patterns and a dense one around 0. The C library in double is the truth. The bounds are those of ExpandMath.cpp.
//
//===----------------------------------------------------------------------===//

#include "tests/compiler/cpu/Jit.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace ingot;

namespace {

constexpr int64_t samples = 1 << 16, rounds = 32;

const float special[] = {0.0f,   -0.0f,  1.0f,    -1.0f,   INFINITY,        -INFINITY,        NAN,         0.5f,
                         2.0f,   -2.0f,  3.0f,    -3.0f,   1e-45f,          -1e-45f,          1e-39f,      -1e-39f,
                         88.72f, 88.73f, -87.33f, -87.34f, 1.17549435e-38f, -1.17549435e-38f, -103.9f,     -104.1f,
                         127.9f, 128.0f, -125.9f, -126.0f, 3.40282347e38f,  -3.40282347e38f,  16777215.0f, 0.70710678f};
constexpr int64_t specials = std::size(special);

float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// The sample's pair number `at`.
std::pair<float, float> operandsAt(int64_t at) {
  if (at < specials * specials)
    return {special[at % specials], special[at / specials]};
  // Multiplied by an odd number, different bits stay different.
  uint32_t scattered = uint32_t(at) * 2654435761u, other = (uint32_t(at) ^ 0x9e3779b9u) * 2246822519u;
  float near = float(int32_t(scattered) * 0x1p-31), exponent = float(int32_t(other) * 0x1p-31);
  switch (at % 4) {
  case 0:
    return {fromBits(scattered), float(int(other % 41) - 20) / 2};
  case 1:
    return {near * 16, exponent * 32};
  case 2:
    return {near * 1000, exponent * 4};
  default:
    return {near, exponent};
  }
}

/// Distance of `found` from `wanted` in units of the last place of a float.
double ulps(float found, double wanted) {
  auto rounded = float(wanted);
  if (std::isnan(wanted) || std::isnan(found))
    return std::isnan(wanted) && std::isnan(found) ? 0 : INFINITY;
  if (std::isinf(found) || std::isinf(rounded))
    return found == rounded ? 0 : std::abs(wanted) > 3.4028232e38 && std::abs(found) > 3.4028232e38 ? 1 : INFINITY;
  if (rounded == 0 && found == 0)
    return 0;
  double unit = std::ldexp(1.0, std::max(wanted == 0 ? -149 : std::ilogb(wanted), -126) - 23);
  return std::abs(double(found) - wanted) / unit;
}

class MathTest : public JitTest {
protected:
  /// Checks math.`name` on numbers of at most `limit`.
  void check(const std::string &name, double bound, double (*truth)(double), double limit = INFINITY) {
    check(name, "math." + name + " %a : f32", bound, [&](double x, double) { return truth(x); }, limit);
  }

  void check(const std::string &name, const std::string &operation, double bound,
             llvm::function_ref<double(double, double)> truth, double limit = INFINITY) {
    SCOPED_TRACE(operation);
    std::string type = "memref<" + std::to_string(samples) + "xf32>", map = "affine_map<(i) -> (i)>";
    std::string text = "func.func @f(%x: " + type + ", %y: " + type + ", %z: " + type + ") {\n" +
                       "linalg.generic {indexing_maps = [" + map + "," + map + "," + map +
                       "], iterator_types = [\"parallel\"]} ins(%x, %y : " + type + "," + type + ") outs(%z : " + type +
                       ") {\n^bb0(%a: f32, %b: f32, %c: f32):\n%r = " + operation +
                       "\nlinalg.yield %r : f32\n}\nreturn\n}";
    auto module = parseSourceString<ModuleOp>(text, context.get());
    ASSERT_TRUE(module);
    auto engine = compile(*module, "func.func(emit-loops{vector-bits=256}),expand-math");
    func::FuncOp function = *module->getOps<func::FuncOp>().begin();
    Buffers buffers(3, std::vector<char>(samples * sizeof(float)));
    auto *x = reinterpret_cast<float *>(buffers[0].data()), *y = reinterpret_cast<float *>(buffers[1].data());
    auto *z = reinterpret_cast<float *>(buffers[2].data());
    double worst = 0, worstX = 0, worstY = 0, worstZ = 0;
    for (int64_t round = 0; round < rounds; ++round) {
      for (int64_t i = 0; i < samples; ++i)
        std::tie(x[i], y[i]) = operandsAt(round * samples + i);
      invoke(*engine, function, buffers);
      for (int64_t i = 0; i < samples; ++i) {
        if (std::abs(x[i]) > limit)
          continue;
        double wanted = truth(x[i], y[i]);
        // Results too small for a normal number are 0.
        if ((name == "exp" || name == "exp2") && std::abs(wanted) < 0x1p-125 && z[i] == 0)
          continue;
        if (double error = ulps(z[i], wanted); error > worst)
          std::tie(worst, worstX, worstY, worstZ) = std::tuple(error, x[i], y[i], z[i]);
        if (wanted == 0 && name != "erf")
          ASSERT_EQ(std::signbit(z[i]), std::signbit(wanted)) << "of " << x[i] << ", " << y[i];
      }
    }
    EXPECT_LE(worst, bound) << "of " << worstX << ", " << worstY << " is " << worstZ << ", not "
                            << truth(worstX, worstY);
    RecordProperty(name, std::to_string(worst));
  }
};

TEST_F(MathTest, Exponentials) {
  check("exp", 2, std::exp);
  check("exp2", 2, std::exp2);
  check("expm1", 2, std::expm1);
}

TEST_F(MathTest, Logarithms) {
  check("log", 2, std::log);
  check("log2", 2, std::log2);
  check("log10", 2, std::log10);
  check("log1p", 2, std::log1p);
}

TEST_F(MathTest, Sigmoids) {
  check("tanh", 5, std::tanh);
  check("erf", 5, std::erf);
}

TEST_F(MathTest, Circle) {
  check("sin", 3, std::sin, 1e3);
  check("cos", 3, std::cos, 1e3);
  check("tan", 4, std::tan, 1e3);
  check("atan", 3, std::atan);
  check("asin", 8, std::asin);
  check("acos", 3, std::acos);
}

TEST_F(MathTest, Hyperbolic) {
  check("sinh", 3, std::sinh);
  check("cosh", 2, std::cosh);
  check("asinh", 2, std::asinh);
  check("acosh", 2, std::acosh);
  check("atanh", 3, std::atanh);
}

TEST_F(MathTest, Roots) {
  check("sqrt", 0.5, std::sqrt);
  check("rsqrt", 2, [](double x) { return 1 / std::sqrt(x); });
}

TEST_F(MathTest, Powers) {
  check("powf", "math.powf %a, %b : f32", 2, [](double x, double y) { return std::pow(x, y); });
}

} // namespace
