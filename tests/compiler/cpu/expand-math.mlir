// RUN: ingot-opt %s -pass-pipeline='builtin.module(expand-math)' | FileCheck %s

// CHECK-LABEL: func @exp
// CHECK: math.fma
// CHECK-NOT: math.exp
func.func @exp(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.exp %x : vector<8xf32>
  return %0 : vector<8xf32>
}

// A function of a scalar is the same polynomial.
// CHECK-LABEL: func @scalar
// CHECK: math.fma
// CHECK-NOT: math.exp
func.func @scalar(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

// CHECK-LABEL: func @square
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: return
func.func @square(%x: vector<8xf32>) -> vector<8xf32> {
  %two = arith.constant dense<2.0> : vector<8xf32>
  %0 = math.powf %x, %two : vector<8xf32>
  return %0 : vector<8xf32>
}

// f64 is left to libm.
// CHECK-LABEL: func @double
// CHECK: math.exp
func.func @double(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}
