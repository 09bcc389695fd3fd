//===- Mutants.cpp - Gradients with one mistake ---------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/gradients/Mutants.h"
#include "compiler/Passes.h"
#include "dialects/ingot/Movement.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/PassManager.h"
#include "tests/examples/Examples.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::tests;

namespace {

class Mutation {
public:
  explicit Mutation(func::FuncOp main)
      : ret(cast<func::ReturnOp>(main.getBody().front().getTerminator())), b(main.getLoc(), ret),
        gradients(llvm::to_vector(ret.getOperands().drop_front())), outputs(ret.getOperands()) {}

  std::vector<Mutant> run() {
    llvm::DenseSet<Operation *> forward = behind(ret.getOperand(0), {});
    for (size_t i = 0; i < gradients.size(); ++i) {
      mutateWhole(i);
      llvm::DenseSet<Operation *> own = behind(gradients[i], forward);
      rule.clear();
      for (Operation &op : *ret->getBlock())
        if (own.contains(&op))
          rule.push_back(&op);
      mutateParts(i);
    }
    ret->setOperands(outputs);
    auto main = ret->getParentOfType<func::FuncOp>();
    main.setFunctionType(b.getFunctionType(main.getArgumentTypes(), ValueRange(outputs).getTypes()));
    main.removeResAttrsAttr(); // there are more results now
    for (size_t i = 0; i < outputs.size(); ++i)
      main.setResultAttr(i, "ingot.name", b.getStringAttr(outputName(i)));
    return std::move(mutants);
  }

private:
  /// The ops that compute `value`, `known` ones and what is behind them excepted.
  static llvm::DenseSet<Operation *> behind(Value value, const llvm::DenseSet<Operation *> &known) {
    llvm::DenseSet<Operation *> seen;
    SmallVector<Value> work = {value};
    while (!work.empty()) {
      Operation *op = work.pop_back_val().getDefiningOp();
      if (!op || known.contains(op) || !seen.insert(op).second)
        continue;
      op->walk([&](Operation *part) { llvm::append_range(work, part->getOperands()); });
    }
    return seen;
  }

  void add(size_t i, const llvm::Twine &what, Value value, bool scales = false) {
    std::string name = ("operand " + llvm::Twine(i) + ": " + what).str();
    unsigned number = ++count[name];
    mutants.push_back({i, name + " (" + std::to_string(number) + ")", scales});
    outputs.push_back(value);
  }

  void mutateWhole(size_t i) {
    Value gradient = gradients[i];
    Type element = getElementTypeOrSelf(gradient);
    add(i, "negated", b.createOrFold<NegOp>(gradient), /*scales=*/true);
    add(i, "doubled", b.createOrFold<MulOp>(gradient, literal(b, 2, element)), /*scales=*/true);
    add(i, "plus one", b.createOrFold<AddOp>(gradient, literal(b, 1, element)));
    for (size_t j = 0; j < gradients.size(); ++j)
      if (gradients[j] != gradient && gradients[j].getType() == gradient.getType())
        add(i, "that of operand " + llvm::Twine(j), gradients[j]);
  }

  /// A copy of the rule in which `edit` changes the copy of `part`.
  void variant(size_t i, const llvm::Twine &what, Operation *part, llvm::function_ref<void(Operation *)> edit) {
    IRMapping map;
    for (Operation *op : rule)
      b.clone(*op, map);
    Operation *holder = UnrealizedConversionCastOp::create(b, TypeRange(), map.lookup(gradients[i]));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(map.lookup(part));
    edit(map.lookup(part));
    add(i, what, holder->getOperand(0));
    holder->erase();
  }

  /// Whether the result depends on term `term` of an addition: not on a zero, nor on the largest element, which softmax
  /// subtracts only to keep its exponentials small.
  static bool matters(Operation *op, unsigned term) {
    return !matchPattern(op->getOperand(term), m_AnyZeroFloat()) && !op->getOperand(term).getDefiningOp<ReduceMaxOp>();
  }

  /// Counts are compared; where that matters, at zeros of a product, is in subgradients.mlir.
  static bool isCount(ReduceSumOp sum) { return sum.getX().getDefiningOp<CastOp>() != nullptr; }

  static bool isSquared(Value value) {
    return llvm::all_of(value.getUsers(), [&](Operation *user) {
      DenseFPElementsAttr exponent;
      return isa<PowOp>(user) && matchPattern(user->getOperand(1), m_Constant(&exponent)) && exponent.isSplat() &&
             exponent.getSplatValue<APFloat>().convertToDouble() == 2;
    });
  }

  void mutateParts(size_t i) {
    for (Operation *op : rule) {
      StringRef name = op->getName().stripDialect();
      if (isa<AddOp, SubOp>(op) && isa<FloatType>(getElementTypeOrSelf(op->getResult(0))))
        for (unsigned term : {0, 1})
          if (matters(op, term))
            variant(i, name + " without term " + llvm::Twine(term), op,
                    [&](Operation *copy) { copy->setOperand(term, zerosLike(b, copy->getOperand(term))); });
      if (isa<SubOp, DivOp, PowOp>(op) && op->getOperand(0).getType() == op->getOperand(1).getType() &&
          !(isa<SubOp>(op) && isSquared(op->getResult(0))))
        variant(i, name + " with swapped operands", op, [](Operation *copy) {
          Value first = copy->getOperand(0);
          copy->setOperand(0, copy->getOperand(1));
          copy->setOperand(1, first);
        });
      if (auto sum = dyn_cast<ReduceSumOp>(op); sum && !isCount(sum) && sum.getX().getType().hasStaticShape()) {
        double terms = double(sum.getX().getType().getNumElements()) / sum.getType().getNumElements();
        if (terms > 1)
          variant(i, name + " that is a mean", op, [&](Operation *copy) {
            Value scale = literal(b, 1 / terms, getElementTypeOrSelf(copy->getOperand(0)));
            copy->setOperand(0, b.createOrFold<MulOp>(copy->getOperand(0), scale));
          });
      }
    }
  }

  func::ReturnOp ret;
  ImplicitLocOpBuilder b;
  SmallVector<Value> gradients, outputs;
  SmallVector<Operation *> rule;
  llvm::StringMap<unsigned> count; ///< mutants of a name
  std::vector<Mutant> mutants;
};

} // namespace

std::vector<Mutant> ingot::tests::addMutants(ModuleOp module) {
  PassManager pm(module->getContext());
  pm.addNestedPass<func::FuncOp>(createAutodiff());
  if (failed(pm.run(module))) {
    ADD_FAILURE() << "no gradient";
    return {};
  }
  return Mutation(module.lookupSymbol<func::FuncOp>("main")).run();
}
