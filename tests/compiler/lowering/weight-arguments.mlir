// RUN: ingot-opt %s --weight-arguments | FileCheck %s

// CHECK: ingot.weight @[[C:.*constant.*]] : tensor<2xf32>
// CHECK: func.func @main(%arg0: tensor<2xf32> {bufferization.writable = false, ingot.type = tensor<2xf32>}, %arg1: tensor<2xf32> {bufferization.writable = false, ingot.weight = @w}, %arg2: tensor<2xf32> {bufferization.writable = false, ingot.weight = @[[C]]})
// CHECK-NOT: read_weight
// CHECK-NOT: arith.constant
ingot.weight @w : tensor<2xf32> = "b3:00"
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %w = ingot.read_weight @w : tensor<2xf32>
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = ingot.add %x, %w : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %1 = ingot.add %0, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}
