// RUN: ingot-opt %s --autodiff --canonicalize --cse --split-input-file --verify-diagnostics | FileCheck %s

// Two uses add up, a broadcast is summed back, a value that the loss does not depend on gets zeros.
// CHECK-LABEL: func @fan_out
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>, %[[B:.*]]: tensor<3xf32>
// CHECK-DAG: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<2x3xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<5xf32>
// CHECK: %[[DX:.*]] = ingot.add
// CHECK: %[[DB:.*]] = ingot.reduce_sum {{.*}} {axes = array<i64: 0>, keepdims = false}
// CHECK: return %[[DX]], %[[DB]], %[[ZERO]]
func.func @fan_out(%x: tensor<2x3xf32>, %b: tensor<3xf32>, %z: tensor<5xf32>)
    -> (tensor<2x3xf32>, tensor<3xf32>, tensor<5xf32>) {
  %s = ingot.mul %x, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %t = ingot.mul %s, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %l = ingot.reduce_sum %t {axes = array<i64: 0, 1>, keepdims = false} : (tensor<2x3xf32>) -> tensor<f32>
  %g:3 = ingot.gradient %l, %x, %b, %z : (tensor<f32>, tensor<2x3xf32>, tensor<3xf32>, tensor<5xf32>)
                                      -> (tensor<2x3xf32>, tensor<3xf32>, tensor<5xf32>)
  return %g#0, %g#1, %g#2 : tensor<2x3xf32>, tensor<3xf32>, tensor<5xf32>
}

// -----

// Second derivative: 6 x.
// CHECK-LABEL: func @second
// CHECK-NOT: ingot.gradient
func.func @second(%x: tensor<f32>) -> tensor<f32> {
  %s = ingot.mul %x, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %t = ingot.mul %s, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %g = ingot.gradient %t, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h = ingot.gradient %g, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %h : tensor<f32>
}

// -----

// Nothing passes a stop.
// CHECK-LABEL: func @stop
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK: %[[DX:.*]] = ingot.mul %{{.*}}, %[[X]] :
// CHECK-NEXT: return %[[DX]]
func.func @stop(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s = ingot.stop_gradient %x : (tensor<4xf32>) -> tensor<4xf32>
  %t = ingot.mul %s, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %g = ingot.gradient %t, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----

// A composite without a gradient of its own.
// CHECK-LABEL: func @composite
// CHECK-NOT: ingot.reduce_mean
// CHECK: return %{{.*}} : tensor<2x4xf32>
func.func @composite(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %m = ingot.reduce_mean %x {axes = array<i64: 1>} : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %t = ingot.mul %m, %x : (tensor<2x1xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %g = ingot.gradient %t, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %g : tensor<2x4xf32>
}

// -----

// A loss that is one: its decomposition takes its place before anything flows back.
// CHECK-LABEL: func @composite_loss
// CHECK: %[[DX:.*]] = arith.constant dense<1.250000e-01> : tensor<2x4xf32>
// CHECK: return %{{.*}}, %[[DX]]
func.func @composite_loss(%x: tensor<2x4xf32>) -> (tensor<f32>, tensor<2x4xf32>) {
  %m = ingot.reduce_mean %x {axes = array<i64: 0, 1>, keepdims = false} : (tensor<2x4xf32>) -> tensor<f32>
  %g = ingot.gradient %m, %x : (tensor<f32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %m, %g : tensor<f32>, tensor<2x4xf32>
}

// -----

// A branch is computed again where its gradient is built.
// CHECK-LABEL: func @if
// CHECK-SAME: %[[C:.*]]: tensor<i1>, %[[X:[^:]*]]: tensor<4xf32>, %[[Y:[^:]*]]: tensor<4xf32>
// CHECK: %[[DY:.*]]:2 = ingot.if %[[C]] {
// CHECK-NEXT: %[[E:.*]] = ingot.exp %[[X]]
// CHECK: %[[DX:.*]] = ingot.mul %{{.*}}, %[[E]]
// CHECK: ingot.yield %[[DX]], %{{.*}} : tensor<4xf32>, tensor<4xf32>
func.func @if(%c: tensor<i1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %z = ingot.if %c {
    %e = ingot.exp %x : (tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %e : tensor<4xf32>
  } else {
    ingot.yield %y : tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  %g:2 = ingot.gradient %z, %x, %y : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %g#0, %g#1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// The scan back reads the states that the scan keeps, and its product, from the last step to the first.
// CHECK-LABEL: func @scan
// CHECK: %[[Y:.*]]:3 = ingot.scan init(%{{.*}} : tensor<2x3xf32>) over(%{{.*}} : tensor<5x2x3xf32>) {
// CHECK-NEXT: ^bb0(%[[STATE:.*]]: tensor<2x3xf32>, %{{.*}}: tensor<2x3xf32>):
// CHECK: %[[P:.*]] = ingot.matmul
// CHECK: ingot.yield %{{.*}}, %[[STATE]], %[[P]]
// CHECK: ingot.scan init({{.*}} : tensor<2x3xf32>, tensor<3x3xf32>)
// CHECK-SAME: over(%[[Y]]#1, %[[Y]]#2, %{{.*}} : tensor<5x2x3xf32>, tensor<5x2x3xf32>, tensor<5x2x3xf32>)
// CHECK: backwards = array<i1: true, true, true, true>
func.func @scan(%h: tensor<2x3xf32>, %x: tensor<5x2x3xf32>, %w: tensor<3x3xf32>) -> (tensor<5x2x3xf32>, tensor<3x3xf32>) {
  %y = ingot.scan init(%h : tensor<2x3xf32>) over(%x : tensor<5x2x3xf32>) {
  ^bb0(%state: tensor<2x3xf32>, %slice: tensor<2x3xf32>):
    %p = ingot.matmul %state, %w : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
    %s = ingot.mul %p, %slice : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    ingot.yield %s : tensor<2x3xf32>
  } -> tensor<2x3xf32>
  %g:2 = ingot.gradient %y, %x, %w : (tensor<2x3xf32>, tensor<5x2x3xf32>, tensor<3x3xf32>) -> (tensor<5x2x3xf32>, tensor<3x3xf32>)
  return %g#0, %g#1 : tensor<5x2x3xf32>, tensor<3x3xf32>
}

// -----

// Nothing says how much a loop would have to keep.
func.func @while(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{'ingot.while' op has no gradient: how often it runs at most is not known}}
  %y = ingot.while %c init(%x : tensor<4xf32>) {
  ^bb0(%state: tensor<4xf32>):
    ingot.yield %c, %state : tensor<i1>, tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  %g = ingot.gradient %y, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----

// Every op without a gradient is named.
func.func @none(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{'math.tanh' op has no gradient}}
  %a = math.tanh %x : tensor<4xf32>
  %b = ingot.neg %a : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error@+1 {{'math.tanh' op has no gradient}}
  %c = math.tanh %b : tensor<4xf32>
  %g = ingot.gradient %c, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----

// A parameter's step comes right behind its gradient, before the gradient of the next.
// CHECK-LABEL: func.func @steps(
// CHECK-SAME: %[[W1:.*]]: tensor<8x8xf32>, %[[W2:.*]]: tensor<8x8xf32>, %[[X:.*]]: tensor<4x8xf32>, %[[RATE:.*]]: tensor<f32>
func.func @steps(%w1: tensor<8x8xf32>, %w2: tensor<8x8xf32>, %x: tensor<4x8xf32>, %rate: tensor<f32>)
    -> (tensor<f32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  // CHECK: %[[G2:.*]] = ingot.matmul %{{.*}}, %{{.*}} {transpose_a = true}
  // CHECK-NEXT: %[[RATE2:.*]] = ingot.add %[[RATE]], %[[RATE]]
  // CHECK-NEXT: %[[MOVE2:.*]] = ingot.mul %[[G2]], %[[RATE2]]
  // CHECK-NEXT: %[[NEW2:.*]] = ingot.sub %[[W2]], %[[MOVE2]]
  // CHECK: %[[G1:.*]] = ingot.matmul %[[X]], %{{.*}} {transpose_a = true}
  // CHECK-NEXT: %[[MOVE1:.*]] = ingot.mul %[[G1]], %[[RATE2]]
  // CHECK-NEXT: %[[NEW1:.*]] = ingot.sub %[[W1]], %[[MOVE1]]
  // CHECK: return %{{.*}}, %[[NEW1]], %[[NEW2]]
  %a = ingot.matmul %x, %w1 : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %b = ingot.tanh %a : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %c = ingot.matmul %b, %w2 : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %l = ingot.reduce_sum %c {axes = array<i64: 0, 1>, keepdims = false} : (tensor<4x8xf32>) -> tensor<f32>
  %g:2 = ingot.gradient %l, %w1, %w2 : (tensor<f32>, tensor<8x8xf32>, tensor<8x8xf32>)
      -> (tensor<8x8xf32>, tensor<8x8xf32>)
  %twice = ingot.add %rate, %rate : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %m1 = ingot.mul %g#0, %twice : (tensor<8x8xf32>, tensor<f32>) -> tensor<8x8xf32>
  %n1 = ingot.sub %w1, %m1 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %m2 = ingot.mul %g#1, %twice : (tensor<8x8xf32>, tensor<f32>) -> tensor<8x8xf32>
  %n2 = ingot.sub %w2, %m2 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %l, %n1, %n2 : tensor<f32>, tensor<8x8xf32>, tensor<8x8xf32>
}
