//===- Autodiff.cpp - Gradients as the ops that compute them --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/graph/Decompose.h"
#include "dialects/ingot/Movement.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace ingot {
#define GEN_PASS_DEF_AUTODIFF
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

bool isDifferentiableType(Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }

/// Everything that an op reads, what its regions capture included.
llvm::SetVector<Value> readBy(Operation *op) {
  llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), values);
  return values;
}

/// Builds the cotangents of chosen values at one place of a block, from those of others.
class Differentiation : public GradientEngine {
public:
  SmallVector<Value> gradients; ///< the cotangents found; null where nothing depends on a value

  LogicalResult run(ImplicitLocOpBuilder &b, ValueRange values, ValueRange given, ValueRange wanted) {
    block = b.getInsertionBlock();
    end = b.getInsertionPoint();
    // Decompositions and loops take the place of ops on the way: an op that uses all these values follows them.
    SmallVector<Value> held(values);
    llvm::append_range(held, wanted);
    Operation *holder = UnrealizedConversionCastOp::create(b, TypeRange(), held);
    bool complete = succeeded(findActive(values, wanted));
    for (auto [value, cotangent] : llvm::zip(holder->getOperands(), given))
      if (complete && cotangent && dependent.contains(value))
        complete &= succeeded(accumulate(b, value, cotangent));
    for (Operation *active : llvm::reverse(activeOps))
      complete = succeeded(propagate(b, active)) && complete;
    for (Value value : holder->getOperands().drop_front(values.size()))
      gradients.push_back(cotangents.lookup(value));
    holder->erase();
    return success(complete);
  }

  FailureOr<SmallVector<Value>> differentiate(ImplicitLocOpBuilder &b, ValueRange values, ValueRange given,
                                              ValueRange wanted) override {
    Differentiation inner;
    if (failed(inner.run(b, values, given, wanted)))
      return failure();
    return inner.gradients;
  }

  void replace(Operation *op, ValueRange results) override {
    for (auto [from, to] : llvm::zip_equal(op->getResults(), results)) {
      if (Value cotangent = cotangents.lookup(from))
        cotangents[to] = cotangent;
      if (dependent.contains(from))
        dependent.insert(to);
    }
    op->replaceAllUsesWith(results);
    op->erase();
  }

private:
  /// Finds the ops between the chosen values and `values`. Composites among them that have no gradient of their own
  /// give way to their decompositions.
  LogicalResult findActive(ValueRange values, ValueRange wrt) {
    llvm::DenseSet<Operation *> behindValues;
    SmallVector<Value> work(values);
    while (!work.empty()) {
      Operation *definition = work.pop_back_val().getDefiningOp();
      if (!definition || definition->getBlock() != block || !behindValues.insert(definition).second)
        continue;
      llvm::append_range(work, readBy(definition));
    }
    dependent.insert(wrt.begin(), wrt.end());
    for (Block::iterator next = block->begin(); next != end;) {
      Operation *current = &*next++;
      if (!behindValues.contains(current) || llvm::none_of(current->getResultTypes(), isDifferentiableType) ||
          llvm::none_of(readBy(current), [&](Value v) { return dependent.contains(v); }))
        continue;
      if (!isa<DifferentiableOpInterface>(current) && isComposite(current)) {
        auto built = decomposeComposite(current);
        if (failed(built))
          return failure();
        behindValues.insert(built->begin(), built->end());
        if (!built->empty())
          next = built->front()->getIterator();
        continue;
      }
      activeOps.push_back(current);
      for (Value result : current->getResults())
        if (isDifferentiableType(result.getType()))
          dependent.insert(result);
    }
    return success();
  }

  /// Adds what an op's results pass on to the cotangents of what it reads.
  LogicalResult propagate(ImplicitLocOpBuilder &place, Operation *active) {
    SmallVector<Value> given = llvm::map_to_vector(active->getResults(), [&](Value v) { return cotangents.lookup(v); });
    if (llvm::none_of(given, [](Value v) { return bool(v); }))
      return success();
    ImplicitLocOpBuilder b(active->getLoc(), place);
    auto differentiable = dyn_cast<DifferentiableOpInterface>(active);
    auto region = dyn_cast<DifferentiableRegionOpInterface>(active);
    if (!differentiable && !region) {
      StringRef reason = reasonForNoGradient(active);
      active->emitOpError("has no gradient") << (reason.empty() ? "" : ": ") << reason;
      // What lies behind it is looked at all the same, to find every such op.
      for (Value operand : active->getOperands())
        if (dependent.contains(operand) && !cotangents.contains(operand))
          cotangents[operand] = zerosLike(b, operand);
      return failure();
    }
    bool failed = false;
    ScopedDiagnosticHandler watch(active->getContext(), [&](Diagnostic &diagnostic) {
      failed |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
      return failure(); // for the next handler to print
    });
    SmallVector<Value> read(active->getOperands()), built;
    if (region) {
      llvm::SetVector<Value> all = readBy(active);
      read.clear();
      llvm::copy_if(all, std::back_inserter(read),
                    [&](Value v) { return isDifferentiableType(v.getType()) && dependent.contains(v); });
      auto cotangents = region.buildGradient(b, given, read, *this);
      if (mlir::failed(cotangents))
        return failure();
      built = *cotangents;
    } else {
      built = differentiable.buildGradient(b, given);
    }
    assert(built.size() == read.size() && "a gradient has one cotangent for each value read");
    for (auto [value, cotangent] : llvm::zip(read, built))
      if (cotangent && dependent.contains(value) && mlir::failed(accumulate(b, value, cotangent)))
        failed = true;
    return failure(failed);
  }

  LogicalResult accumulate(ImplicitLocOpBuilder &b, Value value, Value cotangent) {
    cotangent = castTo(b, cotangent, getElementTypeOrSelf(value));
    auto fitting = sumTo(b, cotangent, value);
    if (mlir::failed(fitting))
      return failure();
    Value &sum = cotangents[value];
    sum = sum ? b.createOrFold<AddOp>(sum, *fitting) : *fitting;
    return success();
  }

  /// A cotangent with the broadcast shape of a result, summed back to the shape of the operand.
  static FailureOr<Value> sumTo(ImplicitLocOpBuilder &b, Value cotangent, Value operand) {
    auto from = cast<RankedTensorType>(cotangent.getType()), to = cast<RankedTensorType>(operand.getType());
    SmallVector<int64_t> leading, stretched;
    int64_t added = from.getRank() - to.getRank();
    for (int64_t i = 0; i < from.getRank(); ++i) {
      if (i < added) {
        leading.push_back(i);
        continue;
      }
      int64_t size = from.getDimSize(i), wanted = to.getDimSize(i - added);
      if (ShapedType::isDynamic(wanted) && !ShapedType::isDynamic(size) && size != 1)
        return emitError(b.getLoc(), "needs to know whether dimension ")
                   << i - added << " of " << to << " was broadcast to be differentiated",
               failure();
      if (wanted == 1 && size != 1)
        stretched.push_back(i - added);
    }
    if (!leading.empty())
      cotangent = b.createOrFold<ReduceSumOp>(cotangent, leading, /*keepdims=*/false);
    if (!stretched.empty())
      cotangent = b.createOrFold<ReduceSumOp>(cotangent, stretched, /*keepdims=*/true);
    // A rule may leave out what is the same along a dimension.
    from = cast<RankedTensorType>(cotangent.getType());
    if (from.getRank() < to.getRank() || failed(verifyCompatibleShape(from, to)))
      cotangent = expandedLike(b, cotangent, operand);
    if (cotangent.getType() != to)
      cotangent = tensor::CastOp::create(b, to, cotangent);
    return cotangent;
  }

  Block *block;
  Block::iterator end;
  llvm::DenseSet<Value> dependent; ///< on the chosen values
  SmallVector<Operation *> activeOps;
  llvm::DenseMap<Value, Value> cotangents;
};

/// Expands one gradient op.
LogicalResult expand(GradientOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value loss = op.getLoss(), one = expandedLike(b, literal(b, 1, getElementTypeOrSelf(loss)), loss);
  Differentiation differentiation;
  if (failed(differentiation.run(b, loss, one, op.getWrt())))
    return failure();
  for (auto [gradient, value] : llvm::zip_equal(differentiation.gradients, op.getWrt()))
    if (!gradient)
      gradient = zerosLike(b, value);
  op->replaceAllUsesWith(differentiation.gradients);
  op->erase();
  return success();
}

/// Moves what follows the gradients, such as the steps of an optimizer, up to the last op before it that it depends on:
/// a gradient that only its own parameter's step reads is gone before the next one comes.
void stepEarly(Block &block, Operation *from) {
  llvm::MapVector<Operation *, Operation *> anchors; // null for what depends on arguments and constants alone
  for (Operation &op : llvm::make_range(from->getIterator(), block.without_terminator().end()))
    if (op.getNumRegions() == 0 && isMemoryEffectFree(&op) && !op.hasTrait<OpTrait::ConstantLike>())
      anchors.insert({&op, nullptr});
  for (auto &[op, anchor] : anchors)
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (!producer || producer->getBlock() != &block)
        continue;
      if (producer->hasTrait<OpTrait::ConstantLike>()) {
        producer->moveBefore(&block, block.begin());
        continue;
      }
      auto moved = anchors.find(producer);
      Operation *place = moved != anchors.end() ? moved->second : producer;
      if (place && (!anchor || anchor->isBeforeInBlock(place)))
        anchor = place;
    }
  for (auto &[op, anchor] : llvm::reverse(anchors)) // the rest comes where it is first read
    if (Operation *self = op; !anchor)
      for (Operation *user : self->getUsers())
        if (Operation *place = anchors.lookup(user); place && (!anchor || place->isBeforeInBlock(anchor)))
          anchor = place;
  llvm::DenseMap<Operation *, Operation *> ends; // the last op moved behind each
  for (auto [op, anchor] : anchors.takeVector())
    if (anchor) {
      Operation *&end = ends.try_emplace(anchor, anchor).first->second;
      op->moveAfter(end);
      end = op;
    }
}

struct Autodiff : ingot::impl::AutodiffBase<Autodiff> {
  void runOnOperation() override {
    // In their order, so that the gradient of a gradient finds the ops of the first.
    SmallVector<GradientOp> gradients;
    getOperation().walk([&](GradientOp op) { gradients.push_back(op); });
    for (GradientOp op : gradients) {
      Operation *next = op->getNextNode();
      if (failed(expand(op)))
        return signalPassFailure();
      if (op == gradients.back())
        stepEarly(*next->getBlock(), next);
    }
    getOperation().walk([](StopGradientOp op) {
      op.replaceAllUsesWith(op.getX());
      op.erase();
    });
  }
};

} // namespace
