//===- RulesSelect.cpp - Rules for operators that pick elements ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Term.h"

using namespace mlir;

namespace ingot::onnx_import {

static LogicalResult topK(Node &n) {
  auto k = n.constantIntegers(1, "k");
  if (failed(k))
    return failure();
  if (k->size() != 1)
    return n.invalid("'k' must be one number");
  SmallVector<Value> results;
  n.build(
      "topk", n.in(0),
      {n.attr("k", k->front()), n.attr("axis", n.integer("axis", -1)), n.attr("largest", n.integer("largest", 1) != 0)},
      &results);
  return n.results(results);
}

/// One at the first of the largest elements along the axis; before opset 13, everything from the axis on is one
/// dimension.
static LogicalResult hardmax(Node &n) {
  Term x(n, n.in(0));
  RankedTensorType type = x.type();
  bool old = n.version < 13;
  int64_t rank = type.getRank(), axis = n.integer("axis", old ? 1 : -1);
  if (axis < -rank || axis >= rank)
    return n.invalid("axis " + Twine(axis) + " lies outside rank " + Twine(rank));
  axis = axis < 0 ? axis + rank : axis;
  if (!type.hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  if (old) {
    int64_t inner = llvm::product_of(type.getShape().drop_front(axis));
    x = x.reshape({llvm::product_of(type.getShape().take_front(axis)), inner});
    axis = 1;
  }
  SmallVector<int64_t> shape(x.type().getRank(), 1);
  shape[axis] = x.type().getDimSize(axis);
  Term best = x.apply("argmax", {n.attr("axis", axis), n.attr("keepdims", true)});
  Term places(n, n.build("iota", {},
                         {n.attr("shape", ArrayRef<int64_t>(shape)), n.attr("axis", axis),
                          n.attr("type", Type(n.b.getI64Type()))}));
  return n.result((best == places).to(type.getElementType()).reshape(type.getShape()));
}

/// The places of the elements of a constant that are not zero.
static FailureOr<SmallVector<int64_t>> placesOfNonZeros(Node &n, unsigned input, StringRef what) {
  DenseElementsAttr elements = n.need(n.in(input));
  if (!elements)
    return n.unsupported("'" + what + "' is not known at compile time, and the size of the result depends on it");
  SmallVector<int64_t> places;
  for (auto [i, value] : llvm::enumerate(elements.getValues<Attribute>())) {
    auto number = dyn_cast<FloatAttr>(value);
    if (number ? !number.getValue().isZero() : !cast<IntegerAttr>(value).getValue().isZero())
      places.push_back(int64_t(i));
  }
  return places;
}

static LogicalResult compress(Node &n) {
  auto places = placesOfNonZeros(n, 1, "condition");
  if (failed(places))
    return failure();
  Term x(n, n.in(0));
  int64_t axis = n.integer("axis", 0), rank = x.type().getRank();
  if (!n.hasAttr("axis"))
    x = x.reshape({-1});
  else if (axis < -rank || axis >= rank)
    return n.invalid("axis " + Twine(axis) + " lies outside rank " + Twine(rank));
  return n.result(x.gather(Term(n, n.integersConstant(*places)), axis));
}

static LogicalResult nonZero(Node &n) {
  auto places = placesOfNonZeros(n, 0, "X");
  if (failed(places))
    return failure();
  ArrayRef<int64_t> shape = n.type(0).getShape();
  SmallVector<int64_t> indices;
  int64_t below = llvm::product_of(shape);
  for (int64_t size : shape) {
    below /= size;
    for (int64_t place : *places)
      indices.push_back(place / below % size);
  }
  auto type = RankedTensorType::get({int64_t(shape.size()), int64_t(places->size())}, n.b.getI64Type());
  return n.result(n.constant(DenseElementsAttr::get(type, ArrayRef<int64_t>(indices))));
}

/// The distinct slices of a constant along an axis, or its distinct elements.
static LogicalResult unique(Node &n) {
  DenseElementsAttr elements = n.need(n.in(0));
  if (!elements)
    return n.unsupported("'X' is not known at compile time, and the size of the result depends on it");
  RankedTensorType type = n.type(0);
  int64_t axis = n.integer("axis", 0), rank = type.getRank();
  bool isFlat = !n.hasAttr("axis");
  if (!isFlat && (axis < -rank || axis >= rank))
    return n.invalid("axis " + Twine(axis) + " lies outside rank " + Twine(rank));
  axis = axis < 0 ? axis + rank : axis;
  int64_t inner = isFlat ? 1 : llvm::product_of(type.getShape().drop_front(axis + 1));
  int64_t count = isFlat ? type.getNumElements() : type.getDimSize(axis);
  // The numbers of each slice, to compare by; 1,024 of them at most.
  std::vector<std::vector<double>> slices(count);
  bool exact = true;
  for (auto [i, value] : llvm::enumerate(elements.getValues<Attribute>())) {
    int64_t slice = int64_t(i) / inner % count;
    if (auto number = dyn_cast<FloatAttr>(value)) {
      slices[slice].push_back(number.getValueAsDouble());
    } else {
      const APInt &integer = cast<IntegerAttr>(value).getValue();
      bool isUnsigned = isUnsignedType(type.getElementType());
      slices[slice].push_back(isUnsigned ? double(integer.getZExtValue()) : double(integer.getSExtValue()));
      exact &= (isUnsigned ? integer.getActiveBits() : integer.getSignificantBits()) <= 53;
    }
  }
  if (!exact)
    return n.unsupported("distinct integers of more than 53 bits are not supported");
  SmallVector<int64_t> firsts, inverse(count), counts, order;
  for (int64_t i = 0; i < count; ++i) {
    auto same = llvm::find_if(firsts, [&](int64_t first) { return slices[first] == slices[i]; });
    if (same == firsts.end()) {
      firsts.push_back(i);
      counts.push_back(0);
      same = firsts.end() - 1;
    }
    inverse[i] = same - firsts.begin();
    ++counts[inverse[i]];
  }
  order = llvm::to_vector(llvm::seq<int64_t>(0, firsts.size()));
  if (n.integer("sorted", 1))
    llvm::sort(order, [&](int64_t a, int64_t b) { return slices[firsts[a]] < slices[firsts[b]]; });
  SmallVector<int64_t> rankOf(order.size()), sortedFirsts, sortedCounts;
  for (auto [i, which] : llvm::enumerate(order)) {
    rankOf[which] = int64_t(i);
    sortedFirsts.push_back(firsts[which]);
    sortedCounts.push_back(counts[which]);
  }
  for (int64_t &place : inverse)
    place = rankOf[place];
  Term x(n, n.in(0));
  if (isFlat)
    x = x.reshape({count});
  return n.results({x.gather(Term(n, n.integersConstant(sortedFirsts)), isFlat ? 0 : axis),
                    n.integersConstant(sortedFirsts), n.integersConstant(inverse), n.integersConstant(sortedCounts)});
}

/// Writes updates into a cache from a place of each batch element on.
static LogicalResult tensorScatter(Node &n) {
  Term cache(n, n.in(0)), update(n, n.in(1));
  int64_t rank = cache.type().getRank(), axis = n.integer("axis", -2);
  axis = axis < 0 ? axis + rank : axis;
  if (!cache.type().hasStaticShape() || !update.type().hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  if (rank < 2 || axis < 1 || axis >= rank || update.type().getRank() != rank || update.type().getDimSize(axis) < 1)
    return n.invalid("the update does not fit the cache along axis " + Twine(axis));
  int64_t size = cache.type().getDimSize(axis), length = update.type().getDimSize(axis);
  Type i64 = n.b.getI64Type();
  SmallVector<int64_t> along(rank, 1), batches(rank, 1);
  along[axis] = size;
  batches[0] = -1;
  Term place(n, n.build("iota", {},
                        {n.attr("shape", ArrayRef<int64_t>(along)), n.attr("axis", axis), n.attr("type", Type(i64))}));
  if (n.has(2))
    place = place - Term(n, n.in(2)).to(i64).reshape(batches);
  if (n.text("mode", "linear") == "circular")
    place = Term(n, n.build("mod", {place, place.number(double(size))}, {}));
  Term isNew = (place >= 0.0) & (place < double(length));
  Term indices = place.clamp(0, double(length - 1)).expand(cache.type().getShape());
  Term values(n, n.build("gather_elements", {update, indices}, n.attr("axis", axis)));
  return n.result(select(isNew, values, cache));
}

/// Sums of the inverse of pairwise products would lose small pivots, so rows change places as they do in Gauss's
/// method.
static LogicalResult determinant(Node &n) {
  constexpr int64_t sizeLimit = 64;
  Term a(n, n.in(0));
  RankedTensorType type = a.type();
  int64_t rank = type.getRank();
  if (rank < 2 || type.getDimSize(rank - 1) != type.getDimSize(rank - 2))
    return n.invalid("want square matrices");
  if (!type.hasStaticShape() || type.getDimSize(rank - 1) > sizeLimit)
    return n.unsupported("want matrices of a size that is known at compile time, of at most " + Twine(sizeLimit) +
                         " rows");
  Type element = computeType(type.getElementType());
  SmallVector<int64_t> batch(type.getShape().drop_back(2));
  int64_t rows = rank - 2, columns = rank - 1;
  a = a.to(element);
  Term result = Term(n, n.scalar(1, element)).expand(batch);
  for (int64_t size = type.getDimSize(rank - 1); size > 0; --size) {
    SmallVector<int64_t> column(batch), perRow(batch), counting(rank, 1);
    perRow.append({1, 1});
    counting[rows] = size;
    Term best = a.slice(columns, 0, 1).apply("abs").apply("argmax", {n.attr("axis", rows), n.attr("keepdims", true)});
    Term places(n, n.build("iota", {},
                           {n.attr("shape", ArrayRef<int64_t>(counting)), n.attr("axis", rows),
                            n.attr("type", Type(n.b.getI64Type()))}));
    Term isBest = best == places;
    Term pivotRow = select(isBest, a, a.number(0)).reduce("reduce_sum", rows, true);
    Term pivot = pivotRow.slice(columns, 0, 1);
    Term sign = select(best == 0.0, pivot.number(1), pivot.number(-1));
    result = result * (pivot * sign).reshape(batch);
    if (size == 1)
      break;
    Term rest = select(isBest, a.slice(rows, 0, 1), a).slice(rows, 1, size);
    // A pivot of zero makes the result zero, whatever the others are.
    Term divisor = select(pivot == 0.0, pivot.number(1), pivot);
    a = rest.slice(columns, 1, size) - (rest.slice(columns, 0, 1) / divisor) * pivotRow.slice(columns, 1, size);
    if (n.fault != Fault::None)
      return failure();
  }
  return n.result(result.to(type.getElementType()));
}

/// An optional is a tensor or nothing while importing.
static LogicalResult hasElement(Node &n) {
  bool isThere = n.numInputs() && (n.inputs[0].isSequence || n.inputs[0].value());
  return n.result(n.scalar(isThere, n.b.getI1Type()));
}
static LogicalResult passOptional(Node &n) {
  n.outputs.push_back(n.numInputs() ? n.inputs[0] : Bound());
  return success();
}

void addSelectRules(RuleMap &rules) {
  rules[".TopK"] = topK;
  rules[".Hardmax"] = hardmax;
  rules[".Compress"] = compress;
  rules[".NonZero"] = nonZero;
  rules[".Unique"] = unique;
  rules[".TensorScatter"] = tensorScatter;
  rules[".Det"] = determinant;
  rules[".Optional"] = passOptional;
  rules[".OptionalGetElement"] = passOptional;
  rules[".OptionalHasElement"] = hasElement;
}

} // namespace ingot::onnx_import
