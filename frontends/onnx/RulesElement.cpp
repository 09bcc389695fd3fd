//===- RulesElement.cpp - Rules for pointwise operators ----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Term.h"
#include "frontends/onnx/TrainingMode.h"

using namespace mlir;

namespace ingot::onnx_import {

/// Operators of any number of inputs, from the one of two.
static LogicalResult variadic(Node &n, StringRef op) {
  Value total = n.in(0);
  for (unsigned i = 1, e = n.numInputs(); i < e; ++i)
    total = n.build(op, {total, n.in(i)}, {});
  return n.result(total);
}

static LogicalResult mean(Node &n) {
  Value total = n.in(0);
  for (unsigned i = 1, e = n.numInputs(); i < e; ++i)
    total = n.build("add", {total, n.in(i)}, {});
  return n.result(n.build("div", {total, n.scalar(n.numInputs(), n.type(0).getElementType())}, {}));
}

static LogicalResult clip(Node &n) {
  Value x = n.in(0);
  if (n.has(1))
    x = n.build("max", {x, n.in(1)}, {});
  if (n.has(2))
    x = n.build("min", {x, n.in(2)}, {});
  return n.result(x);
}

static LogicalResult convert(Node &n, Type to) {
  if (n.type(0).getElementType() == to)
    return n.result(n.in(0));
  return n.result(n.build("cast", n.in(0), {n.attr("to", to), n.attr("saturate", n.integer("saturate", 1) != 0)}));
}

static LogicalResult cast(Node &n) {
  Type to = elementType(n.b.getContext(), int(n.integer("to", 0)));
  if (!to)
    return n.unsupported("casts to type " + Twine(n.integer("to", 0)) + " are not supported");
  return convert(n, to);
}

static LogicalResult castLike(Node &n) { return convert(n, n.type(1).getElementType()); }

static LogicalResult bitCast(Node &n) {
  Type to = elementType(n.b.getContext(), int(n.integer("to", 0)));
  if (!to)
    return n.unsupported("type " + Twine(n.integer("to", 0)) + " is not supported");
  if (to == n.type(0).getElementType())
    return n.result(n.in(0));
  return n.result(n.build("bitcast", n.in(0), n.attr("to", to)));
}

static LogicalResult identity(Node &n) {
  n.outputs.push_back(n.inputs[0]);
  return success();
}

/// A tensor of truth values like `x`.
static Value allTrue(Node &n, Value x) {
  if (!Node::typeOf(x).hasStaticShape())
    return {};
  return n.build("expand", n.scalar(1, n.b.getI1Type()), n.attr("shape", Node::typeOf(x).getShape()));
}

/// A bijection of 32 bits in which every bit of the result depends on every bit of `x`
/// (Wellons, "Prospecting for Hash Functions", lowbias32).
static Term mixed(Term x) {
  auto fold = [&](double bits) {
    x = x.with("bitwise_xor", {x.n, x.n.build("bit_shift", {x, x.number(bits)}, x.n.attr("direction", StringRef("RIGHT")))});
  };
  fold(16);
  x = x * double(0x7feb352d);
  fold(15);
  x = x * double(0x846ca68b);
  fold(16);
  return x;
}

/// With the mask that TrainingMode.h says.
static LogicalResult drop(Node &n, double ratio) {
  Value key = n.named ? n.named(randomKey).value() : Value();
  if (!key)
    return n.unsupported("dropout in training mode is random");
  if (!(ratio > 0 && ratio < 1))
    return n.invalid("drops a share of " + Twine(std::to_string(ratio)) + ", want one from 0 to 1, without 1");
  RankedTensorType type = n.type(0);
  if (!type.hasStaticShape())
    return n.unsupported("dropout in training mode on a tensor of open size");
  Type word = n.b.getIntegerType(32, /*isSigned=*/false);
  int64_t count = type.getNumElements();
  Term places(n, n.build("iota", {},
                         {n.attr("shape", ArrayRef<int64_t>(count)), n.attr("axis", int64_t(0)),
                          n.attr("type", n.b.getI64Type())}));
  Term mask = mixed(Term(n, key) + double(uint32_t(n.integer("seed", 0)) * 0x9e3779b9u));
  Term bits = mixed(places.to(word).reshape(type.getShape()).with("bitwise_xor", mask));
  Term isKept = bits >= std::floor(ratio * 0x1p32), x(n, n.in(0));
  return n.results({select(isKept, x * (1 / (1 - ratio)), x.number(0)), n.wants(1) ? Value(isKept) : Value()});
}

static LogicalResult dropout(Node &n) {
  if (n.has(2)) {
    auto training = n.constantIntegers(2, "training_mode");
    if (failed(training))
      return failure();
    bool isTraining = !training->empty() && training->front();
    DenseElementsAttr given = isTraining && n.has(1) ? n.need(n.in(1)) : DenseElementsAttr();
    if (isTraining && n.has(1) && (!given || given.getNumElements() != 1))
      return n.unsupported("dropout in training mode has a ratio that is not a constant");
    double ratio = given ? given.getSplatValue<APFloat>().convertToDouble() : 0.5;
    if (isTraining && ratio != 0)
      return drop(n, ratio);
  }
  return n.results({n.in(0), n.wants(1) ? allTrue(n, n.in(0)) : Value()});
}

static LogicalResult gelu(Node &n) {
  return n.result(n.build(n.text("approximate", "none") == "tanh" ? "gelu_tanh" : "gelu", n.in(0), {}));
}

static LogicalResult isNaN(Node &n) {
  return n.result(n.build("not", n.build("equal", {n.in(0), n.in(0)}, {}), {}));
}

static LogicalResult isInf(Node &n) {
  bool positive = n.integer("detect_positive", 1), negative = n.integer("detect_negative", 1);
  Value x = n.in(0);
  if (positive && negative)
    x = n.build("abs", x, {});
  else if (negative)
    x = n.build("neg", x, {});
  else if (!positive)
    return n.unsupported("neither infinity is asked for");
  double infinity = std::numeric_limits<double>::infinity();
  return n.result(n.build("equal", {x, n.scalar(infinity, n.type(0).getElementType())}, {}));
}

static LogicalResult prelu(Node &n) {
  Value zero = n.scalar(0, n.type(0).getElementType());
  Value scaled = n.build("mul", {n.in(0), n.in(1)}, {});
  return n.result(n.build("where", {n.build("less", {n.in(0), zero}, {}), scaled, n.in(0)}, {}));
}

static LogicalResult thresholdedRelu(Node &n) {
  Type type = n.type(0).getElementType();
  Value kept = n.build("greater", {n.in(0), n.scalar(n.number("alpha", 1), type)}, {});
  return n.result(n.build("where", {kept, n.in(0), n.scalar(0, type)}, {}));
}

/// Constants given by number; tensors are dealt with before.
static LogicalResult constant(Node &n) {
  Attribute value;
  if (!n.attributes.empty())
    value = n.attributes.begin()->getValue();
  if (auto list = dyn_cast_or_null<DenseI64ArrayAttr>(value))
    return n.result(n.integersConstant(list.asArrayRef()));
  if (auto list = dyn_cast_or_null<DenseF32ArrayAttr>(value)) {
    auto type = RankedTensorType::get({list.size()}, n.b.getF32Type());
    return n.result(n.constant(DenseElementsAttr::get(type, list.asArrayRef())));
  }
  auto number = dyn_cast_or_null<TypedAttr>(value);
  if (!number || !isa<IntegerAttr, FloatAttr>(number))
    return n.unsupported("a constant of this kind is not supported");
  return n.result(n.constant(DenseElementsAttr::get(RankedTensorType::get({}, number.getType()), Attribute(number))));
}

void addElementRules(RuleMap &rules) {
  rules[".Max"] = [](Node &n) { return variadic(n, "max"); };
  rules[".Min"] = [](Node &n) { return variadic(n, "min"); };
  rules[".Sum"] = [](Node &n) { return variadic(n, "add"); };
  rules[".Mean"] = mean;
  rules[".Clip"] = clip;
  rules[".Cast"] = cast;
  rules[".CastLike"] = castLike;
  rules[".BitCast"] = bitCast;
  rules[".Identity"] = identity;
  rules[".Dropout"] = dropout;
  rules[".Gelu"] = gelu;
  rules[".IsNaN"] = isNaN;
  rules[".IsInf"] = isInf;
  rules[".PRelu"] = prelu;
  rules[".ThresholdedRelu"] = thresholdedRelu;
  rules[".Constant"] = constant;
}

} // namespace ingot::onnx_import
