// RUN: ingot-opt %s --form-groups | FileCheck %s

// A chain of one shape is one group.
// CHECK-LABEL: func.func @chain
// CHECK: %[[Y:.*]] = ingot.group(%arg0, %arg1)
// CHECK: ingot.add
// CHECK: ingot.tanh
// CHECK: ingot.yield
// CHECK: return %[[Y]]
func.func @chain(%x: tensor<2x3xf32>, %b: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = ingot.add %x, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %1 = ingot.tanh %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// A scalar constant is repeated in the group, not passed to it.
// CHECK-LABEL: func.func @constant
// CHECK: ingot.group(%arg0) {
// CHECK: arith.constant
func.func @constant(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %c = arith.constant dense<2.0> : tensor<f32>
  %0 = ingot.mul %x, %c : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// Shapes differ: the smaller is computed once, not once a row.
// CHECK-LABEL: func.func @shapes
// CHECK-COUNT-2: ingot.group
func.func @shapes(%x: tensor<2x3xf32>, %b: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = ingot.exp %b : (tensor<3xf32>) -> tensor<3xf32>
  %1 = ingot.add %x, %0 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// A value that is used outside is a second result.
// CHECK-LABEL: func.func @two_results
// CHECK: %[[G:.*]]:2 = ingot.group(%arg0)
// CHECK: return %[[G]]#0, %[[G]]#1
func.func @two_results(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = ingot.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = ingot.neg %0 : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// What meets in one op is one group, wherever it comes from: the gates of a cell.
// CHECK-LABEL: func.func @meeting
// CHECK-COUNT-1: ingot.group
// CHECK-NOT: ingot.group
func.func @meeting(%x: tensor<2x8xf32>) -> tensor<2x4xf32> {
  %a = ingot.slice %x {starts = array<i64: 0>, ends = array<i64: 4>, axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<2x8xf32>) -> tensor<2x4xf32>
  %b = ingot.slice %x {starts = array<i64: 4>, ends = array<i64: 8>, axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<2x8xf32>) -> tensor<2x4xf32>
  %0 = ingot.tanh %a : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = ingot.exp %b : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = ingot.mul %0, %1 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %2 : tensor<2x4xf32>
}

// But not where a path leads out of one and into the other.
// CHECK-LABEL: func.func @path
// CHECK: %[[A:.*]] = ingot.group(%arg0)
// CHECK: %[[S:.*]] = ingot.group(%[[A]])
// CHECK: ingot.reduce_sum
// CHECK: %[[R:.*]] = ingot.reshape %[[S]]
// CHECK: ingot.group(%[[R]], %[[A]])
func.func @path(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = ingot.tanh %x : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %t = ingot.transpose %0 {perm = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  %s = ingot.reduce_sum %t {axes = array<i64: 0>, keepdims = false} : (tensor<4x2xf32>) -> tensor<2xf32>
  %r = ingot.reshape %s {shape = array<i64: 2, 1>} : (tensor<2xf32>) -> tensor<2x1xf32>
  %e = ingot.expand %r {shape = array<i64: 2, 4>} : (tensor<2x1xf32>) -> tensor<2x4xf32>
  %2 = ingot.mul %0, %e : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %2 : tensor<2x4xf32>
}

// The body of a loop has groups of its own. What it uses from outside comes before it.
// CHECK-LABEL: func.func @body
// CHECK: %[[C:.*]] = ingot.group(%arg1)
// CHECK: ingot.exp
// CHECK: ingot.scan
// CHECK: ^bb0(%[[S:.*]]: tensor<4xf32>):
// CHECK: ingot.group(%[[S]], %[[C]])
// CHECK: ingot.mul
// CHECK: ingot.tanh
func.func @body(%h: tensor<4xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %c = ingot.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %f = ingot.scan init(%h : tensor<4xf32>) {
  ^bb0(%s: tensor<4xf32>):
    %0 = ingot.mul %s, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %1 = ingot.tanh %0 : (tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %1 : tensor<4xf32>
  } {steps = 3 : i64} -> tensor<4xf32>
  return %f : tensor<4xf32>
}

// What stands before a group may depend on it all the same: through another group, one of whose ops stands behind. Joining
// %join to the group of %tanh would close the circle %tanh, %mul (in one group with %sigmoid), %exp, %join.
// CHECK-LABEL: func.func @around
// CHECK: ingot.tanh
// CHECK-NEXT: yield
// CHECK: ingot.sigmoid
// CHECK-NEXT: ingot.mul
// CHECK-NEXT: yield
// CHECK: ingot.exp
// CHECK-NEXT: yield
// CHECK: ingot.mul
// CHECK-NEXT: yield
func.func @around(%x: tensor<6x4xf32>, %y: tensor<2x12xf32>) -> (tensor<6x4xf32>, tensor<2x12xf32>) {
  %sigmoid = ingot.sigmoid %x : (tensor<6x4xf32>) -> tensor<6x4xf32>
  %first = ingot.reshape %sigmoid {shape = array<i64: 3, 8>} : (tensor<6x4xf32>) -> tensor<3x8xf32>
  %exp = ingot.exp %first : (tensor<3x8xf32>) -> tensor<3x8xf32>
  %tanh = ingot.tanh %y : (tensor<2x12xf32>) -> tensor<2x12xf32>
  %second = ingot.reshape %tanh {shape = array<i64: 6, 4>} : (tensor<2x12xf32>) -> tensor<6x4xf32>
  %mul = ingot.mul %sigmoid, %second : (tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<6x4xf32>
  %third = ingot.reshape %exp {shape = array<i64: 2, 12>} : (tensor<3x8xf32>) -> tensor<2x12xf32>
  %join = ingot.mul %tanh, %third : (tensor<2x12xf32>, tensor<2x12xf32>) -> tensor<2x12xf32>
  return %mul, %join : tensor<6x4xf32>, tensor<2x12xf32>
}
