// RUN: ingot-opt %s -pass-pipeline='builtin.module(func.func(fuse-loops))' | FileCheck %s

#id = affine_map<(a, b) -> (a, b)>
#row = affine_map<(a, b) -> (a)>
#one = affine_map<(a, b) -> (a, 0)>

// A softmax is a maximum, one loop that stores and sums the exponentials, and a scaling by the reciprocal.
// CHECK-LABEL: func @softmax
// CHECK: arith.maximumf
// CHECK: linalg.generic
// CHECK: arith.subf
// CHECK: %[[E:.*]] = math.exp
// CHECK: %[[S:.*]] = arith.addf
// CHECK: linalg.yield %[[E]], %[[S]]
// CHECK: linalg.generic
// CHECK: arith.divf %cst{{.*}}, %in
// CHECK: arith.mulf
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @softmax(%x: tensor<6x40xf32>) -> tensor<6x40xf32> {
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %rows = tensor.empty() : tensor<6xf32>
  %all = tensor.empty() : tensor<6x40xf32>
  %f0 = linalg.fill ins(%low : f32) outs(%rows : tensor<6xf32>) -> tensor<6xf32>
  %max = linalg.reduce { arith.maximumf } ins(%x : tensor<6x40xf32>) outs(%f0 : tensor<6xf32>) dimensions = [1]
  %keep = tensor.expand_shape %max [[0, 1]] output_shape [6, 1] : tensor<6xf32> into tensor<6x1xf32>
  %sub = linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel"]}
    ins(%x, %keep : tensor<6x40xf32>, tensor<6x1xf32>) outs(%all : tensor<6x40xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<6x40xf32>
  %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
    ins(%sub : tensor<6x40xf32>) outs(%all : tensor<6x40xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<6x40xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%rows : tensor<6xf32>) -> tensor<6xf32>
  %sum = linalg.reduce { arith.addf } ins(%exp : tensor<6x40xf32>) outs(%f1 : tensor<6xf32>) dimensions = [1]
  %total = tensor.expand_shape %sum [[0, 1]] output_shape [6, 1] : tensor<6xf32> into tensor<6x1xf32>
  %div = linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel"]}
    ins(%exp, %total : tensor<6x40xf32>, tensor<6x1xf32>) outs(%all : tensor<6x40xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.divf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<6x40xf32>
  return %div : tensor<6x40xf32>
}

// What is cheap is computed by each of its users.
// CHECK-LABEL: func @cheap
// CHECK-COUNT-2: arith.subf
func.func @cheap(%x: tensor<6x40xf32>, %m: tensor<6xf32>) -> (tensor<6xf32>, tensor<6x40xf32>) {
  %rows = tensor.empty() : tensor<6xf32>
  %all = tensor.empty() : tensor<6x40xf32>
  %zero = arith.constant 0.0 : f32
  %sub = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
    ins(%x, %m : tensor<6x40xf32>, tensor<6xf32>) outs(%all : tensor<6x40xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<6x40xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%rows : tensor<6xf32>) -> tensor<6xf32>
  %sum = linalg.reduce { arith.addf } ins(%sub : tensor<6x40xf32>) outs(%f1 : tensor<6xf32>) dimensions = [1]
  %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
    ins(%sub : tensor<6x40xf32>) outs(%all : tensor<6x40xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<6x40xf32>
  return %sum, %exp : tensor<6xf32>, tensor<6x40xf32>
}
