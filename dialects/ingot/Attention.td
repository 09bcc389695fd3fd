//===- Attention.td - Scaled dot product attention ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_ATTENTION
#define INGOT_ATTENTION

include "dialects/ingot/Contract.td"

def Ingot_AttentionOp : Ingot_Composite<"attention", [AttrSizedOperandSegments, Differentiable]> {
  let summary     = "softmax(q k^T scale + mask) v";
  let description = [{
    Logically q is [batch..., Sq, D], k [batch..., Sk, D], v [batch..., Sk, Dv] and y [batch..., Sq, Dv], all of one rank,
    where batch dimensions (heads are one of them) broadcast. `q_dims`, `k_dims`, `v_dims` and `y_dims` say where in its
    tensor each logical dimension is, so that heads between sequence and depth need no transpose; the default is that
    order itself. `scale` is 1 / sqrt(D) when left out. `mask` is added to the scores and broadcasts to
    [batch..., Sq, Sk]. With `causal`, no query sees a later key: query i stands at place i + `offset`, a scalar that is 0
    when left out, and key j at place j.

        // q, k, v are [batch, sequence, heads, depth].
        %y = ingot.attention %q, %k, %v {q_dims = array<i64: 0, 2, 1, 3>, k_dims = array<i64: 0, 2, 1, 3>,
            v_dims = array<i64: 0, 2, 1, 3>, y_dims = array<i64: 0, 2, 1, 3>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
           : (tensor<1x128x12x64xf32>, tensor<1x128x12x64xf32>, tensor<1x128x12x64xf32>) -> tensor<1x128x12x64xf32>
  }];
  let arguments = (ins Ingot_FloatTensor:$q, Ingot_FloatTensor:$k, Ingot_FloatTensor:$v, Optional<Ingot_FloatTensor>:$mask,
                       Optional<Ingot_IntTensor>:$offset, OptionalAttr<F32Attr>:$scale, Ingot_Flag:$causal,
                       Ingot_Numbers:$q_dims, Ingot_Numbers:$k_dims, Ingot_Numbers:$v_dims, Ingot_Numbers:$y_dims);
  let extraClassDeclaration = [{
    /// The four lists with defaults filled in.
    ::llvm::SmallVector<int64_t> dimsOf(::llvm::ArrayRef<int64_t> given);
  }];
  let examples = [
    Example<["dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>", "dense<[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]> : tensor<3x2xf32>",
             "dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf32>"],
            ["dense<[[2.0], [2.40493159]]> : tensor<2x1xf32>"], "operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>, scale = 1.0 : f32">,
    Example<["dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>", "dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>",
             "dense<[[1.0], [2.0]]> : tensor<2x1xf32>"],
            ["dense<[[1.0], [1.88079703]]> : tensor<2x1xf32>"],
            "operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>, scale = 1.0 : f32, causal = true">,
    // One query, the third of its sequence, two heads between sequence and depth, a mask that hides the first key.
    Example<["dense<[[[1.0], [2.0]]]> : tensor<1x2x1xf32>",
             "dense<[[[1.0], [0.0]], [[1.0], [1.0]], [[2.0], [0.5]], [[3.0], [2.0]]]> : tensor<4x2x1xf32>",
             "dense<[[[1.0], [10.0]], [[2.0], [20.0]], [[3.0], [30.0]], [[4.0], [40.0]]]> : tensor<4x2x1xf32>",
             "dense<[-1.0e9, 0.0, 0.0, 0.0]> : tensor<4xf32>", "dense<2> : tensor<i64>"],
            ["dense<[[[2.73105860], [22.6894150]]]> : tensor<1x2x1xf32>"],
            "operandSegmentSizes = array<i32: 1, 1, 1, 1, 1>, causal = true, "
            "q_dims = array<i64: 1, 0, 2>, k_dims = array<i64: 1, 0, 2>, v_dims = array<i64: 1, 0, 2>, y_dims = array<i64: 1, 0, 2>">];
}

#endif
