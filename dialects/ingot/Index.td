//===- Index.td - Gathers and scatters ------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A negative index counts from the end. An index out of range makes the run fail; until that is known it is brought to
// the nearest end, so that no access leaves the tensor.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_INDEX
#define INGOT_INDEX

include "dialects/ingot/Movement.td"

class Ingot_Index<string mnemonic> : Ingot_Inferred<mnemonic, [Lowers, Differentiable]>;

def Ingot_GatherOp : Ingot_Index<"gather"> {
  let summary     = "Slices of x along an axis, chosen by indices.";
  let description = "The dimensions of `indices` take the place of the axis. Also folds where it reads a known size.";
  let arguments   = (ins Ingot_Tensor:$x, Ingot_IntTensor:$indices, DefaultValuedAttr<I64Attr, "0">:$axis);
  let onnx        = Onnx<"Gather", 13>;
  let hasFolder   = 1;
  let examples    = [
    Example<["dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>", "dense<[[2, 0, -2]]> : tensor<1x3xi64>"],
            ["dense<[[[5.0, 6.0], [1.0, 2.0], [3.0, 4.0]]]> : tensor<1x3x2xf32>"]>,
    Example<["dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi64>", "dense<2> : tensor<i32>"], ["dense<[3, 6]> : tensor<2xi64>"],
            "axis = -1 : i64">];
}
def Ingot_GatherElementsOp : Ingot_Index<"gather_elements"> {
  let summary     = "One element of x for each index.";
  let description = "The index replaces the place along the axis; the other places are those of the index itself.";
  let arguments   = (ins Ingot_Tensor:$x, Ingot_IntTensor:$indices, DefaultValuedAttr<I64Attr, "0">:$axis);
  let onnx        = Onnx<"GatherElements", 13>;
  let examples    = [
    Example<["dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>", "dense<[[0, 0], [1, -2]]> : tensor<2x2xi64>"],
            ["dense<[[1.0, 1.0], [4.0, 3.0]]> : tensor<2x2xf32>"], "axis = 1 : i64">,
    Example<["dense<[[1, 2, 3], [4, 5, 6], [7, 8, 9]]> : tensor<3x3xi32>", "dense<[[1, 2, 0]]> : tensor<1x3xi32>"],
            ["dense<[[4, 8, 3]]> : tensor<1x3xi32>"]>];
}
def Ingot_GatherNDOp : Ingot_Index<"gather_nd"> {
  let summary     = "Slices of x, each chosen by a tuple of indices.";
  let description = [{
    The last dimension of `indices` holds the tuples. The first batch_dims dimensions of x and of `indices` are the same,
    and a tuple counts from there.
  }];
  let arguments = (ins Ingot_Tensor:$x, Ingot_IntTensor:$indices, DefaultValuedAttr<I64Attr, "0">:$batch_dims);
  let onnx      = Onnx<"GatherND", 13>;
  let examples  = [
    Example<["dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>", "dense<[[0, 0], [1, -1]]> : tensor<2x2xi64>"],
            ["dense<[1.0, 4.0]> : tensor<2xf32>"]>,
    Example<["dense<[[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]]> : tensor<2x3x2xi64>",
             "dense<[[2], [0]]> : tensor<2x1xi64>"], ["dense<[[5, 6], [7, 8]]> : tensor<2x2xi64>"], "batch_dims = 1 : i64">];
}
def Ingot_ScatterNDOp : Ingot_Index<"scatter_nd"> {
  let summary     = "x with slices replaced, each chosen by a tuple of indices.";
  let description = [{
    `reduction` combines an update with what is there: "none" replaces, "add", "mul", "max" and "min" compute. Updates apply
    in their order. Where two replace the same element, only the last has a gradient worth having; for "mul" the gradient
    of an update needs it to be other than zero.
  }];
  let arguments = (ins Ingot_Tensor:$x, Ingot_IntTensor:$indices, Ingot_Tensor:$updates,
                       DefaultValuedAttr<StrAttr, "\"none\"">:$reduction);
  let onnx      = Onnx<"ScatterND", 18>;
  let examples  = [
    Example<["dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>", "dense<[[1], [-1]]> : tensor<2x1xi64>",
             "dense<[9.0, 8.0]> : tensor<2xf32>"], ["dense<[1.0, 9.0, 3.0, 8.0]> : tensor<4xf32>"]>,
    Example<["dense<0> : tensor<2x3xi64>", "dense<[[1], [0], [1]]> : tensor<3x1xi64>",
             "dense<[[1, 2, 3], [4, 5, 6], [7, 8, 9]]> : tensor<3x3xi64>"],
            ["dense<[[4, 5, 6], [8, 10, 12]]> : tensor<2x3xi64>"], "reduction = \"add\"">];
}
def Ingot_ScatterElementsOp : Ingot_Index<"scatter_elements"> {
  let summary     = "x with one element replaced for each index.";
  let description = "Places are those of gather_elements, and `reduction` is as in scatter_nd.";
  let arguments   = (ins Ingot_Tensor:$x, Ingot_IntTensor:$indices, Ingot_Tensor:$updates,
                         DefaultValuedAttr<I64Attr, "0">:$axis, DefaultValuedAttr<StrAttr, "\"none\"">:$reduction);
  let onnx        = Onnx<"ScatterElements", 18>;
  let examples    = [
    Example<["dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>", "dense<[[2, 0]]> : tensor<1x2xi64>",
             "dense<[[9.0, 8.0]]> : tensor<1x2xf32>"], ["dense<[[8.0, 2.0, 9.0]]> : tensor<1x3xf32>"], "axis = 1 : i64">,
    Example<["dense<[5, 1, 5]> : tensor<3xi32>", "dense<[0, 1, 1]> : tensor<3xi64>", "dense<[7, 3, 2]> : tensor<3xi32>"],
            ["dense<[7, 3, 5]> : tensor<3xi32>"], "reduction = \"max\"">];
}

def Ingot_ReverseSequenceOp : Ingot_Index<"reverse_sequence"> {
  let summary     = "x with the first steps of each batch element in reverse; `lengths` says how many.";
  let description = "Steps lie along `time_axis` and batch elements along `batch_axis`; the steps behind stay in place.";
  let arguments   = (ins Ingot_Tensor:$x, Ingot_IntTensor:$lengths, DefaultValuedAttr<I64Attr, "1">:$batch_axis,
                         DefaultValuedAttr<I64Attr, "0">:$time_axis);
  let onnx        = Onnx<"ReverseSequence", 10>;
  let examples    = [
    Example<["dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>", "dense<[3, 2]> : tensor<2xi64>"],
            ["dense<[[5.0, 4.0], [3.0, 2.0], [1.0, 6.0]]> : tensor<3x2xf32>"]>,
    Example<["dense<[[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]]> : tensor<2x3x2xi32>",
             "dense<[1, 3]> : tensor<2xi64>"],
            ["dense<[[[1, 2], [3, 4], [5, 6]], [[11, 12], [9, 10], [7, 8]]]> : tensor<2x3x2xi32>"],
            "batch_axis = 0 : i64, time_axis = 1 : i64">];
}

#endif
