//===- Recompose.h - Families of patterns that recompose finds --*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_GRAPH_RECOMPOSE_H
#define INGOT_COMPILER_GRAPH_RECOMPOSE_H

#include "dialects/ingot/Ops.h"
#include "mlir/IR/PatternMatch.h"

namespace ingot {

/// The number that every element of the constant `value` is.
std::optional<double> splatNumber(mlir::Value value);

/// Whether a number from a model is the one meant, as far as its element type can tell.
bool isAbout(double found, double wanted, mlir::Type element);

/// A product taken apart: numbers, and what they multiply. Looks into products that have no other use.
struct Product {
  double number = 1;
  llvm::SmallVector<mlir::Value> factors;

  explicit Product(mlir::Value value);
};

/// `number` times `x` to the power `degree`.
struct Monomial {
  double number = 1;
  int64_t degree = 0;
};
/// `value` as a monomial in `x`, if it is one.
std::optional<Monomial> monomialIn(mlir::Value value, mlir::Value x);

/// The two operands of the Op that `value` is, the constant number last.
template <typename Op>
std::optional<std::pair<mlir::Value, double>> withNumber(mlir::Value value) {
  auto op = value.getDefiningOp<Op>();
  if (!op)
    return std::nullopt;
  for (int i : {0, 1})
    if (std::optional<double> number = splatNumber(op->getOperand(1 - i)))
      if (op->getOperand(i).getType() == value.getType())
        return std::pair(mlir::Value(op->getOperand(i)), *number);
  return std::nullopt;
}

void populateRecomposeActivations(mlir::RewritePatternSet &patterns);
void populateRecomposeAttention(mlir::RewritePatternSet &patterns);
void populateRecomposeNorms(mlir::RewritePatternSet &patterns);

} // namespace ingot

#endif // INGOT_COMPILER_GRAPH_RECOMPOSE_H
