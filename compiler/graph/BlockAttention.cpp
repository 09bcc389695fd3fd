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

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_BLOCKATTENTION
#include "compiler/Passes.h.inc"

namespace {

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

/// Replaces `op` by a scan over blocks of `rows` queries, and one more attention for those that are left over.
void block(AttentionOp op, int64_t rows) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value q = transposed(b, op.getQ(), op.dimsOf(op.getQDims())), mask = op.getMask();
  int64_t rank = rankOf(q), queries = sizeAt(q, rank - 2), blocks = queries / rows, whole = blocks * rows;
  bool cutsMask = mask && rankOf(mask) > 1 && sizeAt(mask, rankOf(mask) - 2) != 1;
  auto slice = [&](Value x, int64_t start, int64_t end) { return sliced(b, x, rankOf(x) - 2, start, end); };
  auto attend = [&](Value q, Value mask, Value offset) -> Value {
    return AttentionOp::create(b, q, op.getK(), op.getV(), mask, offset, op.getScaleAttr(), op.getCausal(),
                               ArrayRef<int64_t>(), op.getKDims(), op.getVDims(), ArrayRef<int64_t>());
  };

  SmallVector<Value> xs = {cut(b, slice(q, 0, whole), blocks)};
  if (cutsMask)
    xs.push_back(cut(b, slice(mask, 0, whole), blocks));
  Value first = op.getOffset() ? op.getOffset() : literal(b, 0, b.getI64Type()); // the place of the first query
  if (op.getCausal())
    xs.push_back(b.createOrFold<AddOp>(range(b, getElementTypeOrSelf(first), 0, blocks, rows), first));

  SmallVector<int64_t> stack =
      applyPermutation(shapeOf(op.getY()), op.dimsOf(op.getYDims())); // [batch..., queries, depth of v]
  stack[rank - 2] = rows;
  stack.insert(stack.begin(), blocks);
  auto scan = ScanOp::create(b, TypeRange(RankedTensorType::get(stack, getElementTypeOrSelf(q))), ValueRange(), xs,
                             std::nullopt, ArrayRef<bool>());
  {
    OpBuilder::InsertionGuard guard(b);
    SmallVector<Type> slices;
    for (Value x : xs)
      slices.push_back(RankedTensorType::get(shapeOf(x).drop_front(), getElementTypeOrSelf(x)));
    Block *body = b.createBlock(&scan.getBody(), {}, slices, SmallVector<Location>(slices.size(), op.getLoc()));
    Value y = attend(body->getArgument(0), cutsMask ? body->getArgument(1) : mask,
                     op.getCausal() ? body->getArguments().back() : Value());
    YieldOp::create(b, y);
  }
  Value y = join(b, scan.getResult(0));
  if (whole < queries) {
    Value last = b.createOrFold<AddOp>(first, literal(b, whole, getElementTypeOrSelf(first)));
    Value rest = attend(slice(q, whole, queries), cutsMask ? slice(mask, whole, queries) : mask,
                        op.getCausal() ? last : Value());
    y = ConcatOp::create(b, ValueRange{y, rest}, rank - 2);
  }
  op.replaceAllUsesWith(transposed(b, y, invertPermutationVector(op.dimsOf(op.getYDims()))));
  op.erase();
}

struct BlockAttention : impl::BlockAttentionBase<BlockAttention> {
  using BlockAttentionBase::BlockAttentionBase;

  void runOnOperation() override {
    SmallVector<AttentionOp> ops;
    getOperation().walk([&](AttentionOp op) { ops.push_back(op); });
    for (AttentionOp op : ops)
      if (std::optional<int64_t> rows = countRows(op))
        block(op, *rows);
  }

  /// How many queries make a block whose scores are at most `blockBytes`, where all of them are more.
  std::optional<int64_t> countRows(AttentionOp op) {
    auto isStatic = [](Type type) { return cast<RankedTensorType>(type).hasStaticShape(); };
    if (!llvm::all_of(op->getOperandTypes(), isStatic) || !isStatic(op.getY().getType()))
      return std::nullopt;
    SmallVector<int64_t> dims = op.dimsOf(op.getKDims()),
                         logical = applyPermutation(shapeOf(op.getY()), op.dimsOf(op.getYDims()));
    int64_t rank = dims.size(), queries = logical[rank - 2];
    int64_t scores = sizeof(float) * sizeAt(op.getK(), dims[rank - 2]);
    for (int64_t size : ArrayRef(logical).drop_back())
      scores *= size;
    // A kernel for fewer queries reads the keys more often than it is worth.
    constexpr int64_t fewestQueries = 16;
    int64_t fewest = llvm::divideCeil(scores, int64_t(blockBytes)), rows = llvm::divideCeil(queries, fewest);
    if (fewest < 2 || rows < fewestQueries)
      return std::nullopt;
    // Equal blocks, of which nothing is left over, may be half as large.
    for (int64_t blocks = fewest; blocks <= 2 * fewest && queries / blocks >= fewestQueries; ++blocks)
      if (queries % blocks == 0)
        return queries / blocks;
    return rows;
  }
};

} // namespace
} // namespace ingot
