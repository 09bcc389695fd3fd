// RUN: ingot-opt %s -pass-pipeline='builtin.module(func.func(fuse-rows,canonicalize,cse))' | FileCheck %s

#id = affine_map<(a, b) -> (a, b)>
#row = affine_map<(a, b) -> (a)>

// One loop over rows; the buffers that nothing else reads are one row on the stack.
// CHECK-LABEL: func @normalize
// CHECK-NOT: memref.alloc()
// CHECK: scf.forall
// CHECK-DAG: memref.alloca() {{.*}} memref<1xf32>
// CHECK-DAG: memref.alloca() {{.*}} memref<768xf32>
// CHECK: scf.for
// CHECK: iterator_types = ["reduction"]
// CHECK: iterator_types = ["parallel"]
// CHECK: iterator_types = ["parallel"]
func.func @normalize(%x: memref<4x64x768xf32>, %y: memref<256x768xf32>) {
  %zero = arith.constant 0.0 : f32
  %flat = memref.collapse_shape %x [[0, 1], [2]] : memref<4x64x768xf32> into memref<256x768xf32>
  %sum = memref.alloc() : memref<256xf32>
  %all = memref.alloc() : memref<4x64x768xf32>
  %view = memref.collapse_shape %all [[0, 1], [2]] : memref<4x64x768xf32> into memref<256x768xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<256xf32>)
  linalg.reduce { arith.addf } ins(%flat : memref<256x768xf32>) outs(%sum : memref<256xf32>) dimensions = [1]
  linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
    ins(%flat, %sum : memref<256x768xf32>, memref<256xf32>) outs(%view : memref<256x768xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  }
  linalg.map { math.exp } ins(%view : memref<256x768xf32>) outs(%y : memref<256x768xf32>)
  return
}

// The last op reads other rows than the one before it writes, and stays out.
// CHECK-LABEL: func @shifted
// CHECK: scf.forall
// CHECK: memref.subview
// CHECK-NOT: scf.for
// CHECK: return
func.func @shifted(%x: memref<256x64xf32>, %s: memref<256xf32>, %t: memref<255xf32>) {
  linalg.reduce { arith.addf } ins(%x : memref<256x64xf32>) outs(%s : memref<256xf32>) dimensions = [1]
  linalg.map { math.exp } ins(%x : memref<256x64xf32>) outs(%x : memref<256x64xf32>)
  %next = memref.subview %x[1, 0] [255, 64] [1, 1] : memref<256x64xf32> to memref<255x64xf32, strided<[64, 1], offset: 64>>
  linalg.reduce { arith.addf } ins(%next : memref<255x64xf32, strided<[64, 1], offset: 64>>) outs(%t : memref<255xf32>)
    dimensions = [1]
  return
}
