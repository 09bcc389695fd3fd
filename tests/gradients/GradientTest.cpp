//===- GradientTest.cpp - Gradients against central differences -----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function that ingot-tblgen writes for a record's gradient is run in f64: the loss is the sum of the results,
// each element with a random weight, and moves as the gradient says. So it is with control.mlir, where no record has
// the gradient. The functions of subgradients.mlir have given values. Mutants.h says what the tests must notice.
//
//===----------------------------------------------------------------------===//

#include "tests/examples/Examples.h"
#include "tests/gradients/Differentiated.h"
#include "tests/gradients/Mutants.h"
#include "llvm/ADT/MapVector.h"
#include "gtest/gtest.h"
#include <map>

using namespace mlir;
using namespace ingot;
using namespace ingot::tests;

namespace {

constexpr double tolerance = 1e-7; ///< of a gradient beside central differences

/// The loss moves with each element as the gradient says.
class FirstCase : public testing::Test {
public:
  explicit FirstCase(func::FuncOp function) : function(function) {}

  void TestBody() override {
    Differentiated f(function, /*second=*/false);
    if (!f)
      return;
    f.run();
    std::vector<std::vector<double>> gradients;
    for (size_t i = 0; i < f.count(); ++i)
      gradients.push_back(f.gradient(i).vec());
    for (auto [i, gradient] : llvm::enumerate(gradients))
      for (auto [k, slope] : llvm::enumerate(f.slopes(i)))
        EXPECT_NEAR(gradient[k], slope, tolerance * largest(gradient))
            << "operand " << i << ", element " << k << " at " << f.argument(i)[k];
  }

private:
  func::FuncOp function;
};

/// The gradients move along a direction as the second derivative says.
class SecondCase : public testing::Test {
public:
  explicit SecondCase(func::FuncOp function) : function(function) {}

  void TestBody() override {
    Differentiated f(function, /*second=*/true);
    if (!f)
      return;
    auto gradients = [&](double step) {
      for (size_t i = 0; i < f.count(); ++i)
        for (auto [x, d] : llvm::zip_equal(f.argument(i), f.direction(i)))
          x += step * d;
      f.run();
      std::vector<std::vector<double>> values;
      for (size_t i = 0; i < f.count(); ++i)
        values.push_back(f.gradient(i).vec());
      return values;
    };
    f.run();
    std::vector<std::vector<double>> second;
    for (size_t i = 0; i < f.count(); ++i)
      second.push_back(f.second(i).vec());
    auto behind = gradients(-stepSize), ahead = gradients(2 * stepSize);
    for (size_t i = 0; i < f.count(); ++i)
      for (size_t k = 0; k < second[i].size(); ++k)
        EXPECT_NEAR(second[i][k], (ahead[i][k] - behind[i][k]) / (2 * stepSize), 1e-6 * largest(second[i]))
            << "operand " << i << ", element " << k;
  }

private:
  func::FuncOp function;
};

/// Some function of an op notices each mutant of its gradients.
class MutantCase : public testing::Test {
public:
  explicit MutantCase(std::vector<func::FuncOp> functions) : functions(std::move(functions)) {}

  void TestBody() override {
    std::map<std::string, bool> noticed;
    for (func::FuncOp function : functions) {
      std::vector<Mutant> mutants;
      Differentiated f(function, /*second=*/false, [&](ModuleOp module) { mutants = addMutants(module); });
      if (!f)
        return;
      std::vector<std::vector<double>> slopes;
      for (size_t i = 0; i < f.count(); ++i)
        slopes.push_back(f.slopes(i));
      f.run();
      for (auto [which, mutant] : llvm::enumerate(mutants)) {
        auto isZero = [](double x) { return x == 0; };
        if (mutant.scales && llvm::all_of(f.gradient(mutant.argument), isZero))
          continue;
        ArrayRef<double> changed = f.appended(which);
        bool &seen = noticed[mutant.what];
        for (auto [x, slope] : llvm::zip_equal(changed, slopes[mutant.argument]))
          seen |= !(std::abs(x - slope) <= tolerance * largest(changed));
      }
    }
    EXPECT_FALSE(noticed.empty());
    for (const auto &[what, seen] : noticed)
      EXPECT_TRUE(seen) << what;
  }

private:
  std::vector<func::FuncOp> functions;
};

/// A function with given inputs and outputs.
class GivenCase : public testing::Test {
public:
  explicit GivenCase(func::FuncOp function) : function(function) {}

  void TestBody() override {
    OwningOpRef<ModuleOp> module = isolated(function);
    Program program(*module);
    if (!program)
      return;
    for (auto [i, value] : llvm::enumerate(function->getAttrOfType<ArrayAttr>("ingot.inputs")))
      llvm::copy(bytesOf(cast<DenseElementsAttr>(value)), program.input<char>(i).begin());
    program.run();
    for (auto [i, value] : llvm::enumerate(function->getAttrOfType<ArrayAttr>("ingot.outputs")))
      EXPECT_EQ(difference(cast<DenseElementsAttr>(value), program.output<char>(i).vec()), "") << "output " << i;
  }

private:
  func::FuncOp function;
};

template <typename Case> void registerCases(const char *suite, const char *path) {
  for (auto function : moduleOf(path).getOps<func::FuncOp>())
    testing::RegisterTest(suite, function.getName().str().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [=]() -> testing::Test * { return new Case(function); });
}

/// Functions whose names differ in a last number only belong to one op.
void registerMutants(const char *suite, const char *path) {
  llvm::MapVector<StringRef, std::vector<func::FuncOp>> ops;
  for (auto function : moduleOf(path).getOps<func::FuncOp>())
    ops[function.getName().rtrim("0123456789")].push_back(function);
  for (const auto &[op, functions] : ops)
    testing::RegisterTest(suite, op.rtrim('_').str().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [=]() -> testing::Test * { return new MutantCase(functions); });
}

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  for (const char *path : {INGOT_GRADIENT_CASES, INGOT_CONTROL, INGOT_SUBGRADIENTS, INGOT_HESSIANS})
    if (!moduleOf(path))
      return 1;
  registerCases<FirstCase>("first", INGOT_GRADIENT_CASES);
  registerCases<SecondCase>("second", INGOT_GRADIENT_CASES);
  registerMutants("mutants", INGOT_GRADIENT_CASES);
  registerMutants("control_mutants", INGOT_CONTROL);
  registerCases<FirstCase>("control", INGOT_CONTROL);
  registerCases<SecondCase>("control_second", INGOT_CONTROL);
  registerCases<GivenCase>("subgradients", INGOT_SUBGRADIENTS);
  registerCases<SecondCase>("hessians", INGOT_HESSIANS);
  return RUN_ALL_TESTS();
}
