//===- BatchScans.cpp - What no step waits for, for all steps at once -----===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product of a slice with weights needs no carried value. One product of all slices before the scan is a far better
// kernel than one of a few rows in each step, and the scan then slices its result.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Rule.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_BATCHSCANS
#include "compiler/Passes.h.inc"

namespace {

/// The values of all steps, stacked.
struct Batch {
  Value all;
  bool backwards;
};

class ScanBatcher {
public:
  explicit ScanBatcher(ScanOp scan) : scan(scan), b(scan.getLoc(), scan) {}

  void run() {
    for (auto [i, slice] : llvm::enumerate(scan.getSlices()))
      slices[slice] = {scan.getXs()[i], scan.isBackwards(i)};
    for (Operation &op : scan.getBody().front().without_terminator())
      batch(&op);
    if (!batched.empty())
      rebuild();
  }

private:
  bool isInvariant(Value v) { return !scan.getBody().isAncestor(v.getParentRegion()); }

  void batch(Operation *op) {
    if (auto product = dyn_cast<MatMulOp>(op)) {
      Batch rows = find(product.getA());
      if (rows.all && !product.getTransposeA() && isInvariant(product.getB()) && rankOf(product.getB()) == 2)
        batched[product.getY()] = {
            b.createOrFold<MatMulOp>(rows.all, product.getB(), /*transpose_a=*/false, product.getTransposeB()), rows.backwards};
      return;
    }
    // What is computed from a product element by element is its epilogue.
    if (!isa<PointwiseOpInterface>(op) || llvm::none_of(op->getOperands(), [&](Value v) { return batched.contains(v); }))
      return;
    int64_t rank = rankOf(op->getResult(0));
    SmallVector<Value> operands;
    std::optional<bool> backwards;
    for (Value operand : op->getOperands()) {
      Batch part = find(operand);
      if (!part.all && !isInvariant(operand))
        return;
      if (part.all && (rankOf(operand) != rank || backwards.value_or(part.backwards) != part.backwards))
        return;
      if (part.all)
        backwards = part.backwards;
      operands.push_back(part.all ? part.all : operand);
    }
    batched[op->getResult(0)] = {cloneWithOperands(b, op, operands)->getResult(0), *backwards};
  }

  Batch find(Value v) const {
    auto found = batched.find(v);
    return found == batched.end() ? slices.lookup(v) : found->second;
  }

  /// A scan that slices what was computed before it.
  void rebuild() {
    unsigned carries = scan.getInits().size(), scanned = scan.getXs().size();
    Block &body = scan.getBody().front();
    SmallVector<Value> xs(scan.getXs());
    SmallVector<bool> backwards;
    for (unsigned i = 0; i < scanned; ++i)
      backwards.push_back(scan.isBackwards(i));
    for (auto &[value, batch] : batched) {
      xs.push_back(batch.all);
      backwards.push_back(batch.backwards);
      Value result = value;
      result.replaceAllUsesWith(body.insertArgument(carries + xs.size() - 1, result.getType(), result.getLoc()));
    }
    for (auto &[value, batch] : llvm::reverse(batched))
      value.getDefiningOp()->erase();
    for (unsigned i = 0; i < scan.getStacks().size(); ++i)
      backwards.push_back(scan.isStackBackwards(i));
    std::optional<int64_t> steps;
    if (scan.getSteps())
      steps = *scan.getSteps();
    auto wider = ScanOp::create(b, scan.getResultTypes(), scan.getInits(), xs, steps, backwards);
    wider.getBody().takeBody(scan.getBody());
    scan.replaceAllUsesWith(wider.getOutputs());
    scan.erase();
  }

  ScanOp scan;
  ImplicitLocOpBuilder b;
  llvm::DenseMap<Value, Batch> slices;
  llvm::MapVector<Value, Batch> batched;
};

struct BatchScans : impl::BatchScansBase<BatchScans> {
  using BatchScansBase::BatchScansBase;

  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) { scans.push_back(scan); });
    for (ScanOp scan : scans)
      ScanBatcher(scan).run();
  }
};

} // namespace
} // namespace ingot
