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

/// Expands one gradient op.
class Differentiation {
public:
  explicit Differentiation(GradientOp op) : op(op) {}

  LogicalResult run() {
    if (failed(findActive()))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), op);
    Value loss = op.getLoss();
    if (dependent.contains(loss))
      cotangents[loss] = expandedLike(b, literal(b, 1, getElementTypeOrSelf(loss)), loss);
    bool complete = true;
    for (Operation *active : llvm::reverse(activeOps))
      complete &= succeeded(propagate(active));
    if (!complete)
      return failure();
    SmallVector<Value> gradients;
    for (Value value : op.getWrt()) {
      Value gradient = cotangents.lookup(value);
      gradients.push_back(gradient ? gradient : zerosLike(b, value));
    }
    op->replaceAllUsesWith(gradients);
    op->erase();
    return success();
  }

private:
  /// Finds the ops between the chosen values and the loss. Composites among them that have no gradient of their own
  /// give way to their decompositions.
  LogicalResult findActive() {
    Block *block = op->getBlock();
    llvm::DenseSet<Operation *> behindLoss;
    SmallVector<Value> work{op.getLoss()};
    while (!work.empty()) {
      Operation *definition = work.pop_back_val().getDefiningOp();
      if (!definition || definition->getBlock() != block || !behindLoss.insert(definition).second)
        continue;
      llvm::append_range(work, readBy(definition));
    }
    dependent.insert(op.getWrt().begin(), op.getWrt().end());
    for (Operation *next = &block->front(); next != op;) {
      Operation *current = next;
      next = next->getNextNode();
      if (!behindLoss.contains(current) || llvm::none_of(current->getResultTypes(), isDifferentiableType) ||
          llvm::none_of(readBy(current), [&](Value v) { return dependent.contains(v); }))
        continue;
      if (!isa<DifferentiableOpInterface>(current) && isComposite(current)) {
        auto built = decomposeComposite(current);
        if (failed(built))
          return failure();
        behindLoss.insert(built->begin(), built->end());
        if (!built->empty())
          next = built->front();
        continue;
      }
      activeOps.push_back(current);
      for (Value result : current->getResults())
        if (isDifferentiableType(result.getType()))
          dependent.insert(result);
    }
    return success();
  }

  /// Adds what an op's results pass on to the cotangents of its operands.
  LogicalResult propagate(Operation *active) {
    SmallVector<Value> given = llvm::map_to_vector(active->getResults(), [&](Value v) { return cotangents.lookup(v); });
    if (llvm::none_of(given, [](Value v) { return bool(v); }))
      return success();
    ImplicitLocOpBuilder b(active->getLoc(), op);
    auto differentiable = dyn_cast<DifferentiableOpInterface>(active);
    if (!differentiable) {
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
    SmallVector<Value> built = differentiable.buildGradient(b, given);
    assert(built.size() == active->getNumOperands() && "a gradient has one cotangent for each operand");
    for (auto [operand, cotangent] : llvm::zip(active->getOperands(), built))
      if (cotangent && dependent.contains(operand) && mlir::failed(accumulate(b, operand, cotangent)))
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

  GradientOp op;
  llvm::DenseSet<Value> dependent; ///< on the chosen values
  SmallVector<Operation *> activeOps;
  llvm::DenseMap<Value, Value> cotangents;
};

struct Autodiff : ingot::impl::AutodiffBase<Autodiff> {
  void runOnOperation() override {
    // In their order, so that the gradient of a gradient finds the ops of the first.
    SmallVector<GradientOp> gradients;
    getOperation().walk([&](GradientOp op) { gradients.push_back(op); });
    for (GradientOp op : gradients)
      if (failed(Differentiation(op).run()))
        return signalPassFailure();
    getOperation().walk([](StopGradientOp op) {
      op.replaceAllUsesWith(op.getX());
      op.erase();
    });
  }
};

} // namespace
