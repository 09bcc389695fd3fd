// Every op that can meet a fault, each with inputs of its own.
module @faults {
  func.func @main(%a: tensor<37xi32> {ingot.name = "a"}, %b: tensor<37xi32> {ingot.name = "b"},
                  %x: tensor<4x3xf32> {ingot.name = "x"}, %rows: tensor<1x2xi64> {ingot.name = "rows"},
                  %places: tensor<4x1xi32> {ingot.name = "places"}, %tuples: tensor<1x2xi64> {ingot.name = "tuples"},
                  %into: tensor<1x2xi64> {ingot.name = "into"}, %over: tensor<1x3xi64> {ingot.name = "over"},
                  %u: tensor<1xf32> {ingot.name = "u"}, %v: tensor<1x3xf32> {ingot.name = "v"},
                  %bytes: tensor<2xui8> {ingot.name = "bytes"}, %by: tensor<ui8> {ingot.name = "by"})
      -> (tensor<37xi32> {ingot.name = "quotients"}, tensor<1x2x3xf32> {ingot.name = "gathered"},
          tensor<4x1xf32> {ingot.name = "elements"}, tensor<1xf32> {ingot.name = "chosen"},
          tensor<4x3xf32> {ingot.name = "scattered"}, tensor<4x3xf32> {ingot.name = "covered"},
          tensor<2xui8> {ingot.name = "small"}) {
    %0 = ingot.div %a, %b : (tensor<37xi32>, tensor<37xi32>) -> tensor<37xi32> loc("/quotient")
    %1 = ingot.gather %x, %rows : (tensor<4x3xf32>, tensor<1x2xi64>) -> tensor<1x2x3xf32> loc("/gather")
    %2 = ingot.gather_elements %x, %places {axis = 1 : i64} : (tensor<4x3xf32>, tensor<4x1xi32>) -> tensor<4x1xf32> loc("/elements")
    %3 = ingot.gather_nd %x, %tuples : (tensor<4x3xf32>, tensor<1x2xi64>) -> tensor<1xf32> loc("/tuples")
    %4 = ingot.scatter_nd %x, %into, %u : (tensor<4x3xf32>, tensor<1x2xi64>, tensor<1xf32>) -> tensor<4x3xf32> loc("/scatter")
    %5 = ingot.scatter_elements %x, %over, %v {axis = 0 : i64} : (tensor<4x3xf32>, tensor<1x3xi64>, tensor<1x3xf32>) -> tensor<4x3xf32> loc("/cover")
    %6 = ingot.div %bytes, %by : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8> loc("/bytes")
    return %0, %1, %2, %3, %4, %5, %6 : tensor<37xi32>, tensor<1x2x3xf32>, tensor<4x1xf32>, tensor<1xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<2xui8>
  }
}
