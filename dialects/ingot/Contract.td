//===- Contract.td - Matrix products and convolution ----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CONTRACT
#define INGOT_CONTRACT

include "dialects/ingot/Base.td"

def Ingot_Flag : DefaultValuedAttr<BoolAttr, "false">;
/// A list of one number for each dimension; left out, it has each number's default.
def Ingot_Numbers : DefaultValuedAttr<DenseI64ArrayAttr, "{}">;

def Ingot_MatMulOp : Ingot_Op<"matmul", [Differentiable, Lowers, Contracts]> {
  let summary     = "Matrix product of the last two dimensions; the others broadcast.";
  let description = [{
    As NumPy's matmul: an operand of rank 1 is a row on the left and a column on the right, and the result lacks that
    dimension. `transpose_a` and `transpose_b` swap the last two dimensions of an operand of rank 2 or more first.

        %y = ingot.matmul %a, %b {transpose_b = true} : (tensor<8x16xf32>, tensor<4x16xf32>) -> tensor<8x4xf32>
  }];
  let arguments = (ins Ingot_Tensor:$a, Ingot_Tensor:$b, Ingot_Flag:$transpose_a, Ingot_Flag:$transpose_b);
  let onnx      = Onnx<"MatMul", 13>;
  let examples  = [
    Example<["dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>", "dense<[[1.0], [0.5], [-1.0]]> : tensor<3x1xf32>"],
            ["dense<[[-1.0], [0.5]]> : tensor<2x1xf32>"]>,
    Example<["dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>", "dense<[[1.0, 0.0], [2.0, 1.0], [0.0, -1.0]]> : tensor<3x2xf32>"],
            ["dense<[[1.0, 5.0, -3.0], [2.0, 8.0, -4.0]]> : tensor<2x3xf32>"], "transpose_a = true, transpose_b = true">,
    Example<["dense<[[[1.0, 2.0, 3.0]], [[0.0, 1.0, -1.0]]]> : tensor<2x1x3xf32>", "dense<[1.0, 10.0, 100.0]> : tensor<3xf32>"],
            ["dense<[[321.0], [-90.0]]> : tensor<2x1xf32>"]>,
    Example<["dense<[[1, 2], [3, 4]]> : tensor<2x2xi32>", "dense<[[1, 1], [0, 2]]> : tensor<2x2xi32>"],
            ["dense<[[1, 5], [3, 11]]> : tensor<2x2xi32>"]>];
}

def Ingot_ConvOp : Ingot_Op<"conv", [Differentiable, Lowers, Contracts]> {
  let summary     = "Convolution over one or more spatial dimensions.";
  let description = [{
    y[b, o, s...] is the sum over c and k... of x[b, c, s * strides + k * dilations - pads] * w[o, c, k...], and x is zero
    outside its bounds. `pads` has the begins of all spatial dimensions, then the ends; a negative one crops. `x_dims`,
    `w_dims` and `y_dims` say where in its tensor each dimension is, in the order batch, feature, spatial... for x and y,
    and out, in, spatial... for w; the default is that order itself. `input_dilations` puts zeros between the elements
    of x. With `groups` = G, output features are in G runs, and each sees only its own run of x's features. With
    `batch_groups` = G each run sees its own run of x's batch instead, and y's batch is that much smaller. `flip` turns
    the kernel's taps around. With these numbers both gradients are convolutions themselves.

        %y = ingot.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>}
           : (tensor<1x3x224x224xf32>, tensor<64x3x3x3xf32>) -> tensor<1x64x112x112xf32>
  }];
  let arguments = (ins Ingot_Tensor:$x, Ingot_Tensor:$w, Ingot_Numbers:$strides, Ingot_Numbers:$pads,
                       Ingot_Numbers:$dilations, Ingot_Numbers:$input_dilations,
                       DefaultValuedAttr<I64Attr, "1">:$groups, DefaultValuedAttr<I64Attr, "1">:$batch_groups,
                       Ingot_Flag:$flip, Ingot_Numbers:$x_dims, Ingot_Numbers:$w_dims, Ingot_Numbers:$y_dims);
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::mlir::Value":$w, "const ::ingot::ConvNumbers &":$numbers)>];
  let extraClassDeclaration = [{
    /// All the numbers, with defaults filled in.
    ::ingot::ConvNumbers getNumbers();
  }];
  let examples = [
    Example<["dense<[[[1.0, 2.0, 3.0, 4.0, 5.0]]]> : tensor<1x1x5xf32>", "dense<[[[1.0, 0.0, -1.0]]]> : tensor<1x1x3xf32>"],
            ["dense<[[[-2.0, -2.0, -2.0, -2.0, 4.0]]]> : tensor<1x1x5xf32>"], "pads = array<i64: 1, 1>">,
    Example<["dense<[[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]]> : tensor<1x1x3x3xf32>",
             "dense<[[[[1.0, 2.0], [3.0, 4.0]]], [[[0.0, 0.0], [0.0, 1.0]]]]> : tensor<2x1x2x2xf32>"],
            ["dense<[[[[37.0, 47.0], [67.0, 77.0]], [[5.0, 6.0], [8.0, 9.0]]]]> : tensor<1x2x2x2xf32>"]>,
    // Channels last, two groups, a stride.
    Example<["dense<[[[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]]]> : tensor<1x1x3x2xf32>", "dense<[[[[2.0, 3.0]]]]> : tensor<1x1x1x2xf32>"],
            ["dense<[[[[2.0, 30.0], [6.0, 90.0]]]]> : tensor<1x1x2x2xf32>"],
            "strides = array<i64: 1, 2>, groups = 2 : i64, x_dims = array<i64: 0, 3, 1, 2>, "
            "w_dims = array<i64: 3, 2, 0, 1>, y_dims = array<i64: 0, 3, 1, 2>">,
    // Zeros between the inputs and the kernel backwards: a transposed convolution.
    Example<["dense<[[[1.0, 2.0]]]> : tensor<1x1x2xf32>", "dense<[[[1.0, 10.0, 100.0]]]> : tensor<1x1x3xf32>"],
            ["dense<[[[1.0, 10.0, 102.0, 20.0, 200.0]]]> : tensor<1x1x5xf32>"],
            "pads = array<i64: 2, 2>, input_dilations = array<i64: 2>, flip = true">];
}

#endif
