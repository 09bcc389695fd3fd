//===- EmitBrgemmDepthwise.cpp - Loop nests of kernel.depthwise -----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The nest is: chunks > batch and row > tiles of pixels > vectors of channels > rows of taps. A tile is a run of pixels
// of one row; its accumulators live in registers across all taps. Each input pixel is loaded once for a row of taps and
// serves every output pixel that it reaches. Where the width is known, so are the tiles that reach over the sides, and
// they leave out the pixels outside; otherwise each pixel's pointer is chosen between the image and a vector of zeros.
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/EmitBrgemm.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

namespace {

class DepthwiseEmitter {
public:
  DepthwiseEmitter(DepthwiseOp op, const CpuTarget &target, bool parallel);
  void emit();

private:
  /// Tiles of one size side by side: one at the side of the image, or a run of inner ones.
  struct Segment {
    int64_t start, count, pixels;
    bool inner;
  };

  int64_t leftmost(int64_t pixel) const { return pixel * window.strides[1] - window.pads[1]; }
  int64_t reach() const { return (window.kernel[1] - 1) * window.dilations[1]; }
  bool isInner(int64_t start, int64_t pixels) const;
  void cutRow();
  void emitChunk(Value chunk);
  void emitRow(Value batch, Value row);
  void emitTile(Value start, int64_t pixels, bool inner);
  void emitVector(Value start, int64_t pixels, bool inner, Value channel, Value mask);
  Value loadPixel(Value line, Value left, int64_t position, bool inner, Value start, Value channel, Value mask);
  std::pair<Value, Value> tapRange(Value row);

  DepthwiseOp op;
  KernelBuilder b;
  Window window;
  Epilogue epilogue;
  int64_t lanes, channels, width, outputWidth, pieces, mostPixels;
  SmallVector<Segment> segments; ///< empty where the width is not known

  View input, weights, output;
  SmallVector<View> extras;
  Epilogue::Steps steps;
  Epilogue::Position line; ///< of the current row
  Value inputBase, top, firstTap, lastTap, zeroVector, scratch, inputHeight, inputWidth;
};

} // namespace

static constexpr int64_t identity[] = {0, 1, 2, 3};

static int64_t lanesOf(DepthwiseOp op, const CpuTarget &target) {
  Type element = cast<MemRefType>(op.getInput().getType()).getElementType();
  return target.vectorBits / accumulatorType(element).getIntOrFloatBitWidth();
}

DepthwiseEmitter::DepthwiseEmitter(DepthwiseOp op, const CpuTarget &target, bool parallel)
    : op(op), b(op), window(op.getWindow()),
      epilogue(op.getEpilogue(), cast<MemRefType>(op.getOutput().getType()).getElementType(), lanesOf(op, target)),
      lanes(lanesOf(op, target)) {
  auto outputType = cast<MemRefType>(op.getOutput().getType());
  channels = outputType.getDimSize(3);
  width = cast<MemRefType>(op.getInput().getType()).getDimSize(2);
  outputWidth = outputType.getDimSize(2);
  // Accumulators, one row of weights and a pixel share the registers.
  constexpr int64_t enough = 14;
  int64_t room = int64_t(target.registers) - window.kernel[1] - 2;
  mostPixels = std::clamp<int64_t>(room, 1, target.registers == 16 ? 8 : enough);
  cutRow();

  constexpr int64_t guess = 64, flopsPerByte = 8;
  auto known = [](int64_t extent) { return ShapedType::isDynamic(extent) ? guess : extent; };
  int64_t rows = known(outputType.getDimSize(0)) * known(outputType.getDimSize(1));
  int64_t values = rows * known(outputWidth) * channels;
  int64_t work = values * std::max<int64_t>(2 * window.kernel[0] * window.kernel[1], flopsPerByte * sizeof(float));
  pieces = parallel ? chooseChunks(work, rows, 1, 1, 0, 0).outer : 1;
}

bool DepthwiseEmitter::isInner(int64_t start, int64_t pixels) const {
  return leftmost(start) >= 0 && leftmost(start + pixels - 1) + reach() < width;
}

/// Cuts a row of known width into tiles whose sizes differ by at most one.
void DepthwiseEmitter::cutRow() {
  if (ShapedType::isDynamic(width) || ShapedType::isDynamic(outputWidth) || outputWidth == 0)
    return;
  int64_t tiles = llvm::divideCeil(outputWidth, mostPixels), start = 0;
  for (int64_t tile = 0; tile < tiles; ++tile) {
    int64_t pixels = outputWidth / tiles + (tile < outputWidth % tiles);
    bool inner = isInner(start, pixels);
    Segment *last = segments.empty() ? nullptr : &segments.back();
    if (last && inner && last->inner && last->pixels == pixels)
      ++last->count;
    else
      segments.push_back({start, 1, pixels, inner});
    start += pixels;
  }
}

void DepthwiseEmitter::emit() {
  b.chunks(pieces, [&](Value chunk) { emitChunk(chunk); });
}

void DepthwiseEmitter::emitChunk(Value chunk) {
  input = b.view(op.getInput(), identity);
  weights = b.view(op.getWeights(), {0, 1, 2});
  output = b.view(op.getOutput(), identity);
  inputHeight = b.size(op.getInput(), 1);
  inputWidth = b.size(op.getInput(), 2);
  extras.clear();
  steps = {};
  steps.output = output.strides[2];
  for (Value value : op.getExtras()) {
    View extra = b.view(value, identity);
    steps.extras.push_back(extra.shape[2] == 1 ? b.constant(0) : extra.strides[2]);
    steps.wide.push_back(extra.shape[3] != 1);
    steps.elements.push_back(extra.element);
    extras.push_back(extra);
  }
  if (epilogue.isLong())
    scratch = b.reserve(mostPixels * lanes, accumulatorType(input.element));
  if (segments.empty()) {
    zeroVector = b.reserve(lanes, input.element);
    b.store(b.zeros(lanes, input.element), zeroVector, input.element);
  }

  Value rows = b.size(op.getOutput(), 1);
  auto [first, last] = b.range(b.mul(b.size(op.getOutput(), 0), rows), chunk, pieces);
  b.loop(first, last, 1, [&](Value index) { emitRow(b.div(index, rows), b.rem(index, rows)); });
}

/// The rows of taps that touch the image for output row `row`.
std::pair<Value, Value> DepthwiseEmitter::tapRange(Value row) {
  Value zero = b.constant(0), taps = b.constant(window.kernel[0]);
  if (window.pads[0] == 0 && window.pads[2] == 0)
    return {zero, taps};
  auto ceil = [&](Value value) {
    return b.div(b.add(b.max(value, zero), window.dilations[0] - 1), b.constant(window.dilations[0]));
  };
  return {ceil(b.sub(zero, top)), b.min(ceil(b.sub(inputHeight, top)), taps)};
}

void DepthwiseEmitter::emitRow(Value batch, Value row) {
  auto rowOf = [&](const View &view) {
    Value offset = view.shape[0] == 1 ? b.constant(0) : b.mul(batch, view.strides[0]);
    if (view.shape[1] != 1)
      offset = b.add(offset, b.mul(row, view.strides[1]));
    return b.advance(view.pointer, offset, view.element);
  };
  line.output = rowOf(output);
  line.extras = llvm::map_to_vector(extras, rowOf);
  inputBase = b.advance(input.pointer, b.mul(batch, input.strides[0]), input.element);
  top = b.add(b.mul(row, window.strides[0]), -window.pads[0]);
  std::tie(firstTap, lastTap) = tapRange(row);

  for (const Segment &segment : segments)
    b.loop(b.constant(0), b.constant(segment.count), 1, [&](Value tile) {
      emitTile(b.add(b.mul(tile, segment.pixels), segment.start), segment.pixels, segment.inner);
    });
  if (!segments.empty())
    return;
  Value size = b.size(op.getOutput(), 2);
  Value whole = b.mul(b.div(size, b.constant(mostPixels)), mostPixels);
  b.loop(b.constant(0), whole, mostPixels, [&](Value start) { emitTile(start, mostPixels, false); });
  b.loop(whole, size, 1, [&](Value start) { emitTile(start, 1, false); });
}

void DepthwiseEmitter::emitTile(Value start, int64_t pixels, bool inner) {
  int64_t whole = channels / lanes * lanes;
  b.loop(b.constant(0), b.constant(whole), lanes,
         [&](Value channel) { emitVector(start, pixels, inner, channel, {}); });
  if (whole < channels)
    emitVector(start, pixels, inner, b.constant(whole), b.laneMask(lanes, channels - whole));
}

/// Loads the input pixel `position` places right of `left`, or no value where it lies outside of the image for certain.
Value DepthwiseEmitter::loadPixel(Value lineStart, Value left, int64_t position, bool inner, Value start, Value channel,
                                  Value mask) {
  Value column = b.add(left, position);
  if (!inner && !segments.empty()) {
    std::optional<int64_t> fixed = constantOf(start);
    assert(fixed && "a tile at the side of an image of known width has a known place");
    int64_t place = leftmost(*fixed) + position;
    if (place < 0 || place >= width)
      return {};
  }
  Value offset = b.add(b.mul(column, input.strides[2]), channel);
  Value pointer = b.advance(lineStart, offset, input.element);
  if (segments.empty())
    pointer = b.select(b.compare(arith::CmpIPredicate::ult, column, inputWidth), pointer, zeroVector);
  return b.load(VectorType::get(lanes, input.element), pointer, mask);
}

void DepthwiseEmitter::emitVector(Value start, int64_t pixels, bool inner, Value channel, Value mask) {
  Value left = b.add(b.mul(start, window.strides[1]), -window.pads[1]);
  SmallVector<Value> sums(pixels, b.zeros(lanes, accumulatorType(input.element)));
  sums = b.loop(firstTap, lastTap, 1, sums, [&](Value tap, ValueRange carried) {
    SmallVector<Value> next(carried), taps;
    Value weightLine = b.add(b.mul(tap, weights.strides[0]), channel);
    for (int64_t column = 0; column < window.kernel[1]; ++column) {
      Value offset = b.add(weightLine, b.mul(weights.strides[1], column));
      taps.push_back(
          b.load(VectorType::get(lanes, input.element), b.advance(weights.pointer, offset, input.element), mask));
    }
    Value y = b.add(top, b.mul(tap, window.dilations[0]));
    Value lineStart = b.advance(inputBase, b.mul(y, input.strides[1]), input.element);
    for (int64_t position = 0; position <= (pixels - 1) * window.strides[1] + reach(); ++position) {
      Value pixel;
      for (int64_t column = 0; column < window.kernel[1]; ++column) {
        int64_t distance = position - column * window.dilations[1];
        if (distance < 0 || distance % window.strides[1] != 0 || distance / window.strides[1] >= pixels)
          continue;
        if (!pixel)
          pixel = loadPixel(lineStart, left, position, inner, start, channel, mask);
        if (!pixel)
          break;
        Value &sum = next[distance / window.strides[1]];
        sum = vector::FMAOp::create(b, pixel, taps[column], sum);
      }
    }
    return next;
  });

  Epilogue::Position place;
  place.output = b.advance(line.output, b.add(b.mul(start, steps.output), channel), output.element);
  for (unsigned extra = 0; extra < extras.size(); ++extra) {
    Value offset = b.mul(start, steps.extras[extra]);
    if (steps.wide[extra])
      offset = b.add(offset, channel);
    place.extras.push_back(b.advance(line.extras[extra], offset, steps.elements[extra]));
  }
  epilogue.emit(b, place, steps, sums, /*columns=*/{0}, mask, scratch);
}

void ingot::emitDepthwise(DepthwiseOp op, const CpuTarget &target, bool parallel) {
  DepthwiseEmitter(op, target, parallel).emit();
  op.erase();
}
