// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(layout))' | FileCheck %s

ingot.weight @w1 : tensor<16x3x3x3xf32> = "b3:00"
ingot.weight @w2 : tensor<16x1x3x3xf32> = "b3:01"
ingot.weight @scale : tensor<16xf32> = "b3:02"
ingot.weight @fc : tensor<10x16xf32> = "b3:03"

// One transpose of the input is left: those between convolutions, pooling, a residual sum and the mean cancel.
// CHECK-LABEL: func.func @network(
// CHECK-SAME: %[[X:.*]]: tensor<2x3x9x9xf32>
// CHECK-DAG: ingot.transpose %[[X]] {perm = array<i64: 0, 2, 3, 1>}
// CHECK-DAG: %[[W1:.*]] = ingot.read_weight @w1
// The normalization's factor is in the weights.
// CHECK-DAG: %[[SCALED:.*]] = ingot.mul %[[W1]], %{{.*}} : (tensor<16x3x3x3xf32>, tensor<16x1x1x1xf32>)
// CHECK-DAG: %[[T1:.*]] = ingot.transpose %[[SCALED]] {perm = array<i64: 2, 3, 1, 0>}
// CHECK: ingot.conv %{{.*}}, %[[T1]] {{.*}} -> tensor<2x9x9x16xf32>
// CHECK: ingot.add
// CHECK-NEXT: ingot.relu
// CHECK: ingot.conv {{.*}}groups = 16 {{.*}}(tensor<2x9x9x16xf32>, tensor<3x3x1x16xf32>) -> tensor<2x9x9x16xf32>
// CHECK-NEXT: ingot.add
// CHECK-NEXT: ingot.window_max {{.*}}strides = array<i64: 1, 2, 2, 1>, window = array<i64: 1, 2, 2, 1>
// CHECK-NEXT: ingot.reduce_mean %{{.*}} {axes = array<i64: 1, 2>} : (tensor<2x4x4x16xf32>) -> tensor<2x1x1x16xf32>
// CHECK-NEXT: ingot.reshape %{{.*}} -> tensor<2x16xf32>
// CHECK-NEXT: ingot.matmul
func.func @network(%x: tensor<2x3x9x9xf32>) -> tensor<2x10xf32> {
  %w1 = ingot.read_weight @w1 : tensor<16x3x3x3xf32>
  %w2 = ingot.read_weight @w2 : tensor<16x1x3x3xf32>
  %s = ingot.read_weight @scale : tensor<16xf32>
  %fc = ingot.read_weight @fc : tensor<10x16xf32>
  %0 = ingot.conv %x, %w1 {pads = array<i64: 1, 1, 1, 1>} : (tensor<2x3x9x9xf32>, tensor<16x3x3x3xf32>) -> tensor<2x16x9x9xf32>
  %1 = ingot.batch_norm %0, %s, %s, %s, %s : (tensor<2x16x9x9xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<2x16x9x9xf32>
  %2 = ingot.relu %1 : (tensor<2x16x9x9xf32>) -> tensor<2x16x9x9xf32>
  %3 = ingot.conv %2, %w2 {pads = array<i64: 1, 1, 1, 1>, groups = 16 : i64} : (tensor<2x16x9x9xf32>, tensor<16x1x3x3xf32>) -> tensor<2x16x9x9xf32>
  %4 = ingot.add %3, %2 : (tensor<2x16x9x9xf32>, tensor<2x16x9x9xf32>) -> tensor<2x16x9x9xf32>
  %5 = ingot.window_max %4 {window = array<i64: 1, 1, 2, 2>, strides = array<i64: 1, 1, 2, 2>} : (tensor<2x16x9x9xf32>) -> tensor<2x16x4x4xf32>
  %6 = ingot.reduce_mean %5 {axes = array<i64: 2, 3>} : (tensor<2x16x4x4xf32>) -> tensor<2x16x1x1xf32>
  %7 = ingot.reshape %6 {shape = array<i64: 2, 16>} : (tensor<2x16x1x1xf32>) -> tensor<2x16xf32>
  %8 = ingot.matmul %7, %fc {transpose_b = true} : (tensor<2x16xf32>, tensor<10x16xf32>) -> tensor<2x10xf32>
  return %8 : tensor<2x10xf32>
}

// Patches become tokens without a transpose of activations but the input's.
// CHECK-LABEL: func.func @patches(
// CHECK: %[[Y:.*]] = ingot.conv {{.*}} -> tensor<2x2x2x16xf32>
// CHECK-NEXT: %[[R:.*]] = ingot.reshape %[[Y]] {{.*}} -> tensor<2x4x16xf32>
// CHECK-NEXT: return %[[R]]
func.func @patches(%x: tensor<2x3x6x6xf32>) -> tensor<2x4x16xf32> {
  %w1 = ingot.read_weight @w1 : tensor<16x3x3x3xf32>
  %0 = ingot.conv %x, %w1 {strides = array<i64: 3, 3>} : (tensor<2x3x6x6xf32>, tensor<16x3x3x3xf32>) -> tensor<2x16x2x2xf32>
  %1 = ingot.reshape %0 {shape = array<i64: 2, 16, 4>} : (tensor<2x16x2x2xf32>) -> tensor<2x16x4xf32>
  %2 = ingot.transpose %1 {perm = array<i64: 0, 2, 1>} : (tensor<2x16x4xf32>) -> tensor<2x4x16xf32>
  return %2 : tensor<2x4x16xf32>
}

// CHECK-LABEL: func.func @join(
// CHECK: %[[C:.*]] = ingot.concat %{{.*}}, %{{.*}} {axis = 3 : i64} : (tensor<1x7x7x16xf32>, tensor<1x7x7x16xf32>) -> tensor<1x7x7x32xf32>
// CHECK-NEXT: ingot.slice %[[C]] {axes = array<i64: 1, 3>
// CHECK-NEXT: ingot.transpose
// CHECK-NEXT: return
func.func @join(%x: tensor<1x3x9x9xf32>) -> tensor<1x8x5x7xf32> {
  %w1 = ingot.read_weight @w1 : tensor<16x3x3x3xf32>
  %0 = ingot.conv %x, %w1 : (tensor<1x3x9x9xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x7x7xf32>
  %1 = ingot.relu %0 : (tensor<1x16x7x7xf32>) -> tensor<1x16x7x7xf32>
  %2 = ingot.concat %0, %1 {axis = 1 : i64} : (tensor<1x16x7x7xf32>, tensor<1x16x7x7xf32>) -> tensor<1x32x7x7xf32>
  %3 = ingot.slice %2 {axes = array<i64: 2, 1>, starts = array<i64: 1, 0>, ends = array<i64: 6, 8>, steps = array<i64: 1, 1>} : (tensor<1x32x7x7xf32>) -> tensor<1x8x5x7xf32>
  return %3 : tensor<1x8x5x7xf32>
}

// A transpose that moves no element is a reshape, whatever it meets.
// CHECK-LABEL: func @narrow
// CHECK: %[[R:.*]] = ingot.reshape %{{.*}} {shape = array<i64: 1, 1, 4>}
// CHECK: ingot.add %[[R]],
// CHECK-NOT: ingot.transpose
func.func @narrow(%x: tensor<1x4x1xf32>, %y: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %t = ingot.transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<1x4x1xf32>) -> tensor<1x1x4xf32>
  %s = ingot.add %t, %y : (tensor<1x1x4xf32>, tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  return %s : tensor<1x1x4xf32>
}
