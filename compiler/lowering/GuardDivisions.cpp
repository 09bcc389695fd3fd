//===- GuardDivisions.cpp - Integer divisions that cannot trap ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Processors stop the process, or give any number, where an integer is divided by zero or the quotient overflows. Here
// such a division gets the divisor 1 instead, and the run a fault that names the node. A remainder by -1 is 0.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "dialects/ingot/Faults.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

namespace ingot {
#define GEN_PASS_DEF_GUARDDIVISIONS
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

/// What the elements of a divisor may be.
struct Divisor {
  bool maybeZero = true, maybeMinusOne = true;
};

Divisor analyze(Value divisor) {
  // A block argument of a generic op is an element of its operand.
  if (auto argument = dyn_cast<BlockArgument>(divisor))
    if (auto generic = dyn_cast<linalg::GenericOp>(argument.getOwner()->getParentOp()))
      divisor = generic.getMatchingOpOperand(argument)->get();
  Attribute value;
  Divisor result;
  if (!matchPattern(divisor, m_Constant(&value)))
    return result;
  if (auto number = dyn_cast<IntegerAttr>(value))
    return {number.getValue().isZero(), number.getValue().isAllOnes()};
  if (auto numbers = dyn_cast<DenseIntElementsAttr>(value)) {
    result = {false, false};
    for (const APInt &number : numbers) {
      result.maybeZero |= number.isZero();
      result.maybeMinusOne |= number.isAllOnes();
    }
  }
  return result;
}

/// Makes a division safe; returns when it is a fault, or null when it never is.
Value makeSafe(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  Value x = op->getOperand(0), divisor = op->getOperand(1);
  auto type = cast<IntegerType>(divisor.getType());
  auto constant = [&](const APInt &value) { return arith::ConstantOp::create(b, IntegerAttr::get(type, value)); };
  auto equal = [&](Value value, const APInt &to) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, value, constant(to));
  };
  auto [maybeZero, maybeMinusOne] = analyze(divisor);
  bool isSigned = isa<arith::DivSIOp, arith::RemSIOp>(op);
  unsigned width = type.getWidth();
  Value fault, unsafe;
  if (maybeZero)
    fault = unsafe = equal(divisor, APInt::getZero(width));
  if (isSigned && maybeMinusOne) {
    Value overflow =
        arith::AndIOp::create(b, equal(x, APInt::getSignedMinValue(width)), equal(divisor, APInt::getAllOnes(width)));
    unsafe = unsafe ? arith::OrIOp::create(b, unsafe, overflow).getResult() : overflow;
    if (isa<arith::DivSIOp>(op))
      fault = unsafe;
  }
  if (unsafe)
    op->setOperand(1, arith::SelectOp::create(b, unsafe, constant(APInt(width, 1)), divisor));
  return fault;
}

/// Evaluates `faults`, values in the body of `generic`, over its whole iteration space.
LogicalResult checkAll(linalg::GenericOp generic, ArrayRef<Value> faults) {
  // The ops behind the faults, and the inputs that they read.
  llvm::SmallPtrSet<Operation *, 16> needed;
  llvm::SmallDenseSet<unsigned> used;
  SmallVector<Value> work(faults);
  unsigned inputs = generic.getNumDpsInputs();
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(value); argument && argument.getOwner() == generic.getBody()) {
      if (argument.getArgNumber() >= inputs)
        return generic.emitError("divides integers by what it is still computing, which is not supported");
      used.insert(argument.getArgNumber());
    }
    Operation *op = value.getDefiningOp();
    if (op && op->getBlock() == generic.getBody() && needed.insert(op).second)
      llvm::append_range(work, op->getOperands());
  }
  // Their shapes must tell how far each loop goes.
  llvm::SmallBitVector covered(generic.getNumLoops());
  auto maps = generic.getIndexingMapsArray();
  auto cover = [&](unsigned operand) {
    for (AffineExpr expr : maps[operand].getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        covered.set(dim.getPosition());
  };
  for (unsigned input = 0; input < inputs; ++input)
    if (used.contains(input))
      cover(input);
  for (unsigned operand = 0; operand < maps.size() && !covered.all(); ++operand)
    if (used.insert(operand).second)
      cover(operand);

  SmallVector<unsigned> read;
  for (unsigned operand = 0; operand < maps.size(); ++operand)
    if (used.contains(operand))
      read.push_back(operand);
  SmallVector<Value> operands;
  SmallVector<AffineMap> readMaps;
  for (unsigned operand : read) {
    operands.push_back(generic->getOperand(operand));
    readMaps.push_back(maps[operand]);
  }
  ImplicitLocOpBuilder b(generic.getLoc(), generic);
  faultWhere(b, operands, readMaps, generic.getNumLoops(), [&](ImplicitLocOpBuilder &inner, ValueRange args) {
    IRMapping mapping;
    for (auto [operand, arg] : llvm::zip(read, args))
      mapping.map(generic.getBody()->getArgument(operand), arg);
    for (Operation &op : *generic.getBody())
      if (needed.contains(&op))
        inner.clone(op, mapping);
    Value any;
    for (Value fault : faults) {
      Value found = mapping.lookup(fault);
      any = any ? arith::OrIOp::create(inner, any, found).getResult() : found;
    }
    return any;
  });
  return success();
}

struct GuardDivisions : ingot::impl::GuardDivisionsBase<GuardDivisions> {
  void runOnOperation() override {
    llvm::MapVector<Operation *, SmallVector<Value>> faults; // of each generic op; of others by themselves
    SmallVector<Operation *> divisions;
    getOperation().walk([&](Operation *op) {
      if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp>(op) &&
          isa<IntegerType>(op->getResult(0).getType())) // and no index: the compiler divides those, by sizes
        divisions.push_back(op);
    });
    for (Operation *op : divisions) {
      Value fault = makeSafe(op);
      if (!fault)
        continue;
      if (auto generic = dyn_cast<linalg::GenericOp>(op->getParentOp())) {
        faults[generic].push_back(fault);
        continue;
      }
      ImplicitLocOpBuilder b(op->getLoc(), op);
      faultIf(b, fault);
    }
    for (auto &[generic, values] : faults)
      if (failed(checkAll(cast<linalg::GenericOp>(generic), values)))
        return signalPassFailure();
  }
};

} // namespace
