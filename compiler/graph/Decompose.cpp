//===- Decompose.cpp - Composite ops into the ops that they stand for -----===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/Decompose.h"
#include "compiler/Passes.h"
#include "dialects/ingot/Ops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_DECOMPOSE
#include "compiler/Passes.h.inc"

bool isComposite(Operation *op) {
  return isa_and_nonnull<IngotDialect>(op->getDialect()) && isa<linalg::AggregatedOpInterface>(op);
}

static bool expands(Operation *op, bool keepRowwise) {
  if (auto row = dyn_cast<RowwiseOpInterface>(op); row && keepRowwise && row.getRowRank() > 0)
    return false;
  return isComposite(op);
}

FailureOr<SmallVector<Operation *>> decomposeComposite(Operation *op) {
  IRRewriter rewriter(op);
  Operation *before = op->getPrevNode();
  FailureOr<SmallVector<Value>> values = cast<linalg::AggregatedOpInterface>(op).decomposeOperation(rewriter);
  if (failed(values))
    return op->emitOpError("cannot be decomposed"), failure();
  for (auto [value, result] : llvm::zip_equal(*values, op->getResults()))
    if (value.getType() != result.getType())
      value = tensor::CastOp::create(rewriter, op->getLoc(), result.getType(), value);
  SmallVector<Operation *> built;
  for (Operation *next = before ? before->getNextNode() : &op->getBlock()->front(); next != op; next = next->getNextNode())
    built.push_back(next);
  rewriter.replaceOp(op, *values);
  return built;
}

LogicalResult decomposeComposites(Operation *root, bool keepRowwise) {
  SmallVector<Operation *> worklist;
  root->walk([&](Operation *op) {
    if (expands(op, keepRowwise))
      worklist.push_back(op);
  });
  while (!worklist.empty()) {
    auto built = decomposeComposite(worklist.pop_back_val());
    if (failed(built))
      return failure();
    for (Operation *op : *built)
      op->walk([&](Operation *inner) {
        if (expands(inner, keepRowwise))
          worklist.push_back(inner);
      });
  }
  return success();
}

namespace {
struct Decompose : impl::DecomposeBase<Decompose> {
  using DecomposeBase::DecomposeBase;

  void runOnOperation() override {
    if (failed(decomposeComposites(getOperation(), keepRowwise)))
      signalPassFailure();
  }
};
} // namespace

} // namespace ingot
