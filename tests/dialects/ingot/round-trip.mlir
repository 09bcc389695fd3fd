// Prints, parses and prints again; every example of a record is such a test of its own.
// RUN: ingot-opt %s | ingot-opt | FileCheck %s

// CHECK-LABEL: func.func @broadcast
// CHECK: ingot.add %{{.*}}, %{{.*}} : (tensor<2x?xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
func.func @broadcast(%a: tensor<2x?xf32>, %b: tensor<1x3xf32>) -> tensor<2x3xf32> {
  %y = ingot.add %a, %b : (tensor<2x?xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
