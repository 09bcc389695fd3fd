//===- FoldScales.cpp - Constant factors into the weights they scale ------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A batch normalization after a convolution is a factor and a term for each feature. The factor scales the weights, at
// compile time; the term is a bias.
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/Transposes.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Rule.h"

using namespace mlir;

namespace ingot {

namespace {

/// The operands of a commutative op, the constant one last; null when there is none.
std::pair<Value, Value> splitConstant(Operation *op) {
  Value a = op->getOperand(0), b = op->getOperand(1);
  if (isConstantTree(a))
    std::swap(a, b);
  return isConstantTree(b) && !isConstantTree(a) ? std::pair(a, b) : std::pair<Value, Value>();
}

/// The convolution that `value` is, if its weights are constant and `factor` scales whole features of it.
ConvOp scalable(Value value, Value factor) {
  auto conv = value.getDefiningOp<ConvOp>();
  if (!conv || !conv->hasOneUse() || !isConstantTree(conv.getW()))
    return {};
  auto type = cast<RankedTensorType>(factor.getType());
  int64_t lead = rankOf(value) - type.getRank(), feature = conv.getNumbers().y[1];
  if (!type.hasStaticShape() || lead < 0)
    return {};
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.getDimSize(i) != 1 && i + lead != feature)
      return {};
  return conv;
}

struct ScaleConvolution : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto [value, factor] = splitConstant(op);
    ConvOp conv = value ? scalable(value, factor) : ConvOp();
    if (!conv || op.getY().getType() != value.getType())
      return failure();
    ConvNumbers n = conv.getNumbers();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<int64_t> shape(n.w.size(), 1);
    shape[n.w[0]] = cast<RankedTensorType>(factor.getType()).getNumElements();
    Value w = MulOp::create(b, conv.getW(), reshaped(b, factor, shape));
    rewriter.replaceOpWithNewOp<ConvOp>(op, conv.getX(), w, n);
    return success();
  }
};

/// (conv + term) * factor is conv * factor + term * factor.
struct ScaleBias : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto [value, factor] = splitConstant(op);
    auto add = value ? value.getDefiningOp<AddOp>() : AddOp();
    if (!add || !add->hasOneUse())
      return failure();
    auto [sum, term] = splitConstant(add);
    if (!sum || !scalable(sum, factor) || sum.getType() != op.getY().getType())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value scaled = MulOp::create(b, sum, factor);
    rewriter.replaceOp(op, b.createOrFold<AddOp>(scaled, b.createOrFold<MulOp>(term, factor)));
    return success();
  }
};

} // namespace

void populateScaleFolding(RewritePatternSet &patterns) { patterns.add<ScaleConvolution, ScaleBias>(patterns.getContext()); }

} // namespace ingot
