// RUN: ingot-opt %s --outline-groups | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: %[[Y:.*]] = call @main_group(%arg0)
// CHECK: return %[[Y]]
// CHECK-LABEL: func.func private @main_group
// CHECK: ingot.exp
// CHECK: return
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = ingot.group(%x) {
  ^bb0(%a: tensor<4xf32>):
    %1 = ingot.exp %a : (tensor<4xf32>) -> tensor<4xf32>
    ingot.yield %1 : tensor<4xf32>
  } : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
