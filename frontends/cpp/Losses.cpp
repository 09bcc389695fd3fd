//===- Losses.cpp - Losses and metrics ------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/GraphState.h"
#include <ingot/nn.h>

namespace ingot::nn {

using namespace detail;

/// Both must have one shape: a loss that broadcasts by mistake trains something else.
static void demandSame(const char *what, const Tensor &a, const Tensor &b, Where where) {
  Shape x = a.shape(), y = b.shape();
  bool fits = x.size() == y.size() && a.dtype() == b.dtype();
  for (size_t i = 0; fits && i < x.size(); ++i)
    fits = x[i] == y[i] || x[i].name == "?" || y[i].name == "?" || (x[i].size < 0 && y[i].size < 0);
  if (!fits)
    fail(where, std::string(what) + ": got " + a.text() + " and " + b.text() + ", want the same types");
}

Tensor mse(const Tensor &x, const Tensor &target, Where where) {
  demandSame("mse", x, target, where);
  Tensor difference = x - target;
  return mean(difference * difference, {}, false, where);
}

Tensor mae(const Tensor &x, const Tensor &target, Where where) {
  demandSame("mae", x, target, where);
  return mean(abs(x - target, where), {}, false, where);
}

Tensor huber(const Tensor &x, const Tensor &target, double delta, Where where) {
  demandSame("huber", x, target, where);
  Tensor difference = x - target, size = abs(difference, where);
  Tensor square = 0.5 * (difference * difference), line = delta * (size - 0.5 * delta);
  return mean(ingot::where(less(size, delta), square, line), {}, false, where);
}

Tensor cross_entropy(const Tensor &logits, const Tensor &labels, double label_smoothing, Where where) {
  Tensor loss;
  if (labels.dtype() == logits.dtype()) {
    demandSame("cross_entropy", logits, labels, where);
    loss = -mean(sum(labels * log_softmax(logits, 1, where), {1}, false, where), {}, false, where);
  } else {
    loss = apply("SoftmaxCrossEntropyLoss", {logits, labels}, {{"reduction", std::string("mean")}}, where);
  }
  if (label_smoothing == 0)
    return loss;
  // The smoothed part's share goes to all classes alike: the mean of their logarithms.
  Tensor all = -mean(log_softmax(logits, 1, where), {}, false, where);
  return (1 - label_smoothing) * loss + label_smoothing * all;
}

/// Logarithms are kept from -100 on, so that a sure mistake is finite. That of 0 is never taken: its derivative is not.
Tensor bce(const Tensor &probabilities, const Tensor &target, Where where) {
  demandSame("bce", probabilities, target, where);
  auto likelihood = [&](const Tensor &p) {
    Tensor isPossible = greater(p, 0.0);
    return ingot::where(isPossible, maximum(log(ingot::where(isPossible, p, 1.0), where), -100.0), -100.0);
  };
  return -mean(target * likelihood(probabilities) + (1.0 - target) * likelihood(1.0 - probabilities), {}, false, where);
}

Tensor bce_with_logits(const Tensor &logits, const Tensor &target, Where where) {
  demandSame("bce_with_logits", logits, target, where);
  return mean(softplus(logits, where) - logits * target, {}, false, where);
}

Tensor kl_div(const Tensor &log_probabilities, const Tensor &target, Where where) {
  demandSame("kl_div", log_probabilities, target, where);
  // 0 log 0 is 0.
  Tensor entropy = ingot::where(greater(target, 0.0), target * log(maximum(target, 1e-37), where), 0.0);
  std::vector<int64_t> rest;
  for (int64_t i = 1; i < target.rank(); ++i)
    rest.push_back(i);
  Tensor pointwise = entropy - target * log_probabilities;
  return mean(rest.empty() ? pointwise : sum(pointwise, rest, false, where), {}, false, where);
}

Tensor hinge(const Tensor &x, const Tensor &target, Where where) {
  demandSame("hinge", x, target, where);
  return mean(maximum(1.0 - x * target, 0.0), {}, false, where);
}

static Tensor norm(const Tensor &x, Where where) { return sqrt(sum(x * x, {-1}, false, where), where); }

Tensor cosine_distance(const Tensor &a, const Tensor &b, Where where) {
  demandSame("cosine_distance", a, b, where);
  return mean(1.0 - sum(a * b, {-1}, false, where) / maximum(norm(a, where) * norm(b, where), 1e-8), {}, false, where);
}

Tensor triplet(const Tensor &anchor, const Tensor &positive, const Tensor &negative, double margin, Where where) {
  demandSame("triplet", anchor, positive, where);
  demandSame("triplet", anchor, negative, where);
  auto distance = [&](const Tensor &other) { return norm(anchor - other + 1e-6, where); };
  return mean(maximum(distance(positive) - distance(negative) + margin, 0.0), {}, false, where);
}

static Tensor penalty(const std::vector<Tensor> &parameters, const char *op, Where where) {
  Tensor total;
  for (const Tensor &parameter : parameters) {
    Tensor part = apply(op, {parameter}, {{"keepdims", int64_t(0)}}, where);
    total = total ? total + part : part;
  }
  if (!total)
    fail(where, "a penalty needs parameters");
  return total;
}
Tensor l2(const std::vector<Tensor> &parameters, Where where) { return penalty(parameters, "ReduceSumSquare", where); }
Tensor l1(const std::vector<Tensor> &parameters, Where where) { return penalty(parameters, "ReduceL1", where); }

} // namespace ingot::nn

namespace ingot {

Tensor accuracy(const Tensor &logits, const Tensor &labels, Where where) {
  return mean(cast(equal(argmax(logits, -1, false, where), labels), f32, where), {}, false, where);
}

} // namespace ingot
