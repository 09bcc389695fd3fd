// RUN: ingot-opt %s --form-groups --select-kernels | FileCheck %s

// A constant weight is packed outside its group, and bias and activation run on the accumulators.
// CHECK-LABEL: func.func @dense
// CHECK: %[[P:.*]] = kernel.pack ins(%{{.*}} : tensor<20x37xf32>) outs(%{{.*}} : tensor<1x3x1x20x16xf32>) dims [1, -1, -1, 0]
// CHECK: ingot.group(%arg0, %arg1, %[[P]])
// CHECK: kernel.brgemm ins(%{{.*}}, %{{.*}} : tensor<1x1x5x20xf32>, tensor<1x3x1x20x16xf32>) extras(%{{.*}} : tensor<1x1x1x37xf32>)
// CHECK: arith.addf
// CHECK: arith.select
// CHECK: kernel.yield
// CHECK-NOT: ingot.matmul
func.func @dense(%x: tensor<5x20xf32>, %b: tensor<37xf32>) -> tensor<5x37xf32> {
  %w = ingot.read_weight @w : tensor<20x37xf32>
  %y = ingot.matmul %x, %w : (tensor<5x20xf32>, tensor<20x37xf32>) -> tensor<5x37xf32>
  %a = ingot.add %y, %b : (tensor<5x37xf32>, tensor<37xf32>) -> tensor<5x37xf32>
  %z = ingot.relu %a : (tensor<5x37xf32>) -> tensor<5x37xf32>
  return %z : tensor<5x37xf32>
}

// A right side that is known at run time only is packed by a group of its own.
// CHECK-LABEL: func.func @batched
// CHECK: ingot.group(%arg1)
// CHECK: kernel.pack
// CHECK: ingot.group(%arg0,
// CHECK: kernel.brgemm
func.func @batched(%x: tensor<3x5x20xf32>, %y: tensor<3x20x7xf32>) -> tensor<3x5x7xf32> {
  %z = ingot.matmul %x, %y : (tensor<3x5x20xf32>, tensor<3x20x7xf32>) -> tensor<3x5x7xf32>
  return %z : tensor<3x5x7xf32>
}

// Channels last, as the layout phase leaves it.
// CHECK-LABEL: func.func @conv
// CHECK: kernel.brgemm ins(%{{.*}} : tensor<1x9x9x8xf32>, tensor<1x1x9x8x16xf32>)
// CHECK-SAME: kernel [3, 3] strides [2, 2] pads [1, 1, 1, 1]
func.func @conv(%x: tensor<1x9x9x8xf32>) -> tensor<1x5x5x16xf32> {
  %w = ingot.read_weight @k : tensor<16x8x3x3xf32>
  %y = ingot.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, x_dims = array<i64: 0, 3, 1, 2>,
    y_dims = array<i64: 0, 3, 1, 2>} : (tensor<1x9x9x8xf32>, tensor<16x8x3x3xf32>) -> tensor<1x5x5x16xf32>
  return %y : tensor<1x5x5x16xf32>
}

// A channel of its own for each: a depthwise kernel.
// CHECK-LABEL: func.func @depthwise
// CHECK: kernel.depthwise
func.func @depthwise(%x: tensor<1x9x9x8xf32>) -> tensor<1x9x9x8xf32> {
  %w = ingot.read_weight @d : tensor<8x1x3x3xf32>
  %y = ingot.conv %x, %w {groups = 8 : i64, pads = array<i64: 1, 1, 1, 1>, x_dims = array<i64: 0, 3, 1, 2>,
    y_dims = array<i64: 0, 3, 1, 2>} : (tensor<1x9x9x8xf32>, tensor<8x1x3x3xf32>) -> tensor<1x9x9x8xf32>
  return %y : tensor<1x9x9x8xf32>
}

ingot.weight @w : tensor<20x37xf32> = "b3:00"
ingot.weight @k : tensor<16x8x3x3xf32> = "b3:01"
ingot.weight @d : tensor<8x1x3x3xf32> = "b3:02"

// Heads stay where they are: the kernel reads and writes past them instead of transposing.
// CHECK-LABEL: func.func @heads
// CHECK: kernel.pack ins(%{{.*}} : tensor<2x6x3x8xf32>) outs(%{{.*}}) dims [0, 2, 1, -1, -1, 3]
// CHECK: kernel.brgemm ins(%{{.*}}, %{{.*}} : tensor<2x5x3x8xf32>,
// CHECK-SAME: input_dims [0, 2, 1, 3]
// CHECK-NOT: ingot.transpose
func.func @heads(%q: tensor<2x5x3x8xf32>, %k: tensor<2x6x3x8xf32>) -> tensor<2x3x5x6xf32> {
  %0 = ingot.transpose %q {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x5x3x8xf32>) -> tensor<2x3x5x8xf32>
  %1 = ingot.transpose %k {perm = array<i64: 0, 2, 3, 1>} : (tensor<2x6x3x8xf32>) -> tensor<2x3x8x6xf32>
  %2 = ingot.matmul %0, %1 : (tensor<2x3x5x8xf32>, tensor<2x3x8x6xf32>) -> tensor<2x3x5x6xf32>
  return %2 : tensor<2x3x5x6xf32>
}

// A left side that outgrows the first cache is packed as well where many columns share it: tiles of six rows.
// CHECK-LABEL: func.func @wide
// CHECK: %[[A:.*]] = ingot.group(%arg0)
// CHECK: kernel.pack ins(%{{.*}} : tensor<1x1x128x768xf32>) outs(%{{.*}} : tensor<1x22x1x768x6xf32>) dims [2, 0, 1, 3] rows
// CHECK: ingot.group(%{{.*}}, %[[A]])
// CHECK: kernel.brgemm ins(%{{.*}} : tensor<1x22x1x768x6xf32>, tensor<1x64x1x768x16xf32>)
func.func @wide(%x: tensor<128x768xf32>) -> tensor<128x1024xf32> {
  %w = ingot.read_weight @wide_weight : tensor<768x1024xf32>
  %y = ingot.matmul %x, %w : (tensor<128x768xf32>, tensor<768x1024xf32>) -> tensor<128x1024xf32>
  return %y : tensor<128x1024xf32>
}

// Few columns do not pay for it.
// CHECK-LABEL: func.func @narrow
// CHECK-NOT: rows
// CHECK: return
func.func @narrow(%x: tensor<128x768xf32>) -> tensor<128x37xf32> {
  %w = ingot.read_weight @narrow_weight : tensor<768x37xf32>
  %y = ingot.matmul %x, %w : (tensor<128x768xf32>, tensor<768x37xf32>) -> tensor<128x37xf32>
  return %y : tensor<128x37xf32>
}

ingot.weight @wide_weight : tensor<768x1024xf32> = "b3:03"
ingot.weight @narrow_weight : tensor<768x37xf32> = "b3:04"

// The gradient of a convolution's input, and a transposed convolution, turn the window: packing does.
// CHECK-LABEL: func.func @turned
// CHECK: kernel.pack ins(%{{.*}} : tensor<8x16x3x3xf32>) outs(%{{.*}}) dims [1, 2, 3, 0] flip
// CHECK: kernel.brgemm ins(%{{.*}} : tensor<1x5x5x8xf32>, tensor<1x1x9x8x16xf32>)
// CHECK-SAME: input_dilations [2, 2]
func.func @turned(%x: tensor<1x5x5x8xf32>) -> tensor<1x9x9x16xf32> {
  %w = ingot.read_weight @turned_weight : tensor<8x16x3x3xf32>
  %y = ingot.conv %x, %w {pads = array<i64: 1, 1, 1, 1>, input_dilations = array<i64: 2, 2>, flip = true,
    x_dims = array<i64: 0, 3, 1, 2>, w_dims = array<i64: 1, 0, 2, 3>, y_dims = array<i64: 0, 3, 1, 2>}
    : (tensor<1x5x5x8xf32>, tensor<8x16x3x3xf32>) -> tensor<1x9x9x16xf32>
  return %y : tensor<1x9x9x16xf32>
}

ingot.weight @turned_weight : tensor<8x16x3x3xf32> = "b3:05"
