//===- Movement.td - Ops that only move elements --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_MOVEMENT
#define INGOT_MOVEMENT

include "dialects/ingot/Base.td"

/// An op with one result whose type `inferType` tells, a static member beside the record.
class Ingot_Inferred<string mnemonic, list<Trait> traits = []> : Ingot_Op<mnemonic, traits> {
  code members = "";
  code fold = "";
  let extraClassDeclaration = [{
    static ::llvm::FailureOr<::mlir::RankedTensorType> inferType(std::optional<::mlir::Location> loc, Adaptor adaptor);
  }] # members;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, std::optional<::mlir::Location> loc,
        Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      auto type = inferType(loc, adaptor);
      if (failed(type))
        return ::llvm::failure();
      types.push_back(*type);
      return ::llvm::success();
    }
  }] # fold;
}

/// An op that folds by its map from result to operand elements.
class Ingot_Movement<string mnemonic, list<Trait> traits = []>
    : Ingot_Inferred<mnemonic, traits # [Movement, Lowers, Differentiable]> {
  let hasFolder = 1;
  let members = [{
    /// Whether the result is the first operand, provided that it has its type.
    bool isIdentity();
  }];
  let fold = [{
    ::mlir::OpFoldResult $cppClass::fold(FoldAdaptor adaptor) {
      if (getY().getType() == getOperation()->getOperand(0).getType() && isIdentity())
        return getOperation()->getOperand(0);
      return ::ingot::foldMovement(*this, adaptor.getOperands());
    }
  }];
}

/// A composite whose type is inferred and whose decomposition is C++.
class Ingot_MovementComposite<string mnemonic> : Ingot_Inferred<mnemonic, [Composite]>;

def Ingot_ReshapeOp : Ingot_Movement<"reshape", [IsView]> {
  let summary     = "The same elements in row-major order with another shape.";
  let description = [{
    An entry of `shape` is a size; or -1, at most once, for the size that remains; or -2 - i for the size of dimension i
    of x, which matters where that size is unknown: `[-2, 1, -3]` puts a dimension in the middle of any matrix.
    Squeeze, unsqueeze and flatten are reshapes.
  }];
  let arguments = (ins Ingot_Tensor:$x, DenseI64ArrayAttr:$shape);
  let examples  = [
    Example<["dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>"],
            ["dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>"], "shape = array<i64: 3, -1>">,
    Example<["dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi64>"],
            ["dense<[[[1, 2, 3]], [[4, 5, 6]]]> : tensor<2x1x3xi64>"], "shape = array<i64: -2, 1, -3>">,
    Example<["dense<[[[true], [false]]]> : tensor<1x2x1xi1>"], ["dense<[true, false]> : tensor<2xi1>"],
            "shape = array<i64: -1>">,
    Example<["dense<5.0> : tensor<1x1xf32>"], ["dense<5.0> : tensor<f32>"], "shape = array<i64>">];
}
def Ingot_BitcastOp : Ingot_Inferred<"bitcast", [Lowers]> {
  let summary    = "The same bits as elements of another type of the same width.";
  let arguments  = (ins Ingot_Tensor:$x, TypeAttr:$to);
  let noGradient = "bits are not differentiable";
  let examples   = [
    Example<["dense<[1.0, -2.0]> : tensor<2xf32>"], ["dense<[1065353216, -1073741824]> : tensor<2xi32>"], "to = i32">,
    Example<["dense<[255, 1]> : tensor<2xui8>"], ["dense<[-1, 1]> : tensor<2xi8>"], "to = i8">];
}
def Ingot_TransposeOp : Ingot_Movement<"transpose"> {
  let summary   = "Dimension i of the result is dimension perm[i] of x.";
  let arguments = (ins Ingot_Tensor:$x, DenseI64ArrayAttr:$perm);
  let examples  = [
    Example<["dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>"],
            ["dense<[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]> : tensor<3x2xf32>"], "perm = array<i64: 1, 0>">,
    Example<["dense<[[[1, 2, 3], [4, 5, 6]]]> : tensor<1x2x3xi32>"],
            ["dense<[[[1], [4]], [[2], [5]], [[3], [6]]]> : tensor<3x2x1xi32>"], "perm = array<i64: 2, 1, 0>">];
}
def Ingot_ExpandOp : Ingot_Movement<"expand"> {
  let summary     = "x broadcast with `shape`, as in NumPy";
  let description = "An entry 1 of `shape` keeps the size of x.";
  let arguments   = (ins Ingot_Tensor:$x, DenseI64ArrayAttr:$shape);
  let examples    = [
    Example<["dense<[[1.0], [2.0]]> : tensor<2x1xf32>"], ["dense<[[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]> : tensor<2x3xf32>"],
            "shape = array<i64: 2, 3>">,
    Example<["dense<[[1, 2]]> : tensor<1x2xi64>"], ["dense<[[[1, 2]], [[1, 2]]]> : tensor<2x1x2xi64>"],
            "shape = array<i64: 2, 1, 1>">,
    Example<["dense<true> : tensor<i1>"], ["dense<true> : tensor<3xi1>"], "shape = array<i64: 3>">];
}
def Ingot_SliceOp : Ingot_Movement<"slice", [Transposable]> {
  let summary     = "Every steps-th element from starts to ends, not included, along each axis.";
  let description = [{
    As in ONNX: a negative place counts from the end, places out of range are brought into it, and a negative step goes
    backwards. The four arrays have one entry for each sliced axis.
  }];
  let arguments = (ins Ingot_Tensor:$x, DenseI64ArrayAttr:$starts, DenseI64ArrayAttr:$ends, DenseI64ArrayAttr:$axes,
                       DenseI64ArrayAttr:$steps);
  let examples  = [
    Example<["dense<[[1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]]> : tensor<2x5xf32>"],
            ["dense<[[2.0, 4.0], [7.0, 9.0]]> : tensor<2x2xf32>"],
            "starts = array<i64: 1>, ends = array<i64: 5>, axes = array<i64: 1>, steps = array<i64: 2>">,
    Example<["dense<[1, 2, 3, 4, 5]> : tensor<5xi64>"], ["dense<[5, 3, 1]> : tensor<3xi64>"],
            "starts = array<i64: -1>, ends = array<i64: -9223372036854775807>, axes = array<i64: 0>, steps = array<i64: -2>">,
    Example<["dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi32>"], ["dense<[[4], [6]]> : tensor<2x1xi32>"],
            "starts = array<i64: -2, 1>, ends = array<i64: 9223372036854775807, 2>, axes = array<i64: 0, -1>, steps = array<i64: 1, 1>">];
  let members   = [{
    bool isIdentity();

    /// What one dimension of the result takes: `size` elements, from `start` on, each `step` after the last.
    struct Range {
      int64_t start, size, step;
    };
    /// The ranges of all dimensions; needs static sizes of the sliced ones. The size of another may be unknown.
    ::llvm::SmallVector<Range> getRanges();
  }];
}
def Ingot_ConcatOp : Ingot_Movement<"concat", [Transposable]> {
  let summary   = "The operands one after the other along an axis.";
  let arguments = (ins Variadic<Ingot_Tensor>:$xs, I64Attr:$axis);
  let onnx      = Onnx<"Concat", 13>;
  let examples  = [
    Example<["dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>", "dense<[[5.0], [6.0]]> : tensor<2x1xf32>"],
            ["dense<[[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]> : tensor<2x3xf32>"], "axis = -1 : i64">,
    Example<["dense<[1, 2]> : tensor<2xi64>", "dense<3> : tensor<1xi64>", "dense<[4, 5]> : tensor<2xi64>"],
            ["dense<[1, 2, 3, 4, 5]> : tensor<5xi64>"], "axis = 0 : i64">];
}
def Ingot_PadOp : Ingot_Movement<"pad", [Transposable]> {
  let summary     = "x surrounded by copies of a value.";
  let description = [{
    Along dimension i, low[i] copies stand before x, high[i] behind it and interior[i] between two elements. A negative
    low or high cuts elements off, after the padding between elements.
  }];
  let arguments = (ins Ingot_Tensor:$x, Ingot_Tensor:$value, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                       DenseI64ArrayAttr:$interior);
  let examples  = [
    Example<["dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>", "dense<9.0> : tensor<f32>"],
            ["dense<[[9.0, 9.0, 9.0, 9.0], [1.0, 2.0, 3.0, 9.0]]> : tensor<2x4xf32>"],
            "low = array<i64: 1, 0>, high = array<i64: 0, 1>, interior = array<i64: 0, 0>">,
    Example<["dense<[1, 2, 3]> : tensor<3xi64>", "dense<0> : tensor<i64>"], ["dense<[0, 2, 0, 3, 0]> : tensor<5xi64>"],
            "low = array<i64: -1>, high = array<i64: 1>, interior = array<i64: 1>">];
}
def Ingot_ExtendOp : Ingot_MovementComposite<"extend"> {
  let summary     = "x continued beyond its borders by its own elements.";
  let description = [{
    `mode` tells how: "edge" repeats the border, "reflect" mirrors without repeating it, "wrap" starts again from the other
    side. Along dimension i, low[i] elements stand before x and high[i] behind it; neither is negative, and they are less
    than the size of x for "reflect" and at most it for "wrap".
  }];
  let arguments = (ins Ingot_Tensor:$x, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, StrAttr:$mode);
  let examples  = [
    Example<["dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>"],
            ["dense<[[6.0, 5.0, 4.0, 5.0, 6.0], [3.0, 2.0, 1.0, 2.0, 3.0], [6.0, 5.0, 4.0, 5.0, 6.0]]> : tensor<3x5xf32>"],
            "low = array<i64: 1, 2>, high = array<i64: 0, 0>, mode = \"reflect\"">,
    Example<["dense<[1, 2, 3]> : tensor<3xi64>"], ["dense<[1, 1, 2, 3, 3, 3]> : tensor<6xi64>"],
            "low = array<i64: 1>, high = array<i64: 2>, mode = \"edge\"">,
    Example<["dense<[1, 2, 3]> : tensor<3xi32>"], ["dense<[3, 1, 2, 3, 1, 2]> : tensor<6xi32>"],
            "low = array<i64: 1>, high = array<i64: 2>, mode = \"wrap\"">];
}
def Ingot_TileOp : Ingot_MovementComposite<"tile"> {
  let summary   = "x repeated, repeats[i] times along dimension i.";
  let arguments = (ins Ingot_Tensor:$x, DenseI64ArrayAttr:$repeats);
  let examples  = [
    Example<["dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>"],
            ["dense<[[1.0, 2.0, 3.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]]> : tensor<2x6xf32>"],
            "repeats = array<i64: 2, 2>">,
    Example<["dense<[1, 2]> : tensor<2xi64>"], ["dense<[1, 2, 1, 2, 1, 2]> : tensor<6xi64>"], "repeats = array<i64: 3>">];
}

#endif
