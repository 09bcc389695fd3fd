//===- Support.cpp - What code generated from op records calls ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

//===----------------------------------------------------------------------===//
// ScalarBuilder
//===----------------------------------------------------------------------===//

static TypedAttr numberAttr(Builder &b, Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr scalar = isa<FloatType>(element) ? TypedAttr(b.getFloatAttr(element, value))
                                             : TypedAttr(IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(),
                                                                                         int64_t(value), true, true)));
  if (auto shaped = dyn_cast<ShapedType>(type))
    return DenseElementsAttr::get(shaped, Attribute(scalar));
  return scalar;
}

Value ScalarBuilder::literal(double value, Value like) {
  return arith::ConstantOp::create(b, numberAttr(b, like.getType(), value));
}

Value ScalarBuilder::negate(Value x) {
  return isFloat(x) ? build<arith::NegFOp>(x) : build<arith::SubIOp>(literal(0, x), x);
}

Value ScalarBuilder::power(Value a, Value exponent) {
  // Squares and roots are common, and far cheaper than a call.
  Attribute constant;
  if (isFloat(a) && isFloat(exponent) && matchPattern(exponent, m_Constant(&constant))) {
    if (auto splat = dyn_cast<SplatElementsAttr>(constant))
      constant = splat.getSplatValue<Attribute>();
    if (auto number = dyn_cast<FloatAttr>(constant)) {
      double value = number.getValueAsDouble();
      if (value == 1)
        return a;
      if (value == 2)
        return build<arith::MulFOp>(a, a);
      if (value == 3)
        return build<arith::MulFOp>(build<arith::MulFOp>(a, a), a);
      if (value == 0.5)
        return build<math::SqrtOp>(a);
    }
  }
  Type type = a.getType();
  if (isFloat(a)) {
    if (!isFloat(exponent))
      exponent = convert(exponent, getElementTypeOrSelf(exponent), getElementTypeOrSelf(type));
    else if (exponent.getType() != type)
      exponent = convert(exponent, getElementTypeOrSelf(exponent), getElementTypeOrSelf(type));
    return build<math::PowFOp>(a, exponent);
  }
  if (isFloat(exponent)) {
    Type element = getElementTypeOrSelf(exponent);
    Value wide = convert(a, getElementTypeOrSelf(a), element);
    return convert(build<math::PowFOp>(wide, exponent), element, getElementTypeOrSelf(type));
  }
  if (exponent.getType() != type)
    exponent = convert(exponent, getElementTypeOrSelf(exponent), getElementTypeOrSelf(type));
  return build<math::IPowIOp>(a, exponent);
}

Value ScalarBuilder::toFewBits(Value x, Type to) {
  Type byte = b.getI8Type();
  if (auto vector = dyn_cast<VectorType>(x.getType()))
    byte = vector.clone(byte);
  if (getElementTypeOrSelf(x).isInteger(1))
    return build<arith::ExtUIOp>(byte, x);
  if (x.getType() != byte)
    x = build<arith::TruncIOp>(byte, x);
  Value unused = literal(8 - int(to.getIntOrFloatBitWidth()), x);
  x = build<arith::ShLIOp>(x, unused);
  return isUnsignedType(to) ? build<arith::ShRUIOp>(x, unused) : build<arith::ShRSIOp>(x, unused);
}

Value ScalarBuilder::convert(Value x, Type from, Type to) {
  Type element = computeType(to), current = getElementTypeOrSelf(x);
  auto withShape = [&](Type type) -> Type {
    if (auto vector = dyn_cast<VectorType>(x.getType()))
      return vector.clone(type);
    return type;
  };
  Type target = withShape(element);
  bool fromUnsigned = isUnsignedType(from);
  if (to.isInteger(1)) {
    if (current == element)
      return x;
    return isFloat(x) ? build<arith::CmpFOp>(arith::CmpFPredicate::UNE, x, literal(0, x))
                      : build<arith::CmpIOp>(arith::CmpIPredicate::ne, x, literal(0, x));
  }
  if (isFloat(x)) {
    if (isa<FloatType>(element)) {
      unsigned have = current.getIntOrFloatBitWidth(), want = element.getIntOrFloatBitWidth();
      return have == want ? x : have < want ? build<arith::ExtFOp>(target, x) : build<arith::TruncFOp>(target, x);
    }
    if (to.getIntOrFloatBitWidth() < 8)
      return toFewBits(build<arith::FPToSIOp>(withShape(b.getI32Type()), x), to);
    return isUnsignedType(to) ? build<arith::FPToUIOp>(target, x) : build<arith::FPToSIOp>(target, x);
  }
  if (isa<FloatType>(element))
    return fromUnsigned ? build<arith::UIToFPOp>(target, x) : build<arith::SIToFPOp>(target, x);
  if (to.getIntOrFloatBitWidth() < 8)
    return toFewBits(x, to);
  unsigned have = current.getIntOrFloatBitWidth(), want = element.getIntOrFloatBitWidth();
  if (have == want)
    return x;
  if (have > want)
    return build<arith::TruncIOp>(target, x);
  return fromUnsigned ? build<arith::ExtUIOp>(target, x) : build<arith::ExtSIOp>(target, x);
}

Value graphLiteral(ImplicitLocOpBuilder &builder, double value, Value like) {
  return graphLiteral(builder, value, getElementTypeOrSelf(like));
}

Value graphLiteral(ImplicitLocOpBuilder &builder, double value, Type element) {
  auto type = RankedTensorType::get({}, element);
  return arith::ConstantOp::create(builder, numberAttr(builder, type, value));
}

//===----------------------------------------------------------------------===//
// Folding
//===----------------------------------------------------------------------===//

void broadcastIndex(ArrayRef<int64_t> index, ArrayRef<int64_t> sizes, SmallVectorImpl<int64_t> &out) {
  out.clear();
  for (auto [i, size] : llvm::zip_equal(index.take_back(sizes.size()), sizes))
    out.push_back(size == 1 ? 0 : i);
}

static int64_t linearize(ArrayRef<int64_t> index, ArrayRef<int64_t> sizes) {
  int64_t linear = 0;
  for (auto [i, size] : llvm::zip_equal(index, sizes))
    linear = linear * size + i;
  return linear;
}

/// Steps `index` through `sizes` in row-major order.
static void advance(MutableArrayRef<int64_t> index, ArrayRef<int64_t> sizes) {
  for (int64_t i = int64_t(index.size()) - 1; i >= 0; --i) {
    if (++index[i] < sizes[i])
      return;
    index[i] = 0;
  }
}

/// Collects the operands as element attributes when the result is worth folding.
static bool foldable(RankedTensorType type, ArrayRef<Attribute> operands, SmallVectorImpl<ElementsAttr> &values) {
  if (!type.hasStaticShape() || type.getNumElements() > foldLimit)
    return false;
  for (Attribute operand : operands) {
    auto elements = dyn_cast_or_null<DenseElementsAttr>(operand);
    if (!elements)
      return false;
    values.push_back(elements);
  }
  return true;
}

OpFoldResult foldMovement(MovementOpInterface op, ArrayRef<Attribute> operands) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<ElementsAttr> values;
  if (!type || !foldable(type, operands, values))
    return {};
  SmallVector<SmallVector<Attribute>> elements(values.size());
  SmallVector<int64_t> index(type.getRank(), 0), source;
  SmallVector<Attribute> result;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i, advance(index, type.getShape())) {
    source.clear();
    unsigned operand = op.sourceOf(index, source);
    auto &cache = elements[operand];
    if (cache.empty())
      cache = llvm::to_vector(values[operand].getValues<Attribute>());
    result.push_back(cache[linearize(source, values[operand].getShapedType().getShape())]);
  }
  return DenseElementsAttr::get(type, result);
}

/// A number of an ingot type as a constant of its compute type.
static Value scalarConstant(ImplicitLocOpBuilder &b, Attribute value) {
  if (auto number = dyn_cast<FloatAttr>(value)) {
    Type type = computeType(number.getType());
    APFloat wide = number.getValue();
    bool inexact;
    wide.convert(cast<FloatType>(type).getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
    return arith::ConstantOp::create(b, FloatAttr::get(type, wide));
  }
  auto number = cast<IntegerAttr>(value);
  Type type = computeType(number.getType());
  unsigned width = type.getIntOrFloatBitWidth();
  APInt bits = isUnsignedType(number.getType()) ? number.getValue().zext(width) : number.getValue().sext(width);
  return arith::ConstantOp::create(b, IntegerAttr::get(type, bits));
}

/// The constant `value` of compute type as an attribute of the ingot type `type`, or null when it is no constant.
static Attribute constantOf(Value value, Type type) {
  Attribute attribute;
  if (!matchPattern(value, m_Constant(&attribute)))
    return {};
  if (auto number = dyn_cast<FloatAttr>(attribute)) {
    APFloat narrow = number.getValue();
    bool inexact;
    narrow.convert(cast<FloatType>(type).getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
    return FloatAttr::get(type, narrow);
  }
  // A number of fewer bits than a byte is computed as one.
  APInt number = cast<IntegerAttr>(attribute).getValue();
  return IntegerAttr::get(type, number.trunc(std::min(number.getBitWidth(), type.getIntOrFloatBitWidth())));
}

OpFoldResult foldPointwise(PointwiseOpInterface op, ArrayRef<Attribute> operands) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<ElementsAttr> values;
  if (!type || operands.empty() || !foldable(type, operands, values))
    return {};
  // The scalar rule runs in a block of its own; arith's and math's folders do the arithmetic.
  Block scratch;
  SmallVector<SmallVector<Attribute>> elements;
  bool splat = true;
  for (ElementsAttr value : values) {
    splat &= value.isSplat();
    elements.push_back(llvm::to_vector(value.getValues<Attribute>()));
  }
  auto compute = [&](ArrayRef<int64_t> index) -> Attribute {
    ImplicitLocOpBuilder b(op->getLoc(), op->getContext());
    b.setInsertionPointToEnd(&scratch);
    SmallVector<Value> args;
    SmallVector<int64_t> place;
    for (auto [value, cache] : llvm::zip_equal(values, elements)) {
      ArrayRef<int64_t> sizes = value.getShapedType().getShape();
      broadcastIndex(index, sizes, place);
      args.push_back(scalarConstant(b, cache[linearize(place, sizes)]));
    }
    Attribute result = constantOf(op.buildScalar(b, args), type.getElementType());
    while (!scratch.empty())
      scratch.back().erase();
    return result;
  };
  SmallVector<int64_t> index(type.getRank(), 0);
  SmallVector<Attribute> result;
  for (int64_t i = 0, e = splat ? std::min<int64_t>(1, type.getNumElements()) : type.getNumElements(); i < e;
       ++i, advance(index, type.getShape())) {
    result.push_back(compute(index));
    if (!result.back())
      return {};
  }
  return DenseElementsAttr::get(type, result);
}

} // namespace ingot
