// RUN: ingot-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @layer_norm
// CHECK: -> (tensor<?x8xf16>, tensor<?x1xf32>, tensor<?x1xf32>)
func.func @layer_norm(%x: tensor<?x8xf16>, %s: tensor<8xf16>) -> tensor<?x8xf16> {
  %y, %mean, %inv = ingot.layer_norm %x, %s : (tensor<?x8xf16>, tensor<8xf16>) -> (tensor<?x8xf16>, tensor<?x1xf32>, tensor<?x1xf32>)
  return %y : tensor<?x8xf16>
}

// -----

func.func @axis(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{axis 2 lies outside rank 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.softmax"(%x) {axis = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @features(%x: tensor<2x3xf32>, %p: tensor<3xf32>, %q: tensor<2xf32>) {
  // expected-error @+2 {{expected a parameter of type 'tensor<3xf32>', but found 'tensor<2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.batch_norm"(%x, %p, %p, %p, %q) : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @groups(%x: tensor<2x3x4xf32>, %p: tensor<3xf32>) {
  // expected-error @+2 {{3 features do not divide into 2 groups}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.group_norm"(%x, %p, %p) {num_groups = 2 : i64} : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
  return
}
