//===- DestinationStyle.cpp - Results become arguments that are written ---===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ingot {
#define GEN_PASS_DEF_DESTINATIONSTYLE
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

struct DestinationStyle : ingot::impl::DestinationStyleBase<DestinationStyle> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::CallOp> calls;
    module.walk([&](func::CallOp call) { calls.push_back(call); });
    for (auto func : module.getOps<func::FuncOp>())
      if (!func.isExternal() && failed(addDestinations(func)))
        return signalPassFailure();
    for (func::CallOp call : calls)
      if (failed(passDestinations(call)))
        return signalPassFailure();
  }

  /// Adds one argument for each result, which the function writes and returns.
  LogicalResult addDestinations(func::FuncOp func) {
    auto ret = cast<func::ReturnOp>(func.getBody().front().getTerminator());
    ImplicitLocOpBuilder b(func.getLoc(), ret);
    for (OpOperand &operand : ret->getOpOperands()) {
      auto attributes = DictionaryAttr::getWithSorted(&getContext(), {});
      unsigned index = func.getNumArguments();
      if (failed(func.insertArgument(index, operand.get().getType(), attributes, func.getLoc())))
        return failure();
      func.setArgAttr(index, "bufferization.writable", b.getBoolAttr(true));
      func.setArgAttr(index, "ingot.output", b.getI64IntegerAttr(operand.getOperandNumber()));
      for (StringRef name : {"ingot.name", "ingot.dims", "ingot.type"})
        if (Attribute value = func.getResultAttr(operand.getOperandNumber(), name))
          func.setArgAttr(index, name, value);
      auto written = bufferization::MaterializeInDestinationOp::create(b, operand.get().getType(), operand.get(),
                                                                       func.getArgument(index));
      operand.set(written.getResult());
    }
    return success();
  }

  /// Where a loop or branch wants \p result. What reads the result besides reads it there. The copy stays until it is one of
  /// a buffer to itself.
  static Value slot(func::CallOp call, Value result) {
    for (Operation *user : result.getUsers()) {
      auto copy = dyn_cast<bufferization::MaterializeInDestinationOp>(user);
      if (!copy || copy.getSource() != result || !isa<MemRefType>(copy.getDest().getType()) ||
          copy->getBlock() != call->getBlock())
        continue;
      if (Operation *slot = copy.getDest().getDefiningOp(); !slot || slot->getBlock() != call->getBlock() || slot->isBeforeInBlock(call))
        return copy.getDest();
    }
    return {};
  }

  /// The caller's own destination when that is all that \p result is for; the copy there goes away.
  static Value finalDestination(Value result) {
    if (!result.hasOneUse())
      return {};
    auto copy = dyn_cast<bufferization::MaterializeInDestinationOp>(*result.user_begin());
    if (!copy || copy.getSource() != result || !isa<BlockArgument>(copy.getDest()))
      return {};
    Value destination = copy.getDest();
    copy.getResult().replaceAllUsesWith(result);
    copy.erase();
    return destination;
  }

  /// Passes each destination: the caller's own, or an empty tensor, which becomes a buffer.
  LogicalResult passDestinations(func::CallOp call) {
    ImplicitLocOpBuilder b(call.getLoc(), call);
    SmallVector<Value> operands(call.getOperands());
    for (Value result : call.getResults()) {
      auto type = cast<RankedTensorType>(result.getType());
      if (!type.hasStaticShape())
        return call.emitOpError("has a result of open size: ") << type;
      operands.push_back(finalDestination(result));
      if (Value buffer = operands.back() ? Value() : slot(call, result))
        operands.back() = bufferization::ToTensorOp::create(b, type, buffer, /*restrict=*/true, /*writable=*/true);
      if (!operands.back())
        operands.back() = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
    }
    call.getOperandsMutable().assign(operands);
    return success();
  }
};

} // namespace
