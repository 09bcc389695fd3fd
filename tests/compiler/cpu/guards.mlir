// RUN: ingot-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(verify-vectors{vector-bits=256},verify-no-alloc)'

func.func @native(%v: vector<8xf32>) -> vector<8xf32> {
  %0 = arith.addf %v, %v : vector<8xf32>
  return %0 : vector<8xf32>
}

// -----

func.func @wide(%v: vector<16xf32>) {
  // expected-error @below {{has the vector 'vector<16xf32>' of 512 bits, wanted at most 256}}
  %0 = arith.addf %v, %v : vector<16xf32>
  return
}

// -----

func.func @square(%v: vector<2x2xf32>) {
  // expected-error @below {{has the vector 'vector<2x2xf32>' of 2 dimensions, wanted one}}
  %0 = arith.addf %v, %v : vector<2x2xf32>
  return
}

// -----

func.func @alloc() {
  // expected-error @below {{is left in code that runs, wanted every buffer planned and every copy in a loop}}
  %0 = memref.alloc() : memref<4xf32>
  return
}
