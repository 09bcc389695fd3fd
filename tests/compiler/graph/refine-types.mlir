// RUN: ingot-opt %s --refine-types --canonicalize | FileCheck %s

// A cast that hides sizes hides them no longer, also from the ops behind and from the function's type.
// CHECK-LABEL: func.func @behind_cast
// CHECK-SAME:    -> tensor<2x3xf32>
// CHECK-NOT:     tensor.cast
// CHECK:         ingot.tanh %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK:         ingot.add %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
func.func @behind_cast(%x: tensor<2x3xf32>, %b: tensor<3xf32>) -> tensor<?x3xf32> {
  %0 = tensor.cast %x : tensor<2x3xf32> to tensor<?x?xf32>
  %1 = ingot.tanh %0 : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %2 = ingot.add %1, %b : (tensor<?x?xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  return %2 : tensor<?x3xf32>
}
