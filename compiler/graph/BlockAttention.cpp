//===- BlockAttention.cpp - Attention for some heads and queries at a time ===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The scores of long sequences outgrow the caches, and each of three kernels would pass over them. Neither heads nor
// queries see each other, so scans over them keep the scores of one block only, as FlashAttention does (Dao et al.,
// arXiv:2205.14135), but with all keys at once: a row of scores is short enough to need no running maximum. Heads come
// first, because a block of queries reads the keys of all of its heads.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "dialects/ingot/Movement.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Rule.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include <cmath>
#include <numeric>

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_BLOCKATTENTION
#include "compiler/Passes.h.inc"

namespace {

/// Whether dimension `dim` of a tensor of shape `shape` is cut in memory order, so that pieces need no copy.
bool isOutermost(ArrayRef<int64_t> shape, int64_t dim) {
  return llvm::all_of(shape.take_front(dim), [](int64_t size) { return size == 1; });
}

/// Dimension `dim` of `all` as `blocks` pieces, which are a new first dimension.
Value cut(ImplicitLocOpBuilder &b, Value all, int64_t dim, int64_t blocks) {
  SmallVector<int64_t> shape(shapeOf(all)), perm = llvm::to_vector(llvm::seq<int64_t>(0, shape.size() + 1));
  bool copies = !isOutermost(shape, dim);
  shape[dim] /= blocks;
  shape.insert(shape.begin() + (copies ? dim : 0), blocks);
  std::rotate(perm.begin(), perm.begin() + dim, perm.begin() + dim + 1);
  Value pieces = reshaped(b, all, shape);
  return copies ? transposed(b, pieces, perm) : pieces;
}

/// The inverse of `cut`.
Value join(ImplicitLocOpBuilder &b, Value pieces, int64_t dim) {
  SmallVector<int64_t> shape(shapeOf(pieces).drop_front()),
      perm = llvm::to_vector(llvm::seq<int64_t>(0, rankOf(pieces)));
  bool copies = !isOutermost(shape, dim);
  shape[dim] *= shapeOf(pieces).front();
  std::rotate(perm.begin(), perm.begin() + 1, perm.begin() + dim + 1);
  return reshaped(b, copies ? transposed(b, pieces, perm) : pieces, shape);
}

/// The shape of the result: [batch..., queries, depth of v].
SmallVector<int64_t> logicalShape(AttentionOp op) {
  return applyPermutation(shapeOf(op.getY()), op.dimsOf(op.getYDims()));
}

/// Cuts an attention into blocks.
class Blocks {
public:
  explicit Blocks(AttentionOp op)
      : op(op), b(op.getLoc(), op), q(transposed(b, op.getQ(), op.dimsOf(op.getQDims()))), rank(rankOf(q)),
        shape(logicalShape(op)) {}

  /// Replaces the op by a scan over `blocks` pieces of batch dimension `dim`. Returns the attention of a piece.
  AttentionOp cutBatch(int64_t dim, int64_t blocks) {
    Value k = transposed(b, op.getK(), op.dimsOf(op.getKDims())),
          v = transposed(b, op.getV(), op.dimsOf(op.getVDims()));
    SmallVector<Value> xs = {cut(b, q, dim, blocks), cut(b, k, dim, blocks), cut(b, v, dim, blocks)};
    Value mask = op.getMask();
    int64_t maskDim = mask ? rankOf(mask) - (rank - dim) : -1;
    bool cutsMask = maskDim >= 0 && sizeAt(mask, maskDim) != 1;
    if (cutsMask)
      xs.push_back(cut(b, mask, maskDim, blocks));
    AttentionOp piece;
    Value y = scan(xs, dim, blocks, [&](ValueRange slices) {
      piece = attend(slices[0], slices[1], slices[2], cutsMask ? slices[3] : mask, op.getOffset());
      return piece.getY();
    });
    replace(join(b, y, dim));
    return piece;
  }

  /// Replaces the op by a scan over blocks of `rows` queries, and one more attention for those that are left over.
  void cutQueries(int64_t rows) {
    int64_t dim = rank - 2, queries = shape[dim], blocks = queries / rows, whole = blocks * rows;
    Value mask = op.getMask();
    bool cutsMask = mask && rankOf(mask) > 1 && sizeAt(mask, rankOf(mask) - 2) != 1;
    auto slice = [&](Value x, int64_t start, int64_t end) { return sliced(b, x, rankOf(x) - 2, start, end); };

    SmallVector<Value> xs = {cut(b, slice(q, 0, whole), dim, blocks)};
    if (cutsMask)
      xs.push_back(cut(b, slice(mask, 0, whole), rankOf(mask) - 2, blocks));
    Value first = op.getOffset() ? op.getOffset() : literal(b, 0, b.getI64Type()); // the place of the first query
    if (op.getCausal())
      xs.push_back(b.createOrFold<AddOp>(range(b, getElementTypeOrSelf(first), 0, blocks, rows), first));
    shape[dim] = whole;
    Value y = scan(xs, dim, blocks, [&](ValueRange slices) {
      return attend(slices[0], op.getK(), op.getV(), cutsMask ? slices[1] : mask,
                    op.getCausal() ? slices.back() : Value())
          .getY();
    });
    y = join(b, y, dim);
    if (whole < queries) {
      Value last = b.createOrFold<AddOp>(first, literal(b, whole, getElementTypeOrSelf(first)));
      Value rest = attend(slice(q, whole, queries), op.getK(), op.getV(), cutsMask ? slice(mask, whole, queries) : mask,
                          op.getCausal() ? last : Value());
      y = ConcatOp::create(b, ValueRange{y, rest}, dim);
    }
    replace(y);
  }

private:
  AttentionOp attend(Value q, Value k, Value v, Value mask, Value offset) {
    return AttentionOp::create(b, q, k, v, mask, offset, op.getScaleAttr(), op.getCausal(), ArrayRef<int64_t>(),
                               k == op.getK() ? op.getKDims() : ArrayRef<int64_t>(),
                               v == op.getV() ? op.getVDims() : ArrayRef<int64_t>(), ArrayRef<int64_t>());
  }

  /// The results of `body` for each of the `blocks` slices of `xs`, where dimension `dim` of the result is cut.
  Value scan(ArrayRef<Value> xs, int64_t dim, int64_t blocks, function_ref<Value(ValueRange)> body) {
    Type element = getElementTypeOrSelf(op.getY());
    SmallVector<int64_t> stack(shape);
    stack[dim] /= blocks;
    stack.insert(stack.begin(), blocks);
    auto scan = ScanOp::create(b, TypeRange(RankedTensorType::get(stack, element)), ValueRange(), xs, std::nullopt,
                               ArrayRef<bool>());
    SmallVector<Type> slices;
    for (Value x : xs)
      slices.push_back(RankedTensorType::get(shapeOf(x).drop_front(), getElementTypeOrSelf(x)));
    OpBuilder::InsertionGuard guard(b);
    Block *block = b.createBlock(&scan.getBody(), {}, slices, SmallVector<Location>(slices.size(), op.getLoc()));
    YieldOp::create(b, body(block->getArguments()));
    return scan.getResult(0);
  }

  void replace(Value y) {
    op.replaceAllUsesWith(transposed(b, y, invertPermutationVector(op.dimsOf(op.getYDims()))));
    op.erase();
  }

  AttentionOp op;
  ImplicitLocOpBuilder b;
  Value q;
  int64_t rank;
  SmallVector<int64_t> shape; ///< of the result
};

struct BlockAttention : impl::BlockAttentionBase<BlockAttention> {
  using BlockAttentionBase::BlockAttentionBase;

  void runOnOperation() override {
    SmallVector<AttentionOp> ops;
    getOperation().walk([&](AttentionOp op) { ops.push_back(op); });
    auto isStatic = [](Type type) { return cast<RankedTensorType>(type).hasStaticShape(); };
    for (AttentionOp op : ops)
      if (llvm::all_of(op->getOperandTypes(), isStatic) && isStatic(op.getY().getType()) &&
          scoreBytes(op) > double(wholeBytes))
        cutToBlocks(op);
  }

  /// In a type that the scores of no operands overflow.
  static double scoreBytes(AttentionOp op) {
    double keys = sizeAt(op.getK(), op.dimsOf(op.getKDims()).end()[-2]);
    SmallVector<int64_t> shape = logicalShape(op);
    return std::accumulate(shape.begin(), shape.end() - 1, keys * sizeof(float), std::multiplies<>());
  }

  /// The smallest number from `fewest` to `most` of blocks that `size` divides into.
  static std::optional<int64_t> countEqual(int64_t size, int64_t fewest, int64_t most) {
    constexpr int64_t tries = 1 << 16; // enough for what fits in a memory
    for (int64_t blocks = fewest; blocks <= std::min(most, fewest + tries); ++blocks)
      if (size % blocks == 0)
        return blocks;
    return std::nullopt;
  }

  void cutToBlocks(AttentionOp op) {
    // Pieces of keys may be copies, which fewer queries do not pay for.
    constexpr int64_t manyQueries = 64;
    SmallVector<int64_t> shape = logicalShape(op);
    int64_t queries = shape.end()[-2];
    double blocks = std::ceil(scoreBytes(op) / double(blockBytes));
    if (blocks < 2)
      return;
    for (int64_t dim = 0, batch = queries < manyQueries ? 0 : shape.size() - 2; dim < batch; ++dim) {
      auto size = [&](Value x, ArrayRef<int64_t> dims) { return sizeAt(x, op.dimsOf(dims)[dim]); };
      if (shape[dim] == 1 || size(op.getQ(), op.getQDims()) != shape[dim] ||
          size(op.getK(), op.getKDims()) != shape[dim] || size(op.getV(), op.getVDims()) != shape[dim])
        continue;
      int64_t fewest = std::min<double>(blocks, shape[dim]);
      if (std::optional<int64_t> pieces = countEqual(shape[dim], fewest, std::min(2 * fewest, shape[dim])))
        return cutToBlocks(Blocks(op).cutBatch(dim, *pieces));
    }
    if (std::optional<int64_t> rows = countRows(queries, blocks))
      Blocks(op).cutQueries(*rows);
  }

  /// How many of `queries` queries make a block, where there should be at least `blocks` blocks.
  static std::optional<int64_t> countRows(int64_t queries, double blocks) {
    // A kernel for fewer queries reads the keys more often than it is worth.
    constexpr int64_t fewestQueries = 16;
    int64_t most = queries / fewestQueries, fewest = std::min<double>(blocks, most);
    if (fewest < 2)
      return std::nullopt;
    // Equal blocks, of which nothing is left over, may be half as large.
    if (std::optional<int64_t> equal = countEqual(queries, fewest, std::min(2 * fewest, most)))
      return queries / *equal;
    return llvm::divideCeil(queries, fewest);
  }
};

} // namespace
} // namespace ingot
