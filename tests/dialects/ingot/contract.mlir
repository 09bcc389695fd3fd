// RUN: ingot-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @open
// CHECK: ingot.matmul %{{.*}} {transpose_b = true} : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
func.func @open(%a: tensor<?x8xf32>, %b: tensor<4x8xf32>) -> tensor<?x4xf32> {
  %y = ingot.matmul %a, %b {transpose_b = true} : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// CHECK-LABEL: @channels_last
// CHECK: -> tensor<1x112x112x64xf16>
func.func @channels_last(%x: tensor<1x224x224x3xf16>, %w: tensor<7x7x3x64xf16>) -> tensor<1x112x112x64xf16> {
  %y = ingot.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 3, 3, 3, 3>, x_dims = array<i64: 0, 3, 1, 2>,
      w_dims = array<i64: 3, 2, 0, 1>, y_dims = array<i64: 0, 3, 1, 2>}
    : (tensor<1x224x224x3xf16>, tensor<7x7x3x64xf16>) -> tensor<1x112x112x64xf16>
  return %y : tensor<1x112x112x64xf16>
}

// -----

func.func @depth(%a: tensor<2x3xf32>, %b: tensor<4x5xf32>) {
  // expected-error @+2 {{inner dimensions differ: 3 in 'tensor<2x3xf32>' and 4 in 'tensor<4x5xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.matmul"(%a, %b) : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @features(%x: tensor<1x4x5x5xf32>, %w: tensor<8x3x3x3xf32>) {
  // expected-error @+2 {{the input has 4 features, but the kernel reads 3 in 1 groups}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.conv"(%x, %w) : (tensor<1x4x5x5xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x3x3xf32>
  return
}

// -----

func.func @fit(%x: tensor<1x3x2x2xf32>, %w: tensor<8x3x3x3xf32>) {
  // expected-error @+2 {{the kernel 'tensor<8x3x3x3xf32>' does not fit in the padded input 'tensor<1x3x2x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.conv"(%x, %w) : (tensor<1x3x2x2xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x1x1xf32>
  return
}

// -----

func.func @numbers(%x: tensor<1x3x5x5xf32>, %w: tensor<8x3x3x3xf32>) {
  // expected-error @+2 {{dimension numbers must name each of 4 dimensions once, but found [0, 1, 2, 2]}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.conv"(%x, %w) {x_dims = array<i64: 0, 1, 2, 2>} : (tensor<1x3x5x5xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x3x3xf32>
  return
}
