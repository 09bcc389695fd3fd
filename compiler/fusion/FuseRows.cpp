//===- FuseRows.cpp - Row by row through several linalg ops ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Softmax, layer norm and the like reduce each row and then read it again. Ops in sequence that treat rows one by one
// run in one loop over rows, so that a row stays in the cache, and a buffer that nothing else reads shrinks to one row.
//
// This works on memrefs, after bufferization: an access is a stride for each loop there, and ops share rows if all that
// touches a buffer moves by one stride from row to row and stays within it. Views, sizes of 1 and several results need
// no thought, and no buffer can be copied by mistake, as happens where tiles of tensors are put together again.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/cpu/EmitLoops.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FUSEROWS
#include "compiler/Passes.h.inc"

namespace {

using loops::Access;
using loops::Nest;

constexpr int64_t maxLocalBytes = 16 << 10;    ///< of one buffer that shrinks to a row on the stack
constexpr int64_t maxAllLocalBytes = 64 << 10; ///< of all of them

/// The buffer that a chain of views looks at.
Value baseOf(Value buffer) {
  while (Operation *op = buffer.getDefiningOp()) {
    if (!isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::SubViewOp, memref::CastOp>(op))
      break;
    buffer = op->getOperand(0);
  }
  return buffer;
}

/// Where one access goes in a row: elements [low, high] of the base, `stride` further for each row.
struct Footprint {
  int64_t stride, low, high;
  bool written;
};

/// An op and the loop that runs over rows.
struct RowOp {
  Nest nest;
  unsigned row;

  bool isWide() const { return nest.loops.size() > 1; }
  int64_t strideOf(const Access &access, unsigned loop) const { return *getConstantIntValue(access.strides[loop]); }
  int64_t startOf(const Access &access) const {
    auto type = cast<MemRefType>(access.buffer.getType());
    return type.getStridesAndOffset().second + *getConstantIntValue(access.start);
  }
  Footprint footprint(const Access &access) const {
    Footprint result{strideOf(access, row), startOf(access), startOf(access), access.output};
    for (auto [index, loop] : llvm::enumerate(nest.loops))
      if (index != row)
        result.high += (*loop.length() - 1) * strideOf(access, index);
    return result;
  }
};

/// Whether everything about the op is a constant, and its buffers have plain bases.
bool isStatic(linalg::GenericOp op) {
  return llvm::all_of(op->getOperands(), [](Value operand) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type)
      return true;
    SmallVector<int64_t> strides;
    int64_t offset;
    if (!type.hasStaticShape() || type.getNumElements() == 0 || failed(type.getStridesAndOffset(strides, offset)) ||
        ShapedType::isDynamic(offset) || llvm::any_of(strides, [](int64_t stride) { return stride < 0; }))
      return false;
    auto base = dyn_cast<MemRefType>(baseOf(operand).getType());
    return base && base.hasStaticShape() && base.getLayout().isIdentity();
  });
}

/// Ops in sequence that share rows.
class Run {
public:
  explicit Run(int64_t rows) : rows(rows) {}

  bool add(ImplicitLocOpBuilder &b, linalg::GenericOp op) {
    Nest nest = loops::buildNest(b, op);
    if (!nest.linear)
      return false;
    for (RowOp &candidate : candidates(b, nest))
      if (fits(candidate)) {
        for (const Access &access : candidate.nest.accesses)
          if (!access.isScalar())
            footprints[baseOf(access.buffer)].push_back(candidate.footprint(access));
        ops.push_back(std::move(candidate));
        return true;
      }
    return false;
  }

  /// At least two ops read or write rows of one buffer.
  bool isUseful() const {
    if (llvm::count_if(ops, [](const RowOp &op) { return op.isWide(); }) < 2)
      return false;
    return llvm::any_of(footprints, [](const auto &entry) {
      return llvm::count_if(entry.second, [](const Footprint &f) { return f.high > f.low; }) > 1;
    });
  }

  void emit(bool parallel);

private:
  /// The ways to see `nest` as a loop over rows.
  SmallVector<RowOp, 0> candidates(ImplicitLocOpBuilder &b, Nest &nest) {
    SmallVector<RowOp, 0> result;
    for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
      if (nest.loops[loop].reduction)
        continue;
      int64_t length = *nest.loops[loop].length();
      if (length == rows) {
        result.push_back({nest, loop});
        continue;
      }
      bool isIndexed = false;
      nest.op.getRegion().walk(
          [&](linalg::IndexOp index) { isIndexed |= nest.loopOfDim[index.getDim()] == int(loop); });
      if (length % rows || isIndexed)
        continue;
      RowOp split{nest, unsigned(nest.loops.size())};
      int64_t width = length / rows;
      split.nest.loops[loop].extent = b.getIndexAttr(width);
      split.nest.loops.push_back({b.getIndexAttr(rows), false});
      for (Access &access : split.nest.accesses)
        if (!access.isScalar())
          access.strides.push_back(b.getIndexAttr(*getConstantIntValue(access.strides[loop]) * width));
      result.push_back(std::move(split));
    }
    return result;
  }

  bool fits(const RowOp &op) {
    llvm::MapVector<Value, SmallVector<Footprint>> all = footprints;
    for (const Access &access : op.nest.accesses) {
      if (access.isScalar())
        continue;
      Footprint footprint = op.footprint(access);
      // Rows that lie side by side are columns; one at a time they would be slow.
      if (footprint.stride == 1 && footprint.high > footprint.low)
        return false;
      all[baseOf(access.buffer)].push_back(footprint);
    }
    return llvm::all_of(all, [](const auto &entry) {
      const SmallVector<Footprint> &list = entry.second;
      if (llvm::none_of(list, [](const Footprint &f) { return f.written; }))
        return true;
      return llvm::all_of(list, [&](const Footprint &f) {
        return f.stride > 0 && f.stride == list.front().stride && f.high < f.stride;
      });
    });
  }

  /// Buffers that only this run uses become one row on the stack.
  void shrinkBuffers(ImplicitLocOpBuilder &b);
  void emitOp(ImplicitLocOpBuilder &b, RowOp &op, Value row);
  int64_t countChunks();

  int64_t rows;
  SmallVector<RowOp, 0> ops;
  llvm::MapVector<Value, SmallVector<Footprint>> footprints;
  DenseMap<Value, Value> local;
};

void Run::shrinkBuffers(ImplicitLocOpBuilder &b) {
  int64_t total = 0;
  for (auto &[base, list] : footprints) {
    auto alloc = base.getDefiningOp<memref::AllocOp>();
    if (!alloc)
      continue;
    SmallVector<Value> worklist = {base};
    bool isPrivate = true;
    while (!worklist.empty())
      for (Operation *user : worklist.pop_back_val().getUsers()) {
        if (user->getNumResults() == 1 && baseOf(user->getResult(0)) == base)
          worklist.push_back(user->getResult(0));
        else
          isPrivate &= llvm::any_of(ops, [&](RowOp &op) { return op.nest.op == user; });
      }
    auto type = cast<MemRefType>(base.getType());
    int64_t bytes = list.front().stride * type.getElementTypeBitWidth() / 8;
    if (!isPrivate || bytes > maxLocalBytes || total + bytes > maxAllLocalBytes)
      continue;
    total += bytes;
    local[base] = memref::AllocaOp::create(b, MemRefType::get({list.front().stride}, type.getElementType()),
                                           b.getI64IntegerAttr(64));
  }
}

int64_t Run::countChunks() {
  double bytes = 0, operations = 0;
  for (RowOp &op : ops) {
    double iterations = 1;
    for (const loops::Loop &loop : op.nest.loops)
      iterations *= double(*loop.length());
    for (Operation &inner : op.nest.body().without_terminator())
      operations += iterations * (isa<math::MathDialect>(inner.getDialect()) ? 16 : 1);
    for (const Access &access : op.nest.accesses)
      if (!access.isScalar()) {
        Footprint footprint = op.footprint(access);
        bytes += double((footprint.high - footprint.low + 1) * rows) *
                 std::max(8u, access.element.isIndex() ? 64 : access.element.getIntOrFloatBitWidth()) / 8;
      }
  }
  return std::max<int64_t>(std::min(loops::countChunks(bytes, operations), rows), 1);
}

void Run::emitOp(ImplicitLocOpBuilder &b, RowOp &op, Value row) {
  SmallVector<unsigned> dimOfLoop(op.nest.loops.size());
  SmallVector<utils::IteratorType> iterators;
  for (auto [index, loop] : llvm::enumerate(op.nest.loops)) {
    dimOfLoop[index] = iterators.size();
    if (index != op.row)
      iterators.push_back(loop.reduction ? utils::IteratorType::reduction : utils::IteratorType::parallel);
  }
  SmallVector<Value> inputs, outputs;
  SmallVector<AffineMap> maps;
  for (const Access &access : op.nest.accesses) {
    SmallVector<AffineExpr> exprs;
    Value view = access.buffer;
    if (!access.isScalar()) {
      Value base = baseOf(access.buffer);
      int64_t start = op.startOf(access), stride = op.strideOf(access, op.row);
      OpFoldResult offset = b.getIndexAttr(start);
      if (Value buffer = local.lookup(base)) {
        base = buffer;
      } else if (stride) {
        Value moved = arith::MulIOp::create(b, row, arith::ConstantIndexOp::create(b, stride));
        offset = arith::AddIOp::create(b, moved, arith::ConstantIndexOp::create(b, start)).getResult();
      }
      SmallVector<int64_t> sizes, strides;
      for (auto [index, loop] : llvm::enumerate(op.nest.loops))
        if (int64_t step = op.strideOf(access, index); step && index != op.row) {
          sizes.push_back(*loop.length());
          strides.push_back(step);
          exprs.push_back(b.getAffineDimExpr(dimOfLoop[index]));
        }
      auto layout =
          StridedLayoutAttr::get(b.getContext(), getConstantIntValue(offset).value_or(ShapedType::kDynamic), strides);
      auto type =
          MemRefType::get(sizes, access.element, layout, cast<MemRefType>(access.buffer.getType()).getMemorySpace());
      view = memref::ReinterpretCastOp::create(b, type, base, offset, getAsIndexOpFoldResult(b.getContext(), sizes),
                                               getAsIndexOpFoldResult(b.getContext(), strides));
    }
    (access.output ? outputs : inputs).push_back(view);
    maps.push_back(AffineMap::get(iterators.size(), 0, exprs, b.getContext()));
  }
  auto generic = linalg::GenericOp::create(b, inputs, outputs, maps, iterators);
  IRMapping mapping;
  op.nest.op.getRegion().cloneInto(&generic.getRegion(), mapping);
  generic.getRegion().walk([&](linalg::IndexOp index) {
    int loop = op.nest.loopOfDim[index.getDim()];
    if (loop >= 0 && loop != int(op.row)) {
      index.setDim(dimOfLoop[loop]);
      return;
    }
    index.replaceAllUsesWith(loop < 0 ? arith::ConstantIndexOp::create(b, 0).getResult() : row);
    index.erase();
  });
}

void Run::emit(bool parallel) {
  linalg::GenericOp last = ops.back().nest.op;
  ImplicitLocOpBuilder b(last.getLoc(), last);
  OpBuilder::InsertionGuard guard(b);
  int64_t chunks = parallel ? countChunks() : 1, size = llvm::divideCeil(rows, chunks);
  chunks = llvm::divideCeil(rows, size);
  Value low = arith::ConstantIndexOp::create(b, 0), high = arith::ConstantIndexOp::create(b, rows);
  if (chunks > 1) {
    auto forall = scf::ForallOp::create(b, ArrayRef<OpFoldResult>{b.getIndexAttr(chunks)}, ValueRange(), std::nullopt);
    b.setInsertionPointToStart(forall.getBody());
    low = arith::MulIOp::create(b, forall.getInductionVar(0), arith::ConstantIndexOp::create(b, size));
    Value end = arith::AddIOp::create(b, low, arith::ConstantIndexOp::create(b, size));
    high = rows % size ? arith::MinSIOp::create(b, end, arith::ConstantIndexOp::create(b, rows)).getResult() : end;
  }
  shrinkBuffers(b);
  auto loop = scf::ForOp::create(b, low, high, arith::ConstantIndexOp::create(b, 1));
  b.setInsertionPointToStart(loop.getBody());
  for (RowOp &op : ops)
    emitOp(b, op, loop.getInductionVar());
  for (RowOp &op : ops)
    op.nest.op.erase();
}

/// Whether moving the ops around it over `op` changes nothing.
bool isTransparent(Operation &op) { return isMemoryEffectFree(&op) || isa<memref::AllocOp>(op); }

struct FuseRows : impl::FuseRowsBase<FuseRows> {
  using FuseRowsBase::FuseRowsBase;

  void runOnOperation() override {
    (void)loops::generalizeNamedOps(getOperation());
    if (getOperation().isExternal())
      return;

    // Sequences of ops with nothing between them that has an effect.
    SmallVector<SmallVector<linalg::GenericOp>> sequences(1);
    for (Operation &op : getOperation().getBody().front()) {
      auto generic = dyn_cast<linalg::GenericOp>(op);
      if (generic && cast<linalg::LinalgOp>(op).hasPureBufferSemantics() && isStatic(generic))
        sequences.back().push_back(generic);
      else if (!isTransparent(op))
        sequences.emplace_back();
    }
    for (ArrayRef<linalg::GenericOp> sequence : sequences)
      while (sequence.size() > 1)
        sequence = sequence.drop_front(fuseFront(sequence));
  }

  /// Fuses a run at the front of `sequence`, or nothing; returns how many ops are done with.
  size_t fuseFront(ArrayRef<linalg::GenericOp> sequence) {
    for (int64_t rows : rowCounts(sequence)) {
      Run run(rows);
      size_t count = 0;
      for (linalg::GenericOp op : sequence) {
        ImplicitLocOpBuilder b(op.getLoc(), op);
        if (!run.add(b, op))
          break;
        ++count;
      }
      if (!run.isUseful())
        continue;
      run.emit(parallel);
      return count;
    }
    return 1;
  }

  /// Numbers of rows to try: those of the first reduction.
  SmallVector<int64_t> rowCounts(ArrayRef<linalg::GenericOp> sequence) {
    SmallVector<int64_t> counts;
    for (linalg::GenericOp op : sequence) {
      if (!op.getNumReductionLoops())
        continue;
      ImplicitLocOpBuilder b(op.getLoc(), op);
      Nest nest = loops::buildNest(b, op);
      for (const loops::Loop &loop : nest.loops)
        if (!loop.reduction && *loop.length() > 1)
          counts.push_back(*loop.length());
      break;
    }
    return counts;
  }
};

} // namespace
} // namespace ingot
