// RUN: ingot-opt %s --split-input-file --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @sizes_unknown
// CHECK: ingot.reshape %{{.*}} {shape = array<i64: -2, 1, -3>} : (tensor<?x?xf32>) -> tensor<?x1x?xf32>
// CHECK: ingot.reshape %{{.*}} {shape = array<i64: -2, -1>} : (tensor<?x4x6xf32>) -> tensor<?x24xf32>
// CHECK: ingot.expand {{.*}} : (tensor<?x1xf32>) -> tensor<5x?x3xf32>
// CHECK: ingot.slice {{.*}} : (tensor<?x6xf32>) -> tensor<?x2xf32>
// CHECK: ingot.concat {{.*}} : (tensor<?x6xf32>, tensor<4x?xf32>) -> tensor<4x?xf32>
func.func @sizes_unknown(%a: tensor<?x?xf32>, %b: tensor<?x4x6xf32>, %c: tensor<?x1xf32>, %d: tensor<?x6xf32>,
                         %e: tensor<4x?xf32>)
    -> (tensor<?x1x?xf32>, tensor<?x24xf32>, tensor<5x?x3xf32>, tensor<?x2xf32>, tensor<4x?xf32>) {
  %0 = ingot.reshape %a {shape = array<i64: -2, 1, -3>} : (tensor<?x?xf32>) -> tensor<?x1x?xf32>
  %1 = ingot.reshape %b {shape = array<i64: -2, -1>} : (tensor<?x4x6xf32>) -> tensor<?x24xf32>
  %2 = ingot.expand %c {shape = array<i64: 5, 1, 3>} : (tensor<?x1xf32>) -> tensor<5x?x3xf32>
  %3 = ingot.slice %d {starts = array<i64: 0, -2>, ends = array<i64: 3, 99>, axes = array<i64: 0, 1>, steps = array<i64: 1, 1>}
    : (tensor<?x6xf32>) -> tensor<?x2xf32>
  %4 = ingot.concat %d, %e {axis = -1 : i64} : (tensor<?x6xf32>, tensor<4x?xf32>) -> tensor<4x?xf32>
  return %0, %1, %2, %3, %4 : tensor<?x1x?xf32>, tensor<?x24xf32>, tensor<5x?x3xf32>, tensor<?x2xf32>, tensor<4x?xf32>
}

// -----

// What changes nothing goes away, and constants move as the inference runs.

// CHECK-LABEL: func.func @identities
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]]
func.func @identities(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %0 = ingot.reshape %x {shape = array<i64: 2, -1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = ingot.transpose %x {perm = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = ingot.concat %x {axis = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = ingot.expand %x {shape = array<i64: 3>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0, %1, %2, %3 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: func.func @backwards_is_no_identity
// CHECK: ingot.slice
func.func @backwards_is_no_identity(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = ingot.slice %x {starts = array<i64: -1>, ends = array<i64: -9>, axes = array<i64: 0>, steps = array<i64: -1>}
    : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// CHECK-LABEL: func.func @constants
// CHECK-DAG: arith.constant dense<{{\[\[}}1, 3, 5], [2, 4, 6]]> : tensor<2x3xi64>
// CHECK-DAG: arith.constant dense<[5, 3, 7, 7]> : tensor<4xi64>
func.func @constants() -> (tensor<2x3xi64>, tensor<4xi64>) {
  %m = arith.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi64>
  %seven = arith.constant dense<7> : tensor<i64>
  %0 = ingot.transpose %m {perm = array<i64: 1, 0>} : (tensor<3x2xi64>) -> tensor<2x3xi64>
  %1 = ingot.slice %m {starts = array<i64: 2, 0>, ends = array<i64: 0, 1>, axes = array<i64: 0, 1>, steps = array<i64: -1, 1>}
    : (tensor<3x2xi64>) -> tensor<2x1xi64>
  %2 = ingot.reshape %1 {shape = array<i64: -1>} : (tensor<2x1xi64>) -> tensor<2xi64>
  %3 = ingot.pad %2, %seven {low = array<i64: 0>, high = array<i64: 2>, interior = array<i64: 0>}
    : (tensor<2xi64>, tensor<i64>) -> tensor<4xi64>
  return %0, %3 : tensor<2x3xi64>, tensor<4xi64>
}
