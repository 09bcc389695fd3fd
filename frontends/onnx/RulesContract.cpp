//===- RulesContract.cpp - Rules for products, convolutions and attention -===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Window.h"
#include "frontends/onnx/Term.h"

using namespace mlir;

namespace ingot::onnx_import {

/// Adds a vector along dimension 1, where channels are.
static Value addChannels(Node &n, Value y, Value bias) {
  if (!y || !bias)
    return y;
  SmallVector<int64_t> shape(Node::typeOf(y).getRank(), 1);
  if (shape.size() > 1)
    shape[1] = -1;
  return n.build("add", {y, n.reshape(bias, shape)}, {});
}

static LogicalResult gemm(Node &n) {
  if (n.type(0).getRank() != 2 || n.type(1).getRank() != 2)
    return n.invalid("the operands must be matrices");
  Type element = n.type(0).getElementType();
  Value y = n.build("matmul", {n.in(0), n.in(1)},
                    {n.attr("transpose_a", n.integer("transA", 0) != 0), n.attr("transpose_b", n.integer("transB", 0) != 0)});
  auto scaled = [&](Value x, double factor) {
    return factor == 1 ? x : n.build("mul", {x, n.scalar(factor, element)}, {});
  };
  y = scaled(y, n.number("alpha", 1));
  if (n.has(2))
    y = n.build("add", {y, scaled(n.in(2), n.number("beta", 1))}, {});
  return n.result(y);
}

static LogicalResult conv(Node &n) {
  RankedTensorType x = n.type(0), w = n.type(1);
  if (x.getRank() < 3 || w.getRank() != x.getRank())
    return n.invalid("the input and the kernel must have the same rank, of 3 or more");
  WindowShape window;
  if (failed(readWindow(n, x.getShape().drop_front(2), w.getShape().drop_front(2), window)))
    return failure();
  Value y = n.build("conv", {n.in(0), n.in(1)},
                    {n.attr("strides", window.strides), n.attr("pads", window.pads),
                     n.attr("dilations", window.dilations), n.attr("groups", n.integer("group", 1))});
  return n.result(n.has(2) ? addChannels(n, y, n.in(2)) : y);
}

/// Pads that give a transposed convolution the sizes that the node asks for; one-sided where they are odd.
static LogicalResult transposedPads(Node &n, ArrayRef<int64_t> sizes, ArrayRef<int64_t> reach,
                                    ArrayRef<int64_t> strides, ArrayRef<int64_t> outputPads,
                                    SmallVectorImpl<int64_t> &pads) {
  std::string automatic = n.text("auto_pad", "NOTSET");
  size_t rank = sizes.size();
  auto wanted = n.integers("output_shape");
  bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (automatic == "VALID")
    pads.assign(2 * rank, 0);
  if (!wanted && !same)
    return success();
  if (llvm::any_of(sizes, ShapedType::isDynamic))
    return n.unsupported("pads of its own choice need sizes that are known at compile time");
  if (wanted && wanted->size() == rank + 2)
    wanted->erase(wanted->begin(), wanted->begin() + 2); // some exporters name all dimensions
  if (wanted && wanted->size() != rank)
    return n.invalid("'output_shape' has " + Twine(wanted->size()) + " elements, want " + Twine(rank));
  for (size_t i = 0; i < rank; ++i) {
    int64_t size = wanted ? (*wanted)[i] : sizes[i] * strides[i];
    int64_t total = strides[i] * (sizes[i] - 1) + outputPads[i] + reach[i] - size;
    if (size < 1 || size > (int64_t(1) << 24))
      return n.invalid("'output_shape' has the element " + Twine(size));
    // Where there is too little, the missing elements go to the end.
    int64_t low = total < 0 ? 0 : automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    pads[i] = low;
    pads[i + rank] = total - low;
  }
  return success();
}

static LogicalResult convTranspose(Node &n) {
  RankedTensorType x = n.type(0), w = n.type(1);
  if (x.getRank() < 3 || w.getRank() != x.getRank())
    return n.invalid("the input and the kernel must have the same rank, of 3 or more");
  int64_t groups = n.integer("group", 1), spatial = x.getRank() - 2;
  if (!w.hasStaticShape() || x.isDynamicDim(1))
    return n.unsupported("the size of the kernel is not known at compile time");
  if (groups < 1 || w.getDimSize(0) != x.getDimSize(1) || w.getDimSize(0) % groups)
    return n.invalid("the kernel's first dimension must be the number of channels, which the groups divide");
  auto listOf = [&](StringRef name, int64_t count, int64_t otherwise) {
    return n.integers(name).value_or(SmallVector<int64_t>(count, otherwise));
  };
  SmallVector<int64_t> strides = listOf("strides", spatial, 1), dilations = listOf("dilations", spatial, 1),
                       pads = listOf("pads", 2 * spatial, 0), outputPads = listOf("output_padding", spatial, 0), reach;
  auto isNot = [](int64_t least) { return [least](int64_t value) { return value < least || value > (1 << 24); }; };
  if (int64_t(strides.size()) != spatial || int64_t(dilations.size()) != spatial ||
      int64_t(pads.size()) != 2 * spatial || int64_t(outputPads.size()) != spatial || llvm::any_of(strides, isNot(1)) ||
      llvm::any_of(dilations, isNot(1)) || llvm::any_of(pads, isNot(0)) || llvm::any_of(outputPads, isNot(0)) ||
      llvm::any_of(w.getShape(), isNot(1)))
    return n.invalid("'strides', 'pads', 'dilations', 'output_padding' and the kernel do not fit together");
  for (int64_t i = 0; i < spatial; ++i)
    reach.push_back((w.getDimSize(i + 2) - 1) * dilations[i] + 1);
  if (failed(transposedPads(n, x.getShape().drop_front(2), reach, strides, outputPads, pads)))
    return failure();
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t size = x.getDimSize(i + 2);
    if (!ShapedType::isDynamic(size) &&
        strides[i] * (size - 1) + outputPads[i] + reach[i] - pads[i] - pads[i + spatial] < 1)
      return n.invalid("dimension " + Twine(i + 2) + " of the result would be empty");
  }
  ImplicitLocOpBuilder builder(n.loc, n.b);
  Value y = buildConvTranspose(builder, n.in(0), n.in(1), strides, pads, outputPads, dilations, groups);
  return n.result(n.has(2) ? addChannels(n, y, n.in(2)) : y);
}

static LogicalResult attention(Node &n) {
  // The plain form is one op: no cache of keys and values, no soft cap, no second result.
  SmallVector<StringRef> plain = {"is_causal", "scale", "q_num_heads", "kv_num_heads", "qk_matmul_output_mode",
                                  "softcap"};
  bool isPlain =
      llvm::all_of(n.attributes, [&](NamedAttribute attr) { return llvm::is_contained(plain, attr.getName()); });
  StringRef other = "only attention without a cache and without a soft cap is supported";
  if (!isPlain || n.has(4) || n.has(5) || n.has(6) || n.wants(1) || n.wants(2) || n.wants(3) ||
      n.number("softcap", 0) != 0)
    return n.asFunction(other);
  // Of bfloat16 the definition rounds each step, which shows.
  if (n.type(0).getElementType().isBF16())
    return n.asFunction(other);
  SmallVector<Value> operands = {n.in(0), n.in(1), n.in(2)};
  bool flat = n.type(0).getRank() == 3;
  if (flat) {
    // [batch, sequence, heads * depth] becomes [batch, heads, sequence, depth].
    int64_t heads[] = {n.integer("q_num_heads", 0), n.integer("kv_num_heads", 0), n.integer("kv_num_heads", 0)};
    for (unsigned i = 0; i < 3; ++i) {
      if (n.type(i).getRank() != 3 || heads[i] <= 0)
        return n.invalid("the number of heads is missing");
      operands[i] = n.transpose(n.reshape(operands[i], {-2, -3, heads[i], -1}), {0, 2, 1, 3});
    }
  }
  if (n.fault != Fault::None)
    return failure();
  RankedTensorType q = Node::typeOf(operands[0]), k = Node::typeOf(operands[1]);
  if (q.getRank() != 4 || k.getRank() != 4)
    return n.invalid("the operands must have rank 3 or 4");
  if (q.getDimSize(1) != k.getDimSize(1))
    return n.asFunction("heads that share keys are not supported");
  Value seen; // whether a query sees any key
  if (n.has(3)) {
    Value mask = n.in(3);
    RankedTensorType type = Node::typeOf(mask);
    bool isTruth = type.getElementType().isInteger(1);
    if (type.getRank() < 2 || type.getShape().back() != k.getDimSize(2) || (isTruth && n.integer("is_causal", 0)))
      return n.asFunction("a mask of this kind is not supported");
    if (isTruth) {
      Type element = q.getElementType();
      // A finite number: where all keys are hidden nothing becomes infinity less itself.
      Value lowest = n.scalar(element.isF16() ? -30000.0 : -1e30, element);
      seen = n.build("reduce_max", mask,
                     {n.attr("axes", ArrayRef<int64_t>(type.getRank() - 1)), n.attr("keepdims", true)});
      mask = n.build("where", {mask, n.scalar(0, element), lowest}, {});
    }
    operands.push_back(mask);
  }
  const int32_t segments[] = {1, 1, 1, n.has(3), 0};
  SmallVector<NamedAttribute> attrs = {n.attr("causal", n.integer("is_causal", 0) != 0),
                                       {"operandSegmentSizes", n.b.getDenseI32ArrayAttr(segments)}};
  if (n.hasAttr("scale"))
    attrs.push_back(n.attr("scale", n.number("scale", 1)));
  Value y = n.build("attention", operands, attrs);
  if (seen)
    y = n.build("where", {seen, y, n.scalar(0, q.getElementType())}, {});
  if (flat)
    y = n.reshape(n.transpose(y, {0, 2, 1, 3}), {-2, -3, -1});
  return n.result(y);
}

void addContractRules(RuleMap &rules) {
  rules[".Gemm"] = gemm;
  rules[".Conv"] = conv;
  rules[".ConvTranspose"] = convTranspose;
  rules[".Attention"] = attention;
}

} // namespace ingot::onnx_import
