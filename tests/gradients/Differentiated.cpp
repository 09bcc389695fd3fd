//===- Differentiated.cpp - Functions with gradients, compiled ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/gradients/Differentiated.h"
#include "compiler/cpu/CpuTarget.h"
#include "dialects/ingot/Movement.h"
#include "mlir/Parser/Parser.h"
#include "tests/examples/Examples.h"
#include "llvm/Support/xxhash.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::tests;

ModuleOp ingot::tests::moduleOf(const char *path) {
  static std::unique_ptr<MLIRContext> context = createContext();
  static llvm::StringMap<OwningOpRef<ModuleOp>> modules;
  auto [entry, isNew] = modules.try_emplace(path);
  if (isNew)
    entry->second = parseSourceFile<ModuleOp>(path, context.get());
  return *entry->second;
}

static bool isF64(Value value) { return getElementTypeOrSelf(value).isF64(); }

Program::Program(ModuleOp module) {
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

Program::~Program() {
  ingot_context_destroy(context);
  ingot_executable_close(executable);
}

void Program::run() { ASSERT_EQ(ingot_context_run(context), INGOT_OK) << ingot_context_error(context); }

OwningOpRef<ModuleOp> ingot::tests::isolated(func::FuncOp function) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(function.getLoc());
  OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
  auto main = cast<func::FuncOp>(b.clone(*function));
  main.setName("main");
  for (StringRef name : {"ingot.inputs", "ingot.outputs", "ingot.domain"})
    main->removeAttr(name);
  return module;
}

Differentiated::Differentiated(func::FuncOp function, bool second, llvm::function_ref<void(ModuleOp)> change)
    : random(llvm::xxh3_64bits(function.getName())) {
  OwningOpRef<ModuleOp> module = isolated(function);
  differentiate(*module, second);
  change(*module);
  program.emplace(*module);
  if (*program)
    fill(function);
}

/// Further arguments are the weights of the results in the loss, and the directions.
void Differentiated::differentiate(ModuleOp module, bool second) {
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
  SmallVector<Value> outputs{weighted(ret.getOperands(), weights)};
  auto gradient = GradientOp::create(b, outputs[0], wrt);
  llvm::append_range(outputs, gradient.getGradients());
  if (second)
    llvm::append_range(outputs,
                       GradientOp::create(b, weighted(gradient.getGradients(), directions), wrt).getGradients());
  ret->setOperands(outputs);
  main.setFunctionType(b.getFunctionType(main.getArgumentTypes(), ValueRange(outputs).getTypes()));
  for (BlockArgument argument : main.getArguments()) {
    main.setArgAttr(argument.getArgNumber(), "ingot.name", b.getStringAttr(inputName(argument.getArgNumber())));
    isFloat.push_back(isF64(argument));
  }
  for (unsigned i = 0; i < outputs.size(); ++i)
    main.setResultAttr(i, "ingot.name", b.getStringAttr(outputName(i)));
  results = outputs.size();
}

void Differentiated::fill(func::FuncOp function) {
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

std::vector<double> Differentiated::slopes(size_t i) {
  std::vector<double> result;
  for (double &x : argument(i)) {
    double before = x;
    auto lossAt = [&](double value) {
      x = value;
      run();
      return loss();
    };
    result.push_back((lossAt(before + stepSize) - lossAt(before - stepSize)) / (2 * stepSize));
    x = before;
  }
  return result;
}

double ingot::tests::largest(ArrayRef<double> values) {
  double result = 1;
  for (double x : values)
    result = std::max(result, std::abs(x));
  return result;
}
