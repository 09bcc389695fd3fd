// The inner loops keep everything in registers, on processors with few and with many of them.
// DEFINE: %{lower} = --canonicalize --cse --scf-forall-to-for --expand-strided-metadata --lower-affine \
// DEFINE:   --convert-scf-to-cf --convert-to-llvm --reconcile-unrealized-casts
// RUN: ingot-opt %s --emit-brgemm %{lower} | mlir-translate --mlir-to-llvmir | opt -O3 -mtriple=x86_64 -mcpu=x86-64-v3 \
// RUN:   | llc -O3 -mcpu=x86-64-v3 | python3 %S/Inputs/inner-loops.py | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: ingot-opt %s --emit-brgemm="vector-bits=512 registers=32" %{lower} | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O3 -mtriple=x86_64 -mcpu=skylake-avx512 | llc -O3 -mcpu=skylake-avx512 -mattr=-prefer-256-bit \
// RUN:   | python3 %S/Inputs/inner-loops.py | FileCheck %s --check-prefixes=CHECK,AVX512
// RUN: ingot-opt %s --emit-brgemm="vector-bits=128 registers=32" %{lower} | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O3 -mtriple=aarch64 -mcpu=cortex-a76 | llc -O3 -mcpu=cortex-a76 \
// RUN:   | python3 %S/Inputs/inner-loops.py | FileCheck %s --check-prefixes=CHECK,NEON

// AVX2: 48 multiply-adds, 0 stack accesses
// AVX512: 96 multiply-adds, 0 stack accesses
// NEON: 96 multiply-adds, 0 stack accesses
// CHECK-NOT: {{[1-9][0-9]*}} stack accesses

func.func @product(%a: memref<1x1x128x768xf32>, %b: memref<1x192x1x768x16xf32>, %c: memref<1x1x128x3072xf32>) {
  kernel.brgemm ins(%a, %b : memref<1x1x128x768xf32>, memref<1x192x1x768x16xf32>) outs(%c : memref<1x1x128x3072xf32>) {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

func.func @convolution(%a: memref<1x56x56x64xf32>, %b: memref<1x4x9x64x16xf32>, %c: memref<1x56x56x64xf32>) {
  kernel.brgemm ins(%a, %b : memref<1x56x56x64xf32>, memref<1x4x9x64x16xf32>) outs(%c : memref<1x56x56x64xf32>)
      kernel [3, 3] pads [1, 1, 1, 1] {
  ^bb0(%sum: f32):
    %zero = arith.constant 0.0 : f32
    %0 = arith.maximumf %sum, %zero : f32
    kernel.yield %0 : f32
  }
  return
}

func.func @depthwise(%a: memref<1x28x28x192xf32>, %w: memref<3x3x192xf32>, %c: memref<1x28x28x192xf32>) {
  kernel.depthwise ins(%a, %w : memref<1x28x28x192xf32>, memref<3x3x192xf32>) outs(%c : memref<1x28x28x192xf32>)
      pads [1, 1, 1, 1] {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}
