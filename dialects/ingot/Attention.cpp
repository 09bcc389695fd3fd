//===- Attention.cpp - Inference, rule and gradient of Attention.td -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Inference.h"
#include "dialects/ingot/Rule.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace ingot {

static SmallVector<int64_t> withDefault(ArrayRef<int64_t> dims, int64_t rank) {
  return dims.empty() ? llvm::to_vector(llvm::seq<int64_t>(0, rank)) : SmallVector<int64_t>(dims);
}

SmallVector<int64_t> AttentionOp::dimsOf(ArrayRef<int64_t> given) { return withDefault(given, rankOf(getQ())); }

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor op, Types &types) {
  auto q = cast<RankedTensorType>(op.getQ().getType());
  int64_t rank = q.getRank();
  if (rank < 2)
    return emitOptionalError(loc, "attention needs at least a sequence and a depth, but found ", q);
  SmallVector<int64_t> shapes[3], batch;
  const ArrayRef<int64_t> given[] = {op.getQDims(), op.getKDims(), op.getVDims()};
  for (auto [operand, dims, shape] : llvm::zip_equal(op.getOperands().take_front(3), given, shapes)) {
    auto type = cast<RankedTensorType>(operand.getType());
    SmallVector<int64_t> order = withDefault(dims, rank);
    if (type.getRank() != rank || type.getElementType() != q.getElementType())
      return emitOptionalError(loc, "query, key and value need one rank and element type, but found ", q, " and ", type);
    if (int64_t(order.size()) != rank || !isPermutationVector(order))
      return emitOptionalError(loc, "dimension numbers must name each of ", rank, " dimensions once, but found [", dims, "]");
    for (int64_t dim : order)
      shape.push_back(type.getDimSize(dim));
  }
  auto differ = [](int64_t a, int64_t b) { return a != b && !ShapedType::isDynamic(a) && !ShapedType::isDynamic(b); };
  if (differ(shapes[0].back(), shapes[1].back()) || differ(shapes[1][rank - 2], shapes[2][rank - 2]))
    return emitOptionalError(loc, "query, key and value do not fit together: ", op.getOperands().take_front(3).getTypes());
  for (int64_t i = 0; i < rank - 2; ++i) {
    int64_t size = 1;
    for (ArrayRef<int64_t> shape : shapes) {
      if (size != 1 && shape[i] != 1 && differ(size, shape[i]))
        return emitOptionalError(loc, "batch dimensions do not broadcast together: ", op.getOperands().take_front(3).getTypes());
      if (size == 1 || (ShapedType::isDynamic(size) && shape[i] != 1))
        size = shape[i];
    }
    batch.push_back(size);
  }
  if (op.getMask()) {
    auto mask = cast<RankedTensorType>(op.getMask().getType());
    SmallVector<int64_t> scores(batch);
    scores.append({shapes[0][rank - 2], shapes[1][rank - 2]});
    bool fits = mask.getRank() <= rank && mask.getElementType() == q.getElementType();
    for (int64_t i = 0; fits && i < mask.getRank(); ++i)
      fits = mask.getDimSize(i) == 1 || !differ(mask.getDimSize(i), scores[rank - mask.getRank() + i]);
    if (!fits)
      return emitOptionalError(loc, "expected a mask that broadcasts to ", RankedTensorType::get(scores, q.getElementType()),
                               ", but found ", mask);
  }
  if (op.getOffset() && cast<RankedTensorType>(op.getOffset().getType()).getRank() != 0)
    return emitOptionalError(loc, "expected a scalar as offset, but found ", op.getOffset().getType());
  SmallVector<int64_t> logical(batch), order = withDefault(op.getYDims(), rank), shape(rank);
  logical.append({shapes[0][rank - 2], shapes[2].back()});
  if (int64_t(order.size()) != rank || !isPermutationVector(order))
    return emitOptionalError(loc, "dimension numbers must name each of ", rank, " dimensions once, but found [", op.getYDims(), "]");
  for (auto [dim, size] : llvm::zip_equal(order, logical))
    shape[dim] = size;
  types.push_back(RankedTensorType::get(shape, q.getElementType()));
  return success();
}

namespace {

/// The operands in logical order, and what the rule and its gradient share.
struct Parts {
  Rule r;
  Value q, k, v, scale;
  int64_t rank;

  Parts(OpBuilder &builder, AttentionOp op) : r(builder, op), rank(rankOf(op.getQ())) {
    q = transposed(r.b, r.wide(op.getQ()), op.dimsOf(op.getQDims()));
    k = transposed(r.b, r.wide(op.getK()), op.dimsOf(op.getKDims()));
    v = transposed(r.b, r.wide(op.getV()), op.dimsOf(op.getVDims()));
    scale = r.number(op.getScale() ? op.getScale()->convertToFloat() : 1 / std::sqrt(double(sizeAt(q, rank - 1))));
  }
  Value matmul(Value x, Value y, bool transposeX, bool transposeY) {
    return MatMulOp::create(r.b, x, y, transposeX, transposeY);
  }
  /// How much of each key's value each query takes.
  Value probabilities(AttentionOp op) {
    Value scores = r.mul(matmul(q, k, false, true), scale);
    if (Value mask = op.getMask())
      scores = r.add(scores, r.wide(mask));
    if (op.getCausal()) {
      int64_t queries = sizeAt(q, rank - 2), keys = sizeAt(k, rank - 2);
      Value place = r.counting({queries, 1}, 0, r.b.getI64Type());
      if (Value offset = op.getOffset())
        place = r.add(place, castTo(r.b, offset, r.b.getI64Type()));
      Value seen = LessOrEqualOp::create(r.b, r.counting({1, keys}, 1, r.b.getI64Type()), place);
      scores = r.select(seen, scores, r.number(-std::numeric_limits<double>::infinity()));
    }
    return r.softmax(scores, rank - 1);
  }
  Value inOrder(Value logical, ArrayRef<int64_t> dims) {
    return r.round(transposed(r.b, logical, invertPermutationVector(dims)));
  }
};

} // namespace

/// Reports an unknown size where the rules need a number.
static LogicalResult checkSizes(AttentionOp op) {
  int64_t rank = rankOf(op.getQ());
  SmallVector<int64_t> q = op.dimsOf(op.getQDims()), k = op.dimsOf(op.getKDims());
  bool open = op.getCausal() && (ShapedType::isDynamic(sizeAt(op.getQ(), q[rank - 2])) ||
                                 ShapedType::isDynamic(sizeAt(op.getK(), k[rank - 2])));
  if (open || (!op.getScale() && ShapedType::isDynamic(sizeAt(op.getQ(), q[rank - 1]))))
    return op.emitOpError("needs a scale or a static depth, and to be causal, static sequences");
  return success();
}

FailureOr<SmallVector<Value>> AttentionOp::decomposeOperation(OpBuilder &builder) {
  if (failed(checkSizes(*this)))
    return failure();
  Parts parts(builder, *this);
  Value y = parts.matmul(parts.probabilities(*this), parts.v, false, false);
  return SmallVector<Value>{parts.inOrder(y, dimsOf(getYDims()))};
}

SmallVector<Value> AttentionOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  if (failed(checkSizes(*this)))
    return SmallVector<Value>(getNumOperands());
  Parts parts(b, *this);
  Rule &r = parts.r;
  // The probabilities are cheaper to compute again than to keep.
  Value p = parts.probabilities(*this), dy = transposed(r.b, r.wide(cotangents[0]), dimsOf(getYDims()));
  Value dv = parts.matmul(p, dy, true, false), dp = parts.matmul(dy, parts.v, false, true);
  Value dscores = r.softmaxGradient(p, dp, parts.rank - 1), dproduct = r.mul(dscores, parts.scale);
  Value dq = parts.matmul(dproduct, parts.k, false, false), dk = parts.matmul(dproduct, parts.q, true, false);
  SmallVector<Value> result = {parts.inOrder(dq, dimsOf(getQDims())), parts.inOrder(dk, dimsOf(getKDims())),
                               parts.inOrder(dv, dimsOf(getVDims()))};
  if (getMask())
    result.push_back(r.round(dscores));
  result.resize(getNumOperands()); // an offset has no gradient
  return result;
}

} // namespace ingot
