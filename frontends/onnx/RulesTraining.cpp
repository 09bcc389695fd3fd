//===- RulesTraining.cpp - Rules for ONNX's optimizers ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Term.h"

using namespace mlir;

namespace ingot::onnx_import {

/// Every tensor to optimize has one input in each of some runs of inputs, behind the learning rate and the step.
static FailureOr<int64_t> countOf(Node &n, int64_t runs) {
  int64_t count = (int64_t(n.numInputs()) - 2) / runs;
  if (count < 1 || count * runs + 2 != int64_t(n.numInputs()))
    return n.invalid("has " + Twine(n.numInputs()) + " inputs, want two and " + Twine(runs) + " for each tensor");
  return count;
}

/// The gradient with the decay of weights.
static Term decayed(Node &n, const Term &x, const Term &gradient) {
  double norm = n.number("norm_coefficient", 0);
  return norm == 0 ? gradient : x * norm + gradient;
}

/// The first results are the tensors, then come their states, run by run.
static LogicalResult finish(Node &n, ArrayRef<SmallVector<Value>> runs) {
  SmallVector<Value> results;
  for (const SmallVector<Value> &run : runs)
    llvm::append_range(results, run);
  return n.results(results);
}

static Term scalarInput(Node &n, unsigned input, Type element) { return Term(n, n.in(input)).to(element).reshape({}); }

static LogicalResult momentum(Node &n) {
  auto count = countOf(n, 3);
  if (failed(count))
    return failure();
  bool nesterov = n.text("mode", "standard") == "nesterov";
  double alpha = n.number("alpha", 0), beta = n.number("beta", 0);
  SmallVector<Value> news, states;
  for (unsigned i = 0; i < *count; ++i) {
    Term x(n, n.in(2 + i)), v(n, n.in(2 + 2 * *count + i));
    Term rate = scalarInput(n, 0, x.element()), gradient = decayed(n, x, Term(n, n.in(2 + *count + i)));
    // The first step takes the gradient whole.
    Term isFirst = Term(n, n.in(1)).reshape({}) == 0.0;
    Term factor = select(isFirst, rate.number(1), rate.number(beta));
    Term next = v * alpha + gradient * factor;
    news.push_back(x - rate * (nesterov ? gradient + next * alpha : next));
    states.push_back(next);
  }
  return finish(n, {news, states});
}

static LogicalResult adagrad(Node &n) {
  auto count = countOf(n, 3);
  if (failed(count))
    return failure();
  SmallVector<Value> news, states;
  for (unsigned i = 0; i < *count; ++i) {
    Term x(n, n.in(2 + i)), h(n, n.in(2 + 2 * *count + i));
    Term step = scalarInput(n, 1, x.element()), rate = scalarInput(n, 0, x.element());
    Term gradient = decayed(n, x, Term(n, n.in(2 + *count + i)));
    rate = rate / (step * n.number("decay_factor", 0) + 1.0);
    Term next = h + gradient * gradient;
    news.push_back(x - rate * gradient / (next.apply("sqrt") + n.number("epsilon", 1e-6)));
    states.push_back(next);
  }
  return finish(n, {news, states});
}

static LogicalResult adam(Node &n) {
  auto count = countOf(n, 4);
  if (failed(count))
    return failure();
  double alpha = n.number("alpha", 0.9), beta = n.number("beta", 0.999);
  SmallVector<Value> news, means, squares;
  for (unsigned i = 0; i < *count; ++i) {
    Term x(n, n.in(2 + i)), v(n, n.in(2 + 2 * *count + i)), h(n, n.in(2 + 3 * *count + i));
    Term step = scalarInput(n, 1, x.element()), rate = scalarInput(n, 0, x.element());
    Term gradient = decayed(n, x, Term(n, n.in(2 + *count + i)));
    Term mean = v * alpha + gradient * (1 - alpha), square = h * beta + gradient * gradient * (1 - beta);
    // There is nothing to correct at the first step, where the factor would be 0 / 0: its gradient is no number even
    // when another value is chosen.
    auto rest = [&](double decay) {
      return 1 - select(step > 0.0, rate.number(decay).with("pow", step), rate.number(0));
    };
    rate = rate * rest(beta).apply("sqrt") / rest(alpha);
    Term next = x - rate * mean / (square.apply("sqrt") + n.number("epsilon", 1e-6));
    double after = n.number("norm_coefficient_post", 0);
    news.push_back(after == 0 ? next : next * (1 - after));
    means.push_back(mean);
    squares.push_back(square);
  }
  return finish(n, {news, means, squares});
}

/// The derivatives of the tensor named `y` by inputs of the model and initializers.
static LogicalResult gradient(Node &n) {
  SmallVector<std::string> names;
  for (StringRef list : {"xs", "zs"})
    if (auto given = dyn_cast_or_null<ArrayAttr>(n.attributes.get(list)))
      for (auto name : given.getAsRange<StringAttr>())
        names.push_back(name.str());
  auto chosen = dyn_cast_or_null<ArrayAttr>(n.attributes.get("xs"));
  if (!chosen || chosen.empty() || names.size() != n.numInputs())
    return n.invalid("'xs' and 'zs' must name the inputs");
  for (auto [i, name] : llvm::enumerate(names)) {
    Value x = n.in(i);
    if (!x || n.named(name).value() != x)
      return n.unsupported("input " + Twine(i) + " is not '" + name +
                           "'; derivatives at other values are not supported");
    // Behind a constant nothing would depend on it, and another op's result may stand for several names.
    auto loc = dyn_cast<NameLoc>(x.getLoc());
    bool isGiven = isa<BlockArgument>(x) || isa<ReadWeightOp>(x.getDefiningOp());
    if (i < chosen.size() && (!isGiven || !loc || loc.getName() != name))
      return n.unsupported("'" + name + "' is no input of the model and no initializer with dimensions");
  }
  std::string name = n.text("y", "");
  Value y = n.named(name).value();
  if (!y)
    return n.invalid("'y' names no tensor before the node: '" + name + "'");
  SmallVector<Value> operands{y}, results;
  for (unsigned i = 0; i < chosen.size(); ++i)
    operands.push_back(n.in(i));
  n.build("gradient", operands, {}, &results);
  return n.results(results);
}

void addTrainingRules(RuleMap &rules) {
  rules["ai.onnx.preview.training.Gradient"] = gradient;
  rules["ai.onnx.preview.training.Momentum"] = momentum;
  rules["ai.onnx.preview.training.Adagrad"] = adagrad;
  rules["ai.onnx.preview.training.Adam"] = adam;
}

} // namespace ingot::onnx_import
