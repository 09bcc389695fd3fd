//===- Recompute.cpp - Computes again what a gradient needs ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "dialects/ingot/Values.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace ingot {
#define GEN_PASS_DEF_RECOMPUTE
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

int64_t bytesOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.hasStaticShape() ? type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8) : 0;
}

class Recomputation {
public:
  Recomputation(Block &body, Operation *loss, unsigned segments) : body(body), loss(loss), segments(segments) {}

  void run() {
    cut();
    for (unsigned segment = 0; segment + 1 < segments; ++segment)
      recompute(segment);
  }

private:
  bool isForward(Operation *op) { return op == loss || op->isBeforeInBlock(loss); }
  Operation *userOf(OpOperand &use) { return body.findAncestorOpInBlock(*use.getOwner()); }
  bool isKept(Value value) {
    return llvm::any_of(value.getUses(), [&](OpOperand &use) { return !isForward(userOf(use)); });
  }

  /// Gives each op up to the loss the number of its segment.
  void cut() {
    int64_t total = 0, sum = 0;
    auto keptBytes = [&](Operation &op) {
      int64_t bytes = 0;
      if (!isFree(&op))
        for (Value result : op.getResults())
          bytes += isKept(result) ? bytesOf(result) : 0;
      return bytes;
    };
    for (Operation &op : body)
      if (isForward(&op))
        total += keptBytes(op);
    for (Operation &op : body) {
      if (!isForward(&op))
        break;
      segmentOf[&op] = total == 0 ? 0 : std::min<int64_t>(sum * segments / total, segments - 1);
      sum += keptBytes(op);
    }
  }

  /// Whether a later segment reads `value`, which is therefore there when the gradient comes to its own segment.
  bool isCheckpoint(Value value, unsigned segment) {
    return llvm::any_of(value.getUses(), [&](OpOperand &use) {
      Operation *user = userOf(use);
      return isForward(user) && segmentOf.lookup(user) > segment;
    });
  }

  void recompute(unsigned segment) {
    llvm::SetVector<Value> wanted;
    Operation *first = nullptr;
    auto inSegment = [&](Value value) {
      Operation *op = value.getDefiningOp();
      return op && op->getBlock() == &body && isForward(op) && !isFree(op) && segmentOf.lookup(op) == segment &&
             !isCheckpoint(value, segment);
    };
    for (Operation &op : body)
      for (Value result : op.getResults())
        if (isForward(&op) && inSegment(result) && isKept(result)) {
          wanted.insert(result);
          for (OpOperand &use : result.getUses())
            if (Operation *user = userOf(use); !isForward(user) && (!first || user->isBeforeInBlock(first)))
              first = user;
        }
    if (!first)
      return;

    llvm::SetVector<Operation *> slice;
    llvm::SetVector<Value> given;
    SmallVector<Value> work(wanted.getArrayRef());
    while (!work.empty()) {
      Value value = work.pop_back_val();
      if (!inSegment(value)) {
        Operation *op = value.getDefiningOp();
        bool isOuter = value.getParentBlock() == &body;
        if (isOuter && !(op && isFree(op)))
          given.insert(value);
        continue;
      }
      Operation *op = value.getDefiningOp();
      if (!slice.insert(op))
        continue;
      op->walk([&](Operation *part) { llvm::append_range(work, part->getOperands()); });
    }
    SmallVector<Operation *> ordered = slice.takeVector();
    llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });

    OpBuilder b(first);
    IRMapping again;
    for (Value value : given)
      again.map(value, OpaqueOp::create(b, value.getLoc(), value).getY());
    for (Operation *op : ordered)
      b.clone(*op, again);
    for (Value value : wanted)
      value.replaceUsesWithIf(again.lookup(value), [&](OpOperand &use) { return !isForward(userOf(use)); });
  }

  Block &body;
  Operation *loss;
  unsigned segments;
  llvm::DenseMap<Operation *, unsigned> segmentOf;
};

struct Recompute : ingot::impl::RecomputeBase<Recompute> {
  using RecomputeBase::RecomputeBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal() || !func.getBody().hasOneBlock())
      return;
    Block &body = func.getBody().front();
    Operation *loss =
        body.getTerminator()->getNumOperands() > 0 ? body.getTerminator()->getOperand(0).getDefiningOp() : nullptr;
    if (loss)
      Recomputation(body, loss, segments).run();
  }
};

} // namespace
