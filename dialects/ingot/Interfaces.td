//===- Interfaces.td - What a pass may ask of an ingot op -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_INTERFACES
#define INGOT_INTERFACES

include "mlir/IR/OpBase.td"

def PointwiseOpInterface : OpInterface<"PointwiseOpInterface"> {
  let cppNamespace = "::ingot";
  let description = [{
    An op that computes each element of its result from the elements at the same place of its operands, which broadcast
    together as in NumPy.
  }];
  let methods = [InterfaceMethod<[{
      Builds the op on one element of each operand. An argument is a scalar or a vector of the operand's compute type
      (see `computeType`); integers are signless, and their signedness is that of the op's own operands.
    }], "::mlir::Value", "buildScalar", (ins "::mlir::ImplicitLocOpBuilder &":$builder, "::mlir::ValueRange":$args)>];
}

def MovementOpInterface : OpInterface<"MovementOpInterface"> {
  let cppNamespace = "::ingot";
  let description = "An op whose every result element is one element of an operand, chosen by its index alone.";
  let methods = [InterfaceMethod<[{
      Finds the element that result element `index` copies: returns the operand's number and writes the index in it
      to `source`. Needs static shapes.
    }], "unsigned", "sourceOf", (ins "::llvm::ArrayRef<int64_t>":$index, "::llvm::SmallVectorImpl<int64_t> &":$source)>];
}

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::ingot";
  let description = "An op with a vector-Jacobian product.";
  let methods = [InterfaceMethod<[{
      Builds the cotangent of each operand from the cotangents of the results. A null value stands for zeros on either
      side; not all of `cotangents` are null. A cotangent may have the broadcast shape of the result; the engine sums it
      back to its operand's shape. What cannot be built is reported as an error.
    }], "::llvm::SmallVector<::mlir::Value>", "buildGradient",
    (ins "::mlir::ImplicitLocOpBuilder &":$builder, "::mlir::ValueRange":$cotangents)>];
}

def DifferentiableRegionOpInterface : OpInterface<"DifferentiableRegionOpInterface"> {
  let cppNamespace = "::ingot";
  let description = "An op with regions, which may use what is around it, and with a vector-Jacobian product.";
  let methods = [InterfaceMethod<[{
      Builds the cotangents of `wrt`: different values that the op's operands or the ops in its regions are. Null values
      are as in DifferentiableOpInterface. The engine differentiates what is in the regions, and puts another op in the
      place of this one where the gradient needs what this one does not keep.
    }], "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "buildGradient",
    (ins "::mlir::ImplicitLocOpBuilder &":$builder, "::mlir::ValueRange":$cotangents, "::mlir::ValueRange":$wrt,
         "::ingot::GradientEngine &":$engine)>];
}

def ContractionOpInterface : OpInterface<"ContractionOpInterface"> {
  let cppNamespace = "::ingot";
  let description = "A sum of products that a register-tiled kernel may compute.";
  let methods = [InterfaceMethod<[{
      Describes the op as a two-dimensional convolution over panels, or returns nothing where it is none: element types,
      ranks, open dimensions or layouts that the kernels do not take.
    }], "std::optional<::ingot::Contraction>", "getContraction", (ins)>];
}

def RowwiseOpInterface : OpInterface<"RowwiseOpInterface"> {
  let cppNamespace = "::ingot";
  let description = [{
    An op whose first operand has the shape of its first result, and that couples only elements of one row of it: those
    that differ in the trailing dimensions alone (softmax over the last axis, layer normalization).
  }];
  let methods = [InterfaceMethod<"The number of trailing dimensions that make up a row, or 0 when it is not the trailing ones.",
    "int64_t", "getRowRank", (ins)>];
}

def TransposableOpInterface : OpInterface<"TransposableOpInterface"> {
  let cppNamespace = "::ingot";
  let description = [{
    An op that can take its operands with their dimensions in another order. All operands of the rank of the first count;
    others have no dimensions to speak of.
  }];
  let methods = [InterfaceMethod<[{
      Where each counted operand is `transpose(source, perm)`: builds the op on `sources` instead, of which there is one
      for every operand, and finds the `resultPerm` that makes the op's own result of the value returned. The default
      maps attributes: `axis`, `axes`, and lists of one number for each dimension.
    }], "::mlir::Value", "buildTransposed",
    (ins "::mlir::ImplicitLocOpBuilder &":$builder, "::mlir::ValueRange":$sources, "::llvm::ArrayRef<int64_t>":$perm,
         "::llvm::SmallVectorImpl<int64_t> &":$resultPerm), /*methodBody=*/"", [{
      return ::ingot::buildTransposedByAttributes(builder, $_op, sources, perm, resultPerm);
    }]>];
}

def LowerToLinalgOpInterface : OpInterface<"LowerToLinalgOpInterface"> {
  let cppNamespace = "::ingot";
  let description = "An op that is one or a few linalg and tensor ops.";
  let methods = [InterfaceMethod<[{
      Builds the op with linalg and tensor ops on `operands`, whose element types are storage types (see `storageType`),
      and returns one value of storage type for each result. The op's own types still tell signedness.
    }], "::llvm::SmallVector<::mlir::Value>", "lowerToLinalg",
    (ins "::mlir::ImplicitLocOpBuilder &":$builder, "::mlir::ValueRange":$operands)>];
}

#endif
