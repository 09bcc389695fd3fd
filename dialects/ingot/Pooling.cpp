//===- Pooling.cpp - Pooling operators and gradients of Window.td ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Rule.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot {

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

SmallVector<Value> WindowMaxOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return {WindowMaxGradientOp::create(b, getX(), cotangents[0], getWindow(), getStrides(), getLow(), getHigh(), getDilations())};
}

SmallVector<Value> WindowMaxGradientOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  // The choice of a place does not change with x, almost everywhere.
  return {Value(), WindowMaxSelectOp::create(b, getX(), cotangents[0], getWindow(), getStrides(), getLow(), getHigh(), getDilations())};
}

SmallVector<Value> WindowMaxSelectOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return {Value(), WindowMaxGradientOp::create(b, getX(), cotangents[0], getWindow(), getStrides(), getLow(), getHigh(), getDilations())};
}

SmallVector<Value> WindowSumOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  WindowNumbers n = getNumbers(), back = n;
  auto x = cast<RankedTensorType>(getX().getType());
  if (!x.hasStaticShape()) {
    emitOpError("has a gradient only with static shapes");
    return {Value()};
  }
  // An element is in each window that reaches it: the same sum over the cotangent spread out by the strides.
  std::swap(back.strides, back.inputDilations);
  for (auto [i, taps] : llvm::enumerate(getWindow())) {
    int64_t reach = n.reach(i, taps);
    back.low[i] = reach - 1 - n.low[i];
    back.high[i] = n.spread(i, x.getDimSize(i)) + reach - 1 - back.spread(i, sizeAt(getY(), i)) - back.low[i];
  }
  return {WindowSumOp::create(b, cotangents[0], getWindow(), back)};
}

//===----------------------------------------------------------------------===//
// Pooling operators
//===----------------------------------------------------------------------===//

namespace {

/// A pooling operator as a window over all dimensions of x.
struct Pool {
  WindowNumbers numbers;
  SmallVector<int64_t> window;
  SmallVector<int64_t> paddedEnd; ///< the end of what the operator calls padding; a window may reach beyond it
  bool known = true;              ///< whether every size that matters is static

  Pool(Value x, const PoolAttrs &attrs) : numbers(rankOf(x)), window(rankOf(x), 1), paddedEnd(rankOf(x), 0) {
    size_t spatial = attrs.kernel.size();
    for (size_t i = 0; i < spatial; ++i) {
      int64_t dim = i + 2, size = sizeAt(x, dim);
      window[dim] = attrs.kernel[i];
      if (!attrs.strides.empty())
        numbers.strides[dim] = attrs.strides[i];
      if (!attrs.dilations.empty())
        numbers.dilations[dim] = attrs.dilations[i];
      if (!attrs.pads.empty()) {
        numbers.low[dim] = attrs.pads[i];
        numbers.high[dim] = attrs.pads[spatial + i];
      }
      known &= !ShapedType::isDynamic(size);
      if (ShapedType::isDynamic(size))
        continue;
      paddedEnd[dim] = size + numbers.high[dim];
      if (!attrs.ceilMode)
        continue;
      // The last window may hang over the end, but must start inside the input or the padding before it.
      int64_t stride = numbers.strides[dim], reach = numbers.reach(dim, window[dim]), low = numbers.low[dim];
      int64_t outputs = llvm::divideCeil(low + paddedEnd[dim] - reach, stride) + 1;
      if ((outputs - 1) * stride >= size + low)
        --outputs;
      numbers.high[dim] = (outputs - 1) * stride + reach - low - size;
    }
  }

  /// How many elements each window along `dim` averages over.
  SmallVector<int64_t> counts(Value x, int64_t dim, bool includePad) const {
    SmallVector<int64_t> result;
    int64_t size = sizeAt(x, dim), begin = includePad ? -numbers.low[dim] : 0, end = includePad ? paddedEnd[dim] : size;
    for (int64_t o = 0, e = numbers.outputSize(dim, size, window[dim]); o < e; ++o) {
      int64_t count = 0;
      for (int64_t k = 0; k < window[dim]; ++k) {
        int64_t place = o * numbers.strides[dim] + k * numbers.dilations[dim] - numbers.low[dim];
        count += place >= begin && place < end;
      }
      result.push_back(count);
    }
    return result;
  }
};

} // namespace

Value buildMaxPool(ImplicitLocOpBuilder &b, Value x, const PoolAttrs &attrs) {
  Pool pool(x, attrs);
  return WindowMaxOp::create(b, x, pool.window, pool.numbers);
}

Value buildSumPool(ImplicitLocOpBuilder &b, Value x, const PoolAttrs &attrs) {
  Pool pool(x, attrs);
  return WindowSumOp::create(b, x, pool.window, pool.numbers);
}

Value buildMaxPoolPlaces(ImplicitLocOpBuilder &b, Value x, const PoolAttrs &attrs, bool columnMajor) {
  Pool pool(x, attrs);
  const WindowNumbers &numbers = pool.numbers;
  auto type = cast<RankedTensorType>(x.getType());
  int64_t rank = type.getRank();
  Type element = type.getElementType(), i64 = b.getI64Type();
  TypedAttr lowest;
  if (auto real = dyn_cast<FloatType>(element))
    lowest = b.getFloatAttr(real, APFloat::getInf(real.getFloatSemantics(), /*Negative=*/true));
  else
    lowest =
        b.getIntegerAttr(element, isUnsignedType(element) ? APInt::getZero(element.getIntOrFloatBitWidth())
                                                          : APInt::getSignedMinValue(element.getIntOrFloatBitWidth()));
  Value fill = arith::ConstantOp::create(b, DenseElementsAttr::get(type.clone(ArrayRef<int64_t>()), Attribute(lowest)));
  SmallVector<int64_t> none(rank, 0);
  Value padded = b.createOrFold<PadOp>(x, fill, numbers.low, numbers.high, none);
  // How far apart neighbours of each dimension are in memory.
  SmallVector<int64_t> steps(rank, 1);
  int64_t elements = 1;
  for (int64_t i = 2; columnMajor && i < rank; elements *= type.getDimSize(i++))
    steps[i] = elements;
  for (int64_t i = columnMajor ? 1 : rank - 1; i >= 0; elements *= type.getDimSize(i--))
    steps[i] = elements;
  SmallVector<int64_t> sizes, axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  Value origin;
  for (int64_t i = 0; i < rank; ++i) {
    sizes.push_back(numbers.outputSize(i, type.getDimSize(i), pool.window[i]));
    SmallVector<int64_t> shape(rank, 1);
    shape[i] = sizes.back();
    Value places = b.createOrFold<MulOp>(b.createOrFold<IotaOp>(shape, i, i64),
                                         literal(b, double(numbers.strides[i] * steps[i]), i64));
    origin = origin ? b.createOrFold<AddOp>(origin, places) : places;
  }
  // One slice for each place of the window: the first that is larger than those before it is the maximum.
  Value best, place;
  SmallVector<int64_t> at(rank, 0);
  for (bool more = true; more;) {
    SmallVector<int64_t> starts, ends;
    int64_t distance = 0;
    for (int64_t i = 0; i < rank; ++i) {
      starts.push_back(at[i] * numbers.dilations[i]);
      ends.push_back(starts.back() + (sizes[i] - 1) * numbers.strides[i] + 1);
      distance += (starts.back() - numbers.low[i]) * steps[i];
    }
    Value item = b.createOrFold<SliceOp>(padded, starts, ends, axes, numbers.strides),
          here = literal(b, double(distance), i64);
    if (best) {
      Value isLarger = b.createOrFold<GreaterOp>(item, best);
      best = b.createOrFold<WhereOp>(isLarger, item, best);
      place = b.createOrFold<WhereOp>(isLarger, here, place);
    } else {
      best = item;
      place = here;
    }
    more = false;
    for (int64_t i = rank - 1; i >= 0 && !more; --i) {
      more = ++at[i] < pool.window[i];
      if (!more)
        at[i] = 0;
    }
  }
  return b.createOrFold<AddOp>(place, origin);
}

Value buildAveragePool(ImplicitLocOpBuilder &b, Value x, const PoolAttrs &attrs) {
  Pool pool(x, attrs);
  Value sum = WindowSumOp::create(b, x, pool.window, pool.numbers);
  auto isPadded = [](int64_t pad) { return pad != 0; };
  bool padded = llvm::any_of(pool.numbers.low, isPadded) || llvm::any_of(pool.numbers.high, isPadded);
  if (!padded || (attrs.countIncludePad && !attrs.ceilMode)) {
    Value count = literal(b, llvm::product_of(pool.window), getElementTypeOrSelf(x));
    return DivOp::create(b, sum, count);
  }
  if (!pool.known) {
    // A window over ones counts too.
    Value one = literal(b, 1, getElementTypeOrSelf(x));
    Value counts = WindowSumOp::create(b, expandedLike(b, one, x), pool.window, pool.numbers);
    return DivOp::create(b, sum, counts);
  }
  // The count is a product of one number for each dimension.
  Value counts;
  for (int64_t dim = 2; dim < rankOf(x); ++dim) {
    SmallVector<Attribute> numbers;
    for (int64_t count : pool.counts(x, dim, attrs.countIncludePad))
      numbers.push_back(b.getFloatAttr(getElementTypeOrSelf(x), count));
    SmallVector<int64_t> shape(rankOf(x), 1);
    shape[dim] = numbers.size();
    auto type = RankedTensorType::get(shape, getElementTypeOrSelf(x));
    Value factor = arith::ConstantOp::create(b, DenseElementsAttr::get(type, numbers));
    counts = counts ? b.createOrFold<MulOp>(counts, factor) : factor;
  }
  return DivOp::create(b, sum, counts);
}

} // namespace ingot
