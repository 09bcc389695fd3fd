//===- Layout.cpp - Convolutions with features last -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A convolution's dimension numbers are rewritten to features last, between transposes that keep the meaning. Then the
// transposes move down through the ops below, until they meet their inverse, a shape where they move nothing, or an
// op that needs the order as it is. What a transpose of weights costs is paid at compile time.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/graph/Transposes.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Rule.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_LAYOUT
#include "compiler/Passes.h.inc"

namespace {

/// The order that puts dimension 1, the features, last.
SmallVector<int64_t> featuresLast(int64_t rank) {
  SmallVector<int64_t> perm = {0};
  for (int64_t i = 2; i < rank; ++i)
    perm.push_back(i);
  perm.push_back(1);
  return perm;
}

//===----------------------------------------------------------------------===//
// Features last
//===----------------------------------------------------------------------===//

struct ConvFeaturesLast : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    ConvNumbers n = op.getNumbers();
    int64_t rank = n.x.size();
    // Where the logical dimensions (batch, features, spatial...) are with features last, and (out, in, spatial...).
    ConvNumbers wanted = n;
    wanted.x = invertPermutationVector(featuresLast(rank));
    wanted.y = wanted.x;
    wanted.w = {rank - 1, rank - 2};
    for (int64_t i = 0; i < rank - 2; ++i)
      wanted.w.push_back(i);
    if (n.x == wanted.x && n.y == wanted.y && n.w == wanted.w)
      return failure();
    // A gradient of weights has its batch elsewhere and is better read as it lies.
    if (n.x[0] != 0 || n.y[0] != 0)
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto reorder = [&](Value v, ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
      // Place to[i] of the result holds what place from[i] of v holds.
      SmallVector<int64_t> perm(from.size());
      for (auto [source, target] : llvm::zip_equal(from, to))
        perm[target] = source;
      return transposed(b, v, perm);
    };
    Value x = reorder(op.getX(), n.x, wanted.x), w = reorder(op.getW(), n.w, wanted.w);
    Value y = ConvOp::create(b, x, w, wanted);
    rewriter.replaceOp(op, reorder(y, wanted.y, n.y));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Moving transposes down
//===----------------------------------------------------------------------===//

/// The transpose that all operands of `op`, whose full rank is `rank`, went through: each of them is that transpose, a
/// constant, or has at most one dimension that is not 1, whose transpose moves no element.
FailureOr<SmallVector<int64_t>> commonPerm(Operation *op, int64_t rank) {
  SmallVector<int64_t> perm;
  if (llvm::none_of(op->getOperands(), [](Value v) { return v.getDefiningOp<TransposeOp>(); }))
    return failure(); // most ops: before anything is walked
  for (Value operand : op->getOperands()) {
    ArrayRef<int64_t> shape = shapeOf(operand);
    if (shape.size() - llvm::count(shape, 1) <= 1 || isConstantTree(operand))
      continue;
    TransposeOp transpose = transposeOf(operand);
    if (!transpose || rankOf(operand) != rank || (!perm.empty() && transpose.getPerm() != ArrayRef(perm)))
      return failure();
    perm.assign(transpose.getPerm().begin(), transpose.getPerm().end());
  }
  return perm.empty() ? FailureOr<SmallVector<int64_t>>() : perm;
}

/// `operand` as it was before the transpose `perm`; one of lower rank gets the dimensions that broadcasting gives it.
Value beforeTranspose(ImplicitLocOpBuilder &b, Value operand, ArrayRef<int64_t> perm) {
  int64_t rank = perm.size();
  if (TransposeOp transpose = transposeOf(operand); transpose && transpose.getPerm() == perm)
    return transpose.getX();
  if (rankOf(operand) == 0)
    return operand;
  if (rankOf(operand) < rank)
    operand = unsqueezed(b, operand, llvm::to_vector(llvm::seq<int64_t>(0, rank - rankOf(operand))));
  return transposed(b, operand, invertPermutationVector(perm));
}

struct SinkThroughPointwise : OpInterfaceRewritePattern<PointwiseOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(PointwiseOpInterface op, PatternRewriter &rewriter) const override {
    FailureOr<SmallVector<int64_t>> perm = commonPerm(op, rankOf(op->getResult(0)));
    if (failed(perm))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(beforeTranspose(b, operand, *perm));
    Operation *moved = cloneWithOperands(b, op, operands);
    rewriter.replaceOp(op, transposed(b, moved->getResult(0), *perm));
    return success();
  }
};

struct SinkThroughTransposable : OpInterfaceRewritePattern<TransposableOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(TransposableOpInterface op, PatternRewriter &rewriter) const override {
    int64_t rank = rankOf(op->getOperand(0));
    FailureOr<SmallVector<int64_t>> perm = commonPerm(op, rank);
    if (failed(perm))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> sources;
    for (Value operand : op->getOperands())
      sources.push_back(rankOf(operand) == rank ? beforeTranspose(b, operand, *perm) : operand);
    SmallVector<int64_t> resultPerm;
    Value moved = op.buildTransposed(b, sources, *perm, resultPerm);
    rewriter.replaceOp(op, transposed(b, moved, resultPerm));
    return success();
  }
};

struct ExpandBatchNorm : OpRewritePattern<BatchNormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BatchNormOp op, PatternRewriter &rewriter) const override {
    FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
    if (failed(values))
      return failure();
    rewriter.replaceOp(op, *values);
    return success();
  }
};

struct Layout : impl::LayoutBase<Layout> {
  using LayoutBase::LayoutBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ConvFeaturesLast, SinkThroughPointwise, SinkThroughTransposable, ExpandBatchNorm>(&getContext());
    populateMeetingTransposes(patterns);
    populateScaleFolding(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
