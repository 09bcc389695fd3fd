// RUN: ingot-opt %s --destination-style | FileCheck %s

// The caller's destination reaches the callee without a copy.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32> {bufferization.writable = true, ingot.name = "y", ingot.output = 0 : i64}
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: %[[A:.*]] = call @group(%[[X]], %[[E]])
// CHECK: %[[B:.*]] = call @group(%[[A]], %[[Y]])
// CHECK-NOT: materialize
// CHECK: return %[[B]]
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32> {ingot.name = "y"}) {
  %0 = call @group(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = call @group(%0) : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
// CHECK-LABEL: func.func private @group
// CHECK: bufferization.materialize_in_destination
func.func private @group(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = math.exp %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// What is returned with another shape is written in place, and the caller's destination is seen with that shape too.
// CHECK-LABEL: func.func @reshaped
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<2x2xf32>
// CHECK: %[[D:.*]] = tensor.collapse_shape %[[Y]] {{.*}} : tensor<2x2xf32> into tensor<4xf32>
// CHECK: call @inside(%[[X]], %[[D]])
// CHECK-NOT: materialize
func.func @reshaped(%x: tensor<4xf32>) -> tensor<2x2xf32> {
  %0 = call @inside(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tensor.expand_shape %0 [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}
// CHECK-LABEL: func.func private @inside
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>
// CHECK: %[[D:.*]] = tensor.expand_shape %[[Y]] {{.*}} : tensor<4xf32> into tensor<1x4xf32>
// CHECK: %[[V:.*]] = math.exp
// CHECK: bufferization.materialize_in_destination %[[V]] in %[[D]] : (tensor<1x4xf32>, tensor<1x4xf32>)
func.func private @inside(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tensor.expand_shape %x [[0, 1]] output_shape [1, 4] : tensor<4xf32> into tensor<1x4xf32>
  %1 = math.exp %0 : tensor<1x4xf32>
  %2 = tensor.collapse_shape %1 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  return %2 : tensor<4xf32>
}

// What is returned twice, once with another shape, is computed in the first destination and copied from there.
// CHECK-LABEL: func.func @twice
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32> {{.*}}, %[[Z:.*]]: tensor<2x2xf32>
// CHECK: %[[S:.*]] = tensor.collapse_shape %[[Z]]
// CHECK: %[[V:.*]] = call @group(%[[X]], %[[Y]])
// CHECK: %[[C:.*]] = bufferization.materialize_in_destination %[[V]] in %[[S]]
// CHECK: %[[W:.*]] = tensor.expand_shape %[[C]]
// CHECK: return %[[V]], %[[W]]
func.func @twice(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<2x2xf32>) {
  %0 = call @group(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tensor.expand_shape %0 [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>
  return %0, %1 : tensor<4xf32>, tensor<2x2xf32>
}
