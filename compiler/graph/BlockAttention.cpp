//===- BlockAttention.cpp - Attention for some queries at a time ----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The scores of long sequences outgrow the caches, and each of three kernels would pass over them. Queries do not see
// each other, so a scan over blocks of them keeps the scores of one block only, as FlashAttention does (Dao et al.,
// arXiv:2205.14135), but with all keys at once: a row of scores is short enough to need no running maximum.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "dialects/ingot/Movement.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Rule.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include <limits>

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_BLOCKATTENTION
#include "compiler/Passes.h.inc"

namespace {

ArrayRef<int64_t> shapeOf(Value v) { return cast<RankedTensorType>(v.getType()).getShape(); }

/// [..., queries, x] as [blocks, ..., queries of a block, x].
Value cut(ImplicitLocOpBuilder &b, Value all, int64_t blocks) {
  int64_t rank = rankOf(all);
  SmallVector<int64_t> shape(shapeOf(all)), perm = {rank - 2};
  shape[rank - 2] /= blocks;
  shape.insert(shape.end() - 2, blocks);
  for (int64_t dim = 0; dim <= rank; ++dim)
    if (dim != rank - 2)
      perm.push_back(dim);
  return transposed(b, reshaped(b, all, shape), perm);
}

/// The inverse of `cut`.
Value join(ImplicitLocOpBuilder &b, Value blocks) {
  int64_t rank = rankOf(blocks) - 1;
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(1, rank - 1)), shape(shapeOf(blocks).drop_front());
  perm.append({0, rank - 1, rank});
  shape[rank - 2] *= shapeOf(blocks).front();
  return reshaped(b, transposed(b, blocks, perm), shape);
}

/// Replaces `op` by a scan over `blocks` blocks of its queries.
void block(AttentionOp op, int64_t blocks) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Rule r(b, getElementTypeOrSelf(op.getQ()));
  Value q = transposed(b, op.getQ(), op.dimsOf(op.getQDims())), mask = op.getMask();
  int64_t rank = rankOf(q), queries = sizeAt(q, rank - 2), keys = sizeAt(op.getK(), op.dimsOf(op.getKDims())[rank - 2]);
  bool cutsMask = mask && rankOf(mask) > 1 && sizeAt(mask, rankOf(mask) - 2) != 1;

  SmallVector<Value> xs = {cut(b, q, blocks)};
  if (cutsMask)
    xs.push_back(cut(b, mask, blocks));
  if (op.getCausal())
    xs.push_back(reshaped(b, r.counting({queries}, 0, b.getI64Type()), {blocks, queries / blocks, 1}));

  SmallVector<int64_t> logical =
      applyPermutation(shapeOf(op.getY()), op.dimsOf(op.getYDims())); // [batch..., queries, depth of v]
  logical[rank - 2] /= blocks;
  logical.insert(logical.begin(), blocks);
  auto scan = ScanOp::create(b, TypeRange(RankedTensorType::get(logical, r.element)), ValueRange(), xs, std::nullopt,
                             ArrayRef<bool>());
  {
    OpBuilder::InsertionGuard guard(b);
    SmallVector<Type> slices;
    for (Value x : xs)
      slices.push_back(RankedTensorType::get(shapeOf(x).drop_front(), getElementTypeOrSelf(x)));
    Block *body = b.createBlock(&scan.getBody(), {}, slices, SmallVector<Location>(slices.size(), op.getLoc()));
    if (cutsMask)
      mask = body->getArgument(1);
    if (op.getCausal()) {
      // The same as `causal`, but counted from the first query of all.
      Rule inside(b, r.element);
      Value seen = LessOrEqualOp::create(b, inside.counting({1, keys}, 1, b.getI64Type()), body->getArguments().back());
      Value hidden = inside.select(seen, literal(b, 0, r.element),
                                   literal(b, -std::numeric_limits<double>::infinity(), r.element));
      mask = mask ? inside.add(mask, hidden) : hidden;
    }
    Value y =
        AttentionOp::create(b, body->getArgument(0), op.getK(), op.getV(), mask, op.getScaleAttr(),
                            /*causal=*/false, ArrayRef<int64_t>(), op.getKDims(), op.getVDims(), ArrayRef<int64_t>());
    YieldOp::create(b, y);
  }
  Value y = join(b, scan.getResult(0));
  op.replaceAllUsesWith(transposed(b, y, invertPermutationVector(op.dimsOf(op.getYDims()))));
  op.erase();
}

struct BlockAttention : impl::BlockAttentionBase<BlockAttention> {
  using BlockAttentionBase::BlockAttentionBase;

  void runOnOperation() override {
    SmallVector<AttentionOp> ops;
    getOperation().walk([&](AttentionOp op) { ops.push_back(op); });
    for (AttentionOp op : ops)
      if (int64_t blocks = countBlocks(op); blocks > 1)
        block(op, blocks);
  }

  /// The fewest equal blocks whose scores are at most `blockBytes`; or 1 where all are, or no number divides the
  /// queries.
  int64_t countBlocks(AttentionOp op) {
    auto isStatic = [](Type type) { return cast<RankedTensorType>(type).hasStaticShape(); };
    if (!llvm::all_of(op->getOperandTypes(), isStatic) || !isStatic(op.getY().getType()))
      return 1;
    SmallVector<int64_t> dims = op.dimsOf(op.getKDims()),
                         logical = applyPermutation(shapeOf(op.getY()), op.dimsOf(op.getYDims()));
    int64_t rank = dims.size(), queries = logical[rank - 2];
    int64_t scores = sizeof(float) * sizeAt(op.getK(), dims[rank - 2]);
    for (int64_t size : ArrayRef(logical).drop_back())
      scores *= size;
    // A kernel for fewer queries reads the keys more often than it is worth.
    constexpr int64_t fewestQueries = 16;
    for (int64_t blocks = llvm::divideCeil(scores, int64_t(blockBytes));
         queries / std::max<int64_t>(blocks, 1) >= fewestQueries; ++blocks)
      if (blocks > 0 && queries % blocks == 0)
        return blocks;
    return 1;
  }
};

} // namespace
} // namespace ingot
