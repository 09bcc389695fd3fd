//===- LowerControl.cpp - Branches and loops to scf -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a branch or loop results in lies in buffers that are made here, before bufferization, which would copy a carried
// value twice an iteration: the values of a step are written to where the next step reads, and nowhere else.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "dialects/ingot/Dialect.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace ingot {
#define GEN_PASS_DEF_LOWERCONTROL
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

RankedTensorType tensorOf(Value v) { return cast<RankedTensorType>(v.getType()); }

Value index(ImplicitLocOpBuilder &b, int64_t value) { return arith::ConstantIndexOp::create(b, value); }

/// A buffer for `count` tensors of one type, one after the other.
Value allocate(ImplicitLocOpBuilder &b, RankedTensorType type, int64_t count) {
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(shape.begin(), count);
  return memref::AllocOp::create(b, MemRefType::get(shape, type.getElementType()));
}

/// Number `at` of the tensors in a buffer; as many as `count` from there on, where that is given.
Value slotOf(ImplicitLocOpBuilder &b, Value buffer, Value at, std::optional<int64_t> count = std::nullopt) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> shape(type.getShape().drop_front());
  if (count)
    shape.insert(shape.begin(), *count);
  return kernel::SliceOp::create(b, MemRefType::get(shape, type.getElementType()), buffer, at);
}

/// The tensor in a slot that nobody writes while it is in use.
Value read(ImplicitLocOpBuilder &b, Value slot) {
  auto type = cast<MemRefType>(slot.getType());
  return bufferization::ToTensorOp::create(b, RankedTensorType::get(type.getShape(), type.getElementType()), slot,
                                           /*restrict=*/true);
}

void write(ImplicitLocOpBuilder &b, Value value, Value slot) {
  bufferization::MaterializeInDestinationOp::create(b, Type(), value, slot, /*restrict=*/true, /*writable=*/true);
}

/// Whether the truth value in a tensor of rank 0 holds.
Value holds(ImplicitLocOpBuilder &b, Value condition) {
  Value byte = tensor::ExtractOp::create(b, condition, ValueRange());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(byte.getType()));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, byte, zero);
}

struct LowerControl : ingot::impl::LowerControlBase<LowerControl> {
  void runOnOperation() override {
    SmallVector<Operation *> ops; // inner ones first
    getOperation().walk([&](Operation *op) {
      if (isa<IfOp, ScanOp, WhileOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      auto isOpen = [](Type type) { return !cast<RankedTensorType>(type).hasStaticShape(); };
      if (llvm::any_of(op->getOperandTypes(), isOpen) || llvm::any_of(op->getResultTypes(), isOpen)) {
        op->emitOpError("has values of open size: ") << op->getResultTypes();
        return signalPassFailure();
      }
      IRRewriter rewriter(op);
      if (auto branch = dyn_cast<IfOp>(op))
        lower(branch, rewriter);
      else if (auto scan = dyn_cast<ScanOp>(op))
        lower(scan, rewriter);
      else
        lower(cast<WhileOp>(op), rewriter);
    }
  }

  /// Moves the ops of `body` before the end of `block`, and takes what it yields from it.
  static SmallVector<Value> inlineBody(IRRewriter &rewriter, Region &body, Block *block, ValueRange arguments) {
    Operation *yield = body.front().getTerminator();
    rewriter.inlineBlockBefore(&body.front(), block, block->getTerminator()->getIterator(), arguments);
    SmallVector<Value> values(yield->getOperands());
    rewriter.eraseOp(yield);
    return values;
  }

  void lower(IfOp op, IRRewriter &rewriter) {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> slots;
    for (Value output : op.getOutputs())
      slots.push_back(memref::AllocOp::create(b, MemRefType::get(tensorOf(output).getShape(), tensorOf(output).getElementType())));
    auto branch = scf::IfOp::create(b, TypeRange(), holds(b, op.getCondition()), /*withElseRegion=*/true);
    for (auto [from, to] : {std::pair(&op.getThenBody(), branch.thenBlock()), std::pair(&op.getElseBody(), branch.elseBlock())}) {
      SmallVector<Value> values = inlineBody(rewriter, *from, to, {});
      b.setInsertionPoint(to->getTerminator());
      for (auto [value, slot] : llvm::zip_equal(values, slots))
        write(b, value, slot);
    }
    b.setInsertionPointAfter(branch);
    rewriter.replaceOp(op, llvm::map_to_vector(slots, [&](Value slot) { return read(b, slot); }));
  }

  void lower(ScanOp op, IRRewriter &rewriter) {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    int64_t steps = op.countSteps();
    unsigned carries = op.getInits().size();
    // A stack that holds a carried value has one more slot, for what it is at first. Backwards, that is the last.
    SmallVector<int> stackOfCarry(carries, -1);
    SmallVector<Value> stackBuffers(op.getStacks().size()), carryBuffers(carries);
    for (unsigned i = 0; i < carries; ++i)
      for (unsigned j = 0; j < stackBuffers.size() && stackOfCarry[i] < 0; ++j)
        if (!stackBuffers[j] && op.getStacked()[j] == op.getNext()[i]) {
          stackOfCarry[i] = j;
          stackBuffers[j] = carryBuffers[i] = allocate(b, tensorOf(op.getInits()[i]), steps + 1);
        }
    for (unsigned i = 0; i < carries; ++i) {
      if (!carryBuffers[i])
        carryBuffers[i] = allocate(b, tensorOf(op.getInits()[i]), 2);
      bool isLast = stackOfCarry[i] >= 0 && op.isStackBackwards(stackOfCarry[i]);
      write(b, op.getInits()[i], slotOf(b, carryBuffers[i], index(b, isLast ? steps : 0)));
    }
    for (unsigned j = 0; j < stackBuffers.size(); ++j)
      if (!stackBuffers[j])
        stackBuffers[j] = allocate(b, tensorOf(op.getStacked()[j]), steps);

    auto loop = scf::ForOp::create(b, index(b, 0), index(b, steps), index(b, 1));
    b.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar(), one = index(b, 1);
    Value next = arith::AddIOp::create(b, step, one), fromEnd = arith::SubIOp::create(b, index(b, steps - 1), step);
    Value beforeEnd = arith::AddIOp::create(b, fromEnd, one);
    SmallVector<Value> arguments, targets;
    for (unsigned i = 0; i < carries; ++i) {
      auto [from, to] = std::pair(step, next);
      if (stackOfCarry[i] < 0) {
        from = arith::AndIOp::create(b, from, one);
        to = arith::AndIOp::create(b, to, one);
      } else if (op.isStackBackwards(stackOfCarry[i])) {
        std::tie(from, to) = std::pair(beforeEnd, fromEnd);
      }
      arguments.push_back(read(b, slotOf(b, carryBuffers[i], from)));
      targets.push_back(slotOf(b, carryBuffers[i], to));
    }
    for (auto [i, x] : llvm::enumerate(op.getXs())) {
      Value at = op.isBackwards(i) ? fromEnd : step;
      arguments.push_back(kernel::SliceOp::create(b, op.getSlices()[i].getType(), x, at));
    }
    for (unsigned j = 0; j < stackBuffers.size(); ++j)
      targets.push_back(llvm::is_contained(stackOfCarry, int(j))
                            ? Value()
                            : slotOf(b, stackBuffers[j], op.isStackBackwards(j) ? fromEnd : step));
    SmallVector<Value> values = inlineBody(rewriter, op.getBody(), loop.getBody(), arguments);
    b.setInsertionPoint(loop.getBody()->getTerminator());
    for (auto [value, target] : llvm::zip_equal(values, targets))
      if (target)
        write(b, value, target);

    b.setInsertionPointAfter(loop);
    SmallVector<Value> results;
    for (unsigned i = 0; i < carries; ++i) {
      bool isBackwards = stackOfCarry[i] >= 0 && op.isStackBackwards(stackOfCarry[i]);
      int64_t last = stackOfCarry[i] < 0 ? steps % 2 : isBackwards ? 0 : steps;
      results.push_back(read(b, slotOf(b, carryBuffers[i], index(b, last))));
    }
    for (unsigned j = 0; j < stackBuffers.size(); ++j) {
      bool isCarried = llvm::is_contained(stackOfCarry, int(j));
      int64_t first = isCarried && !op.isStackBackwards(j);
      results.push_back(read(b, isCarried ? slotOf(b, stackBuffers[j], index(b, first), steps) : stackBuffers[j]));
    }
    rewriter.replaceOp(op, results);
  }

  void lower(WhileOp op, IRRewriter &rewriter) {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> buffers;
    for (Value init : op.getInits()) {
      buffers.push_back(allocate(b, tensorOf(init), 2));
      write(b, init, slotOf(b, buffers.back(), index(b, 0)));
    }
    SmallVector<Value> inits = {index(b, 0), holds(b, op.getCondition())};
    Type types[] = {b.getIndexType(), b.getI1Type()};
    auto loop = scf::WhileOp::create(b, types, inits);
    SmallVector<Location> locations(2, op.getLoc());
    Block *before = b.createBlock(&loop.getBefore(), {}, types, locations);
    scf::ConditionOp::create(b, before->getArgument(1), before->getArguments());
    Block *body = b.createBlock(&loop.getAfter(), {}, types, locations);
    Value step = body->getArgument(0), one = index(b, 1), next = arith::AddIOp::create(b, step, one);
    Value from = arith::AndIOp::create(b, step, one), to = arith::AndIOp::create(b, next, one);
    SmallVector<Value> arguments, targets;
    for (Value buffer : buffers) {
      arguments.push_back(read(b, slotOf(b, buffer, from)));
      targets.push_back(slotOf(b, buffer, to));
    }
    scf::YieldOp::create(b, ValueRange{next, body->getArgument(1)});
    SmallVector<Value> values = inlineBody(rewriter, op.getBody(), body, arguments);
    b.setInsertionPoint(body->getTerminator());
    for (auto [value, target] : llvm::zip_equal(ArrayRef(values).drop_front(), targets))
      write(b, value, target);
    body->getTerminator()->setOperand(1, holds(b, values.front()));

    b.setInsertionPointAfter(loop);
    Value last = arith::AndIOp::create(b, loop.getResult(0), index(b, 1));
    rewriter.replaceOp(op, llvm::map_to_vector(buffers, [&](Value buffer) { return read(b, slotOf(b, buffer, last)); }));
  }
};

} // namespace
