// Functions that EmitLoopsTest runs twice, by emit-loops and by upstream's scalar loops. Arguments are filled with
// numbers, all of them are compared afterwards. Sizes are odd on purpose.

#id1 = affine_map<(d0) -> (d0)>
#id2 = affine_map<(d0, d1) -> (d0, d1)>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#id4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#row2 = affine_map<(d0, d1) -> (d0)>
#col2 = affine_map<(d0, d1) -> (d1)>
#flip2 = affine_map<(d0, d1) -> (d1, d0)>

func.func @pointwise_collapses(%x: memref<2x3x5x7xf32>, %y: memref<2x3x5x7xf32>, %z: memref<2x3x5x7xf32>) {
  linalg.generic {indexing_maps = [#id4, #id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%x, %y : memref<2x3x5x7xf32>, memref<2x3x5x7xf32>) outs(%z : memref<2x3x5x7xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %0, %a : f32
    linalg.yield %1 : f32
  }
  return
}

func.func @in_place(%x: memref<37xf32>) {
  linalg.generic {indexing_maps = [#id1], iterator_types = ["parallel"]} outs(%x : memref<37xf32>) {
  ^bb0(%a: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}

func.func @one_element(%x: memref<1x1xf32>, %y: memref<f32>, %z: memref<1x1xf32>) {
  linalg.generic {indexing_maps = [#id2, affine_map<(d0, d1) -> ()>, #id2], iterator_types = ["parallel", "parallel"]}
    ins(%x, %y : memref<1x1xf32>, memref<f32>) outs(%z : memref<1x1xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

func.func @broadcast_row_and_column(%x: memref<13xf32>, %y: memref<29xf32>, %z: memref<13x29xf32>) {
  linalg.generic {indexing_maps = [#row2, #col2, #id2], iterator_types = ["parallel", "parallel"]}
    ins(%x, %y : memref<13xf32>, memref<29xf32>) outs(%z : memref<13x29xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %0, %b : f32
    linalg.yield %1 : f32
  }
  return
}

func.func @compare_to_bytes(%x: memref<3x41xf32>, %y: memref<41xf32>, %z: memref<3x41xi8>) {
  linalg.generic {indexing_maps = [#id2, #col2, #id2], iterator_types = ["parallel", "parallel"]}
    ins(%x, %y : memref<3x41xf32>, memref<41xf32>) outs(%z : memref<3x41xi8>) {
  ^bb0(%a: f32, %b: f32, %c: i8):
    %0 = arith.cmpf olt, %a, %b : f32
    %1 = arith.extui %0 : i1 to i8
    linalg.yield %1 : i8
  }
  return
}

func.func @select_by_bytes(%m: memref<5x23xi8>, %x: memref<5x23xi64>, %y: memref<5x23xi64>, %z: memref<5x23xi64>) {
  linalg.generic {indexing_maps = [#id2, #id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
    ins(%m, %x, %y : memref<5x23xi8>, memref<5x23xi64>, memref<5x23xi64>) outs(%z : memref<5x23xi64>) {
  ^bb0(%p: i8, %a: i64, %b: i64, %c: i64):
    %zero = arith.constant 0 : i8
    %0 = arith.cmpi ne, %p, %zero : i8
    %1 = arith.select %0, %a, %b : i64
    linalg.yield %1 : i64
  }
  return
}

func.func @halves(%x: memref<7x19xf16>, %z: memref<7x19xf16>) {
  linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
    ins(%x : memref<7x19xf16>) outs(%z : memref<7x19xf16>) {
  ^bb0(%a: f16, %c: f16):
    %0 = arith.extf %a : f16 to f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.truncf %1 : f32 to f16
    linalg.yield %2 : f16
  }
  return
}

func.func @doubles(%x: memref<7x19xf64>, %y: memref<f64>, %z: memref<7x19xf64>) {
  linalg.generic {indexing_maps = [#id2, affine_map<(d0, d1) -> ()>, #id2], iterator_types = ["parallel", "parallel"]}
    ins(%x, %y : memref<7x19xf64>, memref<f64>) outs(%z : memref<7x19xf64>) {
  ^bb0(%a: f64, %b: f64, %c: f64):
    %0 = arith.mulf %a, %b : f64
    linalg.yield %0 : f64
  }
  return
}

func.func @bytes(%x: memref<133xi8>, %y: memref<133xi8>, %z: memref<133xi8>) {
  linalg.generic {indexing_maps = [#id1, #id1, #id1], iterator_types = ["parallel"]}
    ins(%x, %y : memref<133xi8>, memref<133xi8>) outs(%z : memref<133xi8>) {
  ^bb0(%a: i8, %b: i8, %c: i8):
    %0 = arith.andi %a, %b : i8
    linalg.yield %0 : i8
  }
  return
}

func.func @integer_division(%x: memref<21xi32>, %y: memref<21xi32>, %z: memref<21xi32>) {
  linalg.generic {indexing_maps = [#id1, #id1, #id1], iterator_types = ["parallel"]}
    ins(%x, %y : memref<21xi32>, memref<21xi32>) outs(%z : memref<21xi32>) {
  ^bb0(%a: i32, %b: i32, %c: i32):
    %one = arith.constant 1 : i32
    %0 = arith.ori %b, %one : i32
    %1 = arith.divsi %a, %0 : i32
    linalg.yield %1 : i32
  }
  return
}

func.func @iota(%z: memref<3x21xf32>) {
  linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]} outs(%z : memref<3x21xf32>) {
  ^bb0(%c: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %0 = arith.cmpi uge, %i, %j : index
    %1 = arith.index_cast %j : index to i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.select %0, %c, %2 : f32
    linalg.yield %3 : f32
  }
  return
}

func.func @fill_and_copy(%x: memref<4x9xf32>, %y: memref<4x9xf32>, %z: memref<11xi64>) {
  %cst = arith.constant 2.5 : f32
  %seven = arith.constant 7 : i64
  linalg.fill ins(%cst : f32) outs(%x : memref<4x9xf32>)
  linalg.copy ins(%x : memref<4x9xf32>) outs(%y : memref<4x9xf32>)
  linalg.fill ins(%seven : i64) outs(%z : memref<11xi64>)
  return
}

func.func @copy_of_a_slice(%x: memref<9x17xf32>, %y: memref<4x9xf32>) {
  %s = memref.subview %x[2, 3] [4, 9] [2, 1] : memref<9x17xf32> to memref<4x9xf32, strided<[34, 1], offset: 37>>
  linalg.copy ins(%s : memref<4x9xf32, strided<[34, 1], offset: 37>>) outs(%y : memref<4x9xf32>)
  return
}

func.func @copy_with_steps(%x: memref<9x34xf32>, %y: memref<9x17xf32>) {
  %s = memref.subview %x[0, 1] [9, 17] [1, 2] : memref<9x34xf32> to memref<9x17xf32, strided<[34, 2], offset: 1>>
  linalg.copy ins(%s : memref<9x17xf32, strided<[34, 2], offset: 1>>) outs(%y : memref<9x17xf32>)
  linalg.copy ins(%y : memref<9x17xf32>) outs(%s : memref<9x17xf32, strided<[34, 2], offset: 1>>)
  return
}

func.func @slice_at_run_time(%x: memref<9x17xf32>, %i: memref<1xi32>, %y: memref<4x9xf32>) {
  %c0 = arith.constant 0 : index
  %three = arith.constant 3 : i32
  %v = memref.load %i[%c0] : memref<1xi32>
  %w = arith.andi %v, %three : i32
  %at = arith.index_cast %w : i32 to index
  %s = memref.subview %x[%at, 3] [4, 9] [1, 1] : memref<9x17xf32> to memref<4x9xf32, strided<[17, 1], offset: ?>>
  linalg.copy ins(%s : memref<4x9xf32, strided<[17, 1], offset: ?>>) outs(%y : memref<4x9xf32>)
  return
}

func.func @copy_of_all(%x: memref<9x17xf32>, %y: memref<9x17xf32>) {
  memref.copy %x, %y : memref<9x17xf32> to memref<9x17xf32>
  return
}

func.func @transpose_f32(%x: memref<19x37xf32>, %y: memref<37x19xf32>) {
  linalg.transpose ins(%x : memref<19x37xf32>) outs(%y : memref<37x19xf32>) permutation = [1, 0]
  return
}

func.func @transpose_f64(%x: memref<8x12xf64>, %y: memref<12x8xf64>) {
  linalg.transpose ins(%x : memref<8x12xf64>) outs(%y : memref<12x8xf64>) permutation = [1, 0]
  return
}

func.func @transpose_bytes(%x: memref<2x19x37xi8>, %y: memref<2x37x19xi8>) {
  linalg.transpose ins(%x : memref<2x19x37xi8>) outs(%y : memref<2x37x19xi8>) permutation = [0, 2, 1]
  return
}

func.func @transpose_small(%x: memref<3x4x5xf32>, %y: memref<5x3x4xf32>) {
  linalg.transpose ins(%x : memref<3x4x5xf32>) outs(%y : memref<5x3x4xf32>) permutation = [2, 0, 1]
  return
}

func.func @transpose_and_add(%x: memref<2x24x17xf32>, %y: memref<2x17x24xf32>, %b: memref<24xf32>,
                             %z: memref<2x17x24xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2, d1)>, #id3, affine_map<(d0, d1, d2) -> (d2)>,
                                   #id3], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%x, %y, %b : memref<2x24x17xf32>, memref<2x17x24xf32>, memref<24xf32>) outs(%z : memref<2x17x24xf32>) {
  ^bb0(%a: f32, %c: f32, %d: f32, %e: f32):
    %0 = arith.addf %a, %c : f32
    %1 = arith.mulf %0, %d : f32
    linalg.yield %1 : f32
  }
  return
}

func.func @sum_of_rows(%x: memref<5x133xf32>, %y: memref<5xf32>) {
  linalg.reduce { arith.addf } ins(%x : memref<5x133xf32>) outs(%y : memref<5xf32>) dimensions = [1]
  return
}

func.func @sum_of_short_rows(%x: memref<5x3xf32>, %y: memref<5xf32>) {
  linalg.reduce { arith.addf } ins(%x : memref<5x3xf32>) outs(%y : memref<5xf32>) dimensions = [1]
  return
}

func.func @sum_of_columns(%x: memref<5x133xf32>, %y: memref<133xf32>) {
  linalg.reduce { arith.addf } ins(%x : memref<5x133xf32>) outs(%y : memref<133xf32>) dimensions = [0]
  return
}

func.func @sum_of_middle(%x: memref<3x11x35xf32>, %y: memref<3x35xf32>) {
  linalg.reduce { arith.addf } ins(%x : memref<3x11x35xf32>) outs(%y : memref<3x35xf32>) dimensions = [1]
  return
}

func.func @sum_of_all(%x: memref<3x11x35xf32>, %y: memref<f32>) {
  linalg.reduce { arith.addf } ins(%x : memref<3x11x35xf32>) outs(%y : memref<f32>) dimensions = [0, 1, 2]
  return
}

func.func @max_of_two_dims(%x: memref<3x5x7x21xf32>, %y: memref<3x7xf32>) {
  linalg.reduce { arith.maximumf } ins(%x : memref<3x5x7x21xf32>) outs(%y : memref<3x7xf32>) dimensions = [1, 3]
  return
}

func.func @min_of_integers(%x: memref<6x50xi64>, %y: memref<6xi64>) {
  linalg.reduce { arith.minsi } ins(%x : memref<6x50xi64>) outs(%y : memref<6xi64>) dimensions = [1]
  return
}

func.func @any_of_bytes(%x: memref<6x77xi8>, %y: memref<6xi8>) {
  linalg.reduce { arith.ori } ins(%x : memref<6x77xi8>) outs(%y : memref<6xi8>) dimensions = [1]
  return
}

func.func @product(%x: memref<6x13xf64>, %y: memref<6xf64>) {
  linalg.reduce { arith.mulf } ins(%x : memref<6x13xf64>) outs(%y : memref<6xf64>) dimensions = [1]
  return
}

func.func @square_and_sum(%x: memref<5x45xf32>, %s: memref<5x45xf32>, %t: memref<5xf32>) {
  linalg.generic {indexing_maps = [#id2, #id2, #row2], iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<5x45xf32>) outs(%s, %t : memref<5x45xf32>, memref<5xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %0, %1 : f32, f32
  }
  return
}

func.func @argmax_of_rows(%x: memref<5x21xf32>, %v: memref<5xf32>, %i: memref<5xi64>) {
  linalg.generic {indexing_maps = [#id2, #row2, #row2], iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<5x21xf32>) outs(%v, %i : memref<5xf32>, memref<5xi64>) {
  ^bb0(%a: f32, %m: f32, %n: i64):
    %k = linalg.index 1 : index
    %0 = arith.index_cast %k : index to i64
    %1 = arith.cmpf ogt, %a, %m : f32
    %2 = arith.select %1, %a, %m : f32
    %3 = arith.select %1, %0, %n : i64
    linalg.yield %2, %3 : f32, i64
  }
  return
}

func.func @argmax_of_columns(%x: memref<21x13xf32>, %v: memref<13xf32>, %i: memref<13xi64>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, #row2, #row2],
                  iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<21x13xf32>) outs(%v, %i : memref<13xf32>, memref<13xi64>) {
  ^bb0(%a: f32, %m: f32, %n: i64):
    %k = linalg.index 1 : index
    %0 = arith.index_cast %k : index to i64
    %1 = arith.cmpf ogt, %a, %m : f32
    %2 = arith.select %1, %a, %m : f32
    %3 = arith.select %1, %0, %n : i64
    linalg.yield %2, %3 : f32, i64
  }
  return
}

func.func @cumulative_sum(%x: memref<5x21xf32>, %y: memref<5x21xf32>, %s: memref<5xf32>) {
  linalg.generic {indexing_maps = [#id2, #id2, #row2], iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<5x21xf32>) outs(%y, %s : memref<5x21xf32>, memref<5xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.addf %c, %a : f32
    linalg.yield %0, %0 : f32, f32
  }
  return
}

func.func @matmul(%x: memref<7x13xf32>, %y: memref<13x45xf32>, %z: memref<7x45xf32>) {
  linalg.matmul ins(%x, %y : memref<7x13xf32>, memref<13x45xf32>) outs(%z : memref<7x45xf32>)
  return
}

func.func @matmul_of_integers(%x: memref<7x13xi32>, %y: memref<13x9xi32>, %z: memref<7x9xi32>) {
  linalg.matmul ins(%x, %y : memref<7x13xi32>, memref<13x9xi32>) outs(%z : memref<7x9xi32>)
  return
}

func.func @batch_matmul(%x: memref<2x7x13xf64>, %y: memref<2x13x9xf64>, %z: memref<2x7x9xf64>) {
  linalg.batch_matmul ins(%x, %y : memref<2x7x13xf64>, memref<2x13x9xf64>) outs(%z : memref<2x7x9xf64>)
  return
}

func.func @max_pool(%x: memref<2x9x9x21xf32>, %k: memref<3x3xf32>, %z: memref<2x4x4x21xf32>) {
  linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>}
    ins(%x, %k : memref<2x9x9x21xf32>, memref<3x3xf32>) outs(%z : memref<2x4x4x21xf32>)
  return
}

func.func @convolution(%x: memref<1x9x9x5xf32>, %w: memref<3x3x5x11xf32>, %z: memref<1x4x4x11xf32>) {
  linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>}
    ins(%x, %w : memref<1x9x9x5xf32>, memref<3x3x5x11xf32>) outs(%z : memref<1x4x4x11xf32>)
  return
}

func.func @convolution_nchw(%x: memref<1x3x9x9xf32>, %w: memref<5x3x3x3xf32>, %z: memref<1x5x7x7xf32>) {
  linalg.conv_2d_nchw_fchw ins(%x, %w : memref<1x3x9x9xf32>, memref<5x3x3x3xf32>) outs(%z : memref<1x5x7x7xf32>)
  return
}

func.func @embedding(%t: memref<16x45xf32>, %i: memref<7xi64>, %z: memref<7x45xf32>) {
  linalg.generic {indexing_maps = [#row2, #id2], iterator_types = ["parallel", "parallel"]}
    ins(%i : memref<7xi64>) outs(%z : memref<7x45xf32>) {
  ^bb0(%a: i64, %c: f32):
    %mask = arith.constant 15 : i64
    %0 = arith.andi %a, %mask : i64
    %1 = arith.index_cast %0 : i64 to index
    %2 = linalg.index 1 : index
    %3 = memref.load %t[%1, %2] : memref<16x45xf32>
    linalg.yield %3 : f32
  }
  return
}

func.func @gather_elements(%t: memref<16x45xf32>, %i: memref<7x45xi64>, %z: memref<7x45xf32>) {
  linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
    ins(%i : memref<7x45xi64>) outs(%z : memref<7x45xf32>) {
  ^bb0(%a: i64, %c: f32):
    %mask = arith.constant 15 : i64
    %0 = arith.andi %a, %mask : i64
    %1 = arith.index_cast %0 : i64 to index
    %2 = linalg.index 1 : index
    %3 = memref.load %t[%1, %2] : memref<16x45xf32>
    linalg.yield %3 : f32
  }
  return
}

func.func @shifted_slice(%t: memref<4x60xf32>, %z: memref<4x45xf32>) {
  linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]} outs(%z : memref<4x45xf32>) {
  ^bb0(%c: f32):
    %0 = linalg.index 0 : index
    %1 = linalg.index 1 : index
    %seven = arith.constant 7 : index
    %2 = arith.addi %1, %seven : index
    %3 = memref.load %t[%0, %2] : memref<4x60xf32>
    linalg.yield %3 : f32
  }
  return
}

func.func @reversed(%x: memref<23xf32>, %z: memref<23xf32>) {
  linalg.generic {indexing_maps = [#id1], iterator_types = ["parallel"]} outs(%z : memref<23xf32>) {
  ^bb0(%c: f32):
    %0 = linalg.index 0 : index
    %last = arith.constant 22 : index
    %1 = arith.subi %last, %0 : index
    %2 = memref.load %x[%1] : memref<23xf32>
    linalg.yield %2 : f32
  }
  return
}

func.func @condition_in_the_body(%x: memref<23xf32>, %z: memref<23xf32>) {
  linalg.generic {indexing_maps = [#id1], iterator_types = ["parallel"]} outs(%z : memref<23xf32>) {
  ^bb0(%c: f32):
    %0 = linalg.index 0 : index
    %limit = arith.constant 13 : index
    %inside = arith.cmpi ult, %0, %limit : index
    %1 = scf.if %inside -> f32 {
      %2 = memref.load %x[%0] : memref<23xf32>
      scf.yield %2 : f32
    } else {
      scf.yield %c : f32
    }
    linalg.yield %1 : f32
  }
  return
}

func.func @repeat_each(%x: memref<5x7xf32>, %z: memref<5x21xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1 floordiv 3)>, #id2],
                  iterator_types = ["parallel", "parallel"]}
    ins(%x : memref<5x7xf32>) outs(%z : memref<5x21xf32>) {
  ^bb0(%a: f32, %c: f32):
    linalg.yield %a : f32
  }
  return
}

func.func @open_shape(%x: memref<5x21xf32>, %y: memref<5x21xf32>, %s: memref<5xf32>) {
  %a = memref.cast %x : memref<5x21xf32> to memref<?x?xf32>
  %b = memref.cast %y : memref<5x21xf32> to memref<?x?xf32, strided<[?, ?], offset: ?>>
  %c = memref.cast %s : memref<5xf32> to memref<?xf32>
  linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
    ins(%a : memref<?x?xf32>) outs(%b : memref<?x?xf32, strided<[?, ?], offset: ?>>) {
  ^bb0(%p: f32, %q: f32):
    %0 = arith.addf %p, %p : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
    ins(%a : memref<?x?xf32>) outs(%a : memref<?x?xf32>) {
  ^bb0(%p: f32, %q: f32):
    %0 = arith.mulf %p, %q : f32
    linalg.yield %0 : f32
  }
  linalg.reduce { arith.addf } ins(%a : memref<?x?xf32>) outs(%c : memref<?xf32>) dimensions = [1]
  return
}

func.func @large_pointwise(%x: memref<3x11x4099xf32>, %y: memref<3x11x4099xf32>) {
  linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%x : memref<3x11x4099xf32>) outs(%y : memref<3x11x4099xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}

func.func @large_reduction(%x: memref<300x517xf32>, %y: memref<300xf32>) {
  linalg.reduce { arith.addf } ins(%x : memref<300x517xf32>) outs(%y : memref<300xf32>) dimensions = [1]
  return
}

func.func @large_column_reduction(%x: memref<300x517xf32>, %y: memref<517xf32>) {
  linalg.reduce { arith.addf } ins(%x : memref<300x517xf32>) outs(%y : memref<517xf32>) dimensions = [0]
  return
}

func.func @large_transpose(%x: memref<299x517xf32>, %y: memref<517x299xf32>) {
  linalg.transpose ins(%x : memref<299x517xf32>) outs(%y : memref<517x299xf32>) permutation = [1, 0]
  return
}
