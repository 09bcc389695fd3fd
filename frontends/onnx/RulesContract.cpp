//===- RulesContract.cpp - Rules for products, convolutions and attention -===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

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

static LogicalResult attention(Node &n) {
  // Only the plain form: no cache of keys and values, no soft cap, no second result.
  if (n.has(4) || n.has(5) || n.has(6) || n.wants(1) || n.wants(2) || n.wants(3) || n.number("softcap", 0) != 0)
    return n.unsupported("only attention without a cache and without a soft cap is supported");
  SmallVector<Value> operands = {n.in(0), n.in(1), n.in(2)};
  bool flat = n.type(0).getRank() == 3;
  RankedTensorType query = n.type(0);
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
    return n.unsupported("heads that share keys are not supported");
  if (n.has(3)) {
    Value mask = n.in(3);
    if (Node::typeOf(mask).getElementType().isInteger(1)) {
      Type element = q.getElementType();
      Value lowest = n.scalar(-std::numeric_limits<double>::infinity(), element);
      mask = n.build("where", {mask, n.scalar(0, element), lowest}, {});
    }
    operands.push_back(mask);
  }
  SmallVector<NamedAttribute> attrs = {n.attr("causal", n.integer("is_causal", 0) != 0)};
  if (n.hasAttr("scale"))
    attrs.push_back(n.attr("scale", n.number("scale", 1)));
  Value y = n.build("attention", operands, attrs);
  if (flat)
    y = n.reshape(n.transpose(y, {0, 2, 1, 3}), {-2, -3, -1});
  return n.result(y);
}

void addContractRules(RuleMap &rules) {
  rules[".Gemm"] = gemm;
  rules[".Conv"] = conv;
  rules[".Attention"] = attention;
}

} // namespace ingot::onnx_import
