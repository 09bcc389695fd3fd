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
    written.clear();
    for (OpOperand &operand : ret->getOpOperands()) {
      auto attributes = DictionaryAttr::getWithSorted(&getContext(), {});
      unsigned index = func.getNumArguments();
      if (failed(func.insertArgument(index, operand.get().getType(), attributes, func.getLoc())))
        return failure();
      Builder b(&getContext());
      func.setArgAttr(index, "bufferization.writable", b.getBoolAttr(true));
      func.setArgAttr(index, "ingot.output", b.getI64IntegerAttr(operand.getOperandNumber()));
      for (StringRef name : {"ingot.name", "ingot.dims", "ingot.type"})
        if (Attribute value = func.getResultAttr(operand.getOperandNumber(), name))
          func.setArgAttr(index, name, value);
      Value old = operand.get();
      operand.set(materialize(old, func.getArgument(index), ret));
      // A view that nobody uses any more would hide that the destination is all that a result is for.
      for (Operation *view = old.getDefiningOp(); isViewOp(view) && view->use_empty(); view = old.getDefiningOp()) {
        old = view->getOperand(0);
        view->erase();
      }
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

  /// Writes \p value to \p destination before \p end. Where the value is another one seen with a different shape, that
  /// one is written to the destination seen with its shape, so that what computes it can write in place. A value that
  /// is several results is copied from the first of them: it can be computed in one place only.
  Value materialize(Value value, Value destination, Operation *end) {
    ImplicitLocOpBuilder b(end->getLoc(), end), early(end->getLoc(), end);
    // Where calls can use it too.
    early.setInsertionPointAfterValue(destination);
    auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>();
    auto expand = value.getDefiningOp<tensor::ExpandShapeOp>();
    if (collapse && collapse.getSrcType().hasStaticShape()) {
      Value seen = tensor::ExpandShapeOp::create(early, collapse.getSrcType(), destination, collapse.getReassociationIndices());
      Value written = materialize(collapse.getSrc(), seen, end);
      return tensor::CollapseShapeOp::create(b, collapse.getResultType(), written, collapse.getReassociationIndices());
    }
    if (expand && expand.getResultType().hasStaticShape()) {
      Value seen = tensor::CollapseShapeOp::create(early, expand.getSrcType(), destination, expand.getReassociationIndices());
      Value written = materialize(expand.getSrc(), seen, end);
      return tensor::ExpandShapeOp::create(b, expand.getResultType(), written, expand.getReassociationIndices());
    }
    Value &first = written[value];
    Value copy = bufferization::MaterializeInDestinationOp::create(b, value.getType(), first ? first : value, destination)
                     .getResult();
    if (!first)
      first = copy;
    return copy;
  }

  static bool isViewOp(Operation *op) { return isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op); }

  static bool isArgument(Value value) {
    while (isViewOp(value.getDefiningOp()))
      value = value.getDefiningOp()->getOperand(0);
    return isa<BlockArgument>(value);
  }

  /// The caller's own destination when that is all that \p result is for; the copy there goes away.
  static Value finalDestination(Value result) {
    if (!result.hasOneUse())
      return {};
    auto copy = dyn_cast<bufferization::MaterializeInDestinationOp>(*result.user_begin());
    if (!copy || copy.getSource() != result || !isArgument(copy.getDest()))
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

  DenseMap<Value, Value> written; ///< what a function returns, in the first destination that it has
};

} // namespace
