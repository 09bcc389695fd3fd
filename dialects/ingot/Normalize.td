//===- Normalize.td - Softmax and normalizations --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Composites that stay whole while a pass can use them. Inside, f16 and bf16 compute in f32; the result is rounded once.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_NORMALIZE
#define INGOT_NORMALIZE

include "dialects/ingot/Base.td"

class Ingot_Axis<string standard> : DefaultValuedAttr<I64Attr, standard>;
class Ingot_Number<string standard> : DefaultValuedAttr<F32Attr, standard>;

/// A composite whose result has x's type.
class Ingot_SameAsX<string mnemonic, list<Trait> traits = []> : Ingot_Composite<mnemonic, traits> {
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, std::optional<::mlir::Location> loc,
        Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      types.push_back(adaptor.getX().getType());
      return $cppClass::check(loc, adaptor);
    }
  }];
  let extraClassDeclaration = [{
    /// What inference checks besides the types of operands.
    static ::llvm::LogicalResult check(std::optional<::mlir::Location> loc, Adaptor adaptor);
  }];
}

def Ingot_SoftmaxOp : Ingot_SameAsX<"softmax", [Differentiable, Rowwise]> {
  let summary     = "exp(x) over its sum along `axis`, without overflow.";
  let description = "`%y = ingot.softmax %x {axis = 1 : i64} : (tensor<4x10xf32>) -> tensor<4x10xf32>`";
  let arguments   = (ins Ingot_FloatTensor:$x, Ingot_Axis<"-1">:$axis);
  let onnx        = Onnx<"Softmax", 13>;
  let examples    = [
    Example<["dense<[[1.0, 2.0, 3.0], [1000.0, 1000.0, 1000.0]]> : tensor<2x3xf32>"],
            ["dense<[[0.0900305733, 0.244728476, 0.66524094], [0.333333343, 0.333333343, 0.333333343]]> : tensor<2x3xf32>"]>,
    Example<["dense<[[0.0, 1.0], [0.0, 3.0]]> : tensor<2x2xf32>"],
            ["dense<[[0.5, 0.119202919], [0.5, 0.880797088]]> : tensor<2x2xf32>"], "axis = 0 : i64">];
}

def Ingot_LogSoftmaxOp : Ingot_SameAsX<"log_softmax", [Differentiable, Rowwise]> {
  let summary   = "The logarithm of softmax along `axis`.";
  let arguments = (ins Ingot_FloatTensor:$x, Ingot_Axis<"-1">:$axis);
  let onnx      = Onnx<"LogSoftmax", 13>;
  let examples  = [Example<["dense<[[1.0, 2.0, 3.0], [1000.0, 0.0, 0.0]]> : tensor<2x3xf32>"],
                           ["dense<[[-2.40760589, -1.40760589, -0.407605946], [0.0, -1000.0, -1000.0]]> : tensor<2x3xf32>"]>];
}

def Ingot_LayerNormOp : Ingot_Composite<"layer_norm", [Differentiable, Rowwise]> {
  let summary     = "Normalizes the dimensions from `axis` on to mean 0 and variance 1, then scales and shifts.";
  let description = [{
    The second and third result, which have size 1 in the normalized dimensions, are the mean and the inverse of the
    standard deviation; unused they cost nothing. `scale` and `bias` broadcast to x.

        %y, %mean, %inv = ingot.layer_norm %x, %scale, %bias {epsilon = 1.0e-12 : f32}
           : (tensor<2x768xf32>, tensor<768xf32>, tensor<768xf32>) -> (tensor<2x768xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
  }];
  let arguments = (ins Ingot_FloatTensor:$x, Ingot_FloatTensor:$scale, Optional<Ingot_FloatTensor>:$bias,
                       Ingot_Axis<"-1">:$axis, Ingot_Number<"1e-5f">:$epsilon);
  let results   = (outs Ingot_FloatTensor:$y, Ingot_FloatTensor:$mean, Ingot_FloatTensor:$inv_std_dev);
  let onnx      = Onnx<"LayerNormalization", 17>;
  let examples  = [
    Example<["dense<[[1.0, 2.0, 3.0], [-4.0, 0.0, 4.0]]> : tensor<2x3xf32>", "dense<[1.0, 2.0, 0.5]> : tensor<3xf32>",
             "dense<[0.0, 1.0, -1.0]> : tensor<3xf32>"],
            ["dense<[[-1.22473562, 1.0, -0.387632191], [-1.22474432, 1.0, -0.387627840]]> : tensor<2x3xf32>",
             "dense<[[2.0], [0.0]]> : tensor<2x1xf32>", "dense<[[1.22473562], [0.306186080]]> : tensor<2x1xf32>"]>,
    Example<["dense<[[0.0, 2.0], [0.0, 2.0]]> : tensor<2x2xf32>", "dense<3.0> : tensor<2x2xf32>"],
            ["dense<[[-2.12132025, 2.12132025], [-2.12132025, 2.12132025]]> : tensor<2x2xf32>",
             "dense<1.0> : tensor<1x1xf32>", "dense<0.707106769> : tensor<1x1xf32>"], "axis = 0 : i64, epsilon = 1.0 : f32">];
}

def Ingot_RMSNormOp : Ingot_SameAsX<"rms_norm", [Differentiable, Rowwise]> {
  let summary   = "x over the root of its mean square in the dimensions from `axis` on, times `scale`.";
  let arguments = (ins Ingot_FloatTensor:$x, Ingot_FloatTensor:$scale, Ingot_Axis<"-1">:$axis, Ingot_Number<"1e-5f">:$epsilon);
  let onnx      = Onnx<"RMSNormalization", 23>;
  let examples  = [Example<["dense<[[1.0, -2.0, 2.0]]> : tensor<1x3xf32>", "dense<[1.0, 2.0, 0.5]> : tensor<3xf32>"],
                           ["dense<[[0.5, -2.0, 0.5]]> : tensor<1x3xf32>"], "epsilon = 1.0 : f32">];
}

def Ingot_BatchNormOp : Ingot_SameAsX<"batch_norm"> {
  let summary     = "Normalizes each feature with a given mean and variance, then scales and shifts: one product, one sum.";
  let description = "`feature` is the dimension of the features, which the other four operands are vectors of.";
  let arguments   = (ins Ingot_FloatTensor:$x, Ingot_FloatTensor:$scale, Ingot_FloatTensor:$bias, Ingot_FloatTensor:$mean,
                         Ingot_FloatTensor:$var, Ingot_Number<"1e-5f">:$epsilon, Ingot_Axis<"1">:$feature);
  let noGradient  = "it is differentiated through its decomposition";
  let domain      = ["-2.0, 2.0", "-2.0, 2.0", "-2.0, 2.0", "-2.0, 2.0", "0.5, 2.0"];
  let examples    = [Example<["dense<[[[1.0, 2.0], [3.0, 5.0]]]> : tensor<1x2x2xf32>", "dense<[1.0, 2.0]> : tensor<2xf32>",
                              "dense<[0.0, 1.0]> : tensor<2xf32>", "dense<[1.0, 4.0]> : tensor<2xf32>",
                              "dense<[3.0, 0.0]> : tensor<2xf32>"],
                             ["dense<[[[0.0, 0.5], [-1.0, 3.0]]]> : tensor<1x2x2xf32>"], "epsilon = 1.0 : f32">];
}

def Ingot_GroupNormOp : Ingot_SameAsX<"group_norm"> {
  let summary     = "Normalizes each of `num_groups` runs of features of each batch element, then scales and shifts features.";
  let description = "x is [batch, features, spatial...]; as many groups as features is instance normalization.";
  let arguments   = (ins Ingot_FloatTensor:$x, Ingot_FloatTensor:$scale, Ingot_FloatTensor:$bias, I64Attr:$num_groups,
                         Ingot_Number<"1e-5f">:$epsilon);
  let onnx        = Onnx<"GroupNormalization", 21>;
  let noGradient  = "it is differentiated through its decomposition";
  let examples    = [
    Example<["dense<[[[0.0, 2.0], [1.0, 3.0]]]> : tensor<1x2x2xf32>", "dense<[1.0, 2.0]> : tensor<2xf32>",
             "dense<[0.0, 1.0]> : tensor<2xf32>"],
            ["dense<[[[-0.707106769, 0.707106769], [-0.414213538, 2.41421366]]]> : tensor<1x2x2xf32>"],
            "num_groups = 2 : i64, epsilon = 1.0 : f32">,
    Example<["dense<[[[0.0], [2.0], [1.0], [3.0]]]> : tensor<1x4x1xf32>", "dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32>",
             "dense<0.0> : tensor<4xf32>"],
            ["dense<[[[-0.707106769], [0.707106769], [-1.41421354], [1.41421354]]]> : tensor<1x4x1xf32>"],
            "num_groups = 2 : i64, epsilon = 1.0 : f32">];
}

def Ingot_LRNOp : Ingot_SameAsX<"lrn"> {
  let summary     = "x over a power of the sum of squares of `size` neighbouring features: local response normalization.";
  let description = [{
    x / (bias + alpha / size * sum)^beta; x is [batch, features, spatial...]. An even window has one feature more behind
    than before.
  }];
  let arguments   = (ins Ingot_FloatTensor:$x, I64Attr:$size, Ingot_Number<"1e-4f">:$alpha, Ingot_Number<"0.75f">:$beta,
                         Ingot_Number<"1.0f">:$bias);
  let onnx        = Onnx<"LRN", 13>;
  let noGradient  = "it is differentiated through its decomposition";
  let examples    = [
    Example<["dense<[[[1.0], [2.0], [-3.0], [4.0]]]> : tensor<1x4x1xf32>"],
            ["dense<[[[0.40824829], [0.516397779], [-0.547722558], [0.784464541]]]> : tensor<1x4x1xf32>"],
            "size = 3 : i64, alpha = 3.0 : f32, beta = 0.5 : f32">,
    Example<["dense<[[[1.0], [2.0], [-3.0], [4.0]]]> : tensor<1x4x1xf32>"],
            ["dense<[[[0.323661181], [0.401759173], [-0.403733934], [0.711311764]]]> : tensor<1x4x1xf32>"],
            "size = 2 : i64, alpha = 1.0 : f32, bias = 2.0 : f32">];
}

#endif
