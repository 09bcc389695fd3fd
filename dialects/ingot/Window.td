//===- Window.td - Pooling ------------------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_WINDOW
#define INGOT_WINDOW

include "dialects/ingot/Contract.td"

/// A reduction of each window of x. Every list has one number for each dimension of x, so that another order of the
/// dimensions is a permutation of the lists.
class Ingot_Window<string mnemonic, list<Trait> traits = []> : Ingot_Op<mnemonic, traits # [Differentiable, Lowers, Transposable]> {
  dag numbers = (ins DenseI64ArrayAttr:$window, Ingot_Numbers:$strides, Ingot_Numbers:$low, Ingot_Numbers:$high,
                     Ingot_Numbers:$dilations);
  let extraClassDeclaration = [{
    /// All the numbers, with defaults filled in.
    ::ingot::WindowNumbers getNumbers();
  }];
}

def Ingot_WindowMaxOp : Ingot_Window<"window_max"> {
  let summary     = "The largest element of each window.";
  let description = [{
    `low` and `high` pad x, with what no element is smaller than. Elements that are not numbers are passed over.

        %y = ingot.window_max %x {window = array<i64: 1, 1, 2, 2>, strides = array<i64: 1, 1, 2, 2>}
           : (tensor<1x8x28x28xf32>) -> tensor<1x8x14x14xf32>
  }];
  let arguments = !con((ins Ingot_Tensor:$x), numbers);
  let builders  = [OpBuilder<(ins "::mlir::Value":$x, "::llvm::ArrayRef<int64_t>":$window,
                                  "const ::ingot::WindowNumbers &":$numbers)>];
  let examples  = [
    Example<["dense<[[1.0, 5.0, 2.0], [4.0, 3.0, 9.0], [0.0, -1.0, 7.0]]> : tensor<3x3xf32>"],
            ["dense<[[5.0, 9.0], [4.0, 9.0]]> : tensor<2x2xf32>"], "window = array<i64: 2, 2>">,
    Example<["dense<[[-1.0, -5.0, -2.0, -4.0, -3.0]]> : tensor<1x5xf32>"], ["dense<[[-1.0, -2.0, -3.0]]> : tensor<1x3xf32>"],
            "window = array<i64: 1, 3>, strides = array<i64: 1, 2>, low = array<i64: 0, 1>, high = array<i64: 0, 1>">];
}

def Ingot_WindowMaxGradientOp : Ingot_Op<"window_max_gradient", [Lowers, Differentiable]> {
  let summary     = "Sends each window's cotangent to the window's first largest element.";
  let description = "The cotangent of the operand of a `window_max` of the same numbers.";
  let arguments   = (ins Ingot_FloatTensor:$x, Ingot_FloatTensor:$dy, DenseI64ArrayAttr:$window, Ingot_Numbers:$strides,
                         Ingot_Numbers:$low, Ingot_Numbers:$high, Ingot_Numbers:$dilations);
  let extraClassDeclaration = [{
    /// All the numbers, with defaults filled in.
    ::ingot::WindowNumbers getNumbers();
  }];
  let examples    = [Example<["dense<[[1.0, 5.0, 5.0, 3.0, 9.0]]> : tensor<1x5xf32>", "dense<[[10.0, 1.0]]> : tensor<1x2xf32>"],
                             ["dense<[[0.0, 10.0, 0.0, 0.0, 1.0]]> : tensor<1x5xf32>"],
                             "window = array<i64: 1, 3>, strides = array<i64: 1, 2>">];
}

def Ingot_WindowMaxSelectOp : Ingot_Op<"window_max_select", [Lowers, Differentiable]> {
  let summary     = "The element of `from` at the place of the first largest element of each window of x.";
  let description = "The gradient of a `window_max_gradient` of the same numbers with respect to its cotangent.";
  let arguments   = (ins Ingot_FloatTensor:$x, Ingot_FloatTensor:$from, DenseI64ArrayAttr:$window, Ingot_Numbers:$strides,
                         Ingot_Numbers:$low, Ingot_Numbers:$high, Ingot_Numbers:$dilations);
  let extraClassDeclaration = [{
    /// All the numbers, with defaults filled in.
    ::ingot::WindowNumbers getNumbers();
  }];
  let examples    = [Example<["dense<[[1.0, 5.0, 5.0, 3.0, 9.0]]> : tensor<1x5xf32>",
                              "dense<[[1.0, 2.0, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>"],
                             ["dense<[[2.0, 5.0]]> : tensor<1x2xf32>"], "window = array<i64: 1, 3>, strides = array<i64: 1, 2>">];
}

def Ingot_WindowSumOp : Ingot_Window<"window_sum"> {
  let summary     = "The sum of each window.";
  let description = "`input_dilations` puts zeros between the elements of x, so that the gradient is the same op.";
  let arguments   = !con((ins Ingot_Tensor:$x), numbers, (ins Ingot_Numbers:$input_dilations));
  let builders    = [OpBuilder<(ins "::mlir::Value":$x, "::llvm::ArrayRef<int64_t>":$window,
                                    "const ::ingot::WindowNumbers &":$numbers)>];
  let examples    = [
    Example<["dense<[[1.0, 5.0, 2.0], [4.0, 3.0, 9.0], [0.0, -1.0, 7.0]]> : tensor<3x3xf32>"],
            ["dense<[[13.0, 19.0], [6.0, 18.0]]> : tensor<2x2xf32>"], "window = array<i64: 2, 2>">,
    Example<["dense<[[1.0, 2.0, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>"], ["dense<[[2.0, 6.0, 4.0]]> : tensor<1x3xf32>"],
            "window = array<i64: 1, 2>, strides = array<i64: 1, 2>, low = array<i64: 0, 1>, high = array<i64: 0, 1>, "
            "dilations = array<i64: 1, 2>">,
    Example<["dense<[1.0, 2.0, 3.0]> : tensor<3xf32>"], ["dense<[1.0, 1.0, 2.0, 2.0, 3.0, 3.0]> : tensor<6xf32>"],
            "window = array<i64: 2>, low = array<i64: 1>, high = array<i64: 1>, input_dilations = array<i64: 2>">];
}

#endif
