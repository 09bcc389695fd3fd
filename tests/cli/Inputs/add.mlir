// y = x + w, in the dialect that an import gives.
module @add {
  func.func @main(%x: tensor<2x3xf32> {ingot.name = "x"}) -> (tensor<2x3xf32> {ingot.name = "y"}) {
    %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
    %y = ingot.add %x, %w : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    return %y : tensor<2x3xf32>
  }
}
