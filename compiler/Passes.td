//===- Passes.td - Every pass, with its options ---------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES
#define INGOT_PASSES

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// infer
//===----------------------------------------------------------------------===//

def RefineTypes : Pass<"refine-types", "::mlir::func::FuncOp"> {
  let summary = "Infers types again, from the function's arguments on";
  let description = "Sizes that a cast hides from an op are used again.";
}

//===----------------------------------------------------------------------===//
// recompose
//===----------------------------------------------------------------------===//

def Recompose : Pass<"recompose", "::mlir::func::FuncOp"> {
  let summary = "Finds the composites that exporters took apart";
  let description = [{
    Attention as PyTorch's exporters write it, whose heads may lie between sequence and depth; layer and root mean square
    normalization; GELU in its exact form and in its approximation by tanh.
  }];
}

def BatchScans : Pass<"batch-scans", "::mlir::func::FuncOp"> {
  let summary = "Computes for all steps of a scan at once what no step waits for";
  let description = [{
    A product of a slice with what no step changes, and what is computed from it element by element, moves before the scan.
  }];
}

//===----------------------------------------------------------------------===//
// autodiff
//===----------------------------------------------------------------------===//

def Autodiff : Pass<"autodiff", "::mlir::func::FuncOp"> {
  let summary = "Expands gradients into the ops that compute them";
  let description = [{
    Reverse mode, on DifferentiableOpInterface alone: from the loss back to the chosen values, adding up where a value has
    several uses and summing where an operand was broadcast. A composite without a gradient of its own is replaced by its
    decomposition first. Reports every op on the way that has no gradient.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// layout
//===----------------------------------------------------------------------===//

def Layout : Pass<"layout", "::mlir::func::FuncOp"> {
  let summary = "Puts the features of convolutions last";
  let description = [{
    Rewrites dimension numbers to [batch, spatial..., features], with weights [spatial..., in, out], and moves the
    transposes that this takes down the graph until they cancel. A batch normalization after a convolution becomes
    scaled weights and a bias.
  }];
}

//===----------------------------------------------------------------------===//
// group
//===----------------------------------------------------------------------===//

def Recompute : Pass<"recompute", "::mlir::func::FuncOp"> {
  let summary = "Computes values again for the gradient instead of keeping them";
  let description = [{
    With one segment, values that are a few elementwise ops, normalizations or moves away from arguments and from what
    the gradient reads anyway are computed again before it reads them. With more, the ops up to the loss, which is the
    first result, are cut into segments. A segment keeps at most a quarter more bytes for the gradient than the mean, and
    the cuts are those that the fewest bytes cross. What only the gradient uses of a segment is computed again before it
    is used, from the values that later segments read anyway (Chen et al. 2016, Training Deep Nets with Sublinear Memory
    Cost). The last segment is kept.
  }];
  let options = [Option<"segments", "segments", "unsigned", "1", "number of segments">,
                 Option<"least", "least", "int64_t", "64 * 1024", "bytes from which on a cheap value is not kept">];
}

def BlockAttention : Pass<"block-attention", "::mlir::func::FuncOp"> {
  let summary = "Computes attention for a block of heads and queries at a time where all scores outgrow the caches";
  let options = [
    Option<"wholeBytes", "whole-bytes", "int64_t", "8 * 1024 * 1024", "size of scores that are one block">,
    Option<"blockBytes", "block-bytes", "int64_t", "1024 * 1024", "size of the scores of one of several blocks">];
}

def Decompose : Pass<"decompose"> {
  let summary = "Expands composites into the ops that they stand for";
  let options = [Option<"keepRowwise", "keep-rowwise", "bool", "false", "leave ops that couple the elements of a row whole">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::tensor::TensorDialect"];
}

def FormGroups : Pass<"form-groups", "::mlir::func::FuncOp"> {
  let summary = "Gathers ops into groups that are compiled together";
  let description = [{
    A contraction takes the pointwise ops that follow it as its epilogue. Other ops join the group that produces an
    operand of the same shape, as long as no dependence leaves the group and comes back.
  }];
  let options = [Option<"contractions", "contractions", "bool", "true", "form groups around contractions">];
}

//===----------------------------------------------------------------------===//
// schedule
//===----------------------------------------------------------------------===//

def SelectKernels : Pass<"select-kernels", "::mlir::func::FuncOp"> {
  let summary = "Makes each contraction and its epilogue one kernel over packed weights";
  let dependentDialects = ["::ingot::kernel::KernelDialect", "::mlir::tensor::TensorDialect"];
  let options = [Option<"vectorBits", "vector-bits", "unsigned", "256", "width of a vector register">,
                 Option<"registers", "registers", "unsigned", "16", "number of vector registers">,
                 Option<"l2Bytes", "l2", "int64_t", "512 * 1024", "size of the second-level cache, in bytes">];
}

def FoldConstants : Pass<"fold-constants", "::mlir::ModuleOp"> {
  let summary = "Evaluates what depends on weights alone, by compiling and running it";
  let description = [{
    Transposed, scaled and packed weights are computed once, here, on the machine that compiles. A value that would take
    more than `growth` times the bytes of the weights it is made of is left to run time.
  }];
  let options = [Option<"growth", "growth", "unsigned", "4", "largest growth of a weight">];
}

//===----------------------------------------------------------------------===//
// lower
//===----------------------------------------------------------------------===//

def OutlineGroups : Pass<"outline-groups", "::mlir::ModuleOp"> {
  let summary = "Makes each group a private function";
}

def GraphToLinalg : Pass<"graph-to-linalg", "mlir::ModuleOp"> {
  let summary = "Lowers ingot ops to linalg on tensors of storage types";
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect"];
}

def GuardDivisions : Pass<"guard-divisions", "::mlir::func::FuncOp"> {
  let summary = "Makes divisions of integers safe, and faults where they would not be";
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
}

def WeightArguments : Pass<"weight-arguments", "::mlir::ModuleOp"> {
  let summary = "Turns weights that the public function reads, and its tensor constants, into arguments";
  let description = "Also notes the types of its other arguments and its results, before they become those of buffers.";
}

def FuseLoops : Pass<"fuse-loops", "::mlir::func::FuncOp"> {
  let summary = "Merges pointwise linalg ops on tensors into the ops that use them";
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def LowerControl : Pass<"lower-control", "::mlir::func::FuncOp"> {
  let summary = "Makes branches and loops scf, with buffers for what they carry";
  let description = [{
    A carried value lives in a buffer of two slots: each step reads one and writes the other. One that a scan also stacks
    lives in the stack. Nothing but a loop's counter and condition passes through the scf ops.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect", "::mlir::arith::ArithDialect",
                           "::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// bufferize
//===----------------------------------------------------------------------===//

def DestinationStyle : Pass<"destination-style", "::mlir::ModuleOp"> {
  let summary = "Gives each function its results as arguments that it writes";
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// plan
//===----------------------------------------------------------------------===//

def FuseRows : Pass<"fuse-rows", "::mlir::func::FuncOp"> {
  let summary = "Runs linalg ops on memrefs that share rows row by row";
  let options = [Option<"parallel", "parallel", "bool", "true", "cut the rows into the chunks of an scf.forall">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def PlanBuffers : Pass<"plan-buffers", "::mlir::ModuleOp"> {
  let summary = "Places every buffer and weight at a fixed offset";
  let description = [{
    Buffers that a private function allocates at its top level become arguments of it. In the public function, a buffer
    lives from its first use to its last; buffers that live at the same time never overlap. The largest are placed first,
    each at the lowest offset that is free (Pisarchyk and Lee, arXiv:2001.03288).

    For the address sanitizer, `separate` leaves every buffer an allocation of its own for just that life, and copies
    weights, inputs and outputs to and from allocations of their own.
  }];
  let options = [Option<"alignment", "alignment", "int64_t", "64", "alignment of every buffer in bytes">,
                 Option<"separate", "separate", "bool", "false", "one allocation a buffer instead of one arena">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

//===----------------------------------------------------------------------===//
// target
//===----------------------------------------------------------------------===//

def ExpandCopies : Pass<"expand-copies", "::mlir::func::FuncOp"> {
  let summary = "Makes copies of buffers linalg ops";
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def EmitBrgemm : Pass<"emit-brgemm"> {
  let summary = "Writes the loops, vectors and addresses of kernel ops on memrefs";
  let description = [{
    Each op becomes an scf.forall over chunks whose number depends on shapes alone, or plain loops where the op is small,
    around register tiles. Pointers are taken from the memrefs inside the chunks.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", "256", "Width of a native vector.">,
    Option<"registers", "registers", "unsigned", "16", "Number of vector registers.">,
    Option<"l2Bytes", "l2-bytes", "int64_t", "512 * 1024", "Size of the second-level cache of a core.">,
    Option<"parallel", "parallel", "bool", "true", "Whether to cut loops into chunks for threads.">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::LLVM::LLVMDialect", "mlir::memref::MemRefDialect",
                           "mlir::scf::SCFDialect", "mlir::vector::VectorDialect"];
}

def EmitLoops : Pass<"emit-loops", "::mlir::func::FuncOp"> {
  let summary = "Turns linalg on memrefs into vectorized scf loops";
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", "256", "width of a native vector">,
    Option<"registers", "registers", "unsigned", "16", "number of vector registers">,
    Option<"parallel", "parallel", "bool", "true", "cut large loops into the chunks of an scf.forall">
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def ExpandMath : Pass<"expand-math"> {
  let summary = "Expands functions of f32 scalars and vectors to polynomials";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def VerifyVectors : Pass<"verify-vectors"> {
  let summary = "Rejects vectors that the target has no registers for";
  let options = [Option<"vectorBits", "vector-bits", "unsigned", "256", "width of a native vector">];
}

def Parallelize : Pass<"parallelize", "::mlir::ModuleOp"> {
  let summary = "Turns outermost scf.forall loops into tasks of the runtime";
  let description = [{
    The body of each loop becomes a function that the runtime calls once an iteration, on any thread. Buffers of a
    static size that a body allocates lie in the worker's scratch buffer, whose size becomes the module's attribute
    `ingot.scratch_bytes`. Every function gets the run's context as its last argument. Any other allocation is an error.
  }];
  let options = [Option<"separate", "separate", "bool", "false", "leave allocations where they are">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

def Profile : Pass<"profile", "::mlir::ModuleOp"> {
  let summary = "Tells the host when kernels run";
  let description = [{
    Each call in @main is between `ingot_profile(its place)` and `ingot_profile(-1)`; `ingot.kernels` has the nodes and the
    function of each.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def VerifyNoAlloc : Pass<"verify-no-alloc"> {
  let summary = "Rejects allocations and copies of buffers that would happen at run time";
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
