//===- RulesQuantize.cpp - Rules for quantized operators ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantized operators are arithmetic on wider numbers: correct, and open to every pass, though not the fastest.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Term.h"

using namespace mlir;

namespace ingot::onnx_import {

/// A scale or zero point in a form that broadcasts to `x`: one number, one for each place along an axis, or one for
/// each block of such places.
static Term spread(Node &n, Value given, Value x, int64_t axis, int64_t block) {
  Term parameter(n, given);
  RankedTensorType type = Node::typeOf(x), own = parameter.type();
  int64_t rank = type.getRank();
  if (own.getRank() == 0 || (own.getRank() == 1 && own.getShape() == ArrayRef<int64_t>(1)))
    return parameter.reshape({});
  axis = axis < 0 ? axis + rank : axis;
  if (axis < 0 || axis >= rank) {
    (void)n.invalid("axis " + Twine(axis) + " lies outside rank " + Twine(rank));
    return parameter;
  }
  if (own.getRank() == 1) {
    SmallVector<int64_t> shape(rank, 1);
    shape[axis] = -1;
    return parameter.reshape(shape);
  }
  if (own.getRank() != rank || block < 1) {
    (void)n.invalid("scales of shape " + Twine(own.getRank()) + " need the rank of the input and a block size");
    return parameter;
  }
  if (!own.hasStaticShape() || !type.hasStaticShape()) {
    (void)n.unsupported("the sizes of blocks are not known at compile time");
    return parameter;
  }
  // Each number stands for `block` places; the last block may be shorter.
  SmallVector<int64_t> split(own.getShape()), repeated, whole(own.getShape());
  split.insert(split.begin() + axis + 1, 1);
  repeated = split;
  repeated[axis + 1] = block;
  whole[axis] *= block;
  return parameter.reshape(split).expand(repeated).reshape(whole).slice(axis, 0, type.getDimSize(axis));
}

/// The type that quantized numbers get, or null after a report.
static Type quantizedType(Node &n, unsigned zeroPoint) {
  if (n.has(zeroPoint))
    return n.type(zeroPoint).getElementType();
  int64_t given = n.integer("output_dtype", 0);
  Type type = given ? elementType(n.b.getContext(), int(given)) : n.b.getIntegerType(8, /*isSigned=*/false);
  if (!type)
    (void)n.unsupported("quantization to type " + Twine(given) + " is not supported");
  return type;
}

/// Numbers, already scaled, rounded to the nearest of an integer type that `zero` moves. The zero point is added to the
/// integer, because its sum with a fraction may round differently.
static Term saturated(const Term &scaled, const Term *zero, IntegerType type, bool roundsFirst = true) {
  double low = type.isUnsigned() ? 0 : -std::ldexp(1.0, int(type.getWidth()) - 1);
  double high = std::ldexp(1.0, int(type.getWidth()) - !type.isUnsigned()) - 1;
  Type wide = scaled.n.b.getF32Type();
  Term number = scaled.to(wide);
  if (roundsFirst)
    number = number.apply("round");
  if (zero)
    number = number + zero->to(wide);
  if (!roundsFirst)
    number = number.apply("round");
  return number.clamp(low, high).to(type);
}

static LogicalResult quantize(Node &n) {
  Type type = quantizedType(n, 2);
  if (!type)
    return failure();
  int64_t axis = n.integer("axis", 1), block = n.integer("block_size", 0);
  Term x(n, n.in(0)), scale = spread(n, n.in(1), n.in(0), axis, block);
  if (n.fault != Fault::None)
    return failure();
  if (int64_t precision = n.integer("precision", 0)) {
    Type element = elementType(n.b.getContext(), int(precision));
    if (!isa_and_nonnull<FloatType>(element))
      return n.unsupported("division in type " + Twine(precision) + " is not supported");
    x = x.to(element), scale = scale.to(element);
  } else if (isa<IntegerType>(x.element())) {
    x = x.to(scale.element());
  } else if (x.element() != scale.element()) {
    // As in NumPy, the wider of both.
    Type element =
        x.element().getIntOrFloatBitWidth() > scale.element().getIntOrFloatBitWidth() ? x.element() : scale.element();
    x = x.to(element), scale = scale.to(element);
  }
  Term scaled = x / scale;
  if (auto integer = dyn_cast<IntegerType>(type)) {
    if (!n.has(2))
      return n.result(saturated(scaled, nullptr, integer));
    Term zero = spread(n, n.in(2), n.in(0), axis, block);
    return n.result(saturated(scaled, &zero, integer));
  }
  // As in ONNX's reference, four bits have a zero point; it changes at most the sign of a zero.
  if (n.has(2) && isa<Float4E2M1FNType>(type))
    scaled = scaled + spread(n, n.in(2), n.in(0), axis, block).to(scaled.element());
  return n.result(scaled.apply("cast", {n.attr("to", type), n.attr("saturate", n.integer("saturate", 1) != 0)}));
}

static LogicalResult dequantize(Node &n) {
  int64_t axis = n.integer("axis", 1), block = n.integer("block_size", 0);
  Type wide = n.b.getF32Type(), type = n.type(1).getElementType();
  if (int64_t given = n.integer("output_dtype", 0))
    type = elementType(n.b.getContext(), int(given));
  if (!isa_and_nonnull<FloatType>(type))
    return n.unsupported("numbers of type " + Twine(n.integer("output_dtype", 0)) + " are not supported");
  if (type.isF64())
    wide = type;
  Term x(n, n.in(0));
  bool isFloat = isNarrowFloat(x.element());
  x = x.to(wide);
  if (n.has(2) && !isFloat)
    x = x - spread(n, n.in(2), n.in(0), axis, block).to(wide);
  return n.result((x * spread(n, n.in(1), n.in(0), axis, block).to(wide)).to(type));
}

/// The range of the input, with zero in it, on the numbers of a byte.
static LogicalResult dynamicQuantize(Node &n) {
  Term x(n, n.in(0));
  Type byte = n.b.getIntegerType(8, /*isSigned=*/false);
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, x.type().getRank()));
  Term low = x.reduce("reduce_min", axes, false), high = x.reduce("reduce_max", axes, false);
  low = low.with("min", low.number(0)), high = high.with("max", high.number(0));
  Term scale = (high - low) / 255.0;
  Term zero = ((-low) / scale).apply("round").clamp(0, 255).to(byte);
  return n.results({saturated(x / scale, &zero, cast<IntegerType>(byte)), scale, zero});
}

/// Input `input` as i32 without its zero point, which is one number or one for each place along `axis`.
static Term centered(Node &n, unsigned input, unsigned zeroPoint, int64_t axis) {
  Type i32 = n.b.getI32Type();
  Term x = Term(n, n.in(input)).to(i32);
  if (!n.has(zeroPoint))
    return x;
  Term zero = Term(n, n.in(zeroPoint)).to(i32);
  if (zero.type().getRank() > 1)
    return x - zero;
  return x - spread(n, zero, x, axis, 0);
}

static LogicalResult matmulInteger(Node &n) {
  // One zero point for each row of the left matrix, and for each column of the right one.
  Term a = centered(n, 0, 2, std::max<int64_t>(n.type(0).getRank() - 2, 0)),
       b = centered(n, 1, 3, n.type(1).getRank() - 1);
  return n.result(a.with("matmul", b));
}

static LogicalResult qlinearMatmul(Node &n) {
  Term a = centered(n, 0, 2, std::max<int64_t>(n.type(0).getRank() - 2, 0)),
       b = centered(n, 3, 5, n.type(3).getRank() - 1);
  Type wide = n.b.getF32Type();
  auto scale = [&](unsigned input, Value of, int64_t axis) { return spread(n, n.in(input), of, axis, 0).to(wide); };
  Term product = a.with("matmul", b);
  if (n.fault != Fault::None)
    return failure();
  int64_t rank = product.type().getRank();
  auto result = dyn_cast<IntegerType>(n.type(7).getElementType());
  if (!result)
    return n.unsupported("quantization to numbers that are no integers is not supported");
  Term factor =
      scale(1, product, std::max<int64_t>(rank - 2, 0)) * scale(4, product, rank - 1) / scale(6, product, rank - 1);
  Term zero = spread(n, n.in(7), product, rank - 1, 0);
  return n.result(saturated(product.to(wide) * factor, &zero, result, /*roundsFirst=*/false));
}

/// A convolution of i32 with the attributes of the node.
static Value convolve(Node &n, const Term &x, const Term &w) {
  if (n.fault != Fault::None)
    return {};
  WindowShape window;
  if (x.type().getRank() < 3 || w.type().getRank() != x.type().getRank()) {
    (void)n.invalid("the input and the kernel must have the same rank, of 3 or more");
    return {};
  }
  if (failed(readWindow(n, x.type().getShape().drop_front(2), w.type().getShape().drop_front(2), window)))
    return {};
  return n.build("conv", {x, w},
                 {n.attr("strides", window.strides), n.attr("pads", window.pads), n.attr("dilations", window.dilations),
                  n.attr("groups", n.integer("group", 1))});
}

static LogicalResult convInteger(Node &n) { return n.result(convolve(n, centered(n, 0, 2, 1), centered(n, 1, 3, 0))); }

static LogicalResult qlinearConv(Node &n) {
  Type wide = n.b.getF32Type();
  auto result = dyn_cast<IntegerType>(n.type(7).getElementType());
  if (!result)
    return n.unsupported("quantization to numbers that are no integers is not supported");
  Value sum = convolve(n, centered(n, 0, 2, 1), centered(n, 3, 5, 0));
  if (!sum)
    return failure();
  Term y(n, sum);
  if (n.has(8))
    y = y + spread(n, n.in(8), y, 1, 0);
  auto scale = [&](unsigned input) { return spread(n, n.in(input), y, 1, 0).to(wide); };
  Term zero = spread(n, n.in(7), y, 1, 0);
  return n.result(saturated(y.to(wide) * (scale(1) * scale(4) / scale(6)), &zero, result, /*roundsFirst=*/false));
}

void addQuantizeRules(RuleMap &rules) {
  rules[".QuantizeLinear"] = quantize;
  rules[".DequantizeLinear"] = dequantize;
  rules[".DynamicQuantizeLinear"] = dynamicQuantize;
  rules[".MatMulInteger"] = matmulInteger;
  rules[".ConvInteger"] = convInteger;
  rules[".QLinearMatMul"] = qlinearMatmul;
  rules[".QLinearConv"] = qlinearConv;
}

} // namespace ingot::onnx_import
