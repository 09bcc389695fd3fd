//===- Group.td - What becomes one piece of code --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_GROUP
#define INGOT_GROUP

include "dialects/ingot/Base.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Ingot_GroupOp : Op<Ingot_Dialect, "group", [IsolatedFromAbove, SingleBlock, RecursiveMemoryEffects,
                                         RecursivelySpeculatable]> {
  let summary = "Ops that are compiled together.";
  let description = [{
    The body's arguments are the operands. A group is anchored by at most one contraction, whose kernel takes the other
    ops as its epilogue; without one, the body becomes fused loops.

        %y = ingot.group(%a, %b) {
        ^bb0(%x: tensor<4x8xf32>, %z: tensor<8xf32>):
          %s = ingot.add %x, %z : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
          ingot.yield %s : tensor<4x8xf32>
        } : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  }];
  let arguments = (ins Variadic<Ingot_Tensor>:$inputs);
  let results = (outs Variadic<Ingot_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`(` $inputs `)` $body attr-dict `:` functional-type($inputs, $outputs)";
  let hasVerifier = 1;
}

def Ingot_YieldOp : Op<Ingot_Dialect, "yield", [Pure, ReturnLike, Terminator, ParentOneOf<["GroupOp", "IfOp", "ScanOp", "WhileOp"]>]> {
  let summary = "Ends a body with its results.";
  let arguments = (ins Variadic<Ingot_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif
