// A vector store whose last lanes lie past the buffer of a group, in a chunk of a parallel loop.
func.func @main(%x: memref<60xf32> {ingot.name = "x"}, %y: memref<60xf32> {ingot.name = "y", ingot.output = 0 : i64}) {
  call @group(%x, %y) : (memref<60xf32>, memref<60xf32>) -> ()
  return
}
func.func private @group(%x: memref<60xf32>, %y: memref<60xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 60 : index
  %eight = arith.constant 8 : index
  %t = memref.alloc() : memref<60xf32>
  scf.forall (%chunk) in (8) {
    %at = arith.muli %chunk, %eight : index
    %v = arith.constant dense<2.0> : vector<8xf32>
    vector.store %v, %t[%at] : memref<60xf32>, vector<8xf32>
  }
  scf.for %i = %zero to %size step %one {
    %v = memref.load %t[%i] : memref<60xf32>
    memref.store %v, %y[%i] : memref<60xf32>
  }
  return
}
