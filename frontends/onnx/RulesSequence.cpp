//===- RulesSequence.cpp - Rules for sequences of known length ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;

namespace ingot::onnx_import {

/// The place that input `input` names in a sequence of `size` tensors; `size` itself when it is left out.
static FailureOr<int64_t> place(Node &n, unsigned input, int64_t size, int64_t last) {
  std::optional<SmallVector<int64_t>> given;
  if (failed(n.constantIntegers(input, "position", given)))
    return failure();
  int64_t position = given && !given->empty() ? given->front() : last;
  if (position < -size || position > last)
    return n.invalid("position " + Twine(position) + " lies outside a sequence of " + Twine(size));
  return position < 0 ? position + size : position;
}

static LogicalResult sequence(Node &n, ArrayRef<Value> values) {
  if (n.fault != Fault::None || llvm::is_contained(values, Value()))
    return failure();
  n.outputs.push_back(Bound::sequence(values));
  return success();
}

static LogicalResult at(Node &n) {
  int64_t size = n.inputs[0].values.size();
  auto position = place(n, 1, size, size - 1);
  return failed(position) ? failure() : n.result(n.inputs[0].values[*position]);
}

static LogicalResult insert(Node &n) {
  SmallVector<Value> values = llvm::to_vector(n.inputs[0].values);
  auto position = place(n, 2, values.size(), values.size());
  if (failed(position))
    return failure();
  values.insert(values.begin() + *position, n.in(1));
  return sequence(n, values);
}

static LogicalResult erase(Node &n) {
  SmallVector<Value> values = llvm::to_vector(n.inputs[0].values);
  auto position = place(n, 1, values.size(), int64_t(values.size()) - 1);
  if (failed(position))
    return failure();
  values.erase(values.begin() + *position);
  return sequence(n, values);
}

static LogicalResult concat(Node &n) {
  SmallVector<Value> values = llvm::to_vector(n.inputs[0].values);
  int64_t axis = n.integer("axis", 0);
  if (values.empty())
    return n.invalid("the sequence is empty");
  if (n.integer("new_axis", 0)) {
    int64_t rank = Node::typeOf(values[0]).getRank();
    axis = axis < 0 ? axis + rank + 1 : axis;
    for (Value &value : values) {
      RankedTensorType type = Node::typeOf(value);
      if (axis < 0 || axis > type.getRank() || !type.hasStaticShape())
        return n.unsupported("stacking needs sizes that are known at compile time");
      SmallVector<int64_t> shape(type.getShape());
      shape.insert(shape.begin() + axis, 1);
      value = n.reshape(value, shape);
    }
  }
  return n.result(n.build("concat", values, n.attr("axis", axis)));
}

/// The graph for each place of the sequences; what is no sequence is the same for all.
static LogicalResult map(Node &n) {
  SmallVector<SmallVector<Value>> results(n.outputNames.size());
  for (size_t i = 0, size = n.inputs[0].values.size(); i < size; ++i) {
    SmallVector<Bound> inputs;
    for (const Bound &input : n.inputs) {
      if (input.isSequence && input.values.size() != size)
        return n.invalid("has sequences of " + Twine(size) + " and " + Twine(input.values.size()) + " tensors");
      inputs.push_back(input.isSequence ? Bound(input.values[i]) : input);
    }
    auto values = n.inlineGraph("body", inputs);
    if (failed(values))
      return failure();
    if (values->size() < results.size())
      return n.invalid("the body has " + Twine(values->size()) + " outputs, want " + Twine(results.size()));
    for (auto [result, value] : llvm::zip(results, *values))
      result.push_back(value.value());
  }
  for (ArrayRef<Value> values : results)
    if (failed(sequence(n, values)))
      return failure();
  return success();
}

/// Rules that want a sequence as their first input.
template <LogicalResult rule(Node &)> static LogicalResult onSequence(Node &n) {
  return n.numInputs() && n.inputs[0].isSequence ? rule(n) : n.invalid("the input must be a sequence");
}

void addSequenceRules(RuleMap &rules) {
  rules[".SequenceEmpty"] = [](Node &n) { return sequence(n, {}); };
  rules[".SequenceConstruct"] = [](Node &n) {
    return sequence(n, llvm::map_to_vector(n.inputs, [](const Bound &input) { return input.value(); }));
  };
  rules[".SequenceAt"] = onSequence<at>;
  rules[".SequenceInsert"] = onSequence<insert>;
  rules[".SequenceErase"] = onSequence<erase>;
  rules[".SequenceLength"] = onSequence<[](Node &n) {
    auto type = RankedTensorType::get({}, n.b.getI64Type());
    return n.result(n.constant(DenseElementsAttr::get(type, int64_t(n.inputs[0].values.size()))));
  }>;
  rules[".ConcatFromSequence"] = onSequence<concat>;
  rules[".SequenceMap"] = onSequence<map>;
}

} // namespace ingot::onnx_import
