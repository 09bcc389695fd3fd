//===- MathBuilder.h - f32 arithmetic on scalars and vectors ----*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_CPU_MATHBUILDER_H
#define INGOT_COMPILER_CPU_MATHBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// Writes formulas on f32 values, or vectors of them, of one type.
class MathBuilder {
public:
  using Value = mlir::Value;

  MathBuilder(mlir::ImplicitLocOpBuilder &b, mlir::Type type) : b(b), type(type) {
    integer = b.getI32Type();
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
      integer = vector.clone(integer);
  }

  Value f(double value) { return constant(type, b.getF32FloatAttr(float(value))); }
  Value i(int32_t value) { return constant(integer, b.getI32IntegerAttr(value)); }

  Value add(Value x, Value y) { return mlir::arith::AddFOp::create(b, x, y); }
  Value sub(Value x, Value y) { return mlir::arith::SubFOp::create(b, x, y); }
  Value mul(Value x, Value y) { return mlir::arith::MulFOp::create(b, x, y); }
  Value div(Value x, Value y) { return mlir::arith::DivFOp::create(b, x, y); }
  Value neg(Value x) { return mlir::arith::NegFOp::create(b, x); }
  Value sqrt(Value x) { return mlir::math::SqrtOp::create(b, x); }
  Value abs(Value x) { return mlir::math::AbsFOp::create(b, x); }
  /// x * y + z, rounded once.
  Value fma(Value x, Value y, Value z) { return mlir::math::FmaOp::create(b, x, y, z); }
  /// c[0] + x * (c[1] + x * ...), by Horner's rule.
  Value polynomial(Value x, llvm::ArrayRef<double> c) {
    Value result = f(c.back());
    for (double coefficient : llvm::reverse(c.drop_back()))
      result = fma(result, x, f(coefficient));
    return result;
  }

  /// The same by Horner's rule on pairs of terms: one product more, and a chain of half the length.
  Value polynomialOfPairs(Value x, llvm::ArrayRef<double> c) {
    assert(c.size() % 2 == 0 && "terms come in pairs");
    auto pair = [&](size_t index) { return fma(f(c[index + 1]), x, f(c[index])); };
    Value square = mul(x, x), result = pair(c.size() - 2);
    for (size_t index = c.size() - 2; index > 0; index -= 2)
      result = fma(result, square, pair(index - 2));
    return result;
  }

  Value less(Value x, Value y) { return mlir::arith::CmpFOp::create(b, mlir::arith::CmpFPredicate::OLT, x, y); }
  Value equal(Value x, Value y) { return mlir::arith::CmpFOp::create(b, mlir::arith::CmpFPredicate::OEQ, x, y); }
  Value isNan(Value x) { return mlir::arith::CmpFOp::create(b, mlir::arith::CmpFPredicate::UNO, x, x); }
  Value select(Value condition, Value x, Value y) { return mlir::arith::SelectOp::create(b, condition, x, y); }
  /// x limited to [low, high]; a NaN stays. One instruction a bound on x86.
  Value clamp(Value x, double low, double high) {
    x = select(less(x, f(low)), f(low), x);
    return select(less(f(high), x), f(high), x);
  }
  Value both(Value x, Value y) { return mlir::arith::AndIOp::create(b, x, y); }
  Value either(Value x, Value y) { return mlir::arith::OrIOp::create(b, x, y); }

  Value bits(Value x) { return mlir::arith::BitcastOp::create(b, integer, x); }
  Value number(Value x) { return mlir::arith::BitcastOp::create(b, type, x); }
  Value addi(Value x, Value y) { return mlir::arith::AddIOp::create(b, x, y); }
  Value subi(Value x, Value y) { return mlir::arith::SubIOp::create(b, x, y); }
  Value shl(Value x, int32_t count) { return mlir::arith::ShLIOp::create(b, x, i(count)); }
  Value shr(Value x, int32_t count) { return mlir::arith::ShRSIOp::create(b, x, i(count)); }
  Value toFloat(Value x) { return mlir::arith::SIToFPOp::create(b, type, x); }
  Value andi(Value x, Value y) { return mlir::arith::AndIOp::create(b, x, y); }
  Value ori(Value x, Value y) { return mlir::arith::OrIOp::create(b, x, y); }
  Value xori(Value x, Value y) { return mlir::arith::XOrIOp::create(b, x, y); }
  Value equali(Value x, Value y) { return mlir::arith::CmpIOp::create(b, mlir::arith::CmpIPredicate::eq, x, y); }
  /// x with the sign bit of y.
  Value withSign(Value x, Value y) { return mlir::math::CopySignOp::create(b, x, y); }

private:
  Value constant(mlir::Type wanted, mlir::TypedAttr value) {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(wanted))
      return mlir::arith::ConstantOp::create(b, mlir::DenseElementsAttr::get(vector, mlir::Attribute(value)));
    return mlir::arith::ConstantOp::create(b, value);
  }

  mlir::ImplicitLocOpBuilder &b;
  mlir::Type type, integer;
};

} // namespace ingot

#endif // INGOT_COMPILER_CPU_MATHBUILDER_H
