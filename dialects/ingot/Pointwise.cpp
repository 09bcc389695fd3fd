//===- Pointwise.cpp - The few pointwise ops that a rule cannot say -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Inference.h"
#include "dialects/ingot/Movement.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace ingot {

#include "dialects/ingot/Rules.cpp.inc"

Value ModOp::buildScalar(ImplicitLocOpBuilder &builder, ValueRange args) {
  ScalarBuilder s(builder, isUnsignedType(getElementTypeOrSelf(getA())));
  Value a = args[0], b = args[1], zero = s.literal(0, a);
  if (!s.isFloat(a)) {
    // Dividing by 0 or, for the smallest number, by -1 is a fault of the processor; both leave 0.
    Value isSafe = s.build<arith::CmpIOp>(arith::CmpIPredicate::ne, b, zero);
    if (!s.isUnsigned())
      isSafe = s.build<arith::AndIOp>(isSafe, s.build<arith::CmpIOp>(arith::CmpIPredicate::ne, b, s.literal(-1, b)));
    Value divisor = s.build<arith::SelectOp>(isSafe, b, s.literal(1, b));
    if (s.isUnsigned())
      return s.build<arith::RemUIOp>(a, divisor);
    Value rest = s.build<arith::RemSIOp>(a, divisor);
    if (getFmod())
      return rest;
    Value signs = s.build<arith::CmpIOp>(arith::CmpIPredicate::slt, s.build<arith::XOrIOp>(rest, b), zero);
    Value isLeft = s.build<arith::CmpIOp>(arith::CmpIPredicate::ne, rest, zero);
    return s.build<arith::SelectOp>(s.build<arith::AndIOp>(signs, isLeft), s.build<arith::AddIOp>(rest, b), rest);
  }
  Value rest = s.build<arith::RemFOp>(a, b);
  if (getFmod())
    return rest;
  auto isNegative = [&](Value x) { return s.build<arith::CmpFOp>(arith::CmpFPredicate::OLT, x, zero); };
  Value differ = s.build<arith::XOrIOp>(isNegative(rest), isNegative(b));
  Value moved = s.build<arith::SelectOp>(differ, s.build<arith::AddFOp>(rest, b), rest);
  Value isZero = s.build<arith::CmpFOp>(arith::CmpFPredicate::OEQ, rest, zero);
  return s.build<arith::SelectOp>(isZero, s.build<math::CopySignOp>(rest, b), moved);
}

SmallVector<Value> PowOp::buildGradient(ImplicitLocOpBuilder &builder, ValueRange cotangents) {
  Value a = getA(), dy = cotangents[0];
  Type element = getElementTypeOrSelf(a), exponents = getElementTypeOrSelf(getB());
  Value b = castTo(builder, getB(), element), zero = literal(builder, 0, element);
  auto unless = [&](Value x, Value otherwise) {
    return builder.createOrFold<WhereOp>(builder.createOrFold<EqualOp>(x, zero), zero, otherwise);
  };
  Value less = builder.createOrFold<SubOp>(b, literal(builder, 1, element));
  Value slope = builder.createOrFold<MulOp>(b, builder.createOrFold<PowOp>(a, less));
  Value da = unless(b, builder.createOrFold<MulOp>(dy, slope));
  if (!isa<FloatType>(exponents))
    return {da, Value()};
  Value db = builder.createOrFold<MulOp>(dy, builder.createOrFold<MulOp>(getY(), builder.createOrFold<LogOp>(a)));
  return {da, castTo(builder, unless(a, db), exponents)};
}

LogicalResult BitShiftOp::verify() {
  if (getDirection() != "LEFT" && getDirection() != "RIGHT")
    return emitOpError("direction must be LEFT or RIGHT, but is ") << getDirection();
  return success();
}

Value BitShiftOp::buildScalar(ImplicitLocOpBuilder &builder, ValueRange args) {
  ScalarBuilder s(builder, isUnsignedType(getElementTypeOrSelf(getA())));
  Value a = args[0], count = args[1], zero = s.literal(0, a);
  int64_t width = getElementTypeOrSelf(a).getIntOrFloatBitWidth();
  // As an unsigned number, a negative count is a large one.
  Value isShort = s.build<arith::CmpIOp>(arith::CmpIPredicate::ult, count, s.literal(width, count));
  Value most = s.build<arith::SelectOp>(isShort, count, s.literal(width - 1, count));
  if (getDirection() == "RIGHT" && !s.isUnsigned())
    return s.build<arith::ShRSIOp>(a, most);
  Value shifted = getDirection() == "LEFT" ? s.build<arith::ShLIOp>(a, most) : s.build<arith::ShRUIOp>(a, most);
  return s.build<arith::SelectOp>(isShort, shifted, zero);
}

Value CastOp::buildScalar(ImplicitLocOpBuilder &builder, ValueRange args) {
  ScalarBuilder s(builder, false);
  Value y = s.convert(args[0], getElementTypeOrSelf(getX()), getTo());
  auto narrow = dyn_cast<FloatType>(getTo());
  if (!narrow || narrow.getWidth() > 8 || !getSaturate())
    return y;
  Value largest = s.literal(APFloat::getLargest(narrow.getFloatSemantics()).convertToDouble(), y);
  Value above = s.build<arith::CmpFOp>(arith::CmpFPredicate::OGT, s.build<math::AbsFOp>(y), largest);
  return s.build<arith::SelectOp>(above, s.build<math::CopySignOp>(largest, y), y);
}

SmallVector<Value> CastOp::buildGradient(ImplicitLocOpBuilder &builder, ValueRange cotangents) {
  Type from = getElementTypeOrSelf(getX());
  if (!isa<FloatType>(from) || !isa<FloatType>(getTo()))
    return {Value()};
  return {CastOp::create(builder, cotangents[0], from)};
}

} // namespace ingot
