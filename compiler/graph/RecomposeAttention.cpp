//===- RecomposeAttention.cpp - Attention, with its heads in place --------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// softmax(q k^T scale + mask) v becomes one op. Then transposes of its operands and its result become dimension numbers,
// and numbers that scale query or key become part of its scale, one at a time.
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/Recompose.h"
#include "dialects/ingot/Rule.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;

namespace ingot {
namespace {

/// Scores below this are as good as hidden.
constexpr double hidden = -1e30;

/// What a softmax's operand is made of.
struct Scores {
  MatMulOp product;
  double scale = 1;
  Value mask;
  WhereOp choice;               ///< instead of a mask: the score, or something hopeless
  bool isHiddenWhenTrue = false;
};

std::optional<Scores> scoresOf(Value value) {
  Scores scores;
  while (value.hasOneUse()) {
    Operation *op = value.getDefiningOp();
    if (auto product = dyn_cast_or_null<MatMulOp>(op)) {
      scores.product = product;
      return scores;
    }
    if (auto scaled = withNumber<MulOp>(value)) {
      scores.scale *= scaled->second;
      value = scaled->first;
    } else if (auto divided = dyn_cast_or_null<DivOp>(op); divided && splatNumber(divided.getB())) {
      scores.scale /= *splatNumber(divided.getB());
      value = divided.getA();
    } else if (auto sum = dyn_cast_or_null<AddOp>(op); sum && !scores.mask && !scores.choice && scores.scale == 1) {
      // The mask is the operand that no product of matrices leads to.
      auto leads = [](Value operand) {
        Product parts(operand);
        return parts.factors.size() == 1 && parts.factors[0].getDefiningOp<MatMulOp>();
      };
      bool first = leads(sum.getA()) && sum.getA().getType() == value.getType();
      value = first ? sum.getA() : sum.getB();
      scores.mask = first ? sum.getB() : sum.getA();
      if (value.getType() != sum.getY().getType())
        return std::nullopt;
    } else if (auto choice = dyn_cast_or_null<WhereOp>(op); choice && !scores.mask && !scores.choice && scores.scale == 1) {
      scores.isHiddenWhenTrue = splatNumber(choice.getA()).value_or(0) <= hidden;
      Value low = scores.isHiddenWhenTrue ? choice.getA() : choice.getB();
      value = scores.isHiddenWhenTrue ? choice.getB() : choice.getA();
      scores.choice = choice;
      if (splatNumber(low).value_or(0) > hidden || value.getType() != choice.getY().getType())
        return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

struct RecomposeAttention : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    auto softmax = op.getA().getDefiningOp<SoftmaxOp>();
    if (!softmax || !softmax.getY().hasOneUse() || op.getTransposeA() || op.getTransposeB())
      return failure();
    int64_t rank = rankOf(op.getY());
    if (rank < 2 || axisOf(softmax.getX(), softmax.getAxis()) != rank - 1 || rankOf(op.getB()) != rank)
      return failure();
    std::optional<Scores> scores = scoresOf(softmax.getX());
    if (!scores || scores->product.getTransposeA() || rankOf(scores->product.getA()) != rank ||
        rankOf(scores->product.getB()) != rank)
      return failure();
    SmallVector<int64_t> keyDims = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    if (!scores->product.getTransposeB())
      std::swap(keyDims[rank - 2], keyDims[rank - 1]);
    if (isIdentityPermutation(keyDims))
      keyDims.clear();
    if (WhereOp choice = scores->choice) {
      ImplicitLocOpBuilder b(choice.getLoc(), rewriter);
      Value zero = literal(b, 0, getElementTypeOrSelf(choice.getY()));
      scores->mask = scores->isHiddenWhenTrue ? WhereOp::create(b, choice.getCondition(), choice.getA(), zero)
                                              : WhereOp::create(b, choice.getCondition(), zero, choice.getB());
    }
    FloatAttr scale = rewriter.getF32FloatAttr(scores->scale);
    rewriter.replaceOpWithNewOp<AttentionOp>(op, scores->product.getA(), scores->product.getB(), op.getB(), scores->mask,
                                             /*offset=*/Value(), scale, /*causal=*/false, ArrayRef<int64_t>(), keyDims,
                                             ArrayRef<int64_t>(), ArrayRef<int64_t>());
    return success();
  }
};

/// Query, key and value are read as they lie before a transpose.
struct AbsorbOperandTransposes : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter &rewriter) const override {
    SmallVector<int64_t> dims[] = {op.dimsOf(op.getQDims()), op.dimsOf(op.getKDims()), op.dimsOf(op.getVDims())};
    SmallVector<Value> operands(op->getOperands());
    bool changed = false;
    for (int i = 0; i < 3; ++i)
      if (auto transpose = operands[i].getDefiningOp<TransposeOp>()) {
        dims[i] = applyPermutation(transpose.getPerm(), dims[i]);
        operands[i] = transpose.getX();
        changed = true;
      }
    if (!changed)
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      op->setOperands(operands);
      op.setQDims(dims[0]);
      op.setKDims(dims[1]);
      op.setVDims(dims[2]);
    });
    return success();
  }
};

/// The result is written as a transpose of it would lie.
struct AbsorbResultTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto attention = op.getX().getDefiningOp<AttentionOp>();
    if (!attention || !attention.getY().hasOneUse())
      return failure();
    SmallVector<int64_t> inverse = invertPermutationVector(op.getPerm()), dims;
    for (int64_t dim : attention.dimsOf(attention.getYDims()))
      dims.push_back(inverse[dim]);
    rewriter.replaceOpWithNewOp<AttentionOp>(op, attention.getQ(), attention.getK(), attention.getV(), attention.getMask(),
                                             attention.getOffset(), attention.getScaleAttr(), attention.getCausal(),
                                             attention.getQDims(), attention.getKDims(), attention.getVDims(), dims);
    return success();
  }
};

/// A number that scales query or key scales the scores.
struct AbsorbScale : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter &rewriter) const override {
    if (!op.getScale())
      return failure();
    double scale = op.getScale()->convertToFloat();
    for (int i : {0, 1}) {
      Value operand = op->getOperand(i), rest;
      auto divided = operand.getDefiningOp<DivOp>();
      if (auto scaled = withNumber<MulOp>(operand)) {
        rest = scaled->first;
        scale *= scaled->second;
      } else if (divided && splatNumber(divided.getB()) && divided.getA().getType() == operand.getType()) {
        rest = divided.getA();
        scale /= *splatNumber(divided.getB());
      } else {
        continue;
      }
      rewriter.modifyOpInPlace(op, [&] {
        op->setOperand(i, rest);
        op.setScaleAttr(rewriter.getF32FloatAttr(scale));
      });
      return success();
    }
    return failure();
  }
};

} // namespace

void populateRecomposeAttention(RewritePatternSet &patterns) {
  patterns.add<RecomposeAttention, AbsorbOperandTransposes, AbsorbResultTranspose, AbsorbScale>(patterns.getContext());
}

} // namespace ingot
