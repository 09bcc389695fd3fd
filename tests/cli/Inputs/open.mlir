#id = affine_map<(d0, d1) -> (d0, d1)>
module @hand attributes {ingot.open_dims = [{name = "N", low = 1 : i64, high = 8 : i64}]} {
  func.func private @g(%x: memref<?x4xf32>, %o: memref<?x4xf32> {ingot.output = 0 : i64}, %n: index) {
    %t = memref.alloc(%n) {ingot.bounds = array<i64: 8, 4>} : memref<?x4xf32>
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x4xf32>) outs(%t : memref<?x4xf32>) {
    ^bb0(%a: f32, %b: f32):
      %c = arith.addf %a, %a : f32
      linalg.yield %c : f32
    }
    linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %t : memref<?x4xf32>, memref<?x4xf32>) outs(%o : memref<?x4xf32>) {
    ^bb0(%a: f32, %e: f32, %b: f32):
      %c = arith.addf %a, %e : f32
      linalg.yield %c : f32
    }
    return
  }
  func.func @main(%x: memref<?x4xf32> {ingot.name = "x", ingot.dims = ["N", ""], ingot.bounds = array<i64: 8, 4>, ingot.sizes = affine_map<()[s0] -> (s0, 4)>, ingot.type = tensor<?x4xf32>}, %y: memref<?xf32> {ingot.output = 0 : i64, ingot.name = "y", ingot.dims = [""], ingot.bounds = array<i64: 32>, ingot.sizes = affine_map<()[s0] -> (s0 * 4)>, ingot.type = tensor<?xf32>}) -> memref<?xf32> {
    %c0 = arith.constant 0 : index
    %n = memref.dim %x, %c0 : memref<?x4xf32>
    %a = memref.alloc(%n) {ingot.bounds = array<i64: 8, 4>} : memref<?x4xf32>
    call @g(%x, %a, %n) : (memref<?x4xf32>, memref<?x4xf32>, index) -> ()
    %v = memref.collapse_shape %a [[0, 1]] : memref<?x4xf32> into memref<?xf32>
    linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%v : memref<?xf32>) outs(%y : memref<?xf32>) {
    ^bb0(%p: f32, %q: f32):
      %c = arith.mulf %p, %p : f32
      linalg.yield %c : f32
    }
    return %y : memref<?xf32>
  }
}
