// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(recompose))' | FileCheck %s

// As transformers exports it: heads beside the batch, the scale after the product, a mask.
// CHECK-LABEL: func.func @attention(
// CHECK-SAME: %[[Q:.*]]: tensor<2x5x12xf32>, %[[K:.*]]: tensor<2x5x12xf32>, %[[V:.*]]: tensor<2x5x12xf32>, %[[M:.*]]: tensor<2x1x5x5xf32>
// CHECK-DAG: %[[Q4:.*]] = ingot.reshape %[[Q]]
// CHECK-DAG: %[[K4:.*]] = ingot.reshape %[[K]]
// CHECK-DAG: %[[V4:.*]] = ingot.reshape %[[V]]
// CHECK: %[[Y:.*]] = ingot.attention %[[Q4]], %[[K4]], %[[V4]], %[[M]] {
// CHECK-SAME: k_dims = array<i64: 0, 2, 1, 3>,
// CHECK-SAME: q_dims = array<i64: 0, 2, 1, 3>, scale = 5.000000e-01 : f32
// CHECK-SAME: v_dims = array<i64: 0, 2, 1, 3>, y_dims = array<i64: 0, 2, 1, 3>
// CHECK-SAME: -> tensor<2x5x3x4xf32>
// CHECK-NEXT: %[[R:.*]] = ingot.reshape %[[Y]]
// CHECK-NEXT: return %[[R]]
func.func @attention(%q: tensor<2x5x12xf32>, %k: tensor<2x5x12xf32>, %v: tensor<2x5x12xf32>, %m: tensor<2x1x5x5xf32>) -> tensor<2x5x12xf32> {
  %c = arith.constant dense<0.5> : tensor<f32>
  %q4 = ingot.reshape %q {shape = array<i64: 2, 5, 3, 4>} : (tensor<2x5x12xf32>) -> tensor<2x5x3x4xf32>
  %k4 = ingot.reshape %k {shape = array<i64: 2, 5, 3, 4>} : (tensor<2x5x12xf32>) -> tensor<2x5x3x4xf32>
  %v4 = ingot.reshape %v {shape = array<i64: 2, 5, 3, 4>} : (tensor<2x5x12xf32>) -> tensor<2x5x3x4xf32>
  %qt = ingot.transpose %q4 {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x5x3x4xf32>) -> tensor<2x3x5x4xf32>
  %kt = ingot.transpose %k4 {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x5x3x4xf32>) -> tensor<2x3x5x4xf32>
  %vt = ingot.transpose %v4 {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x5x3x4xf32>) -> tensor<2x3x5x4xf32>
  %ktt = ingot.transpose %kt {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x3x5x4xf32>) -> tensor<2x3x4x5xf32>
  %s = ingot.matmul %qt, %ktt : (tensor<2x3x5x4xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x5x5xf32>
  %ss = ingot.mul %s, %c : (tensor<2x3x5x5xf32>, tensor<f32>) -> tensor<2x3x5x5xf32>
  %sm = ingot.add %ss, %m : (tensor<2x3x5x5xf32>, tensor<2x1x5x5xf32>) -> tensor<2x3x5x5xf32>
  %p = ingot.softmax %sm {axis = 3 : i64} : (tensor<2x3x5x5xf32>) -> tensor<2x3x5x5xf32>
  %y = ingot.matmul %p, %vt : (tensor<2x3x5x5xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32>
  %yt = ingot.transpose %y {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x3x5x4xf32>) -> tensor<2x5x3x4xf32>
  %r = ingot.reshape %yt {shape = array<i64: 2, 5, 12>} : (tensor<2x5x3x4xf32>) -> tensor<2x5x12xf32>
  return %r : tensor<2x5x12xf32>
}

// As torch's scaled_dot_product_attention: the root of the scale on query and key, the key's transpose between reshapes.
// CHECK-LABEL: func.func @scaled(
// CHECK: ingot.attention %arg0, %arg1, %arg2 {
// CHECK-SAME: scale = 0.49999997 : f32
// CHECK-NEXT: return
func.func @scaled(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x5x4xf32>, %v: tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32> {
  %c = arith.constant dense<0.707106769> : tensor<f32>
  %k3 = ingot.reshape %k {shape = array<i64: 6, 5, 4>} : (tensor<2x3x5x4xf32>) -> tensor<6x5x4xf32>
  %kt = ingot.transpose %k3 {perm = array<i64: 0, 2, 1>} : (tensor<6x5x4xf32>) -> tensor<6x4x5xf32>
  %k4 = ingot.reshape %kt {shape = array<i64: 2, 3, 4, 5>} : (tensor<6x4x5xf32>) -> tensor<2x3x4x5xf32>
  %qs = ingot.mul %q, %c : (tensor<2x3x5x4xf32>, tensor<f32>) -> tensor<2x3x5x4xf32>
  %ks = ingot.mul %k4, %c : (tensor<2x3x4x5xf32>, tensor<f32>) -> tensor<2x3x4x5xf32>
  %s = ingot.matmul %qs, %ks : (tensor<2x3x5x4xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x5x5xf32>
  %p = ingot.softmax %s : (tensor<2x3x5x5xf32>) -> tensor<2x3x5x5xf32>
  %y = ingot.matmul %p, %v : (tensor<2x3x5x5xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32>
  return %y : tensor<2x3x5x4xf32>
}

// The weights are a result as well, so attention stays apart.
// CHECK-LABEL: func.func @weights_used(
// CHECK-NOT: ingot.attention
func.func @weights_used(%q: tensor<5x4xf32>) -> (tensor<5x4xf32>, tensor<5x5xf32>) {
  %s = ingot.matmul %q, %q {transpose_b = true} : (tensor<5x4xf32>, tensor<5x4xf32>) -> tensor<5x5xf32>
  %p = ingot.softmax %s : (tensor<5x5xf32>) -> tensor<5x5xf32>
  %y = ingot.matmul %p, %q : (tensor<5x5xf32>, tensor<5x4xf32>) -> tensor<5x4xf32>
  return %y, %p : tensor<5x4xf32>, tensor<5x5xf32>
}

// CHECK-LABEL: func.func @layer_norm(
// CHECK: %[[Y:.*]], %{{.*}}, %{{.*}} = ingot.layer_norm %arg0, %arg1, %arg2 {axis = 1 : i64, epsilon = 9.99999996E-13 : f32}
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm(%x: tensor<3x8xf32>, %s: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<3x8xf32> {
  %two = arith.constant dense<2.0> : tensor<1xf32>
  %eps = arith.constant dense<1.0e-12> : tensor<f32>
  %m = ingot.reduce_mean %x {axes = array<i64: -1>} : (tensor<3x8xf32>) -> tensor<3x1xf32>
  %d = ingot.sub %x, %m : (tensor<3x8xf32>, tensor<3x1xf32>) -> tensor<3x8xf32>
  %q = ingot.pow %d, %two : (tensor<3x8xf32>, tensor<1xf32>) -> tensor<3x8xf32>
  %v = ingot.reduce_mean %q {axes = array<i64: -1>} : (tensor<3x8xf32>) -> tensor<3x1xf32>
  %e = ingot.add %v, %eps : (tensor<3x1xf32>, tensor<f32>) -> tensor<3x1xf32>
  %r = ingot.sqrt %e : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %n = ingot.div %d, %r : (tensor<3x8xf32>, tensor<3x1xf32>) -> tensor<3x8xf32>
  %f = ingot.mul %n, %s : (tensor<3x8xf32>, tensor<8xf32>) -> tensor<3x8xf32>
  %y = ingot.add %f, %b : (tensor<3x8xf32>, tensor<8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// CHECK-LABEL: func.func @rms_norm(
// CHECK: %[[Y:.*]] = ingot.rms_norm %arg0, %arg1 {axis = 1 : i64, epsilon = 9.99999997E-7 : f32}
// CHECK-NEXT: return %[[Y]]
func.func @rms_norm(%x: tensor<3x8xf32>, %s: tensor<8xf32>) -> tensor<3x8xf32> {
  %eps = arith.constant dense<1.0e-6> : tensor<f32>
  %q = ingot.mul %x, %x : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x8xf32>
  %v = ingot.reduce_mean %q {axes = array<i64: -1>} : (tensor<3x8xf32>) -> tensor<3x1xf32>
  %e = ingot.add %v, %eps : (tensor<3x1xf32>, tensor<f32>) -> tensor<3x1xf32>
  %r = ingot.sqrt %e : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %i = ingot.reciprocal %r : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %n = ingot.mul %x, %i : (tensor<3x8xf32>, tensor<3x1xf32>) -> tensor<3x8xf32>
  %y = ingot.mul %s, %n : (tensor<8xf32>, tensor<3x8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// x * (0.5 * (erf(x / sqrt(2)) + 1)), and (x * (1 + erf(...))) * 0.5
// CHECK-LABEL: func.func @gelu(
// CHECK-NEXT: %[[A:.*]] = ingot.gelu %arg0
// CHECK-NEXT: %[[B:.*]] = ingot.gelu %[[A]]
// CHECK-NEXT: return %[[B]]
func.func @gelu(%x: tensor<7xf32>) -> tensor<7xf32> {
  %root = arith.constant dense<1.41421354> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<1xf32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %0 = ingot.div %x, %root : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  %1 = ingot.erf %0 : (tensor<7xf32>) -> tensor<7xf32>
  %2 = ingot.add %1, %one : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  %3 = ingot.mul %half, %2 : (tensor<1xf32>, tensor<7xf32>) -> tensor<7xf32>
  %4 = ingot.mul %x, %3 : (tensor<7xf32>, tensor<7xf32>) -> tensor<7xf32>
  %5 = ingot.div %4, %root : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  %6 = ingot.erf %5 : (tensor<7xf32>) -> tensor<7xf32>
  %7 = ingot.add %one, %6 : (tensor<f32>, tensor<7xf32>) -> tensor<7xf32>
  %8 = ingot.mul %4, %7 : (tensor<7xf32>, tensor<7xf32>) -> tensor<7xf32>
  %9 = ingot.mul %8, %half : (tensor<7xf32>, tensor<1xf32>) -> tensor<7xf32>
  return %9 : tensor<7xf32>
}

// CHECK-LABEL: func.func @gelu_tanh(
// CHECK-NEXT: %[[Y:.*]] = ingot.gelu_tanh %arg0
// CHECK-NEXT: return %[[Y]]
func.func @gelu_tanh(%x: tensor<7xf32>) -> tensor<7xf32> {
  %half = arith.constant dense<0.5> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %three = arith.constant dense<3.0> : tensor<f32>
  %cubic = arith.constant dense<0.044715> : tensor<f32>
  %linear = arith.constant dense<0.797884583> : tensor<f32>
  %0 = ingot.mul %x, %half : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  %1 = ingot.pow %x, %three : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  %2 = ingot.mul %1, %cubic : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  %3 = ingot.add %x, %2 : (tensor<7xf32>, tensor<7xf32>) -> tensor<7xf32>
  %4 = ingot.mul %3, %linear : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  %5 = ingot.tanh %4 : (tensor<7xf32>) -> tensor<7xf32>
  %6 = ingot.add %5, %one : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  %7 = ingot.mul %0, %6 : (tensor<7xf32>, tensor<7xf32>) -> tensor<7xf32>
  return %7 : tensor<7xf32>
}
