//===- Gradient.cpp - Asking for derivatives ------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Dialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace ingot {

LogicalResult GradientOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  llvm::append_range(types, adaptor.getWrt().getTypes());
  return success();
}

LogicalResult StopGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                               SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getX().getType());
  return success();
}

LogicalResult OpaqueOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getX().getType());
  return success();
}

SmallVector<Value> StopGradientOp::buildGradient(ImplicitLocOpBuilder &, ValueRange) { return {Value()}; }

namespace {
/// A decomposition may know sizes that the composite's type does not tell, or the other way around.
struct CastGradient : DifferentiableOpInterface::ExternalModel<CastGradient, tensor::CastOp> {
  SmallVector<Value> buildGradient(Operation *op, ImplicitLocOpBuilder &b, ValueRange cotangents) const {
    return {tensor::CastOp::create(b, op->getOperand(0).getType(), cotangents[0])};
  }
};
} // namespace

void attachGradients(MLIRContext &context) { tensor::CastOp::attachInterface<CastGradient>(context); }

} // namespace ingot
