//===- RefineTypes.cpp - Sizes that follow from other sizes ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/RefineTypes.h"
#include "compiler/Passes.h"
#include "dialects/ingot/Dialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

namespace ingot {
#define GEN_PASS_DEF_REFINETYPES
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

/// Whether `to` says all that `from` says, and maybe more.
static bool isNarrower(Type to, Type from) {
  auto source = dyn_cast<RankedTensorType>(from), target = dyn_cast<RankedTensorType>(to);
  if (!source || !target || source.getElementType() != target.getElementType() || source.getRank() != target.getRank())
    return false;
  return llvm::all_of(llvm::zip(source.getShape(), target.getShape()), [](auto sizes) {
    auto [old, size] = sizes;
    return ShapedType::isDynamic(old) || old == size;
  });
}

static LogicalResult infer(InferTypeOpInterface op, ValueRange operands, SmallVectorImpl<Type> &types) {
  return op.inferReturnTypes(op->getContext(), op->getLoc(), operands, op->getDiscardableAttrDictionary(),
                             op->getPropertiesStorage(), op->getRegions(), types);
}

static bool infers(Operation *op) { return isa<InferTypeOpInterface>(op) && isa<IngotDialect>(op->getDialect()); }

void ingot::narrow(Value value, Type type) {
  Type old = value.getType();
  value.setType(type);
  if (type == old)
    return;
  tensor::CastOp wide;
  for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
    Operation *user = use.getOwner();
    if (user->getBlock() == value.getParentBlock() && (infers(user) || isa<tensor::CastOp, func::ReturnOp>(user)))
      continue;
    if (!wide) {
      OpBuilder b(value.getContext());
      b.setInsertionPointAfterValue(value);
      wide = tensor::CastOp::create(b, value.getLoc(), old, value);
    }
    use.set(wide);
  }
}

static LogicalResult refine(InferTypeOpInterface op) {
  bool isStatic = true, hasSource = false;
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    auto cast = operand.getDefiningOp<tensor::CastOp>();
    bool behind = cast && isNarrower(cast.getSource().getType(), operand.getType());
    operands.push_back(behind ? cast.getSource() : operand);
    hasSource |= behind;
  }
  for (Type type : op->getResultTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      isStatic &= tensor.hasStaticShape();
  if (isStatic && !hasSource)
    return success();
  SmallVector<Type> types;
  if (failed(infer(op, operands, types)))
    return failure();
  for (auto [type, result] : llvm::zip_equal(types, op->getResults()))
    if (!isNarrower(type, result.getType()))
      return success(); // what is written knows more than inference
  op->setOperands(operands);
  for (auto [type, result] : llvm::zip_equal(types, op->getResults()))
    narrow(result, type);
  return success();
}

LogicalResult ingot::refineTypes(func::FuncOp func) {
  Block &body = func.getBody().front();
  for (Operation &op : body.without_terminator())
    if (infers(&op) && failed(refine(cast<InferTypeOpInterface>(op))))
      return failure();
  SmallVector<Type> results(func.getResultTypes());
  for (auto [type, value] : llvm::zip_equal(results, body.getTerminator()->getOperands()))
    if (isNarrower(value.getType(), type))
      type = value.getType();
  func.setFunctionType(FunctionType::get(func.getContext(), body.getArgumentTypes(), results));
  return success();
}

namespace {
struct RefineTypes : ingot::impl::RefineTypesBase<RefineTypes> {
  void runOnOperation() override {
    if (!getOperation().isExternal() && failed(refineTypes(getOperation())))
      signalPassFailure();
  }
};
} // namespace
