//===- Pipeline.cpp - The phases of a compilation, on one page ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline.h"
#include "compiler/Passes.h"
#include "compiler/cpu/CpuTarget.h"
#include "compiler/cpu/LowerToLLVM.h"
#include "dialects/ingot/Dialect.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace ingot;

ArrayRef<std::pair<Phase, StringRef>> ingot::phases() {
  static constexpr std::pair<Phase, StringRef> table[] = {
      {Phase::Import, "import"},     {Phase::Infer, "infer"},       {Phase::Recompose, "recompose"},
      {Phase::Autodiff, "autodiff"}, {Phase::Layout, "layout"},     {Phase::Group, "group"},
      {Phase::Schedule, "schedule"}, {Phase::Lower, "lower"},       {Phase::Bufferize, "bufferize"},
      {Phase::Plan, "plan"},         {Phase::Target, "target"},     {Phase::LLVM, "llvm"}};
  return table;
}

/// What no step of a loop changes is computed before it.
static void hoist(OpPassManager &pm) { pm.addNestedPass<func::FuncOp>(createLoopInvariantCodeMotionPass()); }

static void cleanUp(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void bufferize(OpPassManager &pm) {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  options.unknownTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(createDestinationStyle());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  pm.addPass(createCanonicalizerPass()); // a result that is an argument seen twice is that argument
  pm.addPass(bufferization::createDropEquivalentBufferResultsPass());
  cleanUp(pm);
}

void ingot::buildPhase(OpPassManager &pm, Phase phase, const Options &options) {
  bool fast = !options.oracle;
  switch (phase) {
  case Phase::Import: // ingot: one function, weights as symbols
    break;
  case Phase::Infer: // ingot: folded, every type as narrow as it can be
    if (fast)        // the reference lowers the sizes as they are written
      pm.addNestedPass<func::FuncOp>(createRefineTypes());
    cleanUp(pm);
    hoist(pm);
    pm.addPass(createSymbolDCEPass());
    break;
  case Phase::Recompose: // ingot: with the composites that exporters take apart
    if (fast) {
      pm.addNestedPass<func::FuncOp>(createRecompose());
      pm.addNestedPass<func::FuncOp>(createBatchScans());
    }
    break;
  case Phase::Autodiff: // ingot: gradients as ops like any others
    pm.addNestedPass<func::FuncOp>(createAutodiff());
    cleanUp(pm);
    break;
  case Phase::Layout: // ingot: activations of convolutions in NHWC
    if (fast)
      pm.addNestedPass<func::FuncOp>(createLayout());
    cleanUp(pm);
    break;
  case Phase::Group: // ingot: groups and views
    if (options.segments > 0)
      pm.addNestedPass<func::FuncOp>(createRecompute({options.segments}));
    if (fast)
      pm.addNestedPass<func::FuncOp>(createBlockAttention());
    pm.addPass(createDecompose({/*keepRowwise=*/fast}));
    cleanUp(pm);
    hoist(pm);
    if (fast)
      pm.addNestedPass<func::FuncOp>(createFormGroups());
    break;
  case Phase::Schedule: // ingot, kernel, tensor: kernels chosen, weights packed
    if (fast)
      pm.addNestedPass<func::FuncOp>(
          createSelectKernels({options.target.vectorBits, options.target.registers, options.target.l2Bytes}));
    hoist(pm);
    if (fast && !options.evaluates) {
      pm.addPass(createCSEPass()); // packs that are the same are evaluated once
      pm.addPass(createFoldConstants());
    }
    break;
  case Phase::Lower: // func, linalg, kernel, tensor, arith, math: one function a group
    pm.addPass(createOutlineGroups());
    pm.addPass(createWeightArguments());
    if (fast)
      pm.addPass(func::createDuplicateFunctionEliminationPass()); // layers that are alike are lowered once
    pm.addPass(createGraphToLinalg());
    pm.addNestedPass<func::FuncOp>(createGuardDivisions());
    if (fast)
      pm.addNestedPass<func::FuncOp>(createFuseLoops());
    pm.addNestedPass<func::FuncOp>(createLowerControl());
    cleanUp(pm);
    if (fast)
      pm.addPass(func::createDuplicateFunctionEliminationPass());
    break;
  case Phase::Bufferize: // the same on memrefs
    bufferize(pm);
    break;
  case Phase::Plan: // one arena and one blob of weights, every offset fixed
    if (fast)
      pm.addNestedPass<func::FuncOp>(createFuseRows());
    pm.addPass(createPlanBuffers({/*alignment=*/64, /*separate=*/options.sanitize}));
    cleanUp(pm);
    break;
  case Phase::Target: // scf, vector, arith, math, memref: kernels and loops as code for the processor
    pm.addNestedPass<func::FuncOp>(createExpandCopies());
    if (fast) {
      pm.addPass(createEmitBrgemm({options.target.vectorBits, options.target.registers, options.target.l2Bytes}));
      pm.addNestedPass<func::FuncOp>(createEmitLoops({options.target.vectorBits, options.target.registers}));
      pm.addPass(createExpandMath());
      pm.addPass(createVerifyVectors({options.target.vectorBits}));
    } else {
      pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
    }
    pm.addPass(createParallelize({/*separate=*/options.sanitize}));
    if (fast && !options.sanitize)
      pm.addPass(createVerifyNoAlloc());
    cleanUp(pm);
    if (options.profile)
      pm.addPass(createProfile());
    break;
  case Phase::LLVM: // llvm
    addLowerToLLVM(pm, options.target);
    break;
  }
}

void ingot::buildPipeline(OpPassManager &pm, const Options &options) {
  for (auto [phase, name] : phases())
    if (phase <= options.compileTo)
      buildPhase(pm, phase, options);
}

namespace {
/// The pipeline as `ingot-opt` sees it.
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<std::string> to{*this, "to", llvm::cl::desc("the last phase to run"), llvm::cl::init("plan")};
  Option<bool> oracle{*this, "oracle", llvm::cl::desc("scalar loops without fusion or packing"), llvm::cl::init(false)};
};
} // namespace

void ingot::registerPipeline() {
  PassPipelineRegistration<PipelineOptions>("ingot-compile", "The phases of a compilation",
                                            [](OpPassManager &pm, const PipelineOptions &given) {
                                              Options options;
                                              options.oracle = given.oracle;
                                              options.target = hostTarget();
                                              for (auto [phase, name] : phases())
                                                if (name == given.to)
                                                  options.compileTo = phase;
                                              buildPipeline(pm, options);
                                            });
}

void ingot::registerDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<IngotDialect, kernel::KernelDialect>();
  kernel::registerBufferization(registry);
}
