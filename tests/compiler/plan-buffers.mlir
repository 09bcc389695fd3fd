// RUN: ingot-opt %s --plan-buffers | FileCheck %s

// Three buffers of 256 bytes, of which two live at a time; the group's own buffer is lifted into the caller's arena.
// CHECK: module attributes {ingot.arena_bytes = 768 : i64, ingot.weight_bytes = 64 : i64, ingot.weight_layout = [{bytes = 16 : i64, offset = 0 : i64, symbol = @w}]}
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[ARENA:.*]]: memref<?xi8>, %[[WEIGHTS:.*]]: memref<?xi8>, %{{.*}}: memref<64xf32> {ingot.name = "x"}, %{{.*}}: memref<64xf32> {ingot.output = 0 : i64})
// CHECK-DAG: memref.view %[[ARENA]]
// CHECK-DAG: memref.view %[[WEIGHTS]]
// CHECK-NOT: memref.alloc
func.func @main(%x: memref<64xf32> {ingot.name = "x"}, %w: memref<4xf32> {ingot.weight = @w}, %y: memref<64xf32> {ingot.output = 0 : i64}) {
  %0 = memref.alloc() : memref<64xf32>
  call @group(%x, %w, %0) : (memref<64xf32>, memref<4xf32>, memref<64xf32>) -> ()
  %1 = memref.alloc() : memref<64xf32>
  call @group(%0, %w, %1) : (memref<64xf32>, memref<4xf32>, memref<64xf32>) -> ()
  call @group(%1, %w, %y) : (memref<64xf32>, memref<4xf32>, memref<64xf32>) -> ()
  return
}
// CHECK-LABEL: func.func private @group
// CHECK-SAME: memref<64xf32>, %{{.*}}: memref<4xf32>, %{{.*}}: memref<64xf32>, %{{.*}}: memref<64xf32>
func.func private @group(%x: memref<64xf32>, %w: memref<4xf32>, %y: memref<64xf32>) {
  %t = memref.alloc() : memref<64xf32>
  memref.copy %x, %t : memref<64xf32> to memref<64xf32>
  memref.copy %t, %y : memref<64xf32> to memref<64xf32>
  return
}
