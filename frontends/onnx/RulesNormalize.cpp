//===- RulesNormalize.cpp - Rules for normalizations and softmax -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;

namespace ingot::onnx_import {

/// Statistics of the batch itself, and the running ones for the next step.
static LogicalResult batchNormTraining(Node &n) {
  RankedTensorType type = n.type(0);
  SmallVector<int64_t> axes;
  for (int64_t i = 0, e = type.getRank(); i < e; ++i)
    if (i != 1)
      axes.push_back(i);
  auto average = [&](Value x) {
    return n.build("reduce_mean", x, {n.attr("axes", axes), n.attr("keepdims", false)});
  };
  SmallVector<int64_t> channels(type.getRank(), 1);
  channels[1] = -1;
  Value mean = average(n.in(0));
  Value centered = n.build("sub", {n.in(0), n.reshape(mean, channels)}, {});
  Value variance = average(n.build("mul", {centered, centered}, {}));
  Value y = n.build("batch_norm", {n.in(0), n.in(1), n.in(2), mean, variance}, {n.attr("epsilon", n.number("epsilon", 1e-5))});
  auto running = [&](Value old, Value now) {
    double momentum = n.number("momentum", 0.9);
    Type element = Node::typeOf(old).getElementType();
    return n.build("add", {n.build("mul", {old, n.scalar(momentum, element)}, {}),
                           n.build("mul", {now, n.scalar(1 - momentum, element)}, {})}, {});
  };
  Value nextMean = n.wants(1) ? running(n.in(3), mean) : Value();
  Value nextVariance = n.wants(2) ? running(n.in(4), variance) : Value();
  return n.results({y, nextMean, nextVariance});
}

static LogicalResult batchNorm(Node &n) {
  if (n.type(0).getRank() < 2)
    return n.invalid("the input must have a batch and channels");
  if (n.integer("training_mode", 0))
    return batchNormTraining(n);
  return n.result(n.build("batch_norm", {n.in(0), n.in(1), n.in(2), n.in(3), n.in(4)},
                          {n.attr("epsilon", n.number("epsilon", 1e-5))}));
}

static LogicalResult layerNorm(Node &n) {
  SmallVector<Value> operands = {n.in(0), n.in(1)}, results;
  if (n.has(2))
    operands.push_back(n.in(2));
  n.build("layer_norm", operands, {n.attr("axis", n.integer("axis", -1)), n.attr("epsilon", n.number("epsilon", 1e-5))},
          &results);
  // The statistics are of the type that the node asks for, f32 unless it says more.
  Type statistics = elementType(n.b.getContext(), int(n.integer("stash_type", 1)));
  for (size_t i = 1; i < results.size(); ++i)
    if (statistics && n.wants(i) && results[i])
      results[i] = n.cast(results[i], statistics);
  return n.results(results);
}

/// ONNX's definition by other operators holds for f32 only.
static LogicalResult meanVarianceNorm(Node &n) {
  SmallVector<int64_t> axes = n.integers("axes").value_or(SmallVector<int64_t>{0, 2, 3});
  Type element = n.type(0).getElementType(), wide = element.getIntOrFloatBitWidth() < 32 ? n.b.getF32Type() : element;
  auto average = [&](Value x) { return n.build("reduce_mean", x, {n.attr("axes", axes), n.attr("keepdims", true)}); };
  Value x = n.cast(n.in(0), wide);
  Value centered = n.build("sub", {x, average(x)}, {});
  Value deviation = n.build("sqrt", average(n.build("mul", {centered, centered}, {})), {});
  Value y = n.build("div", {centered, n.build("add", {deviation, n.scalar(1e-9, wide)}, {})}, {});
  return n.result(n.cast(y, element));
}

static LogicalResult rmsNorm(Node &n) {
  return n.result(n.build("rms_norm", {n.in(0), n.in(1)},
                          {n.attr("axis", n.integer("axis", -1)), n.attr("epsilon", n.number("epsilon", 1e-5))}));
}

static LogicalResult groupNorm(Node &n, int64_t groups) {
  return n.result(n.build("group_norm", {n.in(0), n.in(1), n.in(2)},
                          {n.attr("num_groups", groups), n.attr("epsilon", n.number("epsilon", 1e-5))}));
}

static LogicalResult lpNorm(Node &n) {
  int64_t p = n.integer("p", 2);
  if (p != 1 && p != 2)
    return n.invalid("'p' is " + Twine(p) + ", want 1 or 2");
  Value norm = n.build(p == 1 ? "reduce_l1" : "reduce_l2", n.in(0),
                       {n.attr("axes", ArrayRef<int64_t>{n.integer("axis", -1)}), n.attr("keepdims", true)});
  if (!norm)
    return failure();
  // Where all is zero it stays so.
  Type element = n.type(0).getElementType();
  Value isZero = n.build("equal", {norm, n.scalar(0, element)}, {});
  return n.result(n.build("div", {n.in(0), n.build("where", {isZero, n.scalar(1, element), norm}, {})}, {}));
}

/// Before opset 13, everything from `axis` on is one dimension.
static LogicalResult softmax(Node &n, StringRef op) {
  RankedTensorType type = n.type(0);
  bool old = n.version < 13;
  int64_t axis = n.integer("axis", old ? 1 : -1), rank = type.getRank();
  if (axis < -rank || axis >= std::max<int64_t>(rank, 1))
    return n.invalid("axis " + Twine(axis) + " lies outside rank " + Twine(rank));
  axis = axis < 0 ? axis + rank : axis;
  if (!old || axis == rank - 1)
    return n.result(n.build(op, n.in(0), n.attr("axis", axis)));
  if (!type.hasStaticShape())
    return n.unsupported("before opset 13 the sizes must be known at compile time");
  int64_t outer = 1, inner = 1;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    (int64_t(i) < axis ? outer : inner) *= size;
  Value y = n.build(op, n.reshape(n.in(0), {outer, inner}), n.attr("axis", int64_t(1)));
  return n.result(n.reshape(y, type.getShape()));
}

void addNormalizeRules(RuleMap &rules) {
  rules[".BatchNormalization"] = batchNorm;
  rules[".LayerNormalization"] = layerNorm;
  rules[".MeanVarianceNormalization"] = meanVarianceNorm;
  rules[".RMSNormalization"] = rmsNorm;
  rules[".GroupNormalization"] = [](Node &n) { return groupNorm(n, n.integer("num_groups", 1)); };
  rules[".InstanceNormalization"] = [](Node &n) {
    if (n.type(0).getRank() < 2 || n.type(0).isDynamicDim(1))
      return n.unsupported("the number of channels is not known at compile time");
    return groupNorm(n, n.type(0).getDimSize(1));
  };
  rules[".LpNormalization"] = lpNorm;
  rules[".Softmax"] = [](Node &n) { return softmax(n, "softmax"); };
  rules[".LogSoftmax"] = [](Node &n) { return softmax(n, "log_softmax"); };
}

} // namespace ingot::onnx_import
