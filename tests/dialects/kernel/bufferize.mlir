// RUN: ingot-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s

// The residual is an operand of the epilogue and the destination: one buffer, no copy.
// CHECK-LABEL: func @residual
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: kernel.brgemm ins(%arg0, %arg1 : {{.*}}) extras(%arg2 : {{.*}}) outs(%arg2 : {{.*}})
func.func @residual(%a: tensor<1x1x9x7xf32>, %b: tensor<1x2x1x7x16xf32>, %c: tensor<1x1x9x20xf32>) -> tensor<1x1x9x20xf32> {
  %0 = kernel.brgemm ins(%a, %b : tensor<1x1x9x7xf32>, tensor<1x2x1x7x16xf32>) extras(%c : tensor<1x1x9x20xf32>)
    outs(%c : tensor<1x1x9x20xf32>) {
  ^bb0(%sum: f32, %old: f32):
    %0 = arith.addf %sum, %old : f32
    kernel.yield %0 : f32
  } -> tensor<1x1x9x20xf32>
  return %0 : tensor<1x1x9x20xf32>
}

// The input is read at other places than the output is written.
// CHECK-LABEL: func @square
// CHECK: memref.alloc
// CHECK: kernel.brgemm
func.func @square(%a: tensor<1x1x9x16xf32>, %b: tensor<1x1x1x16x16xf32>) -> tensor<1x1x9x16xf32> {
  %0 = kernel.brgemm ins(%a, %b : tensor<1x1x9x16xf32>, tensor<1x1x1x16x16xf32>) outs(%a : tensor<1x1x9x16xf32>) {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  } -> tensor<1x1x9x16xf32>
  return %0 : tensor<1x1x9x16xf32>
}
