// RUN: ingot-opt %s | ingot-opt | FileCheck %s

// CHECK-LABEL: func @product
// CHECK: kernel.brgemm ins(%{{.*}}, %{{.*}} : tensor<1x1x?x7xf32>, tensor<1x2x1x7x16xf32>) outs(%{{.*}} : tensor<1x1x?x20xf32>) {
// CHECK: kernel.yield
// CHECK: } -> tensor<1x1x?x20xf32>
func.func @product(%a: tensor<1x1x?x7xf32>, %b: tensor<1x2x1x7x16xf32>, %c: tensor<1x1x?x20xf32>) -> tensor<1x1x?x20xf32> {
  %0 = kernel.brgemm ins(%a, %b : tensor<1x1x?x7xf32>, tensor<1x2x1x7x16xf32>) outs(%c : tensor<1x1x?x20xf32>) {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  } -> tensor<1x1x?x20xf32>
  return %0 : tensor<1x1x?x20xf32>
}

// CHECK-LABEL: func @convolution
// CHECK: kernel.brgemm {{.*}} extras({{.*}}) outs({{.*}}) kernel [3, 3] strides [2, 2] pads [1, 1, 1, 1] groups 2 {
func.func @convolution(%a: memref<1x8x8x6xf32>, %b: memref<2x1x9x3x16xf32>, %e: memref<1x1x1x8xf32>, %c: memref<1x4x4x8xf32>) {
  kernel.brgemm ins(%a, %b : memref<1x8x8x6xf32>, memref<2x1x9x3x16xf32>) extras(%e : memref<1x1x1x8xf32>)
    outs(%c : memref<1x4x4x8xf32>) kernel [3, 3] strides [2, 2] pads [1, 1, 1, 1] groups 2 {
  ^bb0(%sum: f32, %bias: f32):
    %0 = arith.addf %sum, %bias : f32
    kernel.yield %0 : f32
  }
  return
}

// CHECK-LABEL: func @heads
// CHECK: input_dims [0, 2, 1, 3] output_dims [0, 2, 1, 3]
func.func @heads(%a: tensor<2x9x4x8xf32>, %b: tensor<2x4x1x1x1x8x16xf32>, %c: tensor<2x9x4x9xf32>) -> tensor<2x9x4x9xf32> {
  %0 = kernel.brgemm ins(%a, %b : tensor<2x9x4x8xf32>, tensor<2x4x1x1x1x8x16xf32>) outs(%c : tensor<2x9x4x9xf32>)
    input_dims [0, 2, 1, 3] output_dims [0, 2, 1, 3] {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  } -> tensor<2x9x4x9xf32>
  return %0 : tensor<2x9x4x9xf32>
}

// CHECK-LABEL: func @depthwise
// CHECK: kernel.depthwise ins({{.*}}) outs({{.*}}) pads [1, 1, 1, 1] {
func.func @depthwise(%a: tensor<1x8x8x6xf32>, %w: tensor<3x3x6xf32>, %c: tensor<1x8x8x6xf32>) -> tensor<1x8x8x6xf32> {
  %0 = kernel.depthwise ins(%a, %w : tensor<1x8x8x6xf32>, tensor<3x3x6xf32>) outs(%c : tensor<1x8x8x6xf32>)
    pads [1, 1, 1, 1] {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  } -> tensor<1x8x8x6xf32>
  return %0 : tensor<1x8x8x6xf32>
}

// CHECK-LABEL: func @pack
// CHECK: kernel.pack ins(%{{.*}} : tensor<20x7x3x3xf32>) outs(%{{.*}} : tensor<1x2x9x7x16xf32>) dims [0, 2, 3, 1] -> tensor<1x2x9x7x16xf32>
// CHECK: kernel.pack ins(%{{.*}} : tensor<20x7x3x3xf32>) outs(%{{.*}} : tensor<1x1x9x20x16xf32>) dims [1, 2, 3, 0] flip -> tensor<1x1x9x20x16xf32>
func.func @pack(%w: tensor<20x7x3x3xf32>, %p: tensor<1x2x9x7x16xf32>, %q: tensor<1x1x9x20x16xf32>)
    -> (tensor<1x2x9x7x16xf32>, tensor<1x1x9x20x16xf32>) {
  %0 = kernel.pack ins(%w : tensor<20x7x3x3xf32>) outs(%p : tensor<1x2x9x7x16xf32>) dims [0, 2, 3, 1] -> tensor<1x2x9x7x16xf32>
  %1 = kernel.pack ins(%w : tensor<20x7x3x3xf32>) outs(%q : tensor<1x1x9x20x16xf32>) dims [1, 2, 3, 0] flip
    -> tensor<1x1x9x20x16xf32>
  return %0, %1 : tensor<1x2x9x7x16xf32>, tensor<1x1x9x20x16xf32>
}

// CHECK-LABEL: func @packed_rows
// CHECK: kernel.pack ins(%{{.*}} : tensor<29x20xf32>) outs(%{{.*}} : tensor<1x5x1x20x6xf32>) dims [0, -1, -1, 1] rows -> tensor<1x5x1x20x6xf32>
// CHECK: kernel.brgemm ins(%{{.*}} : tensor<1x5x1x20x6xf32>, tensor<1x1x1x20x16xf32>)
func.func @packed_rows(%x: tensor<29x20xf32>, %w: tensor<1x1x1x20x16xf32>, %p: tensor<1x5x1x20x6xf32>,
                       %c: tensor<1x1x29x16xf32>) -> tensor<1x1x29x16xf32> {
  %0 = kernel.pack ins(%x : tensor<29x20xf32>) outs(%p : tensor<1x5x1x20x6xf32>) dims [0, -1, -1, 1] rows
    -> tensor<1x5x1x20x6xf32>
  %1 = kernel.brgemm ins(%0, %w : tensor<1x5x1x20x6xf32>, tensor<1x1x1x20x16xf32>) outs(%c : tensor<1x1x29x16xf32>) {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  } -> tensor<1x1x29x16xf32>
  return %1 : tensor<1x1x29x16xf32>
}
