//===- Window.cpp - Inference, gradients and lowering of Window.td --------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Window.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Inference.h"
#include "dialects/ingot/LinalgBuilder.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

constexpr auto parallel = utils::IteratorType::parallel;
constexpr auto reduction = utils::IteratorType::reduction;

//===----------------------------------------------------------------------===//
// WindowNumbers
//===----------------------------------------------------------------------===//

int64_t WindowNumbers::outputSize(size_t dim, int64_t size, int64_t window) const {
  if (ShapedType::isDynamic(size) || ShapedType::isDynamic(window))
    return ShapedType::kDynamic;
  int64_t room = spread(dim, size) + low[dim] + high[dim] - reach(dim, window);
  return room < 0 ? -1 : room / strides[dim] + 1;
}

OpFoldResult WindowNumbers::outputSizeOf(ImplicitLocOpBuilder &b, size_t dim, Value padded, int64_t paddedDim,
                                         OpFoldResult window) const {
  AffineExpr size = b.getAffineDimExpr(0), taps = b.getAffineDimExpr(1);
  AffineExpr result = (size - (taps - 1) * dilations[dim] - 1).floorDiv(strides[dim]) + 1;
  return affine::makeComposedFoldedAffineApply(
      b, b.getLoc(), AffineMap::get(2, 0, result), {sizeOf(b, padded, paddedDim), window});
}

LogicalResult WindowNumbers::verify(MaybeLoc loc, size_t rank) const {
  for (ArrayRef<int64_t> list : {ArrayRef(strides), ArrayRef(low), ArrayRef(high), ArrayRef(dilations), ArrayRef(inputDilations)})
    if (list.size() != rank)
      return emitOptionalError(loc, "found a list of ", list.size(), " numbers for a window of ", rank, " dimensions");
  for (ArrayRef<int64_t> list : {ArrayRef(strides), ArrayRef(dilations), ArrayRef(inputDilations)})
    for (int64_t number : list)
      if (number < 1)
        return emitOptionalError(loc, "strides and dilations must be positive, but found ", number);
  return success();
}

Value padForWindow(ImplicitLocOpBuilder &b, Value x, const WindowNumbers &n, Value fill) {
  size_t rank = n.rank();
  auto zeros = [](int64_t pad) { return pad == 0; };
  if (llvm::all_of(n.low, zeros) && llvm::all_of(n.high, zeros) && llvm::all_of(n.inputDilations, [](int64_t d) { return d == 1; }))
    return x;
  Location loc = b.getLoc();
  Sizes sizes, strides, offsets, full, cropOffsets, cropSizes, ones(rank, b.getIndexAttr(1));
  bool crops = false;
  for (size_t i = 0; i < rank; ++i) {
    int64_t low = std::max<int64_t>(n.low[i], 0), high = std::max<int64_t>(n.high[i], 0);
    sizes.push_back(sizeOf(b, x, i));
    strides.push_back(b.getIndexAttr(n.inputDilations[i]));
    offsets.push_back(b.getIndexAttr(low));
    AffineExpr size = b.getAffineDimExpr(0), spread = (size - 1) * n.inputDilations[i] + 1;
    auto apply = [&](AffineExpr e) { return affine::makeComposedFoldedAffineApply(b, loc, AffineMap::get(1, 0, e), {sizes[i]}); };
    full.push_back(apply(spread + low + high));
    cropOffsets.push_back(b.getIndexAttr(low - n.low[i]));
    cropSizes.push_back(apply(spread + n.low[i] + n.high[i]));
    crops |= n.low[i] < 0 || n.high[i] < 0;
  }
  Value padded = tensor::InsertSliceOp::create(b, x, filledTensor(b, full, fill), offsets, sizes, strides);
  return crops ? tensor::ExtractSliceOp::create(b, padded, cropOffsets, cropSizes, ones).getResult() : padded;
}

SmallVector<int64_t> samePads(ArrayRef<int64_t> sizes, ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                              ArrayRef<int64_t> dilations, bool upper) {
  size_t rank = kernel.size();
  SmallVector<int64_t> pads(2 * rank, 0);
  for (size_t i = 0; i < rank; ++i) {
    int64_t stride = strides.empty() ? 1 : strides[i], dilation = dilations.empty() ? 1 : dilations[i];
    int64_t outputs = llvm::divideCeil(sizes[i], stride);
    int64_t total = std::max<int64_t>(0, (outputs - 1) * stride + (kernel[i] - 1) * dilation + 1 - sizes[i]);
    pads[i] = upper ? total / 2 : total - total / 2;
    pads[rank + i] = total - pads[i];
  }
  return pads;
}

//===----------------------------------------------------------------------===//
// Numbers and inference of the ops
//===----------------------------------------------------------------------===//

template <typename Adaptor> static WindowNumbers numbersOf(Adaptor op, ArrayRef<int64_t> inputDilations = {}) {
  WindowNumbers n(cast<RankedTensorType>(op.getX().getType()).getRank());
  auto take = [](SmallVector<int64_t> &list, ArrayRef<int64_t> given) {
    if (!given.empty())
      list.assign(given.begin(), given.end());
  };
  take(n.strides, op.getStrides());
  take(n.low, op.getLow());
  take(n.high, op.getHigh());
  take(n.dilations, op.getDilations());
  take(n.inputDilations, inputDilations);
  return n;
}

WindowNumbers WindowMaxOp::getNumbers() { return numbersOf<Adaptor>(*this); }
WindowNumbers WindowMaxGradientOp::getNumbers() { return numbersOf<Adaptor>(*this); }
WindowNumbers WindowMaxSelectOp::getNumbers() { return numbersOf<Adaptor>(*this); }
WindowNumbers WindowSumOp::getNumbers() { return numbersOf<Adaptor>(*this, getInputDilations()); }

/// `given` unless every number is `standard`, when it may be left out.
static ArrayRef<int64_t> unless(ArrayRef<int64_t> given, int64_t standard) {
  return llvm::all_of(given, [&](int64_t number) { return number == standard; }) ? ArrayRef<int64_t>() : given;
}

void WindowMaxOp::build(OpBuilder &b, OperationState &state, Value x, ArrayRef<int64_t> window, const WindowNumbers &n) {
  build(b, state, x, window, unless(n.strides, 1), unless(n.low, 0), unless(n.high, 0), unless(n.dilations, 1));
}

void WindowSumOp::build(OpBuilder &b, OperationState &state, Value x, ArrayRef<int64_t> window, const WindowNumbers &n) {
  build(b, state, x, window, unless(n.strides, 1), unless(n.low, 0), unless(n.high, 0), unless(n.dilations, 1),
        unless(n.inputDilations, 1));
}

static LogicalResult inferWindow(MaybeLoc loc, Value x, ArrayRef<int64_t> window, const WindowNumbers &n, Types &types) {
  auto type = cast<RankedTensorType>(x.getType());
  if (window.size() != size_t(type.getRank()))
    return emitOptionalError(loc, "found a window of ", window.size(), " dimensions for ", type);
  if (failed(n.verify(loc, window.size())))
    return failure();
  SmallVector<int64_t> shape;
  for (auto [i, taps] : llvm::enumerate(window)) {
    int64_t size = n.outputSize(i, type.getDimSize(i), taps);
    if (taps < 1 || (size < 0 && !ShapedType::isDynamic(size)))
      return emitOptionalError(loc, "a window of ", taps, " along dimension ", i, " does not fit in the padded ", type);
    shape.push_back(size);
  }
  types.push_back(type.clone(shape));
  return success();
}

LogicalResult WindowMaxOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor adaptor, Types &types) {
  return inferWindow(loc, adaptor.getX(), adaptor.getWindow(), numbersOf(adaptor), types);
}

LogicalResult WindowSumOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor adaptor, Types &types) {
  return inferWindow(loc, adaptor.getX(), adaptor.getWindow(), numbersOf(adaptor, adaptor.getInputDilations()), types);
}

LogicalResult WindowMaxGradientOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor adaptor, Types &types) {
  if (failed(inferWindow(loc, adaptor.getX(), adaptor.getWindow(), numbersOf(adaptor), types)))
    return failure();
  if (failed(verifyCompatibleShape(types.front(), adaptor.getDy().getType())))
    return emitOptionalError(loc, "expected a cotangent of shape ", types.front(), ", but found ", adaptor.getDy().getType());
  types.front() = adaptor.getX().getType();
  return success();
}

LogicalResult WindowMaxSelectOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor adaptor, Types &types) {
  if (failed(inferWindow(loc, adaptor.getX(), adaptor.getWindow(), numbersOf(adaptor), types)))
    return failure();
  if (failed(verifyCompatibleShape(adaptor.getX().getType(), adaptor.getFrom().getType())))
    return emitOptionalError(loc, "expected operands of one shape, but found ", adaptor.getX().getType(), " and ",
                             adaptor.getFrom().getType());
  return success();
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// Windows of at most this many elements read each of them at once, which leaves the loops parallel.
constexpr int64_t unrollLimit = 32;

using Combine = llvm::function_ref<Value(ImplicitLocOpBuilder &, Value sum, Value element)>;

static Sizes outputSizes(ImplicitLocOpBuilder &b, Value padded, ArrayRef<int64_t> window,
                                             const WindowNumbers &n) {
  Sizes sizes;
  for (auto [i, taps] : llvm::enumerate(window))
    sizes.push_back(n.outputSizeOf(b, i, padded, i, b.getIndexAttr(taps)));
  return sizes;
}

/// Reduces each window of `padded`, starting from `start`, of compute type.
static Value reduceWindows(ImplicitLocOpBuilder &b, Value padded, ArrayRef<int64_t> window, const WindowNumbers &n,
                           TypedAttr start, Combine combine) {
  auto type = cast<RankedTensorType>(padded.getType());
  Type storage = type.getElementType();
  unsigned rank = window.size();
  MLIRContext *context = b.getContext();
  Sizes sizes = outputSizes(b, padded, window, n);
  SmallVector<utils::IteratorType> loops(rank, parallel);
  if (llvm::product_of(window) <= unrollLimit) {
    // One operand for each place of the window: the elements that all windows have there.
    SmallVector<Value> operands;
    SmallVector<int64_t> place(rank, 0);
    Sizes strides = getAsIndexOpFoldResult(context, n.strides);
    for (bool more = true; more;) {
      Sizes offsets;
      for (unsigned i = 0; i < rank; ++i)
        offsets.push_back(b.getIndexAttr(place[i] * n.dilations[i]));
      operands.push_back(tensor::ExtractSliceOp::create(b, padded, offsets, sizes, strides));
      more = false;
      for (int64_t i = rank - 1; i >= 0 && !more; --i) {
        more = ++place[i] < window[i];
        if (!more)
          place[i] = 0;
      }
    }
    SmallVector<AffineMap> maps(operands.size(), b.getMultiDimIdentityMap(rank));
    return buildParallel(b, operands, maps, sizes, storage, [&](ImplicitLocOpBuilder &b, ValueRange args) {
      Value sum = fromStorage(b, args[0], storage);
      for (Value element : args.drop_front())
        sum = combine(b, sum, fromStorage(b, element, storage));
      return toStorage(b, sum, storage);
    });
  }
  // A second operand gives the window's loops their extents; nothing reads it.
  SmallVector<AffineExpr> exprs, places;
  Sizes extents;
  for (unsigned i = 0; i < rank; ++i) {
    AffineExpr expr = b.getAffineDimExpr(i) * n.strides[i];
    if (window[i] > 1) {
      places.push_back(b.getAffineDimExpr(rank + places.size()));
      extents.push_back(b.getIndexAttr(window[i]));
      loops.push_back(reduction);
      expr = expr + places.back() * n.dilations[i];
    }
    exprs.push_back(expr);
  }
  unsigned count = loops.size();
  SmallVector<AffineExpr> outs;
  for (unsigned i = 0; i < rank; ++i)
    outs.push_back(b.getAffineDimExpr(i));
  AffineMap maps[] = {AffineMap::get(count, 0, exprs, context), AffineMap::get(count, 0, places, context),
                      AffineMap::get(count, 0, outs, context)};
  Value shape = emptyTensor(b, extents, storage);
  Value init = filledTensor(b, sizes, arith::ConstantOp::create(b, start));
  auto body = [&](OpBuilder &nested, Location loc, ValueRange args) {
    ImplicitLocOpBuilder b(loc, nested);
    linalg::YieldOp::create(b, combine(b, args[2], fromStorage(b, args[0], storage)));
  };
  Value result =
      linalg::GenericOp::create(b, init.getType(), ValueRange{padded, shape}, init, maps, loops, body).getResult(0);
  return roundTensor(b, result, storage);
}

/// What no element of `type` is smaller than.
static TypedAttr smallest(Builder &b, Type element, Type type) {
  if (auto number = dyn_cast<FloatType>(type))
    return b.getFloatAttr(type, APFloat::getInf(number.getFloatSemantics(), /*Negative=*/true));
  unsigned width = type.getIntOrFloatBitWidth();
  return b.getIntegerAttr(type, isUnsignedType(element) ? APInt::getMinValue(width) : APInt::getSignedMinValue(width));
}

static Value larger(ImplicitLocOpBuilder &b, bool isUnsigned, Value a, Value element) {
  // One instruction, which `maximumf` is not.
  if (isa<FloatType>(a.getType()))
    return arith::SelectOp::create(b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, element, a), element, a);
  return isUnsigned ? arith::MaxUIOp::create(b, a, element).getResult() : arith::MaxSIOp::create(b, a, element).getResult();
}

SmallVector<Value> WindowMaxOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  Type element = getElementTypeOrSelf(getX()), storage = storageType(element);
  Value padded = padForWindow(b, operands[0], getNumbers(), arith::ConstantOp::create(b, smallest(b, element, storage)));
  auto combine = [&](ImplicitLocOpBuilder &b, Value a, Value value) { return larger(b, isUnsignedType(element), a, value); };
  return {reduceWindows(b, padded, getWindow(), getNumbers(), smallest(b, element, computeType(storage)), combine)};
}

SmallVector<Value> WindowSumOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  Type storage = storageType(getElementTypeOrSelf(getX())), compute = computeType(storage);
  Value padded = padForWindow(b, operands[0], getNumbers(), scalarConstant(b, storage, 0));
  auto combine = [&](ImplicitLocOpBuilder &b, Value a, Value value) -> Value {
    if (isa<FloatType>(compute))
      return arith::AddFOp::create(b, a, value);
    return arith::AddIOp::create(b, a, value);
  };
  return {reduceWindows(b, padded, getWindow(), getNumbers(), b.getZeroAttr(compute), combine)};
}

namespace {
/// Loops over all windows and the places of each; the places of padded x, or of what is read instead, are `inputs`.
struct WindowLoops {
  MLIRContext *context;
  Sizes extents;
  SmallVector<AffineExpr> outs, places, inputs;
  SmallVector<utils::IteratorType> loops;

  WindowLoops(ImplicitLocOpBuilder &b, ArrayRef<int64_t> window, const WindowNumbers &n)
      : context(b.getContext()), loops(window.size(), parallel) {
    unsigned rank = window.size();
    for (unsigned i = 0; i < rank; ++i) {
      outs.push_back(b.getAffineDimExpr(i));
      places.push_back(b.getAffineDimExpr(rank + i));
      inputs.push_back(outs[i] * n.strides[i] + places[i] * n.dilations[i]);
      extents.push_back(b.getIndexAttr(window[i]));
    }
    loops.append(rank, reduction);
  }
  AffineMap mapOf(ArrayRef<AffineExpr> exprs) const {
    return AffineMap::get(loops.size(), 0, exprs, context);
  }
};
} // namespace

SmallVector<Value> WindowMaxGradientOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  WindowNumbers n = getNumbers();
  ArrayRef<int64_t> window = getWindow();
  Type element = getElementTypeOrSelf(getX()), compute = computeType(element), i32 = b.getI32Type();
  unsigned rank = window.size();
  WindowLoops w(b, window, n);
  Value shape = emptyTensor(b, w.extents, i32);
  /// The number of the window's place that the loops are at.
  auto placeNumber = [&](ImplicitLocOpBuilder &b) -> Value {
    Value number = arith::ConstantIndexOp::create(b, 0);
    for (unsigned i = 0; i < rank; ++i) {
      Value scaled = arith::MulIOp::create(b, number, arith::ConstantIndexOp::create(b, window[i]));
      number = arith::AddIOp::create(b, scaled, linalg::IndexOp::create(b, rank + i));
    }
    return arith::IndexCastOp::create(b, i32, number);
  };
  // First each window's largest element and its place; then each element gathers from the windows that chose it, so
  // that no two iterations write one place.
  Value smallestElement = arith::ConstantOp::create(b, smallest(b, element, element));
  Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(-1));
  Value padded = padForWindow(b, operands[0], n, smallestElement);
  Sizes sizes = outputSizes(b, padded, window, n);
  Value best = filledTensor(b, sizes, smallestElement), place = filledTensor(b, sizes, none);
  auto choose = [&](OpBuilder &nested, Location loc, ValueRange args) {
    ImplicitLocOpBuilder b(loc, nested);
    Value greater = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, args[0], args[2]);
    Value value = arith::SelectOp::create(b, greater, args[0], args[2]);
    linalg::YieldOp::create(b, ValueRange{value, arith::SelectOp::create(b, greater, placeNumber(b), args[3])});
  };
  auto chosen = linalg::GenericOp::create(b, TypeRange{best.getType(), place.getType()}, ValueRange{padded, shape},
                                          ValueRange{best, place},
                                          ArrayRef{w.mapOf(w.inputs), w.mapOf(w.places), w.mapOf(w.outs), w.mapOf(w.outs)},
                                          w.loops, choose);
  // Element i is place k of window o where o * stride = i + low - k * dilation: with the windows spread out by the
  // stride, the places run backwards over them.
  WindowNumbers back(rank);
  auto x = cast<RankedTensorType>(getX().getType());
  auto y = cast<RankedTensorType>(getDy().getType());
  for (unsigned i = 0; i < rank; ++i) {
    back.inputDilations[i] = n.strides[i];
    back.low[i] = (window[i] - 1) * n.dilations[i] - n.low[i];
    // Windows may leave a few last elements out, which then need padding of their own.
    int64_t left = x.isDynamicDim(i) || y.isDynamicDim(i) ? n.strides[i] - 1
                   : x.getDimSize(i) + n.low[i] - ((y.getDimSize(i) - 1) * n.strides[i] + 1);
    back.high[i] = x.isDynamicDim(i) || y.isDynamicDim(i) ? (window[i] - 1) * n.dilations[i] - n.high[i] + left : left;
  }
  Value spreadDy = padForWindow(b, operands[1], back, scalarConstant(b, element, 0));
  Value spreadPlace = padForWindow(b, chosen.getResult(1), back, none);
  for (unsigned i = 0; i < rank; ++i)
    w.inputs[i] = w.outs[i] + ((window[i] - 1) - w.places[i]) * n.dilations[i];
  Value init = filledTensor(b, sizesOf(b, operands[0]), scalarConstant(b, compute, 0));
  auto gather = [&](OpBuilder &nested, Location loc, ValueRange args) {
    ImplicitLocOpBuilder b(loc, nested);
    Value here = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, args[1], placeNumber(b));
    Value part = arith::SelectOp::create(b, here, fromStorage(b, args[0], element), scalarConstant(b, compute, 0));
    linalg::YieldOp::create(b, arith::AddFOp::create(b, args[3], part).getResult());
  };
  Value sum = linalg::GenericOp::create(b, init.getType(), ValueRange{spreadDy, spreadPlace, shape}, init,
                                        ArrayRef{w.mapOf(w.inputs), w.mapOf(w.inputs), w.mapOf(w.places), w.mapOf(w.outs)},
                                        w.loops, gather)
                  .getResult(0);
  return {roundTensor(b, sum, element)};
}

SmallVector<Value> WindowMaxSelectOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  WindowNumbers n = getNumbers();
  Type element = getElementTypeOrSelf(getX());
  WindowLoops w(b, getWindow(), n);
  Value smallestElement = arith::ConstantOp::create(b, smallest(b, element, element)), zero = scalarConstant(b, element, 0);
  Value padded = padForWindow(b, operands[0], n, smallestElement), from = padForWindow(b, operands[1], n, zero);
  Sizes sizes = outputSizes(b, padded, getWindow(), n);
  Value best = filledTensor(b, sizes, smallestElement), selected = filledTensor(b, sizes, zero);
  auto choose = [&](OpBuilder &nested, Location loc, ValueRange args) {
    ImplicitLocOpBuilder b(loc, nested);
    Value greater = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, args[0], args[3]);
    linalg::YieldOp::create(b, ValueRange{arith::SelectOp::create(b, greater, args[0], args[3]),
                                          arith::SelectOp::create(b, greater, args[1], args[4])});
  };
  return {linalg::GenericOp::create(
              b, TypeRange{best.getType(), selected.getType()}, ValueRange{padded, from, emptyTensor(b, w.extents, element)},
              ValueRange{best, selected},
              ArrayRef{w.mapOf(w.inputs), w.mapOf(w.inputs), w.mapOf(w.places), w.mapOf(w.outs), w.mapOf(w.outs)}, w.loops, choose)
              .getResult(1)};
}

} // namespace ingot
