//===- Support.h - What code generated from op records calls --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_SUPPORT_H
#define INGOT_DIALECTS_INGOT_SUPPORT_H

#include "dialects/ingot/Dialect.h"

namespace ingot {

/// Builds instructions on scalars or vectors of compute type; constants fold as they are built.
class ScalarBuilder {
public:
  /// `isUnsigned` is the signedness of integer operands.
  ScalarBuilder(mlir::ImplicitLocOpBuilder &builder, bool isUnsigned) : b(builder), unsignedInts(isUnsigned) {}

  mlir::ImplicitLocOpBuilder &builder() { return b; }
  bool isUnsigned() const { return unsignedInts; }
  static bool isFloat(mlir::Value v) { return mlir::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(v)); }

  template <typename Op, typename... Args> mlir::Value build(Args &&...args) {
    return b.createOrFold<Op>(std::forward<Args>(args)...);
  }
  /// A constant of the type of `like`.
  mlir::Value literal(double value, mlir::Value like);

  mlir::Value negate(mlir::Value x);
  mlir::Value power(mlir::Value a, mlir::Value b);
  /// Converts as ingot.cast says; `from` and `to` are ingot element types.
  mlir::Value convert(mlir::Value x, mlir::Type from, mlir::Type to);
  /// A float of 8 bits, which is stored as a byte, as a number of 32; and back, rounding to the nearest. What is too
  /// large becomes infinite, or not a number where the type has no infinity.
  mlir::Value decode(mlir::Value stored, mlir::FloatType type);
  mlir::Value encode(mlir::Value x, mlir::FloatType type);

private:
  /// The low bits of an integer as a number of a type of fewer bits than a byte.
  mlir::Value toFewBits(mlir::Value x, mlir::Type to);

  mlir::ImplicitLocOpBuilder &b;
  bool unsignedInts;
};

/// A constant tensor of rank 0 with the element type of `like`.
mlir::Value graphLiteral(mlir::ImplicitLocOpBuilder &builder, double value, mlir::Value like);
mlir::Value graphLiteral(mlir::ImplicitLocOpBuilder &builder, double value, mlir::Type element);

/// The same op on other operands and with some attributes changed; its result types are inferred again.
mlir::Operation *cloneWithOperands(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op, mlir::ValueRange operands,
                                   llvm::ArrayRef<mlir::NamedAttribute> changed = {});

/// Results with more elements are left to the compiler's evaluation of constant subgraphs.
constexpr int64_t foldLimit = 1024;

/// Folds an op whose operands are all constant and small by building it on scalars.
mlir::OpFoldResult foldPointwise(PointwiseOpInterface op, llvm::ArrayRef<mlir::Attribute> operands);

/// Folds an op that only moves elements.
mlir::OpFoldResult foldMovement(MovementOpInterface op, llvm::ArrayRef<mlir::Attribute> operands);

/// Broadcasting: the place in an operand of shape `sizes` that belongs to place `index` of the result.
void broadcastIndex(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> sizes, llvm::SmallVectorImpl<int64_t> &out);

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_SUPPORT_H
