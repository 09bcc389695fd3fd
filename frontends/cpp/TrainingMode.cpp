//===- TrainingMode.cpp - Models as they run in training ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/TrainingMode.h"

namespace ingot::detail {

namespace {
/// Writes nodes of one prefix into a list.
struct NodeWriter {
  onnx::GraphProto &graph;
  google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes;
  std::string prefix;
  unsigned count = 0;

  std::string node(const char *op, std::initializer_list<std::string> inputs, std::string output = "") {
    onnx::NodeProto &made = *nodes.Add();
    made.set_op_type(op);
    for (const std::string &input : inputs)
      made.add_input(input);
    if (output.empty())
      output = prefix + "." + std::to_string(count++);
    made.set_name(output);
    made.add_output(output);
    return output;
  }
  std::string cast(const std::string &value, Dtype dtype) {
    std::string result = node("Cast", {value});
    onnx::AttributeProto &to = *nodes.Mutable(nodes.size() - 1)->add_attribute();
    to.set_name("to");
    to.set_type(onnx::AttributeProto::INT);
    to.set_i(int64_t(dtype));
    return result;
  }
  std::string constant(const Array &value) {
    std::string name = prefix + "." + std::to_string(count++);
    *graph.add_initializer() = protoOf(name, value);
    return name;
  }
  std::string shifted(const std::string &value, uint32_t bits) {
    std::string result = node("BitShift", {value, constant(Array::scalar(bits))});
    onnx::AttributeProto &direction = *nodes.Mutable(nodes.size() - 1)->add_attribute();
    direction.set_name("direction");
    direction.set_type(onnx::AttributeProto::STRING);
    direction.set_s("RIGHT");
    return result;
  }
  /// A bijection of 32 bits in which every bit of the result depends on every bit of `x`
  /// (Wellons, "Prospecting for Hash Functions", lowbias32).
  std::string mixed(std::string x) {
    auto fold = [&](uint32_t bits) { x = node("BitwiseXor", {x, shifted(x, bits)}); };
    auto scale = [&](uint32_t factor) { x = node("Mul", {x, constant(Array::scalar(factor))}); };
    fold(16);
    scale(0x7feb352d);
    fold(15);
    scale(0x846ca68b);
    fold(16);
    return x;
  }
};
} // namespace

static void drop(NodeWriter &w, const onnx::NodeProto &node, uint32_t number, double ratio) {
  const std::string &x = node.input(0);
  std::string shape = w.node("Shape", {x});
  std::string places = w.node(
      "Range", {w.constant(Array::scalar(int64_t(0))), w.node("Size", {x}), w.constant(Array::scalar(int64_t(1)))});
  std::string index = w.cast(w.node("Reshape", {places, shape}), u32);
  std::string key = w.mixed(w.node("Add", {dropoutKey, w.constant(Array::scalar(number * 0x9e3779b9u))}));
  std::string bits = w.mixed(w.node("BitwiseXor", {index, key}));
  std::string isKept = w.node("GreaterOrEqual", {bits, w.constant(Array::scalar(uint32_t(ratio * 0x1p32)))});
  std::string scale = w.node("CastLike", {w.constant(Array::scalar(float(1 / (1 - ratio)))), x});
  std::string zero = w.node("CastLike", {w.constant(Array::scalar(0.0f)), x});
  w.node("Where", {isKept, w.node("Mul", {x, scale}), zero}, node.output(0));
  if (node.output_size() > 1 && !node.output(1).empty())
    w.node("Identity", {isKept}, node.output(1));
}

/// The ratio of a dropout: its second input's only value, one half where it has none.
static double ratioOf(const onnx::GraphProto &graph, const onnx::NodeProto &node) {
  if (node.input_size() < 2 || node.input(1).empty())
    return 0.5;
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    if (tensor.name() != node.input(1))
      continue;
    Array value(Dtype(tensor.data_type()), {tensor.dims().begin(), tensor.dims().end()});
    if (tensor.raw_data().size() == value.bytes() && value.size() == 1) {
      std::copy(tensor.raw_data().begin(), tensor.raw_data().end(), static_cast<char *>(value.data()));
      return value.at(0);
    }
    if (tensor.float_data_size() == 1)
      return tensor.float_data(0);
  }
  throw Error(Code::unsupported, "dropout '" + node.name() + "' has a ratio that is not a constant");
}

static void trainNormalization(onnx::GraphProto &graph, onnx::NodeProto &node, const GraphState &state,
                               std::map<std::string, std::string> &updates) {
  if (node.input_size() != 5)
    return;
  for (int i : {1, 3, 4}) {
    auto parameter = state.parameters.find(node.input(i));
    if (i != 1 ? parameter == state.parameters.end() || parameter->second.isFrozen
               : parameter != state.parameters.end() && parameter->second.isFrozen)
      return;
  }
  onnx::AttributeProto *mode = nullptr;
  for (onnx::AttributeProto &attribute : *node.mutable_attribute())
    if (attribute.name() == "training_mode")
      mode = &attribute;
  mode = mode ? mode : node.add_attribute();
  mode->set_name("training_mode");
  mode->set_type(onnx::AttributeProto::INT);
  mode->set_i(1);
  while (node.output_size() > 1)
    node.mutable_output()->RemoveLast();
  for (int i : {3, 4}) {
    std::string updated = node.name() + "." + node.input(i) + ".updated";
    node.add_output(updated);
    updates[node.input(i)] = updated;
    onnx::ValueInfoProto *output = graph.add_output();
    output->set_name(updated);
    *output->mutable_type() = state.types.at(node.input(i));
  }
}

std::map<std::string, std::string> setTrainingMode(onnx::ModelProto &model, const GraphState &state) {
  onnx::GraphProto &graph = *model.mutable_graph();
  std::map<std::string, std::string> updates;
  google::protobuf::RepeatedPtrField<onnx::NodeProto> before;
  before.Swap(graph.mutable_node());
  auto &nodes = *graph.mutable_node();
  uint32_t dropouts = 0;
  for (onnx::NodeProto &node : before) {
    double ratio = node.op_type() == "Dropout" ? ratioOf(graph, node) : 0;
    if (ratio > 0) {
      NodeWriter writer{graph, nodes, node.output(0) + ".dropout"};
      drop(writer, node, ++dropouts, ratio);
      continue;
    }
    if (node.op_type() == "BatchNormalization")
      trainNormalization(graph, node, state, updates);
    nodes.Add(std::move(node));
  }
  if (dropouts) {
    onnx::ValueInfoProto *key = graph.add_input();
    key->set_name(dropoutKey);
    key->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::UINT32);
    key->mutable_type()->mutable_tensor_type()->mutable_shape();
  }
  return updates;
}

} // namespace ingot::detail
