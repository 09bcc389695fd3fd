//===- Generate.td - Tensors made from places, numbers and shapes ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_GENERATE
#define INGOT_GENERATE

include "dialects/ingot/Movement.td"

def Ingot_IotaOp : Ingot_Inferred<"iota", [Lowers]> {
  let summary    = "Each element is its place along an axis.";
  let arguments  = (ins DenseI64ArrayAttr:$shape, I64Attr:$axis, TypeAttr:$type);
  let hasFolder  = 1;
  let noGradient = "there are no operands";
  let examples   = [
    Example<[], ["dense<[[0, 1, 2], [0, 1, 2]]> : tensor<2x3xi64>"], "shape = array<i64: 2, 3>, axis = 1 : i64, type = i64">,
    Example<[], ["dense<[[0.0], [1.0], [2.0]]> : tensor<3x1xf32>"], "shape = array<i64: 3, 1>, axis = 0 : i64, type = f32">];
}
def Ingot_ShapeOp : Ingot_Inferred<"shape", [Lowers]> {
  let summary     = "The sizes of dimensions start to end, not included, of x.";
  let description = "As in ONNX, a negative place counts from the end and places out of range are brought into it.";
  let arguments   = (ins Ingot_Tensor:$x, DefaultValuedAttr<I64Attr, "0">:$start, OptionalAttr<I64Attr>:$end);
  let onnx        = Onnx<"Shape", 15>;
  let hasFolder   = 1;
  let noGradient  = "the result depends on the shape alone";
  let examples    = [
    Example<["dense<0.0> : tensor<2x3x1xf32>"], ["dense<[2, 3, 1]> : tensor<3xi64>"]>,
    Example<["dense<0.0> : tensor<2x3x1xf32>"], ["dense<[3, 1]> : tensor<2xi64>"], "start = -2 : i64">,
    Example<["dense<0> : tensor<2x3x1xi8>"], ["dense<2> : tensor<1xi64>"], "end = -2 : i64">];
  let members = [{
    /// The dimensions that the result tells.
    std::pair<int64_t, int64_t> getRange();
  }];
}
def Ingot_SizeOp : Ingot_Inferred<"size", [Lowers]> {
  let summary    = "The number of elements of x.";
  let arguments  = (ins Ingot_Tensor:$x);
  let onnx       = Onnx<"Size", 13>;
  let hasFolder  = 1;
  let noGradient = "the result depends on the shape alone";
  let examples   = [Example<["dense<0.0> : tensor<2x3xf32>"], ["dense<6> : tensor<i64>"]>];
}
def Ingot_TriluOp : Ingot_Inferred<"trilu", [Lowers, Differentiable]> {
  let summary   = "The upper or lower triangle of matrices, with zeros elsewhere.";
  let description = [{
    The upper triangle keeps an element in row i and column j where j - i >= k, the lower one where j - i <= k.
  }];
  let arguments = (ins Ingot_Tensor:$x, DefaultValuedAttr<BoolAttr, "true">:$upper, DefaultValuedAttr<I64Attr, "0">:$k);
  let hasFolder = 1;
  let examples  = [
    Example<["dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>"],
            ["dense<[[0.0, 2.0, 3.0], [0.0, 0.0, 6.0]]> : tensor<2x3xf32>"], "k = 1 : i64">,
    Example<["dense<[[[1, 2, 3], [4, 5, 6]]]> : tensor<1x2x3xi64>"],
            ["dense<[[[1, 0, 0], [4, 5, 0]]]> : tensor<1x2x3xi64>"], "upper = false">];
}
def Ingot_OneHotOp : Ingot_MovementComposite<"one_hot"> {
  let summary     = "A new dimension of `depth` places that holds the on value at the index and the off value elsewhere.";
  let description = [{
    `values` holds the off and the on value. `axis` is the new dimension's place in the result. A negative index counts from
    the end, and one out of range is on nowhere.
  }];
  let arguments = (ins Ingot_Tensor:$indices, Ingot_Tensor:$values, I64Attr:$depth, DefaultValuedAttr<I64Attr, "-1">:$axis);
  let examples  = [
    Example<["dense<[0, -1, 5]> : tensor<3xi64>", "dense<[0.0, 2.0]> : tensor<2xf32>"],
            ["dense<[[2.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>"], "depth = 3 : i64">,
    Example<["dense<[1.0, 0.0, 1.0]> : tensor<3xf32>", "dense<[5, 7]> : tensor<2xi32>"],
            ["dense<[[5, 7, 5], [7, 5, 7]]> : tensor<2x3xi32>"], "depth = 2 : i64, axis = 0 : i64">];
}

#endif
