//===- Sort.td - Order along an axis ------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_SORT
#define INGOT_SORT

include "dialects/ingot/Movement.td"

def Ingot_RankingOp : Ingot_Inferred<"ranking", [Lowers]> {
  let summary     = "The place that each element takes when its axis is sorted.";
  let description = [{
    Ascending, or descending with `largest`; equal elements keep their order. What is not a number counts as larger than
    any number.
  }];
  let arguments   = (ins Ingot_Tensor:$x, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "false">:$largest);
  let noGradient  = "the result is a place";
  let examples    = [
    Example<["dense<[[3.0, 1.0, 2.0], [5.0, 5.0, 4.0]]> : tensor<2x3xf32>"],
            ["dense<[[2, 0, 1], [1, 2, 0]]> : tensor<2x3xi64>"], "axis = 1 : i64">,
    Example<["dense<[200, 3, 200]> : tensor<3xui8>"], ["dense<[0, 2, 1]> : tensor<3xi64>"], "axis = -1 : i64, largest = true">,
    Example<["dense<[1.0, 0x7FC00000, 0xFF800000]> : tensor<3xf32>"], ["dense<[1, 0, 2]> : tensor<3xi64>"],
            "axis = 0 : i64, largest = true">];
}

def Ingot_TopKOp : Ingot_Composite<"topk", [Differentiable]> {
  let summary     = "The k largest or smallest elements along an axis in order, and their places.";
  let description = "Of equal elements the first comes first.";
  let arguments   = (ins Ingot_Tensor:$x, I64Attr:$k, DefaultValuedAttr<I64Attr, "-1">:$axis,
                         DefaultValuedAttr<BoolAttr, "true">:$largest);
  let results     = (outs Ingot_Tensor:$values, Ingot_IntTensor:$indices);
  let examples    = [
    Example<["dense<[[0.0, 3.0, 2.0, 3.0], [4.0, -7.0, 6.0, 5.0]]> : tensor<2x4xf32>"],
            ["dense<[[3.0, 3.0, 2.0], [6.0, 5.0, 4.0]]> : tensor<2x3xf32>", "dense<[[1, 3, 2], [2, 3, 0]]> : tensor<2x3xi64>"],
            "k = 3 : i64">,
    Example<["dense<[[4, -7], [2, 9], [2, -8]]> : tensor<3x2xi32>"],
            ["dense<[[2, -8]]> : tensor<1x2xi32>", "dense<[[1, 2]]> : tensor<1x2xi64>"], "k = 1 : i64, axis = 0 : i64, largest = false">];
}

#endif
