//===- LowerToLLVM.cpp - From loops and vectors to LLVM -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/LowerToLLVM.h"
#include "compiler/Passes.h"
#include "compiler/cpu/CpuTarget.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace ingot {

void addLowerToLLVM(OpPassManager &pm, const CpuTarget &target) {
  OpPassManager &functions = pm.nest<func::FuncOp>();
  // vector: reductions of several dimensions and transfers become those of one.
  functions.addPass(vector::createLowerVectorMultiReductionPass(vector::VectorMultiReductionLowering::InnerReduction));
  functions.addPass(createConvertVectorToSCFPass(VectorTransferToSCFOptions().enableFullUnroll()));
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());

  // memref: what is left of views is arithmetic on offsets.
  functions.addPass(memref::createExpandStridedMetadataPass());
  functions.addPass(createLowerAffinePass());
  functions.addPass(createSCFToControlFlowPass());
  arith::ArithExpandOpsPassOptions expand;
  functions.addPass(arith::createArithExpandOpsPass(expand));
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());

  // math: integer powers become functions with loops.
  pm.addPass(createConvertMathToFuncs());

  // func: pointers instead of memrefs, and the C entry around @main.
  pm.addPass(createEmitEntry());

  // math: functions without an instruction call libm, on one element of a vector after another.
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  ConvertVectorToLLVMPassOptions vectors;
  pm.addPass(createConvertVectorToLLVMPass(vectors));
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void registerLowerToLLVM() {
  PassPipelineRegistration<>("lower-to-llvm", "From scf, vector, arith, math and memref to the LLVM dialect",
                             [](OpPassManager &pm) { addLowerToLLVM(pm, hostTarget()); });
}

} // namespace ingot
