//===- Recompose.cpp - Composites that exporters took apart ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matching follows the dataflow: products and sums in any order, numbers as scalars or splats of any shape, and values
// that other ops use as well stay for them.
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/Recompose.h"
#include "compiler/Passes.h"
#include "compiler/graph/Transposes.h"
#include "dialects/ingot/Rule.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include <cmath>

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_RECOMPOSE
#include "compiler/Passes.h.inc"

std::optional<double> splatNumber(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat() || !isa<FloatType>(elements.getElementType()))
    return std::nullopt;
  return elements.getSplatValue<FloatAttr>().getValueAsDouble();
}

bool isAbout(double found, double wanted, Type element) {
  unsigned digits = APFloat::semanticsPrecision(cast<FloatType>(element).getFloatSemantics());
  // Exporters round constants, some of them twice.
  return std::abs(found - wanted) <= std::abs(wanted) * std::max(1e-6, std::ldexp(4.0, -int(digits)));
}

Product::Product(Value value) {
  SmallVector<std::pair<Value, bool>> worklist = {{value, true}};
  while (!worklist.empty()) {
    auto [part, isRoot] = worklist.pop_back_val();
    Operation *op = part.getDefiningOp();
    if (std::optional<double> found = splatNumber(part)) {
      number *= *found;
    } else if (!isa_and_nonnull<MulOp, DivOp>(op) || (!isRoot && !part.hasOneUse())) {
      factors.push_back(part);
    } else if (isa<MulOp>(op)) {
      worklist.push_back({op->getOperand(1), false});
      worklist.push_back({op->getOperand(0), false});
    } else if (std::optional<double> divisor = splatNumber(op->getOperand(1))) {
      number /= *divisor;
      worklist.push_back({op->getOperand(0), false});
    } else {
      factors.push_back(part);
    }
  }
}

std::optional<Monomial> monomialIn(Value value, Value x) {
  if (value == x)
    return Monomial{1, 1};
  Product product(value);
  Monomial result{product.number, 0};
  for (Value factor : product.factors) {
    auto power = factor.getDefiningOp<PowOp>();
    std::optional<double> exponent = power && power.getA() == x ? splatNumber(power.getB()) : std::nullopt;
    auto square = factor.getDefiningOp<MulOp>();
    if (factor == x)
      result.degree += 1;
    else if (exponent && *exponent == std::floor(*exponent))
      result.degree += int64_t(*exponent);
    else if (square && square.getA() == x && square.getB() == x)
      result.degree += 2;
    else
      return std::nullopt;
  }
  return result;
}

namespace {
struct Recompose : impl::RecomposeBase<Recompose> {
  using RecomposeBase::RecomposeBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateRecomposeActivations(patterns);
    populateRecomposeAttention(patterns);
    populateRecomposeNorms(patterns);
    populateMeetingTransposes(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
  }
};
} // namespace

} // namespace ingot
