//===- EmitBrgemmTile.cpp - One register tile of kernel.brgemm ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolution needs no im2col and no padded copy. Where the pixels of a tile lie in one row and no tap leaves the image
// at the sides, they have a common stride. Anywhere else each pixel has a pointer, chosen at each tap between the image
// and a row of zeros; that costs some instructions a tap, which the sum over the channels outweighs.
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/EmitBrgemmTile.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

/// From this many channels on, choosing pointers costs too little for a second loop without it.
constexpr int64_t manyChannels = 128;

constexpr int64_t lineBytes = 64; ///< of a cache

BrgemmTile::BrgemmTile(KernelBuilder &b, BrgemmOp op, const Window &window, int64_t lanes, int64_t panelVectors,
                       int64_t channels, int64_t columns, const Pieces &pieces)
    : b(b), op(op), window(window), lanes(lanes), panelVectors(panelVectors), channels(channels), columns(columns),
      epilogue(op.getEpilogue(), cast<MemRefType>(op.getOutput().getType()).getElementType(), lanes), pieces(pieces) {
  selectPiece(b.constant(0));
}

static bool hasPads(const Window &window) {
  return llvm::any_of(window.pads, [](int64_t pad) { return pad != 0; });
}

static bool dilatesInput(const Window &window) {
  return window.inputDilations[0] != 1 || window.inputDilations[1] != 1;
}

void BrgemmTile::prepare(int64_t accumulators, bool partialTiles) {
  if (epilogue.isLong() || partialTiles)
    scratch = b.reserve(accumulators * lanes, accumulatorType(input.element));
  if (!hasPads(window) && !dilatesInput(window))
    return;
  int64_t length = constantOf(input.strides[3]) == 1 ? channels : 1;
  zeroRow = b.reserve(llvm::alignTo(length, lanes), input.element);
  Value zeros = b.zeros(lanes, input.element);
  b.loop(b.constant(0), b.constant(length), lanes,
         [&](Value index) { b.store(zeros, b.advance(zeroRow, index, input.element), input.element); });
}

void BrgemmTile::moveTo(Value batch, Value row, Value group) {
  rowIndex = row;
  auto base = [&](const View &view, int64_t groupColumns) {
    Value offset = b.mul(group, b.mul(view.strides[3], groupColumns));
    for (auto [dim, index] : {std::pair(0, batch), std::pair(1, row)})
      if (view.shape[dim] != 1)
        offset = b.add(offset, b.mul(index, view.strides[dim]));
    return b.advance(view.pointer, offset, view.element);
  };
  outputBase = base(output, columns);
  extraBases.clear();
  for (const View &extra : extras)
    extraBases.push_back(base(extra, extra.shape[3] == 1 ? 0 : columns));

  Value offset = b.mul(group, b.mul(input.strides[3], channels));
  offset = b.add(offset, b.mul(batch, input.strides[0]));
  if (window.isPointwise())
    offset = b.add(offset, b.mul(row, input.strides[1]));
  inputBase = b.advance(input.pointer, offset, input.element);

  size_t lead = panels.shape.size() - 5;
  offset = b.mul(group, panels.strides[lead]);
  for (auto [dim, index] : {std::pair<size_t, Value>(0, batch), std::pair<size_t, Value>(1, row)})
    if (dim < lead && panels.shape[dim] != 1)
      offset = b.add(offset, b.mul(index, panels.strides[dim]));
  panelBase = b.advance(panels.pointer, offset, panels.element);
}

void BrgemmTile::selectVectors(Value index, int64_t vectors, int64_t used, bool partial) {
  groupVectors = vectors;
  int64_t panel = panelElements();
  Value first = b.mul(index, vectors);
  Value offset = b.mul(b.div(first, b.constant(panelVectors)), panel);
  offset = b.add(offset, b.mul(b.rem(first, b.constant(panelVectors)), lanes));
  panelPointer = b.advance(panelBase, offset, panels.element);

  Value column = b.mul(first, lanes);
  corner.output = b.advance(outputBase, column, output.element);
  corner.extras.clear();
  for (auto [extra, base] : llvm::zip_equal(extras, extraBases))
    corner.extras.push_back(extra.shape[3] == 1 ? base : b.advance(base, column, extra.element));

  masks.clear();
  vectorColumns.clear();
  vectorOffsets.clear();
  for (int64_t v = 0; v < used; ++v) {
    vectorColumns.push_back(v * lanes);
    vectorOffsets.push_back(v / panelVectors * panel + v % panelVectors * lanes);
    masks.push_back(partial && v == used - 1 ? b.laneMask(lanes, columns % lanes) : Value());
  }
}

/// The ranges of rows and columns of taps and of channels that piece `index` sums.
void BrgemmTile::cutPiece(Value index, Range &rows, Range &taps, Range &piece) {
  // From the inside out.
  auto cut = [&](int64_t size, int64_t length) -> Range {
    if (length >= size)
      return {b.constant(0), b.constant(size)};
    Value count = b.constant(llvm::divideCeil(size, length)), from = b.mul(b.rem(index, count), length);
    index = b.div(index, count);
    Value to = b.add(from, length);
    return {from, size % length == 0 ? to : b.min(to, b.constant(size))};
  };
  piece = cut(channels, pieces.channels);
  taps = cut(window.kernel[1], pieces.tapColumns);
  rows = cut(window.kernel[0], pieces.tapRows);
}

void BrgemmTile::selectPiece(Value index) {
  isFirst = b.compare(arith::CmpIPredicate::eq, index, b.constant(0));
  isLast = b.compare(arith::CmpIPredicate::eq, index, b.constant(pieces.count - 1));
  cutPiece(index, tapRows, tapColumns, channelRange);
}

void BrgemmTile::selectNext(Value index, Value piece) {
  Range rows, taps, range;
  cutPiece(piece, rows, taps, range);
  int64_t panel = panelElements();
  Value tap = tapAt(rows.first, taps.first);
  Value offset = b.mul(b.add(b.mul(tap, channels), range.first), panelWidth);
  Value first = b.div(b.mul(index, groupVectors), b.constant(panelVectors));
  nextPiece = b.advance(panelBase, b.add(b.mul(first, panel), offset), panels.element);
}

void BrgemmTile::fetchNext(Value part, int64_t parts) {
  int64_t steps = pieces.tapRows * pieces.tapColumns * pieces.channels;
  int64_t stepBytes = panelWidth * panels.element.getIntOrFloatBitWidth() / 8;
  fetchedPerStep = llvm::divideCeil(stepBytes, parts);
  // With the bytes of a step rounded up, the last parts ask for the end again.
  Value start = b.min(b.mul(part, steps * fetchedPerStep), b.constant(steps * (stepBytes - fetchedPerStep)));
  fetched = b.advance(nextPiece, start, b.getI8Type());
}

/// Asks for what `steps` steps from `channel` of tap `tap` on are to fetch.
void BrgemmTile::fetchStep(Value tap, Value channel, int64_t steps) {
  if (!fetched)
    return;
  Value firstTap = tapAt(tapRows.first, tapColumns.first), step = b.sub(channel, channelRange.first);
  step = b.add(step, b.mul(b.sub(tap, firstTap), pieces.channels));
  Value place = b.advance(fetched, b.mul(step, fetchedPerStep), b.getI8Type());
  int64_t panelBytes = panelElements() * panels.element.getIntOrFloatBitWidth() / 8;
  for (int64_t panel = 0; panel < std::max<int64_t>(groupVectors / panelVectors, 1); ++panel)
    for (int64_t offset = 0; offset < steps * fetchedPerStep; offset += lineBytes)
      LLVM::Prefetch::create(b, b.advance(place, panel * panelBytes + offset, b.getI8Type()), /*rw=*/0, /*locality=*/3,
                             /*data cache=*/1);
}

/// Asks for the lines that the tile's sums will be stored to: they would be waited for one after the other.
void BrgemmTile::fetchOutput(Value start, int64_t rows) {
  int64_t bytes = vectorColumns.size() * lanes * output.element.getIntOrFloatBitWidth() / 8;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t line = 0; line < bytes; line += lineBytes) {
      Value offset = b.add(b.mul(b.add(start, row), steps.output), line * 8 / output.element.getIntOrFloatBitWidth());
      LLVM::Prefetch::create(b, b.advance(corner.output, offset, output.element), /*rw=*/1, /*locality=*/3,
                             /*data cache=*/1);
    }
}

void BrgemmTile::emit(Value index, Value start, int64_t rows, Value validRows, Value partial) {
  Type type = accumulatorType(input.element), vector = VectorType::get(lanes, type);
  Value zero = b.zeros(lanes, type);
  int64_t count = rows * vectorColumns.size();
  auto place = [&](int64_t index) { return b.advance(partial, index * lanes, type); };
  auto startingSums = [&] {
    if (pieces.count == 1)
      return Values(count, zero);
    Values loaded;
    auto choice = scf::IfOp::create(b, SmallVector<Type>(count, vector), isFirst, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&choice.getThenRegion().front());
    scf::YieldOp::create(b, Values(count, zero));
    b.setInsertionPointToStart(&choice.getElseRegion().front());
    for (int64_t index = 0; index < count; ++index)
      loaded.push_back(b.load(vector, place(index)));
    scf::YieldOp::create(b, loaded);
    return Values(choice.getResults());
  };
  fetchOutput(start, rows);
  Values sums = sumPiece(index, start, rows, validRows, startingSums());
  auto finish = [&] {
    Epilogue::Position position;
    position.output = b.advance(corner.output, b.mul(start, steps.output), output.element);
    for (auto [pointer, step, element] : llvm::zip_equal(corner.extras, steps.extras, steps.elements))
      position.extras.push_back(b.advance(pointer, b.mul(start, step), element));
    epilogue.emit(b, position, steps, sums, vectorColumns, masks, scratch, validRows);
  };
  if (pieces.count == 1)
    return finish();
  b.choose(isLast, finish, [&] {
    for (auto [index, sum] : llvm::enumerate(sums))
      b.store(sum, place(index), type);
  });
}

BrgemmTile::Values BrgemmTile::sumPiece(Value index, Value start, int64_t rows, Value validRows, Values sums) {
  if (window.isPointwise()) {
    Rows place;
    if (op.hasPackedRows()) {
      place.first = b.advance(inputBase, b.mul(index, channels * input.shape[2]), input.element);
      place.step = inputStep;
    } else if (validRows) {
      // Rows past the end repeat the last one; their sums are not stored.
      Value last = b.add(pixels, -1);
      for (int64_t row = 0; row < rows; ++row)
        place.pointers.push_back(b.advance(inputBase, b.mul(b.min(b.add(start, row), last), inputStep), input.element));
    } else {
      place.first = b.advance(inputBase, b.mul(start, inputStep), input.element);
      place.step = inputStep;
    }
    return sumChannels(sums, place, b.constant(0), channels);
  }
  return sumWindow(sums, start, rows, validRows);
}

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

/// Adds the products of channel `channel` + `plus` to the sums, which are row-major.
void BrgemmTile::addStep(Values &sums, const Rows &rows, Value panel, Value channel, int64_t plus) {
  size_t vectors = vectorColumns.size(), height = sums.size() / vectors;
  auto loadPanel = [&](size_t v) -> Value {
    Value offset = b.add(b.mul(channel, panelWidth), plus * panelWidth + vectorOffsets[v]);
    return b.load(VectorType::get(lanes, panels.element), b.advance(panel, offset, panels.element));
  };
  auto loadRow = [&](size_t row) -> Value {
    Value step = rows.channelSteps.empty() ? input.strides[3] : rows.channelSteps[row];
    Value offset = b.add(b.mul(channel, step), b.mul(step, plus));
    Value pointer = rows.first;
    if (rows.pointers.empty())
      offset = b.add(offset, b.mul(rows.step, row));
    else
      pointer = rows.pointers[row];
    Value scalar = b.load(input.element, b.advance(pointer, offset, input.element));
    return vector::BroadcastOp::create(b, VectorType::get(lanes, scalar.getType()), scalar);
  };
  auto multiply = [&](size_t row, size_t v, Value a, Value w) {
    Value &sum = sums[row * vectors + v];
    sum = vector::FMAOp::create(b, a, w, sum);
  };
  // The shorter side stays in registers while the longer one passes.
  if (vectors <= height) {
    Values weights = llvm::map_to_vector(llvm::seq<size_t>(vectors), loadPanel);
    for (size_t row = 0; row < height; ++row) {
      Value a = loadRow(row);
      for (size_t v = 0; v < vectors; ++v)
        multiply(row, v, a, weights[v]);
    }
  } else {
    Values scalars = llvm::map_to_vector(llvm::seq<size_t>(height), loadRow);
    for (size_t v = 0; v < vectors; ++v) {
      Value w = loadPanel(v);
      for (size_t row = 0; row < height; ++row)
        multiply(row, v, scalars[row], w);
    }
  }
}

/// Adds the products of `count` channels, from the first of tap `tap` on; they may go on into the taps beside it.
BrgemmTile::Values BrgemmTile::sumChannels(ValueRange sums, const Rows &rows, Value tap, int64_t count) {
  if (count == 0)
    return Values(sums);
  Value panel = b.advance(panelPointer, b.mul(tap, channels * panelWidth), panels.element);
  int64_t unroll = chooseUnroll(count, sums.size()), whole = count / unroll * unroll;
  bool cut = pieces.channels < channels;
  assert((!cut || (count == channels && channels % unroll == 0 && pieces.channels % unroll == 0)) &&
         "a piece of channels is whole steps");
  Value from = cut ? channelRange.first : b.constant(0), to = cut ? channelRange.second : b.constant(whole);
  Values result = b.loop(from, to, unroll, sums, [&](Value channel, ValueRange carried) {
    Values next(carried);
    fetchStep(tap, channel, unroll);
    for (int64_t plus = 0; plus < unroll; ++plus)
      addStep(next, rows, panel, channel, plus);
    return next;
  });
  for (int64_t rest = whole; rest < count; ++rest)
    addStep(result, rows, panel, b.constant(rest), 0);
  return result;
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

Value BrgemmTile::tapAt(Value tapRow, Value tapColumn) {
  return b.add(b.mul(tapRow, window.kernel[1]), tapColumn);
}

/// The rows of taps of the piece that touch the image for at least one output row from `firstRow` to `lastRow`.
BrgemmTile::Range BrgemmTile::tapRange(Value firstRow, Value lastRow) {
  if (window.pads[0] == 0 && window.pads[2] == 0)
    return tapRows;
  Value zero = b.constant(0);
  Value pad = b.constant(window.pads[0]);
  Value height = b.add(b.mul(b.add(inputExtents[0], -1), window.inputDilations[0]), 1);
  auto ceil = [&](Value value) {
    return b.div(b.add(b.max(value, zero), window.dilations[0] - 1), b.constant(window.dilations[0]));
  };
  Value first = ceil(b.sub(pad, b.mul(lastRow, window.strides[0])));
  Value last = ceil(b.sub(b.add(height, pad), b.mul(firstRow, window.strides[0])));
  if (constantOf(tapRows.first) != 0)
    first = b.max(first, tapRows.first);
  return {first, b.min(last, tapRows.second)};
}

/// Sums the window for pixels with a common stride, the first at (row, column) of the output.
BrgemmTile::Values BrgemmTile::sumInterior(ValueRange sums, Value row, Value column) {
  Value top = b.add(b.mul(row, window.strides[0]), -window.pads[0]);
  Value left = b.add(b.mul(column, window.strides[1]), -window.pads[1]);
  Value corner = b.advance(inputBase, b.mul(left, input.strides[2]), input.element);
  Rows rows;
  rows.step = b.mul(input.strides[2], window.strides[1]);
  // The taps of a row follow each other in memory like their channels do: one long sum.
  bool oneSum = window.dilations[1] == 1 && window.groups == 1 && input.staticStrides[3] == 1 &&
                input.staticStrides[2] == channels && pieces.tapColumns == window.kernel[1];
  auto [firstTap, lastTap] = tapRange(row, row);
  return b.loop(firstTap, lastTap, 1, sums, [&](Value tapRow, ValueRange carried) {
    Value y = b.add(top, b.mul(tapRow, window.dilations[0]));
    Value line = b.advance(corner, b.mul(y, input.strides[1]), input.element);
    if (oneSum) {
      rows.first = line;
      return sumChannels(carried, rows, tapAt(tapRow, b.constant(0)), window.kernel[1] * channels);
    }
    return b.loop(tapColumns.first, tapColumns.second, 1, carried, [&](Value tapColumn, ValueRange inner) {
      Value x = b.mul(tapColumn, window.dilations[1]);
      rows.first = b.advance(line, b.mul(x, input.strides[2]), input.element);
      return sumChannels(inner, rows, tapAt(tapRow, tapColumn), channels);
    });
  });
}

/// Whether `position` of the dilated input is an element of the input.
Value BrgemmTile::inside(Value position, unsigned dim) {
  int64_t dilation = window.inputDilations[dim];
  // As unsigned numbers, negative positions are too large as well.
  Value extent = b.add(b.mul(b.add(inputExtents[dim], -1), dilation), 1);
  Value result = b.compare(arith::CmpIPredicate::ult, position, extent);
  if (dilation == 1)
    return result;
  Value rest = b.rem(position, b.constant(dilation));
  return arith::AndIOp::create(b, result, b.compare(arith::CmpIPredicate::eq, rest, b.constant(0)));
}

/// Sums the window for pixels anywhere, whose output rows do not decrease.
BrgemmTile::Values BrgemmTile::sumAnywhere(ValueRange sums, ValueRange rows, ValueRange columns) {
  auto place = [&](Value index, unsigned dim) { return b.add(b.mul(index, window.strides[dim]), -window.pads[dim]); };
  auto offset = [&](Value position, unsigned dim) {
    Value index = b.div(position, b.constant(window.inputDilations[dim]));
    return b.mul(index, input.strides[dim + 1]);
  };
  Values tops, lefts;
  for (auto [row, column] : llvm::zip_equal(rows, columns)) {
    tops.push_back(place(row, 0));
    lefts.push_back(place(column, 1));
  }
  bool ownSteps = zeroRow && constantOf(input.strides[3]) != 1;
  auto [firstTap, lastTap] = tapRange(rows.front(), rows.back());
  return b.loop(firstTap, lastTap, 1, sums, [&](Value tapRow, ValueRange carried) {
    Values lines, known;
    for (Value top : tops) {
      Value y = b.add(top, b.mul(tapRow, window.dilations[0]));
      lines.push_back(b.advance(inputBase, offset(y, 0), input.element));
      if (zeroRow)
        known.push_back(inside(y, 0));
    }
    return b.loop(tapColumns.first, tapColumns.second, 1, carried, [&](Value tapColumn, ValueRange inner) {
      Rows pixelRows;
      for (auto [index, left] : llvm::enumerate(lefts)) {
        Value x = b.add(left, b.mul(tapColumn, window.dilations[1]));
        Value pointer = b.advance(lines[index], offset(x, 1), input.element);
        if (zeroRow) {
          Value valid = arith::AndIOp::create(b, known[index], inside(x, 1));
          pointer = b.select(valid, pointer, zeroRow);
          if (ownSteps)
            pixelRows.channelSteps.push_back(b.select(valid, input.strides[3], b.constant(0)));
        }
        pixelRows.pointers.push_back(pointer);
      }
      return sumChannels(inner, pixelRows, tapAt(tapRow, tapColumn), channels);
    });
  });
}

BrgemmTile::Values BrgemmTile::sumWindow(ValueRange sums, Value start, int64_t rows, Value validRows) {
  Value width = extents[2];
  Value row = flatRows ? b.div(start, width) : rowIndex, column = flatRows ? b.rem(start, width) : start;

  auto anywhere = [&]() {
    Values pixelRows, pixelColumns;
    std::optional<int64_t> fixedWidth = constantOf(width);
    for (int64_t index = 0; index < rows; ++index) {
      Value pixel = b.add(start, index);
      if (validRows)
        pixel = b.min(pixel, b.add(pixels, -1));
      if (!flatRows) {
        pixelRows.push_back(row);
        pixelColumns.push_back(pixel);
      } else if (!validRows && fixedWidth && *fixedWidth >= rows) {
        // At most one end of a row lies between the first pixel and this one.
        Value next = b.add(column, index);
        Value wraps = b.compare(arith::CmpIPredicate::sge, next, width);
        pixelRows.push_back(b.select(wraps, b.add(row, 1), row));
        pixelColumns.push_back(b.select(wraps, b.sub(next, width), next));
      } else {
        pixelRows.push_back(b.div(pixel, width));
        pixelColumns.push_back(b.rem(pixel, width));
      }
    }
    return sumAnywhere(sums, pixelRows, pixelColumns);
  };

  int64_t outputWidth = output.shape[2], reach = (window.kernel[1] - 1) * window.dilations[1];
  bool never = validRows || dilatesInput(window) || channels >= manyChannels ||
               (!ShapedType::isDynamic(outputWidth) && rows > outputWidth);
  if (never)
    return anywhere();

  Value last = b.add(column, rows - 1), condition;
  auto require = [&](arith::CmpIPredicate predicate, Value a, Value c) {
    Value holds = b.compare(predicate, a, c);
    condition = condition ? arith::AndIOp::create(b, condition, holds).getResult() : holds;
  };
  if (flatRows)
    require(arith::CmpIPredicate::slt, last, width);
  if (window.pads[1] > 0)
    require(arith::CmpIPredicate::sge, b.mul(column, window.strides[1]), b.constant(window.pads[1]));
  if (window.pads[3] > 0)
    require(arith::CmpIPredicate::slt, b.add(b.mul(last, window.strides[1]), reach - window.pads[1]), inputExtents[1]);
  if (!condition)
    return sumInterior(sums, row, column);
  auto choice = scf::IfOp::create(b, TypeRange(sums), condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&choice.getThenRegion().front());
  scf::YieldOp::create(b, sumInterior(sums, row, column));
  b.setInsertionPointToStart(&choice.getElseRegion().front());
  scf::YieldOp::create(b, anywhere());
  return Values(choice.getResults());
}
