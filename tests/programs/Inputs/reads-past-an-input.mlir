// Reads one element past an input. In the host's memory the output lies behind it.
func.func @main(%x: memref<16xf32> {ingot.name = "x"}, %y: memref<16xf32> {ingot.name = "y", ingot.output = 0 : i64}) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 16 : index
  scf.for %i = %zero to %size step %one {
    %next = arith.addi %i, %one : index
    %v = memref.load %x[%next] : memref<16xf32>
    memref.store %v, %y[%i] : memref<16xf32>
  }
  return
}
