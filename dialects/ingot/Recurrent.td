//===- Recurrent.td - Recurrent cells over sequences ----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As in ONNX. Each decomposes into one product of all steps with the input's weights, and an ingot.scan for each direction
// whose body multiplies the state with the recurrent weights. f16 and bf16 compute in f32.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RECURRENT
#define INGOT_RECURRENT

include "dialects/ingot/Contract.td"

class Ingot_Recurrent<string mnemonic> : Ingot_Op<mnemonic, [AttrSizedOperandSegments, Composite]> {
  dag common = (ins Ingot_FloatTensor:$x, Ingot_FloatTensor:$w, Ingot_FloatTensor:$r, Optional<Ingot_FloatTensor>:$b,
                    Optional<Ingot_IntTensor>:$sequence_lens, Optional<Ingot_FloatTensor>:$initial_h);
  dag settings = (ins OptionalAttr<StrArrayAttr>:$activations, OptionalAttr<DenseF32ArrayAttr>:$activation_alpha,
                      OptionalAttr<DenseF32ArrayAttr>:$activation_beta, OptionalAttr<F32Attr>:$clip,
                      DefaultValuedAttr<StrAttr, "\"forward\"">:$direction, OptionalAttr<I64Attr>:$hidden_size,
                      Ingot_Flag:$layout);
}

def Ingot_RNNOp : Ingot_Recurrent<"rnn"> {
  let summary     = "h = f(x w + h r + b) for each step.";
  let description = [{
    x is [steps, batch, input]; w is [directions, hidden, input], r [directions, hidden, hidden], and b [directions,
    2 hidden] holds the bias of the input and that of the state. The results are the states of all steps, [steps,
    directions, batch, hidden], and the last state, [directions, batch, hidden]. With `layout`, the batch comes first in x,
    the states and the initial state.

    `sequence_lens` has the number of steps of each batch element; behind it states are zero. `activations` has f for each
    direction; `activation_alpha` and `activation_beta` have the numbers of those that take some, in their order. `clip`
    bounds what the activations of products are applied to.
  }];
  let arguments   = !con(common, settings);
  let results     = (outs Ingot_FloatTensor:$y, Ingot_FloatTensor:$y_h);
  let onnx        = Onnx<"RNN", 14>;
  let examples    = [
    Example<["dense<[[[1.0, 0.25]], [[0.375, 0.875]]]> : tensor<2x1x2xf32>",
             "dense<[[[0.125, 0.625], [0.75, -0.625]]]> : tensor<1x2x2xf32>",
             "dense<[[[-1.0, -0.375], [-0.5, 0.75]]]> : tensor<1x2x2xf32>",
             "dense<[[0.875, -1.0, 0.0, 0.625]]> : tensor<1x4xf32>"],
            ["dense<[[[[0.819814, 0.2153264]]], [[[0.5140278, -0.7109178]]]]> : tensor<2x1x1x2xf32>",
             "dense<[[[0.5140278, -0.7109178]]]> : tensor<1x1x2xf32>"],
            "operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>, hidden_size = 2 : i64">,
    Example<["dense<[[[-0.75], [0.625]], [[-0.75], [-0.125]]]> : tensor<2x2x1xf32>",
             "dense<[[[0.625], [-0.375]], [[-0.375], [-0.5]]]> : tensor<2x2x1xf32>",
             "dense<[[[0.5, -0.5], [1.0, -0.125]], [[0.0, 0.0], [0.125, 0.125]]]> : tensor<2x2x2xf32>",
             "dense<[2, 1]> : tensor<2xi32>",
             "dense<[[[0.0, 1.0], [0.625, 0.625]], [[0.375, 0.25], [-0.375, 1.0]]]> : tensor<2x2x2xf32>"],
            ["dense<[[[[0.0, 0.15625], [0.390625, 0.3125]], [[0.5703125, 0.6307373], [0.4414062, 0.4414062]]], "
             "[[[0.0, 0.2617188], [0.0, 0.0]], [[0.5703125, 0.6132812], [0.0, 0.0]]]]> : tensor<2x2x2x2xf32>",
             "dense<[[[0.0, 0.2617188], [0.390625, 0.3125]], [[0.5703125, 0.6307373], [0.4414062, "
             "0.4414062]]]> : tensor<2x2x2xf32>"],
            "operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 1>, activation_alpha = array<f32: 0.25>, "
            "activation_beta = array<f32: 0.5>, activations = [\"Relu\", \"HardSigmoid\"], "
            "direction = \"bidirectional\", hidden_size = 2 : i64">];
}

def Ingot_GRUOp : Ingot_Recurrent<"gru"> {
  let summary     = "h = (1 - z) g(x w + (r h) r + b) + z h for each step, with gates z and r.";
  let description = [{
    As ingot.rnn, with the weights and biases of z, r and h one after the other. With `linear_before_reset`, r multiplies
    the product and the state's bias instead of the state. `activations` has f, of the gates, and g for each direction.
  }];
  let arguments   = !con(common, settings, (ins Ingot_Flag:$linear_before_reset));
  let results     = (outs Ingot_FloatTensor:$y, Ingot_FloatTensor:$y_h);
  let onnx        = Onnx<"GRU", 14>;
  let examples    = [
    Example<["dense<[[[-0.125]], [[-0.625]]]> : tensor<2x1x1xf32>",
             "dense<[[[0.75], [-0.75], [0.75], [0.25], [-0.875], [-1.0]]]> : tensor<1x6x1xf32>",
             "dense<[[[-0.125, -1.0], [-0.75, 0.0], [1.0, -0.125], [0.625, 0.875], [0.625, 0.25], [-0.125, "
             "0.0]]]> : tensor<1x6x2xf32>",
             "dense<[[-0.5, 0.0, -0.25, -0.5, 1.0, -1.0, -0.875, -0.625, 1.0, 0.375, 0.75, "
             "-0.625]]> : tensor<1x12xf32>"],
            ["dense<[[[[0.7743545, -0.5700393]]], [[[0.9455761, -0.7192329]]]]> : tensor<2x1x1x2xf32>",
             "dense<[[[0.9455761, -0.7192329]]]> : tensor<1x1x2xf32>"],
            "operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>, hidden_size = 2 : i64">,
    Example<["dense<[[[0.5], [-0.25]], [[0.0], [-1.0]]]> : tensor<2x2x1xf32>",
             "dense<[[[0.25], [0.75], [0.375]]]> : tensor<1x3x1xf32>",
             "dense<[[[-0.75], [0.125], [-0.5]]]> : tensor<1x3x1xf32>",
             "dense<[[1.0, 0.75, -0.625, 0.0, 0.875, 0.75]]> : tensor<1x6xf32>",
             "dense<[[[0.5], [0.25]]]> : tensor<1x2x1xf32>"],
            ["dense<[[[[0.2152408], [-0.0457812]]], [[[0.2558413], [-0.0237332]]]]> : tensor<2x1x2x1xf32>",
             "dense<[[[0.2152408], [-0.0457812]]]> : tensor<1x2x1xf32>"],
            "operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1>, direction = \"reverse\", "
            "hidden_size = 1 : i64, linear_before_reset = true">];
}

def Ingot_LSTMOp : Ingot_Recurrent<"lstm"> {
  let summary     = "c = f c + i g(x w + h r + b) and h = o h(c) for each step, with gates i, o and f.";
  let description = [{
    As ingot.rnn, with the weights and biases of i, o, f and c one after the other, and a third result, the last c. `p`,
    [directions, 3 hidden], multiplies c in the gates i, o and f. With `input_forget`, f is 1 - i. `activations` has f, of
    the gates, g and h for each direction.
  }];
  let arguments   = !con(common, (ins Optional<Ingot_FloatTensor>:$initial_c, Optional<Ingot_FloatTensor>:$p), settings,
                         (ins Ingot_Flag:$input_forget));
  let results     = (outs Ingot_FloatTensor:$y, Ingot_FloatTensor:$y_h, Ingot_FloatTensor:$y_c);
  let onnx        = Onnx<"LSTM", 14>;
  let examples    = [
    Example<["dense<[[[-1.0]], [[0.5]]]> : tensor<2x1x1xf32>",
             "dense<[[[0.0], [-0.875], [-0.5], [0.125], [0.5], [0.0], [0.25], [0.75]]]> : tensor<1x8x1xf32>",
             "dense<[[[0.375, -0.25], [0.25, 0.25], [-0.875, -0.875], [0.375, -0.25], [0.25, -0.375], [-0.625, "
             "-0.75], [-0.25, 0.625], [-0.25, -0.25]]]> : tensor<1x8x2xf32>",
             "dense<[[0.125, 1.0, -0.25, 0.25, -0.125, 0.25, -0.125, 0.25, 0.125, 0.375, 1.0, -0.75, 0.125, "
             "-0.125, -0.25, -0.5]]> : tensor<1x16xf32>"],
            ["dense<[[[[-0.2347898, -0.2082542]]], [[[-0.2375023, -0.096179]]]]> : tensor<2x1x1x2xf32>",
             "dense<[[[-0.2375023, -0.096179]]]> : tensor<1x1x2xf32>",
             "dense<[[[-0.3487451, -0.2560549]]]> : tensor<1x1x2xf32>"],
            "operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 0>, hidden_size = 2 : i64">,
    Example<["dense<[[[-1.0], [-0.25]], [[0.75], [-0.875]], [[-0.25], [1.0]]]> : tensor<3x2x1xf32>",
             "dense<[[[1.0], [-0.625], [-1.0], [0.375]]]> : tensor<1x4x1xf32>",
             "dense<[[[-1.0], [-0.375], [0.0], [0.75]]]> : tensor<1x4x1xf32>",
             "dense<[[-0.875, 0.375, 0.125, -0.75, 0.75, 0.75, 0.0, 1.0]]> : tensor<1x8xf32>",
             "dense<[3, 2]> : tensor<2xi32>",
             "dense<[[[0.25], [0.875]]]> : tensor<1x2x1xf32>",
             "dense<[[[1.0], [0.125]]]> : tensor<1x2x1xf32>",
             "dense<[[-0.5, -0.75, 0.125]]> : tensor<1x3xf32>"],
            ["dense<[[[[0.1990709], [0.1533388]]], [[[0.2453458], [0.1537826]]], [[[0.3943715], "
             "[0.0]]]]> : tensor<3x1x2x1xf32>",
             "dense<[[[0.1990709], [0.1533388]]]> : tensor<1x2x1xf32>",
             "dense<[[[0.3314395], [0.2515164]]]> : tensor<1x2x1xf32>"],
            "operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 1>, clip = 0.5 : f32, "
            "direction = \"reverse\", hidden_size = 1 : i64">];
}

#endif
