// RUN: ingot-opt %s --split-input-file --canonicalize | FileCheck %s

// A part of a shape is known before the whole is.

// CHECK-LABEL: func.func @known_size
// CHECK: arith.constant dense<7> : tensor<1xi64>
// CHECK: ingot.gather
func.func @known_size(%x: tensor<?x7xf32>) -> (tensor<1xi64>, tensor<i64>) {
  %shape = ingot.shape %x : (tensor<?x7xf32>) -> tensor<2xi64>
  %one = arith.constant dense<-1> : tensor<1xi64>
  %zero = arith.constant dense<0> : tensor<i64>
  %known = ingot.gather %shape, %one : (tensor<2xi64>, tensor<1xi64>) -> tensor<1xi64>
  %unknown = ingot.gather %shape, %zero : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  return %known, %unknown : tensor<1xi64>, tensor<i64>
}

// -----

// CHECK-LABEL: func.func @constants
// CHECK-DAG: dense<{{\[\[}}3, 1], [6, 4]]> : tensor<2x2xi64>
// CHECK-DAG: dense<[5, 8]> : tensor<2xi64>
// CHECK-DAG: dense<[0, 1, 2]> : tensor<3xi32>
// CHECK-DAG: dense<{{\[\[}}1, 0, 0], [4, 5, 0]]> : tensor<2x3xi64>
func.func @constants(%x: tensor<3x5x8xf32>) -> (tensor<2x2xi64>, tensor<2xi64>, tensor<3xi32>, tensor<2x3xi64>) {
  %m = arith.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi64>
  %i = arith.constant dense<[2, -3]> : tensor<2xi64>
  %0 = ingot.gather %m, %i {axis = 1 : i64} : (tensor<2x3xi64>, tensor<2xi64>) -> tensor<2x2xi64>
  %1 = ingot.shape %x {start = 1 : i64} : (tensor<3x5x8xf32>) -> tensor<2xi64>
  %2 = ingot.iota {shape = array<i64: 3>, axis = 0 : i64, type = i32} : () -> tensor<3xi32>
  %3 = ingot.trilu %m {upper = false} : (tensor<2x3xi64>) -> tensor<2x3xi64>
  return %0, %1, %2, %3 : tensor<2x2xi64>, tensor<2xi64>, tensor<3xi32>, tensor<2x3xi64>
}

// -----

// CHECK-LABEL: func.func @sizes_unknown
// CHECK: ingot.gather {{.*}} -> tensor<?x1x2x4xf32>
// CHECK: ingot.gather_nd {{.*}} -> tensor<5x4xf32>
func.func @sizes_unknown(%x: tensor<?x3x4xf32>, %i: tensor<1x2xi64>, %j: tensor<5x2xi64>)
    -> (tensor<?x1x2x4xf32>, tensor<5x4xf32>) {
  %0 = ingot.gather %x, %i {axis = 1 : i64} : (tensor<?x3x4xf32>, tensor<1x2xi64>) -> tensor<?x1x2x4xf32>
  %1 = ingot.gather_nd %x, %j : (tensor<?x3x4xf32>, tensor<5x2xi64>) -> tensor<5x4xf32>
  return %0, %1 : tensor<?x1x2x4xf32>, tensor<5x4xf32>
}
