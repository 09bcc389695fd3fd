//===- Loss.cpp - What training can minimise ------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/train/Loss.h"
#include "dialects/ingot/Rule.h"

using namespace mlir;

namespace ingot {

static RankedTensorType sameType(RankedTensorType output) { return output; }

/// Labels for an output of [batch, classes, d...] are [batch, d...].
static RankedTensorType labelType(RankedTensorType output) {
  if (output.getRank() < 2)
    return {};
  SmallVector<int64_t> shape(output.getShape());
  shape.erase(shape.begin() + 1);
  return RankedTensorType::get(shape, IntegerType::get(output.getContext(), 64));
}

static Value meanOfAll(Rule &r, Value x) {
  return r.round(r.mean(x, llvm::to_vector(llvm::seq<int64_t>(0, rankOf(x))), /*keepdims=*/false));
}

static Value meanSquare(ImplicitLocOpBuilder &b, Value output, Value target) {
  Rule r(b, getElementTypeOrSelf(output));
  Value difference = r.sub(r.wide(output), r.wide(target));
  return meanOfAll(r, r.mul(difference, difference));
}

static Value meanMagnitude(ImplicitLocOpBuilder &b, Value output, Value target) {
  Rule r(b, getElementTypeOrSelf(output));
  return meanOfAll(r, b.createOrFold<AbsOp>(r.sub(r.wide(output), r.wide(target))));
}

/// Quadratic up to a difference of 1, linear beyond it.
static Value huber(ImplicitLocOpBuilder &b, Value output, Value target) {
  Rule r(b, getElementTypeOrSelf(output));
  Value difference = r.sub(r.wide(output), r.wide(target)), size = b.createOrFold<AbsOp>(difference);
  Value isSmall = b.createOrFold<LessOp>(size, r.number(1));
  return meanOfAll(r,
                   r.select(isSmall, r.mul(r.number(0.5), r.mul(difference, difference)), r.sub(size, r.number(0.5))));
}

/// Logarithms are kept from -100 on, so that a sure mistake is finite.
static Value binaryCrossEntropy(ImplicitLocOpBuilder &b, Value output, Value target) {
  Rule r(b, getElementTypeOrSelf(output));
  Value p = r.wide(output), t = r.wide(target), one = r.number(1), least = r.number(-100);
  auto log = [&](Value x) { return b.createOrFold<MaxOp>(b.createOrFold<LogOp>(x), least); };
  Value likelihood = r.add(r.mul(t, log(p)), r.mul(r.sub(one, t), log(r.sub(one, p))));
  return b.createOrFold<NegOp>(meanOfAll(r, likelihood));
}

/// softplus(x) - x t
static Value binaryCrossEntropyOfLogits(ImplicitLocOpBuilder &b, Value output, Value target) {
  Rule r(b, getElementTypeOrSelf(output));
  Value x = r.wide(output);
  return meanOfAll(r, r.sub(b.createOrFold<SoftplusOp>(x), r.mul(x, r.wide(target))));
}

static Value crossEntropy(ImplicitLocOpBuilder &b, Value output, Value target) {
  return SoftmaxCrossEntropyOp::create(b, output, target, Value(), "mean", IntegerAttr()).getY();
}

static Value negativeLogLikelihood(ImplicitLocOpBuilder &b, Value output, Value target) {
  return NllLossOp::create(b, output, target, Value(), "mean", IntegerAttr());
}

ArrayRef<Loss> losses() {
  static const Loss table[] = {{"mse", sameType, meanSquare},
                               {"mae", sameType, meanMagnitude},
                               {"huber", sameType, huber},
                               {"bce", sameType, binaryCrossEntropy},
                               {"bce_with_logits", sameType, binaryCrossEntropyOfLogits},
                               {"cross_entropy", labelType, crossEntropy},
                               {"nll", labelType, negativeLogLikelihood}};
  return table;
}

const Loss *findLoss(StringRef name) {
  const Loss *found = llvm::find_if(losses(), [&](const Loss &loss) { return loss.name == name; });
  return found == losses().end() ? nullptr : found;
}

} // namespace ingot
