// RUN: ingot-opt %s --autodiff --recompute=segments=3 | FileCheck %s

// The second layer's result is read by the third, which is kept whole; the first layer is computed again right before
// its value is needed, from what cannot be taken for the same.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[W1:.*]]: tensor<8x8xf32>, %[[W2:.*]]: tensor<8x8xf32>, %[[W3:.*]]: tensor<8x8xf32>, %[[X:.*]]: tensor<64x8xf32>
func.func @main(%w1: tensor<8x8xf32>, %w2: tensor<8x8xf32>, %w3: tensor<8x8xf32>, %x: tensor<64x8xf32>)
    -> (tensor<f32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  // CHECK: %[[D:.*]] = ingot.tanh
  // CHECK: %[[LOSS:.*]] = ingot.reduce_sum
  // CHECK-NOT: ingot.tanh
  // CHECK: ingot.matmul %{{.*}}, %[[W2]] {transpose_b = true}
  // CHECK-DAG: %[[AGAIN_W1:.*]] = ingot.opaque %[[W1]]
  // CHECK-DAG: %[[AGAIN_X:.*]] = ingot.opaque %[[X]]
  // CHECK: %[[A:.*]] = ingot.matmul %[[AGAIN_X]], %[[AGAIN_W1]]
  // CHECK: %[[B:.*]] = ingot.tanh %[[A]]
  // CHECK: ingot.matmul %[[B]], %{{.*}} {transpose_a = true}
  // CHECK-NOT: ingot.tanh
  %a = ingot.matmul %x, %w1 : (tensor<64x8xf32>, tensor<8x8xf32>) -> tensor<64x8xf32>
  %b = ingot.tanh %a : (tensor<64x8xf32>) -> tensor<64x8xf32>
  %c = ingot.matmul %b, %w2 : (tensor<64x8xf32>, tensor<8x8xf32>) -> tensor<64x8xf32>
  %d = ingot.tanh %c : (tensor<64x8xf32>) -> tensor<64x8xf32>
  %e = ingot.matmul %d, %w3 : (tensor<64x8xf32>, tensor<8x8xf32>) -> tensor<64x8xf32>
  %f = ingot.tanh %e : (tensor<64x8xf32>) -> tensor<64x8xf32>
  %l = ingot.reduce_sum %f {axes = array<i64: 0, 1>, keepdims = false} : (tensor<64x8xf32>) -> tensor<f32>
  %g:3 = ingot.gradient %l, %w1, %w2, %w3 : (tensor<f32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
      -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return %l, %g#0, %g#1, %g#2 : tensor<f32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}
