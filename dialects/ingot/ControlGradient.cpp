//===- ControlGradient.cpp - Gradients of branches and loops --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A branch computes its values again where its gradient is built. A loop keeps what it carries into each step, and the
// results of contractions; its gradient is a scan from the last step to the first, which computes the rest again.
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Movement.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace ingot {

static bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

static Operation *yieldOf(Region &body) { return body.front().getTerminator(); }

/// Everything that an op reads, what its regions use included.
static llvm::SetVector<Value> readBy(Operation *op) {
  llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), values);
  return values;
}

static std::optional<int64_t> stepsOf(ScanOp scan) {
  return scan.getSteps() ? std::optional<int64_t>(*scan.getSteps()) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// if
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>> IfOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents, ValueRange wrt,
                                                  GradientEngine &engine) {
  auto branch = IfOp::create(b, wrt.getTypes(), getCondition());
  for (auto [from, to] : {std::pair(&getThenBody(), &branch.getThenBody()), {&getElseBody(), &branch.getElseBody()}}) {
    OpBuilder::InsertionGuard guard(b);
    b.createBlock(to);
    IRMapping mapping;
    for (Operation &op : from->front().without_terminator())
      b.clone(op, mapping);
    auto values =
        llvm::map_to_vector(yieldOf(*from)->getOperands(), [&](Value v) { return mapping.lookupOrDefault(v); });
    FailureOr<SmallVector<Value>> gradients = engine.differentiate(b, values, cotangents, wrt);
    if (failed(gradients))
      return failure();
    for (auto [gradient, value] : llvm::zip_equal(*gradients, wrt))
      if (!gradient)
        gradient = zerosLike(b, value);
    YieldOp::create(b, *gradients);
  }
  return SmallVector<Value>(branch.getOutputs());
}

//===----------------------------------------------------------------------===//
// scan
//===----------------------------------------------------------------------===//

namespace {

class ScanGradient {
public:
  ScanGradient(ScanOp scan, ValueRange cotangents, ValueRange wrt, GradientEngine &engine)
      : scan(scan), cotangents(cotangents), wrt(wrt.begin(), wrt.end()), engine(engine),
        carries(scan.getInits().size()) {}

  FailureOr<SmallVector<Value>> build(ImplicitLocOpBuilder &b) {
    llvm::SetVector<Value> used;
    getUsedValuesDefinedAbove(scan.getBody(), used);
    for (Value value : used)
      if (wrt.contains(value))
        captured.push_back(value);
    findLive();
    keep(b);
    return scanBack(b);
  }

private:
  /// The carried values that a gradient flows through: they depend on one of `wrt`, and a result with a cotangent
  /// depends on them.
  void findLive() {
    Block &body = scan.getBody().front();
    llvm::BitVector active(carries), relevant(carries);
    llvm::DenseSet<Value> dependent(captured.begin(), captured.end());
    for (auto [x, slice] : llvm::zip_equal(scan.getXs(), scan.getSlices()))
      if (wrt.contains(x))
        dependent.insert(slice);
    for (unsigned i = 0; i < carries; ++i)
      if (wrt.contains(scan.getInits()[i]))
        active.set(i);
    for (bool changed = true; changed;) {
      changed = false;
      for (unsigned i : active.set_bits())
        dependent.insert(scan.getCarried()[i]);
      for (Operation &op : body.without_terminator())
        if (llvm::any_of(readBy(&op), [&](Value v) { return dependent.contains(v); }))
          for (Value result : op.getResults())
            if (isFloat(result))
              dependent.insert(result);
      for (unsigned i = 0; i < carries; ++i)
        if (!active[i] && isFloat(scan.getNext()[i]) && dependent.contains(scan.getNext()[i]))
          active.set(i), changed = true;
    }
    llvm::DenseSet<Value> behind;
    for (unsigned i = 0; i < cotangents.size(); ++i) {
      if (!cotangents[i])
        continue;
      if (i < carries)
        relevant.set(i);
      else
        behind.insert(scan.getYielded()[i]);
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (unsigned i : relevant.set_bits())
        behind.insert(scan.getNext()[i]);
      for (Operation &op : llvm::reverse(body.without_terminator()))
        if (llvm::any_of(op.getResults(), [&](Value v) { return behind.contains(v); }))
          for (Value read : readBy(&op))
            behind.insert(read);
      for (unsigned i = 0; i < carries; ++i)
        if (!relevant[i] && behind.contains(scan.getCarried()[i]))
          relevant.set(i), changed = true;
    }
    for (unsigned i = 0; i < carries; ++i)
      if (active[i] && relevant[i])
        live.push_back(i);
  }

  /// Lets the scan also stack what the gradient reads of each step. What turns out not to be read goes later.
  void keep(ImplicitLocOpBuilder &b) {
    llvm::append_range(kept, scan.getCarried());
    for (Operation &op : scan.getBody().front().without_terminator())
      if (isa<ContractionOpInterface>(op) && isa<DifferentiableOpInterface>(op))
        llvm::append_range(kept, op.getResults());
    SmallVector<Type> types(scan.getResultTypes());
    for (Value value : kept) {
      auto type = cast<RankedTensorType>(value.getType());
      SmallVector<int64_t> shape(type.getShape());
      shape.insert(shape.begin(), scan.countSteps());
      types.push_back(type.clone(shape));
    }
    SmallVector<bool> backwards;
    for (unsigned i = 0; i < scan.getXs().size() + scan.getStacks().size(); ++i)
      backwards.push_back(scan.isBackwards(i));
    backwards.append(kept.size(), false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(scan);
    auto wider = ScanOp::create(b, types, scan.getInits(), scan.getXs(), stepsOf(scan), backwards);
    wider.getBody().takeBody(scan.getBody());
    Operation *yield = yieldOf(wider.getBody());
    yield->insertOperands(yield->getNumOperands(), kept);
    unsigned results = scan.getNumResults();
    engine.replace(scan, wider.getResults().take_front(results));
    scan = wider;
    stacks.assign(wider.getResults().begin() + results, wider.getResults().end());
  }

  FailureOr<SmallVector<Value>> scanBack(ImplicitLocOpBuilder &b) {
    SmallVector<Value> inits, xs;
    SmallVector<bool> backwards, stackDirections;
    SmallVector<Type> types;
    for (unsigned i : live)
      inits.push_back(cotangents[i] ? cotangents[i] : zerosLike(b, scan.getInits()[i]));
    for (Value value : captured)
      inits.push_back(zerosLike(b, value));
    for (Value init : inits)
      types.push_back(init.getType());
    for (Value stack : stacks)
      xs.push_back(stack), backwards.push_back(true);
    for (auto [i, x] : llvm::enumerate(scan.getXs()))
      xs.push_back(x), backwards.push_back(!scan.isBackwards(i));
    for (unsigned i = carries; i < cotangents.size(); ++i)
      if (cotangents[i])
        xs.push_back(cotangents[i]), backwards.push_back(!scan.isStackBackwards(i - carries));

    SmallVector<unsigned> stacked; ///< the scanned values whose gradients are stacked
    for (auto [i, x] : llvm::enumerate(scan.getXs()))
      if (wrt.contains(x)) {
        stacked.push_back(i);
        types.push_back(x.getType());
        stackDirections.push_back(!scan.isBackwards(i));
      }
    llvm::append_range(backwards, stackDirections);
    auto back = ScanOp::create(b, types, inits, xs, stepsOf(scan), backwards);
    if (failed(buildBody(b, back.getBody(), stacked)))
      return failure();

    llvm::DenseMap<Value, Value> sums;
    auto add = [&](Value value, Value part) {
      Value &sum = sums[value];
      sum = sum ? b.createOrFold<AddOp>(sum, part) : part;
    };
    for (auto [i, flowed] : llvm::zip(live, back.getFinals()))
      add(scan.getInits()[i], flowed);
    for (auto [value, sum] : llvm::zip_equal(captured, back.getFinals().drop_front(live.size())))
      add(value, sum);
    for (auto [i, stack] : llvm::zip_equal(stacked, back.getStacks()))
      add(scan.getXs()[i], stack);
    return llvm::map_to_vector(wrt, [&](Value value) { return sums.lookup(value); });
  }

  /// A step: the original one again, and the gradient of what it computes.
  LogicalResult buildBody(ImplicitLocOpBuilder &b, Region &region, ArrayRef<unsigned> stacked) {
    OpBuilder::InsertionGuard guard(b);
    Block *body = b.createBlock(&region);
    auto take = [&](Type type) { return body->addArgument(type, b.getLoc()); };
    auto slice = [](Value x) {
      auto type = cast<RankedTensorType>(x.getType());
      return type.clone(type.getShape().drop_front());
    };
    SmallVector<Value> seeds(cotangents.size()), sums, known;
    for (unsigned i : live)
      seeds[i] = take(scan.getInits()[i].getType());
    for (Value value : captured)
      sums.push_back(take(value.getType()));
    for (Value stack : stacks)
      known.push_back(take(slice(stack)));
    IRMapping mapping;
    mapping.map(scan.getCarried(), ArrayRef(known).take_front(carries));
    for (Value given : scan.getSlices())
      mapping.map(given, take(given.getType()));
    for (unsigned i = carries; i < cotangents.size(); ++i)
      if (cotangents[i])
        seeds[i] = take(slice(cotangents[i]));
    for (Operation &op : scan.getBody().front().without_terminator())
      b.clone(op, mapping);
    auto mapped = [&](Value v) { return mapping.lookupOrDefault(v); };

    SmallVector<Value> wanted, values = llvm::map_to_vector(scan.getYielded().take_front(seeds.size()), mapped);
    for (unsigned i : live)
      wanted.push_back(mapped(scan.getCarried()[i]));
    llvm::append_range(wanted, captured);
    for (unsigned i : stacked)
      wanted.push_back(mapped(scan.getSlices()[i]));
    FailureOr<SmallVector<Value>> gradients = engine.differentiate(b, values, seeds, wanted);
    if (failed(gradients))
      return failure();
    for (auto [value, again] : llvm::zip_equal(ArrayRef(kept).drop_front(carries), ArrayRef(known).drop_front(carries)))
      mapped(value).replaceAllUsesWith(again);

    SmallVector<Value> yielded = *gradients;
    auto summed = MutableArrayRef(yielded).slice(live.size(), captured.size());
    for (auto [gradient, sum] : llvm::zip_equal(summed, sums))
      gradient = gradient ? b.createOrFold<AddOp>(sum, gradient) : sum;
    for (auto [gradient, value] : llvm::zip_equal(yielded, wanted))
      if (!gradient)
        gradient = zerosLike(b, value);
    YieldOp::create(b, yielded);
    return success();
  }

  ScanOp scan;
  SmallVector<Value> cotangents;
  llvm::SetVector<Value> wrt;
  GradientEngine &engine;
  unsigned carries;
  SmallVector<Value> captured; ///< those of `wrt` that the body uses
  SmallVector<unsigned> live;  ///< numbers of carried values
  SmallVector<Value> kept, stacks;
};

} // namespace

FailureOr<SmallVector<Value>> ScanOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents, ValueRange wrt,
                                                    GradientEngine &engine) {
  return ScanGradient(*this, cotangents, wrt, engine).build(b);
}

//===----------------------------------------------------------------------===//
// while
//===----------------------------------------------------------------------===//

/// The same loop as a scan of all the steps that there can be, where those that the condition forbids change nothing.
static ScanOp boundedScan(WhileOp loop, int64_t steps) {
  ImplicitLocOpBuilder b(loop.getLoc(), loop);
  SmallVector<Value> inits = {loop.getCondition()};
  llvm::append_range(inits, loop.getInits());
  auto scan = ScanOp::create(b, ValueRange(inits).getTypes(), inits, ValueRange(), steps, ArrayRef<bool>());
  SmallVector<Location> locations(inits.size(), b.getLoc());
  Block *body = b.createBlock(&scan.getBody(), {}, ValueRange(inits).getTypes(), locations);
  auto branch = IfOp::create(b, ValueRange(inits).getTypes(), body->getArgument(0));
  YieldOp::create(b, branch.getOutputs());
  IRMapping mapping;
  mapping.map(loop.getBody().getArguments(), body->getArguments().drop_front());
  b.createBlock(&branch.getThenBody());
  for (Operation &op : loop.getBody().front())
    b.clone(op, mapping);
  b.createBlock(&branch.getElseBody());
  YieldOp::create(b, body->getArguments());
  return scan;
}

FailureOr<SmallVector<Value>> WhileOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents, ValueRange wrt,
                                                     GradientEngine &engine) {
  if (!getMaxSteps())
    return emitOpError("has no gradient: how often it runs at most is not known");
  SmallVector<Value> given = {Value()};
  llvm::append_range(given, cotangents);
  ScanOp scan = boundedScan(*this, *getMaxSteps());
  engine.replace(*this, scan.getFinals().drop_front());
  return scan.buildGradient(b, given, wrt, engine);
}

} // namespace ingot
