//===- Rule.h - Writing decompositions and gradients ------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_RULE_H
#define INGOT_DIALECTS_INGOT_RULE_H

#include "dialects/ingot/Movement.h"
#include "dialects/ingot/Values.h"
#include "mlir/IR/TypeUtilities.h"

namespace ingot {

/// Short forms for rules in C++. A composite computes on values widened to the compute type of its first operand, and
/// rounds each result once.
struct Rule {
  mlir::ImplicitLocOpBuilder b;
  mlir::Type element;

  using Value = mlir::Value;
  using Axes = llvm::ArrayRef<int64_t>;

  Rule(mlir::OpBuilder &builder, mlir::Operation *op)
      : b(op->getLoc(), builder), element(mlir::getElementTypeOrSelf(op->getOperand(0))) {}
  Rule(mlir::ImplicitLocOpBuilder &builder, mlir::Type element) : b(builder), element(element) {}

  Value wide(Value x) { return castTo(b, x, computeType(element)); }
  Value round(Value x) { return castTo(b, x, element); }
  Value number(double value) { return literal(b, value, computeType(element)); }
  Value add(Value x, Value y) { return b.createOrFold<AddOp>(x, y); }
  Value sub(Value x, Value y) { return b.createOrFold<SubOp>(x, y); }
  Value mul(Value x, Value y) { return b.createOrFold<MulOp>(x, y); }
  Value div(Value x, Value y) { return b.createOrFold<DivOp>(x, y); }
  Value exp(Value x) { return b.createOrFold<ExpOp>(x); }
  Value select(Value condition, Value x, Value y) { return b.createOrFold<WhereOp>(condition, x, y); }
  Value sum(Value x, Axes axes, bool keepdims = true) { return ReduceSumOp::create(b, x, axes, keepdims); }
  Value mean(Value x, Axes axes, bool keepdims = true) { return ReduceMeanOp::create(b, x, axes, keepdims); }
  /// x less its maximum along `axis`: no exponential of it overflows.
  Value shifted(Value x, int64_t axis) { return sub(x, ReduceMaxOp::create(b, x, Axes(axis), /*keepdims=*/true)); }
  Value softmax(Value x, int64_t axis) {
    Value e = exp(shifted(x, axis));
    return div(e, sum(e, axis));
  }
  /// The cotangent of softmax's operand: `y` is its result.
  Value softmaxGradient(Value y, Value dy, int64_t axis) { return mul(y, sub(dy, sum(mul(y, dy), axis))); }
  Value logSoftmax(Value x, int64_t axis) {
    x = shifted(x, axis);
    return sub(x, b.createOrFold<LogOp>(sum(exp(x), axis)));
  }
  Value logSoftmaxGradient(Value y, Value dy, int64_t axis) { return sub(dy, mul(exp(y), sum(dy, axis))); }
  /// 0, 1, ... of an integer type along dimension `axis` of `shape`.
  Value counting(Axes shape, int64_t axis, mlir::Type type) { return IotaOp::create(b, shape, axis, type); }
  /// 1 / sqrt(variance + epsilon)
  Value inverseRoot(Value variance, const llvm::APFloat &epsilon) {
    return b.createOrFold<ReciprocalOp>(b.createOrFold<SqrtOp>(add(variance, number(epsilon.convertToFloat()))));
  }
};

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_RULE_H
