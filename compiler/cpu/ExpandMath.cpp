//===- ExpandMath.cpp - Functions of f32 as polynomials -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of the math dialect on f32, scalars and vectors alike, so that a value does not depend on the loop that
// computes it. f64 is left to libm. Error bounds in units in the last place:
//
//   exp, exp2, expm1, log, log2, log10, log1p, cosh, asinh, acosh, pow   2
//   sinh, atanh, sin, cos, atan, acos                                    3
//   tan                                                                  4
//   tanh, erf                                                            5, upstream's polynomials
//   asin                                                                 8, near 1; upstream's polynomial
//
// Those of sin, cos and tan are for |x| < 1000, growing to an absolute 1e-6 at a million.
//
// Infinities, NaN, zeros of either sign and denormal arguments are as in C, except that exp and exp2 give 0 where the
// result is below 2^-125, sin and cos forget the angle far beyond a million, erf(-0) is 0, and of zeros of both signs
// either is their maximum or minimum.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/cpu/MathBuilder.h"

#include "mlir/Dialect/Math/Transforms/Approximation.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_EXPANDMATH
#include "compiler/Passes.h.inc"

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Adding this rounds a small number to an integer and leaves it in the low bits.
constexpr double rounder = 12582912.0; // 1.5 * 2^23

/// y * 2^n, where the low nine bits of `n` (beside bits of `rounder`) are the exponent; in two steps so that denormal
/// results come out. Products, because a NaN must stay one.
Value scale(MathBuilder &m, Value y, Value n) {
  Value half = m.shr(n, 1);
  auto power = [&](Value exponent) { return m.number(m.addi(m.shl(exponent, 23), m.i(0x3f800000))); };
  return m.mul(m.mul(y, power(half)), power(m.subi(n, half)));
}

/// (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2. A processor holds the chains of few exponentials at once.
Value expTail(MathBuilder &m, Value r) {
  return m.polynomialOfPairs(
      r, {5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4});
}

/// exp(r) - 1 for |r| <= ln(2) / 2.
Value expM1OfReduced(MathBuilder &m, Value r) { return m.fma(expTail(m, r), m.mul(r, r), r); }

/// (1 + e) * 2^n for -126 <= n <= 128. In halves, because 2^128 is infinite; at -126 the half is 0, which spares the
/// steps that a denormal result would take.
Value scaleByPower(MathBuilder &m, Value e, Value n) {
  Value half = m.number(m.addi(m.shl(n, 23), m.i(0x3f000000)));
  Value result = m.fma(e, half, half);
  return m.add(result, result);
}

/// x - n * ln(2), with the rounded multiple.
Value reduceByLn2(MathBuilder &m, Value x, Value n) {
  return m.fma(n, m.f(2.12194440e-4), m.fma(n, m.f(-0.693359375), x));
}

/// exp(x) * 2^extra, where extra is 0, or -1 for x >= 0.
Value scaledExp(MathBuilder &m, Value x, int extra) {
  x = m.clamp(x, -87.5, 89.0 - 0.5 * extra);
  Value shifted = m.fma(x, m.f(1.44269504088896341), m.f(rounder));
  Value r = reduceByLn2(m, x, m.sub(shifted, m.f(rounder)));
  Value exponent = m.bits(shifted);
  return scaleByPower(m, expM1OfReduced(m, r), extra ? m.addi(exponent, m.i(extra)) : exponent);
}

Value expandExp(MathBuilder &m, Value x) { return scaledExp(m, x, 0); }

Value expandExp2(MathBuilder &m, Value x) {
  x = m.clamp(x, -126.0, 128.0);
  Value shifted = m.add(x, m.f(rounder));
  Value r = m.mul(m.sub(x, m.sub(shifted, m.f(rounder))), m.f(0.693147180559945286));
  return scaleByPower(m, expM1OfReduced(m, r), m.bits(shifted));
}

Value expandExpM1(MathBuilder &m, Value argument) {
  Value x = m.clamp(argument, -20.0, 89.0);
  Value shifted = m.fma(x, m.f(1.44269504088896341), m.f(rounder));
  Value r = reduceByLn2(m, x, m.sub(shifted, m.f(rounder)));
  Value tail = expM1OfReduced(m, r);
  // 2^n (e^r - 1) + (2^n - 1), halved because 2^128 is infinite.
  Value power = m.number(m.addi(m.shl(m.bits(shifted), 23), m.i(0x3f000000)));
  Value half = m.fma(tail, power, m.sub(power, m.f(0.5)));
  return m.select(m.less(m.abs(argument), m.f(1e-8)), argument, m.add(half, half));
}

Value expandSinh(MathBuilder &m, Value x) {
  Value size = m.abs(x);
  Value small = expandExpM1(m, m.clamp(size, 0.0, 1.0));
  small = m.mul(m.f(0.5), m.add(small, m.div(small, m.add(small, m.f(1.0)))));
  Value half = scaledExp(m, size, -1);
  Value large = m.sub(half, m.div(m.f(0.25), half));
  return m.withSign(m.select(m.less(size, m.f(1.0)), small, large), x);
}

Value expandCosh(MathBuilder &m, Value x) {
  Value half = scaledExp(m, m.abs(x), -1);
  return m.add(half, m.div(m.f(0.25), half));
}

/// A positive number as 2^exponent * (1 + fraction) with fraction in [-0.2929, 0.4142]; denormals are scaled first.
struct Split {
  Value exponent, fraction;
};

Split split(MathBuilder &m, Value x) {
  Value small = m.less(x, m.f(1.17549435e-38));
  x = m.select(small, m.mul(x, m.f(8388608.0)), x);
  Value word = m.subi(m.bits(x), m.i(0x3f3504f3)); // sqrt(1/2)
  Value exponent = m.shr(word, 23);
  Value mantissa = m.number(m.subi(m.bits(x), m.shl(exponent, 23)));
  Value correction = m.select(small, m.f(-23.0), m.f(0.0));
  return {m.add(m.toFloat(exponent), correction), m.sub(mantissa, m.f(1.0))};
}

/// log(1 + f) = f + tail.
Value logTail(MathBuilder &m, Value f) {
  Value square = m.mul(f, f);
  Value p = m.polynomial(f, {3.3333331174e-1, -2.4999993993e-1, 2.0000714765e-1, -1.6668057665e-1, 1.4249322787e-1,
                             -1.2420140846e-1, 1.1676998740e-1, -1.1514610310e-1, 7.0376836292e-2});
  return m.mul(square, m.fma(p, f, m.f(-0.5)));
}

/// The values of a logarithm at 0, infinity, NaN and below 0.
Value logAtEnds(MathBuilder &m, Value x, Value result) {
  result = m.select(m.equal(x, m.f(0.0)), m.f(-infinity), result);
  result = m.select(m.less(x, m.f(infinity)), result, x);
  return m.select(m.less(x, m.f(0.0)), m.f(nan), result);
}

Value logOfPositive(MathBuilder &m, Value x) {
  auto [exponent, fraction] = split(m, x);
  Value tail = m.fma(exponent, m.f(-2.12194440e-4), logTail(m, fraction));
  return m.fma(exponent, m.f(0.693359375), m.add(fraction, tail));
}

Value expandLog(MathBuilder &m, Value x) { return logAtEnds(m, x, logOfPositive(m, x)); }

/// log(x) / log(base): `inverse` = 1 / log(base) and `perTwo` = log(2) / log(base), in two parts each.
Value logOfBase(MathBuilder &m, Value x, double inverse, double inverseLow, double perTwo, double perTwoLow) {
  auto [exponent, fraction] = split(m, x);
  Value tail = logTail(m, fraction);
  // fraction * inverse is exact in two parts, so only the sum rounds.
  Value low = m.fma(fraction, m.f(inverseLow), m.mul(tail, m.f(inverse)));
  low = m.fma(exponent, m.f(perTwoLow), low);
  low = m.fma(fraction, m.f(inverse), low);
  return logAtEnds(m, x, m.fma(exponent, m.f(perTwo), low));
}

Value expandLog2(MathBuilder &m, Value x) {
  return logOfBase(m, x, 1.44269502162933349609375, 1.92596299112661746887e-8, 1.0, 0.0);
}

Value expandLog10(MathBuilder &m, Value x) {
  return logOfBase(m, x, 0.4342944920063018798828125, -1.01030485e-8, 0.301025390625, 4.6050389811952137389e-6);
}

Value expandLog1p(MathBuilder &m, Value x) {
  Value sum = m.add(x, m.f(1.0));
  // What rounding took from the sum.
  Value lost = m.div(m.sub(x, m.sub(sum, m.f(1.0))), sum);
  Value result = m.add(logOfPositive(m, sum), lost);
  result = logAtEnds(m, sum, result);
  return m.select(m.less(m.abs(x), m.f(5e-8)), x, result);
}

Value expandAsinh(MathBuilder &m, Value x) {
  Value size = m.abs(x), square = m.mul(size, size);
  Value root = m.sqrt(m.add(square, m.f(1.0)));
  Value result = expandLog1p(m, m.add(size, m.div(square, m.add(root, m.f(1.0)))));
  // The square of a large number is infinite.
  Value far = m.add(expandLog(m, size), m.f(0.693147180559945286));
  return m.withSign(m.select(m.less(m.f(1e9), size), far, result), x);
}

Value expandAcosh(MathBuilder &m, Value x) {
  Value above = m.sub(x, m.f(1.0));
  Value result = expandLog1p(m, m.add(above, m.sqrt(m.fma(above, above, m.add(above, above)))));
  Value far = m.add(expandLog(m, x), m.f(0.693147180559945286));
  result = m.select(m.less(m.f(1e9), x), far, result);
  return m.select(m.less(x, m.f(1.0)), m.f(nan), result);
}

Value expandAtanh(MathBuilder &m, Value x) {
  Value size = m.abs(x);
  Value ratio = m.div(m.add(size, size), m.sub(m.f(1.0), size));
  return m.withSign(m.mul(m.f(0.5), expandLog1p(m, ratio)), x);
}

Value expandAtan(MathBuilder &m, Value x) {
  Value size = m.abs(x);
  Value far = m.less(m.f(2.414213562373095), size), middle = m.less(m.f(0.4142135623730950), size);
  Value top = m.select(far, m.f(-1.0), m.select(middle, m.sub(size, m.f(1.0)), size));
  Value bottom = m.select(far, size, m.select(middle, m.add(size, m.f(1.0)), m.f(1.0)));
  Value turned = m.div(top, bottom);
  Value base = m.select(far, m.f(1.57079632679489662), m.select(middle, m.f(0.785398163397448309), m.f(0.0)));
  Value square = m.mul(turned, turned);
  Value p = m.polynomial(square, {-3.33329491539e-1, 1.99777106478e-1, -1.38776856032e-1, 8.05374449538e-2});
  return m.withSign(m.add(base, m.fma(m.mul(p, square), turned, turned)), x);
}

/// Sine or cosine: the quarter of the circle picks one of two polynomials.
Value sinOrCos(MathBuilder &m, Value x, int quarters) {
  Value shifted = m.fma(x, m.f(0.636619772367581343), m.f(rounder));
  Value n = m.sub(shifted, m.f(rounder));
  Value r = m.fma(n, m.f(-1.57079637050628662109375), x);
  r = m.fma(n, m.f(4.37113900018624283e-8), r);
  r = m.fma(n, m.f(1.71512451306e-15), r);
  // Far out nothing is left of the angle; keep the result in [-1, 1]. Infinity becomes NaN here.
  Value far = m.less(m.f(0.8), m.abs(r));
  r = m.select(far, m.mul(r, m.f(0.0)), r);
  Value square = m.mul(r, r);
  Value sine = m.polynomial(square, {-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4});
  sine = m.fma(m.mul(sine, square), r, r);
  Value cosine = m.polynomial(square, {4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5});
  cosine = m.fma(cosine, m.mul(square, square), m.fma(square, m.f(-0.5), m.f(1.0)));
  Value quarter = m.addi(m.bits(shifted), m.i(quarters));
  Value odd = m.equali(m.andi(quarter, m.i(1)), m.i(1));
  Value result = m.select(odd, cosine, sine);
  return m.number(m.xori(m.bits(result), m.shl(m.andi(quarter, m.i(2)), 30)));
}

Value expandSin(MathBuilder &m, Value x) { return m.select(m.equal(x, m.f(0.0)), x, sinOrCos(m, x, 0)); }
Value expandCos(MathBuilder &m, Value x) { return sinOrCos(m, x, 1); }

/// log2 of a positive number as a sum of two floats.
std::pair<Value, Value> log2InTwo(MathBuilder &m, Value x) {
  auto [exponent, t] = split(m, x);
  // s = t / (2 + t); log2(1 + t) = 2 / ln 2 * (s + s^3 / 3 + s^5 / 5 + ...)
  Value below = m.add(t, m.f(2.0));
  Value belowLow = m.sub(t, m.sub(below, m.f(2.0)));
  Value inverse = m.div(m.f(1.0), below);
  Value s = m.mul(t, inverse);
  Value sLow = m.mul(m.sub(m.fma(m.neg(s), below, t), m.mul(s, belowLow)), inverse);
  Value square = m.mul(s, s);
  Value series = m.polynomial(square, {9.61796693925975554329e-1, 5.77078016355585332597e-1, 4.12198583111132380427e-1,
                                       3.20598897975326e-1, 2.62308189e-1});
  // The cube's coefficient in two parts keeps what matters when y is large.
  Value c = m.f(2.885390043258666992), cLow = m.f(3.8519259822532349e-8);
  Value high = m.mul(s, c);
  Value low = m.fma(s, c, m.neg(high));
  low = m.add(low, m.fma(s, cLow, m.mul(sLow, c)));
  low = m.fma(m.mul(square, s), series, low);
  Value sum = m.add(exponent, high);
  low = m.add(m.sub(high, m.sub(sum, exponent)), low);
  Value head = m.add(sum, low);
  return {head, m.sub(low, m.sub(head, sum))};
}

Value expandPow(MathBuilder &m, Value x, Value y) {
  Value size = m.abs(x);
  auto [high, low] = log2InTwo(m, size);
  Value atEnd = m.either(m.equal(size, m.f(0.0)), m.equal(size, m.f(infinity)));
  high = m.select(atEnd, m.select(m.equal(size, m.f(0.0)), m.f(-infinity), m.f(infinity)), high);
  low = m.select(atEnd, m.f(0.0), low);
  Value power = m.mul(y, high);
  Value powerLow = m.fma(y, low, m.fma(y, high, m.neg(power)));
  Value large = m.less(m.f(200.0), m.abs(power));
  powerLow = m.select(large, m.f(0.0), powerLow);
  power = m.clamp(power, -151.0, 130.0);
  Value shifted = m.add(power, m.f(rounder));
  Value r = m.add(m.sub(power, m.sub(shifted, m.f(rounder))), powerLow);
  Value result = scale(m, m.add(expM1OfReduced(m, m.mul(r, m.f(0.693147180559945286))), m.f(1.0)), m.bits(shifted));
  result = m.select(m.equal(size, m.f(1.0)), m.f(1.0), result);

  // A negative base: an odd integer exponent keeps the sign, an even one drops it, any other has no value.
  Value magnitude = m.abs(y);
  Value whole = m.sub(m.add(magnitude, m.f(8388608.0)), m.f(8388608.0));
  Value isInteger = m.either(m.less(m.f(8388607.0), magnitude), m.equal(whole, magnitude));
  Value lastBit = m.andi(m.bits(m.add(magnitude, m.f(8388608.0))), m.i(1));
  // Between 2^23 and 2^24 the number itself has the last bit; above, all are even.
  Value big = m.less(m.f(8388607.0), magnitude);
  lastBit = m.select(big, m.andi(m.bits(magnitude), m.i(1)), lastBit);
  lastBit = m.select(m.less(m.f(16777215.0), magnitude), m.i(0), lastBit);
  Value isOdd = m.both(isInteger, m.equali(lastBit, m.i(1)));
  Value negative = m.both(m.less(x, m.f(0.0)), m.less(size, m.f(infinity)));
  result = m.select(negative, m.select(isInteger, result, m.f(nan)), result);
  result = m.select(isOdd, m.withSign(result, x), result);
  result = m.select(m.either(m.isNan(x), m.isNan(y)), m.f(nan), result);
  return m.select(m.either(m.equal(y, m.f(0.0)), m.equal(x, m.f(1.0))), m.f(1.0), result);
}

template <typename Op, Value (*expand)(MathBuilder &, Value)> struct Unary : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    MathBuilder m(b, op.getType());
    rewriter.replaceOp(op, expand(m, op.getOperand()));
    return success();
  }
};

struct Power : OpRewritePattern<math::PowFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::PowFOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    MathBuilder m(b, op.getType());
    rewriter.replaceOp(op, expandPow(m, op.getLhs(), op.getRhs()));
    return success();
  }
};

/// The larger or smaller of two, or a NaN if there is one. Of two zeros either may come out, which saves half of the
/// instructions that LLVM needs for the sign.
template <typename Op, arith::CmpFPredicate predicate> struct Extreme : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value x = op.getLhs(), y = op.getRhs();
    Value picked = arith::SelectOp::create(b, arith::CmpFOp::create(b, predicate, x, y), x, y);
    Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
    // A constant, and not x: LLVM would join the two comparisons and miss the instruction for the first.
    auto type = cast<FloatType>(getElementTypeOrSelf(x.getType()));
    TypedAttr quiet = b.getFloatAttr(type, APFloat::getNaN(type.getFloatSemantics()));
    if (auto vector = dyn_cast<VectorType>(x.getType()))
      quiet = DenseElementsAttr::get(vector, Attribute(quiet));
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isNan, arith::ConstantOp::create(b, quiet), picked);
    return success();
  }
};

struct ExpandMath : impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    // pow with a constant exponent, and functions made of others.
    RewritePatternSet simpler(&getContext());
    populateMathAlgebraicSimplificationPatterns(simpler);
    math::populateExpansionPatterns(simpler, {"tan", "fpowi", "rsqrt"});
    if (failed(applyPatternsGreedily(getOperation(), std::move(simpler))))
      return signalPassFailure();

    RewritePatternSet patterns(&getContext());
    patterns.add<Unary<math::ExpOp, expandExp>, Unary<math::Exp2Op, expandExp2>, Unary<math::ExpM1Op, expandExpM1>,
                 Unary<math::LogOp, expandLog>, Unary<math::Log2Op, expandLog2>, Unary<math::Log10Op, expandLog10>,
                 Unary<math::Log1pOp, expandLog1p>, Unary<math::SinOp, expandSin>, Unary<math::CosOp, expandCos>,
                 Unary<math::SinhOp, expandSinh>, Unary<math::CoshOp, expandCosh>, Unary<math::AsinhOp, expandAsinh>,
                 Unary<math::AcoshOp, expandAcosh>, Unary<math::AtanhOp, expandAtanh>, Unary<math::AtanOp, expandAtan>,
                 Power, Extreme<arith::MaximumFOp, arith::CmpFPredicate::OGT>,
                 Extreme<arith::MinimumFOp, arith::CmpFPredicate::OLT>>(&getContext());
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return llvm::is_contained({"math.tanh", "math.erf", "math.asin", "math.acos"}, name);
    });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
