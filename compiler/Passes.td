//===- Passes.td - Every pass, with its options ---------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES
#define INGOT_PASSES

include "mlir/Pass/PassBase.td"

def Decompose : Pass<"decompose"> {
  let summary = "Expand composite ops into the ops that they stand for.";
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::tensor::TensorDialect"];
}

def GraphToLinalg : Pass<"graph-to-linalg", "mlir::ModuleOp"> {
  let summary = "Lower ingot ops to linalg on tensors of storage types.";
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
                           "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// target
//===----------------------------------------------------------------------===//

def Parallelize : Pass<"parallelize", "::mlir::ModuleOp"> {
  let summary = "Turns outermost scf.forall loops into tasks of the runtime";
  let description = [{
    The body of each loop becomes a function that the runtime calls once an iteration, on any thread. Buffers of a
    static size that a body allocates lie in the worker's scratch buffer, whose size becomes the module's attribute
    `ingot.scratch_bytes`. Every function gets the run's context as its last argument. Any other allocation is an error.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

//===----------------------------------------------------------------------===//
// llvm
//===----------------------------------------------------------------------===//

def EmitEntry : Pass<"emit-entry", "::mlir::ModuleOp"> {
  let summary = "Builds the C entry of the model around @main";
  let description = [{
    `int32_t ingot_run_NAME(const ingot_frame *)` takes the run's buffers from the frame and calls @main. Memref
    arguments of all functions become pointers, with what is known of their alignment and aliasing; a failing cf.assert
    becomes the status that names its node (`ingot.nodes` lists them).
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::cf::ControlFlowDialect", "::mlir::ub::UBDialect"];
}

#endif
