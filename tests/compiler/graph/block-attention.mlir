// RUN: ingot-opt %s --block-attention="block-bytes=512" --canonicalize | FileCheck %s

// Two heads of 64 queries and 4 keys have 2048 bytes of scores: four blocks of 16 queries.
// CHECK-LABEL: func.func @blocks
// CHECK: %[[Q:.*]] = ingot.transpose %{{.*}} : (tensor<2x4x16x3xf32>) -> tensor<4x2x16x3xf32>
// CHECK: %[[Y:.*]] = ingot.scan over(%[[Q]] : tensor<4x2x16x3xf32>)
// CHECK: ^bb0(%[[B:.*]]: tensor<2x16x3xf32>):
// CHECK: ingot.attention %[[B]], %arg1, %arg2
// CHECK-SAME: -> tensor<2x16x5xf32>
// CHECK: ingot.transpose %[[Y]]
// CHECK-SAME: -> tensor<2x4x16x5xf32>
func.func @blocks(%q: tensor<2x64x3xf32>, %k: tensor<2x4x3xf32>, %v: tensor<2x4x5xf32>) -> tensor<2x64x5xf32> {
  %y = ingot.attention %q, %k, %v {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
    : (tensor<2x64x3xf32>, tensor<2x4x3xf32>, tensor<2x4x5xf32>) -> tensor<2x64x5xf32>
  return %y : tensor<2x64x5xf32>
}

// A mask is cut where it has a row for each query, and what is causal counts from the place of the first query of all.
// CHECK-LABEL: func.func @hidden
// CHECK: %[[O:.*]] = arith.constant dense<[0, 16, 32, 48]> : tensor<4xi64>
// CHECK: ingot.scan over(%{{.*}}, %{{.*}}, %[[O]] : tensor<4x2x16x3xf32>, tensor<4x16x4xf32>, tensor<4xi64>)
// CHECK: ^bb0(%[[B:.*]]: tensor<2x16x3xf32>, %[[M:.*]]: tensor<16x4xf32>, %[[P:.*]]: tensor<i64>):
// CHECK: ingot.attention %[[B]], %arg1, %arg2, %[[M]], %[[P]] {causal = true
// CHECK: return
func.func @hidden(%q: tensor<64x2x3xf32>, %k: tensor<4x2x3xf32>, %v: tensor<4x2x5xf32>, %m: tensor<64x4xf32>) -> tensor<64x2x5xf32> {
  %y = ingot.attention %q, %k, %v, %m {causal = true, q_dims = array<i64: 1, 0, 2>, k_dims = array<i64: 1, 0, 2>,
      v_dims = array<i64: 1, 0, 2>, y_dims = array<i64: 1, 0, 2>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>}
    : (tensor<64x2x3xf32>, tensor<4x2x3xf32>, tensor<4x2x5xf32>, tensor<64x4xf32>) -> tensor<64x2x5xf32>
  return %y : tensor<64x2x5xf32>
}

// No number of equal blocks: the last one is smaller.
// CHECK-LABEL: func.func @prime
// CHECK-DAG: %[[O:.*]] = arith.constant dense<[7, 23, 39]> : tensor<3xi64>
// CHECK-DAG: %[[L:.*]] = arith.constant dense<55> : tensor<i64>
// CHECK: %[[S:.*]] = ingot.scan over(%{{.*}}, %[[O]] : tensor<3x2x16x3xf32>, tensor<3xi64>)
// CHECK: ingot.attention
// CHECK: %[[T:.*]] = ingot.transpose %[[S]]
// CHECK: %[[W:.*]] = ingot.reshape %[[T]] {{.*}} -> tensor<2x48x5xf32>
// CHECK: %[[R:.*]] = ingot.slice %arg0 {{.*}} -> tensor<2x13x3xf32>
// CHECK: %[[Y:.*]] = ingot.attention %[[R]], %arg1, %arg2, %[[L]] {causal = true
// CHECK: ingot.concat %[[W]], %[[Y]]
// CHECK-SAME: -> tensor<2x61x5xf32>
func.func @prime(%q: tensor<2x61x3xf32>, %k: tensor<2x4x3xf32>, %v: tensor<2x4x5xf32>) -> tensor<2x61x5xf32> {
  %o = arith.constant dense<7> : tensor<i64>
  %y = ingot.attention %q, %k, %v, %o {causal = true, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1>}
    : (tensor<2x61x3xf32>, tensor<2x4x3xf32>, tensor<2x4x5xf32>, tensor<i64>) -> tensor<2x61x5xf32>
  return %y : tensor<2x61x5xf32>
}

// Blocks of fewer than 16 queries: all at once.
// CHECK-LABEL: func.func @few
// CHECK-NOT: ingot.scan
// CHECK: return
func.func @few(%q: tensor<2x61x3xf32>, %k: tensor<2x5x3xf32>, %v: tensor<2x5x5xf32>) -> tensor<2x61x5xf32> {
  %y = ingot.attention %q, %k, %v {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
    : (tensor<2x61x3xf32>, tensor<2x5x3xf32>, tensor<2x5x5xf32>) -> tensor<2x61x5xf32>
  return %y : tensor<2x61x5xf32>
}

// Scores that fit need no blocks.
// CHECK-LABEL: func.func @small
// CHECK-NOT: ingot.scan
// CHECK: return
func.func @small(%q: tensor<2x16x3xf32>, %k: tensor<2x4x3xf32>, %v: tensor<2x4x5xf32>) -> tensor<2x16x5xf32> {
  %y = ingot.attention %q, %k, %v {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
    : (tensor<2x16x3xf32>, tensor<2x4x3xf32>, tensor<2x4x5xf32>) -> tensor<2x16x5xf32>
  return %y : tensor<2x16x5xf32>
}
