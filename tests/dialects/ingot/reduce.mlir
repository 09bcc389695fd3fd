// RUN: ingot-opt %s --split-input-file --canonicalize | FileCheck %s
// RUN: ingot-opt %s --split-input-file --graph-to-linalg | FileCheck %s --check-prefix=LINALG

// CHECK-LABEL: func.func @nothing_to_reduce
// CHECK-NEXT: return %arg0
func.func @nothing_to_reduce(%x: tensor<2x1xf32>) -> tensor<2x1xf32> {
  %y = ingot.reduce_sum %x {axes = array<i64: 1>} : (tensor<2x1xf32>) -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

// -----

// CHECK-LABEL: func.func @constants
// CHECK-DAG: arith.constant dense<[42, 60]> : tensor<2xi64>
// CHECK-DAG: arith.constant dense<720> : tensor<i64>
func.func @constants() -> (tensor<2xi64>, tensor<i64>) {
  %m = arith.constant dense<[[1, 4, 3], [2, 5, 6]]> : tensor<2x3xi64>
  %rows = ingot.reduce_prod %m {axes = array<i64: 1>, keepdims = false} : (tensor<2x3xi64>) -> tensor<2xi64>
  %tens = arith.constant dense<[0, -30]> : tensor<2xi64>
  %all = ingot.reduce_prod %m {axes = array<i64: 0, 1>, keepdims = false} : (tensor<2x3xi64>) -> tensor<i64>
  %least = ingot.reduce_min %tens {axes = array<i64: 0>} : (tensor<2xi64>) -> tensor<1xi64>
  %difference = ingot.sub %rows, %least : (tensor<2xi64>, tensor<1xi64>) -> tensor<2xi64>
  %sum = ingot.add %difference, %tens : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %sum, %all : tensor<2xi64>, tensor<i64>
}

// -----

// Sums of a narrow type are rounded once.

// CHECK-LABEL: func.func @narrow
// LINALG-LABEL: func.func @narrow
// LINALG: linalg.fill {{.*}} -> tensor<?xf32>
// LINALG: iterator_types = ["parallel", "reduction"]
// LINALG: arith.extf %{{.*}} : f16 to f32
// LINALG: arith.addf
// LINALG: arith.truncf %{{.*}} : f32 to f16
func.func @narrow(%x: tensor<?x4xf16>) -> tensor<?xf16> {
  %y = ingot.reduce_sum %x {axes = array<i64: -1>, keepdims = false} : (tensor<?x4xf16>) -> tensor<?xf16>
  return %y : tensor<?xf16>
}

// -----

// CHECK-LABEL: func.func @unsigned
// LINALG-LABEL: func.func @unsigned
// LINALG-SAME: (%{{.*}}: tensor<4xi8>) -> tensor<i8>
// LINALG: arith.maxui
func.func @unsigned(%x: tensor<4xui8>) -> tensor<ui8> {
  %y = ingot.reduce_max %x {axes = array<i64: 0>, keepdims = false} : (tensor<4xui8>) -> tensor<ui8>
  return %y : tensor<ui8>
}
