// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @panels(%a: memref<1x1x9x7xf32>, %b: memref<1x1x1x7x16xf32>, %c: memref<1x1x9x20xf32>) {
  // expected-error @below {{expected panels of shape [1, 2, 1, 7, 16], found [1, 1, 1, 7, 16]}}
  kernel.brgemm ins(%a, %b : memref<1x1x9x7xf32>, memref<1x1x1x7x16xf32>) outs(%c : memref<1x1x9x20xf32>) {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @height(%a: memref<1x9x9x7xf32>, %b: memref<1x1x9x7x16xf32>, %c: memref<1x9x9x16xf32>) {
  // expected-error @below {{expected output height 7, found 9}}
  kernel.brgemm ins(%a, %b : memref<1x9x9x7xf32>, memref<1x1x9x7x16xf32>) outs(%c : memref<1x9x9x16xf32>) kernel [3, 3] {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @extra(%a: memref<1x1x9x7xf32>, %b: memref<1x1x1x7x16xf32>, %e: memref<1x1x3x16xf32>, %c: memref<1x1x9x16xf32>) {
  // expected-error @below {{extra operand 0 has extent 3 in dimension 2, wanted 1 or 9}}
  kernel.brgemm ins(%a, %b : memref<1x1x9x7xf32>, memref<1x1x1x7x16xf32>) extras(%e : memref<1x1x3x16xf32>)
    outs(%c : memref<1x1x9x16xf32>) {
  ^bb0(%sum: f32, %bias: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @epilogue(%a: memref<1x1x9x7xf32>, %b: memref<1x1x1x7x16xf32>, %c: memref<1x1x9x16xf32>, %m: memref<f32>) {
  kernel.brgemm ins(%a, %b : memref<1x1x9x7xf32>, memref<1x1x1x7x16xf32>) outs(%c : memref<1x1x9x16xf32>) {
  ^bb0(%sum: f32):
    // expected-error @below {{is not pointwise, so it cannot be in an epilogue}}
    %0 = memref.load %m[] : memref<f32>
    kernel.yield %0 : f32
  }
  return
}

// -----

func.func @groups(%a: memref<1x1x9x7xf32>, %b: memref<2x1x1x3x16xf32>, %c: memref<1x1x9x16xf32>) {
  // expected-error @below {{groups must divide the 7 input and 16 output channels}}
  kernel.brgemm ins(%a, %b : memref<1x1x9x7xf32>, memref<2x1x1x3x16xf32>) outs(%c : memref<1x1x9x16xf32>) groups 2 {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @channels(%a: memref<1x8x8x6xf32>, %w: memref<3x3x5xf32>, %c: memref<1x6x6x6xf32>) {
  // expected-error @below {{expected 5 channels, found 6}}
  kernel.depthwise ins(%a, %w : memref<1x8x8x6xf32>, memref<3x3x5xf32>) outs(%c : memref<1x6x6x6xf32>) {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @dims(%w: memref<20x7x3x3xf32>, %p: memref<1x2x9x7x16xf32>) {
  // expected-error @below {{dims leaves out source dimension 3}}
  kernel.pack ins(%w : memref<20x7x3x3xf32>) outs(%p : memref<1x2x9x7x16xf32>) dims [0, 2, -1, 1]
  return
}

// -----

func.func @mixed(%w: memref<20x7xf32>, %p: tensor<1x2x1x7x16xf32>) {
  // expected-error @below {{mixes tensors and memrefs}}
  %0 = kernel.pack ins(%w : memref<20x7xf32>) outs(%p : tensor<1x2x1x7x16xf32>) dims [0, -1, -1, 1] -> tensor<1x2x1x7x16xf32>
  return
}

// -----

func.func @rows(%a: memref<1x4x1x20x6xf32>, %w: memref<1x1x1x20x16xf32>, %c: memref<1x1x29x16xf32>) {
  // expected-error @below {{expected packed rows of shape [1, 5, 1, 20, 6], found [1, 4, 1, 20, 6]}}
  kernel.brgemm ins(%a, %w : memref<1x4x1x20x6xf32>, memref<1x1x1x20x16xf32>) outs(%c : memref<1x1x29x16xf32>) {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @rows_of_batches(%a: memref<1x5x1x20x6xf32>, %w: memref<1x1x1x20x16xf32>, %c: memref<2x1x29x16xf32>) {
  // expected-error @below {{packed rows need a pointwise window, one group, one batch and one row of pixels}}
  kernel.brgemm ins(%a, %w : memref<1x5x1x20x6xf32>, memref<1x1x1x20x16xf32>) outs(%c : memref<2x1x29x16xf32>) {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @rows_in_groups(%w: memref<29x40xf32>, %p: memref<2x5x1x20x6xf32>) {
  // expected-error @below {{expected panels [1, rows / h, taps, channels, h], found [2, 5, 1, 20, 6]}}
  kernel.pack ins(%w : memref<29x40xf32>) outs(%p : memref<2x5x1x20x6xf32>) dims [0, -1, -1, 1] rows
  return
}
