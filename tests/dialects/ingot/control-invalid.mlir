// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @branches(%c: tensor<i1>, %x: tensor<4xf32>, %z: tensor<3xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{wants a body that ends with ingot.yield of 'tensor<4xf32>'}}
  %y = ingot.if %c {
    ingot.yield %x : tensor<4xf32>
  } else {
    ingot.yield %z : tensor<3xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @steps(%x: tensor<4x2xf32>, %z: tensor<5x2xf32>) {
  // expected-error @+1 {{wants 4 slices, but scans 'tensor<5x2xf32>'}}
  ingot.scan over(%x, %z : tensor<4x2xf32>, tensor<5x2xf32>) {
  ^bb0(%a: tensor<2xf32>, %b: tensor<2xf32>):
    ingot.yield
  }
  return
}

// -----

func.func @directions(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{wants 1 directions, but has 2}}
  ingot.scan over(%x : tensor<4x2xf32>) {
  ^bb0(%a: tensor<2xf32>):
    ingot.yield
  } {backwards = array<i1: true, true>}
  return
}

// -----

func.func @nothing() {
  // expected-error @+1 {{wants a number of steps, or something to scan}}
  ingot.scan {
    ingot.yield
  }
  return
}

// -----

func.func @carried(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{wants a body that ends with ingot.yield of 'tensor<i1>', 'tensor<4xf32>'}}
  %y = ingot.while %c init(%x : tensor<4xf32>) {
  ^bb0(%s: tensor<4xf32>):
    ingot.yield %s : tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
