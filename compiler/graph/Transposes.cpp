//===- Transposes.cpp - Patterns on transposes and reshapes ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/Transposes.h"
#include "dialects/ingot/Rule.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;

namespace ingot {

bool isConstantTree(Value value) {
  // Most values are decided by their first operands; the bound keeps odd graphs cheap.
  SmallVector<Value> worklist = {value};
  for (unsigned visited = 0; !worklist.empty(); ++visited) {
    Operation *op = worklist.pop_back_val().getDefiningOp();
    if (!op || visited > 64)
      return false;
    if (isa<ReadWeightOp, arith::ConstantOp>(op))
      continue;
    if (!isa_and_nonnull<IngotDialect>(op->getDialect()) || op->getNumRegions() || !isPure(op))
      return false;
    llvm::append_range(worklist, op->getOperands());
  }
  return true;
}

TransposeOp transposeOf(Value value) {
  auto op = value.getDefiningOp<TransposeOp>();
  return op && !isConstantTree(op.getX()) ? op : TransposeOp();
}

namespace {

RankedTensorType tensorOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Dimensions [from, to) of one shape that hold the same elements as dimensions of another.
struct Run {
  int64_t from, to, otherFrom, otherTo;
};

/// Splits two static shapes of equal element counts into the shortest runs that hold the same elements.
SmallVector<Run> matchingRuns(ArrayRef<int64_t> shape, ArrayRef<int64_t> other) {
  SmallVector<Run> runs;
  int64_t i = 0, j = 0, m = shape.size(), n = other.size();
  while (i < m && j < n) {
    Run run{i, i + 1, j, j + 1};
    int64_t size = shape[i++], otherSize = other[j++];
    while (size != otherSize && (size < otherSize ? i < m : j < n)) {
      if (size < otherSize)
        size *= shape[i++];
      else
        otherSize *= other[j++];
    }
    run.to = i;
    run.otherTo = j;
    runs.push_back(run);
  }
  // What is left has size 1.
  if (!runs.empty()) {
    runs.back().to = m;
    runs.back().otherTo = n;
  }
  return runs;
}

/// A reshape that only merges or splits dimensions that a transpose keeps together can come before it.
struct SinkThroughReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    TransposeOp transpose = transposeOf(op.getX());
    auto from = tensorOf(op.getX()), to = tensorOf(op.getY());
    if (!transpose || !from.hasStaticShape() || !to.hasStaticShape() || from.getNumElements() == 0)
      return failure();
    ArrayRef<int64_t> perm = transpose.getPerm();
    SmallVector<Run> runs = matchingRuns(from.getShape(), to.getShape());
    for (const Run &run : runs)
      for (int64_t i = run.from; i + 1 < run.to; ++i)
        if (perm[i + 1] != perm[i] + 1)
          return failure();
    SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, runs.size()));
    llvm::sort(order, [&](int64_t a, int64_t b) { return perm[runs[a].from] < perm[runs[b].from]; });
    SmallVector<int64_t> shape, resultPerm(to.getRank());
    for (int64_t index : order)
      for (int64_t i = runs[index].otherFrom; i < runs[index].otherTo; ++i) {
        resultPerm[i] = shape.size();
        shape.push_back(to.getDimSize(i));
      }
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, transposed(b, reshaped(b, transpose.getX(), shape), resultPerm));
    return success();
  }
};

struct ComposeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<TransposeOp>();
    if (!inner)
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, transposed(b, inner.getX(), applyPermutation(inner.getPerm(), op.getPerm())));
    return success();
  }
};

/// A transpose that only moves dimensions of size 1 leaves every element where it is.
struct TransposeToReshape : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto type = tensorOf(op.getX());
    SmallVector<int64_t> moved;
    for (int64_t dim : op.getPerm())
      if (type.getDimSize(dim) != 1)
        moved.push_back(dim);
    if (!type.hasStaticShape() || !llvm::is_sorted(moved))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, reshaped(b, op.getX(), tensorOf(op.getY()).getShape()));
    return success();
  }
};

struct ComposeReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<ReshapeOp>();
    auto type = tensorOf(op.getY());
    if (!inner || !type.hasStaticShape())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, reshaped(b, inner.getX(), type.getShape()));
    return success();
  }
};

} // namespace

void populateMeetingTransposes(RewritePatternSet &patterns) {
  patterns.add<SinkThroughReshape, ComposeTransposes, TransposeToReshape, ComposeReshapes>(patterns.getContext());
}

} // namespace ingot
