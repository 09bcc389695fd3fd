//===- Kernel.td - The kernel dialect -------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_KERNEL
#define INGOT_KERNEL

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::ingot::kernel";
  let summary = "What kernels are generated from.";
  let description = [{
    Destination-style ops on tensors or, after bufferization, on memrefs. Each stands for one loop nest around a register
    tile; the `emit-brgemm` pass writes the nest for a processor. Activations are `[batch, height, width, channels]`;
    weights are packed panels of 16 columns, `[lead..., groups, ceil(columns / 16), taps, channels, 16]`.
  }];
}

def Kernel_Shaped : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef]>;

defvar Ints = DenseI64ArrayAttr;

class Kernel_Op<string mnemonic, list<Trait> traits = []>
    : Op<Kernel_Dialect, mnemonic,
         traits # [DestinationStyleOpInterface, AlwaysSpeculatable, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
  code members = "";
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutputMutable(); }
    bool isOnBuffers() { return ::llvm::isa<::mlir::MemRefType>(getOutput().getType()); }
  }] # members;
}

def Kernel_BrgemmOp : Kernel_Op<"brgemm", [SingleBlock]> {
  let summary = "Batch-reduce matrix product: convolution and matrix product with a pointwise epilogue.";
  let description = [{
    C[b, y, x, g*N+n] = epilogue(sum over taps (i, j) and channels k of
        A[b, y*sy + i*dy - top, x*sx + j*dx - left, g*K+k] * B[g, n/16, i*KW+j, k, n%16], extras...)

    Positions of A outside of its bounds, or between the elements of a dilated input, count as zero. A matrix product has
    one tap and its rows are the pixels. `panels` may have one or two leading dimensions: a matrix for each batch, or for
    each batch and row of pixels (the heads of attention). Each extra operand has rank 4, in logical order, with
    dimensions 1 or those of the output. `input_dims` and `output_dims` give the physical dimension of each logical one.

    The input of a pointwise window with one row of pixels in one batch may be packed: `[1, ceil(W / rows), 1, channels,
    rows]`, as `kernel.pack` with `rows` writes it. Then a tile has these rows.

    The output is overwritten, not read. An extra operand of the output's shape may share its buffer.
  }];
  let arguments = (ins Kernel_Shaped:$input, Kernel_Shaped:$panels, Variadic<Kernel_Shaped>:$extras,
                   Kernel_Shaped:$output,
                   DefaultValuedOptionalAttr<Ints, "{1, 1}">:$kernel,
                   DefaultValuedOptionalAttr<Ints, "{1, 1}">:$strides,
                   DefaultValuedOptionalAttr<Ints, "{0, 0, 0, 0}">:$pads,
                   DefaultValuedOptionalAttr<Ints, "{1, 1}">:$dilations,
                   DefaultValuedOptionalAttr<Ints, "{1, 1}">:$input_dilations,
                   DefaultValuedOptionalAttr<I64Attr, "1">:$groups,
                   DefaultValuedOptionalAttr<Ints, "{0, 1, 2, 3}">:$input_dims,
                   DefaultValuedOptionalAttr<Ints, "{0, 1, 2, 3}">:$output_dims,
                   OptionalAttr<Ints>:$tile);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `ins` `(` $input `,` $panels `:` type($input) `,` type($panels) `)`
    (`extras` `(` $extras^ `:` type($extras) `)`)? `outs` `(` $output `:` type($output) `)`
    (`kernel` $kernel^)? (`strides` $strides^)? (`pads` $pads^)? (`dilations` $dilations^)?
    (`input_dilations` $input_dilations^)? (`groups` $groups^)? (`input_dims` $input_dims^)?
    (`output_dims` $output_dims^)? (`tile` $tile^)? attr-dict-with-keyword $epilogue (`->` type($results)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::mlir::Value":$panels, "::mlir::ValueRange":$extras,
                                 "::mlir::Value":$output, "const ::ingot::kernel::Window &":$window,
                                 "::ingot::kernel::EpilogueBuilder":$epilogue)>];
  let members = [{
    ::ingot::kernel::Window getWindow();
    /// Whether the input is packed: pixels are spread evenly over tiles, and lie side by side there.
    bool hasPackedRows() { return ::llvm::cast<::mlir::ShapedType>(getInput().getType()).getRank() == 5; }
  }];
}

def Kernel_DepthwiseOp : Kernel_Op<"depthwise", [SingleBlock]> {
  let summary = "Depthwise convolution with a pointwise epilogue.";
  let description = [{
    C[b, y, x, c] = epilogue(sum over taps (i, j) of A[b, y*sy + i*dy - top, x*sx + j*dx - left, c] * W[i, j, c], extras...)

    As `kernel.brgemm`, with weights `[height, width, channels]` in plain layout.
  }];
  let arguments = (ins Kernel_Shaped:$input, Kernel_Shaped:$weights, Variadic<Kernel_Shaped>:$extras,
                   Kernel_Shaped:$output,
                   DefaultValuedOptionalAttr<Ints, "{1, 1}">:$strides,
                   DefaultValuedOptionalAttr<Ints, "{0, 0, 0, 0}">:$pads,
                   DefaultValuedOptionalAttr<Ints, "{1, 1}">:$dilations);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `ins` `(` $input `,` $weights `:` type($input) `,` type($weights) `)`
    (`extras` `(` $extras^ `:` type($extras) `)`)? `outs` `(` $output `:` type($output) `)`
    (`strides` $strides^)? (`pads` $pads^)? (`dilations` $dilations^)?
    attr-dict-with-keyword $epilogue (`->` type($results)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::mlir::Value":$weights, "::mlir::ValueRange":$extras,
                                 "::mlir::Value":$output, "const ::ingot::kernel::Window &":$window,
                                 "::ingot::kernel::EpilogueBuilder":$epilogue)>];
  let members = [{
    ::ingot::kernel::Window getWindow();
  }];
}

def Kernel_PackOp : Kernel_Op<"pack"> {
  let summary = "Packs a matrix or convolution weights into panels.";
  let description = [{
    Writes the panels `[lead..., groups, ceil(N / 16), taps, K, 16]` of `kernel.brgemm`. `dims` has the source dimension of
    each of lead..., n, kernel height, kernel width and k, or -1 where the source has none. With more than one group, the
    source is `groups` times as wide as a panel in n or in k, whichever its shape says. `flip` turns the window by 180
    degrees. Columns after the last one are zero.

    With `rows` the matrix is the left factor, and n counts its rows: panels `[1, ceil(N / h), 1, K, h]` are as high as a
    register tile. Rows are spread evenly: the first panels have one more than the others, and zeros fill up the rest.
  }];
  let arguments = (ins Kernel_Shaped:$source, Kernel_Shaped:$output, Ints:$dims, UnitAttr:$flip, UnitAttr:$rows);
  let assemblyFormat = [{
    `ins` `(` $source `:` type($source) `)` `outs` `(` $output `:` type($output) `)` `dims` $dims (`flip` $flip^)?
    (`rows` $rows^)? attr-dict (`->` type($results)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$source, "::mlir::Value":$output, "::llvm::ArrayRef<int64_t>":$dims,
                                 CArg<"bool", "false">:$flip, CArg<"bool", "false">:$rows)>];
  let members = [{
    /// Whether the groups split dimension k of the source, not n.
    bool splitsK();
    /// The number of columns of one group.
    int64_t getColumns();
  }];
}

def Kernel_SliceOp : Op<Kernel_Dialect, "slice", [Pure]> {
  let summary = "Slices of a tensor along dimension 0, seen in place.";
  let description = [{
    A result that lacks dimension 0 is slice number `index`; one of the rank of the source has slices from there on. Unlike
    a subview, the buffer of the result is dense in its type too, whatever the index: functions take it as any other.

        %row = kernel.slice %x[%i] : tensor<10x4xf32> -> tensor<4xf32>
  }];
  let arguments = (ins Kernel_Shaped:$source, Index:$index);
  let results = (outs Kernel_Shaped:$slice);
  let assemblyFormat = "$source `[` $index `]` attr-dict `:` type($source) `->` type($slice)";
  let hasVerifier = 1;
}

def Kernel_YieldOp : Op<Kernel_Dialect, "yield", [Pure, Terminator, ReturnLike,
                                                   ParentOneOf<["BrgemmOp", "DepthwiseOp"]>]> {
  let summary = "The value that an epilogue stores.";
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif
