//===- GraphState.h - What a graph is made of -------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_FRONTENDS_CPP_GRAPHSTATE_H
#define INGOT_FRONTENDS_CPP_GRAPHSTATE_H

#include <ingot/graph.h>
#include <onnx/onnx_pb.h>
#include <set>

namespace ingot::detail {

/// A parameter and its room for the value after a step.
struct Parameter {
  Array value, next;
  bool isFrozen = false;
  std::vector<bool> mask; ///< the elements that are not pruned; empty: all

  void applyMask();
};

/// A graph is an ONNX graph that grows node by node. Every node is checked, and its results' types are inferred, by
/// ONNX's own library when it is added; importing, compiling and exporting are then those of any ONNX model.
struct GraphState : std::enable_shared_from_this<GraphState> {
  onnx::ModelProto model;
  std::map<std::string, onnx::TypeProto> types;
  std::map<std::string, Parameter> parameters;
  std::vector<std::string> parameterOrder;
  std::set<std::string> names; ///< of values
  std::string prefix;          ///< of the names of what operators compute, in the body of a loop
  /// The names that parameters take after a step in training: of a batch normalization's statistics.
  std::map<std::string, std::string> updates;
  uint64_t seed = 0;
  std::string folder; ///< of external data

  GraphState();

  static const std::shared_ptr<GraphState> &of(const Tensor &tensor) { return tensor.graph; }
  static const std::shared_ptr<GraphState> &of(const Graph &graph) { return graph.state; }
  static Graph asGraph(std::shared_ptr<GraphState> state);
  Tensor tensor(const std::string &name);
  std::string fresh(const std::string &stem);

  std::vector<Tensor> add(const std::string &op, const std::vector<Tensor> &operands, const Attributes &attributes,
                          unsigned results, Where where);
  Tensor addConstant(const Array &value, const std::string &stem = "constant");

  /// The part of the model that `outputs` depend on, with the parameters' values where `withValues` says so.
  onnx::ModelProto extract(const std::vector<std::string> &outputs, bool withValues) const;
  /// The same as the body of an operator: with all inputs, those that nothing reads too.
  onnx::GraphProto body(const std::vector<std::string> &outputs) const;
};

/// The graph that all operands are of; throws where they are of several or of none.
std::shared_ptr<GraphState> graphOf(const std::vector<Tensor> &operands, Where where);
onnx::TensorProto protoOf(const std::string &name, const Array &value);
std::string textOf(const std::string &name, const onnx::TypeProto &type);
/// Throws where this is no regular expression.
void demandRegex(const std::string &pattern);
/// "file.cpp:12: " and what is wrong.
[[noreturn]] void fail(Where where, const std::string &text);

} // namespace ingot::detail

#endif // INGOT_FRONTENDS_CPP_GRAPHSTATE_H
