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
