// RUN: ingot-opt %s --block-attention="whole-bytes=1000 block-bytes=512" --canonicalize | FileCheck %s

// Two heads of 64 queries and 4 keys have 2048 bytes of scores: one head at a time, in two blocks of queries. Nothing
// moves in memory.
// CHECK-LABEL: func.func @blocks
// CHECK-NOT: ingot.transpose
// CHECK: %[[Y:.*]] = ingot.scan over(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x1x64x3xf32>, tensor<2x1x4x3xf32>, tensor<2x1x4x5xf32>)
// CHECK: ^bb0(%[[Q:.*]]: tensor<1x64x3xf32>, %[[K:.*]]: tensor<1x4x3xf32>, %[[V:.*]]: tensor<1x4x5xf32>):
// CHECK: %[[R:.*]] = ingot.reshape %[[Q]]
// CHECK: ingot.scan over(%[[R]] : tensor<2x1x32x3xf32>)
// CHECK: ^bb0(%[[B:.*]]: tensor<1x32x3xf32>):
// CHECK: ingot.attention %[[B]], %[[K]], %[[V]]
// CHECK-SAME: -> tensor<1x32x5xf32>
// CHECK-NOT: ingot.transpose
// CHECK: ingot.reshape %[[Y]]
// CHECK-SAME: -> tensor<2x64x5xf32>
func.func @blocks(%q: tensor<2x64x3xf32>, %k: tensor<2x4x3xf32>, %v: tensor<2x4x5xf32>) -> tensor<2x64x5xf32> {
  %y = ingot.attention %q, %k, %v {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
    : (tensor<2x64x3xf32>, tensor<2x4x3xf32>, tensor<2x4x5xf32>) -> tensor<2x64x5xf32>
  return %y : tensor<2x64x5xf32>
}

// A mask is cut where it has a row for each query or a matrix for each head, and what is causal counts from the place of
// the first query of all.
// CHECK-LABEL: func.func @hidden
// CHECK-DAG: %[[O:.*]] = arith.constant dense<[0, 32]> : tensor<2xi64>
// CHECK-DAG: %[[M:.*]] = ingot.reshape %arg3 {{.*}} -> tensor<2x1x64x4xf32>
// CHECK: ingot.scan over(%{{.*}}, %{{.*}}, %{{.*}}, %[[M]] : {{.*}}, tensor<2x1x64x4xf32>)
// CHECK: ^bb0({{.*}}, %[[K:.*]]: tensor<1x4x3xf32>, %[[V:.*]]: tensor<1x4x5xf32>, %[[N:.*]]: tensor<1x64x4xf32>):
// CHECK: ingot.scan over(%{{.*}}, %{{.*}}, %[[O]] : tensor<2x1x32x3xf32>, tensor<2x1x32x4xf32>, tensor<2xi64>)
// CHECK: ^bb0(%[[B:.*]]: tensor<1x32x3xf32>, %[[M:.*]]: tensor<1x32x4xf32>, %[[P:.*]]: tensor<i64>):
// CHECK: ingot.attention %[[B]], %[[K]], %[[V]], %[[M]], %[[P]] {causal = true
// CHECK: ingot.transpose
// CHECK-SAME: -> tensor<64x2x5xf32>
func.func @hidden(%q: tensor<64x2x3xf32>, %k: tensor<4x2x3xf32>, %v: tensor<4x2x5xf32>, %m: tensor<2x64x4xf32>) -> tensor<64x2x5xf32> {
  %y = ingot.attention %q, %k, %v, %m {causal = true, q_dims = array<i64: 1, 0, 2>, k_dims = array<i64: 1, 0, 2>,
      v_dims = array<i64: 1, 0, 2>, y_dims = array<i64: 1, 0, 2>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>}
    : (tensor<64x2x3xf32>, tensor<4x2x3xf32>, tensor<4x2x5xf32>, tensor<2x64x4xf32>) -> tensor<64x2x5xf32>
  return %y : tensor<64x2x5xf32>
}

// Six heads are cut in twos, of 512 bytes each; their common mask is not.
// CHECK-LABEL: func.func @heads
// CHECK: ingot.scan over({{.*}} : tensor<3x2x64x3xf32>, tensor<3x2x1x3xf32>, tensor<3x2x1x5xf32>)
// CHECK-NOT: ingot.scan
// CHECK: ingot.attention %{{.*}}, %{{.*}}, %{{.*}}, %arg3
// CHECK: return
func.func @heads(%q: tensor<6x64x3xf32>, %k: tensor<6x1x3xf32>, %v: tensor<6x1x5xf32>, %m: tensor<64x1xf32>) -> tensor<6x64x5xf32> {
  %y = ingot.attention %q, %k, %v, %m {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>}
    : (tensor<6x64x3xf32>, tensor<6x1x3xf32>, tensor<6x1x5xf32>, tensor<64x1xf32>) -> tensor<6x64x5xf32>
  return %y : tensor<6x64x5xf32>
}

// A batch that shares its keys stays together while its heads are cut, in another order than that of memory.
// CHECK-LABEL: func.func @shared
// CHECK: %[[Q:.*]] = ingot.transpose
// CHECK-SAME: -> tensor<3x2x1x64x3xf32>
// CHECK: ingot.scan over(%[[Q]], %{{.*}}, %{{.*}} : tensor<3x2x1x64x3xf32>, tensor<3x1x1x2x3xf32>, tensor<3x1x1x2x5xf32>)
// CHECK: ingot.scan over({{.*}} : tensor<2x2x1x32x3xf32>)
// CHECK: return
func.func @shared(%q: tensor<2x3x64x3xf32>, %k: tensor<1x3x2x3xf32>, %v: tensor<1x3x2x5xf32>) -> tensor<2x3x64x5xf32> {
  %y = ingot.attention %q, %k, %v {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
    : (tensor<2x3x64x3xf32>, tensor<1x3x2x3xf32>, tensor<1x3x2x5xf32>) -> tensor<2x3x64x5xf32>
  return %y : tensor<2x3x64x5xf32>
}

// Heads with few queries stay together: their keys would have to move.
// CHECK-LABEL: func.func @short
// CHECK: ingot.scan over({{.*}} : tensor<3x6x21x3xf32>)
// CHECK: return
func.func @short(%q: tensor<6x63x3xf32>, %k: tensor<6x4x3xf32>, %v: tensor<6x4x5xf32>) -> tensor<6x63x5xf32> {
  %y = ingot.attention %q, %k, %v {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
    : (tensor<6x63x3xf32>, tensor<6x4x3xf32>, tensor<6x4x5xf32>) -> tensor<6x63x5xf32>
  return %y : tensor<6x63x5xf32>
}

// Heads that share their keys stay together. No number of equal blocks: the last one is smaller.
// CHECK-LABEL: func.func @prime
// CHECK-DAG: %[[O:.*]] = arith.constant dense<[7, 28]> : tensor<2xi64>
// CHECK-DAG: %[[L:.*]] = arith.constant dense<49> : tensor<i64>
// CHECK: %[[S:.*]] = ingot.scan over(%{{.*}}, %[[O]] : tensor<2x2x21x3xf32>, tensor<2xi64>)
// CHECK: ingot.attention
// CHECK: %[[T:.*]] = ingot.transpose %[[S]]
// CHECK: %[[W:.*]] = ingot.reshape %[[T]] {{.*}} -> tensor<2x42x5xf32>
// CHECK: %[[R:.*]] = ingot.slice %arg0 {{.*}} -> tensor<2x19x3xf32>
// CHECK: %[[Y:.*]] = ingot.attention %[[R]], %arg1, %arg2, %[[L]] {causal = true
// CHECK: ingot.concat %[[W]], %[[Y]]
// CHECK-SAME: -> tensor<2x61x5xf32>
func.func @prime(%q: tensor<2x61x3xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x4x5xf32>) -> tensor<2x61x5xf32> {
  %o = arith.constant dense<7> : tensor<i64>
  %y = ingot.attention %q, %k, %v, %o {causal = true, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1>}
    : (tensor<2x61x3xf32>, tensor<1x4x3xf32>, tensor<1x4x5xf32>, tensor<i64>) -> tensor<2x61x5xf32>
  return %y : tensor<2x61x5xf32>
}

// Many keys: a block has 16 queries all the same, and fewer than 32 are not cut.
// CHECK-LABEL: func.func @few
// CHECK: ingot.scan over({{.*}} : tensor<2x16x3xf32>)
// CHECK: return
func.func @few(%q: tensor<32x3xf32>, %k: tensor<99x3xf32>, %v: tensor<99x5xf32>) -> tensor<32x5xf32> {
  %y = ingot.attention %q, %k, %v {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
    : (tensor<32x3xf32>, tensor<99x3xf32>, tensor<99x5xf32>) -> tensor<32x5xf32>
  return %y : tensor<32x5xf32>
}
// CHECK-LABEL: func.func @fewer
// CHECK-NOT: ingot.scan
// CHECK: return
func.func @fewer(%q: tensor<31x3xf32>, %k: tensor<99x3xf32>, %v: tensor<99x5xf32>) -> tensor<31x5xf32> {
  %y = ingot.attention %q, %k, %v {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
    : (tensor<31x3xf32>, tensor<99x3xf32>, tensor<99x5xf32>) -> tensor<31x5xf32>
  return %y : tensor<31x5xf32>
}

// Scores of at most 1000 bytes need no blocks.
// CHECK-LABEL: func.func @small
// CHECK-NOT: ingot.scan
// CHECK: return
func.func @small(%q: tensor<2x31x3xf32>, %k: tensor<2x4x3xf32>, %v: tensor<2x4x5xf32>) -> tensor<2x31x5xf32> {
  %y = ingot.attention %q, %k, %v {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
    : (tensor<2x31x3xf32>, tensor<2x4x3xf32>, tensor<2x4x5xf32>) -> tensor<2x31x5xf32>
  return %y : tensor<2x31x5xf32>
}
