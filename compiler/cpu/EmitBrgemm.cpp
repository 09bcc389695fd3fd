//===- EmitBrgemm.cpp - Loop nests of kernel.brgemm -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The nest is: chunks > batch, row and group that do not flatten > blocks of tiles whose rows fit the second cache >
// sets of groups of panels > pieces of the sum whose panel fits that cache too > groups of panels > tiles > taps >
// channels. A tile is a run of pixels times a group of vectors; its accumulators live in registers across the taps and
// channels of a piece, and in memory between two pieces. Most sums are one piece, and then all groups are one set. See
// EmitBrgemmTile.cpp for what happens inside of a tile.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/cpu/EmitBrgemmTile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ingot {
#define GEN_PASS_DEF_EMITBRGEMM
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

/// The dimension whose stride leads from one pixel to the next when the pixels of `dims` (innermost first) count as one
/// dimension, -1 where all pixels are the same element, or nothing where no single stride does.
static std::optional<int> flatten(MemRefType type, ArrayRef<int64_t> place, ArrayRef<int> dims,
                                  ArrayRef<int64_t> extents) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return std::nullopt;
  SmallVector<int> used;
  for (int dim : dims)
    if (extents[dim] != 1)
      used.push_back(dim);
  if (llvm::all_of(used, [&](int dim) { return type.getDimSize(place[dim]) == 1; }))
    return -1;
  for (auto [inner, outer] : llvm::zip(used, ArrayRef(used).drop_front(used.empty() ? 0 : 1))) {
    int64_t in = place[inner], out = place[outer];
    if (type.getDimSize(in) == 1 || type.getDimSize(out) == 1)
      return std::nullopt;
    if (!ShapedType::isDynamic(strides[in]) && !ShapedType::isDynamic(strides[out]) && !type.isDynamicDim(in)) {
      if (strides[out] != strides[in] * type.getDimSize(in))
        return std::nullopt;
      continue;
    }
    bool adjacent = out < in;
    for (int64_t between = out + 1; between < in; ++between)
      adjacent &= type.getDimSize(between) == 1;
    if (!adjacent || !type.getLayout().isIdentity())
      return std::nullopt;
  }
  return used.front();
}

namespace {

class BrgemmEmitter {
public:
  BrgemmEmitter(BrgemmOp op, const CpuTarget &target, bool parallel);
  void emit();

private:
  static constexpr int64_t identity[] = {0, 1, 2, 3};
  static constexpr int64_t mostPartials = 16 * 1024; ///< partial sums in memory, in elements
  static constexpr int64_t fewestToFetch = 4;        ///< tiles that can share the fetching of what comes next

  int64_t partialsOfTile() const { return shape.rows * shape.vectors * lanes; }
  int64_t partialsOfGroup() const { return blockTiles * partialsOfTile(); }
  void chooseShapes(bool parallel);
  void emitChunk(Value chunk);
  void emitOuter(BrgemmTile &tile, Value outer, Value firstTile, Value lastTile, Value columnPiece);
  void emitBlock(BrgemmTile &tile, Value firstTile, Value lastTile, Value columnPiece);
  void emitGroups(BrgemmTile &tile, Value firstGroup, Value lastGroup, Value firstTile, Value lastTile, Value piece);
  void emitTiles(BrgemmTile &tile, Value firstTile, Value lastTile, Value partial);
  std::optional<int> flattened(Value value, ArrayRef<int64_t> place, ArrayRef<int> dims) {
    return flatten(cast<MemRefType>(value.getType()), place, dims, output);
  }
  bool flattens(ArrayRef<int> dims);
  Value rowStride(const View &view, std::optional<int> dim) { return *dim < 0 ? b.constant(0) : view.strides[*dim]; }

  BrgemmOp op;
  CpuTarget target;
  KernelBuilder b;
  Window window;
  SmallVector<int64_t, 4> output; ///< logical extents
  SmallVector<int, 3> pixelDims;  ///< what a tile's pixels run over, innermost first
  int64_t lanes, panelVectors, channels, columns;
  Tile shape;
  Chunks chunks;
  int64_t outerCount, pixels; ///< or dynamic
  int64_t blockTiles;
  Pieces pieces;
  int64_t groups;    ///< of panels, in all
  int64_t setGroups; ///< groups of panels whose partial sums fit in `partials`
  Value partials;
};

} // namespace

static int64_t product(ArrayRef<int64_t> values) {
  int64_t result = 1;
  for (int64_t value : values)
    result = ShapedType::isDynamic(value) || ShapedType::isDynamic(result) ? ShapedType::kDynamic : result * value;
  return result;
}

static Type inputElement(BrgemmOp op) { return cast<MemRefType>(op.getInput().getType()).getElementType(); }

BrgemmEmitter::BrgemmEmitter(BrgemmOp op, const CpuTarget &target, bool parallel)
    : op(op), target(target), b(op), window(op.getWindow()) {
  ArrayRef<int64_t> shape = cast<MemRefType>(op.getOutput().getType()).getShape();
  for (int64_t dim : window.outputDims)
    output.push_back(shape[dim]);
  ArrayRef<int64_t> panels = cast<MemRefType>(op.getPanels().getType()).getShape();
  channels = panels[panels.size() - 2];
  columns = output[3] / window.groups;
  lanes = target.vectorBits / accumulatorType(inputElement(op)).getIntOrFloatBitWidth();
  panelVectors = std::max<int64_t>(panelWidth / lanes, 1);
  chooseShapes(parallel);
}

bool BrgemmEmitter::flattens(ArrayRef<int> dims) {
  if (!flattened(op.getOutput(), window.outputDims, dims))
    return false;
  if (window.isPointwise() && !op.hasPackedRows() && !flattened(op.getInput(), window.inputDims, dims))
    return false;
  for (Value extra : op.getExtras())
    if (!flattened(extra, identity, dims))
      return false;
  // A matrix for each batch or row keeps that dimension outside.
  ArrayRef<int64_t> lead = cast<MemRefType>(op.getPanels().getType()).getShape().drop_back(5);
  return llvm::all_of(dims, [&](int dim) { return dim >= int(lead.size()) || lead[dim] == 1; });
}

void BrgemmEmitter::chooseShapes(bool parallel) {
  pixelDims = {2};
  if (flattens({2, 1})) {
    pixelDims = {2, 1};
    if (window.isPointwise() && flattens({2, 1, 0}))
      pixelDims = {2, 1, 0};
  }
  SmallVector<int64_t> inside, outside = {window.groups};
  for (int dim : {0, 1, 2})
    (llvm::is_contained(pixelDims, dim) ? inside : outside).push_back(output[dim]);
  pixels = product(inside);
  outerCount = product(outside);

  constexpr int64_t manyRows = 1024, guess = 64;
  int64_t vectors = llvm::divideCeil(columns, lanes);
  int64_t rows = ShapedType::isDynamic(pixels) ? manyRows : std::max<int64_t>(pixels, 1);
  // Rows of a convolution have an address register each.
  int64_t maxRows = window.isPointwise() ? maxPointwiseRows : target.registers == 16 ? 6 : 12;
  shape = chooseTile(target, rows, vectors, panelVectors, maxRows);
  if (std::optional<ArrayRef<int64_t>> tile = op.getTile())
    shape = {(*tile)[0], std::max<int64_t>((*tile)[1] / lanes, 1)};
  if (op.hasPackedRows())
    shape.rows = cast<MemRefType>(op.getInput().getType()).getShape().back();

  int64_t taps = window.kernel[0] * window.kernel[1];
  int64_t bytes = inputElement(op).getIntOrFloatBitWidth() / 8;
  pieces = choosePieces(target, shape, lanes, window.kernel[0], window.kernel[1], channels, bytes);
  int64_t perPixel = channels * window.strides[0] * window.strides[1] * bytes;
  int64_t outer = ShapedType::isDynamic(outerCount) ? guess : outerCount;
  if (ShapedType::isDynamic(pixels))
    rows = guess;
  if (parallel)
    chunks = chooseChunks(2 * outer * rows * columns * channels * taps, outer, llvm::divideCeil(rows, shape.rows),
                          llvm::divideCeil(vectors, shape.vectors), rows * perPixel, columns * channels * taps * bytes);
  // Of a window's input, every piece reads all channels sooner or later.
  int64_t perPiece = window.isPointwise() ? perPixel / channels * pieces.channels : perPixel;
  blockTiles = std::max<int64_t>(target.l2Bytes / 2 / (perPiece * shape.rows), 1);
  if (!ShapedType::isDynamic(pixels))
    blockTiles = std::min<int64_t>(
        blockTiles, llvm::divideCeil(llvm::divideCeil(std::max<int64_t>(rows, 1), shape.rows), chunks.rows));
  groups = llvm::divideCeil(vectors, shape.vectors);
  int64_t ofChunk = llvm::divideCeil(groups, chunks.columns);
  setGroups = pieces.count == 1 ? ofChunk : std::clamp<int64_t>(mostPartials / partialsOfGroup(), 1, ofChunk);
}

void BrgemmEmitter::emit() {
  if (outerCount != 0 && pixels != 0 && columns != 0)
    b.chunks(chunks.count(), [&](Value chunk) { emitChunk(chunk); });
}

void BrgemmEmitter::emitChunk(Value chunk) {
  BrgemmTile tile(b, op, window, lanes, panelVectors, channels, columns, pieces);
  tile.input = op.hasPackedRows() ? b.view(op.getInput(), {0, 2, 4, 3}) : b.view(op.getInput(), window.inputDims);
  tile.output = b.view(op.getOutput(), window.outputDims);
  tile.panels =
      b.view(op.getPanels(), llvm::to_vector(llvm::seq<int64_t>(cast<MemRefType>(op.getPanels().getType()).getRank())));
  for (Value extra : op.getExtras())
    tile.extras.push_back(b.view(extra, identity));
  for (int dim : {0, 1, 2})
    tile.extents.push_back(b.size(op.getOutput(), window.outputDims[dim]));
  if (!window.isPointwise())
    for (int dim : {1, 2})
      tile.inputExtents.push_back(b.size(op.getInput(), window.inputDims[dim]));
  tile.flatRows = pixelDims.size() > 1;

  tile.steps.output = rowStride(tile.output, flattened(op.getOutput(), window.outputDims, pixelDims));
  if (op.hasPackedRows())
    tile.inputStep = tile.input.strides[2];
  else if (window.isPointwise())
    tile.inputStep = rowStride(tile.input, flattened(op.getInput(), window.inputDims, pixelDims));
  for (const View &extra : tile.extras) {
    tile.steps.extras.push_back(rowStride(extra, flattened(extra.memref, identity, pixelDims)));
    tile.steps.wide.push_back(extra.shape[3] != 1);
    tile.steps.elements.push_back(extra.element);
  }
  tile.prepare(shape.rows * shape.vectors, ShapedType::isDynamic(pixels));
  if (pieces.count > 1)
    partials = b.reserve(setGroups * partialsOfGroup(), accumulatorType(inputElement(op)));

  Value outer = b.constant(window.groups), count = b.constant(1);
  for (int dim : {0, 1, 2}) {
    Value &total = llvm::is_contained(pixelDims, dim) ? count : outer;
    total = b.mul(total, tile.extents[dim]);
  }
  tile.pixels = count;
  Value tiles = ShapedType::isDynamic(pixels) ? b.div(b.add(count, shape.rows - 1), b.constant(shape.rows))
                                              : b.constant(llvm::divideCeil(pixels, shape.rows));

  Value columnPiece = b.rem(chunk, b.constant(chunks.columns));
  Value rest = b.div(chunk, b.constant(chunks.columns));
  auto [firstTile, lastTile] = b.range(tiles, b.rem(rest, b.constant(chunks.rows)), chunks.rows);
  auto [firstOuter, lastOuter] = b.range(outer, b.div(rest, b.constant(chunks.rows)), chunks.outer);
  b.loop(firstOuter, lastOuter, 1,
         [&, first = firstTile, last = lastTile](Value index) { emitOuter(tile, index, first, last, columnPiece); });
}

void BrgemmEmitter::emitOuter(BrgemmTile &tile, Value outer, Value firstTile, Value lastTile, Value columnPiece) {
  // The outer index counts batches, rows and groups, as far as pixels do not.
  Value group = b.rem(outer, b.constant(window.groups));
  Value rest = b.div(outer, b.constant(window.groups));
  Value place[2] = {b.constant(0), b.constant(0)};
  if (!llvm::is_contained(pixelDims, 1)) {
    place[1] = b.rem(rest, tile.extents[1]);
    rest = b.div(rest, tile.extents[1]);
  }
  if (!llvm::is_contained(pixelDims, 0))
    place[0] = rest;
  tile.moveTo(place[0], place[1], group);

  bool one = !ShapedType::isDynamic(pixels) &&
             int64_t(llvm::divideCeil(llvm::divideCeil(pixels, shape.rows), chunks.rows)) <= blockTiles;
  if (one)
    return emitBlock(tile, firstTile, lastTile, columnPiece);
  b.loop(firstTile, lastTile, blockTiles,
         [&](Value first) { emitBlock(tile, first, b.min(b.add(first, blockTiles), lastTile), columnPiece); });
}

void BrgemmEmitter::emitBlock(BrgemmTile &tile, Value firstTile, Value lastTile, Value columnPiece) {
  auto [first, last] = b.range(b.constant(groups), columnPiece, chunks.columns);
  if (pieces.count == 1)
    return emitGroups(tile, first, last, firstTile, lastTile, b.constant(0));
  b.loop(first, last, setGroups, [&, last = last](Value set) {
    Value end = b.min(b.add(set, setGroups), last);
    b.loop(b.constant(0), b.constant(pieces.count), 1, [&](Value piece) {
      tile.selectPiece(piece);
      emitGroups(tile, set, end, firstTile, lastTile, piece);
    });
  });
}

void BrgemmEmitter::emitGroups(BrgemmTile &tile, Value first, Value last, Value firstTile, Value lastTile,
                               Value piece) {
  // Groups of vectors that are full, then at most one with the vectors that remain, the last of them maybe in part.
  int64_t vectors = llvm::divideCeil(columns, lanes), full = columns / lanes / shape.vectors;
  auto emitGroup = [&](Value group, int64_t used, bool partial) {
    tile.selectVectors(group, shape.vectors, used, partial);
    // What comes next: the same piece of the next group, or the next piece of the set's first. After the last of them
    // it is another chunk's.
    Value another = b.compare(arith::CmpIPredicate::slt, b.add(group, 1), last);
    if (pieces.count == 1)
      tile.selectNext(b.add(group, 1), piece);
    else
      tile.selectNext(b.select(another, b.add(group, 1), first), b.select(another, piece, b.add(piece, 1)));
    Value place;
    if (pieces.count > 1)
      place = b.advance(partials, b.mul(b.sub(group, first), partialsOfGroup()), accumulatorType(inputElement(op)));
    emitTiles(tile, firstTile, lastTile, place);
  };
  b.loop(first, b.min(last, b.constant(full)), 1, [&](Value group) { emitGroup(group, shape.vectors, false); });
  if (full < groups)
    b.loop(b.max(first, b.constant(full)), last, 1,
           [&](Value group) { emitGroup(b.constant(full), vectors - full * shape.vectors, columns % lanes != 0); });
}

void BrgemmEmitter::emitTiles(BrgemmTile &tile, Value firstTile, Value lastTile, Value partial) {
  auto emitTile = [&](Value index, Value start, int64_t rows, Value validRows) {
    Value place;
    if (partial)
      place = b.advance(partial, b.mul(b.sub(index, firstTile), partialsOfTile()), accumulatorType(inputElement(op)));
    if (blockTiles >= fewestToFetch && (groups > 1 || pieces.count > 1))
      tile.fetchNext(b.sub(index, firstTile), blockTiles);
    tile.emit(index, start, rows, validRows, place);
  };
  if (ShapedType::isDynamic(pixels)) {
    Value full = b.div(tile.pixels, b.constant(shape.rows));
    b.loop(firstTile, b.min(lastTile, full), 1,
           [&](Value index) { emitTile(index, b.mul(index, shape.rows), shape.rows, {}); });
    b.loop(b.max(firstTile, full), lastTile, 1, [&](Value index) {
      Value start = b.mul(index, shape.rows);
      emitTile(index, start, shape.rows, b.sub(tile.pixels, start));
    });
    return;
  }
  // The first `tall` tiles have one row more than the others.
  int64_t tiles = llvm::divideCeil(pixels, shape.rows), low = pixels / tiles, tall = pixels % tiles;
  b.loop(firstTile, b.min(lastTile, b.constant(tall)), 1,
         [&](Value index) { emitTile(index, b.mul(index, low + 1), low + 1, {}); });
  b.loop(b.max(firstTile, b.constant(tall)), lastTile, 1,
         [&](Value index) { emitTile(index, b.add(b.mul(index, low), tall), low, {}); });
}

void ingot::emitBrgemm(BrgemmOp op, const CpuTarget &target, bool parallel) {
  BrgemmEmitter(op, target, parallel).emit();
  op.erase();
}

namespace {

struct EmitBrgemm : ingot::impl::EmitBrgemmBase<EmitBrgemm> {
  using EmitBrgemmBase::EmitBrgemmBase;

  void runOnOperation() override {
    CpuTarget target;
    target.vectorBits = vectorBits;
    target.registers = registers;
    target.l2Bytes = l2Bytes;
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa_and_nonnull<KernelDialect>(op->getDialect()) && isa<DestinationStyleOpInterface>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (!isa<MemRefType>(op->getOperands().back().getType())) {
        op->emitOpError("must be on memrefs before loops are emitted");
        return signalPassFailure();
      }
      llvm::TypeSwitch<Operation *>(op)
          .Case([&](BrgemmOp brgemm) { emitBrgemm(brgemm, target, parallel); })
          .Case([&](DepthwiseOp depthwise) { emitDepthwise(depthwise, target, parallel); })
          .Case([&](PackOp pack) { emitPack(pack, target, parallel); });
    }
  }
};

} // namespace
