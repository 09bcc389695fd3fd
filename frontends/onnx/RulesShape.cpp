//===- RulesShape.cpp - Rules for shapes, and what is known of them ----===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;

namespace ingot::onnx_import {

static std::optional<SmallVector<int64_t>> elementsOf(Value value) {
  DenseElementsAttr elements = Node::constant(value);
  auto element = elements ? dyn_cast<IntegerType>(elements.getElementType()) : IntegerType();
  if (!element || element.getWidth() > 64)
    return std::nullopt;
  return llvm::map_to_vector(elements.getValues<APInt>(), [](const APInt &v) { return v.getSExtValue(); });
}

/// Where a dimension comes from: followed back through ops that keep it, so that two can be told to be the same.
static std::pair<Value, int64_t> originOf(Value value, int64_t dim) {
  while (Operation *op = value.getDefiningOp()) {
    StringRef name = op->getName().getStringRef();
    if (name == "ingot.transpose") {
      dim = op->getAttrOfType<DenseI64ArrayAttr>("perm")[dim];
      value = op->getOperand(0);
    } else if (name == "ingot.reshape") {
      int64_t entry = op->getAttrOfType<DenseI64ArrayAttr>("shape")[dim];
      if (entry > -2)
        break;
      dim = -2 - entry;
      value = op->getOperand(0);
    } else if (isa<PointwiseOpInterface>(op)) {
      // An operand of the same rank whose own size is unknown gives the result its size.
      Value source;
      for (Value operand : op->getOperands())
        if (Node::typeOf(operand).getRank() == Node::typeOf(value).getRank() && Node::typeOf(operand).isDynamicDim(dim))
          source = operand;
      if (!source)
        break;
      value = source;
    } else {
      break;
    }
  }
  return {value, dim};
}

static int64_t sizeOf(Value tensor, int64_t dim, Value x) {
  int64_t size = Node::typeOf(tensor).getDimSize(dim);
  if (!ShapedType::isDynamic(size) || !x)
    return size;
  auto origin = originOf(tensor, dim);
  for (int64_t i = 0, e = Node::typeOf(x).getRank(); i < e; ++i)
    if (Node::typeOf(x).isDynamicDim(i) && originOf(x, i) == origin)
      return -2 - i;
  return ShapedType::kDynamic;
}

static std::optional<SmallVector<int64_t>> traceSizes(Value sizes, Value x, unsigned depth) {
  if (auto elements = elementsOf(sizes))
    return elements;
  RankedTensorType type = Node::typeOf(sizes);
  if (type.getRank() > 1 || !type.hasStaticShape() || type.getNumElements() > 64)
    return std::nullopt;
  SmallVector<int64_t> unknown(type.getNumElements(), ShapedType::kDynamic);
  Operation *op = sizes.getDefiningOp();
  if (!op || unknown.empty() || depth > 32)
    return unknown;
  StringRef name = op->getName().getStringRef();
  if (name == "ingot.shape") {
    Value tensor = op->getOperand(0);
    int64_t rank = Node::typeOf(tensor).getRank(), start = 0;
    if (auto attr = op->getAttrOfType<IntegerAttr>("start"))
      start = attr.getInt();
    start = std::clamp<int64_t>(start < 0 ? start + rank : start, 0, rank);
    for (auto [i, size] : llvm::enumerate(unknown))
      size = sizeOf(tensor, start + i, x);
    return unknown;
  }
  if (name == "ingot.cast" || name == "ingot.reshape")
    return isa<IntegerType>(Node::typeOf(op->getOperand(0)).getElementType()) ? traceSizes(op->getOperand(0), x, depth + 1) : unknown;
  if (name == "ingot.concat") {
    SmallVector<int64_t> all;
    for (Value operand : op->getOperands()) {
      auto part = traceSizes(operand, x, depth + 1);
      if (!part)
        return std::nullopt;
      all.append(*part);
    }
    return all;
  }
  if (name == "ingot.gather") {
    auto from = traceSizes(op->getOperand(0), x, depth + 1);
    auto indices = elementsOf(op->getOperand(1));
    if (!from || !indices)
      return unknown;
    for (auto [size, index] : llvm::zip(unknown, *indices)) {
      index = index < 0 ? index + int64_t(from->size()) : index;
      if (index >= 0 && index < int64_t(from->size()))
        size = (*from)[index];
    }
    return unknown;
  }
  if (name == "ingot.slice") {
    auto from = traceSizes(op->getOperand(0), x, depth + 1);
    int64_t start = op->getAttrOfType<DenseI64ArrayAttr>("starts")[0];
    if (!from || op->getAttrOfType<DenseI64ArrayAttr>("steps")[0] != 1)
      return unknown;
    start = std::clamp<int64_t>(start < 0 ? start + int64_t(from->size()) : start, 0, from->size());
    for (auto [i, size] : llvm::enumerate(unknown))
      if (start + i < from->size())
        size = (*from)[start + i];
  }
  return unknown;
}

std::optional<SmallVector<int64_t>> traceSizes(Value sizes, Value x) { return traceSizes(sizes, x, 0); }

static LogicalResult unknownShape(Node &n) {
  (void)n.need(n.in(1));
  return n.unsupported("'shape' is not known at compile time");
}

static LogicalResult reshape(Node &n) {
  Value x = n.in(0);
  auto shape = traceSizes(n.in(1), x);
  if (!shape)
    return unknownShape(n);
  bool copiesZero = !n.integer("allowzero", 0);
  int64_t open = llvm::count(*shape, -1);
  for (auto [i, size] : llvm::enumerate(*shape)) {
    if (size == 0 && copiesZero)
      size = -2 - int64_t(i);
    else if (ShapedType::isDynamic(size) && !open++)
      size = -1; // the one that follows from the others
  }
  if (llvm::is_contained(*shape, ShapedType::kDynamic))
    return unknownShape(n);
  return n.result(n.reshape(x, *shape));
}

static LogicalResult expand(Node &n) {
  RankedTensorType type = n.type(0);
  auto shape = traceSizes(n.in(1), n.in(0));
  if (!shape)
    return unknownShape(n);
  int64_t lead = int64_t(shape->size()) - type.getRank();
  for (auto [i, size] : llvm::enumerate(*shape)) {
    // A size that x has already is kept by saying 1.
    if (size <= -2 && -2 - size == int64_t(i) - lead)
      size = 1;
    if (size < 0)
      return unknownShape(n);
  }
  return n.result(n.build("expand", n.in(0), n.attr("shape", *shape)));
}

static LogicalResult constantOfShape(Node &n) {
  auto shape = n.constantIntegers(0, "input");
  if (failed(shape))
    return failure();
  Value value;
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(n.attributes.get("value"))) {
    if (elements.getNumElements() != 1)
      return n.invalid("'value' must have one element");
    value = n.constant(elements.reshape(RankedTensorType::get({}, elements.getElementType())));
  } else {
    value = n.scalar(0, n.b.getF32Type());
  }
  return n.result(n.build("expand", value, n.attr("shape", *shape)));
}

static LogicalResult eyeLike(Node &n) {
  RankedTensorType type = n.type(0);
  Type element = n.hasAttr("dtype") ? elementType(n.b.getContext(), int(n.integer("dtype", 0))) : type.getElementType();
  if (type.getRank() != 2 || !element)
    return n.invalid("want a matrix and a known element type");
  if (!type.hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  auto places = [&](int64_t axis) {
    return n.build("iota", {}, {n.attr("shape", type.getShape()), n.attr("axis", axis), n.attr("type", Type(n.b.getI64Type()))});
  };
  Value diagonal = n.build("add", {places(0), n.scalar(double(n.integer("k", 0)), n.b.getI64Type())}, {});
  return n.result(n.cast(n.build("equal", {diagonal, places(1)}, {}), element));
}

/// start + i * delta, of numbers known at compile time.
static LogicalResult range(Node &n) {
  Type element = n.type(0).getElementType();
  SmallVector<double> numbers;
  for (unsigned i = 0; i < 3; ++i) {
    DenseElementsAttr elements = n.need(n.in(i));
    if (!elements || elements.getNumElements() != 1)
      return n.unsupported("the limits are not known at compile time");
    if (isa<FloatType>(element))
      numbers.push_back((*elements.value_begin<APFloat>()).convertToDouble());
    else
      numbers.push_back(double((*elements.value_begin<APInt>()).getSExtValue()));
  }
  if (numbers[2] == 0)
    return n.invalid("'delta' must not be zero");
  double count = std::max(0.0, std::ceil((numbers[1] - numbers[0]) / numbers[2]));
  if (!(count < double(int64_t(1) << 40)))
    return n.unsupported("a range of this length is not supported");
  Value y = n.build("iota", {}, {n.attr("shape", ArrayRef<int64_t>{int64_t(count)}), n.attr("axis", int64_t(0)),
                                 n.attr("type", element)});
  if (numbers[2] != 1)
    y = n.build("mul", {y, n.in(2)}, {});
  if (numbers[0] != 0)
    y = n.build("add", {y, n.in(0)}, {});
  return n.result(y);
}

void addShapeRules(RuleMap &rules) {
  rules[".Reshape"] = reshape;
  rules[".Expand"] = expand;
  rules[".ConstantOfShape"] = constantOfShape;
  rules[".EyeLike"] = eyeLike;
  rules[".Range"] = range;
}

} // namespace ingot::onnx_import
