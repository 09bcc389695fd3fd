//===- FormGroups.cpp - Decides what is compiled together -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/graph/OpenContractions.h"
#include "dialects/ingot/Ops.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

namespace ingot {
#define GEN_PASS_DEF_FORMGROUPS
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

/// A longer body gains nothing and costs registers.
constexpr size_t maxGroupSize = 48;

struct Cluster {
  SmallVector<Operation *> ops;
  bool contraction = false;
  ArrayRef<int64_t> domain; ///< shape that every op of a loop group runs over
};

ArrayRef<int64_t> shapeOf(Value v) { return cast<RankedTensorType>(v.getType()).getShape(); }

/// Values that cost nothing to have: constants, weights and views.
bool isFree(Operation *op) { return isa<ReadWeightOp>(op) || op->hasTrait<OpTrait::ConstantLike>() || op->hasTrait<IsView>(); }

class Grouping {
public:
  Grouping(Block &body, bool contractions) : body(body), contractions(contractions) {}

  void run() {
    if (contractions)
      for (Operation &op : body)
        anchor(&op);
    for (Operation &op : body)
      if (!clusterOf.contains(&op) && isa_and_nonnull<IngotDialect>(op.getDialect()) && op.getNumRegions() == 0 &&
          !op.hasTrait<OpTrait::IsTerminator>() && !isFree(&op))
        join(&op);
  }

  ArrayRef<std::unique_ptr<Cluster>> getClusters() const { return clusters; }

private:
  Cluster *start(Operation *op) {
    clusters.push_back(std::make_unique<Cluster>());
    add(op, clusters.back().get());
    return clusters.back().get();
  }
  void add(Operation *op, Cluster *cluster) {
    cluster->ops.push_back(op);
    clusterOf[op] = cluster;
  }

  /// A contraction, the transposes of its operands, and the pointwise ops and the transpose that only it feeds. No path
  /// can leave such a chain and come back.
  void anchor(Operation *op) {
    auto contraction = dyn_cast<ContractionOpInterface>(op);
    std::optional<Contraction> view =
        contraction && !isOpenContraction(op) ? contraction.getContraction() : std::nullopt;
    if (!view)
      return;
    Cluster *cluster = start(op);
    cluster->contraction = true;
    for (unsigned operand : {view->input, view->filter}) {
      auto transpose = op->getOperand(operand).getDefiningOp<TransposeOp>();
      if (transpose && transpose->hasOneUse() && shapeOf(op->getOperand(operand)).size() <= 4 && !clusterOf.contains(transpose)) {
        cluster->ops.insert(cluster->ops.begin(), transpose);
        clusterOf[transpose] = cluster;
      }
    }
    Operation *last = op;
    while (cluster->ops.size() < maxGroupSize && last->getResult(0).hasOneUse()) {
      Operation *user = *last->user_begin();
      if (user->getBlock() != &body || clusterOf.contains(user) || !isEpilogue(user, op->getResult(0)))
        break;
      add(user, cluster);
      last = user;
    }
    if (!last->getResult(0).hasOneUse())
      return;
    auto transpose = dyn_cast<TransposeOp>(*last->user_begin());
    if (transpose && transpose->getBlock() == &body && !clusterOf.contains(transpose) && keepsRows(transpose))
      add(transpose, cluster);
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

  /// Adds `op` to the loop group of an operand, or starts one.
  void join(Operation *op) {
    ArrayRef<int64_t> domain = domainOf(op);
    Cluster *home = nullptr;
    if (!isa<MovementOpInterface>(op)) {
      for (Value operand : op->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        Cluster *cluster = producer ? clusterOf.lookup(producer) : nullptr;
        if (!cluster || cluster == home || cluster->contraction || cluster->domain != domain || shapeOf(operand) != domain)
          continue;
        if (!home && cluster->ops.size() < maxGroupSize && !comesBack(op, cluster)) {
          add(op, cluster);
          home = cluster;
        } else if (home && home->ops.size() + cluster->ops.size() <= maxGroupSize && canMerge(home, cluster)) {
          merge(home, cluster);
        }
      }
    }
    if (!home)
      start(op)->domain = domain;
  }

  /// Whether no path leads out of one of the clusters and through something else into the other.
  bool canMerge(Cluster *home, Cluster *other) {
    auto isMember = [&](Operation *op) { return llvm::is_contained({home, other}, clusterOf.lookup(op)); };
    Operation *first = home->ops.front()->isBeforeInBlock(other->ops.front()) ? home->ops.front() : other->ops.front();
    for (Cluster *cluster : {home, other})
      for (Operation *op : cluster->ops)
        if (dependsOn(op, first, isMember))
          return false;
    return true;
  }

  /// Moves the ops of `other` into `home`, in the order of the block.
  void merge(Cluster *home, Cluster *other) {
    for (Operation *op : other->ops)
      add(op, home);
    llvm::sort(home->ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    other->ops.clear();
  }

  /// The shape that `op` runs over: its operand's for an op that couples the elements of a row, else its result's.
  static ArrayRef<int64_t> domainOf(Operation *op) {
    bool overOperand = !isa<PointwiseOpInterface, MovementOpInterface>(op) && op->getNumOperands() > 0;
    return shapeOf(overOperand ? op->getOperand(0) : op->getResult(0));
  }

  /// Whether `op` depends on `cluster` through something outside it.
  bool comesBack(Operation *op, Cluster *cluster) {
    return dependsOn(op, cluster->ops.front(), [&](Operation *other) { return clusterOf.lookup(other) == cluster; });
  }

  /// Whether `op` depends on a member through something that is none. `first` is the member that stands first: what ends
  /// before it depends on none, so a long graph is not searched to its beginning for each op.
  bool dependsOn(Operation *op, Operation *first, function_ref<bool(Operation *)> isMember) {
    llvm::SmallPtrSet<Operation *, 32> seen;
    SmallVector<Operation *> work;
    auto push = [&](Operation *producer) {
      Cluster *owner = clusterOf.lookup(producer);
      if (!(owner ? owner->ops.back() : producer)->isBeforeInBlock(first) && seen.insert(producer).second)
        work.push_back(producer);
    };
    forEachProducer(op, [&](Operation *producer) {
      if (!isMember(producer))
        push(producer);
    });
    while (!work.empty()) {
      Operation *next = work.pop_back_val();
      if (isMember(next))
        return true;
      Cluster *owner = clusterOf.lookup(next);
      if (!owner) {
        forEachProducer(next, push);
        continue;
      }
      for (Operation *member : owner->ops)
        forEachProducer(member, push);
    }
    return false;
  }

  /// Calls `visit` for each op of the block that `op`, or an op in a region of it, uses a result of.
  void forEachProducer(Operation *op, function_ref<void(Operation *)> visit) {
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (Operation *producer = operand.getDefiningOp(); producer && producer->getBlock() == &body)
          visit(producer);
    });
  }

  Block &body;
  bool contractions;
  std::vector<std::unique_ptr<Cluster>> clusters;
  llvm::DenseMap<Operation *, Cluster *> clusterOf;
};

/// A constant that is better repeated in a group than passed to it.
bool isSmallConstant(Value v) {
  DenseElementsAttr value;
  return matchPattern(v, m_Constant(&value)) && value.isSplat();
}

/// Moves the ops of a cluster into one group op.
void buildGroup(Cluster &cluster) {
  llvm::SetVector<Value> inputs, constants;
  llvm::SmallPtrSet<Operation *, 16> members(cluster.ops.begin(), cluster.ops.end());
  SmallVector<Value> outputs;
  for (Operation *op : cluster.ops) {
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp(); !producer || !members.contains(producer))
        (isSmallConstant(operand) ? constants : inputs).insert(operand);
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !members.contains(user); }))
        outputs.push_back(result);
  }
  Operation *last = cluster.ops.back();
  ImplicitLocOpBuilder b(cluster.ops.front()->getLoc(), last);
  auto group = GroupOp::create(b, TypeRange(ValueRange(outputs)), inputs.getArrayRef());
  Block *body = b.createBlock(&group.getBody());
  IRMapping map;
  for (Value input : inputs)
    map.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (Value constant : constants)
    map.map(constant, b.clone(*constant.getDefiningOp())->getResult(0));
  for (Operation *op : cluster.ops)
    b.clone(*op, map);
  YieldOp::create(b, llvm::map_to_vector(outputs, [&](Value v) { return map.lookup(v); }));
  for (auto [output, result] : llvm::zip_equal(outputs, group.getResults()))
    output.replaceUsesWithIf(result, [&](OpOperand &use) { return !members.contains(use.getOwner()); });
  for (Operation *op : llvm::reverse(cluster.ops))
    op->erase();
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
    for (const auto &cluster : grouping.getClusters())
      if (!cluster->ops.empty()) // not merged into another
        buildGroup(*cluster);
    // A group stands where its last op stood; what uses its other results may stand before.
    sortTopologically(&block);
  }
};

} // namespace
