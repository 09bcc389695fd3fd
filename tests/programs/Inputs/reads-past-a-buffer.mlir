// Reads one element past a buffer. In an arena its neighbour would lie there.
func.func @main(%x: memref<16xf32> {ingot.name = "x"}, %y: memref<16xf32> {ingot.name = "y", ingot.output = 0 : i64}) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 16 : index
  %first = memref.alloc() {alignment = 64 : i64} : memref<16xf32>
  %second = memref.alloc() {alignment = 64 : i64} : memref<16xf32>
  scf.for %i = %zero to %size step %one {
    %v = memref.load %x[%i] : memref<16xf32>
    memref.store %v, %first[%i] : memref<16xf32>
    memref.store %v, %second[%i] : memref<16xf32>
  }
  scf.for %i = %zero to %size step %one {
    %next = arith.addi %i, %one : index
    %v = memref.load %first[%next] : memref<16xf32>
    %w = memref.load %second[%i] : memref<16xf32>
    %sum = arith.addf %v, %w : f32
    memref.store %sum, %y[%i] : memref<16xf32>
  }
  return
}
