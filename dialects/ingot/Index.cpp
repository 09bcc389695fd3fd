//===- Index.cpp - Types and lowerings of gathers and scatters ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Faults.h"
#include "dialects/ingot/Inference.h"
#include "dialects/ingot/LinalgBuilder.h"
#include "dialects/ingot/Movement.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

static RankedTensorType typeOf(Value x) { return cast<RankedTensorType>(x.getType()); }
static Type elementOf(Value x) { return typeOf(x).getElementType(); }

template <typename Op> static int64_t axisOf(Op op) {
  return wrapAxis(op.getAxis(), typeOf(op.getX()).getRank());
}

/// An index of the program as a place among `size`: counted from the end where negative, and kept in range.
static Value placeOf(ImplicitLocOpBuilder &b, Value index, Type element, OpFoldResult size) {
  Value zero = arith::ConstantIndexOp::create(b, 0), count = sizeValue(b, size);
  if (element.isUnsignedInteger()) {
    Value place = arith::IndexCastUIOp::create(b, b.getIndexType(), index);
    return arith::MinUIOp::create(b, place, b.createOrFold<arith::SubIOp>(count, arith::ConstantIndexOp::create(b, 1)));
  }
  Value place = arith::IndexCastOp::create(b, b.getIndexType(), index);
  Value isNegative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, place, zero);
  place = arith::SelectOp::create(b, isNegative, arith::AddIOp::create(b, place, count), place);
  Value last = b.createOrFold<arith::SubIOp>(count, arith::ConstantIndexOp::create(b, 1));
  return arith::MaxSIOp::create(b, arith::MinSIOp::create(b, place, last), zero);
}

/// Makes the run fail where an index is out of range: index `i` of a tuple, which is the last dimension, among
/// `sizes[i]`; without tuples every index among the one size.
static void checkIndices(ImplicitLocOpBuilder &b, Value indices, Type element, ArrayRef<OpFoldResult> sizes,
                         bool tuples) {
  int64_t rank = typeOf(indices).getRank();
  faultWhere(b, indices, b.getMultiDimIdentityMap(rank), rank, [&](ImplicitLocOpBuilder &inner, ValueRange args) {
    Value count = sizeValue(inner, sizes[0]);
    for (size_t i = 1; i < sizes.size() && tuples; ++i) {
      Value isLater = arith::CmpIOp::create(inner, arith::CmpIPredicate::uge, linalg::IndexOp::create(inner, rank - 1),
                                            arith::ConstantIndexOp::create(inner, i));
      count = arith::SelectOp::create(inner, isLater, sizeValue(inner, sizes[i]), count);
    }
    if (element.isUnsignedInteger()) {
      Value place = arith::IndexCastUIOp::create(inner, inner.getIndexType(), args[0]);
      return arith::CmpIOp::create(inner, arith::CmpIPredicate::uge, place, count);
    }
    // From -count to count - 1, in one comparison.
    Value place = arith::IndexCastOp::create(inner, inner.getIndexType(), args[0]);
    Value shifted = arith::AddIOp::create(inner, place, count);
    return arith::CmpIOp::create(inner, arith::CmpIPredicate::uge, shifted, arith::AddIOp::create(inner, count, count));
  });
}

/// The places of all loops.
static SmallVector<Value> loopPlaces(ImplicitLocOpBuilder &b, int64_t loops) {
  SmallVector<Value> places;
  for (int64_t i = 0; i < loops; ++i)
    places.push_back(linalg::IndexOp::create(b, i));
  return places;
}

//===----------------------------------------------------------------------===//
// gather
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> GatherOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = typeOf(adaptor.getX()), indices = typeOf(adaptor.getIndices());
  FailureOr<int64_t> axis = normalizeAxis(loc, adaptor.getAxis(), type.getRank());
  if (failed(axis))
    return failure();
  SmallVector<int64_t> shape(type.getShape().take_front(*axis));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, type.getShape().drop_front(*axis + 1));
  return type.clone(shape);
}

OpFoldResult GatherOp::fold(FoldAdaptor adaptor) {
  auto indices = dyn_cast_or_null<DenseIntElementsAttr>(adaptor.getIndices());
  RankedTensorType type = typeOf(getX()), result = getY().getType();
  if (!indices || !result.hasStaticShape() || result.getNumElements() > foldLimit || !type.hasStaticShape())
    return {};
  int64_t axis = axisOf(*this), size = type.getDimSize(axis), inner = 1;
  for (int64_t other : type.getShape().drop_front(axis + 1))
    inner *= other;
  SmallVector<int64_t> places;
  for (const APInt &index : indices.getValues<APInt>()) {
    int64_t place = index.getSExtValue();
    places.push_back(place < 0 ? place + size : place);
    if (places.back() < 0 || places.back() >= size)
      return {};
  }
  // A size may be known where the whole shape is not.
  SmallVector<Attribute> from;
  if (auto x = dyn_cast_or_null<DenseElementsAttr>(adaptor.getX())) {
    llvm::append_range(from, x.getValues<Attribute>());
  } else if (auto shape = getX().getDefiningOp<ShapeOp>()) {
    auto [start, end] = shape.getRange();
    for (int64_t known : typeOf(shape.getX()).getShape().slice(start, end - start))
      from.push_back(ShapedType::isDynamic(known) ? IntegerAttr() : Builder(getContext()).getI64IntegerAttr(known));
  } else {
    return {};
  }
  SmallVector<Attribute> elements;
  int64_t count = places.size();
  for (int64_t i = 0, e = result.getNumElements(); i < e; ++i) {
    int64_t outer = i / inner / count, place = places[i / inner % count];
    elements.push_back(from[(outer * size + place) * inner + i % inner]);
    if (!elements.back())
      return {};
  }
  return DenseElementsAttr::get(result, elements);
}

SmallVector<Value> GatherOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  auto [x, indices] = std::tuple(operands[0], operands[1]);
  int64_t axis = axisOf(*this), count = typeOf(indices).getRank(), rank = getY().getType().getRank();
  Sizes from = sizesOf(b, x), sizes(ArrayRef(from).take_front(axis));
  sizes.append(sizesOf(b, indices));
  sizes.append(from.begin() + axis + 1, from.end());
  checkIndices(b, indices, elementOf(getIndices()), from[axis], /*tuples=*/false);
  SmallVector<AffineExpr> places;
  for (int64_t i = 0; i < count; ++i)
    places.push_back(b.getAffineDimExpr(axis + i));
  return {buildParallel(b, indices, AffineMap::get(rank, 0, places, b.getContext()), sizes, elementOf(x),
                        [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
                          SmallVector<Value> place = loopPlaces(inner, rank);
                          place.erase(place.begin() + axis, place.begin() + axis + count);
                          place.insert(place.begin() + axis,
                                       placeOf(inner, args[0], elementOf(getIndices()), from[axis]));
                          return tensor::ExtractOp::create(inner, x, place);
                        })};
}

SmallVector<Value> GatherOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  // With the axis in front, a slice is a row, and a tuple of one index chooses it.
  int64_t axis = axisOf(*this), count = typeOf(getIndices()).getRank(), rank = typeOf(getX()).getRank();
  SmallVector<int64_t> front{axis}, back, rows;
  for (int64_t i = 0; i < rank; ++i) {
    if (i != axis)
      front.push_back(i);
    back.push_back(i == axis ? 0 : i < axis ? i + 1 : i);
  }
  for (int64_t i = 0; i < count; ++i)
    rows.push_back(axis + i);
  for (int64_t i = 0; i < rank + count - 1; ++i)
    if (i < axis || i >= axis + count)
      rows.push_back(i);
  Value zeros = transposed(b, zerosLike(b, getX()), front);
  Value sum = b.createOrFold<ScatterNDOp>(zeros, unsqueezed(b, getIndices(), count), transposed(b, cotangents[0], rows),
                                          "add");
  return {transposed(b, sum, back), Value()};
}

//===----------------------------------------------------------------------===//
// gather_elements
//===----------------------------------------------------------------------===//

/// Reports unless each size of `indices` fits `type`, but for the axis.
static LogicalResult checkElements(MaybeLoc loc, RankedTensorType type, RankedTensorType indices, int64_t given) {
  FailureOr<int64_t> axis = normalizeAxis(loc, given, type.getRank());
  if (failed(axis))
    return failure();
  bool fits = type.getRank() == indices.getRank();
  for (int64_t i = 0; fits && i < type.getRank(); ++i)
    fits = i == *axis || type.isDynamicDim(i) || indices.isDynamicDim(i) || indices.getDimSize(i) <= type.getDimSize(i);
  return fits ? success() : emitOptionalError(loc, "indices of type ", indices, " do not fit ", type);
}

FailureOr<RankedTensorType> GatherElementsOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = typeOf(adaptor.getX()), indices = typeOf(adaptor.getIndices());
  if (failed(checkElements(loc, type, indices, adaptor.getAxis())))
    return failure();
  return type.clone(indices.getShape());
}

SmallVector<Value> GatherElementsOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  auto [x, indices] = std::tuple(operands[0], operands[1]);
  int64_t axis = axisOf(*this), rank = typeOf(x).getRank();
  OpFoldResult size = sizeOf(b, x, axis);
  checkIndices(b, indices, elementOf(getIndices()), size, /*tuples=*/false);
  return {buildParallel(b, indices, b.getMultiDimIdentityMap(rank), sizesOf(b, indices), elementOf(x),
                        [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
                          SmallVector<Value> place = loopPlaces(inner, rank);
                          place[axis] = placeOf(inner, args[0], elementOf(getIndices()), size);
                          return tensor::ExtractOp::create(inner, x, place);
                        })};
}

SmallVector<Value> GatherElementsOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  Value zeros = zerosLike(b, getX());
  return {b.createOrFold<ScatterElementsOp>(zeros, getIndices(), cotangents[0], getAxis(), "add"), Value()};
}

//===----------------------------------------------------------------------===//
// gather_nd
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> GatherNDOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = typeOf(adaptor.getX()), indices = typeOf(adaptor.getIndices());
  int64_t batch = adaptor.getBatchDims(), count = indices.getRank();
  if (batch < 0 || batch >= std::min(type.getRank(), count))
    return emitOptionalError(loc, "batch_dims ", batch, " does not fit ", type, " and ", indices);
  if (indices.isDynamicDim(count - 1))
    return emitOptionalError(loc, "the length of index tuples must be known, but found ", indices);
  int64_t length = indices.getDimSize(count - 1);
  if (length < 1 || batch + length > type.getRank())
    return emitOptionalError(loc, "tuples of ", length, " indices do not fit ", type);
  SmallVector<int64_t> shape(indices.getShape().drop_back());
  for (int64_t i = 0; i < batch; ++i) {
    if (ShapedType::isDynamic(shape[i]))
      shape[i] = type.getDimSize(i);
    else if (!type.isDynamicDim(i) && shape[i] != type.getDimSize(i))
      return emitOptionalError(loc, "the batch dimensions of ", type, " and ", indices, " differ");
  }
  llvm::append_range(shape, type.getShape().drop_front(batch + length));
  return type.clone(shape);
}

SmallVector<Value> GatherNDOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  auto [x, indices] = std::tuple(operands[0], operands[1]);
  int64_t batch = getBatchDims(), tuples = typeOf(indices).getRank() - 1;
  int64_t length = typeOf(indices).getDimSize(tuples), rank = getY().getType().getRank();
  Sizes from = sizesOf(b, x), sizes(sizesOf(b, indices));
  sizes.pop_back();
  sizes.append(from.begin() + batch + length, from.end());
  checkIndices(b, indices, elementOf(getIndices()), ArrayRef(from).slice(batch, length), /*tuples=*/true);
  return {buildParallel(b, {}, {}, sizes, elementOf(x), [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
    SmallVector<Value> loops = loopPlaces(inner, rank), tuple(loops.begin(), loops.begin() + tuples);
    SmallVector<Value> place(loops.begin(), loops.begin() + batch);
    for (int64_t i = 0; i < length; ++i) {
      tuple.push_back(arith::ConstantIndexOp::create(inner, i));
      Value index = tensor::ExtractOp::create(inner, indices, tuple);
      place.push_back(placeOf(inner, index, elementOf(getIndices()), from[batch + i]));
      tuple.pop_back();
    }
    place.append(loops.begin() + tuples, loops.end());
    return tensor::ExtractOp::create(inner, x, place);
  })};
}

SmallVector<Value> GatherNDOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  // Batch dimensions become leading indices of the tuples.
  Value indices = getIndices();
  if (int64_t batch = getBatchDims()) {
    RankedTensorType type = typeOf(indices);
    if (!type.hasStaticShape()) {
      emitOpError("needs to know the shape of its indices to be differentiated");
      return {Value(), Value()};
    }
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = 1;
    SmallVector<Value> parts;
    for (int64_t i = 0; i < batch; ++i)
      parts.push_back(b.createOrFold<IotaOp>(shape, i, type.getElementType()));
    parts.push_back(indices);
    indices = b.createOrFold<ConcatOp>(parts, type.getRank() - 1);
  }
  return {b.createOrFold<ScatterNDOp>(zerosLike(b, getX()), indices, cotangents[0], "add"), Value()};
}

//===----------------------------------------------------------------------===//
// Scatters
//===----------------------------------------------------------------------===//

static LogicalResult checkUpdates(MaybeLoc loc, RankedTensorType type, RankedTensorType updates,
                                  ArrayRef<int64_t> shape, StringRef reduction) {
  if (!llvm::is_contained({"none", "add", "mul", "max", "min"}, reduction))
    return emitOptionalError(loc, "reduction must be none, add, mul, max or min, but is ", reduction);
  if (updates.getElementType() != type.getElementType() || failed(verifyCompatibleShape(updates.getShape(), shape)))
    return emitOptionalError(loc, "the updates must be a ", type.clone(shape), ", but are a ", updates);
  return success();
}

FailureOr<RankedTensorType> ScatterNDOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = typeOf(adaptor.getX()), indices = typeOf(adaptor.getIndices());
  if (indices.getRank() == 0 || indices.isDynamicDim(indices.getRank() - 1))
    return emitOptionalError(loc, "the length of index tuples must be known, but found ", indices);
  int64_t length = indices.getShape().back();
  if (length < 1 || length > type.getRank())
    return emitOptionalError(loc, "tuples of ", length, " indices do not fit ", type);
  SmallVector<int64_t> shape(indices.getShape().drop_back());
  llvm::append_range(shape, type.getShape().drop_front(length));
  if (failed(checkUpdates(loc, type, typeOf(adaptor.getUpdates()), shape, adaptor.getReduction())))
    return failure();
  return type;
}

FailureOr<RankedTensorType> ScatterElementsOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = typeOf(adaptor.getX()), indices = typeOf(adaptor.getIndices());
  if (failed(checkElements(loc, type, indices, adaptor.getAxis())) ||
      failed(checkUpdates(loc, type, typeOf(adaptor.getUpdates()), indices.getShape(), adaptor.getReduction())))
    return failure();
  return type;
}

/// What an update leaves in place of `old`; both are of storage type.
static Value combineUpdate(ImplicitLocOpBuilder &b, StringRef reduction, Value old, Value update, Type element) {
  if (reduction == "none")
    return update;
  ScalarBuilder s(b, isUnsignedType(element));
  Value x = fromStorage(b, old, element), y = fromStorage(b, update, element);
  bool isFloat = s.isFloat(x), isUnsigned = s.isUnsigned();
  auto pick = [&]() -> Value {
    if (reduction == "add")
      return isFloat ? s.build<arith::AddFOp>(x, y) : s.build<arith::AddIOp>(x, y);
    if (reduction == "mul")
      return isFloat ? s.build<arith::MulFOp>(x, y) : s.build<arith::MulIOp>(x, y);
    if (reduction == "max")
      return isFloat      ? s.build<arith::MaximumFOp>(x, y)
             : isUnsigned ? s.build<arith::MaxUIOp>(x, y)
                          : s.build<arith::MaxSIOp>(x, y);
    return isFloat      ? s.build<arith::MinimumFOp>(x, y)
           : isUnsigned ? s.build<arith::MinUIOp>(x, y)
                        : s.build<arith::MinSIOp>(x, y);
  };
  return toStorage(b, pick(), element);
}

/// Applies the updates in their order, one loop for each of their dimensions; `place` tells where an update goes.
static Value scatterInOrder(ImplicitLocOpBuilder &b, Value x, Value updates, StringRef reduction, Type element,
                            function_ref<SmallVector<Value>(ImplicitLocOpBuilder &, ValueRange)> place) {
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Sizes sizes = sizesOf(b, updates);
  SmallVector<Value> lower(sizes.size(), zero), upper, step(sizes.size(), one);
  for (OpFoldResult size : sizes)
    upper.push_back(sizeValue(b, size));
  auto update = [&](OpBuilder &nested, Location loc, ValueRange loops, ValueRange carried) -> scf::ValueVector {
    ImplicitLocOpBuilder inner(loc, nested);
    SmallVector<Value> at = place(inner, loops);
    Value value = tensor::ExtractOp::create(inner, updates, loops);
    if (reduction != "none")
      value = combineUpdate(inner, reduction, tensor::ExtractOp::create(inner, carried[0], at), value, element);
    return {tensor::InsertOp::create(inner, value, carried[0], at)};
  };
  if (sizes.empty())
    return update(b, b.getLoc(), {}, x)[0];
  return scf::buildLoopNest(b, b.getLoc(), lower, upper, step, x, update).results[0];
}

SmallVector<Value> ScatterNDOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  auto [x, indices] = std::tuple(operands[0], operands[1]);
  int64_t tuples = typeOf(indices).getRank() - 1, length = typeOf(indices).getDimSize(tuples);
  Sizes sizes = sizesOf(b, x);
  checkIndices(b, indices, elementOf(getIndices()), ArrayRef(sizes).take_front(length), /*tuples=*/true);
  return {scatterInOrder(b, x, operands[2], getReduction(), elementOf(getX()),
                         [&](ImplicitLocOpBuilder &inner, ValueRange loops) {
                           SmallVector<Value> place, tuple(loops.take_front(tuples));
                           for (int64_t i = 0; i < length; ++i) {
                             tuple.push_back(arith::ConstantIndexOp::create(inner, i));
                             Value index = tensor::ExtractOp::create(inner, indices, tuple);
                             place.push_back(placeOf(inner, index, elementOf(getIndices()), sizes[i]));
                             tuple.pop_back();
                           }
                           llvm::append_range(place, loops.drop_front(tuples));
                           return place;
                         })};
}

SmallVector<Value> ScatterElementsOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  auto [x, indices] = std::tuple(operands[0], operands[1]);
  int64_t axis = axisOf(*this);
  OpFoldResult size = sizeOf(b, x, axis);
  checkIndices(b, indices, elementOf(getIndices()), size, /*tuples=*/false);
  return {scatterInOrder(b, x, operands[2], getReduction(), elementOf(getX()),
                         [&](ImplicitLocOpBuilder &inner, ValueRange loops) {
                           SmallVector<Value> place(loops);
                           Value index = tensor::ExtractOp::create(inner, indices, loops);
                           place[axis] = placeOf(inner, index, elementOf(getIndices()), size);
                           return place;
                         })};
}

/// Gradients of x and the updates. `gather` reads the elements that the updates went to; `scatter` repeats the scatter
/// with another x, updates and reduction.
static SmallVector<Value> scatterGradient(ImplicitLocOpBuilder &b, Value x, Value updates, Value y, Value dy,
                                          StringRef reduction, function_ref<Value(Value)> gather,
                                          function_ref<Value(Value, Value, StringRef)> scatter) {
  Value zero = literal(b, 0, elementOf(dy)), dUpdates = gather(dy);
  if (reduction == "add")
    return {dy, Value(), dUpdates};
  if (reduction == "none")
    return {scatter(dy, zerosLike(b, updates), "none"), Value(), dUpdates};
  if (reduction == "mul")
    return {scatter(dy, updates, "mul"), Value(), b.createOrFold<DivOp>(gather(b.createOrFold<MulOp>(dy, y)), updates)};
  // What became the extreme gets its cotangent.
  return {b.createOrFold<WhereOp>(b.createOrFold<EqualOp>(x, y), dy, zero), Value(),
          b.createOrFold<WhereOp>(b.createOrFold<EqualOp>(updates, gather(y)), dUpdates, zero)};
}

SmallVector<Value> ScatterNDOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return scatterGradient(
      b, getX(), getUpdates(), getY(), cotangents[0], getReduction(),
      [&](Value from) { return b.createOrFold<GatherNDOp>(from, getIndices()); },
      [&](Value x, Value updates, StringRef reduction) {
        return b.createOrFold<ScatterNDOp>(x, getIndices(), updates, reduction);
      });
}

SmallVector<Value> ScatterElementsOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return scatterGradient(
      b, getX(), getUpdates(), getY(), cotangents[0], getReduction(),
      [&](Value from) { return b.createOrFold<GatherElementsOp>(from, getIndices(), getAxis()); },
      [&](Value x, Value updates, StringRef reduction) {
        return b.createOrFold<ScatterElementsOp>(x, getIndices(), updates, getAxis(), reduction);
      });
}

//===----------------------------------------------------------------------===//
// reverse_sequence
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> ReverseSequenceOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = typeOf(adaptor.getX()), lengths = typeOf(adaptor.getLengths());
  FailureOr<int64_t> batch = normalizeAxis(loc, adaptor.getBatchAxis(), type.getRank());
  FailureOr<int64_t> time = normalizeAxis(loc, adaptor.getTimeAxis(), type.getRank());
  if (failed(batch) || failed(time))
    return failure();
  if (*batch == *time)
    return emitOptionalError(loc, "batch and time are both axis ", *batch);
  if (failed(verifyCompatibleShape(lengths.getShape(), type.getDimSize(*batch))))
    return emitOptionalError(loc, "expected one length for each batch element of ", type, ", but found ", lengths);
  return type;
}

SmallVector<Value> ReverseSequenceOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  Value x = operands[0];
  int64_t rank = typeOf(x).getRank(), batch = wrapAxis(getBatchAxis(), rank), time = wrapAxis(getTimeAxis(), rank);
  Sizes sizes = sizesOf(b, x);
  AffineMap lengths = AffineMap::get(rank, 0, b.getAffineDimExpr(batch));
  return {buildParallel(b, operands[1], lengths, sizes, elementOf(x),
                        [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
                          SmallVector<Value> place = loopPlaces(inner, rank);
                          Value length = arith::IndexCastOp::create(inner, inner.getIndexType(), args[0]);
                          // No length that a caller may pass leads out of the tensor.
                          length = arith::MinSIOp::create(inner, length, sizeValue(inner, sizes[time]));
                          Value last = arith::SubIOp::create(inner, length, arith::ConstantIndexOp::create(inner, 1));
                          Value mirrored = arith::SubIOp::create(inner, last, place[time]);
                          Value inside = arith::CmpIOp::create(inner, arith::CmpIPredicate::slt, place[time], length);
                          place[time] = arith::SelectOp::create(inner, inside, mirrored, place[time]);
                          return tensor::ExtractOp::create(inner, x, place);
                        })};
}

SmallVector<Value> ReverseSequenceOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return {b.createOrFold<ReverseSequenceOp>(cotangents[0], getLengths(), getBatchAxis(), getTimeAxis()), Value()};
}

} // namespace ingot
