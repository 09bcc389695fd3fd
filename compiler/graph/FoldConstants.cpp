//===- FoldConstants.cpp - Evaluates what depends on weights alone --------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Compiler.h"
#include "compiler/Passes.h"
#include "compiler/cpu/CpuTarget.h"
#include "dialects/ingot/Values.h"
#include "dialects/kernel/Kernel.h"
#include "runtime/ingot.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/ScopeExit.h"

namespace ingot {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

/// Values smaller than this may grow by any factor.
constexpr int64_t smallBytes = 64 << 10;

int64_t bytesOf(Value v) {
  auto type = cast<RankedTensorType>(v.getType());
  return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
}

/// The part of a function that depends on weights and constants alone.
class ConstantPart {
public:
  ConstantPart(Block &body, unsigned growth) {
    for (Operation &op : body)
      if (int64_t roots = rootBytes(&op); roots >= 0)
        known[&op] = roots;
      else if (int64_t sum = sumOfRoots(&op); sum >= 0 && isSmallEnough(&op, sum, growth))
        known[&op] = sum;
  }

  /// The values to compute: known, but used by what is not, and not just a weight seen differently.
  SmallVector<Value> frontier(Block &body) const {
    SmallVector<Value> values;
    for (Operation &op : body) {
      if (!known.contains(&op) || isRoot(&op) || isViewOfRoot(&op))
        continue;
      for (Value result : op.getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !known.contains(body.findAncestorOpInBlock(*user)); }))
          values.push_back(result);
    }
    return values;
  }

private:
  friend void liftConstants(func::FuncOp func);
  static bool isRoot(Operation *op) { return isFree(op) || isa<tensor::EmptyOp>(op); }
  static bool isViewOfRoot(Operation *op) {
    while (op && op->hasTrait<IsView>())
      op = op->getOperand(0).getDefiningOp();
    return op && isRoot(op);
  }
  static int64_t rootBytes(Operation *op) {
    if (!isRoot(op) || !isa<RankedTensorType>(op->getResult(0).getType()))
      return -1;
    return isa<tensor::EmptyOp>(op) ? 0 : bytesOf(op->getResult(0));
  }
  /// Bytes of the weights behind the operands, or -1 when an operand is not known.
  int64_t sumOfRoots(Operation *op) const {
    if (!isPure(op) || seesItsSurroundings(op) || op->getNumOperands() == 0 || op->hasTrait<OpTrait::IsTerminator>())
      return -1;
    int64_t sum = 0;
    for (Value operand : op->getOperands()) {
      auto found = known.find(operand.getDefiningOp());
      if (!operand.getDefiningOp() || found == known.end())
        return -1;
      sum += found->second;
    }
    return sum;
  }
  static bool isSmallEnough(Operation *op, int64_t roots, unsigned growth) {
    return llvm::all_of(op->getResults(), [&](Value result) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      return type && type.hasStaticShape() && bytesOf(result) <= std::max(smallBytes, roots * int64_t(growth));
    });
  }

  llvm::DenseMap<Operation *, int64_t> known; ///< with the bytes of the weights behind each
};

/// Moves what is constant inside of branches and loops out of them.
void liftConstants(func::FuncOp func) {
  Block &body = func.getBody().front();
  SmallVector<Operation *> ops;
  body.walk<WalkOrder::PreOrder>([&](Operation *op) {
    ops.push_back(op);
    return seesItsSurroundings(op) ? WalkResult::advance() : WalkResult::skip();
  });
  llvm::SmallPtrSet<Operation *, 32> constant;
  for (Operation *op : ops) {
    bool isDerived = isPure(op) && !seesItsSurroundings(op) && op->getNumOperands() > 0 &&
                     !op->hasTrait<OpTrait::IsTerminator>() && llvm::all_of(op->getOperands(), [&](Value operand) {
                       return constant.contains(operand.getDefiningOp());
                     });
    if (!ConstantPart::isRoot(op) && !isDerived)
      continue;
    constant.insert(op);
    if (op->getBlock() != &body)
      op->moveBefore(body.findAncestorOpInBlock(*op));
  }
}

/// A module whose function computes `values` from the weights.
OwningOpRef<ModuleOp> buildEvaluator(ModuleOp module, ArrayRef<Value> values) {
  OwningOpRef<ModuleOp> evaluator = ModuleOp::create(module.getLoc());
  auto b = ImplicitLocOpBuilder::atBlockEnd(module.getLoc(), evaluator->getBody());
  llvm::SetVector<Operation *> slice;
  SmallVector<Operation *> work;
  for (Value value : values)
    work.push_back(value.getDefiningOp());
  llvm::SmallPtrSet<Operation *, 32> seen(work.begin(), work.end());
  llvm::SmallPtrSet<Attribute, 16> weights;
  while (!work.empty()) {
    Operation *op = work.pop_back_val();
    seen.insert(op);
    if (auto read = dyn_cast<ReadWeightOp>(op); read && weights.insert(read.getWeightAttr()).second)
      b.clone(*SymbolTable::lookupSymbolIn(module, read.getWeightAttr()));
    for (Value operand : op->getOperands())
      if (seen.insert(operand.getDefiningOp()).second)
        work.push_back(operand.getDefiningOp());
  }
  auto type = b.getFunctionType({}, llvm::map_to_vector(values, [](Value v) { return v.getType(); }));
  auto func = func::FuncOp::create(b, "main", type);
  b.setInsertionPointToStart(func.addEntryBlock());
  IRMapping map;
  for (Operation &op : *Value(values.front()).getParentBlock())
    if (seen.contains(&op))
      b.clone(op, map);
  func::ReturnOp::create(b, llvm::map_to_vector(values, [&](Value v) { return map.lookup(v); }));
  for (unsigned i = 0; i < values.size(); ++i)
    func.setResultAttr(i, "ingot.name", b.getStringAttr("value" + Twine(i)));
  return evaluator;
}

struct FoldConstants : ingot::impl::FoldConstantsBase<FoldConstants> {
  using FoldConstantsBase::FoldConstantsBase;

  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal() || func.isPrivate())
        continue;
      liftConstants(func);
      Block &body = func.getBody().front();
      SmallVector<Value> values = ConstantPart(body, growth).frontier(body);
      if (values.empty())
        continue;
      if (llvm::Error error = evaluate(values)) {
        func.emitError("cannot evaluate what depends on weights alone: ") << toString(std::move(error));
        return signalPassFailure();
      }
      SmallVector<Operation *> ops = llvm::map_to_vector(body, [](Operation &op) { return &op; });
      for (Operation *op : llvm::reverse(ops))
        if (isOpTriviallyDead(op))
          op->erase();
    }
  }

  /// Replaces `values` by weights: those that are known from another module of the context, such as the same model for
  /// another size, and the others by running what computes them.
  llvm::Error evaluate(ArrayRef<Value> values) {
    WeightStore &store = getContext().getLoadedDialect<IngotDialect>()->getWeights();
    SymbolTable symbols(getOperation());
    auto replace = [&](Value value, StringRef key) {
      auto b = ImplicitLocOpBuilder::atBlockBegin(value.getLoc(), getOperation().getBody());
      auto type = cast<RankedTensorType>(value.getType());
      StringAttr name = symbols.insert(WeightOp::create(b, "folded", type, key));
      b.setInsertionPointAfterValue(value);
      value.replaceAllUsesWith(ReadWeightOp::create(b, type, FlatSymbolRefAttr::get(name)));
    };
    OpPrintingFlags flags;
    flags.elideLargeElementsAttrs(std::numeric_limits<int64_t>::max()); // whatever the command line says
    SmallVector<Value> unknown;
    std::vector<std::string> computations, keys;
    for (Value value : values) {
      std::string computation;
      llvm::raw_string_ostream stream(computation);
      buildEvaluator(getOperation(), value)->print(stream, flags);
      keys.push_back(store.evaluated(computation));
      if (!keys.back().empty())
        continue;
      unknown.push_back(value);
      computations.push_back(std::move(computation));
    }
    // Only now: a value may be part of how another is computed.
    for (auto [value, key] : llvm::zip_equal(values, keys))
      if (!key.empty())
        replace(value, key);
    if (unknown.empty())
      return llvm::Error::success();
    return run(unknown, [&](size_t i, ArrayRef<char> bytes) {
      std::string key = store.add(bytes);
      store.setEvaluated(computations[i], key);
      replace(unknown[i], key);
    });
  }

  /// Runs what computes `values` on this machine.
  llvm::Error run(ArrayRef<Value> values, llvm::function_ref<void(size_t, ArrayRef<char>)> take) {
    OwningOpRef<ModuleOp> evaluator = buildEvaluator(getOperation(), values);
    Options options;
    options.target = hostTarget();
    options.evaluates = true;
    auto model = compileAndLoad(*evaluator, options);
    if (!model)
      return model.takeError();

    ingot_executable *executable = nullptr;
    ingot_context *context = nullptr;
    llvm::scope_exit close([&] {
      ingot_context_destroy(context);
      ingot_executable_close(executable);
    });
    ingot_context_options contextOptions = {sizeof(ingot_context_options), /*threads=*/2, /*spin_us=*/0};
    if (ingot_executable_open(&(*model)->model(), (*model)->weights(), &executable) ||
        ingot_context_create(executable, &contextOptions, &context))
      return llvm::createStringError(ingot_last_error());
    if (int32_t status = ingot_context_run(context)) {
      // A fault belongs to the run, which names the node.
      return status >= INGOT_FAULT ? llvm::Error::success() : llvm::createStringError(ingot_context_error(context));
    }

    for (auto [i, value] : llvm::enumerate(values))
      take(i, ArrayRef(static_cast<const char *>(ingot_context_output(context, i)), bytesOf(value)));
    return llvm::Error::success();
  }
};

} // namespace
