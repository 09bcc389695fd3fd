//===- FuseLoops.cpp - Pointwise ops into the ops that use them -----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's fusion of linalg.generic, made to see through sizes of 1 (reductions that keep their dimensions), with a
// policy for values that several ops use: what is cheap is computed again, what is not is stored by its first user.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FUSELOOPS
#include "compiler/Passes.h.inc"

namespace {

/// The indices into the source of a reshape that only adds or removes sizes of 1, given those into its result.
FailureOr<SmallVector<AffineExpr>> indicesBehind(Operation *reshape, ArrayRef<AffineExpr> indices) {
  MLIRContext *context = reshape->getContext();
  SmallVector<AffineExpr> behind;
  auto isOne = [](RankedTensorType type, int64_t dim) { return type.getDimSize(dim) == 1; };
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(reshape)) {
    for (const ReassociationIndices &group : expand.getReassociationIndices()) {
      SmallVector<int64_t> large =
          llvm::filter_to_vector(group, [&](int64_t dim) { return !isOne(expand.getResultType(), dim); });
      if (large.size() > 1)
        return failure();
      behind.push_back(large.empty() ? getAffineConstantExpr(0, context) : indices[large.front()]);
    }
    return behind;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(reshape)) {
    for (auto [result, group] : llvm::enumerate(collapse.getReassociationIndices())) {
      SmallVector<int64_t> large =
          llvm::filter_to_vector(group, [&](int64_t dim) { return !isOne(collapse.getSrcType(), dim); });
      if (large.size() > 1)
        return failure();
      for (int64_t dim : group)
        behind.push_back(!large.empty() && dim == large.front() ? indices[result] : getAffineConstantExpr(0, context));
    }
    return behind;
  }
  return failure();
}

/// Reads the source of a reshape instead of its result.
struct ReadBehindReshape : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    for (OpOperand *operand : op.getDpsInputOperands()) {
      Operation *reshape = operand->get().getDefiningOp();
      if (!isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(reshape))
        continue;
      AffineMap map = op.getMatchingIndexingMap(operand);
      FailureOr<SmallVector<AffineExpr>> indices = indicesBehind(reshape, map.getResults());
      if (failed(indices))
        continue;
      // Every loop must still see its extent in some operand.
      SmallVector<AffineMap> maps = op.getIndexingMapsArray();
      maps[operand->getOperandNumber()] = AffineMap::get(map.getNumDims(), 0, *indices, op.getContext());
      if (!inversePermutation(concatAffineMaps(maps, op.getContext())))
        continue;
      rewriter.modifyOpInPlace(op, [&] {
        operand->set(reshape->getOperand(0));
        op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
      });
      return success();
    }
    return failure();
  }
};

/// A pointwise op that costs less than storing and reading its result.
bool isCheap(linalg::GenericOp op) {
  if (op.getNumParallelLoops() != op.getNumLoops() || op->getNumResults() != 1)
    return false;
  unsigned operations = 0;
  for (Operation &inner : op.getRegion().front().without_terminator()) {
    if (isa<math::MathDialect>(inner.getDialect()) || isa<arith::DivFOp, tensor::ExtractOp>(inner))
      return false;
    operations += !isa<arith::ConstantOp>(inner);
  }
  return operations <= 3;
}

/// Operations that a value may take to compute again with all that is computed again for it. Without a limit, where
/// each link of a chain uses the one before it twice, a chain of n links would become 2^n.
constexpr unsigned recomputeLimit = 24;

/// Gives each user of a cheap value an op of its own.
void recomputeCheap(func::FuncOp function) {
  SmallVector<linalg::GenericOp> cheap;
  DenseMap<Operation *, unsigned> costs; // of those that are cheap
  function.walk([&](linalg::GenericOp op) {
    if (!isCheap(op))
      return;
    unsigned cost = llvm::range_size(op.getRegion().front().without_terminator());
    for (Value input : op.getDpsInputs())
      if (Operation *producer = input.getDefiningOp())
        cost += costs.lookup(producer);
    if (cost > recomputeLimit)
      return;
    costs[op] = cost;
    cheap.push_back(op);
  });
  for (linalg::GenericOp op : llvm::reverse(cheap)) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : op->getUses())
      if (auto user = dyn_cast<linalg::GenericOp>(use.getOwner()); user && user.isDpsInput(&use))
        uses.push_back(&use);
    bool escapes = uses.size() != size_t(std::distance(op->use_begin(), op->use_end()));
    DenseMap<Operation *, Operation *> copies;
    for (OpOperand *use : uses) {
      Operation *user = use->getOwner();
      if (copies.empty() && !escapes && !copies.contains(user)) {
        copies[user] = op; // the op itself serves one of them
        continue;
      }
      if (!copies.contains(user)) {
        OpBuilder b(user);
        copies[user] = b.clone(*op);
      }
      use->set(copies[user]->getResult(0));
    }
  }
}

/// Whether a value goes into the op that uses it, which is the only one.
bool fusesIntoOnlyUser(OpOperand *operand) {
  auto producer = cast<linalg::GenericOp>(operand->get().getDefiningOp());
  auto consumer = cast<linalg::GenericOp>(operand->getOwner());
  if (llvm::any_of(producer->getUsers(), [&](Operation *user) { return user != consumer; }))
    return false;
  // A value that several iterations read is computed once, unless that is as cheap as reading it.
  return consumer.getMatchingIndexingMap(operand).getNumResults() == consumer.getNumLoops() || isCheap(producer);
}

/// The first user of a value that several ops use, if it can store the value for the others: exp in a softmax is
/// computed and summed by one loop.
OpOperand *findStoringUser(linalg::GenericOp producer) {
  if (producer.getNumParallelLoops() != producer.getNumLoops() || producer->getNumResults() != 1 ||
      producer->hasOneUse() || producer->use_empty())
    return nullptr;
  OpOperand *first = nullptr;
  for (OpOperand &use : producer->getUses()) {
    if (use.getOwner()->getBlock() != producer->getBlock())
      return nullptr;
    if (!first || use.getOwner()->isBeforeInBlock(first->getOwner()))
      first = &use;
  }
  auto consumer = dyn_cast<linalg::GenericOp>(first->getOwner());
  // The value must be written once an iteration.
  if (!consumer || !consumer.isDpsInput(first) || !consumer.getMatchingIndexingMap(first).isPermutation() ||
      !linalg::areElementwiseOpsFusable(first))
    return nullptr;
  return first;
}

/// Fuses values into the first of their users.
void fuseIntoFirstUser(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  SmallVector<linalg::GenericOp> producers;
  function.walk([&](linalg::GenericOp op) { producers.push_back(op); });
  for (linalg::GenericOp producer : producers) {
    OpOperand *use = findStoringUser(producer);
    if (!use)
      continue;
    Operation *consumer = use->getOwner();
    rewriter.setInsertionPoint(consumer);
    FailureOr<linalg::ElementwiseOpFusionResult> fused = linalg::fuseElementwiseOps(rewriter, use);
    if (failed(fused))
      continue;
    for (auto [value, replacement] : fused->replacements)
      rewriter.replaceAllUsesExcept(value, replacement, fused->fusedOp);
    // The list of producers may still hold the consumer: it stays in its place, under another identity.
    for (linalg::GenericOp &other : producers)
      if (other == consumer)
        other = cast<linalg::GenericOp>(fused->fusedOp);
    rewriter.eraseOp(consumer);
    rewriter.eraseOp(producer);
  }
}

/// Whether a value is a sum of exponentials, as in a softmax.
bool isSumOfExponentials(Value value) {
  auto producer = value.getDefiningOp<linalg::GenericOp>();
  if (!producer)
    return false;
  unsigned index = cast<OpResult>(value).getResultNumber();
  auto sum = producer.getRegion().front().getTerminator()->getOperand(index).getDefiningOp<arith::AddFOp>();
  return sum && llvm::is_contained(sum->getOperands(), Value(producer.getRegionOutputArgs()[index])) &&
         (sum.getLhs().getDefiningOp<math::ExpOp>() || sum.getRhs().getDefiningOp<math::ExpOp>());
}

/// x / sum becomes x * (1 / sum), which costs one division a row. Only where the sum is of exponentials: at least 1
/// once the maximum is subtracted, so the reciprocal is finite and the product as good as the quotient to one unit.
void divideOncePerRow(func::FuncOp function) {
  function.walk([](arith::DivFOp division) {
    auto op = dyn_cast<linalg::GenericOp>(division->getParentOp());
    auto divisor = dyn_cast<BlockArgument>(division.getRhs());
    if (!op || !divisor || divisor.getOwner()->getParentOp() != op ||
        division.getLhs().getDefiningOp<arith::ConstantOp>())
      return;
    OpOperand &operand = op->getOpOperand(divisor.getArgNumber());
    if (op.getMatchingIndexingMap(&operand).getNumResults() == op.getNumLoops() || !isSumOfExponentials(operand.get()))
      return;
    ImplicitLocOpBuilder b(division.getLoc(), division);
    Value one = arith::ConstantOp::create(b, b.getFloatAttr(division.getType(), 1.0));
    Value inverse = arith::DivFOp::create(b, one, divisor);
    division.replaceAllUsesWith(Value(arith::MulFOp::create(b, division.getLhs(), inverse)));
    division.erase();
  });
}

LogicalResult fuseIntoOnlyUsers(func::FuncOp function) {
  RewritePatternSet fusion(function.getContext());
  linalg::populateElementwiseOpsFusionPatterns(fusion, fusesIntoOnlyUser);
  fusion.add<ReadBehindReshape>(function.getContext());
  linalg::GenericOp::getCanonicalizationPatterns(fusion, function.getContext());
  return applyPatternsGreedily(function, std::move(fusion));
}

struct FuseLoops : impl::FuseLoopsBase<FuseLoops> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet named(context);
    linalg::populateLinalgNamedOpsGeneralizationPatterns(named);
    named.add<ReadBehindReshape>(context);
    linalg::GenericOp::getCanonicalizationPatterns(named, context);
    if (failed(applyPatternsGreedily(getOperation(), std::move(named))))
      return signalPassFailure();

    recomputeCheap(getOperation());

    if (failed(fuseIntoOnlyUsers(getOperation())))
      return signalPassFailure();
    fuseIntoFirstUser(getOperation());
    if (failed(fuseIntoOnlyUsers(getOperation())))
      return signalPassFailure();
    divideOncePerRow(getOperation());
  }
};

} // namespace
} // namespace ingot
