//===- Movement.cpp - Types, maps and lowerings of movement ops -----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Movement.h"
#include "dialects/ingot/Inference.h"
#include "dialects/ingot/LinalgBuilder.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

static Type elementOf(Value x) { return getElementTypeOrSelf(x); }
static Value copyElement(ImplicitLocOpBuilder &, ValueRange args) { return args[0]; }

/// Reports unless `array` has one entry for each dimension.
static LogicalResult checkRank(MaybeLoc loc, StringRef name, ArrayRef<int64_t> array, int64_t rank) {
  if (int64_t(array.size()) == rank)
    return success();
  return emitOptionalError(loc, name, " has ", array.size(), " entries, but the operand has rank ", rank);
}

//===----------------------------------------------------------------------===//
// reshape
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> ReshapeOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  SmallVector<int64_t> shape;
  SmallVector<bool> copied(type.getRank(), false);
  std::optional<size_t> open;
  for (auto [i, entry] : llvm::enumerate(adaptor.getShape())) {
    if (entry < -1) {
      if (-2 - entry >= type.getRank())
        return emitOptionalError(loc, "shape copies dimension ", -2 - entry, " of an operand of rank ", type.getRank());
      if (copied[-2 - entry])
        return emitOptionalError(loc, "shape copies dimension ", -2 - entry, " twice");
      copied[-2 - entry] = type.isDynamicDim(-2 - entry);
      shape.push_back(type.getDimSize(-2 - entry));
    } else if (entry == -1) {
      if (open)
        return emitOptionalError(loc, "shape has more than one -1");
      open = i;
      shape.push_back(ShapedType::kDynamic);
    } else {
      shape.push_back(entry);
    }
  }
  // What is unknown on both sides cancels; the rest may be known.
  int64_t have = 1, want = 1;
  bool known = true;
  for (auto [size, isCopied] : llvm::zip_equal(type.getShape(), copied)) {
    known &= isCopied || !ShapedType::isDynamic(size);
    have *= isCopied || ShapedType::isDynamic(size) ? 1 : size;
  }
  for (auto [i, entry] : llvm::enumerate(adaptor.getShape()))
    if (i != open && !ShapedType::isDynamic(shape[i]))
      want *= shape[i];
  if (known && open) {
    if (want == 0 || have % want)
      return emitOptionalError(loc, "cannot reshape ", have, " elements to a multiple of ", want);
    shape[*open] = have / want;
  } else if (known && have != want) {
    return emitOptionalError(loc, "cannot reshape ", have, " elements to ", want);
  }
  return type.clone(shape);
}

unsigned ReshapeOp::sourceOf(ArrayRef<int64_t> index, SmallVectorImpl<int64_t> &source) {
  int64_t linear = 0;
  for (auto [i, size] : llvm::zip_equal(index, getY().getType().getShape()))
    linear = linear * size + i;
  ArrayRef<int64_t> sizes = getX().getType().getShape();
  source.resize(sizes.size());
  for (int64_t i = int64_t(sizes.size()) - 1; i >= 0; linear /= sizes[i--])
    source[i] = linear % sizes[i];
  return 0;
}

bool ReshapeOp::isIdentity() { return getX().getType().getNumDynamicDims() <= 1; }

SmallVector<Value> ReshapeOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  Sizes from = sizesOf(b, operands[0]), sizes;
  ArrayRef<int64_t> shape = getY().getType().getShape();
  for (auto [i, entry] : llvm::enumerate(getShape())) {
    if (!ShapedType::isDynamic(shape[i]))
      sizes.push_back(b.getIndexAttr(shape[i]));
    else
      sizes.push_back(entry < -1 ? from[-2 - entry] : OpFoldResult());
  }
  for (OpFoldResult &open : sizes) {
    if (open)
      continue;
    Sizes left = from;
    OpFoldResult others = b.getIndexAttr(1);
    for (OpFoldResult size : sizes) {
      auto *equal = size ? llvm::find_if(left, [&](OpFoldResult other) { return sameSize(size, other); }) : left.end();
      if (equal != left.end())
        left.erase(equal);
      else if (size)
        others = mulSizes(b, others, size);
    }
    OpFoldResult count = b.getIndexAttr(1);
    for (OpFoldResult size : left)
      count = mulSizes(b, count, size);
    open = divSizes(b, count, others);
  }
  return {reshapeTensor(b, operands[0], sizes)};
}

SmallVector<Value> ReshapeOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  SmallVector<int64_t> shape;
  for (auto [i, size] : llvm::enumerate(getX().getType().getShape())) {
    const auto *copy = llvm::find(getShape(), -2 - int64_t(i));
    shape.push_back(!ShapedType::isDynamic(size) ? size
                    : copy != getShape().end()   ? -2 - int64_t(copy - getShape().begin())
                                                 : -1);
  }
  if (llvm::count(shape, -1) > 1) {
    emitOpError("needs to know more sizes of its operand to be differentiated");
    return {Value()};
  }
  return {reshaped(b, cotangents[0], shape)};
}

//===----------------------------------------------------------------------===//
// bitcast
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> BitcastOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  Type from = storageType(type.getElementType()), to = adaptor.getTo();
  // A truth value is a byte that is 0 or 1, and other bytes would be none.
  bool isPart =
      to.getIntOrFloatBitWidth() < 8 || (!type.getElementType().isInteger(1) && type.getElementTypeBitWidth() < 8);
  if (isPart || from.getIntOrFloatBitWidth() != storageType(to).getIntOrFloatBitWidth())
    return emitOptionalError(loc, "the bits of ", type.getElementType(), " are no ", to);
  return RankedTensorType(type.clone(to));
}

SmallVector<Value> BitcastOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  Type from = elementOf(operands[0]), to = storageType(getTo());
  if (from == to)
    return {operands[0]};
  AffineMap map = b.getMultiDimIdentityMap(getX().getType().getRank());
  return {buildParallel(b, operands[0], map, sizesOf(b, operands[0]), to,
                        [&](ImplicitLocOpBuilder &inner, ValueRange args) {
                          return arith::BitcastOp::create(inner, to, args[0]).getResult();
                        })};
}

//===----------------------------------------------------------------------===//
// transpose
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> TransposeOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  if (failed(checkRank(loc, "perm", adaptor.getPerm(), type.getRank())))
    return failure();
  if (!isPermutationVector(adaptor.getPerm()))
    return emitOptionalError(loc, "perm is no permutation: ", adaptor.getPermAttr());
  return type.clone(applyPermutation(type.getShape(), adaptor.getPerm()));
}

unsigned TransposeOp::sourceOf(ArrayRef<int64_t> index, SmallVectorImpl<int64_t> &source) {
  source.resize(index.size());
  for (auto [i, from] : llvm::enumerate(getPerm()))
    source[from] = index[i];
  return 0;
}

bool TransposeOp::isIdentity() { return isIdentityPermutation(getPerm()); }

SmallVector<Value> TransposeOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  Sizes sizes = applyPermutation(sizesOf(b, operands[0]), getPerm());
  AffineMap map = AffineMap::getPermutationMap(invertPermutationVector(getPerm()), b.getContext());
  return {buildParallel(b, operands[0], map, sizes, elementOf(operands[0]), copyElement)};
}

SmallVector<Value> TransposeOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return {transposed(b, cotangents[0], invertPermutationVector(getPerm()))};
}

//===----------------------------------------------------------------------===//
// expand
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> ExpandOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  SmallVector<int64_t> shape(adaptor.getShape());
  if (int64_t(shape.size()) < type.getRank())
    shape.insert(shape.begin(), type.getRank() - shape.size(), 1);
  for (auto [size, total] : llvm::zip_equal(type.getShape(), MutableArrayRef(shape).take_back(type.getRank()))) {
    if (total < 0)
      return emitOptionalError(loc, "shape has a negative entry: ", adaptor.getShapeAttr());
    if (total == 1)
      total = size;
    else if (size != 1 && size != total && !ShapedType::isDynamic(size))
      return emitOptionalError(loc, "cannot broadcast ", type, " to ", adaptor.getShapeAttr());
  }
  return type.clone(shape);
}

unsigned ExpandOp::sourceOf(ArrayRef<int64_t> index, SmallVectorImpl<int64_t> &source) {
  broadcastIndex(index, getX().getType().getShape(), source);
  return 0;
}

bool ExpandOp::isIdentity() {
  // Where a size is unknown, only an entry 1 is sure to keep it.
  auto tail = getShape().take_back(getX().getType().getRank());
  auto sizes = getX().getType().getShape().take_back(tail.size());
  return llvm::all_of_zip(sizes, tail, [](int64_t size, int64_t total) {
    return !ShapedType::isDynamic(size) || total == 1;
  });
}

SmallVector<Value> ExpandOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  Sizes sizes = broadcastSizes(b, operands, getY().getType().getShape());
  return {buildBroadcast(b, operands, sizes, elementOf(operands[0]), copyElement)};
}

SmallVector<Value> ExpandOp::buildGradient(ImplicitLocOpBuilder &, ValueRange cotangents) { return {cotangents[0]}; }

//===----------------------------------------------------------------------===//
// slice
//===----------------------------------------------------------------------===//

/// What ONNX's start, end and step select from `size` elements.
static SliceOp::Range selectRange(int64_t start, int64_t end, int64_t step, int64_t size) {
  auto place = [&](int64_t at, int64_t least, int64_t most) {
    return std::min(std::max(at < 0 ? at + size : at, least), most);
  };
  int64_t most = step > 0 ? size : size - 1;
  start = place(start, 0, most), end = place(end, step > 0 ? 0 : -1, most);
  return {start, std::max<int64_t>(0, llvm::divideCeilSigned(end - start, step)), step};
}

FailureOr<RankedTensorType> SliceOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  SmallVector<int64_t> shape(type.getShape());
  size_t count = adaptor.getAxes().size();
  if (adaptor.getStarts().size() != count || adaptor.getEnds().size() != count || adaptor.getSteps().size() != count)
    return emitOptionalError(loc, "starts, ends, axes and steps differ in length");
  llvm::SmallBitVector seen(type.getRank());
  for (auto [start, end, given, step] :
       llvm::zip_equal(adaptor.getStarts(), adaptor.getEnds(), adaptor.getAxes(), adaptor.getSteps())) {
    FailureOr<int64_t> axis = normalizeAxis(loc, given, type.getRank());
    if (failed(axis))
      return failure();
    if (seen.test(*axis))
      return emitOptionalError(loc, "axis ", given, " is sliced twice");
    seen.set(*axis);
    if (step == 0)
      return emitOptionalError(loc, "step 0 along axis ", given);
    if (!type.isDynamicDim(*axis))
      shape[*axis] = selectRange(start, end, step, shape[*axis]).size;
  }
  return type.clone(shape);
}

SmallVector<SliceOp::Range> SliceOp::getRanges() {
  RankedTensorType type = getX().getType();
  SmallVector<Range> ranges;
  for (int64_t size : type.getShape())
    ranges.push_back({0, size, 1});
  for (auto [start, end, given, step] : llvm::zip_equal(getStarts(), getEnds(), getAxes(), getSteps())) {
    int64_t axis = wrapAxis(given, type.getRank());
    ranges[axis] = selectRange(start, end, step, type.getDimSize(axis));
  }
  return ranges;
}

/// Whether the size of every sliced dimension is known.
static bool hasStaticRanges(SliceOp op) {
  RankedTensorType type = op.getX().getType();
  return llvm::none_of(op.getAxes(), [&](int64_t axis) {
    return type.isDynamicDim(wrapAxis(axis, type.getRank()));
  });
}

unsigned SliceOp::sourceOf(ArrayRef<int64_t> index, SmallVectorImpl<int64_t> &source) {
  for (auto [i, range] : llvm::zip_equal(index, getRanges()))
    source.push_back(range.start + i * range.step);
  return 0;
}

bool SliceOp::isIdentity() {
  return hasStaticRanges(*this) && llvm::all_of(getSteps(), [](int64_t step) { return step == 1; });
}

SmallVector<Value> SliceOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  Value x = operands[0];
  int64_t rank = getX().getType().getRank();
  Sizes sizes = sizesOf(b, x);
  if (hasStaticRanges(*this)) {
    // A view takes steps forwards, and the copy of it goes backwards; what reads the copy may read the view instead.
    Sizes offsets, strides;
    SmallVector<AffineExpr> places;
    for (auto [i, range] : llvm::enumerate(getRanges())) {
      bool forwards = range.step > 0;
      int64_t last = ShapedType::isDynamic(range.size) ? range.start : range.start + (range.size - 1) * range.step;
      offsets.push_back(b.getIndexAttr(range.size == 0 ? 0 : std::min(range.start, last)));
      strides.push_back(b.getIndexAttr(std::abs(range.step)));
      if (!ShapedType::isDynamic(range.size))
        sizes[i] = b.getIndexAttr(range.size);
      AffineExpr place = b.getAffineDimExpr(i);
      places.push_back(forwards ? place : range.size - 1 - place);
    }
    x = b.createOrFold<tensor::ExtractSliceOp>(x, offsets, sizes, strides);
    return {buildParallel(b, x, AffineMap::get(rank, 0, places, b.getContext()), sizes, elementOf(x), copyElement)};
  }
  // The same arithmetic at run time.
  SmallVector<Value> starts(rank), steps(rank);
  auto index = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(b, value); };
  for (auto [start, end, given, step] : llvm::zip_equal(getStarts(), getEnds(), getAxes(), getSteps())) {
    int64_t axis = wrapAxis(given, rank);
    Value size = sizeValue(b, sizes[axis]);
    Value most = step > 0 ? size : arith::SubIOp::create(b, size, index(1)).getResult();
    auto place = [&](int64_t at, int64_t least) -> Value {
      Value value = index(at);
      if (at < 0)
        value = arith::AddIOp::create(b, value, size);
      return arith::MinSIOp::create(b, arith::MaxSIOp::create(b, value, index(least)), most);
    };
    starts[axis] = place(start, 0), steps[axis] = index(step);
    Value span = arith::SubIOp::create(b, place(end, step > 0 ? 0 : -1), starts[axis]);
    Value count = arith::CeilDivSIOp::create(b, span, steps[axis]);
    sizes[axis] = OpFoldResult(arith::MaxSIOp::create(b, count, index(0)).getResult());
    if (!getY().getType().isDynamicDim(axis))
      sizes[axis] = b.getIndexAttr(getY().getType().getDimSize(axis));
  }
  return {buildParallel(b, {}, {}, sizes, elementOf(x), [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
    SmallVector<Value> places;
    for (int64_t i = 0; i < rank; ++i) {
      Value at = linalg::IndexOp::create(inner, i);
      if (starts[i])
        at = arith::AddIOp::create(inner, arith::MulIOp::create(inner, at, steps[i]), starts[i]);
      places.push_back(at);
    }
    return tensor::ExtractOp::create(inner, x, places);
  })};
}

SmallVector<Value> SliceOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  if (!hasStaticRanges(*this)) {
    emitOpError("needs to know the sizes that it slices to be differentiated");
    return {Value()};
  }
  // Each element goes back to where it came from, with zeros between, before and behind.
  SmallVector<int64_t> low, high, interior, backwards;
  for (auto [i, range, size] : llvm::enumerate(getRanges(), getX().getType().getShape())) {
    bool unknown = ShapedType::isDynamic(size), none = range.size == 0;
    int64_t last = unknown ? 0 : range.start + (range.size - 1) * range.step;
    if (range.step < 0)
      backwards.push_back(i);
    low.push_back(unknown ? 0 : none ? size : std::min(range.start, last));
    high.push_back(unknown || none ? 0 : size - 1 - std::max(range.start, last));
    interior.push_back(std::abs(range.step) - 1);
  }
  Value dy = reversed(b, cotangents[0], backwards);
  return {b.createOrFold<PadOp>(dy, literal(b, 0, elementOf(dy)), low, high, interior)};
}

//===----------------------------------------------------------------------===//
// pad
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> PadOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  auto value = cast<RankedTensorType>(adaptor.getValue().getType());
  if (value.getRank() != 0 || value.getElementType() != type.getElementType())
    return emitOptionalError(loc, "the value must be a ", type.clone(ArrayRef<int64_t>()), ", but is a ", value);
  if (failed(checkRank(loc, "low", adaptor.getLow(), type.getRank())) ||
      failed(checkRank(loc, "high", adaptor.getHigh(), type.getRank())) ||
      failed(checkRank(loc, "interior", adaptor.getInterior(), type.getRank())))
    return failure();
  SmallVector<int64_t> shape(type.getShape());
  for (auto [size, low, high, interior] :
       llvm::zip_equal(shape, adaptor.getLow(), adaptor.getHigh(), adaptor.getInterior())) {
    if (interior < 0)
      return emitOptionalError(loc, "interior has a negative entry: ", adaptor.getInteriorAttr());
    if (ShapedType::isDynamic(size))
      continue;
    int64_t total = low + size + std::max<int64_t>(0, size - 1) * interior + high;
    if (total < 0)
      return emitOptionalError(loc, "padding cuts more elements off than the operand has: ", type);
    size = total;
  }
  return type.clone(shape);
}

unsigned PadOp::sourceOf(ArrayRef<int64_t> index, SmallVectorImpl<int64_t> &source) {
  for (auto [i, low, interior, size] : llvm::zip_equal(index, getLow(), getInterior(), getX().getType().getShape())) {
    int64_t at = i - low;
    if (at < 0 || at % (interior + 1) || at / (interior + 1) >= size) {
      source.clear();
      return 1;
    }
    source.push_back(at / (interior + 1));
  }
  return 0;
}

bool PadOp::isIdentity() {
  auto isZero = [](int64_t entry) { return entry == 0; };
  return llvm::all_of(getLow(), isZero) && llvm::all_of(getHigh(), isZero) && llvm::all_of(getInterior(), isZero);
}

SmallVector<Value> PadOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  // Padding first, and then what negative entries cut off.
  auto [x, value] = std::tuple(operands[0], operands[1]);
  Sizes sizes = sizesOf(b, x), padded, cut, offsets, cutOffsets, strides;
  bool cuts = false;
  for (auto [size, low, high, interior] : llvm::zip_equal(sizes, getLow(), getHigh(), getInterior())) {
    OpFoldResult total = size;
    if (interior) {
      // An empty operand has no gaps either.
      Value gaps = arith::SubIOp::create(b, sizeValue(b, size), arith::ConstantIndexOp::create(b, 1));
      gaps = b.createOrFold<arith::MaxSIOp>(gaps, arith::ConstantIndexOp::create(b, 0));
      total = addSizes(b, total, mulSizes(b, gaps, b.getIndexAttr(interior)));
    }
    padded.push_back(addSizes(b, total, b.getIndexAttr(std::max<int64_t>(low, 0) + std::max<int64_t>(high, 0))));
    cut.push_back(addSizes(b, total, b.getIndexAttr(low + high)));
    offsets.push_back(b.getIndexAttr(std::max<int64_t>(low, 0)));
    cutOffsets.push_back(b.getIndexAttr(std::max<int64_t>(-low, 0)));
    strides.push_back(b.getIndexAttr(interior + 1));
    cuts |= low < 0 || high < 0;
  }
  Value filling = tensor::ExtractOp::create(b, value, ValueRange());
  auto isZero = [](OpFoldResult size) { return isConstantIntValue(size, 0); };
  if (llvm::any_of(sizes, isZero) || llvm::any_of(cut, isZero))
    return {filledTensor(b, cut, filling)}; // behind all there is no place to insert nothing at
  Value result = filledTensor(b, padded, filling);
  result = tensor::InsertSliceOp::create(b, x, result, offsets, sizes, strides);
  return {cuts ? extractSlice(b, result, cutOffsets, cut) : result};
}

SmallVector<Value> PadOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  Value dy = cotangents[0], zero = literal(b, 0, elementOf(dy));
  SmallVector<int64_t> low, high, none(getLow().size(), 0), starts(none), ends(none.size(), INT64_MAX), axes, steps;
  for (auto [i, before, behind, interior] : llvm::enumerate(getLow(), getHigh(), getInterior())) {
    low.push_back(-before), high.push_back(-behind), axes.push_back(i), steps.push_back(interior + 1);
  }
  Value dx = b.createOrFold<PadOp>(dy, zero, low, high, none);
  dx = b.createOrFold<SliceOp>(dx, starts, ends, axes, steps);
  // The value gets what x does not.
  Value isPadding = b.createOrFold<PadOp>(expandedLike(b, literal(b, 0, b.getI1Type()), getX()),
                                          literal(b, 1, b.getI1Type()), getLow(), getHigh(), getInterior());
  Value rest = b.createOrFold<WhereOp>(isPadding, dy, zero);
  Value sum = b.createOrFold<ReduceSumOp>(rest, axes, /*keepdims=*/false);
  return {dx, sum};
}

//===----------------------------------------------------------------------===//
// extend and tile
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> ExtendOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  StringRef mode = adaptor.getMode();
  if (mode != "edge" && mode != "reflect" && mode != "wrap")
    return emitOptionalError(loc, "mode must be edge, reflect or wrap, but is ", mode);
  if (failed(checkRank(loc, "low", adaptor.getLow(), type.getRank())) ||
      failed(checkRank(loc, "high", adaptor.getHigh(), type.getRank())))
    return failure();
  SmallVector<int64_t> shape(type.getShape());
  for (auto [size, low, high] : llvm::zip_equal(shape, adaptor.getLow(), adaptor.getHigh())) {
    if (low < 0 || high < 0)
      return emitOptionalError(loc, "low and high must not be negative");
    if (ShapedType::isDynamic(size))
      continue;
    int64_t most = mode == "wrap" ? size : mode == "reflect" ? size - 1 : size ? INT64_MAX : 0;
    if (std::max(low, high) > most)
      return emitOptionalError(loc, "cannot ", mode, " ", size, " elements by ", std::max(low, high));
    size += low + high;
  }
  return type.clone(shape);
}

FailureOr<SmallVector<Value>> ExtendOp::decomposeOperation(OpBuilder &nested) {
  ImplicitLocOpBuilder b(getLoc(), nested);
  Value x = getX();
  for (auto [axis, low, high] : llvm::enumerate(getLow(), getHigh())) {
    SmallVector<Value> parts;
    auto add = [&](int64_t count, int64_t start, int64_t end, int64_t step) {
      if (count == 0)
        return;
      Value part = sliced(b, x, axis, start, end, step);
      SmallVector<int64_t> copies(getLow().size(), 1);
      copies[axis] = count;
      parts.push_back(getMode() == "edge" ? expanded(b, part, copies) : part);
    };
    if (getMode() == "edge")
      add(low, 0, 1, 1);
    else if (getMode() == "wrap")
      add(low, -low, INT64_MAX, 1);
    else
      add(low, low, 0, -1);
    parts.push_back(x);
    if (getMode() == "edge")
      add(high, -1, INT64_MAX, 1);
    else if (getMode() == "wrap")
      add(high, 0, high, 1);
    else
      add(high, -2, -2 - high, -1);
    x = b.createOrFold<ConcatOp>(parts, int64_t(axis));
  }
  return SmallVector<Value>{x};
}

FailureOr<RankedTensorType> TileOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  if (failed(checkRank(loc, "repeats", adaptor.getRepeats(), type.getRank())))
    return failure();
  SmallVector<int64_t> shape(type.getShape());
  for (auto [size, repeat] : llvm::zip_equal(shape, adaptor.getRepeats())) {
    if (repeat < 0)
      return emitOptionalError(loc, "repeats has a negative entry: ", adaptor.getRepeatsAttr());
    if (!ShapedType::isDynamic(size))
      size *= repeat;
  }
  return type.clone(shape);
}

FailureOr<SmallVector<Value>> TileOp::decomposeOperation(OpBuilder &nested) {
  ImplicitLocOpBuilder b(getLoc(), nested);
  // One dimension at a time: put the copies in a new dimension before it, and let the two become one.
  Value x = getX();
  int64_t rank = getX().getType().getRank();
  for (auto [axis, repeat] : llvm::enumerate(getRepeats())) {
    if (repeat == 1)
      continue;
    SmallVector<int64_t> copies(rank + 1, 1), joined;
    copies[axis] = repeat;
    for (int64_t i = 0; i < rank; ++i)
      joined.push_back(i == int64_t(axis) ? repeat ? -1 : 0 : i < int64_t(axis) ? -2 - i : -3 - i);
    x = reshaped(b, expanded(b, unsqueezed(b, x, int64_t(axis)), copies), joined);
  }
  return SmallVector<Value>{x};
}

} // namespace ingot
