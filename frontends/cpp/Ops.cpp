//===- Ops.cpp - Operators as functions -----------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/GraphState.h"

namespace ingot {

using namespace detail;

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static Array scalar(Dtype dtype, double value) {
  Array array(dtype, {});
  array.set(0, value);
  return array;
}

static Tensor binary(const std::string &op, const Operand &a, const Operand &b, Attributes attributes = {}) {
  auto *left = std::get_if<Tensor>(&a.value), *right = std::get_if<Tensor>(&b.value);
  Where where = left ? a.where : b.where;
  if (!left && !right)
    fail(where, op + ": one operand must be a tensor");
  const Tensor &some = left ? *left : *right;
  auto state = graphOf({some}, where);
  auto tensor = [&](const Operand &operand) {
    if (auto *given = std::get_if<Tensor>(&operand.value))
      return *given;
    return state->addConstant(scalar(some.dtype(), std::get<double>(operand.value)));
  };
  return apply(op, {tensor(a), tensor(b)}, attributes, where);
}

Tensor operator+(const Operand &a, const Operand &b) { return binary("Add", a, b); }
Tensor operator-(const Operand &a, const Operand &b) { return binary("Sub", a, b); }
Tensor operator*(const Operand &a, const Operand &b) { return binary("Mul", a, b); }
Tensor operator/(const Operand &a, const Operand &b) { return binary("Div", a, b); }
Tensor operator-(const Tensor &a) { return apply("Neg", {a}); }
Tensor pow(const Operand &a, const Operand &b) { return binary("Pow", a, b); }
Tensor maximum(const Operand &a, const Operand &b) { return binary("Max", a, b); }
Tensor minimum(const Operand &a, const Operand &b) { return binary("Min", a, b); }
Tensor equal(const Operand &a, const Operand &b) { return binary("Equal", a, b); }
Tensor less(const Operand &a, const Operand &b) { return binary("Less", a, b); }
Tensor greater(const Operand &a, const Operand &b) { return binary("Greater", a, b); }

Tensor where(const Tensor &condition, const Operand &a, const Operand &b) {
  auto *left = std::get_if<Tensor>(&a.value), *right = std::get_if<Tensor>(&b.value);
  auto state = graphOf({condition}, a.where);
  Dtype dtype = left ? left->dtype() : right ? right->dtype() : f32;
  auto tensor = [&](const Operand &operand, const Tensor *given) {
    return given ? *given : state->addConstant(scalar(dtype, std::get<double>(operand.value)));
  };
  return apply("Where", {condition, tensor(a, left), tensor(b, right)}, {}, a.where);
}

Tensor exp(const Tensor &x, Where where) { return apply("Exp", {x}, {}, where); }
Tensor log(const Tensor &x, Where where) { return apply("Log", {x}, {}, where); }
Tensor sqrt(const Tensor &x, Where where) { return apply("Sqrt", {x}, {}, where); }
Tensor abs(const Tensor &x, Where where) { return apply("Abs", {x}, {}, where); }
Tensor tanh(const Tensor &x, Where where) { return apply("Tanh", {x}, {}, where); }
Tensor sigmoid(const Tensor &x, Where where) { return apply("Sigmoid", {x}, {}, where); }
Tensor relu(const Tensor &x, Where where) { return apply("Relu", {x}, {}, where); }
Tensor gelu(const Tensor &x, Where where) { return apply("Gelu", {x}, {}, where); }
Tensor softplus(const Tensor &x, Where where) { return apply("Softplus", {x}, {}, where); }
Tensor softmax(const Tensor &x, int64_t axis, Where where) { return apply("Softmax", {x}, {{"axis", axis}}, where); }
Tensor log_softmax(const Tensor &x, int64_t axis, Where where) {
  return apply("LogSoftmax", {x}, {{"axis", axis}}, where);
}
Tensor matmul(const Tensor &a, const Tensor &b, Where where) { return apply("MatMul", {a, b}, {}, where); }

//===----------------------------------------------------------------------===//
// Reductions and movement
//===----------------------------------------------------------------------===//

static Tensor list(const Tensor &beside, const std::vector<int64_t> &values, Where where) {
  return graphOf({beside}, where)->addConstant(Array({int64_t(values.size())}, values));
}

static Tensor reduce(const std::string &op, const Tensor &x, const std::vector<int64_t> &axes, bool keepdims,
                     Where where) {
  Attributes attributes = {{"keepdims", int64_t(keepdims)}};
  return axes.empty() ? apply(op, {x}, attributes, where) : apply(op, {x, list(x, axes, where)}, attributes, where);
}

Tensor sum(const Tensor &x, const std::vector<int64_t> &axes, bool keepdims, Where where) {
  return reduce("ReduceSum", x, axes, keepdims, where);
}
Tensor mean(const Tensor &x, const std::vector<int64_t> &axes, bool keepdims, Where where) {
  return reduce("ReduceMean", x, axes, keepdims, where);
}
Tensor max(const Tensor &x, const std::vector<int64_t> &axes, bool keepdims, Where where) {
  return reduce("ReduceMax", x, axes, keepdims, where);
}
Tensor log_sum_exp(const Tensor &x, const std::vector<int64_t> &axes, bool keepdims, Where where) {
  return reduce("ReduceLogSumExp", x, axes, keepdims, where);
}
Tensor argmax(const Tensor &x, int64_t axis, bool keepdims, Where where) {
  return apply("ArgMax", {x}, {{"axis", axis}, {"keepdims", int64_t(keepdims)}}, where);
}

Tensor reshape(const Tensor &x, const std::vector<int64_t> &shape, Where where) {
  return apply("Reshape", {x, list(x, shape, where)}, {}, where);
}
Tensor transpose(const Tensor &x, const std::vector<int64_t> &perm, Where where) {
  return apply("Transpose", {x}, {{"perm", perm}}, where);
}
Tensor concat(const std::vector<Tensor> &values, int64_t axis, Where where) {
  return apply("Concat", values, {{"axis", axis}}, where);
}
Tensor slice(const Tensor &x, int64_t axis, int64_t first, int64_t last, Where where) {
  return apply("Slice", {x, list(x, {first}, where), list(x, {last}, where), list(x, {axis}, where)}, {}, where);
}
Tensor gather(const Tensor &x, const Tensor &indices, int64_t axis, Where where) {
  return apply("Gather", {x, indices}, {{"axis", axis}}, where);
}
Tensor cast(const Tensor &x, Dtype dtype, Where where) { return apply("Cast", {x}, {{"to", int64_t(dtype)}}, where); }
Tensor squeeze(const Tensor &x, const std::vector<int64_t> &axes, Where where) {
  return apply("Squeeze", {x, list(x, axes, where)}, {}, where);
}
Tensor unsqueeze(const Tensor &x, const std::vector<int64_t> &axes, Where where) {
  return apply("Unsqueeze", {x, list(x, axes, where)}, {}, where);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

std::vector<Tensor> scan(const std::vector<Tensor> &initial, const std::vector<Tensor> &sequences, const ScanBody &body,
                         Where where) {
  if (sequences.empty())
    fail(where, "scan: a sequence is missing");
  std::vector<Tensor> operands = initial;
  operands.insert(operands.end(), sequences.begin(), sequences.end());
  std::shared_ptr<GraphState> outer = graphOf(operands, where);
  Graph inner;
  // ONNX wants names that no graph around has.
  std::string prefix = GraphState::of(inner)->prefix = outer->fresh("scan") + "/";
  std::vector<Tensor> states, slices;
  for (const Tensor &state : initial)
    states.push_back(
        inner.input(prefix + "state_" + std::to_string(states.size()), state.dtype(), state.shape(), where));
  for (const Tensor &sequence : sequences) {
    Shape shape = sequence.shape();
    if (shape.empty())
      fail(where, "scan: got " + sequence.text() + ", want steps along its first dimension");
    shape.erase(shape.begin());
    slices.push_back(inner.input(prefix + "slice_" + std::to_string(slices.size()), sequence.dtype(), shape, where));
  }
  ScanStep step = body(states, slices);
  if (step.states.size() != initial.size())
    fail(where, "scan: a step gives " + std::to_string(step.states.size()) + " states, want " +
                    std::to_string(initial.size()));
  std::vector<Tensor> outputs = step.states;
  outputs.insert(outputs.end(), step.results.begin(), step.results.end());
  for (Tensor &output : outputs) {
    if (GraphState::of(output) != GraphState::of(inner))
      fail(where, "scan: a step gives " + (output ? output.text() : "nothing") + ", want what it computes itself");
    // A graph's outputs are values of their own.
    output = apply("Identity", {output}, {}, where);
  }
  return apply_all("Scan", operands, {{"body", outputs}, {"num_scan_inputs", int64_t(sequences.size())}},
                   unsigned(outputs.size()), where);
}

} // namespace ingot
