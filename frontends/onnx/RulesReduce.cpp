//===- RulesReduce.cpp - Rules for reductions and running sums ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;

namespace ingot::onnx_import {

/// The axes are the second input. None means all of them, unless the node says that none means none.
static LogicalResult reduce(Node &n, StringRef op) {
  std::optional<SmallVector<int64_t>> axes;
  if (failed(n.constantIntegers(1, "axes", axes)))
    return failure();
  if (!axes || axes->empty()) {
    if (n.integer("noop_with_empty_axes", 0))
      return n.result(n.in(0));
    axes = llvm::to_vector(llvm::seq<int64_t>(0, n.type(0).getRank()));
  }
  return n.result(n.build(op, n.in(0), {n.attr("axes", *axes), n.attr("keepdims", n.integer("keepdims", 1) != 0)}));
}

static LogicalResult scan(Node &n, StringRef op) {
  auto axis = n.constantIntegers(1, "axis");
  if (failed(axis))
    return failure();
  if (axis->size() != 1)
    return n.invalid("'axis' must be one number");
  return n.result(n.build(op, n.in(0),
                          {n.attr("axis", axis->front()), n.attr("exclusive", n.integer("exclusive", 0) != 0),
                           n.attr("reverse", n.integer("reverse", 0) != 0)}));
}

/// Pools over the whole image.
static LogicalResult global(Node &n, StringRef op) {
  if (n.type(0).getRank() < 3)
    return n.invalid("the input must have a batch, channels and an image");
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, n.type(0).getRank()));
  return n.result(n.build(op, n.in(0), {n.attr("axes", axes), n.attr("keepdims", true)}));
}

void addReduceRules(RuleMap &rules) {
  rules[".ReduceSum"] = [](Node &n) { return reduce(n, "reduce_sum"); };
  rules[".ReduceMean"] = [](Node &n) { return reduce(n, "reduce_mean"); };
  rules[".ReduceMax"] = [](Node &n) { return reduce(n, "reduce_max"); };
  rules[".ReduceMin"] = [](Node &n) { return reduce(n, "reduce_min"); };
  rules[".ReduceProd"] = [](Node &n) { return reduce(n, "reduce_prod"); };
  rules[".ReduceSumSquare"] = [](Node &n) { return reduce(n, "reduce_sum_square"); };
  rules[".ReduceL1"] = [](Node &n) { return reduce(n, "reduce_l1"); };
  rules[".ReduceL2"] = [](Node &n) { return reduce(n, "reduce_l2"); };
  rules[".ReduceLogSum"] = [](Node &n) { return reduce(n, "reduce_log_sum"); };
  rules[".ReduceLogSumExp"] = [](Node &n) { return reduce(n, "reduce_log_sum_exp"); };
  rules[".CumSum"] = [](Node &n) { return scan(n, "cumsum"); };
  rules[".CumProd"] = [](Node &n) { return scan(n, "cumprod"); };
  rules[".GlobalAveragePool"] = [](Node &n) { return global(n, "reduce_mean"); };
  rules[".GlobalMaxPool"] = [](Node &n) { return global(n, "reduce_max"); };
}

} // namespace ingot::onnx_import
