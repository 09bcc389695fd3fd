// RUN: ingot-opt %s --fold-constants | FileCheck %s

// What depends on constants alone is evaluated; what depends on the input is not.
// CHECK: ingot.weight @[[F:.*folded.*]] : tensor<3x2xf32> = "b3:
// CHECK-LABEL: func.func @main
// CHECK-NOT: ingot.transpose
// CHECK: %[[R:.*]] = ingot.read_weight @[[F]] : tensor<3x2xf32>
// CHECK: ingot.add %arg0, %[[R]]
func.func @main(%x: tensor<3x2xf32> {ingot.name = "x"}) -> (tensor<3x2xf32> {ingot.name = "y"}) {
  %c = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %t = ingot.transpose %c {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %y = ingot.add %x, %t : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// Weights are packed here and not in every run.
// CHECK-LABEL: func.func @packed
// CHECK-NOT: kernel.pack
// CHECK: ingot.read_weight @{{.*}} : tensor<1x1x1x3x16xf32>
func.func @packed() -> (tensor<1x1x1x3x16xf32> {ingot.name = "p"}) {
  %c = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %e = tensor.empty() : tensor<1x1x1x3x16xf32>
  %p = kernel.pack ins(%c : tensor<3x2xf32>) outs(%e : tensor<1x1x1x3x16xf32>) dims [1, -1, -1, 0] -> tensor<1x1x1x3x16xf32>
  return %p : tensor<1x1x1x3x16xf32>
}
