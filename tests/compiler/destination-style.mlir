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
