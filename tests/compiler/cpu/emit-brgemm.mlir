// RUN: ingot-opt %s --split-input-file --emit-brgemm --canonicalize --cse | FileCheck %s
// RUN: ingot-opt %s --split-input-file --emit-brgemm="vector-bits=512 registers=32" --canonicalize --cse \
// RUN:   | FileCheck %s --check-prefix=WIDE

// A large product is cut into chunks; the tile is 6 rows times 2 vectors, and the epilogue runs in registers.
// CHECK-LABEL: func @product
// CHECK: scf.forall (%{{.*}}) in (64)
// CHECK: %[[SUMS:.*]]:12 = scf.for {{.*}} step %c4_i64
// CHECK-COUNT-48: vector.fma {{.*}} : vector<8xf32>
// CHECK: arith.maximumf %[[SUMS]]#0
// CHECK-COUNT-12: llvm.store {{.*}} : vector<8xf32>, !llvm.ptr
// WIDE-LABEL: func @product
// WIDE: vector.fma {{.*}} : vector<16xf32>
func.func @product(%a: memref<1x1x384x256xf32>, %b: memref<1x16x1x256x16xf32>, %c: memref<1x1x384x256xf32>) {
  kernel.brgemm ins(%a, %b : memref<1x1x384x256xf32>, memref<1x16x1x256x16xf32>) outs(%c : memref<1x1x384x256xf32>) {
  ^bb0(%sum: f32):
    %zero = arith.constant 0.0 : f32
    %0 = arith.maximumf %sum, %zero : f32
    kernel.yield %0 : f32
  }
  return
}

// -----

// While a tile sums, it asks for its eighth of the panel after this one, 8 bytes a channel and 32 a step.
// CHECK-LABEL: func @fetch
// CHECK: scf.for %[[STEP:.*]] = {{.*}} step %c4_i64 iter_args
// CHECK: %[[BYTES:.*]] = arith.muli %[[STEP]], %c8_i64
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %{{.*}}[%[[BYTES]]] {{.*}}, i8
// CHECK: "llvm.intr.prefetch"(%[[PLACE]]) <{cache = 1 : i32, hint = 3 : i32, rw = 0 : i32}>
// CHECK-NOT: "llvm.intr.prefetch"
// CHECK: vector.fma
func.func @fetch(%a: memref<1x1x48x64xf32>, %b: memref<1x2x1x64x16xf32>, %c: memref<1x1x48x32xf32>) {
  kernel.brgemm ins(%a, %b : memref<1x1x48x64xf32>, memref<1x2x1x64x16xf32>) outs(%c : memref<1x1x48x32xf32>) {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

// A small one has plain loops; 3 columns of the last vector are stored through a mask.
// CHECK-LABEL: func @small
// CHECK-NOT: scf.forall
// CHECK: llvm.intr.masked.store
func.func @small(%a: memref<1x1x4x8xf32>, %b: memref<1x1x1x8x16xf32>, %c: memref<1x1x4x11xf32>) {
  kernel.brgemm ins(%a, %b : memref<1x1x4x8xf32>, memref<1x1x1x8x16xf32>) outs(%c : memref<1x1x4x11xf32>) {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

// Rows of 8 source columns become columns of 8 panel rows in registers.
// CHECK-LABEL: func @transpose
// CHECK: vector.shuffle
// CHECK-NOT: kernel.pack
func.func @transpose(%w: memref<32x16xf32>, %p: memref<1x2x1x16x16xf32>) {
  kernel.pack ins(%w : memref<32x16xf32>) outs(%p : memref<1x2x1x16x16xf32>) dims [0, -1, -1, 1]
  return
}
