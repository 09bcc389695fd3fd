// RUN: ingot-opt %s --split-input-file --lower-control --canonicalize --cse | FileCheck %s

// Two slots: a step reads one and writes the other.
// CHECK-LABEL: func.func @carried
// CHECK: %[[SLOTS:.*]] = memref.alloc() : memref<2x4xf32>
// CHECK: %[[FIRST:.*]] = kernel.slice %[[SLOTS]][%c0] : memref<2x4xf32> -> memref<4xf32>
// CHECK: bufferization.materialize_in_destination %arg0 in restrict writable %[[FIRST]]
// CHECK: scf.for %[[I:.*]] = %c0 to %c7 step %c1 {
// CHECK-DAG: %[[NEXT:.*]] = arith.addi %[[I]], %c1
// CHECK-DAG: %[[FROM:.*]] = arith.andi %[[I]], %c1
// CHECK-DAG: %[[TO:.*]] = arith.andi %[[NEXT]], %c1
// CHECK-DAG: %[[OLD:.*]] = kernel.slice %[[SLOTS]][%[[FROM]]]
// CHECK-DAG: %[[S:.*]] = bufferization.to_tensor %[[OLD]] restrict
// CHECK-DAG: %[[NEW:.*]] = kernel.slice %[[SLOTS]][%[[TO]]]
// CHECK-DAG: %[[V:.*]] = kernel.slice %arg1[%[[I]]] : tensor<7x4xf32> -> tensor<4xf32>
// CHECK: %[[Y:.*]] = func.call @step(%[[S]], %[[V]])
// CHECK: bufferization.materialize_in_destination %[[Y]] in restrict writable %[[NEW]]
// CHECK: }
// CHECK: %[[LAST:.*]] = kernel.slice %[[SLOTS]][%c1]
// CHECK: bufferization.to_tensor %[[LAST]] restrict
func.func private @step(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func @carried(%h: tensor<4xf32>, %x: tensor<7x4xf32>) -> tensor<4xf32> {
  %f = ingot.scan init(%h : tensor<4xf32>) over(%x : tensor<7x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %v: tensor<4xf32>):
    %0 = func.call @step(%s, %v) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %0 : tensor<4xf32>
  } -> tensor<4xf32>
  return %f : tensor<4xf32>
}

// -----

// A carried value that is stacked lives in the stack, here from its end: no step copies it.
// CHECK-LABEL: func.func @stacked
// CHECK: %[[STACK:.*]] = memref.alloc() : memref<8x4xf32>
// CHECK-NOT: memref.alloc
// CHECK: kernel.slice %[[STACK]][%c7] : memref<8x4xf32> -> memref<4xf32>
// CHECK: scf.for %[[I:.*]] = %c0
// CHECK: %[[TO:.*]] = arith.subi %c6, %[[I]]
// CHECK: %[[FROM:.*]] = arith.subi %c7, %[[I]]
// CHECK: kernel.slice %[[STACK]][%[[FROM]]]
// CHECK: %[[NEW:.*]] = kernel.slice %[[STACK]][%[[TO]]]
// CHECK: kernel.slice %arg1[%[[TO]]]
// CHECK: materialize_in_destination %{{.*}} in restrict writable %[[NEW]]
// CHECK-NOT: materialize_in_destination
// CHECK: kernel.slice %[[STACK]][%c0] : memref<8x4xf32> -> memref<7x4xf32>
func.func private @step(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func @stacked(%h: tensor<4xf32>, %x: tensor<7x4xf32>) -> (tensor<4xf32>, tensor<7x4xf32>) {
  %f:2 = ingot.scan init(%h : tensor<4xf32>) over(%x : tensor<7x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %v: tensor<4xf32>):
    %0 = func.call @step(%s, %v) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %0, %0 : tensor<4xf32>, tensor<4xf32>
  } {backwards = array<i1: true, true>} -> tensor<4xf32>, tensor<7x4xf32>
  return %f#0, %f#1 : tensor<4xf32>, tensor<7x4xf32>
}

// -----

// CHECK-LABEL: func.func @branch
// CHECK: %[[SLOT:.*]] = memref.alloc() : memref<4xf32>
// CHECK: %[[BYTE:.*]] = tensor.extract %arg0[] : tensor<i8>
// CHECK: %[[C:.*]] = arith.cmpi ne, %[[BYTE]], %c0_i8
// CHECK: scf.if %[[C]] {
// CHECK: materialize_in_destination %arg1 in restrict writable %[[SLOT]]
// CHECK: } else {
// CHECK: materialize_in_destination %arg2 in restrict writable %[[SLOT]]
// CHECK: bufferization.to_tensor %[[SLOT]] restrict
func.func @branch(%c: tensor<i8>, %x: tensor<4xf32>, %z: tensor<4xf32>) -> tensor<4xf32> {
  %y = ingot.if %c {
    ingot.yield %x : tensor<4xf32>
  } else {
    ingot.yield %z : tensor<4xf32>
  } : (tensor<i8>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @loop
// CHECK: %[[SLOTS:.*]] = memref.alloc() : memref<2x4xf32>
// CHECK: %[[L:.*]] = scf.while (%[[I:.*]] = %c0, %[[C:.*]] = %{{.*}}) : (index, i1) -> index {
// CHECK: scf.condition(%[[C]]) %[[I]]
// CHECK: } do {
// CHECK: materialize_in_destination
// CHECK: scf.yield
// CHECK: %[[LAST:.*]] = arith.andi %[[L]], %c1
// CHECK: kernel.slice %[[SLOTS]][%[[LAST]]]
func.func private @again(tensor<4xf32>) -> (tensor<i8>, tensor<4xf32>)
func.func @loop(%c: tensor<i8>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %y = ingot.while %c init(%x : tensor<4xf32>) {
  ^bb0(%s: tensor<4xf32>):
    %0:2 = func.call @again(%s) : (tensor<4xf32>) -> (tensor<i8>, tensor<4xf32>)
    ingot.yield %0#0, %0#1 : tensor<i8>, tensor<4xf32>
  } : (tensor<i8>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
