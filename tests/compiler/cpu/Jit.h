//===- Jit.h - Run MLIR functions on buffers in tests -----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TESTS_COMPILER_CPU_JIT_H
#define INGOT_TESTS_COMPILER_CPU_JIT_H

#include "compiler/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/TargetSelect.h"
#include <gtest/gtest.h>

namespace ingot {

/// The bytes of each argument of a function on memrefs.
using Buffers = std::vector<std::vector<char>>;

/// Tests on functions that take memrefs of static shapes.
class JitTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    mlir::registerAllPasses();
    ingot::registerIngotPasses();
  }

  void SetUp() override {
    mlir::DialectRegistry registry;
    mlir::registerAllDialects(registry);
    mlir::registerAllExtensions(registry);
    mlir::registerBuiltinDialectTranslation(registry);
    mlir::registerLLVMDialectTranslation(registry);
    context = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  }

  /// Machine code of `module` after `passes` (of linalg, on memrefs) and the way down to LLVM.
  std::unique_ptr<mlir::ExecutionEngine> compile(mlir::ModuleOp module, const std::string &passes) {
    mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
    auto manager = mlir::PassManager::on<mlir::ModuleOp>(context.get());
    EXPECT_TRUE(succeeded(mlir::parsePassPipeline(
        passes + ",func.func(scf-forall-to-for),convert-scf-to-cf,expand-strided-metadata,lower-affine,"
                 "convert-vector-to-llvm,convert-math-to-llvm,convert-math-to-libm,convert-arith-to-llvm,"
                 "convert-index-to-llvm,finalize-memref-to-llvm,func.func(llvm-request-c-wrappers),"
                 "convert-func-to-llvm,convert-cf-to-llvm,reconcile-unrealized-casts",
        manager)));
    EXPECT_TRUE(succeeded(manager.run(*copy)));
    mlir::ExecutionEngineOptions options;
    auto optimize = mlir::makeOptimizingTransformer(1, 0, nullptr);
    options.transformer = optimize;
    return llvm::cantFail(mlir::ExecutionEngine::create(*copy, options));
  }

  /// Calls `function` on `buffers`.
  static void invoke(mlir::ExecutionEngine &engine, mlir::func::FuncOp function, Buffers &buffers) {
    std::vector<std::vector<int64_t>> descriptors;
    for (auto [type, bytes] : llvm::zip_equal(function.getArgumentTypes(), buffers)) {
      auto memref = mlir::cast<mlir::MemRefType>(type);
      auto pointer = reinterpret_cast<int64_t>(bytes.data());
      std::vector<int64_t> &descriptor = descriptors.emplace_back(std::vector<int64_t>{pointer, pointer, 0});
      llvm::append_range(descriptor, memref.getShape());
      auto [strides, offset] = memref.getStridesAndOffset();
      llvm::append_range(descriptor, strides);
    }
    std::vector<void *> pointers, arguments;
    for (auto &descriptor : descriptors)
      pointers.push_back(descriptor.data());
    for (void *&pointer : pointers)
      arguments.push_back(&pointer);
    llvm::cantFail(engine.invokePacked(("_mlir_ciface_" + function.getName()).str(), arguments));
  }

  std::unique_ptr<mlir::MLIRContext> context;
};

} // namespace ingot

#endif // INGOT_TESTS_COMPILER_CPU_JIT_H
