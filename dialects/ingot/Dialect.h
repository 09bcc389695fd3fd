//===- Dialect.h - The ingot dialect, its interfaces and structure --------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a pass on interfaces needs. The ops of graphs are in Ops.h.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_DIALECT_H
#define INGOT_DIALECTS_INGOT_DIALECT_H

#include "dialects/ingot/Contraction.h"
#include "dialects/ingot/Weights.h"
#include "dialects/ingot/Window.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace ingot {

/// How ops implement TransposableOpInterface when their attributes say all there is to say about dimensions.
mlir::Value buildTransposedByAttributes(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op, mlir::ValueRange sources,
                                        llvm::ArrayRef<int64_t> perm, llvm::SmallVectorImpl<int64_t> &resultPerm);

/// The result has the operand's elements in the same row-major order.
template <typename ConcreteOp> class IsView : public mlir::OpTrait::TraitBase<ConcreteOp, IsView> {};

/// What the gradient of an op with regions asks of the pass that builds gradients.
class GradientEngine {
public:
  virtual ~GradientEngine() = default;
  /// Builds the cotangents of `wrt` from the cotangents of `values`, which the ops before the builder's place compute in
  /// its block. A null value stands for zeros on either side.
  virtual llvm::FailureOr<llvm::SmallVector<mlir::Value>> differentiate(mlir::ImplicitLocOpBuilder &b,
                                                                        mlir::ValueRange values,
                                                                        mlir::ValueRange cotangents,
                                                                        mlir::ValueRange wrt) = 0;
  /// Puts `results` in the place of those of `op`, and erases it.
  virtual void replace(mlir::Operation *op, mlir::ValueRange results) = 0;
};

} // namespace ingot

namespace ingot {
// The declarations of AggregatedOpInterface's methods name these without their namespace.
using llvm::FailureOr;
using llvm::SmallVector;
using mlir::OpBuilder;
using mlir::Value;
} // namespace ingot

#include "dialects/ingot/Dialect.h.inc"
#include "dialects/ingot/Interfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/ingot/StructureOps.h.inc"

namespace ingot {

/// Whether an element type is a float of at most 8 bits, which is storage only.
bool isNarrowFloat(mlir::Type type);

/// The element type that a buffer holds for `type`: a byte for i1, integers of fewer bits and floats of 8, a signless
/// integer for any other integer, else `type`.
mlir::Type storageType(mlir::Type type);

/// The element type that arithmetic on `type` is done in: f32 for a float of fewer bits, a signless integer of at least
/// 8 bits for an integer, i1 for a truth value.
mlir::Type computeType(mlir::Type type);

/// `type` with its elements in storage form.
mlir::RankedTensorType storageTensor(mlir::Type type);

/// Whether `op` has a region that may use more than its operands.
inline bool seesItsSurroundings(mlir::Operation *op) {
  return op->getNumRegions() && !op->hasTrait<mlir::OpTrait::IsIsolatedFromAbove>();
}

/// Why `op` has no gradient, as its record says; "" where it says nothing.
llvm::StringRef reasonForNoGradient(mlir::Operation *op);

/// Whether an element type is an integer without a sign bit (`i1` is one).
bool isUnsignedType(mlir::Type type);

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_DIALECT_H
