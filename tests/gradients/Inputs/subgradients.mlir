// The values that PyTorch 2.15 gives where a function has a kink, ties or zeros: each function returns the gradient of the
// sum of one op's results.

func.func @relu(%0: tensor<3xf32>) -> (tensor<3xf32>)
    attributes {ingot.inputs = [dense<[-1.0, 0.0, 1.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[0.0, 0.0, 1.0]> : tensor<3xf32>]} {
  %y = ingot.relu %0 : (tensor<3xf32>) -> tensor<3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)
  return %g#0 : tensor<3xf32>
}

func.func @abs(%0: tensor<3xf32>) -> (tensor<3xf32>)
    attributes {ingot.inputs = [dense<[-1.0, 0.0, 1.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[-1.0, 0.0, 1.0]> : tensor<3xf32>]} {
  %y = ingot.abs %0 : (tensor<3xf32>) -> tensor<3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)
  return %g#0 : tensor<3xf32>
}

func.func @sign(%0: tensor<3xf32>) -> (tensor<3xf32>)
    attributes {ingot.inputs = [dense<[-1.0, 0.0, 1.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[0.0, 0.0, 0.0]> : tensor<3xf32>]} {
  %y = ingot.sign %0 : (tensor<3xf32>) -> tensor<3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)
  return %g#0 : tensor<3xf32>
}

func.func @round(%0: tensor<2xf32>) -> (tensor<2xf32>)
    attributes {ingot.inputs = [dense<[0.5, 1.5]> : tensor<2xf32>],
                ingot.outputs = [dense<[0.0, 0.0]> : tensor<2xf32>]} {
  %y = ingot.round %0 : (tensor<2xf32>) -> tensor<2xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<2xf32>, tensor<2xf32>) -> (tensor<2xf32>)
  return %g#0 : tensor<2xf32>
}

func.func @leaky_relu(%0: tensor<3xf32>) -> (tensor<3xf32>)
    attributes {ingot.inputs = [dense<[-1.0, 0.0, 1.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[0.25, 0.25, 1.0]> : tensor<3xf32>]} {
  %y = ingot.leaky_relu %0 {alpha = 0.25 : f32} : (tensor<3xf32>) -> tensor<3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)
  return %g#0 : tensor<3xf32>
}

func.func @elu(%0: tensor<3xf32>) -> (tensor<3xf32>)
    attributes {ingot.inputs = [dense<[-1.0, 0.0, 1.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[0.7357588823428847, 2.0, 1.0]> : tensor<3xf32>]} {
  %y = ingot.elu %0 {alpha = 2.0 : f32} : (tensor<3xf32>) -> tensor<3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)
  return %g#0 : tensor<3xf32>
}

func.func @hard_sigmoid(%0: tensor<3xf32>) -> (tensor<3xf32>)
    attributes {ingot.inputs = [dense<[-4.0, 0.0, 4.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[0.0, 0.25, 0.0]> : tensor<3xf32>]} {
  %y = ingot.hard_sigmoid %0 {alpha = 0.25 : f32} : (tensor<3xf32>) -> tensor<3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)
  return %g#0 : tensor<3xf32>
}

func.func @hard_swish(%0: tensor<3xf32>) -> (tensor<3xf32>)
    attributes {ingot.inputs = [dense<[-3.0, 0.0, 3.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[0.0, 0.5, 1.0]> : tensor<3xf32>]} {
  %y = ingot.hard_swish %0 : (tensor<3xf32>) -> tensor<3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)
  return %g#0 : tensor<3xf32>
}

func.func @softplus(%0: tensor<3xf32>) -> (tensor<3xf32>)
    attributes {ingot.inputs = [dense<[0.0, 100.0, -100.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[0.5, 1.0, 0.0]> : tensor<3xf32>]} {
  %y = ingot.softplus %0 : (tensor<3xf32>) -> tensor<3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)
  return %g#0 : tensor<3xf32>
}

func.func @softsign(%0: tensor<3xf32>) -> (tensor<3xf32>)
    attributes {ingot.inputs = [dense<[-1.0, 0.0, 1.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[0.25, 1.0, 0.25]> : tensor<3xf32>]} {
  %y = ingot.softsign %0 : (tensor<3xf32>) -> tensor<3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)
  return %g#0 : tensor<3xf32>
}

func.func @sqrt(%0: tensor<2xf32>) -> (tensor<2xf32>)
    attributes {ingot.inputs = [dense<[0.0, 1.0]> : tensor<2xf32>],
                ingot.outputs = [dense<[0x7F800000, 0.5]> : tensor<2xf32>]} {
  %y = ingot.sqrt %0 : (tensor<2xf32>) -> tensor<2xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<2xf32>, tensor<2xf32>) -> (tensor<2xf32>)
  return %g#0 : tensor<2xf32>
}

func.func @max(%0: tensor<3xf32>, %1: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
    attributes {ingot.inputs = [dense<[1.0, 2.0, 3.0]> : tensor<3xf32>, dense<[2.0, 2.0, 2.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[0.0, 0.5, 1.0]> : tensor<3xf32>, dense<[1.0, 0.5, 0.0]> : tensor<3xf32>]} {
  %y = ingot.max %0, %1 : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %g:2 = ingot.gradient %y, %0, %1 : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %g#0, %g#1 : tensor<3xf32>, tensor<3xf32>
}

func.func @min(%0: tensor<3xf32>, %1: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
    attributes {ingot.inputs = [dense<[1.0, 2.0, 3.0]> : tensor<3xf32>, dense<[2.0, 2.0, 2.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[1.0, 0.5, 0.0]> : tensor<3xf32>, dense<[0.0, 0.5, 1.0]> : tensor<3xf32>]} {
  %y = ingot.min %0, %1 : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %g:2 = ingot.gradient %y, %0, %1 : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %g#0, %g#1 : tensor<3xf32>, tensor<3xf32>
}

func.func @pow(%0: tensor<4xf32>, %1: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    attributes {ingot.inputs = [dense<[0.0, 0.0, 0.0, 2.0]> : tensor<4xf32>, dense<[2.0, 1.0, 0.0, 0.0]> : tensor<4xf32>],
                ingot.outputs = [dense<[0.0, 1.0, 0.0, 0.0]> : tensor<4xf32>, dense<[0.0, 0.0, 0.0, 0.6931471805599453]> : tensor<4xf32>]} {
  %y = ingot.pow %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %g:2 = ingot.gradient %y, %0, %1 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %g#0, %g#1 : tensor<4xf32>, tensor<4xf32>
}

func.func @reduce_max(%0: tensor<2x3xf32>) -> (tensor<2x3xf32>)
    attributes {ingot.inputs = [dense<[[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]> : tensor<2x3xf32>],
                ingot.outputs = [dense<[[0.0, 0.5, 0.5], [0.3333333333333333, 0.3333333333333333, 0.3333333333333333]]> : tensor<2x3xf32>]} {
  %y = ingot.reduce_max %0 {axes = array<i64: 1>, keepdims = false} : (tensor<2x3xf32>) -> tensor<2xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<2xf32>, tensor<2x3xf32>) -> (tensor<2x3xf32>)
  return %g#0 : tensor<2x3xf32>
}

func.func @reduce_prod(%0: tensor<3x3xf32>) -> (tensor<3x3xf32>)
    attributes {ingot.inputs = [dense<[[1.0, 0.0, 3.0], [0.0, 2.0, 0.0], [2.0, 3.0, 4.0]]> : tensor<3x3xf32>],
                ingot.outputs = [dense<[[0.0, 3.0, 0.0], [0.0, 0.0, 0.0], [12.0, 8.0, 6.0]]> : tensor<3x3xf32>]} {
  %y = ingot.reduce_prod %0 {axes = array<i64: 1>, keepdims = false} : (tensor<3x3xf32>) -> tensor<3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<3xf32>, tensor<3x3xf32>) -> (tensor<3x3xf32>)
  return %g#0 : tensor<3x3xf32>
}

func.func @reduce_prod_twice(%0: tensor<4x3xf32>, %1: tensor<3xf32>) -> (tensor<4x3xf32>)
    attributes {ingot.inputs = [dense<[[1.0, 0.0, 3.0], [0.0, 2.0, 0.0], [2.0, 3.0, 4.0], [0.0, 0.0, 0.0]]> : tensor<4x3xf32>,
                                dense<[1.0, 2.0, 3.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[[6.0, 6.0, 2.0], [6.0, 0.0, 2.0], [17.0, 10.0, 7.0], [0.0, 0.0, 0.0]]> : tensor<4x3xf32>]} {
  %y = ingot.reduce_prod %0 {axes = array<i64: 1>, keepdims = false} : (tensor<4x3xf32>) -> tensor<4xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<4xf32>, tensor<4x3xf32>) -> (tensor<4x3xf32>)
  %p = ingot.mul %g#0, %1 : (tensor<4x3xf32>, tensor<3xf32>) -> tensor<4x3xf32>
  %h:1 = ingot.gradient %p, %0 : (tensor<4x3xf32>, tensor<4x3xf32>) -> (tensor<4x3xf32>)
  return %h#0 : tensor<4x3xf32>
}

func.func @reduce_prod_twice_over_all(%0: tensor<2x3xf32>, %1: tensor<3xf32>) -> (tensor<2x3xf32>)
    attributes {ingot.inputs = [dense<[[1.0, 0.0, 3.0], [2.0, 0.0, 2.0]]> : tensor<2x3xf32>,
                                dense<[1.0, 2.0, 3.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[[0.0, 24.0, 0.0], [0.0, 24.0, 0.0]]> : tensor<2x3xf32>]} {
  %y = ingot.reduce_prod %0 {axes = array<i64: 0, 1>, keepdims = false} : (tensor<2x3xf32>) -> tensor<f32>
  %g:1 = ingot.gradient %y, %0 : (tensor<f32>, tensor<2x3xf32>) -> (tensor<2x3xf32>)
  %p = ingot.mul %g#0, %1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %h:1 = ingot.gradient %p, %0 : (tensor<2x3xf32>, tensor<2x3xf32>) -> (tensor<2x3xf32>)
  return %h#0 : tensor<2x3xf32>
}

func.func @cumprod(%0: tensor<4x4xf32>) -> (tensor<4x4xf32>)
    attributes {ingot.inputs = [dense<[[2.0, 0.0, 3.0, 0.0], [0.0, 1.0, 2.0, 3.0], [1.0, 2.0, -3.0, 0.5], [4.0, 0.0, 2.0, 3.0]]> : tensor<4x4xf32>],
                ingot.outputs = [dense<[[1.0, 8.0, 0.0, 0.0], [10.0, 0.0, 0.0, 0.0], [-6.0, -3.5, 3.0, -6.0], [1.0, 36.0, 0.0, 0.0]]> : tensor<4x4xf32>]} {
  %y = ingot.cumprod %0 {axis = 1 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x4xf32>)
  return %g#0 : tensor<4x4xf32>
}

func.func @cumprod_of_the_others_reversed(%0: tensor<4x4xf32>) -> (tensor<4x4xf32>)
    attributes {ingot.inputs = [dense<[[2.0, 0.0, 3.0, 0.0], [0.0, 1.0, 2.0, 3.0], [1.0, 2.0, -3.0, 0.5], [4.0, 0.0, 2.0, 3.0]]> : tensor<4x4xf32>],
                ingot.outputs = [dense<[[0.0, 0.0, 0.0, 4.0], [0.0, 6.0, 6.0, 5.0], [0.0, -1.5, 1.5, -8.0], [0.0, 6.0, 3.0, 3.0]]> : tensor<4x4xf32>]} {
  %y = ingot.cumprod %0 {axis = 1 : i64, exclusive = true, reverse = true} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x4xf32>)
  return %g#0 : tensor<4x4xf32>
}

func.func @reduce_l2(%0: tensor<2x3xf32>) -> (tensor<2x3xf32>)
    attributes {ingot.inputs = [dense<[[0.0, 0.0, 0.0], [3.0, 0.0, 4.0]]> : tensor<2x3xf32>],
                ingot.outputs = [dense<[[0.0, 0.0, 0.0], [0.6, 0.0, 0.8]]> : tensor<2x3xf32>]} {
  %y = ingot.reduce_l2 %0 {axes = array<i64: 1>, keepdims = false} : (tensor<2x3xf32>) -> tensor<2xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<2xf32>, tensor<2x3xf32>) -> (tensor<2x3xf32>)
  return %g#0 : tensor<2x3xf32>
}

func.func @reduce_log_sum_exp(%0: tensor<3xf32>) -> (tensor<3xf32>)
    attributes {ingot.inputs = [dense<[0xFF800000, 0.0, 0.0]> : tensor<3xf32>],
                ingot.outputs = [dense<[0.0, 0.5, 0.5]> : tensor<3xf32>]} {
  %y = ingot.reduce_log_sum_exp %0 {axes = array<i64: 0>, keepdims = false} : (tensor<3xf32>) -> tensor<f32>
  %g:1 = ingot.gradient %y, %0 : (tensor<f32>, tensor<3xf32>) -> (tensor<3xf32>)
  return %g#0 : tensor<3xf32>
}

func.func @window_max(%0: tensor<1x7xf32>) -> (tensor<1x7xf32>)
    attributes {ingot.inputs = [dense<[[1.0, 5.0, 5.0, 3.0, 5.0, 5.0, 5.0]]> : tensor<1x7xf32>],
                ingot.outputs = [dense<[[0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0]]> : tensor<1x7xf32>]} {
  %y = ingot.window_max %0 {window = array<i64: 1, 3>, strides = array<i64: 1, 2>} : (tensor<1x7xf32>) -> tensor<1x3xf32>
  %g:1 = ingot.gradient %y, %0 : (tensor<1x3xf32>, tensor<1x7xf32>) -> (tensor<1x7xf32>)
  return %g#0 : tensor<1x7xf32>
}
