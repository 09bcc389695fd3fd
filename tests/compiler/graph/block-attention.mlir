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
  %y = ingot.attention %q, %k, %v : (tensor<2x64x3xf32>, tensor<2x4x3xf32>, tensor<2x4x5xf32>) -> tensor<2x64x5xf32>
  return %y : tensor<2x64x5xf32>
}

// A mask is cut where it has a row for each query, and what is causal counts the queries of all blocks.
// CHECK-LABEL: func.func @hidden
// CHECK: ingot.scan over(%{{.*}}, %{{.*}}, %{{.*}} : tensor<4x2x16x3xf32>, tensor<4x16x4xf32>, tensor<4x16x1xi64>)
// CHECK: ^bb0(%{{.*}}: tensor<2x16x3xf32>, %[[M:.*]]: tensor<16x4xf32>, %[[P:.*]]: tensor<16x1xi64>):
// CHECK: %[[S:.*]] = ingot.less_or_equal %{{.*}}, %[[P]]
// CHECK: %[[H:.*]] = ingot.where %[[S]]
// CHECK: %[[A:.*]] = ingot.add %[[M]], %[[H]]
// CHECK: ingot.attention %{{.*}}, %{{.*}}, %{{.*}}, %[[A]]
// CHECK-NOT: causal
// CHECK: return
func.func @hidden(%q: tensor<64x2x3xf32>, %k: tensor<4x2x3xf32>, %v: tensor<4x2x5xf32>, %m: tensor<64x4xf32>) -> tensor<64x2x5xf32> {
  %y = ingot.attention %q, %k, %v, %m {causal = true, q_dims = array<i64: 1, 0, 2>, k_dims = array<i64: 1, 0, 2>,
      v_dims = array<i64: 1, 0, 2>, y_dims = array<i64: 1, 0, 2>}
    : (tensor<64x2x3xf32>, tensor<4x2x3xf32>, tensor<4x2x5xf32>, tensor<64x4xf32>) -> tensor<64x2x5xf32>
  return %y : tensor<64x2x5xf32>
}

// No number of equal blocks of at least 16 queries: all at once.
// CHECK-LABEL: func.func @prime
// CHECK-NOT: ingot.scan
// CHECK: return
func.func @prime(%q: tensor<2x61x3xf32>, %k: tensor<2x4x3xf32>, %v: tensor<2x4x5xf32>) -> tensor<2x61x5xf32> {
  %y = ingot.attention %q, %k, %v : (tensor<2x61x3xf32>, tensor<2x4x3xf32>, tensor<2x4x5xf32>) -> tensor<2x61x5xf32>
  return %y : tensor<2x61x5xf32>
}

// Scores that fit need no blocks.
// CHECK-LABEL: func.func @small
// CHECK-NOT: ingot.scan
// CHECK: return
func.func @small(%q: tensor<2x16x3xf32>, %k: tensor<2x4x3xf32>, %v: tensor<2x4x5xf32>) -> tensor<2x16x5xf32> {
  %y = ingot.attention %q, %k, %v : (tensor<2x16x3xf32>, tensor<2x4x3xf32>, tensor<2x4x5xf32>) -> tensor<2x16x5xf32>
  return %y : tensor<2x16x5xf32>
}
