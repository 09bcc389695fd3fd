//===- Pointwise.td - Arithmetic, comparisons and activations -------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_POINTWISE
#define INGOT_POINTWISE

include "dialects/ingot/Base.td"

/// A pointwise op. Without a `scalar` rule, C++ beside the record defines buildScalar.
class Ingot_Pointwise<string mnemonic, list<Trait> traits = []>
    : Ingot_Op<mnemonic, traits # [DeclareOpInterfaceMethods<PointwiseOpInterface>]> {
  dag scalar = ?;
  let hasFolder = 1;
  code infer = "::ingot::inferBroadcast(loc, adaptor.getOperands(), types)";
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, std::optional<::mlir::Location> loc,
        Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return }] # infer # [{;
    }
    ::mlir::OpFoldResult $cppClass::fold(FoldAdaptor adaptor) {
      return ::ingot::foldPointwise(*this, adaptor.getOperands());
    }
  }];
}
class Ingot_Unary<string mnemonic, list<Trait> traits = []> : Ingot_Pointwise<mnemonic, traits> {
  let arguments = (ins Ingot_Tensor:$x);
}
class Ingot_FloatUnary<string mnemonic, list<Trait> traits = []> : Ingot_Pointwise<mnemonic, traits> {
  let arguments = (ins Ingot_FloatTensor:$x);
}
class Ingot_Binary<string mnemonic, list<Trait> traits = []> : Ingot_Pointwise<mnemonic, traits> {
  let arguments = (ins Ingot_Tensor:$a, Ingot_Tensor:$b);
}
/// A binary op whose result is a truth value.
class Ingot_Compare<string mnemonic> : Ingot_Binary<mnemonic> {
  let infer = "::ingot::inferCompare(loc, adaptor.getOperands(), types)";
  let noGradient = "the result is a truth value";
}
class Ingot_Logical<string mnemonic> : Ingot_Pointwise<mnemonic> {
  let arguments = (ins Ingot_BoolTensor:$a, Ingot_BoolTensor:$b);
  let noGradient = "the operands are truth values";
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

def Ingot_AddOp : Ingot_Binary<"add", [Differentiable]> {
  let summary  = "a + b";
  let onnx     = Onnx<"Add", 14>;
  let scalar   = (AddS $a, $b);
  let gradient = [(Id $dy), (Id $dy)];
  let examples = [
    Example<["dense<[1.0, 2.0]> : tensor<2xf32>", "dense<3.0> : tensor<1xf32>"], ["dense<[4.0, 5.0]> : tensor<2xf32>"]>,
    Example<["dense<[[1], [2]]> : tensor<2x1xi64>", "dense<[10, 20, 30]> : tensor<3xi64>"],
            ["dense<[[11, 21, 31], [12, 22, 32]]> : tensor<2x3xi64>"]>];
}
def Ingot_SubOp : Ingot_Binary<"sub", [Differentiable]> {
  let summary  = "a - b";
  let onnx     = Onnx<"Sub", 14>;
  let scalar   = (SubS $a, $b);
  let gradient = [(Id $dy), (Neg $dy)];
  let examples = [Example<["dense<[1.0, 2.0]> : tensor<2xf32>", "dense<3.0> : tensor<f32>"],
                          ["dense<[-2.0, -1.0]> : tensor<2xf32>"]>];
}
def Ingot_MulOp : Ingot_Binary<"mul", [Differentiable]> {
  let summary  = "a * b";
  let onnx     = Onnx<"Mul", 14>;
  let scalar   = (MulS $a, $b);
  let gradient = [(Mul $dy, $b), (Mul $dy, $a)];
  let examples = [Example<["dense<[1.5, 2.0]> : tensor<2xf32>", "dense<[2.0, -3.0]> : tensor<2xf32>"],
                          ["dense<[3.0, -6.0]> : tensor<2xf32>"]>];
}
def Ingot_DivOp : Ingot_Binary<"div", [Differentiable]> {
  let summary  = "a / b; on integers the quotient is rounded towards zero";
  let onnx     = Onnx<"Div", 14>;
  let scalar   = (DivS $a, $b);
  let gradient = [(Div $dy, $b), (Neg (Div (Mul $dy, $y), $b))];
  let domain   = ["-2.0, 2.0", "0.5, 2.0"];
  let examples = [
    Example<["dense<[1.0, 3.0]> : tensor<2xf32>", "dense<2.0> : tensor<1xf32>"], ["dense<[0.5, 1.5]> : tensor<2xf32>"]>,
    Example<["dense<[7, -7]> : tensor<2xi64>", "dense<2> : tensor<1xi64>"], ["dense<[3, -3]> : tensor<2xi64>"]>];
}
def Ingot_ModOp : Ingot_Binary<"mod", [Differentiable]> {
  let summary     = "What is left of a when b is taken from it a whole number of times.";
  let description = [{
    The result has the sign of b or, with `fmod`, as in C, that of a. Of integers, what is left by 0 is 0.
  }];
  let arguments = (ins Ingot_Tensor:$a, Ingot_Tensor:$b, DefaultValuedAttr<BoolAttr, "false">:$fmod);
  let onnx      = Onnx<"Mod", 13>;
  let gradient  = [(Id $dy), (Neg (Mul $dy, (Div (Sub $a, $y), $b)))];
  let examples  = [
    Example<["dense<[-4, 7, 5, 4, -7, 8]> : tensor<6xi64>", "dense<[2, -3, 8, -2, 3, 0]> : tensor<6xi64>"],
            ["dense<[0, -2, 5, 0, 2, 0]> : tensor<6xi64>"]>,
    Example<["dense<[-4, 7, 5, 4, -7, 8]> : tensor<6xi32>", "dense<[2, -3, 8, -2, 3, 5]> : tensor<6xi32>"],
            ["dense<[0, 1, 5, 0, -1, 3]> : tensor<6xi32>"], "fmod = true">,
    Example<["dense<[250, 7]> : tensor<2xui8>", "dense<[7, 200]> : tensor<2xui8>"], ["dense<[5, 7]> : tensor<2xui8>"]>,
    Example<["dense<[-4.5, 4.5, 1.0]> : tensor<3xf32>", "dense<[2.0, -2.0, 0x7F800000]> : tensor<3xf32>"],
            ["dense<[1.5, -1.5, 1.0]> : tensor<3xf32>"]>,
    Example<["dense<[-4.5, 4.5]> : tensor<2xf32>", "dense<[2.0, -2.0]> : tensor<2xf32>"],
            ["dense<[-0.5, 0.5]> : tensor<2xf32>"], "fmod = true">];
}
def Ingot_PowOp : Ingot_Binary<"pow", [Differentiable]> {
  let summary  = "a to the power b; the result has a's type";
  let onnx     = Onnx<"Pow", 15>;
  let infer    = "::ingot::inferPow(loc, adaptor.getOperands(), types)";
  let scalar   = (PowS $a, $b);
  let domain   = ["0.5, 2.0", "-2.0, 2.0"];
  let examples = [Example<["dense<[1.0, 2.0, -3.0]> : tensor<3xf32>", "dense<[3.0, 0.5, 2.0]> : tensor<3xf32>"],
                          ["dense<[1.0, 1.41421354, 9.0]> : tensor<3xf32>"]>];
}
def Ingot_NegOp : Ingot_Unary<"neg", [Differentiable]> {
  let summary  = "-x";
  let onnx     = Onnx<"Neg", 13>;
  let scalar   = (NegS $x);
  let gradient = [(Neg $dy)];
  let examples = [Example<["dense<[1.0, -2.0]> : tensor<2xf32>"], ["dense<[-1.0, 2.0]> : tensor<2xf32>"]>,
                  Example<["dense<[1, -2]> : tensor<2xi64>"], ["dense<[-1, 2]> : tensor<2xi64>"]>];
}
def Ingot_AbsOp : Ingot_Unary<"abs", [Differentiable]> {
  let summary  = "Absolute value.";
  let onnx     = Onnx<"Abs", 13>;
  let scalar   = (Inst<"math::AbsFOp", "math::AbsIOp", ""> $x);
  let gradient = [(Mul $dy, (Sign $x))];
  let examples = [Example<["dense<[1.0, -2.0]> : tensor<2xf32>"], ["dense<[1.0, 2.0]> : tensor<2xf32>"]>];
}
def Ingot_SignOp : Ingot_Unary<"sign", [Differentiable]> {
  let summary  = "-1, 0 or 1 as x is negative, zero or positive.";
  let onnx     = Onnx<"Sign", 13>;
  let scalar   = (SelectS (GtS $x, 0), 1, (SelectS (LtS $x, 0), -1, $x));
  let gradient = [(Mul $dy, 0)];
  let examples = [Example<["dense<[3.0, 0.0, -2.0]> : tensor<3xf32>"], ["dense<[1.0, 0.0, -1.0]> : tensor<3xf32>"]>];
}
def Ingot_MaxOp : Ingot_Binary<"max", [Differentiable]> {
  let summary  = "The larger of a and b; not a number if either is.";
  let scalar   = (MaxS $a, $b);
  let gradient = [(Select (Greater $a, $b), $dy, (Select (Equal $a, $b), (Mul $dy, "0.5"), 0)),
                  (Select (Greater $b, $a), $dy, (Select (Equal $a, $b), (Mul $dy, "0.5"), 0))];
  let examples = [Example<["dense<[1.0, 5.0]> : tensor<2xf32>", "dense<3.0> : tensor<1xf32>"],
                          ["dense<[3.0, 5.0]> : tensor<2xf32>"]>];
}
def Ingot_MinOp : Ingot_Binary<"min", [Differentiable]> {
  let summary  = "The smaller of a and b; not a number if either is.";
  let scalar   = (MinS $a, $b);
  let gradient = [(Select (Less $a, $b), $dy, (Select (Equal $a, $b), (Mul $dy, "0.5"), 0)),
                  (Select (Less $b, $a), $dy, (Select (Equal $a, $b), (Mul $dy, "0.5"), 0))];
  let examples = [Example<["dense<[1.0, 5.0]> : tensor<2xf32>", "dense<3.0> : tensor<1xf32>"],
                          ["dense<[1.0, 3.0]> : tensor<2xf32>"]>];
}

//===----------------------------------------------------------------------===//
// Elementary functions
//===----------------------------------------------------------------------===//

def Ingot_ExpOp : Ingot_FloatUnary<"exp", [Differentiable]> {
  let summary  = "e to the power x";
  let onnx     = Onnx<"Exp", 13>;
  let scalar   = (Inst<"math::ExpOp"> $x);
  let gradient = [(Mul $dy, $y)];
  let examples = [Example<["dense<[0.0, 1.0]> : tensor<2xf32>"], ["dense<[1.0, 2.71828175]> : tensor<2xf32>"]>];
}
def Ingot_LogOp : Ingot_FloatUnary<"log", [Differentiable]> {
  let summary  = "Natural logarithm.";
  let onnx     = Onnx<"Log", 13>;
  let scalar   = (Inst<"math::LogOp"> $x);
  let gradient = [(Div $dy, $x)];
  let domain   = ["0.1, 3.0"];
  let examples = [Example<["dense<[1.0, 10.0]> : tensor<2xf32>"], ["dense<[0.0, 2.30258512]> : tensor<2xf32>"]>];
}
def Ingot_SqrtOp : Ingot_FloatUnary<"sqrt", [Differentiable]> {
  let summary  = "Square root.";
  let onnx     = Onnx<"Sqrt", 13>;
  let scalar   = (Inst<"math::SqrtOp"> $x);
  let gradient = [(Div (Mul $dy, "0.5"), $y)];
  let domain   = ["0.1, 3.0"];
  let examples = [Example<["dense<[4.0, 2.0]> : tensor<2xf32>"], ["dense<[2.0, 1.41421354]> : tensor<2xf32>"]>];
}
def Ingot_ReciprocalOp : Ingot_FloatUnary<"reciprocal", [Differentiable]> {
  let summary  = "1 / x";
  let onnx     = Onnx<"Reciprocal", 13>;
  let scalar   = (DivS 1, $x);
  let gradient = [(Neg (Mul $dy, (Mul $y, $y)))];
  let domain   = ["0.5, 2.0"];
  let examples = [Example<["dense<[4.0, -0.5]> : tensor<2xf32>"], ["dense<[0.25, -2.0]> : tensor<2xf32>"]>];
}
def Ingot_SinOp : Ingot_FloatUnary<"sin", [Differentiable]> {
  let summary  = "Sine.";
  let onnx     = Onnx<"Sin", 7>;
  let scalar   = (Inst<"math::SinOp"> $x);
  let gradient = [(Mul $dy, (Cos $x))];
  let examples = [Example<["dense<[0.0, 1.0]> : tensor<2xf32>"], ["dense<[0.0, 0.841470957]> : tensor<2xf32>"]>];
}
def Ingot_CosOp : Ingot_FloatUnary<"cos", [Differentiable]> {
  let summary  = "Cosine.";
  let onnx     = Onnx<"Cos", 7>;
  let scalar   = (Inst<"math::CosOp"> $x);
  let gradient = [(Neg (Mul $dy, (Sin $x)))];
  let examples = [Example<["dense<[0.0, 1.0]> : tensor<2xf32>"], ["dense<[1.0, 0.540302277]> : tensor<2xf32>"]>];
}
def Ingot_TanhOp : Ingot_FloatUnary<"tanh", [Differentiable]> {
  let summary  = "Hyperbolic tangent.";
  let onnx     = Onnx<"Tanh", 13>;
  let scalar   = (Inst<"math::TanhOp"> $x);
  let gradient = [(Mul $dy, (Sub 1, (Mul $y, $y)))];
  let examples = [Example<["dense<[-1.0, 0.0, 2.0]> : tensor<3xf32>"],
                          ["dense<[-0.76159418, 0.0, 0.96402758]> : tensor<3xf32>"]>];
}
def Ingot_TanOp : Ingot_FloatUnary<"tan", [Differentiable]> {
  let summary  = "Tangent.";
  let onnx     = Onnx<"Tan", 7>;
  let scalar   = (Inst<"math::TanOp"> $x);
  let gradient = [(Mul $dy, (Add 1, (Mul $y, $y)))];
  let domain   = ["-1.2, 1.2"];
  let examples = [Example<["dense<[0.0, 1.0, -4.0]> : tensor<3xf32>"],
                          ["dense<[0.0, 1.55740772, -1.15782128]> : tensor<3xf32>"]>];
}
def Ingot_AsinOp : Ingot_FloatUnary<"asin", [Differentiable]> {
  let summary  = "The angle between -pi/2 and pi/2 whose sine is x.";
  let onnx     = Onnx<"Asin", 7>;
  let scalar   = (Inst<"math::AsinOp"> $x);
  let gradient = [(Div $dy, (Sqrt (Sub 1, (Mul $x, $x))))];
  let domain   = ["-0.9, 0.9"];
  let examples = [Example<["dense<[-1.0, 0.0, 0.5]> : tensor<3xf32>"],
                          ["dense<[-1.57079637, 0.0, 0.523598790]> : tensor<3xf32>"]>];
}
def Ingot_AcosOp : Ingot_FloatUnary<"acos", [Differentiable]> {
  let summary  = "The angle between 0 and pi whose cosine is x.";
  let onnx     = Onnx<"Acos", 7>;
  let scalar   = (Inst<"math::AcosOp"> $x);
  let gradient = [(Neg (Div $dy, (Sqrt (Sub 1, (Mul $x, $x)))))];
  let domain   = ["-0.9, 0.9"];
  let examples = [Example<["dense<[-1.0, 0.0, 0.5]> : tensor<3xf32>"],
                          ["dense<[3.14159274, 1.57079637, 1.04719758]> : tensor<3xf32>"]>];
}
def Ingot_AtanOp : Ingot_FloatUnary<"atan", [Differentiable]> {
  let summary  = "The angle between -pi/2 and pi/2 whose tangent is x.";
  let onnx     = Onnx<"Atan", 7>;
  let scalar   = (Inst<"math::AtanOp"> $x);
  let gradient = [(Div $dy, (Add 1, (Mul $x, $x)))];
  let examples = [Example<["dense<[-1.0, 0.0, 10.0]> : tensor<3xf32>"],
                          ["dense<[-0.785398185, 0.0, 1.47112763]> : tensor<3xf32>"]>];
}
def Ingot_SinhOp : Ingot_FloatUnary<"sinh", [Differentiable]> {
  let summary  = "Hyperbolic sine.";
  let onnx     = Onnx<"Sinh", 9>;
  let scalar   = (Inst<"math::SinhOp"> $x);
  let gradient = [(Mul $dy, (Cosh $x))];
  let examples = [Example<["dense<[-1.0, 0.0, 3.0]> : tensor<3xf32>"],
                          ["dense<[-1.17520118, 0.0, 10.0178747]> : tensor<3xf32>"]>];
}
def Ingot_CoshOp : Ingot_FloatUnary<"cosh", [Differentiable]> {
  let summary  = "Hyperbolic cosine.";
  let onnx     = Onnx<"Cosh", 9>;
  let scalar   = (Inst<"math::CoshOp"> $x);
  let gradient = [(Mul $dy, (Sinh $x))];
  let examples = [Example<["dense<[-1.0, 0.0, 3.0]> : tensor<3xf32>"],
                          ["dense<[1.54308069, 1.0, 10.0676622]> : tensor<3xf32>"]>];
}
def Ingot_AsinhOp : Ingot_FloatUnary<"asinh", [Differentiable]> {
  let summary  = "The number whose hyperbolic sine is x.";
  let onnx     = Onnx<"Asinh", 9>;
  let scalar   = (Inst<"math::AsinhOp"> $x);
  let gradient = [(Div $dy, (Sqrt (Add 1, (Mul $x, $x))))];
  let examples = [Example<["dense<[-1.0, 0.0, 3.0]> : tensor<3xf32>"],
                          ["dense<[-0.881373584, 0.0, 1.81844646]> : tensor<3xf32>"]>];
}
def Ingot_AcoshOp : Ingot_FloatUnary<"acosh", [Differentiable]> {
  let summary  = "The number, not negative, whose hyperbolic cosine is x.";
  let onnx     = Onnx<"Acosh", 9>;
  let scalar   = (Inst<"math::AcoshOp"> $x);
  let gradient = [(Div $dy, (Sqrt (Sub (Mul $x, $x), 1)))];
  let domain   = ["1.5, 3.0"];
  let examples = [Example<["dense<[1.0, 1.5, 10.0]> : tensor<3xf32>"],
                          ["dense<[0.0, 0.962423623, 2.99322295]> : tensor<3xf32>"]>];
}
def Ingot_AtanhOp : Ingot_FloatUnary<"atanh", [Differentiable]> {
  let summary  = "The number whose hyperbolic tangent is x.";
  let onnx     = Onnx<"Atanh", 9>;
  let scalar   = (Inst<"math::AtanhOp"> $x);
  let gradient = [(Div $dy, (Sub 1, (Mul $x, $x)))];
  let domain   = ["-0.9, 0.9"];
  let examples = [Example<["dense<[-0.5, 0.0, 0.9]> : tensor<3xf32>"],
                          ["dense<[-0.549306154, 0.0, 1.47221935]> : tensor<3xf32>"]>];
}
def Ingot_ErfOp : Ingot_FloatUnary<"erf", [Differentiable]> {
  let summary  = "Gauss error function.";
  let onnx     = Onnx<"Erf", 13>;
  let scalar   = (Inst<"math::ErfOp"> $x);
  let gradient = [(Mul $dy, (Mul "1.1283791670955126", (Exp (Neg (Mul $x, $x)))))];
  let examples = [Example<["dense<[-1.0, 0.0, 0.5]> : tensor<3xf32>"],
                          ["dense<[-0.842700779, 0.0, 0.520499885]> : tensor<3xf32>"]>];
}
def Ingot_FloorOp : Ingot_FloatUnary<"floor", [Differentiable]> {
  let summary  = "Rounds down.";
  let onnx     = Onnx<"Floor", 13>;
  let scalar   = (Inst<"math::FloorOp"> $x);
  let gradient = [(Mul $dy, 0)];
  let examples = [Example<["dense<[1.5, -1.5]> : tensor<2xf32>"], ["dense<[1.0, -2.0]> : tensor<2xf32>"]>];
}
def Ingot_CeilOp : Ingot_FloatUnary<"ceil", [Differentiable]> {
  let summary  = "Rounds up.";
  let onnx     = Onnx<"Ceil", 13>;
  let scalar   = (Inst<"math::CeilOp"> $x);
  let gradient = [(Mul $dy, 0)];
  let examples = [Example<["dense<[1.5, -1.5]> : tensor<2xf32>"], ["dense<[2.0, -1.0]> : tensor<2xf32>"]>];
}
def Ingot_RoundOp : Ingot_FloatUnary<"round", [Differentiable]> {
  let summary  = "Rounds to the nearest integer, halves to even.";
  let onnx     = Onnx<"Round", 11>;
  let scalar   = (Inst<"math::RoundEvenOp"> $x);
  let gradient = [(Mul $dy, 0)];
  let examples = [Example<["dense<[1.5, 2.5, -0.7]> : tensor<3xf32>"], ["dense<[2.0, 2.0, -1.0]> : tensor<3xf32>"]>];
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

def Ingot_ReluOp : Ingot_Unary<"relu", [Differentiable]> {
  let summary  = "max(x, 0); not a number stays";
  let onnx     = Onnx<"Relu", 14>;
  let scalar   = (SelectS (GtS 0, $x), 0, $x);   // one instruction where `maximum` takes several
  let gradient = [(Select (Greater $y, 0), $dy, 0)];   // of y, so that x need not be kept
  let examples = [Example<["dense<[[-1.0, 0.0, 2.0]]> : tensor<1x3xf32>"], ["dense<[[0.0, 0.0, 2.0]]> : tensor<1x3xf32>"]>];
}
def Ingot_LeakyReluOp : Ingot_FloatUnary<"leaky_relu", [Differentiable]> {
  let summary   = "x where positive, else alpha x";
  let arguments = (ins Ingot_FloatTensor:$x, DefaultValuedAttr<F32Attr, "0.01f">:$alpha);
  let onnx      = Onnx<"LeakyRelu", 16>;
  let scalar    = (SelectS (LtS $x, 0), (MulS $alpha, $x), $x);
  let gradient  = [(Select (Greater $x, 0), $dy, (Mul $dy, $alpha))];
  let examples  = [Example<["dense<[-1.0, 2.0]> : tensor<2xf32>"], ["dense<[-0.5, 2.0]> : tensor<2xf32>"],
                           "alpha = 0.5 : f32">];
}
def Ingot_SigmoidOp : Ingot_FloatUnary<"sigmoid", [Differentiable]> {
  let summary  = "1 / (1 + exp(-x))";
  let onnx     = Onnx<"Sigmoid", 13>;
  let scalar   = (Div 1, (Add 1, (Exp (Neg $x))));
  let gradient = [(Mul $dy, (Mul $y, (Sub 1, $y)))];
  let examples = [Example<["dense<[-2.0, 0.0, 2.0]> : tensor<3xf32>"], ["dense<[0.119203, 0.5, 0.880797]> : tensor<3xf32>"]>];
}
def Ingot_HardSigmoidOp : Ingot_FloatUnary<"hard_sigmoid", [Differentiable]> {
  let summary   = "alpha x + beta, kept between 0 and 1";
  let arguments = (ins Ingot_FloatTensor:$x, DefaultValuedAttr<F32Attr, "0.2f">:$alpha,
                       DefaultValuedAttr<F32Attr, "0.5f">:$beta);
  let onnx      = Onnx<"HardSigmoid", 6>;
  let scalar    = (MaxS 0, (MinS 1, (AddS (MulS $alpha, $x), $beta)));
  let gradient  = [(Select (Greater $y, 0), (Select (Less $y, 1), (Mul $dy, $alpha), 0), 0)];
  let examples  = [Example<["dense<[-5.0, 1.0, 9.0]> : tensor<3xf32>"], ["dense<[0.0, 0.7, 1.0]> : tensor<3xf32>"]>];
}
def Ingot_HardSwishOp : Ingot_FloatUnary<"hard_swish", [Differentiable]> {
  let summary  = "x hard_sigmoid(x) with alpha = 1/6 and beta = 1/2";
  let onnx     = Onnx<"HardSwish", 14>;
  let scalar   = (MulS $x, (MaxS 0, (MinS 1, (AddS (MulS "0.16666666666666666", $x), "0.5"))));
  let gradient = [(Mul $dy, (Select (LessEq $x, -3), 0, (Select (GreaterEq $x, 3), 1,
                             (Add (Mul $x, "0.3333333333333333"), "0.5"))))];
  let examples = [Example<["dense<[-4.0, 1.0, 4.0]> : tensor<3xf32>"], ["dense<[0.0, 0.666666686, 4.0]> : tensor<3xf32>"]>];
}
def Ingot_SoftplusOp : Ingot_FloatUnary<"softplus", [Differentiable]> {
  let summary  = "log(1 + exp(x)), without overflow";
  let onnx     = Onnx<"Softplus", 1>;
  let scalar   = (AddS (MaxS $x, 0), (Inst<"math::Log1pOp"> (Inst<"math::ExpOp"> (NegS (Inst<"math::AbsFOp"> $x)))));
  let gradient = [(Mul $dy, (Sigmoid $x))];
  let examples = [Example<["dense<[-100.0, 0.0, 100.0]> : tensor<3xf32>"], ["dense<[0.0, 0.693147182, 100.0]> : tensor<3xf32>"]>];
}
def Ingot_SoftsignOp : Ingot_FloatUnary<"softsign", [Differentiable]> {
  let summary  = "x / (1 + |x|)";
  let onnx     = Onnx<"Softsign", 1>;
  let scalar   = (DivS $x, (AddS 1, (Inst<"math::AbsFOp"> $x)));
  let gradient = [(Mul $dy, (Pow (Sub 1, (Mul $y, (Sign $x))), 2))];
  let examples = [Example<["dense<[-3.0, 0.0, 1.0]> : tensor<3xf32>"], ["dense<[-0.75, 0.0, 0.5]> : tensor<3xf32>"]>];
}
def Ingot_EluOp : Ingot_FloatUnary<"elu", [Differentiable]> {
  let summary   = "x where positive, else alpha (exp(x) - 1)";
  let arguments = (ins Ingot_FloatTensor:$x, DefaultValuedAttr<F32Attr, "1.0f">:$alpha);
  let onnx      = Onnx<"Elu", 6>;
  let scalar    = (SelectS (LtS $x, 0), (MulS $alpha, (Inst<"math::ExpM1Op"> $x)), $x);
  let gradient  = [(Select (Greater $x, 0), $dy, (Mul $dy, (Add $y, $alpha)))];
  let examples  = [Example<["dense<[-1.0, 2.0]> : tensor<2xf32>"], ["dense<[-0.632120550, 2.0]> : tensor<2xf32>"]>];
}
def Ingot_SeluOp : Ingot_FloatUnary<"selu", [Differentiable]> {
  let summary   = "gamma times elu";
  let arguments = (ins Ingot_FloatTensor:$x, DefaultValuedAttr<F32Attr, "1.67326319217681884765625f">:$alpha,
                       DefaultValuedAttr<F32Attr, "1.05070102214813232421875f">:$gamma);
  let onnx      = Onnx<"Selu", 6>;
  let scalar    = (MulS $gamma, (SelectS (LtS $x, 0), (MulS $alpha, (Inst<"math::ExpM1Op"> $x)), $x));
  let gradient  = [(Select (Greater $x, 0), (Mul $dy, $gamma), (Mul $dy, (Add $y, (Mul $alpha, $gamma))))];
  let examples  = [Example<["dense<[-1.0, 2.0]> : tensor<2xf32>"], ["dense<[-1.11133075, 2.10140204]> : tensor<2xf32>"]>];
}
def Ingot_ShrinkOp : Ingot_FloatUnary<"shrink", [Differentiable]> {
  let summary   = "x moved towards zero by bias where its magnitude is above lambd, else 0";
  let arguments = (ins Ingot_FloatTensor:$x, DefaultValuedAttr<F32Attr, "0.5f">:$lambd,
                       DefaultValuedAttr<F32Attr, "0.0f">:$bias);
  let onnx      = Onnx<"Shrink", 9>;
  let scalar    = (SelectS (LtS $x, (NegS $lambd)), (AddS $x, $bias), (SelectS (GtS $x, $lambd), (SubS $x, $bias), 0));
  let gradient  = [(Select (Less $x, (Neg $lambd)), $dy, (Select (Greater $x, $lambd), $dy, 0))];
  let examples  = [Example<["dense<[-2.0, -0.5, 0.5, 2.0]> : tensor<4xf32>"], ["dense<[-1.5, 0.0, 0.0, 1.5]> : tensor<4xf32>"],
                           "lambd = 1.5 : f32, bias = 0.5 : f32">];
}
/// The exact form; see gelu_tanh for the approximation. Hendrycks and Gimpel, arXiv:1606.08415.
def Ingot_GeluOp : Ingot_FloatUnary<"gelu", [Differentiable]> {
  let summary  = "x times the normal distribution function of x";
  let scalar   = (Mul (Mul "0.5", $x), (Add 1, (Erf (Mul "0.7071067811865476", $x))));
  let gradient = [(Mul $dy, (Add (Mul "0.5", (Add 1, (Erf (Mul "0.7071067811865476", $x)))),
                       (Mul $x, (Mul "0.3989422804014327", (Exp (Mul "-0.5", (Mul $x, $x)))))))];
  let examples = [Example<["dense<[-1.0, 0.0, 1.0]> : tensor<3xf32>"],
                          ["dense<[-0.158655256, 0.0, 0.841344774]> : tensor<3xf32>"]>];
}
def Ingot_GeluTanhOp : Ingot_FloatUnary<"gelu_tanh", [Differentiable]> {
  let summary  = "The tanh approximation of gelu.";
  let scalar   = (Mul (Mul "0.5", $x), (Add 1, (Tanh (Mul "0.7978845608028654",
                   (Add $x, (Mul "0.044715", (Mul $x, (Mul $x, $x))))))));
  let gradient = [(Mul $dy, (Add
      (Mul "0.5", (Add 1, (Tanh (Mul "0.7978845608028654", (Add $x, (Mul "0.044715", (Mul $x, (Mul $x, $x)))))):$t)),
      (Mul (Mul (Mul "0.5", $x), (Sub 1, (Mul $t, $t))),
           (Mul "0.7978845608028654", (Add 1, (Mul "0.134145", (Mul $x, $x)))))))];
  let examples = [Example<["dense<[-1.0, 0.0, 1.0]> : tensor<3xf32>"],
                          ["dense<[-0.158808, 0.0, 0.841192]> : tensor<3xf32>"]>];
}

//===----------------------------------------------------------------------===//
// Comparison, logic, selection and conversion
//===----------------------------------------------------------------------===//

def Ingot_EqualOp : Ingot_Compare<"equal"> {
  let summary  = "a == b";
  let onnx     = Onnx<"Equal", 13>;
  let scalar   = (EqS $a, $b);
  let examples = [Example<["dense<[1, 2]> : tensor<2xi64>", "dense<2> : tensor<i64>"],
                          ["dense<[false, true]> : tensor<2xi1>"]>];
}
def Ingot_LessOp : Ingot_Compare<"less"> {
  let summary  = "a < b";
  let onnx     = Onnx<"Less", 13>;
  let scalar   = (LtS $a, $b);
  let examples = [Example<["dense<[1.0, 2.0]> : tensor<2xf32>", "dense<2.0> : tensor<f32>"],
                          ["dense<[true, false]> : tensor<2xi1>"]>];
}
def Ingot_LessOrEqualOp : Ingot_Compare<"less_or_equal"> {
  let summary  = "a <= b";
  let onnx     = Onnx<"LessOrEqual", 16>;
  let scalar   = (LeS $a, $b);
  let examples = [Example<["dense<[1.0, 3.0]> : tensor<2xf32>", "dense<1.0> : tensor<f32>"],
                          ["dense<[true, false]> : tensor<2xi1>"]>];
}
def Ingot_GreaterOp : Ingot_Compare<"greater"> {
  let summary  = "a > b";
  let onnx     = Onnx<"Greater", 13>;
  let scalar   = (GtS $a, $b);
  let examples = [Example<["dense<[1.0, 3.0]> : tensor<2xf32>", "dense<1.0> : tensor<f32>"],
                          ["dense<[false, true]> : tensor<2xi1>"]>];
}
def Ingot_GreaterOrEqualOp : Ingot_Compare<"greater_or_equal"> {
  let summary  = "a >= b";
  let onnx     = Onnx<"GreaterOrEqual", 16>;
  let scalar   = (GeS $a, $b);
  let examples = [Example<["dense<[1, 0]> : tensor<2xi32>", "dense<1> : tensor<i32>"],
                          ["dense<[true, false]> : tensor<2xi1>"]>];
}
def Ingot_AndOp : Ingot_Logical<"and"> {
  let summary  = "Both are true.";
  let onnx     = Onnx<"And", 7>;
  let scalar   = (AndS $a, $b);
  let examples = [Example<["dense<[true, false]> : tensor<2xi1>", "dense<true> : tensor<i1>"],
                          ["dense<[true, false]> : tensor<2xi1>"]>];
}
def Ingot_OrOp : Ingot_Logical<"or"> {
  let summary  = "At least one is true.";
  let onnx     = Onnx<"Or", 7>;
  let scalar   = (OrS $a, $b);
  let examples = [Example<["dense<[true, false]> : tensor<2xi1>", "dense<false> : tensor<i1>"],
                          ["dense<[true, false]> : tensor<2xi1>"]>];
}
def Ingot_XorOp : Ingot_Logical<"xor"> {
  let summary  = "Exactly one is true.";
  let onnx     = Onnx<"Xor", 7>;
  let scalar   = (XorS $a, $b);
  let examples = [Example<["dense<[true, false]> : tensor<2xi1>", "dense<true> : tensor<i1>"],
                          ["dense<[false, true]> : tensor<2xi1>"]>];
}
def Ingot_NotOp : Ingot_Pointwise<"not"> {
  let summary    = "The opposite truth value.";
  let arguments  = (ins Ingot_BoolTensor:$x);
  let onnx       = Onnx<"Not", 1>;
  let scalar     = (XorS $x, 1);
  let noGradient = "the operand is a truth value";
  let examples   = [Example<["dense<[true, false]> : tensor<2xi1>"], ["dense<[false, true]> : tensor<2xi1>"]>];
}
class Ingot_Bitwise<string mnemonic> : Ingot_Pointwise<mnemonic> {
  let arguments = (ins Ingot_IntTensor:$a, Ingot_IntTensor:$b);
  let noGradient = "the operands are integers";
}
def Ingot_BitwiseAndOp : Ingot_Bitwise<"bitwise_and"> {
  let summary  = "The bits that are set in both.";
  let onnx     = Onnx<"BitwiseAnd", 18>;
  let scalar   = (AndS $a, $b);
  let examples = [Example<["dense<[12, -1]> : tensor<2xi32>", "dense<10> : tensor<1xi32>"], ["dense<[8, 10]> : tensor<2xi32>"]>];
}
def Ingot_BitwiseOrOp : Ingot_Bitwise<"bitwise_or"> {
  let summary  = "The bits that are set in at least one.";
  let onnx     = Onnx<"BitwiseOr", 18>;
  let scalar   = (OrS $a, $b);
  let examples = [Example<["dense<[12, 128]> : tensor<2xui8>", "dense<10> : tensor<1xui8>"], ["dense<[14, 138]> : tensor<2xui8>"]>];
}
def Ingot_BitwiseXorOp : Ingot_Bitwise<"bitwise_xor"> {
  let summary  = "The bits that are set in exactly one.";
  let onnx     = Onnx<"BitwiseXor", 18>;
  let scalar   = (XorS $a, $b);
  let examples = [Example<["dense<[12, -1]> : tensor<2xi64>", "dense<10> : tensor<1xi64>"], ["dense<[6, -11]> : tensor<2xi64>"]>];
}
def Ingot_BitwiseNotOp : Ingot_Pointwise<"bitwise_not"> {
  let summary    = "Every bit turned.";
  let arguments  = (ins Ingot_IntTensor:$x);
  let onnx       = Onnx<"BitwiseNot", 18>;
  let scalar     = (XorS $x, -1);
  let noGradient = "the operand is an integer";
  let examples   = [Example<["dense<[0, 5]> : tensor<2xi16>"], ["dense<[-1, -6]> : tensor<2xi16>"]>,
                    Example<["dense<[0, 5]> : tensor<2xui8>"], ["dense<[255, 250]> : tensor<2xui8>"]>];
}
def Ingot_BitShiftOp : Ingot_Pointwise<"bit_shift"> {
  let summary     = "The bits of a moved by b places to the `direction` \"LEFT\" or \"RIGHT\".";
  let description = [{
    A signed number that moves to the right keeps its sign. Where b is negative or not less than the number of bits, what
    remains is the sign: -1 for a negative number that moves to the right, else 0.
  }];
  let arguments  = (ins Ingot_IntTensor:$a, Ingot_IntTensor:$b, StrAttr:$direction);
  let onnx       = Onnx<"BitShift", 11>;
  let noGradient = "the operands are integers";
  let hasVerifier = 1;
  let examples   = [
    Example<["dense<[16, 4, 1]> : tensor<3xui8>", "dense<[1, 7, 8]> : tensor<3xui8>"], ["dense<[32, 0, 0]> : tensor<3xui8>"],
            "direction = \"LEFT\"">,
    Example<["dense<[-16, 4, -1]> : tensor<3xi32>", "dense<[1, -1, 40]> : tensor<3xi32>"], ["dense<[-8, 0, -1]> : tensor<3xi32>"],
            "direction = \"RIGHT\"">];
}
def Ingot_WhereOp : Ingot_Pointwise<"where", [Differentiable]> {
  let summary   = "a where the condition holds, else b";
  let arguments = (ins Ingot_BoolTensor:$condition, Ingot_Tensor:$a, Ingot_Tensor:$b);
  let onnx      = Onnx<"Where", 16>;
  let infer     = "::ingot::inferWhere(loc, adaptor.getOperands(), types)";
  let scalar    = (SelectS $condition, $a, $b);
  let gradient  = [(None), (Select $condition, $dy, 0), (Select $condition, 0, $dy)];
  let examples  = [Example<["dense<[true, false]> : tensor<2xi1>", "dense<[1.0, 2.0]> : tensor<2xf32>",
                            "dense<9.0> : tensor<1xf32>"], ["dense<[1.0, 9.0]> : tensor<2xf32>"]>];
}
def Ingot_CastOp : Ingot_Pointwise<"cast", [Differentiable]> {
  let summary     = "Converts to another element type.";
  let description = [{
    From float to integer rounds towards zero; a value out of range gives an unspecified integer, as in ONNX.
    To `i1`, any value but zero is true. To a float of 8 bits, `saturate` makes the largest number of what is larger, which
    otherwise becomes infinite or, where the type has no infinity, not a number.
  }];
  let arguments = (ins Ingot_Tensor:$x, TypeAttr:$to, DefaultValuedAttr<BoolAttr, "true">:$saturate);
  let infer     = "::ingot::inferCast(loc, adaptor.getX(), adaptor.getTo(), types)";
  let examples  = [
    Example<["dense<[1.7, -1.7]> : tensor<2xf32>"], ["dense<[1, -1]> : tensor<2xi64>"], "to = i64">,
    Example<["dense<[0, 3]> : tensor<2xi64>"], ["dense<[false, true]> : tensor<2xi1>"], "to = i1">,
    Example<["dense<[0, 3]> : tensor<2xi64>"], ["dense<[0.0, 3.0]> : tensor<2xf32>"], "to = f32">,
    Example<["dense<[0, 9, -9]> : tensor<3xi64>"], ["dense<[0, -7, 7]> : tensor<3xi4>"], "to = i4">,
    Example<["dense<[0.0, 3.1, -0.002, 1000.0, 0x7FC00000]> : tensor<5xf32>"],
            ["dense<[0.0, 3.0, -0.001953125, 448.0, 0x7F]> : tensor<5xf8E4M3FN>"], "to = f8E4M3FN">,
    Example<["dense<[-3.4, 61440.0]> : tensor<2xf32>"], ["dense<[-3.5, 0x7C]> : tensor<2xf8E5M2>"],
            "to = f8E5M2, saturate = false">,
    Example<["dense<[-3.5, 0.25]> : tensor<2xf8E5M2FNUZ>"], ["dense<[-3.5, 0.25]> : tensor<2xf16>"], "to = f16">];
}

#endif
