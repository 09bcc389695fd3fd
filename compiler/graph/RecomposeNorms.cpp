//===- RecomposeNorms.cpp - Layer and root mean square normalization ------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/Recompose.h"
#include "dialects/ingot/Rule.h"

using namespace mlir;

namespace ingot {
namespace {

/// sqrt(argument + epsilon), which `value` is.
struct Root {
  Value argument;
  double epsilon;
};
std::optional<Root> rootOf(Value value) {
  auto root = value.getDefiningOp<SqrtOp>();
  auto sum = root ? withNumber<AddOp>(root.getX()) : std::nullopt;
  return sum ? std::optional(Root{sum->first, sum->second}) : std::nullopt;
}

/// The root that `value` is one over.
std::optional<Root> inverseRootOf(Value value) {
  if (auto op = value.getDefiningOp<ReciprocalOp>())
    return rootOf(op.getX());
  if (auto op = value.getDefiningOp<DivOp>(); op && splatNumber(op.getA()) == 1.0)
    return rootOf(op.getB());
  if (auto op = value.getDefiningOp<PowOp>(); op && splatNumber(op.getB()) == -0.5)
    if (auto sum = withNumber<AddOp>(op.getA()))
      return Root{sum->first, sum->second};
  return std::nullopt;
}

/// x over the root of the mean of its squares, with x less its own mean first if `isCentered`.
struct Normalized {
  Value x;
  int64_t axis;
  double epsilon;
  bool isCentered;
};

/// The first of the trailing dimensions that `value` is the mean of `x` over.
std::optional<int64_t> meanAxis(Value value, Value x) {
  auto mean = value.getDefiningOp<ReduceMeanOp>();
  if (!mean || mean.getX() != x || !mean.getKeepdims())
    return std::nullopt;
  SmallVector<int64_t> axes;
  for (int64_t axis : mean.getAxes())
    axes.push_back(axisOf(x, axis));
  llvm::sort(axes);
  for (auto [i, axis] : llvm::enumerate(axes))
    if (axis != rankOf(x) - int64_t(axes.size()) + int64_t(i))
      return std::nullopt;
  return axes.empty() ? std::nullopt : std::optional(axes.front());
}

std::optional<Normalized> normalizedOf(Value value) {
  Value x;
  std::optional<Root> root;
  if (auto op = value.getDefiningOp<DivOp>()) {
    x = op.getA();
    root = rootOf(op.getB());
  } else if (auto op = value.getDefiningOp<MulOp>()) {
    for (int i : {0, 1})
      if (auto found = inverseRootOf(op->getOperand(1 - i))) {
        x = op->getOperand(i);
        root = found;
      }
  }
  auto mean = root ? root->argument.getDefiningOp<ReduceMeanOp>() : ReduceMeanOp();
  if (!mean)
    return std::nullopt;
  std::optional<Monomial> square = monomialIn(mean.getX(), x);
  std::optional<int64_t> axis = meanAxis(root->argument, mean.getX());
  if (!square || square->degree != 2 || square->number != 1 || !axis)
    return std::nullopt;
  if (auto op = x.getDefiningOp<SubOp>(); op && meanAxis(op.getB(), op.getA()) == axis)
    return Normalized{op.getA(), *axis, root->epsilon, /*isCentered=*/true};
  return Normalized{x, *axis, root->epsilon, /*isCentered=*/false};
}

/// Whether `parameter` varies only along the dimensions of `x` from `axis` on.
bool isParameter(Value parameter, Value x, int64_t axis) { return rankOf(parameter) <= rankOf(x) - axis; }

struct RecomposeNorm : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    for (int i : {0, 1}) {
      Value scale = op->getOperand(1 - i);
      std::optional<Normalized> found = normalizedOf(op->getOperand(i));
      if (!found || !isParameter(scale, found->x, found->axis) || found->x.getType() != op.getY().getType())
        continue;
      APFloat epsilon(float(found->epsilon));
      if (found->isCentered)
        rewriter.replaceOp(op, LayerNormOp::create(rewriter, op.getLoc(), found->x, scale, Value(), found->axis, epsilon).getY());
      else
        rewriter.replaceOpWithNewOp<RMSNormOp>(op, found->x, scale, found->axis, epsilon);
      return success();
    }
    return failure();
  }
};

struct AbsorbBias : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    for (int i : {0, 1}) {
      auto norm = op->getOperand(i).getDefiningOp<LayerNormOp>();
      Value bias = op->getOperand(1 - i);
      if (!norm || norm.getBias() || op->getOperand(i) != norm.getY() || !norm.getY().hasOneUse() ||
          !isParameter(bias, norm.getX(), axisOf(norm.getX(), norm.getAxis())))
        continue;
      auto whole = LayerNormOp::create(rewriter, op.getLoc(), norm.getX(), norm.getScale(), bias, norm.getAxis(), norm.getEpsilon());
      rewriter.replaceAllUsesWith(norm.getMean(), whole.getMean());
      rewriter.replaceAllUsesWith(norm.getInvStdDev(), whole.getInvStdDev());
      rewriter.replaceOp(op, whole.getY());
      return success();
    }
    return failure();
  }
};

} // namespace

void populateRecomposeNorms(RewritePatternSet &patterns) { patterns.add<RecomposeNorm, AbsorbBias>(patterns.getContext()); }

} // namespace ingot
