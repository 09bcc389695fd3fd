//===- Dialect.cpp - Registration, constants and element types ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Inference.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

#include "dialects/ingot/Dialect.cpp.inc"
#include "dialects/ingot/Interfaces.cpp.inc"

namespace ingot {

/// Gives ops of other dialects that graphs hold their gradients; defined in Gradient.cpp.
void attachGradients(MLIRContext &context);

void IngotDialect::initialize() {
  registerIngotDialectOperations(this);
  attachGradients(*getContext());
}

Operation *IngotDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

bool isUnsignedType(Type type) { return type.isUnsignedInteger() || type.isInteger(1); }

bool isNarrowFloat(Type type) { return isa<FloatType>(type) && type.getIntOrFloatBitWidth() <= 8; }

Type storageType(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return IntegerType::get(type.getContext(), std::max(8u, integer.getWidth()));
  if (isNarrowFloat(type))
    return IntegerType::get(type.getContext(), 8);
  return type;
}

Type computeType(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return IntegerType::get(type.getContext(), integer.getWidth() == 1 ? 1 : std::max(8u, integer.getWidth()));
  if (type.isF16() || type.isBF16() || isNarrowFloat(type))
    return Float32Type::get(type.getContext());
  return type;
}

RankedTensorType storageTensor(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.clone(storageType(tensor.getElementType()));
}

} // namespace ingot
