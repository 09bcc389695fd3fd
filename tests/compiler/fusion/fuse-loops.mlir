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

// Each link of a chain uses the one before it twice: it is not computed again for all links that follow, of which there
// would be 2^22.
// CHECK-LABEL: func @chain
// CHECK: linalg.generic
// CHECK: return
func.func @chain(%b0: tensor<8xf32>, %x: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %p1 = linalg.add ins(%b0, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q1 = linalg.sub ins(%b0, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b1 = linalg.mul ins(%p1, %q1 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p2 = linalg.add ins(%b1, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q2 = linalg.sub ins(%b1, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b2 = linalg.mul ins(%p2, %q2 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p3 = linalg.add ins(%b2, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q3 = linalg.sub ins(%b2, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b3 = linalg.mul ins(%p3, %q3 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p4 = linalg.add ins(%b3, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q4 = linalg.sub ins(%b3, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b4 = linalg.mul ins(%p4, %q4 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p5 = linalg.add ins(%b4, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q5 = linalg.sub ins(%b4, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b5 = linalg.mul ins(%p5, %q5 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p6 = linalg.add ins(%b5, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q6 = linalg.sub ins(%b5, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b6 = linalg.mul ins(%p6, %q6 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p7 = linalg.add ins(%b6, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q7 = linalg.sub ins(%b6, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b7 = linalg.mul ins(%p7, %q7 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p8 = linalg.add ins(%b7, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q8 = linalg.sub ins(%b7, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b8 = linalg.mul ins(%p8, %q8 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p9 = linalg.add ins(%b8, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q9 = linalg.sub ins(%b8, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b9 = linalg.mul ins(%p9, %q9 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p10 = linalg.add ins(%b9, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q10 = linalg.sub ins(%b9, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b10 = linalg.mul ins(%p10, %q10 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p11 = linalg.add ins(%b10, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q11 = linalg.sub ins(%b10, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b11 = linalg.mul ins(%p11, %q11 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p12 = linalg.add ins(%b11, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q12 = linalg.sub ins(%b11, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b12 = linalg.mul ins(%p12, %q12 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p13 = linalg.add ins(%b12, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q13 = linalg.sub ins(%b12, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b13 = linalg.mul ins(%p13, %q13 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p14 = linalg.add ins(%b13, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q14 = linalg.sub ins(%b13, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b14 = linalg.mul ins(%p14, %q14 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p15 = linalg.add ins(%b14, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q15 = linalg.sub ins(%b14, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b15 = linalg.mul ins(%p15, %q15 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p16 = linalg.add ins(%b15, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q16 = linalg.sub ins(%b15, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b16 = linalg.mul ins(%p16, %q16 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p17 = linalg.add ins(%b16, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q17 = linalg.sub ins(%b16, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b17 = linalg.mul ins(%p17, %q17 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p18 = linalg.add ins(%b17, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q18 = linalg.sub ins(%b17, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b18 = linalg.mul ins(%p18, %q18 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p19 = linalg.add ins(%b18, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q19 = linalg.sub ins(%b18, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b19 = linalg.mul ins(%p19, %q19 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p20 = linalg.add ins(%b19, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q20 = linalg.sub ins(%b19, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b20 = linalg.mul ins(%p20, %q20 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p21 = linalg.add ins(%b20, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q21 = linalg.sub ins(%b20, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b21 = linalg.mul ins(%p21, %q21 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p22 = linalg.add ins(%b21, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %q22 = linalg.sub ins(%b21, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %b22 = linalg.mul ins(%p22, %q22 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  return %b22 : tensor<8xf32>
}
