//===- Generate.cpp - Types and lowerings of generated tensors ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Inference.h"
#include "dialects/ingot/LinalgBuilder.h"
#include "dialects/ingot/Movement.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

static RankedTensorType typeOf(Value x) { return cast<RankedTensorType>(x.getType()); }

/// The current place along a loop as a scalar of compute type.
static Value placeAlong(ImplicitLocOpBuilder &b, int64_t loop, Type compute) {
  Value place = linalg::IndexOp::create(b, loop);
  if (isa<FloatType>(compute)) {
    place = arith::IndexCastOp::create(b, b.getI64Type(), place);
    return arith::SIToFPOp::create(b, compute, place);
  }
  return arith::IndexCastOp::create(b, compute, place);
}

//===----------------------------------------------------------------------===//
// iota
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> IotaOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  if (failed(normalizeAxis(loc, adaptor.getAxis(), adaptor.getShape().size())))
    return failure();
  if (!adaptor.getType().isIntOrFloat())
    return emitOptionalError(loc, "cannot count in ", adaptor.getType());
  for (int64_t size : adaptor.getShape())
    if (size < 0)
      return emitOptionalError(loc, "shape has a negative entry: ", adaptor.getShapeAttr());
  return RankedTensorType::get(adaptor.getShape(), adaptor.getType());
}

OpFoldResult IotaOp::fold(FoldAdaptor) {
  RankedTensorType type = getY().getType();
  if (type.getNumElements() > foldLimit)
    return {};
  int64_t axis = wrapAxis(getAxis(), type.getRank());
  int64_t inner = 1;
  for (int64_t size : type.getShape().drop_front(axis + 1))
    inner *= size;
  Builder b(getContext());
  SmallVector<Attribute> elements;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    int64_t place = i / inner % type.getDimSize(axis);
    if (isa<FloatType>(type.getElementType()))
      elements.push_back(b.getFloatAttr(type.getElementType(), place));
    else
      elements.push_back(IntegerAttr::get(type.getElementType(), APInt(type.getElementTypeBitWidth(), place, false, true)));
  }
  return DenseElementsAttr::get(type, elements);
}

SmallVector<Value> IotaOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange) {
  RankedTensorType type = getY().getType();
  int64_t axis = wrapAxis(getAxis(), type.getRank());
  Type element = type.getElementType();
  Sizes sizes = getAsIndexOpFoldResult(b.getContext(), type.getShape());
  return {buildPointwise(b, {}, {}, sizes, element, [&](ImplicitLocOpBuilder &inner, ValueRange) {
    return placeAlong(inner, axis, computeType(element));
  })};
}

Value range(ImplicitLocOpBuilder &b, Type element, double start, int64_t count, double delta) {
  Value numbers = b.createOrFold<IotaOp>(count, /*axis=*/0, element);
  if (delta != 1)
    numbers = b.createOrFold<MulOp>(numbers, literal(b, delta, element));
  return start == 0 ? numbers : b.createOrFold<AddOp>(numbers, literal(b, start, element));
}

//===----------------------------------------------------------------------===//
// shape and size
//===----------------------------------------------------------------------===//

static std::pair<int64_t, int64_t> shapeRange(int64_t rank, int64_t start, std::optional<int64_t> end) {
  auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  int64_t first = place(start);
  return {first, std::max(first, place(end.value_or(rank)))};
}

FailureOr<RankedTensorType> ShapeOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto [start, end] = shapeRange(typeOf(adaptor.getX()).getRank(), adaptor.getStart(), adaptor.getEnd());
  return RankedTensorType::get(end - start, IntegerType::get(adaptor.getX().getContext(), 64));
}

std::pair<int64_t, int64_t> ShapeOp::getRange() { return shapeRange(typeOf(getX()).getRank(), getStart(), getEnd()); }

OpFoldResult ShapeOp::fold(FoldAdaptor) {
  auto [start, end] = getRange();
  ArrayRef<int64_t> sizes = typeOf(getX()).getShape().slice(start, end - start);
  return ShapedType::isDynamicShape(sizes) ? OpFoldResult() : OpFoldResult(DenseIntElementsAttr::get(getY().getType(), sizes));
}

SmallVector<Value> ShapeOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  SmallVector<Value> sizes;
  auto [start, end] = getRange();
  for (int64_t i = start; i < end; ++i)
    sizes.push_back(arith::IndexCastOp::create(b, b.getI64Type(), sizeValue(b, sizeOf(b, operands[0], i))));
  return {tensor::FromElementsOp::create(b, getY().getType(), sizes)};
}

FailureOr<RankedTensorType> SizeOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  return RankedTensorType::get({}, IntegerType::get(adaptor.getX().getContext(), 64));
}

OpFoldResult SizeOp::fold(FoldAdaptor) {
  if (!typeOf(getX()).hasStaticShape())
    return {};
  return DenseIntElementsAttr::get(getY().getType(), typeOf(getX()).getNumElements());
}

SmallVector<Value> SizeOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  OpFoldResult count = b.getIndexAttr(1);
  for (OpFoldResult size : sizesOf(b, operands[0]))
    count = mulSizes(b, count, size);
  Value number = arith::IndexCastOp::create(b, b.getI64Type(), sizeValue(b, count));
  return {tensor::FromElementsOp::create(b, getY().getType(), number)};
}

//===----------------------------------------------------------------------===//
// trilu
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> TriluOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = typeOf(adaptor.getX());
  if (type.getRank() < 2)
    return emitOptionalError(loc, "wants a matrix or a batch of them, but found ", type);
  return type;
}

OpFoldResult TriluOp::fold(FoldAdaptor adaptor) {
  RankedTensorType type = getY().getType();
  auto x = dyn_cast_or_null<DenseElementsAttr>(adaptor.getX());
  if (!x || type.getNumElements() > foldLimit)
    return {};
  int64_t columns = type.getShape().back(), rows = type.getDimSize(type.getRank() - 2);
  SmallVector<Attribute> elements(x.getValues<Attribute>());
  Attribute zero = Builder(getContext()).getZeroAttr(type.getElementType());
  for (auto [i, element] : llvm::enumerate(elements)) {
    int64_t distance = int64_t(i) % columns - int64_t(i) / columns % rows - int64_t(getK());
    if (getUpper() ? distance < 0 : distance > 0)
      element = zero;
  }
  return DenseElementsAttr::get(type, elements);
}

SmallVector<Value> TriluOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  Value x = operands[0];
  Type element = typeOf(x).getElementType();
  int64_t rank = typeOf(x).getRank();
  return {buildBroadcast(b, x, sizesOf(b, x), element, [&](ImplicitLocOpBuilder &inner, ValueRange args) {
    Value row = linalg::IndexOp::create(inner, rank - 2), column = linalg::IndexOp::create(inner, rank - 1);
    Value distance = arith::SubIOp::create(inner, column, row);
    Value kept = arith::CmpIOp::create(inner, getUpper() ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sle, distance,
                                       arith::ConstantIndexOp::create(inner, getK()));
    return arith::SelectOp::create(inner, kept, args[0], scalarConstant(inner, element, 0)).getResult();
  })};
}

SmallVector<Value> TriluOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return {b.createOrFold<TriluOp>(cotangents[0], getUpper(), getK())};
}

//===----------------------------------------------------------------------===//
// one_hot
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> OneHotOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto indices = typeOf(adaptor.getIndices()), values = typeOf(adaptor.getValues());
  if (values.getRank() != 1 || (!values.isDynamicDim(0) && values.getDimSize(0) != 2))
    return emitOptionalError(loc, "wants an off and an on value, but found ", values);
  if (int64_t depth = adaptor.getDepth(); depth < 0)
    return emitOptionalError(loc, "depth is negative: ", depth);
  FailureOr<int64_t> axis = normalizeAxis(loc, adaptor.getAxis(), indices.getRank() + 1);
  if (failed(axis))
    return failure();
  SmallVector<int64_t> shape(indices.getShape());
  shape.insert(shape.begin() + *axis, adaptor.getDepth());
  return values.clone(shape);
}

FailureOr<SmallVector<Value>> OneHotOp::decomposeOperation(OpBuilder &nested) {
  ImplicitLocOpBuilder b(getLoc(), nested);
  Type element = typeOf(getIndices()).getElementType();
  int64_t rank = typeOf(getIndices()).getRank() + 1, axis = wrapAxis(getAxis(), rank);
  Value index = getIndices();
  if (!element.isUnsignedInteger()) {
    Value isNegative = b.createOrFold<LessOp>(index, literal(b, 0, element));
    Value fromEnd = b.createOrFold<AddOp>(index, literal(b, getDepth(), element));
    index = b.createOrFold<WhereOp>(isNegative, fromEnd, index);
  }
  SmallVector<int64_t> shape(rank, 1);
  shape[axis] = getDepth();
  Value isOn = b.createOrFold<EqualOp>(unsqueezed(b, index, axis), b.createOrFold<IotaOp>(shape, axis, element));
  auto value = [&](int64_t place) { return squeezed(b, sliced(b, getValues(), 0, place, place + 1), 0); };
  return SmallVector<Value>{b.createOrFold<WhereOp>(isOn, value(1), value(0))};
}

} // namespace ingot
