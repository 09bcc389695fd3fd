//===- RecomposeActivations.cpp - GELU in its two forms -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/Recompose.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {
namespace {

/// The argument of Op where `value` is 1 + Op(argument).
template <typename Op>
Value onePlus(Value value) {
  auto sum = withNumber<AddOp>(value);
  auto op = sum && sum->second == 1 ? sum->first.getDefiningOp<Op>() : Op();
  return op ? op.getX() : Value();
}

/// Whether `u` is sqrt(2 / pi) (x + 0.044715 x^3).
bool isTanhArgument(Value u, Value x, Type element) {
  Product product(u);
  Monomial common{product.number, 0};
  AddOp sum;
  for (Value factor : product.factors) {
    if (auto add = factor.getDefiningOp<AddOp>(); add && !sum) {
      sum = add;
      continue;
    }
    std::optional<Monomial> monomial = monomialIn(factor, x);
    if (!monomial)
      return false;
    common.degree += monomial->degree;
  }
  if (!sum)
    return false;
  double linear = 0, cubic = 0;
  for (Value term : {sum.getA(), sum.getB()}) {
    std::optional<Monomial> monomial = splatNumber(term) ? Monomial{*splatNumber(term), 0} : monomialIn(term, x);
    if (!monomial)
      return false;
    int64_t degree = common.degree + monomial->degree;
    if (degree != 1 && degree != 3)
      return false;
    (degree == 1 ? linear : cubic) += common.number * monomial->number;
  }
  return isAbout(linear, 0.7978845608028654, element) && isAbout(cubic, 0.7978845608028654 * 0.044715, element);
}

/// x / 2 (1 + erf(x / sqrt(2))), or with a tanh, in any order of the product.
struct RecomposeGelu : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    Type element = getElementTypeOrSelf(op.getY());
    if (!isa<FloatType>(element))
      return failure();
    Product product(op.getY());
    if (product.factors.size() != 2 || !isAbout(product.number, 0.5, element))
      return failure();
    for (int i : {0, 1}) {
      Value x = product.factors[i], gate = product.factors[1 - i];
      if (x.getType() != op.getY().getType())
        continue;
      if (Value argument = onePlus<ErfOp>(gate)) {
        std::optional<Monomial> monomial = monomialIn(argument, x);
        if (monomial && monomial->degree == 1 && isAbout(monomial->number, 0.7071067811865476, element)) {
          rewriter.replaceOpWithNewOp<GeluOp>(op, x);
          return success();
        }
      }
      if (Value argument = onePlus<TanhOp>(gate); argument && isTanhArgument(argument, x, element)) {
        rewriter.replaceOpWithNewOp<GeluTanhOp>(op, x);
        return success();
      }
    }
    return failure();
  }
};

} // namespace

void populateRecomposeActivations(RewritePatternSet &patterns) { patterns.add<RecomposeGelu>(patterns.getContext()); }

} // namespace ingot
