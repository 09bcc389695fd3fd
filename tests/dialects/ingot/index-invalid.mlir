// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @gather_nd(%x: tensor<2x3xf32>, %i: tensor<4x3xi64>) {
  // expected-error @+2 {{tuples of 3 indices do not fit 'tensor<2x3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.gather_nd %x, %i : (tensor<2x3xf32>, tensor<4x3xi64>) -> tensor<4xf32>
  return
}

// -----

func.func @scatter_nd(%x: tensor<2x3xf32>, %i: tensor<4x1xi64>, %u: tensor<4x2xf32>) {
  // expected-error @+2 {{the updates must be a 'tensor<4x3xf32>', but are a 'tensor<4x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.scatter_nd %x, %i, %u : (tensor<2x3xf32>, tensor<4x1xi64>, tensor<4x2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @reduction(%x: tensor<2xf32>, %i: tensor<2xi64>) {
  // expected-error @+2 {{reduction must be none, add, mul, max or min, but is sum}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.scatter_elements %x, %i, %x {reduction = "sum"} : (tensor<2xf32>, tensor<2xi64>, tensor<2xf32>) -> tensor<2xf32>
  return
}
