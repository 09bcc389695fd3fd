//===- EmitBrgemmPack.cpp - Loop nests of kernel.pack ---------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The nest is: chunks > leading dimensions, groups and panels > taps > channels. A panel's row is a vector copy where
// the columns of the source are contiguous, a transposed block of registers where its channels are, and scalars in the
// order of the panel otherwise.
//
// Panels of rows are as high as a register tile, which is less than a vector: each vector that is stored spills zeros
// into the next channel, which overwrites them. The last channel's is masked.
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/EmitBrgemm.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

namespace {

class PackEmitter {
public:
  PackEmitter(PackOp op, const CpuTarget &target, bool parallel);
  void emit();

private:
  void emitChunk(Value chunk);
  void emitPanel(Value from, Value to, int64_t used);
  void emitChannels(Value from, Value to, int64_t used);
  void emitScalars(Value from, Value to, Value channel, int64_t used, bool last);
  void emitBlock(Value from, Value to, Value channel, int64_t used, bool last);
  Value step(int64_t dim, Value index) { return b.mul(index, strides[dim]); }

  PackOp op;
  KernelBuilder b;
  ArrayRef<int64_t> panels; ///< shape
  int64_t leads, groups, count, channels, columns, width, lanes, pieces;
  int64_t low, tall; ///< columns of a panel at least, and how many of the first panels have one more
  Type element;
  SmallVector<Value> strides; ///< of the source in the order of `dims`, 0 where it has no such dimension
  View output;
};

} // namespace

PackEmitter::PackEmitter(PackOp op, const CpuTarget &target, bool parallel) : op(op), b(op) {
  auto type = cast<MemRefType>(op.getOutput().getType());
  panels = type.getShape();
  leads = panels.size() - 5;
  groups = panels[leads];
  count = panels[leads + 1];
  channels = panels[leads + 3];
  columns = op.getColumns();
  width = panels.back();
  low = op.getRows() ? columns / count : width;
  tall = op.getRows() ? columns % count : 0;
  element = type.getElementType();
  lanes = std::min<int64_t>(target.vectorBits / accumulatorType(element).getIntOrFloatBitWidth(), panelWidth);
  assert((width % lanes == 0 || width < lanes) && "a panel is whole vectors, or a part of one");

  constexpr int64_t chunkBytes = 32 * 1024, maxChunks = 64;
  int64_t outer = groups * count,
          bytes = channels * panels[leads + 2] * width * element.getIntOrFloatBitWidth() / 8;
  for (int64_t extent : panels.take_front(leads))
    outer *= ShapedType::isDynamic(extent) ? 16 : extent;
  pieces = parallel ? std::clamp<int64_t>(outer * bytes / chunkBytes, 1, std::min(maxChunks, outer)) : 1;
}

void PackEmitter::emit() {
  b.chunks(pieces, [&](Value chunk) { emitChunk(chunk); });
}

void PackEmitter::emitChunk(Value chunk) {
  output = b.view(op.getOutput(), llvm::to_vector(llvm::seq<int64_t>(panels.size())));
  View source =
      b.view(op.getSource(), llvm::to_vector(llvm::seq<int64_t>(cast<MemRefType>(op.getSource().getType()).getRank())));
  strides.clear();
  for (int64_t dim : op.getDims())
    strides.push_back(dim < 0 ? b.constant(0) : source.strides[dim]);

  Value total = b.constant(groups * count);
  for (int64_t dim = 0; dim < leads; ++dim)
    total = b.mul(total, b.size(op.getOutput(), dim));
  auto [first, last] = b.range(total, chunk, pieces);
  b.loop(first, last, 1, [&](Value index) {
    Value panel = b.rem(index, b.constant(count)), rest = b.div(index, b.constant(count));
    Value group = b.rem(rest, b.constant(groups));
    rest = b.div(rest, b.constant(groups));
    Value from = step(op.splitsK() ? leads + 3 : leads, b.mul(group, op.splitsK() ? channels : columns));
    Value to = b.add(b.mul(group, output.strides[leads]), b.mul(panel, output.strides[leads + 1]));
    from = b.add(from, step(leads, b.add(b.mul(panel, low), b.min(panel, b.constant(tall)))));
    for (int64_t dim = leads; dim-- > 0;) {
      Value extent = b.size(op.getOutput(), dim), place = dim == 0 ? rest : b.rem(rest, extent);
      rest = b.div(rest, extent);
      from = b.add(from, step(dim, place));
      to = b.add(to, b.mul(place, output.strides[dim]));
    }
    from = b.advance(source.pointer, from, element);
    to = b.advance(output.pointer, to, element);
    // Either the first panels have a column more than the rest, or the last one has fewer.
    int64_t most = tall > 0 ? low + 1 : low, least = tall > 0 ? low : columns - (count - 1) * low;
    if (count == 1 || most == least)
      return emitPanel(from, to, least);
    b.choose(
        b.compare(arith::CmpIPredicate::slt, panel, b.constant(tall > 0 ? tall : count - 1)),
        [&] { emitPanel(from, to, most); }, [&] { emitPanel(from, to, least); });
  });
}

/// Packs one panel of `used` columns.
void PackEmitter::emitPanel(Value from, Value to, int64_t used) {
  auto extent = [&](int64_t dim) {
    int64_t place = op.getDims()[leads + dim];
    return place < 0 ? 1 : cast<MemRefType>(op.getSource().getType()).getDimSize(place);
  };
  int64_t tapRows = extent(1), tapColumns = extent(2);
  b.loop(b.constant(0), b.constant(tapRows), 1, [&](Value row) {
    b.loop(b.constant(0), b.constant(tapColumns), 1, [&](Value column) {
      Value tap = b.add(b.mul(row, tapColumns), column);
      Value fromRow = op.getFlip() ? b.sub(b.constant(tapRows - 1), row) : row;
      Value fromColumn = op.getFlip() ? b.sub(b.constant(tapColumns - 1), column) : column;
      Value offset = b.add(step(leads + 1, fromRow), step(leads + 2, fromColumn));
      emitChannels(b.advance(from, offset, element), b.advance(to, b.mul(tap, channels * width), element), used);
    });
  });
}

void PackEmitter::emitChannels(Value from, Value to, int64_t used) {
  bool blocks = constantOf(strides[leads]) != 1 && constantOf(strides[leads + 3]) == 1;
  int64_t whole = blocks ? channels / lanes * lanes : 0;
  auto emitAll = [&](int64_t first, int64_t end, int64_t step, auto emitOne) {
    bool masked = width < lanes && end == channels && end > first;
    b.loop(b.constant(first), b.constant(masked ? end - step : end), step,
           [&](Value channel) { emitOne(channel, /*last=*/false); });
    if (masked)
      emitOne(b.constant(end - step), /*last=*/true);
  };
  emitAll(0, whole, lanes, [&](Value channel, bool last) { emitBlock(from, to, channel, used, last); });
  emitAll(whole, channels, 1, [&](Value channel, bool last) { emitScalars(from, to, channel, used, last); });
}

/// Packs the row of one channel, which may be the `last` one of its panel.
void PackEmitter::emitScalars(Value from, Value to, Value channel, int64_t used, bool last) {
  from = b.advance(from, step(leads + 3, channel), element);
  to = b.advance(to, b.mul(channel, width), element);
  if (constantOf(strides[leads]) == 1) {
    for (int64_t column = 0; column < width; column += lanes) {
      Value row = column < used ? b.load(VectorType::get(lanes, element), b.advance(from, column, element),
                                         b.laneMask(lanes, used - column))
                                : b.zeros(lanes, element);
      b.store(row, b.advance(to, column, element), element, last ? b.laneMask(lanes, width) : Value());
    }
    return;
  }
  b.loop(b.constant(0), b.constant(used), 1, [&](Value column) {
    b.store(b.load(element, b.advance(from, step(leads, column), element)), b.advance(to, column, element), element);
  });
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  for (int64_t column = used; column < width; ++column)
    b.store(zero, b.advance(to, column, element), element);
}

/// Packs the rows of `lanes` channels, which are contiguous in the source, by transposing squares of registers. They may
/// be the `last` ones of their panel.
void PackEmitter::emitBlock(Value from, Value to, Value channel, int64_t used, bool last) {
  auto type = VectorType::get(lanes, element);
  SmallVector<int64_t> low, high;
  for (int64_t lane = 0; lane < lanes / 2; ++lane) {
    low.append({lane, lanes + lane});
    high.append({lanes / 2 + lane, lanes + lanes / 2 + lane});
  }
  for (int64_t column = 0; column < width; column += lanes) {
    SmallVector<Value> square;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      if (column + lane >= used) {
        square.push_back(b.zeros(lanes, accumulatorType(element)));
        continue;
      }
      Value offset = b.add(b.mul(strides[leads], column + lane), channel);
      square.push_back(b.load(type, b.advance(from, offset, element)));
    }
    // Each round interleaves the upper half of the rows with the lower half; after log2(lanes) rounds rows are columns.
    for (int64_t round = lanes; round > 1; round /= 2) {
      SmallVector<Value> next;
      for (int64_t row = 0; row < lanes / 2; ++row)
        for (ArrayRef<int64_t> half : {ArrayRef(low), ArrayRef(high)})
          next.push_back(vector::ShuffleOp::create(b, square[row], square[row + lanes / 2], half));
      square = next;
    }
    for (auto [lane, row] : llvm::enumerate(square)) {
      Value offset = b.add(b.mul(channel, width), int64_t(lane) * width + column);
      bool masked = last && int64_t(lane) == lanes - 1;
      b.store(row, b.advance(to, offset, element), element, masked ? b.laneMask(lanes, width) : Value());
    }
  }
}

void ingot::emitPack(PackOp op, const CpuTarget &target, bool parallel) {
  PackEmitter(op, target, parallel).emit();
  op.erase();
}
