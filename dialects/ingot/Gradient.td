//===- Gradient.td - Asking for derivatives -------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// None of these ops is left where code is made, so none has code of its own.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_GRADIENT
#define INGOT_GRADIENT

include "dialects/ingot/Base.td"

def Ingot_GradientOp : Op<Ingot_Dialect, "gradient", [Pure, InferTypeOpAdaptor]> {
  let summary = "The gradient of a loss with respect to values that it is computed from.";
  let description = [{
    One result for each of `wrt`, of its type: zeros where the loss does not depend on it. A loss of more than one element
    stands for their sum. The pass autodiff expands the op; a gradient of a gradient is the second derivative.

        %dw, %db = ingot.gradient %loss, %w, %b : (tensor<f32>, tensor<4x3xf32>, tensor<3xf32>)
                                                -> (tensor<4x3xf32>, tensor<3xf32>)
  }];
  let arguments = (ins Ingot_FloatTensor:$loss, Variadic<Ingot_FloatTensor>:$wrt);
  let results = (outs Variadic<Ingot_FloatTensor>:$gradients);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Ingot_StopGradientOp : Op<Ingot_Dialect, "stop_gradient", [Pure, InferTypeOpAdaptor, Differentiable]> {
  let summary = "x itself, as a constant to the gradient.";
  let arguments = (ins Ingot_Tensor:$x);
  let results = (outs Ingot_Tensor:$y);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Ingot_OpaqueOp : Op<Ingot_Dialect, "opaque", [InferTypeOpAdaptor, IsView]> {
  let summary = "x itself, as a value that nothing knows of.";
  let description = [{
    What is computed from it again is not the same to common subexpression elimination, and stays where it is needed. The
    pass outline-groups removes the op.
  }];
  let arguments = (ins Ingot_Tensor:$x);
  let results = (outs Ingot_Tensor:$y);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif
