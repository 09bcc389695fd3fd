//===- Sort.cpp - Types, lowerings and rules of Sort.td -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Inference.h"
#include "dialects/ingot/LinalgBuilder.h"
#include "dialects/ingot/Rule.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace ingot {

static RankedTensorType typeOf(Value x) { return cast<RankedTensorType>(x.getType()); }

//===----------------------------------------------------------------------===//
// ranking
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> RankingOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = typeOf(adaptor.getX());
  if (failed(normalizeAxis(loc, adaptor.getAxis(), type.getRank())))
    return failure();
  return RankedTensorType(type.clone(IntegerType::get(type.getContext(), 64)));
}

/// Whether `x` stands before `y`, leaving their places aside; both are of compute type.
static Value standsBefore(ScalarBuilder &s, Value x, Value y, bool largest) {
  if (largest)
    std::swap(x, y);
  if (!s.isFloat(x))
    return s.build<arith::CmpIOp>(s.isUnsigned() ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt, x, y);
  Value less = s.build<arith::CmpFOp>(arith::CmpFPredicate::OLT, x, y);
  Value xIsNumber = s.build<arith::CmpFOp>(arith::CmpFPredicate::ORD, x, x);
  Value yIsNone = s.build<arith::CmpFOp>(arith::CmpFPredicate::UNO, y, y);
  return s.build<arith::OrIOp>(less, s.build<arith::AndIOp>(xIsNumber, yIsNone));
}

SmallVector<Value> RankingOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  // A place is the number of elements that stand before. Counting them takes the square of the axis' size, but needs no
  // memory, runs in parallel and keeps equal elements in order.
  Value x = operands[0];
  Type element = typeOf(getX()).getElementType(), i64 = b.getI64Type();
  int64_t rank = typeOf(x).getRank(), axis = wrapAxis(getAxis(), rank);
  MLIRContext *context = b.getContext();
  SmallVector<AffineExpr> own, other;
  for (int64_t i = 0; i < rank; ++i) {
    own.push_back(b.getAffineDimExpr(i));
    other.push_back(b.getAffineDimExpr(i == axis ? rank : i));
  }
  AffineMap ownMap = AffineMap::get(rank + 1, 0, own, context), otherMap = AffineMap::get(rank + 1, 0, other, context);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  Value init = filledTensor(b, sizesOf(b, x), scalarConstant(b, i64, 0));
  auto generic = linalg::GenericOp::create(
      b, TypeRange{init.getType()}, ValueRange{x, x}, ValueRange{init}, ArrayRef{ownMap, otherMap, ownMap}, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        ImplicitLocOpBuilder inner(loc, nested);
        ScalarBuilder s(inner, isUnsignedType(element));
        Value mine = fromStorage(inner, args[0], element), theirs = fromStorage(inner, args[1], element);
        Value before = standsBefore(s, theirs, mine, getLargest()), after = standsBefore(s, mine, theirs, getLargest());
        Value isEarlier = arith::CmpIOp::create(inner, arith::CmpIPredicate::ult, linalg::IndexOp::create(inner, rank),
                                                linalg::IndexOp::create(inner, axis));
        Value counts = s.build<arith::SelectOp>(after, before, arith::OrIOp::create(inner, before, isEarlier));
        Value one = arith::ExtUIOp::create(inner, i64, counts);
        linalg::YieldOp::create(inner, ValueRange{arith::AddIOp::create(inner, args[2], one)});
      });
  return {generic.getResult(0)};
}

//===----------------------------------------------------------------------===//
// topk
//===----------------------------------------------------------------------===//

LogicalResult TopKOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor, Types &types) {
  auto type = typeOf(adaptor.getX());
  FailureOr<int64_t> axis = normalizeAxis(loc, adaptor.getAxis(), type.getRank());
  if (failed(axis))
    return failure();
  int64_t k = adaptor.getK(), size = type.getDimSize(*axis);
  if (k < 0 || (!ShapedType::isDynamic(size) && k > size))
    return emitOptionalError(loc, "cannot take ", k, " of ", size, " elements");
  SmallVector<int64_t> shape(type.getShape());
  shape[*axis] = k;
  types.push_back(type.clone(shape));
  types.push_back(type.clone(shape, IntegerType::get(context, 64)));
  return success();
}

FailureOr<SmallVector<Value>> TopKOp::decomposeOperation(OpBuilder &builder) {
  Rule r(builder, *this);
  Value x = getX();
  if (!typeOf(x).hasStaticShape())
    return emitOpError("needs a static shape to be decomposed");
  int64_t axis = ingot::axisOf(x, getAxis());
  ArrayRef<int64_t> shape = typeOf(x).getShape();
  Value places = RankingOp::create(r.b, x, axis, getLargest());
  Value count = r.counting(shape, axis, r.b.getI64Type());
  // Sorted places are a permutation; its inverse says which element comes first, second and so on.
  Value order = r.b.createOrFold<ScatterElementsOp>(zerosLike(r.b, places), places, count, axis, "none");
  Value indices = sliced(r.b, order, axis, 0, getK());
  return SmallVector<Value>{r.b.createOrFold<GatherElementsOp>(x, indices, axis), indices};
}

SmallVector<Value> TopKOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  if (!cotangents[0])
    return {Value()};
  Value zeros = zerosLike(b, getX());
  return {
      b.createOrFold<ScatterElementsOp>(zeros, getIndices(), cotangents[0], ingot::axisOf(getX(), getAxis()), "none")};
}

} // namespace ingot
