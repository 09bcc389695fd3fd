//===- Control.cpp - Branches and loops -----------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Movement.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

static Operation *yieldOf(Region &body) { return body.front().getTerminator(); }

/// What the constant truth value `condition` is.
static std::optional<bool> constantTruth(Value condition) {
  DenseElementsAttr value;
  if (!matchPattern(condition, m_Constant(&value)) || value.getNumElements() != 1)
    return std::nullopt;
  return !value.getSplatValue<APInt>().isZero();
}

static LogicalResult verifyYield(Operation *op, Region &body, TypeRange wanted) {
  auto yield = body.front().empty() ? YieldOp() : dyn_cast<YieldOp>(body.front().back());
  if (!yield || yield.getValues().getTypes() != wanted)
    return op->emitOpError("wants a body that ends with ingot.yield of ") << wanted;
  return success();
}

static LogicalResult verifyArguments(Operation *op, Region &body, TypeRange wanted) {
  if (body.front().getArgumentTypes() != wanted)
    return op->emitOpError("passes ") << wanted << " to a body that takes " << body.front().getArgumentTypes();
  return success();
}

/// Moves the ops of `body`, whose arguments become `arguments`, before `op`; returns what it yields.
static SmallVector<Value> inlineBody(PatternRewriter &rewriter, Operation *op, Region &body, ValueRange arguments) {
  Operation *yield = yieldOf(body);
  SmallVector<Value> results(yield->getOperands());
  for (Value &result : results)
    if (auto argument = dyn_cast<BlockArgument>(result); argument && argument.getOwner() == &body.front())
      result = arguments[argument.getArgNumber()];
  rewriter.eraseOp(yield);
  rewriter.inlineBlockBefore(&body.front(), op, arguments);
  return results;
}

//===----------------------------------------------------------------------===//
// if
//===----------------------------------------------------------------------===//

LogicalResult IfOp::verify() {
  for (Region *body : {&getThenBody(), &getElseBody()})
    if (failed(verifyArguments(*this, *body, {})) || failed(verifyYield(*this, *body, getResultTypes())))
      return failure();
  return success();
}

namespace {

struct KnownBranch : OpRewritePattern<IfOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(IfOp op, PatternRewriter &rewriter) const override {
    std::optional<bool> condition = constantTruth(op.getCondition());
    if (!condition)
      return failure();
    rewriter.replaceOp(op, inlineBody(rewriter, op, *condition ? op.getThenBody() : op.getElseBody(), {}));
    return success();
  }
};

} // namespace

void IfOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<KnownBranch>(context);
}

//===----------------------------------------------------------------------===//
// scan
//===----------------------------------------------------------------------===//

void ScanOp::build(OpBuilder &b, OperationState &state, TypeRange outputs, ValueRange inits, ValueRange xs,
                   std::optional<int64_t> steps, ArrayRef<bool> backwards) {
  IntegerAttr count = steps ? b.getI64IntegerAttr(*steps) : IntegerAttr();
  DenseBoolArrayAttr directions =
      llvm::is_contained(backwards, true) ? b.getDenseBoolArrayAttr(backwards) : DenseBoolArrayAttr();
  build(b, state, outputs, inits, xs, count, directions);
}

int64_t ScanOp::countSteps() {
  if (std::optional<uint64_t> steps = getSteps())
    return *steps;
  for (Value x : getXs())
    if (int64_t size = cast<RankedTensorType>(x.getType()).getDimSize(0); !ShapedType::isDynamic(size))
      return size;
  return ShapedType::kDynamic;
}

bool ScanOp::isBackwards(unsigned index) { return index < getBackwards().size() && getBackwards()[index]; }

SmallVector<Region *> ScanOp::getLoopRegions() { return {&getBody()}; }
Block::BlockArgListType ScanOp::getRegionIterArgs() { return getCarried(); }
std::optional<ResultRange> ScanOp::getLoopResults() { return getFinals(); }
std::optional<MutableArrayRef<OpOperand>> ScanOp::getYieldedValuesMutable() {
  return yieldOf(getBody())->getOpOperands().take_front(getInits().size());
}

LogicalResult ScanOp::verify() {
  if (getOutputs().size() < getInits().size())
    return emitOpError("carries ") << getInits().size() << " values, but has " << getOutputs().size() << " results";
  if (!getSteps() && getXs().empty())
    return emitOpError("wants a number of steps, or something to scan");
  if (!getBackwards().empty() && getBackwards().size() != getXs().size() + getStacks().size())
    return emitOpError("wants ") << getXs().size() + getStacks().size() << " directions, but has "
                                 << getBackwards().size();
  int64_t steps = countSteps();
  if (steps < 0 && !ShapedType::isDynamic(steps))
    return emitOpError("has ") << steps << " steps";
  SmallVector<Type> arguments(getInits().getTypes());
  for (Value x : getXs()) {
    auto type = cast<RankedTensorType>(x.getType());
    if (type.getRank() == 0 || failed(verifyCompatibleShape(type.getShape().take_front(), {steps})))
      return emitOpError("wants ") << steps << " slices, but scans " << type;
    arguments.push_back(type.clone(type.getShape().drop_front()));
  }
  SmallVector<Type> yielded(getInits().getTypes());
  for (Value stack : getStacks()) {
    auto type = cast<RankedTensorType>(stack.getType());
    if (type.getRank() == 0 || failed(verifyCompatibleShape(type.getShape().take_front(), {steps})))
      return emitOpError("wants stacks of ") << steps << " slices, but has a " << type;
    yielded.push_back(type.clone(type.getShape().drop_front()));
  }
  if (getFinals().getTypes() != getInits().getTypes())
    return emitOpError("carries ") << getInits().getTypes() << ", but results in " << getFinals().getTypes();
  if (failed(verifyArguments(*this, getBody(), arguments)))
    return failure();
  return verifyYield(*this, getBody(), yielded);
}

namespace {

/// No step or one step needs no loop.
struct ShortScan : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ScanOp op, PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    if (op.countSteps() == 0) {
      SmallVector<Value> results(op.getInits());
      for (Value stack : op.getStacks()) {
        auto type = cast<RankedTensorType>(stack.getType());
        if (!type.hasStaticShape())
          return failure();
        results.push_back(splat(b, 0, type));
      }
      rewriter.replaceOp(op, results);
      return success();
    }
    if (op.countSteps() != 1)
      return failure();
    SmallVector<Value> arguments(op.getInits());
    for (Value x : op.getXs())
      arguments.push_back(squeezed(b, x, {0}));
    SmallVector<Value> results = inlineBody(rewriter, op, op.getBody(), arguments);
    for (Value &stacked : MutableArrayRef(results).drop_front(op.getInits().size()))
      stacked = unsqueezed(b, stacked, {0});
    rewriter.replaceOp(op, results);
    return success();
  }
};

/// What a scan carries, scans and stacks for nothing goes.
struct DropUnused : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ScanOp op, PatternRewriter &rewriter) const override {
    unsigned carries = op.getInits().size(), scanned = op.getXs().size();
    Block &body = op.getBody().front();
    llvm::BitVector deadCarries(carries), deadXs(scanned), deadStacks(op.getStacks().size());
    for (unsigned i = 0; i < carries; ++i) {
      // One that no step changes is what it was at first; one that only feeds itself is nothing.
      if (op.getNext()[i] == op.getCarried()[i]) {
        rewriter.replaceAllUsesWith(op.getFinals()[i], op.getInits()[i]);
        rewriter.replaceAllUsesWith(op.getCarried()[i], op.getInits()[i]);
        deadCarries.set(i);
      } else if (op.getFinals()[i].use_empty() && op.getCarried()[i].use_empty()) {
        deadCarries.set(i);
      }
    }
    for (unsigned i = 0; i < scanned; ++i)
      if (op.getSlices()[i].use_empty())
        deadXs.set(i);
    for (unsigned i = 0; i < deadStacks.size(); ++i)
      if (op.getStacks()[i].use_empty())
        deadStacks.set(i);
    if (deadCarries.none() && deadXs.none() && deadStacks.none())
      return failure();

    SmallVector<Value> inits, xs, yielded;
    SmallVector<Type> types;
    SmallVector<bool> backwards, stackDirections;
    SmallVector<Value> kept;
    llvm::BitVector deadArguments(carries + scanned);
    for (unsigned i = 0; i < carries; ++i) {
      if (deadCarries[i]) {
        deadArguments.set(i);
        continue;
      }
      inits.push_back(op.getInits()[i]);
      yielded.push_back(op.getNext()[i]);
      types.push_back(op.getFinals()[i].getType());
      kept.push_back(op.getFinals()[i]);
    }
    for (unsigned i = 0; i < scanned; ++i) {
      if (deadXs[i]) {
        deadArguments.set(carries + i);
        continue;
      }
      xs.push_back(op.getXs()[i]);
      backwards.push_back(op.isBackwards(i));
    }
    for (unsigned i = 0; i < deadStacks.size(); ++i) {
      if (deadStacks[i])
        continue;
      yielded.push_back(op.getStacked()[i]);
      types.push_back(op.getStacks()[i].getType());
      kept.push_back(op.getStacks()[i]);
      stackDirections.push_back(op.isStackBackwards(i));
    }
    llvm::append_range(backwards, stackDirections);
    int64_t steps = op.countSteps();
    if (ShapedType::isDynamic(steps) && xs.empty())
      return failure();
    auto scan = ScanOp::create(rewriter, op.getLoc(), types, inits, xs,
                               ShapedType::isDynamic(steps) ? std::nullopt : std::optional(steps), backwards);
    rewriter.modifyOpInPlace(body.getTerminator(), [&] { body.getTerminator()->setOperands(yielded); });
    // An argument that only fed its own successor has no use left.
    body.eraseArguments(deadArguments);
    rewriter.inlineRegionBefore(op.getBody(), scan.getBody(), scan.getBody().end());
    for (auto [old, result] : llvm::zip_equal(kept, scan.getOutputs()))
      rewriter.replaceAllUsesWith(old, result);
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void ScanOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropUnused, ShortScan>(context);
}

//===----------------------------------------------------------------------===//
// while
//===----------------------------------------------------------------------===//

SmallVector<Region *> WhileOp::getLoopRegions() { return {&getBody()}; }
Block::BlockArgListType WhileOp::getRegionIterArgs() { return getBody().getArguments(); }
std::optional<ResultRange> WhileOp::getLoopResults() { return getOutputs(); }
std::optional<MutableArrayRef<OpOperand>> WhileOp::getYieldedValuesMutable() {
  return yieldOf(getBody())->getOpOperands().drop_front();
}

LogicalResult WhileOp::verify() {
  SmallVector<Type> yielded = {getCondition().getType()};
  llvm::append_range(yielded, getInits().getTypes());
  if (getOutputs().getTypes() != getInits().getTypes())
    return emitOpError("carries ") << getInits().getTypes() << ", but results in " << getOutputs().getTypes();
  if (failed(verifyArguments(*this, getBody(), getInits().getTypes())))
    return failure();
  return verifyYield(*this, getBody(), yielded);
}

namespace {

struct NeverRuns : OpRewritePattern<WhileOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(WhileOp op, PatternRewriter &rewriter) const override {
    if (constantTruth(op.getCondition()).value_or(true))
      return failure();
    rewriter.replaceOp(op, op.getInits());
    return success();
  }
};

} // namespace

void WhileOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<NeverRuns>(context);
}

} // namespace ingot
