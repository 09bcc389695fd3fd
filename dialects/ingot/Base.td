//===- Base.td - The ingot dialect and the classes of its ops -------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_BASE
#define INGOT_BASE

include "dialects/ingot/Expr.td"
include "dialects/ingot/Interfaces.td"
include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Ingot_Dialect : Dialect {
  let name = "ingot";
  let cppNamespace = "::ingot";
  let summary = "Static computation graphs of tensor operations.";
  let description = [{
    A function of this dialect is a pure graph: ranked tensors in, ranked tensors out, no side effects. An integer type
    without a sign (`i64`) is signed; `ui8` and its like are unsigned; `i1` is a truth value. Every op infers its result
    types, with `?` where a dimension is unknown.
  }];
  let hasConstantMaterializer = 1;
  // Folding builds scalars and constants, wherever the dialect is used.
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let extraClassDeclaration = [{
    /// The bytes of this context's weights.
    WeightStore &getWeights() { return weights; }

  private:
    WeightStore weights;

  public:
  }];
}

// Short names for the interface traits of records.
defvar Differentiable = DeclareOpInterfaceMethods<DifferentiableOpInterface>;
defvar DifferentiableRegion = DeclareOpInterfaceMethods<DifferentiableRegionOpInterface>;
defvar Lowers = DeclareOpInterfaceMethods<LowerToLinalgOpInterface>;
defvar Contracts = DeclareOpInterfaceMethods<ContractionOpInterface>;
defvar Rowwise = DeclareOpInterfaceMethods<RowwiseOpInterface>;
defvar Transposable = DeclareOpInterfaceMethods<TransposableOpInterface>;
defvar Movement = DeclareOpInterfaceMethods<MovementOpInterface>;
defvar Composite = DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>;

/// The result has the operand's elements in the same row-major order: no code runs, the buffer is seen differently.
def IsView : NativeOpTrait<"IsView"> { let cppNamespace = "::ingot"; }

def Ingot_Tensor      : RankedTensorOf<[AnyType]>;
def Ingot_FloatTensor : RankedTensorOf<[AnyFloat]>;
def Ingot_IntTensor   : RankedTensorOf<[AnyInteger]>;
def Ingot_BoolTensor  : RankedTensorOf<[I1]>;

/// A graph op. The generator reads the fields below; see CONTRIBUTING.md.
class Ingot_Op<string mnemonic, list<Trait> traits = []>
    : Op<Ingot_Dialect, mnemonic, traits # [Pure, InferTypeOpAdaptor]> {
  let results = (outs Ingot_Tensor:$y);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  Onnx onnx = NotOnnx;
  /// One vector-Jacobian product for each operand, or nothing where C++ beside the record has it.
  list<dag> gradient = [];
  /// Why an op without the Differentiable trait has no gradient.
  string noGradient = "";
  list<Example> examples = [];
  /// The range "low, high" of the values that tests of the gradient draw: one for all operands, or one for each; nothing
  /// stands for -2 to 2.
  list<string> domain = [];
  /// Shapes and attributes to differentiate besides those of the examples.
  list<GradientCase> gradientCases = [];
}

/// An op that expands into others. `decompose` is the rule, or unset where C++ beside the record has it.
class Ingot_Composite<string mnemonic, list<Trait> traits = []> : Ingot_Op<mnemonic, traits # [Composite]> {
  dag decompose = ?;
}

#endif
