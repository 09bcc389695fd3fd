// RUN: ingot-opt %s -pass-pipeline='builtin.module(func.func(emit-loops,canonicalize,cse))' | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// All dimensions collapse, full vectors run in pairs, and a mask takes the rest.
// CHECK-LABEL: func @pointwise
// CHECK: memref.reinterpret_cast %{{.*}} sizes: [210]
// CHECK: scf.for %{{.*}} = %c0 to %c208 step %c16
// CHECK-COUNT-2: vector.store {{.*}} vector<8xf32>
// CHECK: vector.maskedload
// CHECK: vector.maskedstore
// CHECK-NOT: scf.for
func.func @pointwise(%x: memref<2x3x5x7xf32>, %z: memref<2x3x5x7xf32>) {
  linalg.generic {indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%x : memref<2x3x5x7xf32>) outs(%z : memref<2x3x5x7xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// Four sums of vectors, joined in a fixed order.
// CHECK-LABEL: func @sum_of_rows
// CHECK: iter_args({{.*}}, {{.*}}, {{.*}}, {{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: vector.shuffle {{.*}} [4, 5, 6, 7]
func.func @sum_of_rows(%x: memref<5x1024xf32>, %y: memref<5xf32>) {
  linalg.reduce { arith.addf } ins(%x : memref<5x1024xf32>) outs(%y : memref<5xf32>) dimensions = [1]
  return
}

// Sums stay in registers over the rows.
// CHECK-LABEL: func @sum_of_columns
// CHECK: scf.for %{{.*}} step %c32
// CHECK-COUNT-4: vector.load
// CHECK: scf.for {{.*}} iter_args
// CHECK-NOT: vector.store
// CHECK: scf.yield
// CHECK-COUNT-4: vector.store
func.func @sum_of_columns(%x: memref<50x64xf32>, %y: memref<64xf32>) {
  linalg.reduce { arith.addf } ins(%x : memref<50x64xf32>) outs(%y : memref<64xf32>) dimensions = [0]
  return
}

// Squares of eight rows are turned in registers.
// CHECK-LABEL: func @transpose
// CHECK-COUNT-8: vector.load
// CHECK-COUNT-24: vector.shuffle
// CHECK-COUNT-8: vector.store
func.func @transpose(%x: memref<16x24xf32>, %y: memref<24x16xf32>) {
  linalg.transpose ins(%x : memref<16x24xf32>) outs(%y : memref<24x16xf32>) permutation = [1, 0]
  return
}

// A row of a table is read as vectors.
// CHECK-LABEL: func @embedding
// CHECK: memref.load %{{.*}} : memref<7xi64
// CHECK: vector.load %{{.*}} : memref<16x32xf32>, vector<8xf32>
func.func @embedding(%t: memref<16x32xf32>, %i: memref<7xi64>, %z: memref<7x32xf32>) {
  linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}
    ins(%i : memref<7xi64>) outs(%z : memref<7x32xf32>) {
  ^bb0(%a: i64, %c: f32):
    %0 = arith.index_cast %a : i64 to index
    %1 = linalg.index 1 : index
    %2 = memref.load %t[%0, %1] : memref<16x32xf32>
    linalg.yield %2 : f32
  }
  return
}

// Where a table is read down its columns, the counting index stays a number: as a vector it would be wider than one of
// what is read.
// CHECK-LABEL: func @columns
// CHECK-NOT: vector<8xindex>
// CHECK-COUNT-8: memref.load %{{.*}} : memref<64x16xf32>
// CHECK: vector.from_elements {{.*}} : vector<8xf32>
func.func @columns(%t: memref<64x16xf32>, %i: memref<7xi64>, %z: memref<7x64xf32>) {
  linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}
    ins(%i : memref<7xi64>) outs(%z : memref<7x64xf32>) {
  ^bb0(%a: i64, %c: f32):
    %0 = arith.index_cast %a : i64 to index
    %1 = linalg.index 1 : index
    %2 = memref.load %t[%1, %0] : memref<64x16xf32>
    linalg.yield %2 : f32
  }
  return
}

// Large ones are cut into chunks whose number depends on the shape alone.
// CHECK-LABEL: func @large
// CHECK: scf.forall (%{{.*}}) in (64)
func.func @large(%x: memref<1024x1024xf32>, %y: memref<1024x1024xf32>) {
  linalg.copy ins(%x : memref<1024x1024xf32>) outs(%y : memref<1024x1024xf32>)
  return
}
