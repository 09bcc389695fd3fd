//===- Loss.cpp - Inference, rules and gradients of Loss.td ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Inference.h"
#include "dialects/ingot/Rule.h"

using namespace mlir;

namespace ingot {

//===----------------------------------------------------------------------===//
// Inference
//===----------------------------------------------------------------------===//

static LogicalResult inferLoss(MaybeLoc loc, Value scores, Value labels, Value weights, StringRef reduction, Types &types) {
  auto type = cast<RankedTensorType>(scores.getType());
  if (type.getRank() < 2)
    return emitOptionalError(loc, "expected scores of at least a batch and classes, but found ", type);
  SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + 1);
  if (failed(verifyCompatibleShape(cast<RankedTensorType>(labels.getType()).getShape(), shape)))
    return emitOptionalError(loc, "scores ", type, " do not fit labels ", labels.getType());
  auto classes = RankedTensorType::get(type.getDimSize(1), type.getElementType());
  if (weights && (getElementTypeOrSelf(weights) != classes.getElementType() ||
                  failed(verifyCompatibleShape(weights.getType(), classes))))
    return emitOptionalError(loc, "expected a weight for each class as ", classes, ", but found ", weights.getType());
  if (!llvm::is_contained({"none", "sum", "mean"}, reduction))
    return emitOptionalError(loc, "expected reduction none, sum or mean, but found ", reduction);
  types.push_back(RankedTensorType::get(reduction == "none" ? ArrayRef<int64_t>(shape) : ArrayRef<int64_t>(),
                                        type.getElementType()));
  return success();
}

LogicalResult NllLossOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor op, Types &types) {
  return inferLoss(loc, op.getLogProb(), op.getLabels(), op.getWeights(), op.getReduction(), types);
}

LogicalResult SoftmaxCrossEntropyOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor op, Types &types) {
  if (failed(inferLoss(loc, op.getScores(), op.getLabels(), op.getWeights(), op.getReduction(), types)))
    return failure();
  types.push_back(op.getScores().getType());
  return success();
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

namespace {

/// What the losses and their gradients share. `like` has the scores' shape.
struct Parts {
  Rule r;
  Value chosen;       ///< whether a class is the label, in the shape of the scores
  Value labelWeights; ///< the weight of each label; null when all are one
  Value ignored;      ///< whether a label counts for nothing; null when all count
  StringRef reduction;

  template <typename Loss>
  Parts(OpBuilder &builder, Loss op, Value like) : r(builder, op), reduction(op.getReduction()) {
    Value labels = op.getLabels(), weights = op.getWeights();
    SmallVector<int64_t> shape(rankOf(like) - 1, 1);
    shape[0] = sizeAt(like, 1);
    Value classes = r.counting(shape, 0, getElementTypeOrSelf(labels));
    chosen = EqualOp::create(r.b, unsqueezed(r.b, labels, {1}), classes);
    if (weights)
      labelWeights = pick(reshaped(r.b, r.wide(weights), shape));
    if (op.getIgnoreIndex()) {
      ignored = EqualOp::create(r.b, labels, literal(r.b, int64_t(*op.getIgnoreIndex()), getElementTypeOrSelf(labels)));
      labelWeights = r.select(ignored, r.number(0), labelWeights ? labelWeights : r.number(1));
    }
  }
  /// The label's entry of each run of classes. A sum has one term that is not zero.
  Value pick(Value x) { return r.sum(r.select(chosen, x, r.number(0)), {1}, /*keepdims=*/false); }
  SmallVector<int64_t> allAxes(Value x) { return llvm::to_vector(llvm::seq<int64_t>(0, rankOf(x))); }

  Value loss(Value logProb) {
    Value y = r.sub(r.number(0), pick(logProb));
    if (labelWeights)
      y = r.mul(y, labelWeights);
    if (reduction == "none")
      return y;
    if (reduction == "mean" && !labelWeights)
      return r.mean(y, allAxes(y), /*keepdims=*/false);
    Value total = r.sum(y, allAxes(y), /*keepdims=*/false);
    return reduction == "sum" ? total : r.div(total, r.sum(labelWeights, allAxes(labelWeights), /*keepdims=*/false));
  }

  /// The cotangent of each label's loss before weights, in the shape of the labels or one that broadcasts to it.
  Value perLabel(Value dy, Value labels) {
    Value result = labelWeights ? r.mul(dy, labelWeights) : dy;
    if (reduction != "mean")
      return result;
    Value ones = labelWeights ? labelWeights : expandedLike(r.b, r.number(1), labels);
    return r.div(result, r.sum(ones, allAxes(ones), /*keepdims=*/false));
  }

  /// The cotangent of the weights of the classes.
  Value ofWeights(Value dy, Value logProb, Value labels) {
    Value part = r.sub(r.number(0), pick(logProb));
    if (reduction == "mean") {
      Value total = r.sum(labelWeights, allAxes(labelWeights), /*keepdims=*/false);
      part = r.div(r.sub(part, loss(logProb)), total);
    }
    part = r.mul(part, dy);
    if (ignored)
      part = r.select(ignored, r.number(0), part);
    SmallVector<int64_t> axes = allAxes(logProb);
    axes.erase(axes.begin() + 1);
    return r.sum(r.select(chosen, unsqueezed(r.b, part, {1}), r.number(0)), axes, /*keepdims=*/false);
  }
};

} // namespace

FailureOr<SmallVector<Value>> NllLossOp::decomposeOperation(OpBuilder &builder) {
  Parts parts(builder, *this, getLogProb());
  return SmallVector<Value>{parts.r.round(parts.loss(parts.r.wide(getLogProb())))};
}

FailureOr<SmallVector<Value>> SoftmaxCrossEntropyOp::decomposeOperation(OpBuilder &builder) {
  Parts parts(builder, *this, getScores());
  Value logProb = parts.r.logSoftmax(parts.r.wide(getScores()), 1);
  return SmallVector<Value>{parts.r.round(parts.loss(logProb)), parts.r.round(logProb)};
}

SmallVector<Value> SoftmaxCrossEntropyOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  Parts parts(b, *this, getScores());
  Rule &r = parts.r;
  Value logProb = r.wide(getLogProb()), dscores;
  if (Value dy = cotangents[0]) {
    Value p = r.exp(logProb), part = parts.perLabel(r.wide(dy), getLabels());
    if (rankOf(part))
      part = unsqueezed(b, part, {1});
    dscores = r.mul(r.select(parts.chosen, r.sub(p, r.number(1)), p), part);
  }
  if (Value dlog = cotangents[1]) {
    Value part = r.logSoftmaxGradient(logProb, r.wide(dlog), 1);
    dscores = dscores ? r.add(dscores, part) : part;
  }
  SmallVector<Value> result(getNumOperands());
  result[0] = dscores ? r.round(dscores) : dscores;
  if (getWeights() && cotangents[0])
    result[2] = r.round(parts.ofWeights(r.wide(cotangents[0]), logProb, getLabels()));
  return result;
}

} // namespace ingot
