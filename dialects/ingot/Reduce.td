//===- Reduce.td - Sums, extremes, scans and what builds on them ----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_REDUCE
#define INGOT_REDUCE

include "dialects/ingot/Movement.td"

/// An op that reduces the dimensions `axes`, which stay with size 1 where `keepdims` is set.
class Ingot_ReduceBase<string mnemonic, list<Trait> traits = []> : Ingot_Inferred<mnemonic, traits # [Transposable]> {
  let arguments = (ins Ingot_Tensor:$x, DenseI64ArrayAttr:$axes, DefaultValuedAttr<BoolAttr, "true">:$keepdims);
}
/// A primitive: C++ beside the record has its neutral element, its step and its gradient.
class Ingot_Reduce<string mnemonic> : Ingot_ReduceBase<mnemonic, [Lowers, Differentiable]> {
  let hasFolder = 1;
}
class Ingot_ReduceComposite<string mnemonic, list<Trait> traits = []> : Ingot_ReduceBase<mnemonic, traits # [Composite]>;

def Ingot_ReduceSumOp : Ingot_Reduce<"reduce_sum"> {
  let summary  = "The sum along axes.";
  let examples = [
    Example<["dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>"], ["dense<[[6.0], [15.0]]> : tensor<2x1xf32>"],
            "axes = array<i64: 1>">,
    Example<["dense<[[[1, 2, 3]], [[4, 5, 6]]]> : tensor<2x1x3xi64>"], ["dense<[5, 7, 9]> : tensor<3xi64>"],
            "axes = array<i64: 0, -2>, keepdims = false">,
    Example<["dense<[1.0, 2.0, 4.0]> : tensor<3xf16>"], ["dense<7.0> : tensor<f16>"],
            "axes = array<i64: 0>, keepdims = false">];
}
def Ingot_ReduceMaxOp : Ingot_Reduce<"reduce_max"> {
  let summary  = "The largest element along axes.";
  let examples = [
    Example<["dense<[[1.0, -2.0, 3.0], [-4.0, -5.0, -6.0]]> : tensor<2x3xf32>"], ["dense<[[3.0], [-4.0]]> : tensor<2x1xf32>"],
            "axes = array<i64: 1>">,
    Example<["dense<[[1, 250, 3], [4, 5, 6]]> : tensor<2x3xui8>"], ["dense<[4, 250, 6]> : tensor<3xui8>"],
            "axes = array<i64: 0>, keepdims = false">,
    Example<["dense<[[false, true], [false, false]]> : tensor<2x2xi1>"], ["dense<[true, false]> : tensor<2xi1>"],
            "axes = array<i64: 1>, keepdims = false">];
}
def Ingot_ReduceMinOp : Ingot_Reduce<"reduce_min"> {
  let summary  = "The smallest element along axes.";
  let examples = [
    Example<["dense<[[1.0, -2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>"], ["dense<[[-2.0], [4.0]]> : tensor<2x1xf32>"],
            "axes = array<i64: 1>">,
    Example<["dense<[[7, -250, 3], [4, 5, 6]]> : tensor<2x3xi32>"], ["dense<[4, -250, 3]> : tensor<3xi32>"],
            "axes = array<i64: 0>, keepdims = false">];
}
def Ingot_ReduceProdOp : Ingot_Reduce<"reduce_prod"> {
  let summary  = "The product along axes.";
  let examples = [
    Example<["dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>"], ["dense<[[6.0], [120.0]]> : tensor<2x1xf32>"],
            "axes = array<i64: 1>">,
    Example<["dense<[2, 3, -7]> : tensor<3xi64>"], ["dense<-42> : tensor<i64>"], "axes = array<i64: 0>, keepdims = false">];
}
def Ingot_ReduceMeanOp : Ingot_ReduceComposite<"reduce_mean"> {
  let summary  = "The mean along axes.";
  let examples = [
    Example<["dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]]> : tensor<2x3xf32>"], ["dense<[[2.0], [6.0]]> : tensor<2x1xf32>"],
            "axes = array<i64: 1>">,
    Example<["dense<[[1.0, 2.0], [3.0, 5.0]]> : tensor<2x2xf16>"], ["dense<[2.0, 3.5]> : tensor<2xf16>"],
            "axes = array<i64: 0>, keepdims = false">];
}
def Ingot_ReduceSumSquareOp : Ingot_ReduceComposite<"reduce_sum_square"> {
  let summary  = "The sum of squares along axes.";
  let examples = [Example<["dense<[[1.0, 2.0, -3.0]]> : tensor<1x3xf32>"], ["dense<14.0> : tensor<1x1xf32>"],
                          "axes = array<i64: 1>">];
}
def Ingot_ReduceL1Op : Ingot_ReduceComposite<"reduce_l1"> {
  let summary  = "The sum of magnitudes along axes.";
  let examples = [
    Example<["dense<[[1.0, 2.0, -3.0]]> : tensor<1x3xf32>"], ["dense<6.0> : tensor<1xf32>"],
            "axes = array<i64: -1>, keepdims = false">,
    Example<["dense<[-4, 3]> : tensor<2xi32>"], ["dense<7> : tensor<1xi32>"], "axes = array<i64: 0>">];
}
def Ingot_ReduceL2Op : Ingot_ReduceComposite<"reduce_l2", [Differentiable]> {
  let summary  = "The square root of the sum of squares along axes.";
  let examples = [Example<["dense<[[3.0, -4.0], [0.0, 2.0]]> : tensor<2x2xf32>"], ["dense<[5.0, 2.0]> : tensor<2xf32>"],
                          "axes = array<i64: 1>, keepdims = false">];
}
def Ingot_ReduceLogSumOp : Ingot_ReduceComposite<"reduce_log_sum"> {
  let summary  = "The logarithm of the sum along axes.";
  let domain   = ["0.5, 2.0"];
  let examples = [Example<["dense<[[3.0, 4.0, 3.0]]> : tensor<1x3xf32>"], ["dense<2.30258512> : tensor<1x1xf32>"],
                          "axes = array<i64: 1>">];
}
def Ingot_ReduceLogSumExpOp : Ingot_ReduceComposite<"reduce_log_sum_exp", [Differentiable]> {
  let summary  = "The logarithm of the sum of exponentials along axes, without overflow.";
  let examples = [Example<["dense<[[1000.0, 1000.0], [0.0, -1000.0]]> : tensor<2x2xf32>"],
                          ["dense<[1000.69312, 0.0]> : tensor<2xf32>"], "axes = array<i64: 1>, keepdims = false">];
}

/// An index of an extreme; a value that is not a number counts as one where it comes first.
class Ingot_ArgReduce<string mnemonic> : Ingot_Inferred<mnemonic, [Lowers]> {
  let arguments = (ins Ingot_Tensor:$x, DefaultValuedAttr<I64Attr, "0">:$axis, DefaultValuedAttr<BoolAttr, "true">:$keepdims,
                       DefaultValuedAttr<BoolAttr, "false">:$select_last_index);
  let noGradient = "the result is an index";
}
def Ingot_ArgMaxOp : Ingot_ArgReduce<"argmax"> {
  let summary  = "The place of the largest element along an axis: the first, or the last if asked for.";
  let onnx     = Onnx<"ArgMax", 13>;
  let examples = [
    Example<["dense<[[1.0, 3.0, 3.0], [5.0, 2.0, 4.0]]> : tensor<2x3xf32>"], ["dense<[1, 0]> : tensor<2xi64>"],
            "axis = 1 : i64, keepdims = false">,
    Example<["dense<[[1, 3, 3], [5, 3, 3]]> : tensor<2x3xi32>"], ["dense<[[2], [0]]> : tensor<2x1xi64>"],
            "axis = -1 : i64, select_last_index = true">];
}
def Ingot_ArgMinOp : Ingot_ArgReduce<"argmin"> {
  let summary  = "The place of the smallest element along an axis: the first, or the last if asked for.";
  let onnx     = Onnx<"ArgMin", 13>;
  let examples = [
    Example<["dense<[[1.0, 3.0, 1.0], [5.0, 2.0, 4.0]]> : tensor<2x3xf32>"], ["dense<[[0, 1, 0]]> : tensor<1x3xi64>"]>,
    Example<["dense<[[7, 200, 7]]> : tensor<1x3xui8>"], ["dense<2> : tensor<1xi64>"],
            "axis = 1 : i64, keepdims = false, select_last_index = true">];
}

class Ingot_Scan<string mnemonic> : Ingot_Inferred<mnemonic, [Lowers, Differentiable]> {
  let description = "With `exclusive`, the element itself does not count; with `reverse`, the scan runs from the end.";
  let arguments   = (ins Ingot_Tensor:$x, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "false">:$exclusive,
                         DefaultValuedAttr<BoolAttr, "false">:$reverse);
}
def Ingot_CumSumOp : Ingot_Scan<"cumsum"> {
  let summary  = "The sum of all elements up to each place along an axis.";
  let examples = [
    Example<["dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>"],
            ["dense<[[1.0, 3.0, 6.0], [4.0, 9.0, 15.0]]> : tensor<2x3xf32>"], "axis = 1 : i64">,
    Example<["dense<[1, 2, 3]> : tensor<3xi64>"], ["dense<[5, 3, 0]> : tensor<3xi64>"],
            "axis = 0 : i64, exclusive = true, reverse = true">];
}
def Ingot_CumProdOp : Ingot_Scan<"cumprod"> {
  let summary  = "The product of all elements up to each place along an axis.";
  let examples = [
    Example<["dense<[[1.0, 2.0, 3.0], [4.0, 0.5, -6.0]]> : tensor<2x3xf32>"],
            ["dense<[[1.0, 2.0, 6.0], [4.0, 2.0, -12.0]]> : tensor<2x3xf32>"], "axis = 1 : i64">,
    Example<["dense<[2, 3, 4]> : tensor<3xi32>"], ["dense<[12, 4, 1]> : tensor<3xi32>"],
            "axis = 0 : i64, exclusive = true, reverse = true">];
}

#endif
