//===- FormGroups.cpp - Decides what is compiled together -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/graph/OpenContractions.h"
#include "dialects/ingot/Values.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SetVector.h"
#include <queue>

namespace ingot {
#define GEN_PASS_DEF_FORMGROUPS
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

/// A longer body gains nothing and costs registers.
constexpr size_t maxGroupSize = 48;

/// Ops that become one group, or an op that stays alone.
struct Unit {
  enum { Alone, Contraction, Loops } kind = Alone;
  SmallVector<Operation *> ops; ///< in the order of the block; none once merged into another
  ArrayRef<int64_t> domain;     ///< shape that every op of a loop group runs over
  size_t place;                 ///< in the order of the units
};

/// Merges the ops of a block into units. The units always have an order in which each follows those that it depends on,
/// so that a search for a path between two of them looks only at what stands between (Pearce and Kelly, "A dynamic
/// topological sort algorithm for directed acyclic graphs", 2007). The order of the block would not do: a unit depends
/// on what any of its ops depends on.
class Grouping {
public:
  Grouping(Block &body, bool contractions) : body(body), contractions(contractions) {
    for (Operation &op : body) {
      units.push_back(std::make_unique<Unit>());
      Unit *unit = units.back().get();
      unit->place = order.size();
      order.push_back(unit);
      add(&op, unit);
    }
  }

  void run() {
    if (contractions)
      for (Operation &op : body)
        anchor(&op);
    for (Operation &op : body)
      if (unitOf[&op]->kind == Unit::Alone && isa_and_nonnull<IngotDialect>(op.getDialect()) &&
          op.getNumRegions() == 0 && !op.hasTrait<OpTrait::IsTerminator>() && !isFree(&op) && !op.hasTrait<IsView>())
        join(&op);
  }

  ArrayRef<std::unique_ptr<Unit>> getUnits() const { return units; }

private:
  void add(Operation *op, Unit *unit) {
    unit->ops.push_back(op);
    unitOf[op] = unit;
  }

  /// A contraction, the transposes of its operands, and the pointwise ops and the transpose that only it feeds. No path
  /// can leave such a chain and come back.
  void anchor(Operation *op) {
    auto contraction = dyn_cast<ContractionOpInterface>(op);
    std::optional<Contraction> view =
        contraction && !isOpenContraction(op) ? contraction.getContraction() : std::nullopt;
    if (!view)
      return;
    SmallVector<Operation *> chain;
    auto isTaken = [&](Operation *other) { return unitOf[other]->kind != Unit::Alone; };
    for (unsigned operand : {view->input, view->filter}) {
      auto transpose = op->getOperand(operand).getDefiningOp<TransposeOp>();
      if (transpose && transpose->hasOneUse() && transpose->getBlock() == &body &&
          shapeOf(op->getOperand(operand)).size() <= 4 && !isTaken(transpose))
        chain.push_back(transpose);
    }
    chain.push_back(op);
    while (chain.size() < maxGroupSize && chain.back()->getResult(0).hasOneUse()) {
      Operation *user = *chain.back()->user_begin();
      if (user->getBlock() != &body || isTaken(user) || !isEpilogue(user, op->getResult(0)))
        break;
      chain.push_back(user);
    }
    if (chain.back()->getResult(0).hasOneUse()) {
      auto transpose = dyn_cast<TransposeOp>(*chain.back()->user_begin());
      if (transpose && transpose->getBlock() == &body && !isTaken(transpose) && keepsRows(transpose))
        chain.push_back(transpose);
    }
    // Nothing uses the others, so all of them may stand where the last one does.
    Unit *unit = unitOf[chain.back()];
    unit->kind = Unit::Contraction;
    for (Operation *member : ArrayRef(chain).drop_back()) {
      order[unitOf[member]->place] = nullptr;
      unitOf[member]->ops.clear();
      unitOf[member] = unit;
    }
    unit->ops = chain;
    llvm::sort(unit->ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  }

  /// Whether a kernel can store its rows of channels where \p transpose would put them.
  static bool keepsRows(TransposeOp transpose) {
    ArrayRef<int64_t> perm = transpose.getPerm();
    return perm.size() <= 4 && perm.back() == int64_t(perm.size()) - 1;
  }

  /// Whether a kernel may run `op` on its accumulators: pointwise, of the contraction's shape, on values that it can load
  /// beside them.
  bool isEpilogue(Operation *op, Value result) {
    if (!isa<PointwiseOpInterface>(op) || shapeOf(op->getResult(0)) != shapeOf(result) ||
        getElementTypeOrSelf(op->getResult(0)) != getElementTypeOrSelf(result))
      return false;
    return llvm::all_of(op->getOperands(), [&](Value operand) {
      auto type = cast<RankedTensorType>(operand.getType());
      return type.getElementType().isF32() && broadcastsInFour(type.getShape(), shapeOf(result));
    });
  }

  /// Whether a broadcast operand still has at most four dimensions once leading ones of the result are merged.
  static bool broadcastsInFour(ArrayRef<int64_t> sizes, ArrayRef<int64_t> result) {
    if (result.size() <= 4)
      return true;
    size_t merged = result.size() - 3;
    if (sizes.size() <= 3)
      return true;
    ArrayRef<int64_t> leading = sizes.drop_back(3);
    return llvm::all_of(leading, [](int64_t size) { return size == 1; }) || leading == result.take_front(merged);
  }

  /// Starts a loop group with `op`, and merges those of its operands into it.
  void join(Operation *op) {
    Unit *home = unitOf[op];
    home->kind = Unit::Loops;
    home->domain = domainOf(op);
    if (isa<MovementOpInterface>(op))
      return;
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      Unit *other = producer ? unitOf.lookup(producer) : nullptr;
      if (!other || other == home || other->kind != Unit::Loops || other->domain != home->domain ||
          shapeOf(operand) != home->domain || home->ops.size() + other->ops.size() > maxGroupSize)
        continue;
      SmallVector<Unit *> between;
      if (findBetween(home, other, between))
        merge(home, other, between);
    }
  }

  /// Finds the units that follow one of the two and that the other depends on. Fails where such a unit depends on the
  /// first: a path would lead out of the merged unit and back.
  bool findBetween(Unit *a, Unit *b, SmallVectorImpl<Unit *> &between) {
    Unit *first = a->place < b->place ? a : b, *last = a->place < b->place ? b : a;
    llvm::SmallPtrSet<Unit *, 32> seen = {first, last};
    bool meets = false;
    auto push = [&](Unit *unit) {
      if (unit->place > first->place && seen.insert(unit).second)
        between.push_back(unit);
    };
    forEachProducer(last, push);
    for (size_t next = 0; next < between.size() && !meets; ++next)
      forEachProducer(between[next], [&](Unit *unit) {
        meets |= unit == first;
        push(unit);
      });
    return !meets;
  }

  /// Moves the ops of `other` into `home`, which then stands behind the units between them that one depends on.
  void merge(Unit *home, Unit *other, SmallVectorImpl<Unit *> &between) {
    size_t first = std::min(home->place, other->place), last = std::max(home->place, other->place);
    llvm::SmallPtrSet<Unit *, 32> before(between.begin(), between.end());
    llvm::sort(between, [](Unit *a, Unit *b) { return a->place < b->place; });
    SmallVector<Unit *> rest;
    for (size_t place = first; place <= last; ++place)
      if (Unit *unit = order[place]; unit && unit != home && unit != other && !before.contains(unit))
        rest.push_back(unit);
    size_t place = first;
    auto put = [&](Unit *unit) {
      order[place] = unit;
      unit->place = place++;
    };
    llvm::for_each(between, put);
    put(home);
    llvm::for_each(rest, put);
    std::fill(order.begin() + place, order.begin() + last + 1, nullptr);

    for (Operation *op : other->ops)
      add(op, home);
    other->ops.clear();
    llvm::sort(home->ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  }

  /// The shape that `op` runs over: its operand's for an op that couples the elements of a row, else its result's.
  static ArrayRef<int64_t> domainOf(Operation *op) {
    bool overOperand = !isa<PointwiseOpInterface, MovementOpInterface>(op) && op->getNumOperands() > 0;
    return shapeOf(overOperand ? op->getOperand(0) : op->getResult(0));
  }

  /// Calls `visit` for each unit that an op of `unit`, or an op in a region of one, uses a result of.
  void forEachProducer(Unit *unit, function_ref<void(Unit *)> visit) {
    for (Operation *op : unit->ops)
      op->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          if (Operation *producer = operand.getDefiningOp(); producer && producer->getBlock() == &body)
            visit(unitOf.lookup(producer));
      });
  }

  Block &body;
  bool contractions;
  std::vector<std::unique_ptr<Unit>> units;
  std::vector<Unit *> order; ///< null where a merged unit stood
  llvm::DenseMap<Operation *, Unit *> unitOf;
};

/// A constant that is better repeated in a group than passed to it.
bool isSmallConstant(Value v) {
  DenseElementsAttr value;
  return matchPattern(v, m_Constant(&value)) && value.isSplat();
}

/// Moves the ops of a unit into one group op.
void buildGroup(Unit &unit) {
  llvm::SetVector<Value> inputs, constants;
  llvm::SmallPtrSet<Operation *, 16> members(unit.ops.begin(), unit.ops.end());
  SmallVector<Value> outputs;
  for (Operation *op : unit.ops) {
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp(); !producer || !members.contains(producer))
        (isSmallConstant(operand) ? constants : inputs).insert(operand);
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !members.contains(user); }))
        outputs.push_back(result);
  }
  Operation *last = unit.ops.back();
  ImplicitLocOpBuilder b(unit.ops.front()->getLoc(), last);
  auto group = GroupOp::create(b, TypeRange(ValueRange(outputs)), inputs.getArrayRef());
  Block *body = b.createBlock(&group.getBody());
  IRMapping map;
  for (Value input : inputs)
    map.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (Value constant : constants)
    map.map(constant, b.clone(*constant.getDefiningOp())->getResult(0));
  for (Operation *op : unit.ops)
    b.clone(*op, map);
  YieldOp::create(b, llvm::map_to_vector(outputs, [&](Value v) { return map.lookup(v); }));
  for (auto [output, result] : llvm::zip_equal(outputs, group.getResults()))
    output.replaceUsesWithIf(result, [&](OpOperand &use) { return !members.contains(use.getOwner()); });
  for (Operation *op : llvm::reverse(unit.ops))
    op->erase();
}

/// Orders ops such that each follows what it reads, and as they stood where that leaves a choice: what had to wait comes
/// as soon as it can. MLIR's sortTopologically puts it off behind all that need not wait, which then lives longer.
void sortByUse(Block &block) {
  SmallVector<Operation *> ops;
  llvm::DenseMap<Operation *, unsigned> places;
  for (Operation &op : block.without_terminator()) {
    places[&op] = ops.size();
    ops.push_back(&op);
  }
  SmallVector<llvm::SmallSetVector<unsigned, 4>> readers(ops.size());
  SmallVector<unsigned> missing(ops.size(), 0);
  for (auto [place, op] : llvm::enumerate(ops))
    op->walk([&](Operation *part) {
      for (Value operand : part->getOperands()) {
        Operation *definition = operand.getDefiningOp();
        Operation *producer = definition ? block.findAncestorOpInBlock(*definition) : nullptr;
        if (producer && producer != op)
          missing[place] += readers[places.lookup(producer)].insert(place);
      }
    });
  std::priority_queue<unsigned, std::vector<unsigned>, std::greater<>> ready;
  for (unsigned place = 0; place < ops.size(); ++place)
    if (missing[place] == 0)
      ready.push(place);
  while (!ready.empty()) {
    unsigned place = ready.top();
    ready.pop();
    ops[place]->moveBefore(&block, block.without_terminator().end());
    for (unsigned reader : readers[place])
      if (--missing[reader] == 0)
        ready.push(reader);
  }
}

struct FormGroups : ingot::impl::FormGroupsBase<FormGroups> {
  using FormGroupsBase::FormGroupsBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    SmallVector<Block *> blocks; // those of loops and branches too
    func.walk([&](Block *block) { blocks.push_back(block); });
    for (Block *block : blocks)
      formGroups(*block);
  }

  void formGroups(Block &block) {
    Grouping grouping(block, contractions);
    grouping.run();
    for (const auto &unit : grouping.getUnits())
      if (unit->kind != Unit::Alone && !unit->ops.empty()) // not merged into another
        buildGroup(*unit);
    // A group stands where its last op stood; what uses its other results may stand before.
    sortByUse(block);
  }
};

} // namespace
