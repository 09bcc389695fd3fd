// Quotients of one number, given in 64 bits and cut to 32.
module @overflow {
  func.func @main(%a: tensor<i64> {ingot.name = "a"}, %b: tensor<1x19xi32> {ingot.name = "b"})
      -> (tensor<1x19xi32> {ingot.name = "y"}) {
    %0 = ingot.cast %a {to = i32} : (tensor<i64>) -> tensor<i32>
    %1 = ingot.div %0, %b : (tensor<i32>, tensor<1x19xi32>) -> tensor<1x19xi32> loc("/quotient")
    return %1 : tensor<1x19xi32>
  }
}
