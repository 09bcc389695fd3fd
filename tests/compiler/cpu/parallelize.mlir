// RUN: ingot-opt %s --parallelize | FileCheck %s
// RUN: ingot-opt %s --parallelize --lower-to-llvm | FileCheck %s --check-prefix=LLVM

module @model attributes {ingot.arena_bytes = 256 : i64, ingot.weight_bytes = 0 : i64} {
  func.func private @scale(%x: memref<4x8xf32>, %y: memref<4x8xf32>) {
    %two = arith.constant 2.0 : f32
    scf.forall (%i, %j) in (4, 8) {
      %tmp = memref.alloc() : memref<3xf32>
      %v = memref.load %x[%i, %j] : memref<4x8xf32>
      %w = arith.mulf %v, %two : f32
      %c0 = arith.constant 0 : index
      memref.store %w, %tmp[%c0] : memref<3xf32>
      %u = memref.load %tmp[%c0] : memref<3xf32>
      memref.store %u, %y[%i, %j] : memref<4x8xf32>
      memref.dealloc %tmp : memref<3xf32>
    }
    return
  }
  func.func @main(%arena: memref<?xi8>, %weights: memref<?xi8>, %x: memref<4x8xf32> {ingot.name = "x"},
                  %y: memref<4x8xf32> {ingot.name = "y", ingot.output = 0 : i64}) {
    %c128 = arith.constant 128 : index
    %t = memref.view %arena[%c128][] : memref<?xi8> to memref<4x8xf32>
    call @scale(%x, %t) : (memref<4x8xf32>, memref<4x8xf32>) -> ()
    call @scale(%t, %y) : (memref<4x8xf32>, memref<4x8xf32>) -> ()
    return
  }
}

// CHECK: module @model attributes {{.*}}ingot.scratch_bytes = 64
// CHECK: func.func private @scale_loop0_body(%{{.*}}: !llvm.ptr {llvm.align = 4 : i64, llvm.dereferenceable = 128 : i64, llvm.noalias}, %{{.*}}: !llvm.ptr {llvm.align = 4 : i64, llvm.dereferenceable = 128 : i64, llvm.noalias}, %{{.*}}: i64, %{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias}, %{{.*}}: !llvm.ptr)
// CHECK-NOT: memref.alloc
// CHECK: llvm.func internal @scale_loop0_chunk(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: !llvm.ptr)
// CHECK: call @scale_loop0_body
// CHECK: func.func private @scale(
// CHECK-NOT: scf.forall
// CHECK: llvm.call @ingot_parallel_for

// LLVM: llvm.func @ingot_run_model(%{{.*}}: !llvm.ptr) -> i32
// LLVM: llvm.call @main
