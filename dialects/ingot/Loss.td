//===- Loss.td - Losses of classification ---------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_LOSS
#define INGOT_LOSS

include "dialects/ingot/Base.td"

defvar lossDescription = [{
  The first operand is [batch, classes, d...], `labels` are [batch, d...], and `weights`, one number for each class, scale
  each label's loss. A label equal to `ignore_index` counts for nothing. `reduction` is "none", "sum" or "mean", which
  is over the sum of the weights.
}];

def Ingot_NllLossOp : Ingot_Composite<"nll_loss"> {
  let summary     = "Negative log likelihood of labels, given logarithms of probabilities.";
  let description = lossDescription;
  let arguments   = (ins Ingot_FloatTensor:$log_prob, Ingot_IntTensor:$labels, Optional<Ingot_FloatTensor>:$weights,
                         DefaultValuedAttr<StrAttr, "\"mean\"">:$reduction, OptionalAttr<I64Attr>:$ignore_index);
  let onnx        = Onnx<"NegativeLogLikelihoodLoss", 22>;
  let noGradient  = "it is differentiated through its decomposition";
  let examples    = [
    Example<["dense<[[-1.0, -2.0, -3.0], [-0.5, -1.5, -2.5]]> : tensor<2x3xf32>", "dense<[2, 0]> : tensor<2xi64>"],
            ["dense<1.75> : tensor<f32>"]>,
    Example<["dense<[[-1.0, -2.0, -3.0], [-0.5, -1.5, -2.5]]> : tensor<2x3xf32>", "dense<[2, 0]> : tensor<2xi64>",
             "dense<[1.0, 1.0, 3.0]> : tensor<3xf32>"], ["dense<2.375> : tensor<f32>"]>,
    Example<["dense<[[[-1.0, -4.0], [-2.0, -5.0]]]> : tensor<1x2x2xf32>", "dense<[[1, -7]]> : tensor<1x2xi64>"],
            ["dense<[[2.0, 0.0]]> : tensor<1x2xf32>"], "reduction = \"none\", ignore_index = -7 : i64">,
    Example<["dense<[[-1.0, -2.0, -3.0], [-0.5, -1.5, -2.5]]> : tensor<2x3xf32>", "dense<[2, -7]> : tensor<2xi64>"],
            ["dense<3.0> : tensor<f32>"], "ignore_index = -7 : i64">];
}

def Ingot_SoftmaxCrossEntropyOp : Ingot_Composite<"softmax_cross_entropy", [Differentiable]> {
  let summary     = "Negative log likelihood of labels under the softmax of scores; also gives the log softmax.";
  let description = lossDescription;
  let arguments   = (ins Ingot_FloatTensor:$scores, Ingot_IntTensor:$labels, Optional<Ingot_FloatTensor>:$weights,
                         DefaultValuedAttr<StrAttr, "\"mean\"">:$reduction, OptionalAttr<I64Attr>:$ignore_index);
  let results     = (outs Ingot_FloatTensor:$y, Ingot_FloatTensor:$log_prob);
  let onnx        = Onnx<"SoftmaxCrossEntropyLoss", 13>;
  let examples    = [
    Example<["dense<[[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>", "dense<[2, 1]> : tensor<2xi64>"],
            ["dense<0.753109097> : tensor<f32>", "dense<[[-2.40760589, -1.40760589, -0.407605946], "
             "[-1.09861231, -1.09861231, -1.09861231]]> : tensor<2x3xf32>"]>,
    Example<["dense<[[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>", "dense<[-1, 1]> : tensor<2xi32>",
             "dense<[1.0, 2.0, 3.0]> : tensor<3xf32>"],
            ["dense<2.19722462> : tensor<f32>", "dense<[[-2.40760589, -1.40760589, -0.407605946], "
             "[-1.09861231, -1.09861231, -1.09861231]]> : tensor<2x3xf32>"], "reduction = \"sum\", ignore_index = -1 : i64">];
  let domain      = ["-2.0, 2.0", "-2.0, 2.0", "0.5, 2.0"];
  let gradientCases = [
    GradientCase<["tensor<5x3xf64>", "dense<[2, 0, 1, 1, 2]> : tensor<5xi64>", "tensor<3xf64>"],
                 ["tensor<f64>", "tensor<5x3xf64>"], "ignore_index = 0 : i64">,
    GradientCase<["tensor<2x3x2xf64>", "dense<[[2, 0], [1, 1]]> : tensor<2x2xi64>", "tensor<3xf64>"],
                 ["tensor<2x2xf64>", "tensor<2x3x2xf64>"], "reduction = \"none\"">];
}

#endif
