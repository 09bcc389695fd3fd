// RUN: ingot-opt %s --split-input-file | ingot-opt --split-input-file | FileCheck %s
// RUN: ingot-opt %s --split-input-file --canonicalize | FileCheck %s --check-prefix=CANON

// CHECK-LABEL: func.func @branch
// CHECK: ingot.if %arg0 {
// CHECK: } else {
// CHECK: } : (tensor<i1>) -> tensor<4xf32>
func.func @branch(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %y = ingot.if %c {
    %0 = ingot.neg %x : (tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %0 : tensor<4xf32>
  } else {
    ingot.yield %x : tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// A condition that is known picks its branch.
// CANON-LABEL: func.func @known
// CANON-NEXT: %[[Y:.*]] = ingot.neg %arg0
// CANON-NEXT: return %[[Y]]
func.func @known(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = arith.constant dense<true> : tensor<i1>
  %y = ingot.if %c {
    %0 = ingot.neg %x : (tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %0 : tensor<4xf32>
  } else {
    ingot.yield %x : tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// What nobody uses is neither carried nor stacked; what no step changes is what it was at first.
// CHECK-LABEL: func.func @scan
// CHECK: ingot.scan init(%arg0, %arg0 : tensor<4xf32>, tensor<4xf32>) over(%arg1, %arg1 : tensor<7x4xf32>, tensor<7x4xf32>)
// CHECK: } {backwards = array<i1: false, false, true, true>} -> tensor<4xf32>, tensor<4xf32>, tensor<7x4xf32>, tensor<7x4xf32>
// CANON-LABEL: func.func @scan
// CANON: %[[R:.*]] = ingot.scan init(%arg0 : tensor<4xf32>) over(%arg1 : tensor<7x4xf32>) {
// CANON: ^bb0(%[[S:.*]]: tensor<4xf32>, %[[V:.*]]: tensor<4xf32>):
// CANON: %[[A:.*]] = ingot.add %[[S]], %[[V]]
// CANON: %[[B:.*]] = ingot.mul %[[A]], %arg0
// CANON: ingot.yield %[[B]] : tensor<4xf32>
// CANON: } {steps = 7 : i64} -> tensor<4xf32>
// CANON: return %[[R]], %arg0
func.func @scan(%h: tensor<4xf32>, %x: tensor<7x4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %f:4 = ingot.scan init(%h, %h : tensor<4xf32>, tensor<4xf32>) over(%x, %x : tensor<7x4xf32>, tensor<7x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %k: tensor<4xf32>, %v: tensor<4xf32>, %u: tensor<4xf32>):
    %0 = ingot.add %s, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %1 = ingot.mul %0, %k : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %1, %k, %0, %1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  } {backwards = array<i1: false, false, true, true>} -> tensor<4xf32>, tensor<4xf32>, tensor<7x4xf32>, tensor<7x4xf32>
  return %f#0, %f#1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// One step is no loop.
// CANON-LABEL: func.func @one_step
// CANON: %[[V:.*]] = ingot.reshape %arg1 {shape = array<i64: 4>}
// CANON: %[[S:.*]] = ingot.add %arg0, %[[V]]
// CANON: %[[Y:.*]] = ingot.reshape %[[S]] {shape = array<i64: 1, 4>}
// CANON: return %[[S]], %[[Y]]
func.func @one_step(%h: tensor<4xf32>, %x: tensor<1x4xf32>) -> (tensor<4xf32>, tensor<1x4xf32>) {
  %f:2 = ingot.scan init(%h : tensor<4xf32>) over(%x : tensor<1x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %v: tensor<4xf32>):
    %0 = ingot.add %s, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %0, %0 : tensor<4xf32>, tensor<4xf32>
  } -> tensor<4xf32>, tensor<1x4xf32>
  return %f#0, %f#1 : tensor<4xf32>, tensor<1x4xf32>
}

// -----

// CHECK-LABEL: func.func @loop
// CHECK: ingot.while %arg0 init(%arg1 : tensor<4xf32>) {
// CHECK: } : (tensor<i1>) -> tensor<4xf32>
// CANON-LABEL: func.func @loop
// CANON: ingot.while
// CANON-NOT: ingot.while
// CANON: return %{{.*}}, %arg1
func.func @loop(%c: tensor<i1>, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %y = ingot.while %c init(%x : tensor<4xf32>) {
  ^bb0(%s: tensor<4xf32>):
    %0 = ingot.neg %s : (tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %c, %0 : tensor<i1>, tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  %never = arith.constant dense<false> : tensor<i1>
  %z = ingot.while %never init(%x : tensor<4xf32>) {
  ^bb0(%s: tensor<4xf32>):
    ingot.yield %c, %s : tensor<i1>, tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  return %y, %z : tensor<4xf32>, tensor<4xf32>
}
