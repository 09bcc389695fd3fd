//===- Control.td - Branches and loops ------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pure functions with regions. A region may use what is defined around its op; nothing else gets in or out but operands,
// block arguments and the values that ingot.yield names.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CONTROL
#define INGOT_CONTROL

include "dialects/ingot/Base.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/LoopLikeInterface.td"

/// One truth value, or the byte that stores it once lowering has begun.
def Ingot_Condition : TypeConstraint<And<[RankedTensorOf<[I1, I8]>.predicate, HasAnyRankOfPred<[0]>]>, "a truth value">;

defvar Loops = DeclareOpInterfaceMethods<LoopLikeOpInterface, ["getRegionIterArgs", "getYieldedValuesMutable", "getLoopResults"]>;

class Ingot_Control<string mnemonic, list<Trait> traits = []>
    : Op<Ingot_Dialect, mnemonic, traits # [SingleBlock, RecursiveMemoryEffects]> {
  let results = (outs Variadic<Ingot_Tensor>:$outputs);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Ingot_IfOp : Ingot_Control<"if", [RecursivelySpeculatable, DifferentiableRegion]> {
  let summary = "What one of two regions yields.";
  let description = [{
        %y = ingot.if %condition {
          ingot.yield %a : tensor<4xf32>
        } else {
          %b = ingot.neg %a : (tensor<4xf32>) -> tensor<4xf32>
          ingot.yield %b : tensor<4xf32>
        } : (tensor<i1>) -> tensor<4xf32>
  }];
  let arguments = (ins Ingot_Condition:$condition);
  let regions = (region SizedRegion<1>:$then_body, SizedRegion<1>:$else_body);
  let assemblyFormat = "$condition $then_body `else` $else_body attr-dict `:` functional-type($condition, $outputs)";
}

def Ingot_ScanOp : Ingot_Control<"scan", [AttrSizedOperandSegments, RecursivelySpeculatable, Loops, DifferentiableRegion]> {
  let summary = "A loop over the slices of tensors, whose number of steps is known.";
  let description = [{
    The body takes the carried values, which are `inits` in the first step, and one slice of each of `xs`, along
    dimension 0 and without it. It yields the carried values of the next step, and then slices that are stacked along a
    new dimension 0. The results are the carried values after the last step, and the stacks. There are `steps` steps, or
    as many as slices. Where `backwards` is set for one of `xs`, or, behind them, for one of the stacks, its slices
    count from the end.

        %h, %all = ingot.scan init(%h0 : tensor<4xf32>) over(%x : tensor<10x4xf32>) {
        ^bb0(%state: tensor<4xf32>, %slice: tensor<4xf32>):
          %next = ingot.add %state, %slice : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
          ingot.yield %next, %next : tensor<4xf32>, tensor<4xf32>
        } -> tensor<4xf32>, tensor<10x4xf32>
  }];
  let arguments = (ins Variadic<Ingot_Tensor>:$inits, Variadic<Ingot_Tensor>:$xs, OptionalAttr<I64Attr>:$steps,
                       DefaultValuedOptionalAttr<DenseBoolArrayAttr, "{}">:$backwards);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`init` `(` $inits^ `:` type($inits) `)`)? (`over` `(` $xs^ `:` type($xs) `)`)? $body attr-dict
    (`->` type($outputs)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$outputs, "::mlir::ValueRange":$inits, "::mlir::ValueRange":$xs,
                                 "std::optional<int64_t>":$steps, "::llvm::ArrayRef<bool>":$backwards)>];
  let extraClassDeclaration = [{
    /// The number of steps, or ShapedType::kDynamic.
    int64_t countSteps();
    /// Whether the slices of x, or of stack, number `index` count from the end.
    bool isBackwards(unsigned index);
    bool isStackBackwards(unsigned index) { return isBackwards(getXs().size() + index); }
    ::mlir::ResultRange getFinals() { return getOutputs().take_front(getInits().size()); }
    ::mlir::ResultRange getStacks() { return getOutputs().drop_front(getInits().size()); }
    ::mlir::Block::BlockArgListType getCarried() { return getBody().getArguments().take_front(getInits().size()); }
    ::mlir::Block::BlockArgListType getSlices() { return getBody().getArguments().drop_front(getInits().size()); }
    ::mlir::OperandRange getYielded() { return getBody().front().getTerminator()->getOperands(); }
    ::mlir::OperandRange getNext() { return getYielded().take_front(getInits().size()); }
    ::mlir::OperandRange getStacked() { return getYielded().drop_front(getInits().size()); }
  }];
}

def Ingot_WhileOp : Ingot_Control<"while", [Loops, DifferentiableRegion]> {
  let summary = "A loop that runs as long as a condition holds.";
  let description = [{
    The condition is tested before each step. The body takes the carried values, which are `inits` in the first step, and
    yields the next condition and the next carried values. The results are the carried values at the end.

        %y = ingot.while %condition init(%x : tensor<4xf32>) {
        ^bb0(%state: tensor<4xf32>):
          ...
          ingot.yield %again, %next : tensor<i1>, tensor<4xf32>
        } : (tensor<i1>) -> tensor<4xf32>

    With `max_steps`, the condition never holds after so many steps; a loop without such a bound has no gradient.
  }];
  let arguments = (ins Ingot_Condition:$condition, Variadic<Ingot_Tensor>:$inits, OptionalAttr<I64Attr>:$max_steps);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $condition (`init` `(` $inits^ `:` type($inits) `)`)? $body attr-dict `:` functional-type($condition, $outputs)
  }];
}

#endif
