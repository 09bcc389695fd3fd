// RUN: ingot-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @open
// CHECK: ingot.window_max {{.*}} -> tensor<?x8x14x14xf32>
func.func @open(%x: tensor<?x8x28x28xf32>) -> tensor<?x8x14x14xf32> {
  %y = ingot.window_max %x {window = array<i64: 1, 1, 2, 2>, strides = array<i64: 1, 1, 2, 2>}
    : (tensor<?x8x28x28xf32>) -> tensor<?x8x14x14xf32>
  return %y : tensor<?x8x14x14xf32>
}

// -----

func.func @rank(%x: tensor<4x4xf32>) {
  // expected-error @+2 {{found a window of 1 dimensions for 'tensor<4x4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.window_sum"(%x) {window = array<i64: 2>} : (tensor<4x4xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @fit(%x: tensor<4xf32>) {
  // expected-error @+2 {{a window of 5 along dimension 0 does not fit in the padded 'tensor<4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.window_sum"(%x) {window = array<i64: 5>} : (tensor<4xf32>) -> tensor<1xf32>
  return
}
