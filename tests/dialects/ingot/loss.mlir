// RUN: ingot-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @open
// CHECK: -> (tensor<f32>, tensor<?x10xf32>)
func.func @open(%x: tensor<?x10xf32>, %l: tensor<?xi64>) -> tensor<f32> {
  %y, %p = ingot.softmax_cross_entropy %x, %l : (tensor<?x10xf32>, tensor<?xi64>) -> (tensor<f32>, tensor<?x10xf32>)
  return %y : tensor<f32>
}

// -----

func.func @labels(%x: tensor<4x10xf32>, %l: tensor<5xi64>) {
  // expected-error @+2 {{scores 'tensor<4x10xf32>' do not fit labels 'tensor<5xi64>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.nll_loss"(%x, %l) : (tensor<4x10xf32>, tensor<5xi64>) -> tensor<f32>
  return
}

// -----

func.func @reduction(%x: tensor<4x10xf32>, %l: tensor<4xi64>) {
  // expected-error @+2 {{expected reduction none, sum or mean, but found max}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.nll_loss"(%x, %l) {reduction = "max"} : (tensor<4x10xf32>, tensor<4xi64>) -> tensor<f32>
  return
}
