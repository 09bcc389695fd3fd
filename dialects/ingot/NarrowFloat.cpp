//===- NarrowFloat.cpp - Floats of 8 bits and fewer -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Their bits are those of a float of 32 bits but for the number of bits in either field and the exponent's bias, so few
// instructions convert them on any processor.
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include <cmath>

using namespace mlir;

namespace ingot {

namespace {

/// The fields of a type with a sign bit, and its special values as magnitudes.
struct Format {
  int mantissa, bias, sign; ///< bits, what exponents are moved by, and the bit of the sign
  int64_t largest;          ///< the finite one
  int64_t nan;              ///< a quiet one
  bool isUnsignedZero;      ///< all magnitudes are numbers, and the bits of -0 are the only NaN
  bool hasInfinity, hasNan;

  explicit Format(FloatType type) {
    const llvm::fltSemantics &semantics = type.getFloatSemantics();
    mantissa = int(APFloat::semanticsPrecision(semantics)) - 1;
    bias = 1 - int(APFloat::semanticsMinExponent(semantics));
    sign = 1 << (type.getWidth() - 1);
    largest = int64_t(APFloat::getLargest(semantics).bitcastToAPInt().getZExtValue());
    hasInfinity = APFloat::semanticsHasInf(semantics);
    hasNan = APFloat::semanticsHasNaN(semantics);
    isUnsignedZero = hasNan && largest == sign - 1;
    // Where there is no NaN, it becomes -0.
    nan = hasNan ? int64_t(APFloat::getNaN(semantics).bitcastToAPInt().getZExtValue()) : sign;
  }
  int64_t tooLarge() const { return hasInfinity ? largest + 1 : hasNan ? nan : largest; }
};

} // namespace

static Type like(Value x, Type element) {
  if (auto vector = dyn_cast<VectorType>(x.getType()))
    return vector.clone(element);
  return element;
}

Value ScalarBuilder::decode(Value stored, FloatType type) {
  Format format(type);
  Value bits = build<arith::ExtUIOp>(like(stored, b.getI32Type()), stored);
  auto number = [&](int64_t value) { return literal(double(value), bits); };
  Value magnitude = build<arith::AndIOp>(bits, number(format.sign - 1));
  Value moved = build<arith::ShLIOp>(magnitude, number(23 - format.mantissa));
  Type f32 = like(stored, b.getF32Type());
  // The product corrects the bias, and is exact for denormals too.
  Value value = build<arith::BitcastOp>(f32, moved);
  value = build<arith::MulFOp>(value, literal(std::ldexp(1.0, 127 - format.bias), value));
  auto is = [&](arith::CmpIPredicate predicate, Value x, int64_t y) {
    return build<arith::CmpIOp>(predicate, x, number(y));
  };
  Value nan = literal(std::nan(""), value);
  if (format.isUnsignedZero)
    return build<arith::SelectOp>(
        is(arith::CmpIPredicate::eq, bits, format.sign), nan,
        build<arith::SelectOp>(is(arith::CmpIPredicate::uge, bits, format.sign), build<arith::NegFOp>(value), value));
  if (format.hasInfinity)
    value = build<arith::SelectOp>(is(arith::CmpIPredicate::eq, magnitude, format.largest + 1),
                                   literal(INFINITY, value), value);
  int64_t firstNan = format.largest + (format.hasInfinity ? 2 : 1);
  if (format.hasNan)
    value = build<arith::SelectOp>(is(arith::CmpIPredicate::uge, magnitude, firstNan), nan, value);
  return build<arith::SelectOp>(is(arith::CmpIPredicate::uge, bits, format.sign), build<arith::NegFOp>(value), value);
}

Value ScalarBuilder::encode(Value x, FloatType type) {
  Format format(type);
  Type i32 = like(x, b.getI32Type());
  Value bits = build<arith::BitcastOp>(i32, x), size = build<math::AbsFOp>(x),
        sizeBits = build<arith::BitcastOp>(i32, size);
  auto number = [&](int64_t value) { return literal(double(value), bits); };
  auto is = [&](arith::CmpIPredicate predicate, Value v, int64_t y) {
    return build<arith::CmpIOp>(predicate, v, number(y));
  };
  int cut = 23 - format.mantissa;
  // A normal number: half a unit less one bit, and one bit more where the last that stays is set.
  Value last = build<arith::AndIOp>(build<arith::ShRUIOp>(sizeBits, number(cut)), number(1));
  Value rounded = build<arith::AddIOp>(build<arith::AddIOp>(sizeBits, number((int64_t(1) << (cut - 1)) - 1)), last);
  Value normal = build<arith::SubIOp>(build<arith::ShRUIOp>(rounded, number(cut)),
                                      number(int64_t(127 - format.bias) << format.mantissa));
  // A denormal one: the sum with a power of two leaves its mantissa in the low bits.
  Value power = literal(std::ldexp(1.0, 24 - format.bias - format.mantissa), size);
  Value denormal = build<arith::SubIOp>(build<arith::BitcastOp>(i32, build<arith::AddFOp>(size, power)),
                                        build<arith::BitcastOp>(i32, power));
  Value isDenormal =
      build<arith::CmpFOp>(arith::CmpFPredicate::OLT, size, literal(std::ldexp(1.0, 1 - format.bias), size));
  Value result = build<arith::SelectOp>(isDenormal, denormal, normal);
  Value sign = build<arith::SelectOp>(is(arith::CmpIPredicate::slt, bits, 0), number(format.sign), number(0));
  if (format.isUnsignedZero)
    sign = build<arith::SelectOp>(is(arith::CmpIPredicate::eq, result, 0), number(0), sign);
  Value isTooLarge = is(arith::CmpIPredicate::sgt, result, format.largest);
  result = build<arith::OrIOp>(result, sign);
  Value large = format.isUnsignedZero ? number(format.nan) : build<arith::OrIOp>(number(format.tooLarge()), sign);
  result = build<arith::SelectOp>(isTooLarge, large, result);
  Value isNan = build<arith::CmpFOp>(arith::CmpFPredicate::UNO, x, x);
  Value nan = format.isUnsignedZero ? number(format.nan) : build<arith::OrIOp>(number(format.nan), sign);
  result = build<arith::SelectOp>(isNan, nan, result);
  return build<arith::TruncIOp>(like(x, b.getI8Type()), result);
}

} // namespace ingot
