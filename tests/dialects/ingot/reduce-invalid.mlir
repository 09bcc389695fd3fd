// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @axis(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{axis -3 lies outside rank 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.reduce_max %x {axes = array<i64: -3>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @twice(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{axis -1 is reduced twice}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = ingot.reduce_max %x {axes = array<i64: 1, -1>} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  return
}
