// Branches and loops, differentiated by what they are given and by what they use from around them.

// Slices in both directions, a carried value that is stacked, one that nothing follows from, and a capture.
func.func @scan(%init: tensor<2x3xf64>, %x: tensor<4x2x3xf64>, %reversed: tensor<4x3xf64>, %w: tensor<3x3xf64>,
                %scale: tensor<3xf64>) -> (tensor<2x3xf64>, tensor<4x2x3xf64>, tensor<4x2xf64>) {
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %h, %n, %all, %sums = ingot.scan init(%init, %zero : tensor<2x3xf64>, tensor<i64>)
                                   over(%x, %reversed : tensor<4x2x3xf64>, tensor<4x3xf64>) {
  ^bb0(%state: tensor<2x3xf64>, %count: tensor<i64>, %slice: tensor<2x3xf64>, %back: tensor<3xf64>):
    %product = ingot.matmul %state, %w : (tensor<2x3xf64>, tensor<3x3xf64>) -> tensor<2x3xf64>
    %step = ingot.cast %count {to = f64} : (tensor<i64>) -> tensor<f64>
    %0 = ingot.mul %slice, %scale : (tensor<2x3xf64>, tensor<3xf64>) -> tensor<2x3xf64>
    %1 = ingot.add %product, %0 : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
    %2 = ingot.mul %back, %step : (tensor<3xf64>, tensor<f64>) -> tensor<3xf64>
    %3 = ingot.add %1, %2 : (tensor<2x3xf64>, tensor<3xf64>) -> tensor<2x3xf64>
    %next = ingot.tanh %3 : (tensor<2x3xf64>) -> tensor<2x3xf64>
    %sum = ingot.reduce_sum %1 {axes = array<i64: 1>, keepdims = false} : (tensor<2x3xf64>) -> tensor<2xf64>
    %later = ingot.add %count, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
    ingot.yield %next, %later, %next, %sum : tensor<2x3xf64>, tensor<i64>, tensor<2x3xf64>, tensor<2xf64>
  } {backwards = array<i1: false, true, false, true>}
    -> tensor<2x3xf64>, tensor<i64>, tensor<4x2x3xf64>, tensor<4x2xf64>
  return %h, %all, %sums : tensor<2x3xf64>, tensor<4x2x3xf64>, tensor<4x2xf64>
}

// The same value as the first state, as slices and as a capture.
func.func @scan_of_one_value(%x: tensor<3x3xf64>) -> tensor<3x3xf64> {
  %y = ingot.scan init(%x : tensor<3x3xf64>) over(%x : tensor<3x3xf64>) {
  ^bb0(%state: tensor<3x3xf64>, %row: tensor<3xf64>):
    %0 = ingot.mul %state, %x : (tensor<3x3xf64>, tensor<3x3xf64>) -> tensor<3x3xf64>
    %1 = ingot.sub %0, %row : (tensor<3x3xf64>, tensor<3xf64>) -> tensor<3x3xf64>
    ingot.yield %1 : tensor<3x3xf64>
  } -> tensor<3x3xf64>
  return %y : tensor<3x3xf64>
}

// A loop in a loop, and a composite in it.
func.func @nested(%init: tensor<2x3xf64>, %x: tensor<2x3x3xf64>) -> (tensor<2x3xf64>, tensor<2x2x3xf64>) {
  %y, %all = ingot.scan init(%init : tensor<2x3xf64>) over(%x : tensor<2x3x3xf64>) {
  ^bb0(%state: tensor<2x3xf64>, %matrix: tensor<3x3xf64>):
    %inner = ingot.scan init(%state : tensor<2x3xf64>) over(%matrix : tensor<3x3xf64>) {
    ^bb0(%value: tensor<2x3xf64>, %row: tensor<3xf64>):
      %0 = ingot.mul %value, %row : (tensor<2x3xf64>, tensor<3xf64>) -> tensor<2x3xf64>
      %1 = ingot.matmul %0, %matrix : (tensor<2x3xf64>, tensor<3x3xf64>) -> tensor<2x3xf64>
      %2 = ingot.tanh %1 : (tensor<2x3xf64>) -> tensor<2x3xf64>
      ingot.yield %2 : tensor<2x3xf64>
    } -> tensor<2x3xf64>
    %p = ingot.softmax %inner : (tensor<2x3xf64>) -> tensor<2x3xf64>
    ingot.yield %inner, %p : tensor<2x3xf64>, tensor<2x3xf64>
  } -> tensor<2x3xf64>, tensor<2x2x3xf64>
  return %y, %all : tensor<2x3xf64>, tensor<2x2x3xf64>
}

func.func @if(%condition: tensor<i1>, %x: tensor<2x3xf64>, %y: tensor<3xf64>) -> (tensor<2x3xf64>, tensor<3xf64>) {
  %0:2 = ingot.if %condition {
    %1 = ingot.mul %x, %y : (tensor<2x3xf64>, tensor<3xf64>) -> tensor<2x3xf64>
    ingot.yield %1, %y : tensor<2x3xf64>, tensor<3xf64>
  } else {
    %1 = ingot.exp %x : (tensor<2x3xf64>) -> tensor<2x3xf64>
    %2 = ingot.reduce_sum %1 {axes = array<i64: 0>, keepdims = false} : (tensor<2x3xf64>) -> tensor<3xf64>
    ingot.yield %1, %2 : tensor<2x3xf64>, tensor<3xf64>
  } : (tensor<i1>) -> (tensor<2x3xf64>, tensor<3xf64>)
  return %0#0, %0#1 : tensor<2x3xf64>, tensor<3xf64>
}

func.func @other_branch(%x: tensor<2x3xf64>, %y: tensor<3xf64>, %limit: tensor<i64>) -> tensor<2x3xf64>
    attributes {ingot.inputs = [unit, unit, dense<3> : tensor<i64>]} {
  %one = arith.constant dense<1> : tensor<i64>
  %condition = ingot.less %limit, %one : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %0 = ingot.if %condition {
    %1 = ingot.mul %x, %y : (tensor<2x3xf64>, tensor<3xf64>) -> tensor<2x3xf64>
    ingot.yield %1 : tensor<2x3xf64>
  } else {
    %1 = ingot.exp %x : (tensor<2x3xf64>) -> tensor<2x3xf64>
    ingot.yield %1 : tensor<2x3xf64>
  } : (tensor<i1>) -> tensor<2x3xf64>
  return %0 : tensor<2x3xf64>
}

// Three steps of five.
func.func @while(%limit: tensor<i64>, %x: tensor<2x3xf64>, %w: tensor<3x3xf64>) -> tensor<2x3xf64>
    attributes {ingot.inputs = [dense<3> : tensor<i64>, unit, unit]} {
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %runs = ingot.less %zero, %limit : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %n, %y = ingot.while %runs init(%zero, %x : tensor<i64>, tensor<2x3xf64>) {
  ^bb0(%step: tensor<i64>, %state: tensor<2x3xf64>):
    %0 = ingot.matmul %state, %w : (tensor<2x3xf64>, tensor<3x3xf64>) -> tensor<2x3xf64>
    %1 = ingot.tanh %0 : (tensor<2x3xf64>) -> tensor<2x3xf64>
    %next = ingot.add %step, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
    %again = ingot.less %next, %limit : (tensor<i64>, tensor<i64>) -> tensor<i1>
    ingot.yield %again, %next, %1 : tensor<i1>, tensor<i64>, tensor<2x3xf64>
  } {max_steps = 5 : i64} : (tensor<i1>) -> (tensor<i64>, tensor<2x3xf64>)
  return %y : tensor<2x3xf64>
}
