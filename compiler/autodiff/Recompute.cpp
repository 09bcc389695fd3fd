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

constexpr unsigned longestChain = 4; // of cheap ops

class Recomputation {
public:
  Recomputation(Block &body, Operation *loss) : body(body), loss(loss) {}

  /// Keeps what is between `segments` parts of the network, and the last part.
  void keepCuts(unsigned segments) {
    sink();
    cut(segments);
    for (unsigned segment = 0; segment < last; ++segment)
      recompute([&](Value value) { return isOnlyIn(value, segment); });
  }

  /// Keeps all but what follows cheaply from what is kept.
  void keepCostly(int64_t least) {
    llvm::DenseMap<Value, unsigned> chains = findCheap(least);
    recompute([&](Value value) { return chains.contains(value); });
  }

private:
  bool isForward(Operation *op) { return op == loss || op->isBeforeInBlock(loss); }
  Operation *userOf(OpOperand &use) { return body.findAncestorOpInBlock(*use.getOwner()); }
  bool isKept(Value value) {
    return llvm::any_of(value.getUses(), [&](OpOperand &use) { return !isForward(userOf(use)); });
  }

  /// Moves what reads nothing but arguments and constants, such as turned weights, down to where it is first read: it
  /// is at hand in each segment and need not be carried there.
  void sink() {
    auto isAtHand = [](Value value) { return isa<BlockArgument>(value) || isFree(value.getDefiningOp()); };
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body))) {
      if (!isForward(&op) || isFree(&op) || op.getNumRegions() != 0 || !isMemoryEffectFree(&op) ||
          !llvm::all_of(op.getOperands(), isAtHand))
        continue;
      Operation *first = nullptr;
      for (OpOperand &use : op.getUses())
        if (Operation *user = userOf(use); isForward(user) && (!first || user->isBeforeInBlock(first)))
          first = user;
      if (first)
        op.moveBefore(first);
    }
  }

  /// Gives each op up to the loss the number of its segment: the cuts with the fewest bytes across them of those
  /// between which no more is kept than a share of the whole, a quarter above the mean.
  void cut(unsigned segments) {
    struct Result {
      int64_t bytes, kept;
      unsigned read; ///< by the last op up to the loss that does
    };
    SmallVector<Operation *> ops;
    for (Operation &op : body)
      if (isForward(&op))
        segmentOf[&op] = ops.size(), ops.push_back(&op);
    SmallVector<SmallVector<Result>> results(ops.size());
    SmallVector<int64_t> crossing(ops.size() + 1, 0); // before each op
    int64_t total = 0;
    for (auto [place, op] : llvm::enumerate(ops)) {
      for (Value value : isFree(op) ? ValueRange() : ValueRange(op->getResults())) {
        Result result{bytesOf(value), isKept(value) ? bytesOf(value) : 0, unsigned(place)};
        for (OpOperand &use : value.getUses())
          if (Operation *user = userOf(use); isForward(user))
            result.read = std::max(result.read, segmentOf.lookup(user));
        for (unsigned i = place + 1; i <= result.read; ++i)
          crossing[i] += result.bytes;
        total += result.kept;
        results[place].push_back(result);
      }
    }

    int64_t limit = total / segments + total / segments / 4;
    constexpr int64_t unknown = std::numeric_limits<int64_t>::max();
    SmallVector<int64_t> cost(ops.size() + 1, unknown); // of cutting the ops up to each
    SmallVector<unsigned> begin(ops.size() + 1, 0);     // of the segment that ends there
    cost[0] = 0;
    for (unsigned end = 1; end <= ops.size(); ++end) {
      int64_t kept = 0;
      for (unsigned first = end; first-- > 0;) {
        for (const Result &result : results[first])
          kept += result.read < end ? result.kept : 0;
        if (kept > limit && first + 1 < end)
          break;
        if (cost[first] + crossing[first] < cost[end])
          std::tie(cost[end], begin[end]) = std::pair(cost[first] + crossing[first], first);
      }
    }
    SmallVector<unsigned> cuts;
    for (unsigned end = ops.size(); end > 0; end = begin[end])
      cuts.push_back(begin[end]);
    last = cuts.size() - 1;
    for (auto [place, op] : llvm::enumerate(ops))
      segmentOf[op] = llvm::count_if(cuts, [&](unsigned first) { return first != 0 && first <= place; });
  }

  /// Whether a later segment reads `value`, which is therefore there when the gradient comes to its own segment.
  bool isCheckpoint(Value value, unsigned segment) {
    return llvm::any_of(value.getUses(), [&](OpOperand &use) {
      Operation *user = userOf(use);
      return isForward(user) && segmentOf.lookup(user) > segment;
    });
  }

  bool isOnlyIn(Value value, unsigned segment) {
    Operation *op = value.getDefiningOp();
    return op && op->getBlock() == &body && isForward(op) && !isFree(op) && segmentOf.lookup(op) == segment &&
           !isCheckpoint(value, segment);
  }

  /// The values that are a few elementwise ops, normalizations or moves away from arguments and what is kept, and how
  /// many. A value of few bytes is kept: it hardly takes memory, and reading it is cheaper than any op. So is what the
  /// function returns.
  llvm::DenseMap<Value, unsigned> findCheap(int64_t least) {
    llvm::DenseMap<Value, unsigned> chains;
    for (Operation &op : body) {
      if (!isForward(&op))
        break;
      if (isFree(&op) || !isa<PointwiseOpInterface, RowwiseOpInterface, MovementOpInterface>(op))
        continue;
      unsigned length = 1;
      for (Value operand : op.getOperands()) {
        Operation *source = operand.getDefiningOp();
        if (auto chain = chains.find(operand); chain != chains.end())
          length = std::max(length, chain->second + 1);
        else if (source && !isFree(source) && !isKept(operand))
          length = longestChain + 1;
      }
      bool isSmall = llvm::all_of(op.getResults(), [&](Value value) { return bytesOf(value) < least; });
      bool staysKept = llvm::is_contained(op.getUsers(), body.getTerminator()) ||
                       (isSmall && llvm::any_of(op.getResults(), [&](Value value) { return isKept(value); }));
      if (length <= longestChain && !staysKept)
        for (Value result : op.getResults())
          chains[result] = length;
    }
    return chains;
  }

  /// Computes each such value that the gradient reads again, before the first op that does.
  void recompute(llvm::function_ref<bool(Value)> isAgain) {
    SmallVector<std::pair<Operation *, Value>> wanted;
    for (Operation &op : body) {
      if (!isForward(&op))
        break;
      for (Value result : op.getResults()) {
        Operation *first = nullptr;
        for (OpOperand &use : result.getUses())
          if (Operation *user = userOf(use); !isForward(user) && (!first || user->isBeforeInBlock(first)))
            first = user;
        if (first && isAgain(result))
          wanted.push_back({first, result});
      }
    }
    llvm::sort(wanted, [](auto &a, auto &b) {
      if (a.first != b.first)
        return a.first->isBeforeInBlock(b.first);
      Operation *left = a.second.getDefiningOp(), *right = b.second.getDefiningOp();
      return left != right && left->isBeforeInBlock(right);
    });
    IRMapping again;
    for (auto [first, value] : wanted)
      computeAgain(value, first, isAgain, again);
    for (auto [first, value] : wanted)
      value.replaceUsesWithIf(again.lookup(value), [&](OpOperand &use) { return !isForward(userOf(use)); });
  }

  /// Clones what `value` needs and has not been cloned yet before `place`.
  void computeAgain(Value value, Operation *place, llvm::function_ref<bool(Value)> isAgain, IRMapping &again) {
    llvm::SetVector<Operation *> slice;
    llvm::SetVector<Value> given;
    SmallVector<Value> work = {value};
    while (!work.empty()) {
      Value needed = work.pop_back_val();
      if (again.contains(needed))
        continue;
      Operation *op = needed.getDefiningOp();
      if (!isAgain(needed)) {
        if (needed.getParentBlock() == &body && !(op && isFree(op)))
          given.insert(needed);
      } else if (slice.insert(op)) {
        op->walk([&](Operation *part) { llvm::append_range(work, part->getOperands()); });
      }
    }
    SmallVector<Operation *> ordered = slice.takeVector();
    llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    OpBuilder b(place);
    for (Value needed : given)
      again.map(needed, OpaqueOp::create(b, needed.getLoc(), needed).getY());
    for (Operation *op : ordered)
      b.clone(*op, again);
  }

  Block &body;
  Operation *loss;
  unsigned last = 0;
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
    if (!loss)
      return;
    Recomputation recomputation(body, loss);
    if (segments > 1)
      recomputation.keepCuts(segments);
    else
      recomputation.keepCostly(least);
  }
};

} // namespace
