//===- Reduce.cpp - Types, lowerings and gradients of reductions ----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Inference.h"
#include "dialects/ingot/LinalgBuilder.h"
#include "dialects/ingot/Movement.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

static RankedTensorType typeOf(Value x) { return cast<RankedTensorType>(x.getType()); }
static Type elementOf(Value x) { return typeOf(x).getElementType(); }

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

static FailureOr<RankedTensorType> inferReduction(MaybeLoc loc, RankedTensorType type, ArrayRef<int64_t> axes,
                                                  bool keepdims) {
  llvm::SmallBitVector reduced(type.getRank());
  for (int64_t given : axes) {
    FailureOr<int64_t> axis = normalizeAxis(loc, given, type.getRank());
    if (failed(axis))
      return failure();
    if (reduced.test(*axis))
      return emitOptionalError(loc, "axis ", given, " is reduced twice");
    reduced.set(*axis);
  }
  SmallVector<int64_t> shape;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (!reduced.test(i) || keepdims)
      shape.push_back(reduced.test(i) ? 1 : type.getDimSize(i));
  return type.clone(shape);
}

template <typename Adaptor> static FailureOr<RankedTensorType> inferReduction(MaybeLoc loc, Adaptor adaptor) {
  return inferReduction(loc, typeOf(adaptor.getX()), adaptor.getAxes(), adaptor.getKeepdims());
}

/// The reduced axes, sorted and not negative.
template <typename Op> static SmallVector<int64_t> axesOf(Op op) {
  SmallVector<int64_t> axes;
  for (int64_t axis : op.getAxes())
    axes.push_back(wrapAxis(axis, typeOf(op.getX()).getRank()));
  llvm::sort(axes);
  return axes;
}

/// A reduction's result or cotangent with the reduced dimensions as sizes 1.
template <typename Op> static Value withAxes(ImplicitLocOpBuilder &b, Op op, Value y) {
  return op.getKeepdims() ? y : unsqueezed(b, y, axesOf(op));
}

/// The largest or smallest number of a compute type.
static Value extremeConstant(ImplicitLocOpBuilder &b, Type type, bool isUnsigned, bool smallest) {
  if (auto real = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(b, b.getFloatAttr(real, APFloat::getInf(real.getFloatSemantics(), smallest)));
  unsigned width = type.getIntOrFloatBitWidth();
  APInt value = isUnsigned ? smallest ? APInt::getMinValue(width) : APInt::getMaxValue(width)
                : smallest ? APInt::getSignedMinValue(width)
                           : APInt::getSignedMaxValue(width);
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, value));
}

namespace {
/// The neutral element of a reduction and its step.
struct Combiner {
  function_ref<Value(ImplicitLocOpBuilder &, Type type, bool isUnsigned)> init;
  function_ref<Value(ScalarBuilder &, Value item, Value total)> step;
};
} // namespace

/// Lowers a reduction. A truth value counts as the number that stores it.
template <typename Op> static Value lowerReduction(ImplicitLocOpBuilder &b, Op op, Value x, Combiner combiner) {
  Type element = elementOf(op.getX());
  bool isUnsigned = isUnsignedType(element);
  if (element.isInteger(1))
    element = storageType(element);
  Value init = combiner.init(b, computeType(element), isUnsigned);
  Value total = buildReduction(b, x, element, axesOf(op), init, [&](ImplicitLocOpBuilder &inner, ValueRange args) {
    ScalarBuilder s(inner, isUnsigned);
    return combiner.step(s, args[0], args[1]);
  });
  total = roundTensor(b, total, element);
  if (!op.getKeepdims())
    return total;
  Sizes sizes = sizesOf(b, x);
  for (int64_t axis : axesOf(op))
    sizes[axis] = b.getIndexAttr(1);
  return reshapeTensor(b, total, sizes);
}

/// Picks between the instructions for floats, signed and unsigned integers.
template <typename Float, typename Signed, typename Unsigned>
static Value combine(ScalarBuilder &s, Value x, Value y) {
  return s.isFloat(x) ? s.build<Float>(x, y) : s.isUnsigned() ? s.build<Unsigned>(x, y) : s.build<Signed>(x, y);
}

/// Folds no axes, axes whose sizes are 1 and stay, and small constant integers: exporters compute with shapes.
template <typename Op>
static OpFoldResult foldReduction(Op op, Attribute operand,
                                  function_ref<APInt(const APInt &, const APInt &, bool isUnsigned)> step) {
  RankedTensorType type = typeOf(op.getX()), result = typeOf(op.getY());
  if (type == result)
    return op.getX();
  auto x = dyn_cast_or_null<DenseIntElementsAttr>(operand);
  if (!x || x.getNumElements() > foldLimit || x.getNumElements() == 0)
    return {};
  SmallVector<int64_t> axes = axesOf(op);
  SmallVector<std::optional<APInt>> totals(result.getNumElements());
  for (auto [i, item] : llvm::enumerate(x.template getValues<APInt>())) {
    // The place in the result: drop the reduced axes from the place in x.
    int64_t rest = i, place = 0, stride = 1;
    for (int64_t dim = type.getRank() - 1; dim >= 0; rest /= type.getDimSize(dim--)) {
      if (llvm::is_contained(axes, dim))
        continue;
      place += rest % type.getDimSize(dim) * stride;
      stride *= type.getDimSize(dim);
    }
    std::optional<APInt> &total = totals[place];
    total = total ? step(*total, item, isUnsignedType(type.getElementType())) : item;
  }
  return DenseElementsAttr::get(result, llvm::map_to_vector(totals, [](const auto &total) { return *total; }));
}

FailureOr<RankedTensorType> ReduceSumOp::inferType(MaybeLoc loc, Adaptor adaptor) { return inferReduction(loc, adaptor); }
FailureOr<RankedTensorType> ReduceMaxOp::inferType(MaybeLoc loc, Adaptor adaptor) { return inferReduction(loc, adaptor); }
FailureOr<RankedTensorType> ReduceMinOp::inferType(MaybeLoc loc, Adaptor adaptor) { return inferReduction(loc, adaptor); }
FailureOr<RankedTensorType> ReduceProdOp::inferType(MaybeLoc loc, Adaptor adaptor) { return inferReduction(loc, adaptor); }

OpFoldResult ReduceSumOp::fold(FoldAdaptor adaptor) {
  return foldReduction(*this, adaptor.getX(), [](const APInt &x, const APInt &y, bool) { return x + y; });
}
OpFoldResult ReduceMaxOp::fold(FoldAdaptor adaptor) {
  return foldReduction(*this, adaptor.getX(), [](const APInt &x, const APInt &y, bool isUnsigned) {
    return isUnsigned ? llvm::APIntOps::umax(x, y) : llvm::APIntOps::smax(x, y);
  });
}
OpFoldResult ReduceMinOp::fold(FoldAdaptor adaptor) {
  return foldReduction(*this, adaptor.getX(), [](const APInt &x, const APInt &y, bool isUnsigned) {
    return isUnsigned ? llvm::APIntOps::umin(x, y) : llvm::APIntOps::smin(x, y);
  });
}
OpFoldResult ReduceProdOp::fold(FoldAdaptor adaptor) {
  return foldReduction(*this, adaptor.getX(), [](const APInt &x, const APInt &y, bool) { return x * y; });
}

SmallVector<Value> ReduceSumOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  return {lowerReduction(b, *this, operands[0],
                         {[](ImplicitLocOpBuilder &b, Type type, bool) { return scalarConstant(b, type, 0); },
                          combine<arith::AddFOp, arith::AddIOp, arith::AddIOp>})};
}
SmallVector<Value> ReduceMaxOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  return {lowerReduction(b, *this, operands[0],
                         {[](ImplicitLocOpBuilder &b, Type type, bool isUnsigned) {
                            return extremeConstant(b, type, isUnsigned, /*smallest=*/true);
                          },
                          combine<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>})};
}
SmallVector<Value> ReduceMinOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  return {lowerReduction(b, *this, operands[0],
                         {[](ImplicitLocOpBuilder &b, Type type, bool isUnsigned) {
                            return extremeConstant(b, type, isUnsigned, /*smallest=*/false);
                          },
                          combine<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>})};
}
SmallVector<Value> ReduceProdOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  return {lowerReduction(b, *this, operands[0],
                         {[](ImplicitLocOpBuilder &b, Type type, bool) { return scalarConstant(b, type, 1); },
                          combine<arith::MulFOp, arith::MulIOp, arith::MulIOp>})};
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

SmallVector<Value> ReduceSumOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return {expandedLike(b, withAxes(b, *this, cotangents[0]), getX())};
}

/// The elements that equal the extreme share its cotangent evenly.
template <typename Op> static Value extremeGradient(ImplicitLocOpBuilder &b, Op op, Value dy) {
  Type element = elementOf(dy);
  Value isExtreme = b.createOrFold<EqualOp>(op.getX(), withAxes(b, op, op.getY()));
  Value count = b.createOrFold<ReduceSumOp>(castTo(b, isExtreme, element), axesOf(op), /*keepdims=*/true);
  Value share = b.createOrFold<DivOp>(withAxes(b, op, dy), count);
  return b.createOrFold<WhereOp>(isExtreme, share, literal(b, 0, element));
}
SmallVector<Value> ReduceMaxOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return {extremeGradient(b, *this, cotangents[0])};
}
SmallVector<Value> ReduceMinOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return {extremeGradient(b, *this, cotangents[0])};
}

SmallVector<Value> ReduceProdOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  // The product of the others is that of those before and of those behind along the first axis, times that of the other
  // lines along the next. Nothing is divided, so at zeros this has the right derivative too.
  Value others = withAxes(b, *this, cotangents[0]), lines = getX();
  for (int64_t axis : axesOf(*this)) {
    for (bool reverse : {false, true})
      others = b.createOrFold<MulOp>(others, b.createOrFold<CumProdOp>(lines, axis, /*exclusive=*/true, reverse));
    lines = b.createOrFold<ReduceProdOp>(lines, ArrayRef<int64_t>(axis), /*keepdims=*/true);
  }
  return {others};
}

//===----------------------------------------------------------------------===//
// Composites
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> ReduceMeanOp::inferType(MaybeLoc loc, Adaptor adaptor) { return inferReduction(loc, adaptor); }
FailureOr<RankedTensorType> ReduceSumSquareOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  return inferReduction(loc, adaptor);
}
FailureOr<RankedTensorType> ReduceL1Op::inferType(MaybeLoc loc, Adaptor adaptor) { return inferReduction(loc, adaptor); }
FailureOr<RankedTensorType> ReduceL2Op::inferType(MaybeLoc loc, Adaptor adaptor) { return inferReduction(loc, adaptor); }
FailureOr<RankedTensorType> ReduceLogSumOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  return inferReduction(loc, adaptor);
}
FailureOr<RankedTensorType> ReduceLogSumExpOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  return inferReduction(loc, adaptor);
}

/// The type that a composite of several steps works in, so that its result is rounded once.
static Type wideType(Type element) { return isa<FloatType>(element) ? computeType(element) : element; }

/// How many elements of x each result element sums, as a tensor of rank 0.
static Value countOf(ImplicitLocOpBuilder &b, Value x, ArrayRef<int64_t> axes, Type element) {
  int64_t count = 1;
  for (int64_t axis : axes) {
    if (typeOf(x).isDynamicDim(axis)) {
      Value one = castTo(b, zerosLike(b, x), element);
      one = b.createOrFold<AddOp>(one, literal(b, 1, element));
      return b.createOrFold<ReduceSumOp>(one, axes, /*keepdims=*/true);
    }
    count *= typeOf(x).getDimSize(axis);
  }
  return literal(b, count, element);
}

FailureOr<SmallVector<Value>> ReduceMeanOp::decomposeOperation(OpBuilder &nested) {
  ImplicitLocOpBuilder b(getLoc(), nested);
  Type element = elementOf(getX()), wide = wideType(element);
  SmallVector<int64_t> axes = axesOf(*this);
  Value sum = b.createOrFold<ReduceSumOp>(castTo(b, getX(), wide), axes, /*keepdims=*/true);
  Value mean = castTo(b, b.createOrFold<DivOp>(sum, countOf(b, getX(), axes, wide)), element);
  return SmallVector<Value>{getKeepdims() ? mean : squeezed(b, mean, axes)};
}

FailureOr<SmallVector<Value>> ReduceSumSquareOp::decomposeOperation(OpBuilder &nested) {
  ImplicitLocOpBuilder b(getLoc(), nested);
  Value x = castTo(b, getX(), wideType(elementOf(getX())));
  Value sum = b.createOrFold<ReduceSumOp>(b.createOrFold<MulOp>(x, x), getAxes(), getKeepdims());
  return SmallVector<Value>{castTo(b, sum, elementOf(getX()))};
}

FailureOr<SmallVector<Value>> ReduceL1Op::decomposeOperation(OpBuilder &nested) {
  ImplicitLocOpBuilder b(getLoc(), nested);
  return SmallVector<Value>{b.createOrFold<ReduceSumOp>(b.createOrFold<AbsOp>(getX()), getAxes(), getKeepdims())};
}

FailureOr<SmallVector<Value>> ReduceL2Op::decomposeOperation(OpBuilder &nested) {
  ImplicitLocOpBuilder b(getLoc(), nested);
  Type element = elementOf(getX());
  Value x = castTo(b, getX(), isa<FloatType>(element) ? wideType(element) : b.getF64Type());
  Value sum = b.createOrFold<ReduceSumOp>(b.createOrFold<MulOp>(x, x), getAxes(), getKeepdims());
  return SmallVector<Value>{castTo(b, b.createOrFold<SqrtOp>(sum), element)};
}

FailureOr<SmallVector<Value>> ReduceLogSumOp::decomposeOperation(OpBuilder &nested) {
  ImplicitLocOpBuilder b(getLoc(), nested);
  Type element = elementOf(getX());
  Value x = castTo(b, getX(), isa<FloatType>(element) ? wideType(element) : b.getF64Type());
  Value sum = b.createOrFold<ReduceSumOp>(x, getAxes(), getKeepdims());
  return SmallVector<Value>{castTo(b, b.createOrFold<LogOp>(sum), element)};
}

FailureOr<SmallVector<Value>> ReduceLogSumExpOp::decomposeOperation(OpBuilder &nested) {
  ImplicitLocOpBuilder b(getLoc(), nested);
  Type element = elementOf(getX());
  Value x = castTo(b, getX(), isa<FloatType>(element) ? wideType(element) : b.getF64Type());
  Type wide = elementOf(x);
  SmallVector<int64_t> axes = axesOf(*this);
  // An infinite maximum must not be subtracted from itself.
  Value most = b.createOrFold<ReduceMaxOp>(x, axes, /*keepdims=*/true);
  Value isFinite = b.createOrFold<LessOp>(b.createOrFold<AbsOp>(most), literal(b, HUGE_VAL, wide));
  most = b.createOrFold<WhereOp>(isFinite, most, literal(b, 0, wide));
  Value sum = b.createOrFold<ReduceSumOp>(b.createOrFold<ExpOp>(b.createOrFold<SubOp>(x, most)), axes, /*keepdims=*/true);
  Value y = castTo(b, b.createOrFold<AddOp>(b.createOrFold<LogOp>(sum), most), element);
  return SmallVector<Value>{getKeepdims() ? y : squeezed(b, y, axes)};
}

SmallVector<Value> ReduceL2Op::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  // Where all is zero the norm has a kink, and zero is as good a slope as any.
  Value y = withAxes(b, *this, getY()), zero = literal(b, 0, elementOf(getX()));
  Value direction = b.createOrFold<WhereOp>(b.createOrFold<EqualOp>(y, zero), zero, b.createOrFold<DivOp>(getX(), y));
  return {b.createOrFold<MulOp>(withAxes(b, *this, cotangents[0]), direction)};
}

SmallVector<Value> ReduceLogSumExpOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  Value share = b.createOrFold<ExpOp>(b.createOrFold<SubOp>(getX(), withAxes(b, *this, getY())));
  return {b.createOrFold<MulOp>(withAxes(b, *this, cotangents[0]), share)};
}

//===----------------------------------------------------------------------===//
// argmax and argmin
//===----------------------------------------------------------------------===//

static FailureOr<RankedTensorType> inferArgReduction(MaybeLoc loc, RankedTensorType type, int64_t axis, bool keepdims) {
  FailureOr<RankedTensorType> result = inferReduction(loc, type, axis, keepdims);
  if (failed(result))
    return failure();
  return RankedTensorType(result->clone(IntegerType::get(type.getContext(), 64)));
}

FailureOr<RankedTensorType> ArgMaxOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  return inferArgReduction(loc, typeOf(adaptor.getX()), adaptor.getAxis(), adaptor.getKeepdims());
}
FailureOr<RankedTensorType> ArgMinOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  return inferArgReduction(loc, typeOf(adaptor.getX()), adaptor.getAxis(), adaptor.getKeepdims());
}

/// One pass that carries the extreme so far and its place.
template <typename Op>
static Value lowerArgReduction(ImplicitLocOpBuilder &b, Op op, Value x, arith::CmpFPredicate floats,
                               arith::CmpIPredicate ints, arith::CmpIPredicate unsignedInts, bool isMax) {
  Type element = elementOf(op.getX()), compute = computeType(element);
  int64_t loops = typeOf(x).getRank(), axis = wrapAxis(op.getAxis(), loops);
  bool isUnsigned = isUnsignedType(element), isFloat = isa<FloatType>(compute);
  Sizes sizes = sizesOf(b, x), kept(sizes);
  kept.erase(kept.begin() + axis);
  AffineMap all = b.getMultiDimIdentityMap(loops), rest = all.dropResult(axis);
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::parallel);
  iterators[axis] = utils::IteratorType::reduction;
  Value values = filledTensor(b, kept, extremeConstant(b, compute, isUnsigned, /*smallest=*/isMax));
  Value places = filledTensor(b, kept, scalarConstant(b, b.getI64Type(), 0));
  auto generic = linalg::GenericOp::create(
      b, TypeRange{values.getType(), places.getType()}, ValueRange{x}, ValueRange{values, places},
      ArrayRef<AffineMap>{all, rest, rest}, iterators, [&](OpBuilder &nested, Location loc, ValueRange args) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value item = fromStorage(inner, args[0], element), best = args[1];
        Value place = arith::IndexCastOp::create(inner, inner.getI64Type(), linalg::IndexOp::create(inner, axis));
        Value better = isFloat ? arith::CmpFOp::create(inner, floats, item, best).getResult()
                               : arith::CmpIOp::create(inner, isUnsigned ? unsignedInts : ints, item, best).getResult();
        if (isFloat) {
          // The first that is not a number stays.
          Value isNumber = arith::CmpFOp::create(inner, arith::CmpFPredicate::ORD, best, best);
          better = arith::AndIOp::create(inner, better, isNumber);
        }
        linalg::YieldOp::create(inner, ValueRange{arith::SelectOp::create(inner, better, item, best),
                                                  arith::SelectOp::create(inner, better, place, args[2])});
      });
  if (!op.getKeepdims())
    return generic.getResult(1);
  sizes[axis] = b.getIndexAttr(1);
  return reshapeTensor(b, generic.getResult(1), sizes);
}

// An unordered comparison also holds where the element is not a number.
SmallVector<Value> ArgMaxOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  bool last = getSelectLastIndex();
  return {lowerArgReduction(b, *this, operands[0], last ? arith::CmpFPredicate::UGE : arith::CmpFPredicate::UGT,
                            last ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sgt,
                            last ? arith::CmpIPredicate::uge : arith::CmpIPredicate::ugt, /*isMax=*/true)};
}
SmallVector<Value> ArgMinOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  bool last = getSelectLastIndex();
  return {lowerArgReduction(b, *this, operands[0], last ? arith::CmpFPredicate::ULE : arith::CmpFPredicate::ULT,
                            last ? arith::CmpIPredicate::sle : arith::CmpIPredicate::slt,
                            last ? arith::CmpIPredicate::ule : arith::CmpIPredicate::ult, /*isMax=*/false)};
}

//===----------------------------------------------------------------------===//
// Scans
//===----------------------------------------------------------------------===//

template <typename Adaptor> static FailureOr<RankedTensorType> inferScan(MaybeLoc loc, Adaptor adaptor) {
  auto type = typeOf(adaptor.getX());
  if (failed(normalizeAxis(loc, adaptor.getAxis(), type.getRank())))
    return failure();
  return type;
}

FailureOr<RankedTensorType> CumSumOp::inferType(MaybeLoc loc, Adaptor adaptor) { return inferScan(loc, adaptor); }
FailureOr<RankedTensorType> CumProdOp::inferType(MaybeLoc loc, Adaptor adaptor) { return inferScan(loc, adaptor); }

/// `step` joins an element to what came before, which starts with `neutral`.
template <typename Op>
static Value lowerScan(ImplicitLocOpBuilder &b, Op op, Value x, double neutral,
                       function_ref<Value(ScalarBuilder &, Value item, Value total)> step) {
  Type element = elementOf(op.getX()), compute = computeType(element);
  int64_t loops = typeOf(x).getRank(), axis = wrapAxis(op.getAxis(), loops);
  Sizes sizes = sizesOf(b, x), kept(sizes);
  kept.erase(kept.begin() + axis);
  // The loop over the axis runs in order: it carries what there is so far in a second result.
  AffineMap all = b.getMultiDimIdentityMap(loops), carry = all.dropResult(axis);
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::parallel);
  iterators[axis] = utils::IteratorType::reduction;
  Value totals = emptyTensor(b, sizes, elementOf(x)),
        total = filledTensor(b, kept, scalarConstant(b, compute, neutral));
  bool backwards = op.getReverse(), withOwn = !op.getExclusive();
  // A reversed loop reads and writes at places that only the run tells.
  auto flip = [&](Value tensor) -> Value {
    if (!backwards)
      return tensor;
    Value last = arith::SubIOp::create(b, sizeValue(b, sizes[axis]), arith::ConstantIndexOp::create(b, 1));
    return buildParallel(b, {}, {}, sizes, elementOf(tensor), [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
      SmallVector<Value> places;
      for (int64_t i = 0; i < loops; ++i)
        places.push_back(linalg::IndexOp::create(inner, i));
      places[axis] = arith::SubIOp::create(inner, last, places[axis]);
      return tensor::ExtractOp::create(inner, tensor, places);
    });
  };
  auto generic = linalg::GenericOp::create(
      b, TypeRange{totals.getType(), total.getType()}, ValueRange{flip(x)}, ValueRange{totals, total},
      ArrayRef<AffineMap>{all, all, carry}, iterators, [&](OpBuilder &nested, Location loc, ValueRange args) {
        ImplicitLocOpBuilder inner(loc, nested);
        ScalarBuilder s(inner, isUnsignedType(element));
        Value next = step(s, fromStorage(inner, args[0], element), args[2]);
        linalg::YieldOp::create(inner, ValueRange{toStorage(inner, withOwn ? next : args[2], element), next});
      });
  return flip(generic.getResult(0));
}

SmallVector<Value> CumSumOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  return {lowerScan(b, *this, operands[0], 0, combine<arith::AddFOp, arith::AddIOp, arith::AddIOp>)};
}
SmallVector<Value> CumProdOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  return {lowerScan(b, *this, operands[0], 1, combine<arith::MulFOp, arith::MulIOp, arith::MulIOp>)};
}

SmallVector<Value> CumSumOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  return {b.createOrFold<CumSumOp>(cotangents[0], getAxis(), getExclusive(), !getReverse())};
}

SmallVector<Value> CumProdOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  // An element is a factor of every later product, which is divided by it. At the first zero, where that fails, the
  // products are those without it; what lies behind a zero changes nothing.
  auto totals = [&](Value x, bool exclusive, bool reverse) {
    return b.createOrFold<CumSumOp>(x, getAxis(), exclusive, reverse);
  };
  auto later = [&](Value products) {
    return totals(b.createOrFold<MulOp>(cotangents[0], products), getExclusive(), !getReverse());
  };
  Type element = elementOf(getX());
  Value zero = literal(b, 0, element), one = literal(b, 1, element);
  Value isZero = b.createOrFold<EqualOp>(getX(), zero);
  Value zeros = totals(castTo(b, isZero, element), /*exclusive=*/false, getReverse());
  Value isFirst = b.createOrFold<AndOp>(isZero, b.createOrFold<EqualOp>(zeros, one));
  Value without = b.createOrFold<WhereOp>(isFirst, one, getX());
  Value products = b.createOrFold<CumProdOp>(without, getAxis(), getExclusive(), getReverse());
  Value quotient = b.createOrFold<DivOp>(later(getY()), b.createOrFold<WhereOp>(isZero, one, getX()));
  Value before = b.createOrFold<WhereOp>(b.createOrFold<EqualOp>(zeros, zero), quotient, zero);
  return {b.createOrFold<WhereOp>(isFirst, later(products), before)};
}

} // namespace ingot
