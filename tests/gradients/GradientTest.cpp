//===- GradientTest.cpp - Gradients against central differences -----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function that ingot-tblgen writes for a record's gradient is run in f64: the loss is the sum of the results,
// each element with a random weight, and moves as the gradient says. So it is with control.mlir, where no record has the
// gradient. The functions of subgradients.mlir have given values.
//
//===----------------------------------------------------------------------===//

#include "compiler/Compiler.h"
#include "compiler/cpu/CpuTarget.h"
#include "dialects/ingot/Movement.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Parser/Parser.h"
#include "runtime/ingot.h"
#include "tests/examples/Examples.h"
#include "llvm/Support/xxhash.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace mlir;
using namespace ingot;
using namespace ingot::tests;

namespace {

ModuleOp moduleOf(const char *path) {
  static std::unique_ptr<MLIRContext> context = createContext();
  static llvm::StringMap<OwningOpRef<ModuleOp>> modules;
  auto [entry, isNew] = modules.try_emplace(path);
  if (isNew)
    entry->second = parseSourceFile<ModuleOp>(path, context.get());
  return *entry->second;
}

bool isF64(Value value) { return getElementTypeOrSelf(value).isF64(); }

/// A compiled function in this process.
class Program {
public:
  explicit Program(ModuleOp module) {
    Options options;
    options.target = hostTarget();
    llvm::Expected<std::unique_ptr<JitModel>> compiled = compileAndLoad(module, options);
    if (!compiled) {
      ADD_FAILURE() << llvm::toString(compiled.takeError());
      return;
    }
    jit = std::move(*compiled);
    EXPECT_EQ(ingot_executable_open(&jit->model(), jit->weights(), &executable), INGOT_OK) << ingot_last_error();
    EXPECT_EQ(ingot_context_create(executable, nullptr, &context), INGOT_OK) << ingot_last_error();
  }
  ~Program() {
    ingot_context_destroy(context);
    ingot_executable_close(executable);
  }

  explicit operator bool() const { return context; }
  template <typename T> MutableArrayRef<T> input(unsigned index) {
    return {static_cast<T *>(ingot_context_input(context, index)),
            size_t(jit->model().inputs[index].bytes / sizeof(T))};
  }
  template <typename T> ArrayRef<T> output(unsigned index) {
    return {static_cast<T *>(ingot_context_output(context, index)),
            size_t(jit->model().outputs[index].bytes / sizeof(T))};
  }
  void run() { ASSERT_EQ(ingot_context_run(context), INGOT_OK) << ingot_context_error(context); }

private:
  std::unique_ptr<JitModel> jit;
  ingot_executable *executable = nullptr;
  ingot_context *context = nullptr;
};

/// A module whose `main` is `function`.
OwningOpRef<ModuleOp> isolated(func::FuncOp function) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(function.getLoc());
  OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
  auto main = cast<func::FuncOp>(b.clone(*function));
  main.setName("main");
  for (StringRef name : {"ingot.inputs", "ingot.outputs", "ingot.domain"})
    main->removeAttr(name);
  return module;
}

/// A function whose gradients are built into it and compiled: `main` gives the loss, then the gradient with respect to
/// each f64 argument, then, with `second`, the derivative of each gradient along a direction.
class Differentiated {
public:
  Differentiated(func::FuncOp function, bool second) : random(llvm::xxh3_64bits(function.getName())) {
    OwningOpRef<ModuleOp> module = isolated(function);
    differentiate(*module, second);
    program.emplace(*module);
    if (*program)
      fill(function);
  }

  explicit operator bool() const { return bool(*program); }
  void run() { program->run(); }
  double loss() { return program->output<double>(0)[0]; }
  size_t count() const { return arguments.size(); }
  MutableArrayRef<double> argument(size_t i) { return program->input<double>(arguments[i]); }
  ArrayRef<double> gradient(size_t i) { return program->output<double>(1 + i); }
  MutableArrayRef<double> direction(size_t i) { return program->input<double>(directions[i]); }
  ArrayRef<double> second(size_t i) { return program->output<double>(1 + arguments.size() + i); }

private:
  /// Further arguments are the weights of the results in the loss, and the directions.
  void differentiate(ModuleOp module, bool second) {
    auto main = module.lookupSymbol<func::FuncOp>("main");
    auto ret = cast<func::ReturnOp>(main.getBody().front().getTerminator());
    ImplicitLocOpBuilder b(main.getLoc(), ret);
    SmallVector<Value> wrt;
    for (BlockArgument argument : main.getArguments())
      if (isF64(argument)) {
        wrt.push_back(argument);
        arguments.push_back(argument.getArgNumber());
      }
    auto weighted = [&](ValueRange values, SmallVectorImpl<unsigned> &weights) {
      Value sum;
      for (Value value : values) {
        if (!isF64(value))
          continue;
        weights.push_back(main.getNumArguments());
        (void)main.insertArgument(weights.back(), value.getType(), {}, main.getLoc());
        Value part = b.createOrFold<MulOp>(value, main.getArgument(weights.back()));
        SmallVector<int64_t> axes = llvm::to_vector(llvm::seq(cast<RankedTensorType>(value.getType()).getRank()));
        part = axes.empty() ? part : b.createOrFold<ReduceSumOp>(part, axes, /*keepdims=*/false);
        sum = sum ? b.createOrFold<AddOp>(sum, part) : part;
      }
      return sum;
    };
    SmallVector<unsigned> weights;
    SmallVector<Value> results{weighted(ret.getOperands(), weights)};
    auto gradient = GradientOp::create(b, results[0], wrt);
    llvm::append_range(results, gradient.getGradients());
    if (second)
      llvm::append_range(results,
                         GradientOp::create(b, weighted(gradient.getGradients(), directions), wrt).getGradients());
    ret->setOperands(results);
    main.setFunctionType(b.getFunctionType(main.getArgumentTypes(), ValueRange(results).getTypes()));
    for (BlockArgument argument : main.getArguments()) {
      main.setArgAttr(argument.getArgNumber(), "ingot.name", b.getStringAttr(inputName(argument.getArgNumber())));
      isFloat.push_back(isF64(argument));
    }
    for (unsigned i = 0; i < results.size(); ++i)
      main.setResultAttr(i, "ingot.name", b.getStringAttr(outputName(i)));
  }

  void fill(func::FuncOp function) {
    auto given = function->getAttrOfType<ArrayAttr>("ingot.inputs"),
         domain = function->getAttrOfType<ArrayAttr>("ingot.domain");
    for (unsigned i = 0; i < isFloat.size(); ++i) {
      if (given && i < given.size() && !isa<UnitAttr>(given[i])) {
        llvm::copy(bytesOf(cast<DenseElementsAttr>(given[i])), program->input<char>(i).begin());
      } else if (!isFloat[i]) {
        for (char &flag : program->input<char>(i))
          flag = std::uniform_int_distribution<int>(0, 1)(random);
      } else {
        double low = -1, high = 1;
        if (domain && i < domain.size()) {
          auto ends = cast<DenseElementsAttr>(domain[i]).getValues<double>();
          low = ends[0], high = ends[1];
        }
        for (double &x : program->input<double>(i))
          x = std::uniform_real_distribution<double>(low, high)(random);
      }
    }
  }

  std::mt19937_64 random;
  std::optional<Program> program;
  SmallVector<unsigned> arguments, directions; ///< numbers of arguments
  std::vector<bool> isFloat;
};

constexpr double stepSize = 1e-5;

double largest(ArrayRef<double> values) {
  double result = 1;
  for (double x : values)
    result = std::max(result, std::abs(x));
  return result;
}

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
      for (auto [k, x] : llvm::enumerate(f.argument(i))) {
        double before = x;
        auto lossAt = [&](double value) {
          x = value;
          f.run();
          return f.loss();
        };
        double slope = (lossAt(before + stepSize) - lossAt(before - stepSize)) / (2 * stepSize);
        x = before;
        EXPECT_NEAR(gradient[k], slope, 1e-7 * largest(gradient))
            << "operand " << i << ", element " << k << " at " << x;
      }
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

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  for (const char *path : {INGOT_GRADIENT_CASES, INGOT_CONTROL, INGOT_SUBGRADIENTS, INGOT_HESSIANS})
    if (!moduleOf(path))
      return 1;
  registerCases<FirstCase>("first", INGOT_GRADIENT_CASES);
  registerCases<SecondCase>("second", INGOT_GRADIENT_CASES);
  registerCases<FirstCase>("control", INGOT_CONTROL);
  registerCases<SecondCase>("control_second", INGOT_CONTROL);
  registerCases<GivenCase>("subgradients", INGOT_SUBGRADIENTS);
  registerCases<SecondCase>("hessians", INGOT_HESSIANS);
  return RUN_ALL_TESTS();
}
