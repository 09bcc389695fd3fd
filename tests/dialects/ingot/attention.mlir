// RUN: ingot-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @heads_inside
// CHECK: -> tensor<1x128x12x64xf32>
func.func @heads_inside(%q: tensor<1x128x12x64xf32>, %k: tensor<1x32x12x64xf32>, %m: tensor<1x1x1x32xf32>) -> tensor<1x128x12x64xf32> {
  %y = ingot.attention %q, %k, %k, %m {q_dims = array<i64: 0, 2, 1, 3>, k_dims = array<i64: 0, 2, 1, 3>,
      v_dims = array<i64: 0, 2, 1, 3>, y_dims = array<i64: 0, 2, 1, 3>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>}
    : (tensor<1x128x12x64xf32>, tensor<1x32x12x64xf32>, tensor<1x32x12x64xf32>, tensor<1x1x1x32xf32>) -> tensor<1x128x12x64xf32>
  return %y : tensor<1x128x12x64xf32>
}

// -----

func.func @depth(%q: tensor<4x8xf32>, %k: tensor<4x6xf32>) {
  // expected-error @+2 {{query, key and value do not fit together}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.attention"(%q, %k, %k) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>} : (tensor<4x8xf32>, tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @mask(%q: tensor<4x8xf32>, %m: tensor<3xf32>) {
  // expected-error @+2 {{expected a mask that broadcasts to 'tensor<4x4xf32>', but found 'tensor<3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.attention"(%q, %q, %q, %m) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<3xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @offset(%q: tensor<4x8xf32>, %o: tensor<4xi64>) {
  // expected-error @+2 {{expected a scalar as offset, but found 'tensor<4xi64>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = "ingot.attention"(%q, %q, %q, %o) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 1>} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
  return
}
