// RUN: ingot-opt %s --autodiff --recompute=segments=3 | FileCheck %s
// RUN: ingot-opt %s --autodiff --recompute=segments=2 | FileCheck %s --check-prefix=TWO
// RUN: ingot-opt %s --autodiff --recompute=least=4096 | FileCheck %s --check-prefix=CHEAP

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

// Cuts are where little crosses: nothing wide is carried to the gradient. A turned weight is at hand, not carried.
// CHECK-LABEL: func.func @narrow(
// TWO-LABEL: func.func @narrow(
// TWO-SAME: %[[UP:.*]]: tensor<4x32xf32>, %[[DOWN:.*]]: tensor<4x32xf32>, %{{.*}}: tensor<4x32xf32>, %{{.*}}: tensor<4x32xf32>, %[[X:.*]]: tensor<64x4xf32>
// TWO: ingot.matmul %[[X]], %[[UP]]
// TWO: ingot.tanh
// TWO: ingot.transpose
// TWO: ingot.reduce_sum
// TWO: %[[AGAIN_DOWN:.*]] = ingot.opaque %[[DOWN]]
// TWO: ingot.transpose %[[AGAIN_DOWN]]
// TWO-DAG: %[[AGAIN_UP:.*]] = ingot.opaque %[[UP]]
// TWO-DAG: %[[AGAIN_X:.*]] = ingot.opaque %[[X]]
// TWO: %[[A:.*]] = ingot.matmul %[[AGAIN_X]], %[[AGAIN_UP]]
// TWO: ingot.tanh %[[A]]
// TWO-NOT: ingot.opaque
// TWO: return
func.func @narrow(%up1: tensor<4x32xf32>, %down1: tensor<4x32xf32>, %up2: tensor<4x32xf32>, %down2: tensor<4x32xf32>,
                  %x: tensor<64x4xf32>)
    -> (tensor<f32>, tensor<4x32xf32>, tensor<4x32xf32>, tensor<4x32xf32>, tensor<4x32xf32>) {
  %turned1 = ingot.transpose %down1 {perm = array<i64: 1, 0>} : (tensor<4x32xf32>) -> tensor<32x4xf32>
  %turned2 = ingot.transpose %down2 {perm = array<i64: 1, 0>} : (tensor<4x32xf32>) -> tensor<32x4xf32>
  %a = ingot.matmul %x, %up1 : (tensor<64x4xf32>, tensor<4x32xf32>) -> tensor<64x32xf32>
  %b = ingot.tanh %a : (tensor<64x32xf32>) -> tensor<64x32xf32>
  %c = ingot.matmul %b, %turned1 : (tensor<64x32xf32>, tensor<32x4xf32>) -> tensor<64x4xf32>
  %d = ingot.matmul %c, %up2 : (tensor<64x4xf32>, tensor<4x32xf32>) -> tensor<64x32xf32>
  %e = ingot.tanh %d : (tensor<64x32xf32>) -> tensor<64x32xf32>
  %g = ingot.matmul %e, %turned2 : (tensor<64x32xf32>, tensor<32x4xf32>) -> tensor<64x4xf32>
  %h = ingot.tanh %g : (tensor<64x4xf32>) -> tensor<64x4xf32>
  %l = ingot.reduce_sum %h {axes = array<i64: 0, 1>, keepdims = false} : (tensor<64x4xf32>) -> tensor<f32>
  %dw:4 = ingot.gradient %l, %up1, %down1, %up2, %down2
      : (tensor<f32>, tensor<4x32xf32>, tensor<4x32xf32>, tensor<4x32xf32>, tensor<4x32xf32>)
      -> (tensor<4x32xf32>, tensor<4x32xf32>, tensor<4x32xf32>, tensor<4x32xf32>)
  return %l, %dw#0, %dw#1, %dw#2, %dw#3
      : tensor<f32>, tensor<4x32xf32>, tensor<4x32xf32>, tensor<4x32xf32>, tensor<4x32xf32>
}

// A chain of cheap ops is computed again from what the gradient reads anyway. What a product gives is kept, and so is
// what is small, many ops away or returned.
// CHEAP-LABEL: func.func @cheap(
// CHEAP-SAME: %[[W1:.*]]: tensor<8x64xf32>, %{{.*}}: tensor<64x8xf32>, %[[SCALE:.*]]: tensor<64xf32>
// CHEAP: %[[A:.*]] = ingot.matmul
// CHEAP: ingot.gelu %[[A]]
// CHEAP: ingot.mul
// CHEAP: %[[D:.*]] = ingot.matmul
// CHEAP: %[[E:.*]] = ingot.exp %[[D]]
// CHEAP: ingot.reduce_sum
// CHEAP-NOT: ingot.exp
// CHEAP-DAG: %[[AGAIN_A:.*]] = ingot.opaque %[[A]]
// CHEAP-DAG: %[[AGAIN_SCALE:.*]] = ingot.opaque %[[SCALE]]
// CHEAP: %[[B:.*]] = ingot.gelu %[[AGAIN_A]]
// CHEAP: %[[C:.*]] = ingot.mul %[[B]], %[[AGAIN_SCALE]]
// CHEAP: ingot.matmul %[[C]], %{{.*}} {transpose_a = true}
// CHEAP-NOT: ingot.opaque
// CHEAP: return
func.func @cheap(%w1: tensor<8x64xf32>, %w2: tensor<64x8xf32>, %scale: tensor<64xf32>, %x: tensor<64x8xf32>)
    -> (tensor<f32>, tensor<8x64xf32>, tensor<64x8xf32>) {
  %a = ingot.matmul %x, %w1 : (tensor<64x8xf32>, tensor<8x64xf32>) -> tensor<64x64xf32>
  %b = ingot.gelu %a : (tensor<64x64xf32>) -> tensor<64x64xf32>
  %c = ingot.mul %b, %scale : (tensor<64x64xf32>, tensor<64xf32>) -> tensor<64x64xf32>
  %d = ingot.matmul %c, %w2 : (tensor<64x64xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
  %e = ingot.exp %d : (tensor<64x8xf32>) -> tensor<64x8xf32>
  %l = ingot.reduce_sum %e {axes = array<i64: 0, 1>, keepdims = false} : (tensor<64x8xf32>) -> tensor<f32>
  %g:2 = ingot.gradient %l, %w1, %w2 : (tensor<f32>, tensor<8x64xf32>, tensor<64x8xf32>)
      -> (tensor<8x64xf32>, tensor<64x8xf32>)
  return %l, %g#0, %g#1 : tensor<f32>, tensor<8x64xf32>, tensor<64x8xf32>
}

// CHEAP-LABEL: func.func @returned(
// CHEAP: %[[C:.*]] = ingot.mul
// CHEAP: ingot.reduce_sum
// CHEAP-NOT: ingot.gelu
// CHEAP: ingot.matmul %[[C]], %{{.*}} {transpose_a = true}
// CHEAP: return %{{.*}}, %[[C]]
func.func @returned(%w1: tensor<8x64xf32>, %w2: tensor<64x8xf32>, %scale: tensor<64xf32>, %x: tensor<64x8xf32>)
    -> (tensor<f32>, tensor<64x64xf32>, tensor<8x64xf32>, tensor<64x8xf32>) {
  %a = ingot.matmul %x, %w1 : (tensor<64x8xf32>, tensor<8x64xf32>) -> tensor<64x64xf32>
  %b = ingot.gelu %a : (tensor<64x64xf32>) -> tensor<64x64xf32>
  %c = ingot.mul %b, %scale : (tensor<64x64xf32>, tensor<64xf32>) -> tensor<64x64xf32>
  %d = ingot.matmul %c, %w2 : (tensor<64x64xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
  %e = ingot.exp %d : (tensor<64x8xf32>) -> tensor<64x8xf32>
  %l = ingot.reduce_sum %e {axes = array<i64: 0, 1>, keepdims = false} : (tensor<64x8xf32>) -> tensor<f32>
  %g:2 = ingot.gradient %l, %w1, %w2 : (tensor<f32>, tensor<8x64xf32>, tensor<64x8xf32>)
      -> (tensor<8x64xf32>, tensor<64x8xf32>)
  return %l, %c, %g#0, %g#1 : tensor<f32>, tensor<64x64xf32>, tensor<8x64xf32>, tensor<64x8xf32>
}
