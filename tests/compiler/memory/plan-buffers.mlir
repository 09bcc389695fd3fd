// RUN: ingot-opt %s --plan-buffers | FileCheck %s
// RUN: ingot-opt %s --plan-buffers=separate --mlir-print-local-scope | FileCheck %s --check-prefix=SEPARATE

// Three buffers of 256 bytes, of which two live at a time; the group's own buffer is lifted into the caller's arena.
// CHECK: module attributes {ingot.arena_bytes = 768 : i64, ingot.weight_bytes = 64 : i64, ingot.weight_layout = [{bytes = 16 : i64, offset = 0 : i64, symbol = @w}]}
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[ARENA:.*]]: memref<?xi8>, %[[WEIGHTS:.*]]: memref<?xi8>, %{{.*}}: memref<64xf32> {ingot.name = "x"}, %{{.*}}: memref<64xf32> {ingot.output = 0 : i64})
// CHECK-DAG: memref.view %[[ARENA]]
// CHECK-DAG: memref.view %[[WEIGHTS]]
// CHECK-NOT: memref.alloc

// For the sanitizer every buffer lives in memory of its own, no longer than it is used; so do weight, input and output.
// SEPARATE: module attributes {ingot.arena_bytes = 0 : i64, ingot.weight_bytes = 64 : i64
// SEPARATE-LABEL: func.func @main
// SEPARATE: %[[WEIGHT:.*]] = memref.view {{.*}} memref<4xf32>
// SEPARATE: %[[Y:.*]] = memref.alloc() : memref<64xf32>
// SEPARATE: %[[W:.*]] = memref.alloc() : memref<4xf32>
// SEPARATE: memref.copy %[[WEIGHT]], %[[W]]
// SEPARATE: %[[X:.*]] = memref.alloc() : memref<64xf32>
// SEPARATE: memref.copy %{{.*}}, %[[X]]
// SEPARATE: %[[A:.*]] = memref.alloc() : memref<64xf32>
// SEPARATE: %[[T:.*]] = memref.alloc() : memref<64xf32>
// SEPARATE: call @group(%[[X]], %[[W]], %[[A]], %[[T]])
// SEPARATE: memref.dealloc %[[T]]
// SEPARATE: call @group(%[[A]], %[[W]], %[[B:.*]], %{{.*}})
// SEPARATE: memref.dealloc %[[A]]
// SEPARATE: memref.copy %[[Y]], %{{.*}}
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
