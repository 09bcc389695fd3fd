// Small models as functions of their parameters and data, each with a loss.

func.func @mlp(%x: tensor<5x3xf64>, %w1: tensor<3x7xf64>, %b1: tensor<7xf64>, %w2: tensor<7x2xf64>, %b2: tensor<2xf64>,
               %target: tensor<5x2xf64>) -> tensor<f64> {
  %0 = ingot.matmul %x, %w1 : (tensor<5x3xf64>, tensor<3x7xf64>) -> tensor<5x7xf64>
  %1 = ingot.add %0, %b1 : (tensor<5x7xf64>, tensor<7xf64>) -> tensor<5x7xf64>
  %2 = ingot.tanh %1 : (tensor<5x7xf64>) -> tensor<5x7xf64>
  %3 = ingot.matmul %2, %w2 : (tensor<5x7xf64>, tensor<7x2xf64>) -> tensor<5x2xf64>
  %4 = ingot.add %3, %b2 : (tensor<5x2xf64>, tensor<2xf64>) -> tensor<5x2xf64>
  %5 = ingot.sub %4, %target : (tensor<5x2xf64>, tensor<5x2xf64>) -> tensor<5x2xf64>
  %6 = ingot.mul %5, %5 : (tensor<5x2xf64>, tensor<5x2xf64>) -> tensor<5x2xf64>
  %loss = ingot.reduce_mean %6 {axes = array<i64: 0, 1>, keepdims = false} : (tensor<5x2xf64>) -> tensor<f64>
  return %loss : tensor<f64>
}

func.func @cnn(%x: tensor<2x2x7x7xf64>, %w1: tensor<3x2x3x3xf64>, %scale: tensor<3xf64>, %bias: tensor<3xf64>,
               %w2: tensor<3x3x2xf64>, %labels: tensor<2xi64>) -> tensor<f64>
    attributes {ingot.inputs = [unit, unit, unit, unit, unit, dense<[1, 0]> : tensor<2xi64>]} {
  %0 = ingot.conv %x, %w1 {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>}
     : (tensor<2x2x7x7xf64>, tensor<3x2x3x3xf64>) -> tensor<2x3x4x4xf64>
  %1 = ingot.group_norm %0, %scale, %bias {num_groups = 3 : i64}
     : (tensor<2x3x4x4xf64>, tensor<3xf64>, tensor<3xf64>) -> tensor<2x3x4x4xf64>
  %2 = ingot.relu %1 : (tensor<2x3x4x4xf64>) -> tensor<2x3x4x4xf64>
  %3 = ingot.window_max %2 {window = array<i64: 1, 1, 2, 2>} : (tensor<2x3x4x4xf64>) -> tensor<2x3x3x3xf64>
  %4 = ingot.window_sum %3 {window = array<i64: 1, 1, 3, 1>} : (tensor<2x3x3x3xf64>) -> tensor<2x3x1x3xf64>
  %5 = ingot.reshape %4 {shape = array<i64: 2, 1, 3, 3>} : (tensor<2x3x1x3xf64>) -> tensor<2x1x3x3xf64>
  %6 = ingot.sigmoid %5 : (tensor<2x1x3x3xf64>) -> tensor<2x1x3x3xf64>
  %7 = ingot.matmul %6, %w2 {transpose_a = true} : (tensor<2x1x3x3xf64>, tensor<3x3x2xf64>) -> tensor<2x3x3x2xf64>
  %8 = ingot.reduce_sum %7 {axes = array<i64: 2, 3>, keepdims = false} : (tensor<2x3x3x2xf64>) -> tensor<2x3xf64>
  %loss, %log = ingot.softmax_cross_entropy %8, %labels : (tensor<2x3xf64>, tensor<2xi64>) -> (tensor<f64>, tensor<2x3xf64>)
  return %loss : tensor<f64>
}

func.func @transformer(%tokens: tensor<2x5xi64>, %table: tensor<4x6xf64>, %scale: tensor<6xf64>, %bias: tensor<6xf64>,
                       %q: tensor<6x6xf64>, %k: tensor<6x6xf64>, %v: tensor<6x6xf64>, %up: tensor<6x8xf64>,
                       %down: tensor<8x6xf64>) -> tensor<f64>
    attributes {ingot.inputs = [dense<[[0, 1, 3, 2, 1], [3, 3, 0, 1, 2]]> : tensor<2x5xi64>, unit, unit, unit, unit, unit, unit,
                                unit, unit]} {
  %0 = ingot.gather %table, %tokens : (tensor<4x6xf64>, tensor<2x5xi64>) -> tensor<2x5x6xf64>
  %1, %mean, %inv = ingot.layer_norm %0, %scale, %bias : (tensor<2x5x6xf64>, tensor<6xf64>, tensor<6xf64>)
     -> (tensor<2x5x6xf64>, tensor<2x5x1xf64>, tensor<2x5x1xf64>)
  %2 = ingot.matmul %1, %q : (tensor<2x5x6xf64>, tensor<6x6xf64>) -> tensor<2x5x6xf64>
  %3 = ingot.matmul %1, %k : (tensor<2x5x6xf64>, tensor<6x6xf64>) -> tensor<2x5x6xf64>
  %4 = ingot.matmul %1, %v : (tensor<2x5x6xf64>, tensor<6x6xf64>) -> tensor<2x5x6xf64>
  %5 = ingot.reshape %2 {shape = array<i64: 2, 5, 2, 3>} : (tensor<2x5x6xf64>) -> tensor<2x5x2x3xf64>
  %6 = ingot.reshape %3 {shape = array<i64: 2, 5, 2, 3>} : (tensor<2x5x6xf64>) -> tensor<2x5x2x3xf64>
  %7 = ingot.reshape %4 {shape = array<i64: 2, 5, 2, 3>} : (tensor<2x5x6xf64>) -> tensor<2x5x2x3xf64>
  %8 = ingot.attention %5, %6, %7 {causal = true, q_dims = array<i64: 0, 2, 1, 3>, k_dims = array<i64: 0, 2, 1, 3>,
      v_dims = array<i64: 0, 2, 1, 3>, y_dims = array<i64: 0, 2, 1, 3>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
     : (tensor<2x5x2x3xf64>, tensor<2x5x2x3xf64>, tensor<2x5x2x3xf64>) -> tensor<2x5x2x3xf64>
  %9 = ingot.reshape %8 {shape = array<i64: 2, 5, 6>} : (tensor<2x5x2x3xf64>) -> tensor<2x5x6xf64>
  %10 = ingot.add %0, %9 : (tensor<2x5x6xf64>, tensor<2x5x6xf64>) -> tensor<2x5x6xf64>
  %11 = ingot.matmul %10, %up : (tensor<2x5x6xf64>, tensor<6x8xf64>) -> tensor<2x5x8xf64>
  %12 = ingot.gelu %11 : (tensor<2x5x8xf64>) -> tensor<2x5x8xf64>
  %13 = ingot.matmul %12, %down : (tensor<2x5x8xf64>, tensor<8x6xf64>) -> tensor<2x5x6xf64>
  %14 = ingot.matmul %13, %table {transpose_b = true} : (tensor<2x5x6xf64>, tensor<4x6xf64>) -> tensor<2x5x4xf64>
  %15 = ingot.log_softmax %14 : (tensor<2x5x4xf64>) -> tensor<2x5x4xf64>
  %index = ingot.reshape %tokens {shape = array<i64: 2, 5, 1>} : (tensor<2x5xi64>) -> tensor<2x5x1xi64>
  %16 = ingot.gather_elements %15, %index {axis = 2 : i64} : (tensor<2x5x4xf64>, tensor<2x5x1xi64>) -> tensor<2x5x1xf64>
  %loss = ingot.reduce_mean %16 {axes = array<i64: 0, 1, 2>, keepdims = false} : (tensor<2x5x1xf64>) -> tensor<f64>
  return %loss : tensor<f64>
}
