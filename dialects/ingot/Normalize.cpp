//===- Normalize.cpp - Inference, rules and gradients of Normalize.td -----===//
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

/// The dimensions of `x` from `axis` on.
static SmallVector<int64_t> axesFrom(Value x, int64_t axis) {
  return llvm::to_vector(llvm::seq<int64_t>(axisOf(x, axis), rankOf(x)));
}

/// A vector of features as a tensor that broadcasts along dimension `feature` of `x`.
static Value alongFeature(ImplicitLocOpBuilder &b, Value vector, Value x, int64_t feature) {
  SmallVector<int64_t> axes;
  for (int64_t i = feature + 1; i < rankOf(x); ++i)
    axes.push_back(i - feature);
  return axes.empty() ? vector : unsqueezed(b, vector, axes);
}

//===----------------------------------------------------------------------===//
// Inference
//===----------------------------------------------------------------------===//

static LogicalResult checkAxis(MaybeLoc loc, Value x, int64_t axis) { return normalizeAxis(loc, axis, rankOf(x)); }

/// The parameters broadcast to x and share its element type.
static LogicalResult checkParameters(MaybeLoc loc, Value x, ValueRange parameters) {
  for (Value parameter : parameters) {
    SmallVector<Type> types;
    if (failed(inferBroadcast(loc, {x, parameter}, types)))
      return failure();
    if (failed(verifyCompatibleShape(types.front(), x.getType())))
      return emitOptionalError(loc, "expected a parameter that broadcasts to ", x.getType(), ", but found ", parameter.getType());
  }
  return success();
}

/// The parameters are vectors of as many elements as x has features.
static LogicalResult checkFeatures(MaybeLoc loc, Value x, int64_t feature, ValueRange parameters) {
  auto type = cast<RankedTensorType>(x.getType());
  FailureOr<int64_t> axis = normalizeAxis(loc, feature, type.getRank());
  if (failed(axis))
    return failure();
  auto wanted = RankedTensorType::get(type.getShape()[*axis], type.getElementType());
  for (Value parameter : parameters)
    if (getElementTypeOrSelf(parameter) != type.getElementType() ||
        failed(verifyCompatibleShape(parameter.getType(), wanted)))
      return emitOptionalError(loc, "expected a parameter of type ", wanted, ", but found ", parameter.getType());
  return success();
}

LogicalResult SoftmaxOp::check(MaybeLoc loc, Adaptor op) { return checkAxis(loc, op.getX(), op.getAxis()); }
LogicalResult LogSoftmaxOp::check(MaybeLoc loc, Adaptor op) { return checkAxis(loc, op.getX(), op.getAxis()); }

LogicalResult RMSNormOp::check(MaybeLoc loc, Adaptor op) {
  return success(succeeded(checkAxis(loc, op.getX(), op.getAxis())) &&
                 succeeded(checkParameters(loc, op.getX(), op.getScale())));
}

LogicalResult BatchNormOp::check(MaybeLoc loc, Adaptor op) {
  return checkFeatures(loc, op.getX(), op.getFeature(), op.getOperands().drop_front());
}

LogicalResult GroupNormOp::check(MaybeLoc loc, Adaptor op) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  if (type.getRank() < 2)
    return emitOptionalError(loc, "expected an input of at least two dimensions, but found ", type);
  int64_t features = type.getDimSize(1), groups = op.getNumGroups();
  if (groups < 1 || (!ShapedType::isDynamic(features) && features % groups))
    return emitOptionalError(loc, features, " features do not divide into ", groups, " groups");
  return checkFeatures(loc, op.getX(), 1, op.getOperands().drop_front());
}

LogicalResult LRNOp::check(MaybeLoc loc, Adaptor op) {
  if (rankOf(op.getX()) < 2)
    return emitOptionalError(loc, "expected an input of at least two dimensions, but found ", op.getX().getType());
  if (op.getSize() < 1)
    return emitOptionalError(loc, "expected a window of at least one feature, but found ", op.getSize());
  return success();
}

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor op, Types &types) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  FailureOr<int64_t> axis = normalizeAxis(loc, op.getAxis(), type.getRank());
  if (failed(axis) || failed(checkParameters(loc, op.getX(), op.getOperands().drop_front())))
    return failure();
  SmallVector<int64_t> shape(type.getShape());
  std::fill(shape.begin() + *axis, shape.end(), 1);
  // The statistics stay in the type that they are computed in, as ONNX's stash_type says.
  auto statistics = RankedTensorType::get(shape, computeType(type.getElementType()));
  types.assign({type, statistics, statistics});
  return success();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

int64_t SoftmaxOp::getRowRank() { return axisOf(getX(), getAxis()) == rankOf(getX()) - 1; }
int64_t LogSoftmaxOp::getRowRank() { return axisOf(getX(), getAxis()) == rankOf(getX()) - 1; }
int64_t LayerNormOp::getRowRank() { return rankOf(getX()) - axisOf(getX(), getAxis()); }
int64_t RMSNormOp::getRowRank() { return rankOf(getX()) - axisOf(getX(), getAxis()); }

//===----------------------------------------------------------------------===//
// Decompositions
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>> SoftmaxOp::decomposeOperation(OpBuilder &builder) {
  Rule r(builder, *this);
  return SmallVector<Value>{r.round(r.softmax(r.wide(getX()), axisOf(getX(), getAxis())))};
}

FailureOr<SmallVector<Value>> LogSoftmaxOp::decomposeOperation(OpBuilder &builder) {
  Rule r(builder, *this);
  return SmallVector<Value>{r.round(r.logSoftmax(r.wide(getX()), axisOf(getX(), getAxis())))};
}

FailureOr<SmallVector<Value>> LayerNormOp::decomposeOperation(OpBuilder &builder) {
  Rule r(builder, *this);
  SmallVector<int64_t> axes = axesFrom(getX(), getAxis());
  Value x = r.wide(getX()), mean = r.mean(x, axes), centered = r.sub(x, mean);
  Value inverse = r.inverseRoot(r.mean(r.mul(centered, centered), axes), getEpsilon());
  Value y = r.mul(r.mul(centered, inverse), r.wide(getScale()));
  if (Value bias = getBias())
    y = r.add(y, r.wide(bias));
  return SmallVector<Value>{r.round(y), mean, inverse};
}

FailureOr<SmallVector<Value>> RMSNormOp::decomposeOperation(OpBuilder &builder) {
  Rule r(builder, *this);
  Value x = r.wide(getX());
  Value inverse = r.inverseRoot(r.mean(r.mul(x, x), axesFrom(getX(), getAxis())), getEpsilon());
  return SmallVector<Value>{r.round(r.mul(r.mul(x, inverse), r.wide(getScale())))};
}

FailureOr<SmallVector<Value>> BatchNormOp::decomposeOperation(OpBuilder &builder) {
  Rule r(builder, *this);
  int64_t feature = axisOf(getX(), getFeature());
  // The factor and the term are of parameters alone, so constants fold into one of each.
  Value factor = r.mul(r.wide(getScale()), r.inverseRoot(r.wide(getVar()), getEpsilon()));
  Value term = r.sub(r.wide(getBias()), r.mul(r.wide(getMean()), factor));
  Value product = r.mul(r.wide(getX()), alongFeature(r.b, factor, getX(), feature));
  return SmallVector<Value>{r.round(r.add(product, alongFeature(r.b, term, getX(), feature)))};
}

FailureOr<SmallVector<Value>> GroupNormOp::decomposeOperation(OpBuilder &builder) {
  Rule r(builder, *this);
  // [batch, groups, the group's elements], back to x's shape once normalized.
  auto type = cast<RankedTensorType>(getX().getType());
  SmallVector<int64_t> back;
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    // A reshape finds one unknown size itself.
    if (ShapedType::isDynamic(size) && llvm::is_contained(back, -1))
      return emitOpError("needs at most one unknown size, but has ") << type, failure();
    back.push_back(ShapedType::isDynamic(size) ? -1 : size);
  }
  Value x = reshaped(r.b, r.wide(getX()), {-2, int64_t(getNumGroups()), -1});
  Value centered = r.sub(x, r.mean(x, {2}));
  Value y = r.mul(centered, r.inverseRoot(r.mean(r.mul(centered, centered), {2}), getEpsilon()));
  y = r.mul(reshaped(r.b, y, back), alongFeature(r.b, r.wide(getScale()), getX(), 1));
  return SmallVector<Value>{r.round(r.add(y, alongFeature(r.b, r.wide(getBias()), getX(), 1)))};
}

FailureOr<SmallVector<Value>> LRNOp::decomposeOperation(OpBuilder &builder) {
  Rule r(builder, *this);
  int64_t size = getSize();
  WindowNumbers numbers(rankOf(getX()));
  numbers.low[1] = (size - 1) / 2;
  numbers.high[1] = size / 2;
  SmallVector<int64_t> window(numbers.rank(), 1);
  window[1] = size;
  Value x = r.wide(getX()), sum = WindowSumOp::create(r.b, r.mul(x, x), window, numbers);
  Value base = r.add(r.mul(sum, r.number(getAlpha().convertToDouble() / size)), r.number(getBias().convertToDouble()));
  return SmallVector<Value>{r.round(r.div(x, r.b.createOrFold<PowOp>(base, r.number(getBeta().convertToDouble()))))};
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

SmallVector<Value> SoftmaxOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  Rule r(b, *this);
  return {r.round(r.softmaxGradient(r.wide(getY()), r.wide(cotangents[0]), axisOf(getX(), getAxis())))};
}

SmallVector<Value> LogSoftmaxOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  Rule r(b, *this);
  return {r.round(r.logSoftmaxGradient(r.wide(getY()), r.wide(cotangents[0]), axisOf(getX(), getAxis())))};
}

SmallVector<Value> LayerNormOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  Rule r(b, *this);
  SmallVector<int64_t> axes = axesFrom(getX(), getAxis());
  if ((cotangents[1] || cotangents[2]) && !cast<RankedTensorType>(getX().getType()).hasStaticShape()) {
    emitOpError("has a gradient of its statistics only with static shapes");
    return SmallVector<Value>(getNumOperands());
  }
  Value inverse = getInvStdDev(), centered = r.sub(r.wide(getX()), getMean());
  Value normal = r.mul(centered, inverse), dx, dscale, dbias;
  auto accumulate = [&](Value part) { dx = dx ? r.add(dx, part) : part; };
  if (Value given = cotangents[0]) {
    Value dy = r.wide(given), g = r.mul(dy, r.wide(getScale()));
    // What moves the mean or stretches the deviation has no effect on y.
    Value rest = r.sub(r.sub(g, r.mean(g, axes)), r.mul(normal, r.mean(r.mul(g, normal), axes)));
    accumulate(r.mul(inverse, rest));
    dscale = r.round(r.mul(dy, normal));
    dbias = given;
  }
  // Each element has an equal part in the statistics.
  auto share = [&](Value statistic) {
    int64_t count = 1;
    for (int64_t axis : axes)
      count *= sizeAt(getX(), axis);
    return r.div(statistic, r.number(count));
  };
  if (Value dmean = cotangents[1])
    accumulate(share(dmean));
  if (Value dinverse = cotangents[2])
    accumulate(r.sub(r.number(0), r.mul(share(r.mul(dinverse, r.mul(inverse, inverse))), normal)));
  SmallVector<Value> result = {dx ? r.round(dx) : dx, dscale};
  if (getBias())
    result.push_back(dbias);
  return result;
}

SmallVector<Value> RMSNormOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  Rule r(b, *this);
  SmallVector<int64_t> axes = axesFrom(getX(), getAxis());
  Value x = r.wide(getX()), dy = r.wide(cotangents[0]);
  Value inverse = r.inverseRoot(r.mean(r.mul(x, x), axes), getEpsilon()), normal = r.mul(x, inverse);
  Value g = r.mul(dy, r.wide(getScale()));
  Value dx = r.mul(inverse, r.sub(g, r.mul(normal, r.mean(r.mul(g, normal), axes))));
  return {r.round(dx), r.round(r.mul(dy, normal))};
}

} // namespace ingot
