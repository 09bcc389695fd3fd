// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @reshape(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{cannot reshape 6 elements to 8}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.reshape %x {shape = array<i64: 4, 2>} : (tensor<2x3xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @reshape_twice_open(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{shape has more than one -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.reshape %x {shape = array<i64: -1, -1>} : (tensor<2x3xf32>) -> tensor<?x?xf32>
  return
}

// -----

func.func @transpose(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{perm is no permutation}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.transpose %x {perm = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @slice(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{axis 2 lies outside rank 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.slice %x {starts = array<i64: 0>, ends = array<i64: 1>, axes = array<i64: 2>, steps = array<i64: 1>}
    : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @concat(%x: tensor<2x3xf32>, %z: tensor<3x3xf32>) {
  // expected-error @+2 {{cannot concatenate 'tensor<2x3xf32>' and 'tensor<3x3xf32>' along axis 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.concat %x, %z {axis = 1 : i64} : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x6xf32>
  return
}

// -----

func.func @extend(%x: tensor<2xf32>) {
  // expected-error @+2 {{cannot reflect 2 elements by 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.extend %x {low = array<i64: 2>, high = array<i64: 0>, mode = "reflect"} : (tensor<2xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @result(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<3x2xf32>' are incompatible with return type(s) of operation 'tensor<2x3xf32>'}}
  %y = ingot.transpose %x {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
