//===- TrainingMode.cpp - Models as they run in training ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/TrainingMode.h"
#include "llvm/ADT/StringSet.h"
#include <onnx/onnx_pb.h>

namespace ingot::onnx_import {

static constexpr const char *trueName = "ingot.true";

static onnx::AttributeProto *findAttribute(onnx::NodeProto &node, llvm::StringRef name) {
  for (onnx::AttributeProto &attribute : *node.mutable_attribute())
    if (name == attribute.name())
      return &attribute;
  return nullptr;
}

static void setInteger(onnx::NodeProto &node, const char *name, int64_t value) {
  onnx::AttributeProto *attribute = findAttribute(node, name);
  attribute = attribute ? attribute : node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

/// Gives a normalization in training mode results for its running statistics.
static void exposeStatistics(onnx::NodeProto &node, const llvm::StringSet<> &initializers,
                             std::map<std::string, std::string> &updates) {
  while (node.output_size() < 3)
    node.add_output("");
  for (int i : {3, 4}) {
    std::string &output = *node.mutable_output(i - 2);
    if (output.empty())
      output = node.output(0) + "." + node.input(i) + ".updated";
    if (initializers.contains(node.input(i)))
      updates[node.input(i)] = output;
  }
}

static void setNormalization(onnx::GraphProto &graph, onnx::NodeProto &node, const llvm::StringSet<> &initializers,
                             const ImportOptions &options, std::map<std::string, std::string> &updates) {
  if (node.input_size() != 5)
    return;
  const onnx::AttributeProto *mode = findAttribute(node, "training_mode");
  bool trains = mode && mode->i(), isFrozen = false;
  for (int i : {1, 3, 4}) // scale, mean and variance
    isFrozen |= options.isFrozen && options.isFrozen(node.input(i));
  if (options.mode == RunMode::Infer || isFrozen) {
    if (trains)
      setInteger(node, "training_mode", 0);
    // The running statistics stay what they are.
    for (int i = 1; i < std::min(node.output_size(), 3); ++i)
      if (!node.output(i).empty()) {
        onnx::NodeProto *same = graph.add_node();
        same->set_op_type("Identity");
        same->add_input(node.input(i + 2));
        same->add_output(node.output(i));
      }
    while (node.output_size() > 1)
      node.mutable_output()->RemoveLast();
    return;
  }
  if (options.mode == RunMode::TrainAll && initializers.contains(node.input(3)) &&
      initializers.contains(node.input(4))) {
    setInteger(node, "training_mode", 1);
    trains = true;
  }
  if (trains)
    exposeStatistics(node, initializers, updates);
}

static void setDropout(onnx::GraphProto &graph, onnx::NodeProto &node, RunMode mode, unsigned number, bool &needsTrue) {
  if (mode == RunMode::Infer && node.input_size() > 2)
    node.set_input(2, "");
  setInteger(node, "seed", number);
  if (mode != RunMode::TrainAll)
    return;
  needsTrue = true;
  while (node.input_size() < 3)
    node.add_input("");
  node.set_input(2, trueName);
  // Before opset 12 the ratio was an attribute.
  if (const onnx::AttributeProto *ratio = findAttribute(node, "ratio")) {
    onnx::TensorProto *tensor = graph.add_initializer();
    tensor->set_name(node.output(0) + ".ratio");
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    tensor->add_float_data(ratio->f());
    node.set_input(1, tensor->name());
  }
}

std::map<std::string, std::string> setRunMode(onnx::GraphProto &graph, const ImportOptions &options) {
  std::map<std::string, std::string> updates;
  if (options.mode == RunMode::AsGiven)
    return updates;
  llvm::StringSet<> initializers;
  for (const onnx::TensorProto &tensor : graph.initializer())
    initializers.insert(tensor.name());
  bool needsTrue = false;
  unsigned dropouts = 0;
  for (int i = 0, end = graph.node_size(); i < end; ++i) {
    onnx::NodeProto &node = *graph.mutable_node(i); // which stays where it is when nodes are added
    if (node.op_type() == "Dropout")
      setDropout(graph, node, options.mode, ++dropouts, needsTrue);
    else if (node.op_type() == "BatchNormalization")
      setNormalization(graph, node, initializers, options, updates);
  }
  if (needsTrue) {
    onnx::TensorProto *tensor = graph.add_initializer();
    tensor->set_name(trueName);
    tensor->set_data_type(onnx::TensorProto::BOOL);
    tensor->set_raw_data(std::string(1, '\1'));
  }
  return updates;
}

} // namespace ingot::onnx_import
