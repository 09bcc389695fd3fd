//===- Pointwise.cpp - The few pointwise ops that a rule cannot say -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Inference.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace ingot {

#include "dialects/ingot/Rules.cpp.inc"

Value CastOp::buildScalar(ImplicitLocOpBuilder &builder, ValueRange args) {
  return ScalarBuilder(builder, false).convert(args[0], getElementTypeOrSelf(getX()), getTo());
}

SmallVector<Value> CastOp::buildGradient(ImplicitLocOpBuilder &builder, ValueRange cotangents) {
  Type from = getElementTypeOrSelf(getX());
  if (!isa<FloatType>(from) || !isa<FloatType>(getTo()))
    return {Value()};
  return {CastOp::create(builder, cotangents[0], TypeAttr::get(from))};
}

} // namespace ingot
