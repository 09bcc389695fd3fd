// RUN: ingot-opt %s --batch-scans --canonicalize | FileCheck %s

// The product of each slice with weights, and the bias on it, come before the scan; the product of the state stays.
// CHECK-LABEL: func.func @main
// CHECK: %[[P:.*]] = ingot.matmul %arg1, %arg2 : (tensor<7x3x5xf32>, tensor<5x4xf32>) -> tensor<7x3x4xf32>
// CHECK: %[[Q:.*]] = ingot.add %[[P]], %arg4 : (tensor<7x3x4xf32>, tensor<4xf32>) -> tensor<7x3x4xf32>
// CHECK: ingot.scan init(%arg0 : tensor<3x4xf32>) over(%[[Q]] : tensor<7x3x4xf32>)
// CHECK: ^bb0(%[[H:.*]]: tensor<3x4xf32>, %[[S:.*]]: tensor<3x4xf32>):
// CHECK: %[[R:.*]] = ingot.matmul %[[H]], %arg3
// CHECK: ingot.add %[[S]], %[[R]]
// CHECK: backwards = array<i1: true, false>
func.func @main(%h: tensor<3x4xf32>, %x: tensor<7x3x5xf32>, %w: tensor<5x4xf32>, %r: tensor<4x4xf32>, %b: tensor<4xf32>)
    -> tensor<7x3x4xf32> {
  %f:2 = ingot.scan init(%h : tensor<3x4xf32>) over(%x : tensor<7x3x5xf32>) {
  ^bb0(%s: tensor<3x4xf32>, %v: tensor<3x5xf32>):
    %0 = ingot.matmul %v, %w : (tensor<3x5xf32>, tensor<5x4xf32>) -> tensor<3x4xf32>
    %1 = ingot.add %0, %b : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
    %2 = ingot.matmul %s, %r : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32>
    %3 = ingot.add %1, %2 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
    %4 = ingot.tanh %3 : (tensor<3x4xf32>) -> tensor<3x4xf32>
    ingot.yield %4, %4 : tensor<3x4xf32>, tensor<3x4xf32>
  } {backwards = array<i1: true, false>} -> tensor<3x4xf32>, tensor<7x3x4xf32>
  return %f#1 : tensor<7x3x4xf32>
}

// Slices alone are no reason to compute anything earlier.
// CHECK-LABEL: func.func @pointwise
// CHECK-NEXT: ingot.scan
func.func @pointwise(%h: tensor<4xf32>, %x: tensor<7x4xf32>) -> tensor<4xf32> {
  %f = ingot.scan init(%h : tensor<4xf32>) over(%x : tensor<7x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %v: tensor<4xf32>):
    %0 = ingot.exp %v : (tensor<4xf32>) -> tensor<4xf32>
    %1 = ingot.add %s, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %1 : tensor<4xf32>
  } -> tensor<4xf32>
  return %f : tensor<4xf32>
}
