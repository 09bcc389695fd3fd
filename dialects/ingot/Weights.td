//===- Weights.td - Constants too large to be attributes ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_WEIGHTS
#define INGOT_WEIGHTS

include "dialects/ingot/Base.td"
include "mlir/IR/SymbolInterfaces.td"

def Ingot_WeightOp : Op<Ingot_Dialect, "weight", [Symbol]> {
  let summary = "A constant tensor whose bytes are in the context's weight store.";
  let description = [{
    `key` names the bytes in the store: row-major, little-endian, one byte for a truth value. A dump shows the key, which
    is a hash of the bytes, and never the bytes.

        ingot.weight @fc1.weight : tensor<50x10xf32> = "b3:0f3c5a..."
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Ingot_Tensor>:$type, StrAttr:$key);
  let assemblyFormat = "$sym_name `:` $type `=` $key attr-dict";
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() { return ::mlir::cast<::mlir::RankedTensorType>(getType()); }
  }];
}

def Ingot_ReadWeightOp : Op<Ingot_Dialect, "read_weight", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The value of a weight.";
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs Ingot_Tensor:$y);
  let assemblyFormat = "$weight attr-dict `:` type($y)";
}

#endif
