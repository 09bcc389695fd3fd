// RUN: ingot-opt %s --pass-pipeline="builtin.module(func.func(guard-divisions,canonicalize,cse))" | FileCheck %s

#vector = affine_map<(i) -> (i)>
#scalar = affine_map<(i) -> ()>

// The check reads what the condition needs, and the division cannot trap.
// CHECK-LABEL: func.func @quotient
// CHECK: %[[FOUND:.*]] = linalg.generic
// CHECK-SAME: iterator_types = ["reduction"]
// CHECK: ^bb0(%[[X:.*]]: i32, %[[Y:.*]]: i32, %[[ANY:.*]]: i32):
// CHECK-NEXT: %[[ZERO:.*]] = arith.cmpi eq, %[[Y]], %c0_i32
// CHECK-NEXT: %[[MIN:.*]] = arith.cmpi eq, %[[X]], %c-2147483648_i32
// CHECK-NEXT: %[[ONE:.*]] = arith.cmpi eq, %[[Y]], %c-1_i32
// CHECK-NEXT: %[[OVERFLOW:.*]] = arith.andi %[[MIN]], %[[ONE]]
// CHECK-NEXT: %[[FAULT:.*]] = arith.ori %[[ZERO]], %[[OVERFLOW]]
// CHECK-NEXT: %[[BIT:.*]] = arith.extui %[[FAULT]]
// CHECK-NEXT: arith.ori %[[ANY]], %[[BIT]]
// CHECK: tensor.extract %[[FOUND]][]
// CHECK: cf.assert %{{.*}}, "/quotient"
// CHECK: linalg.generic
// CHECK: %[[SAFE:.*]] = arith.select %{{.*}}, %c1_i32, %{{.*}} : i32
// CHECK: arith.divsi %{{.*}}, %[[SAFE]]
func.func @quotient(%x: tensor<7xi32>, %y: tensor<7xi32>) -> tensor<7xi32> {
  %init = tensor.empty() : tensor<7xi32>
  %0 = linalg.generic {indexing_maps = [#vector, #vector, #vector], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<7xi32>, tensor<7xi32>) outs(%init : tensor<7xi32>) {
  ^bb0(%a: i32, %b: i32, %c: i32):
    %q = arith.divsi %a, %b : i32 loc("/quotient")
    linalg.yield %q : i32
  } -> tensor<7xi32> loc("/quotient")
  return %0 : tensor<7xi32>
}

// A remainder by -1 is 0 and no fault; the loop of a condition that reads a scalar takes its length from another operand.
// CHECK-LABEL: func.func @remainder
// CHECK: linalg.generic
// CHECK: ^bb0(%{{.*}}: i64, %[[Y:[a-z0-9_]*]]: i64, %{{.*}}: i32):
// CHECK-NEXT: arith.cmpi eq, %[[Y]], %c0_i64
// CHECK-NOT: arith.cmpi
// CHECK: linalg.yield
// CHECK: cf.assert
// CHECK: arith.remsi
func.func @remainder(%x: tensor<7xi64>, %y: tensor<i64>) -> tensor<7xi64> {
  %init = tensor.empty() : tensor<7xi64>
  %0 = linalg.generic {indexing_maps = [#vector, #scalar, #vector], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<7xi64>, tensor<i64>) outs(%init : tensor<7xi64>) {
  ^bb0(%a: i64, %b: i64, %c: i64):
    %q = arith.remsi %a, %b : i64
    linalg.yield %q : i64
  } -> tensor<7xi64>
  return %0 : tensor<7xi64>
}

// CHECK-LABEL: func.func @constants
// CHECK-NOT: cf.assert
// CHECK: return
func.func @constants(%x: tensor<7xi32>) -> tensor<7xi32> {
  %init = tensor.empty() : tensor<7xi32>
  %y = arith.constant dense<[1, 2, 3, 4, 5, 6, 7]> : tensor<7xi32>
  %three = arith.constant 3 : i32
  %0 = linalg.generic {indexing_maps = [#vector, #vector, #vector], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<7xi32>, tensor<7xi32>) outs(%init : tensor<7xi32>) {
  ^bb0(%a: i32, %b: i32, %c: i32):
    %q = arith.divsi %a, %b : i32
    %r = arith.remsi %q, %three : i32
    linalg.yield %r : i32
  } -> tensor<7xi32>
  return %0 : tensor<7xi32>
}

// CHECK-LABEL: func.func @scalars
// CHECK: %[[OK:.*]] = arith.cmpi ne, %{{.*}}, %c0_i8
// CHECK: cf.assert %[[OK]]
// CHECK: arith.divui
func.func @scalars(%x: i8, %y: i8) -> i8 {
  %0 = arith.divui %x, %y : i8
  return %0 : i8
}
