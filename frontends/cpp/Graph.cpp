//===- Graph.cpp - Graphs that grow node by node --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/GraphState.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>
#include <regex>

namespace ingot {

using namespace detail;

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

void detail::fail(Where where, const std::string &text) {
  std::string file = where.file_name();
  throw Error(Code::bad_argument, file.substr(file.rfind('/') + 1) + ":" + std::to_string(where.line()) + ": " + text);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static Shape shapeOf(const onnx::TypeProto &type) {
  Shape shape;
  for (const onnx::TensorShapeProto::Dimension &dim : type.tensor_type().shape().dim())
    if (dim.has_dim_value())
      shape.push_back(dim.dim_value());
    else
      shape.push_back(dim.dim_param().empty() ? "?" : dim.dim_param());
  return shape;
}

std::string detail::textOf(const std::string &name, const onnx::TypeProto &type) {
  std::string text = name + " " + name_of(Dtype(type.tensor_type().elem_type())) + "[";
  for (const Dim &dim : shapeOf(type))
    text += (text.back() == '[' ? "" : ",") + (dim.size < 0 ? dim.name : std::to_string(dim.size));
  return text + "]";
}

static onnx::TypeProto typeOf(Dtype dtype, const Shape &shape) {
  onnx::TypeProto type;
  type.mutable_tensor_type()->set_elem_type(int(dtype));
  auto *sizes = type.mutable_tensor_type()->mutable_shape();
  for (const Dim &dim : shape)
    if (dim.size < 0)
      sizes->add_dim()->set_dim_param(dim.name);
    else
      sizes->add_dim()->set_dim_value(dim.size);
  return type;
}

onnx::TensorProto detail::protoOf(const std::string &name, const Array &value) {
  onnx::TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(int(value.dtype()));
  for (int64_t size : value.shape())
    proto.add_dims(size);
  proto.set_raw_data(value.data(), value.bytes());
  return proto;
}

static Shape shapeOf(const Array &array) { return {array.shape().begin(), array.shape().end()}; }

//===----------------------------------------------------------------------===//
// Growing
//===----------------------------------------------------------------------===//

GraphState::GraphState() {
  // What other engines of today read, too; 23 brought Attention and RMSNormalization.
  model.set_ir_version(11);
  model.add_opset_import()->set_version(23);
  model.mutable_graph()->set_name("graph");
}

Graph GraphState::asGraph(std::shared_ptr<GraphState> state) {
  Graph graph;
  graph.state = std::move(state);
  return graph;
}

Tensor GraphState::tensor(const std::string &name) {
  Tensor result;
  result.graph = shared_from_this();
  result.label = name;
  return result;
}

std::string GraphState::fresh(const std::string &stem) {
  std::string name = prefix + stem;
  for (unsigned number = 1; names.count(name); ++number)
    name = prefix + stem + "_" + std::to_string(number);
  names.insert(name);
  return name;
}

std::shared_ptr<GraphState> detail::graphOf(const std::vector<Tensor> &operands, Where where) {
  std::shared_ptr<GraphState> graph;
  for (const Tensor &operand : operands) {
    if (!operand)
      continue;
    if (graph && graph != GraphState::of(operand))
      fail(where, "operands of different graphs: " + operands[0].text() + " and " + operand.text());
    graph = GraphState::of(operand);
  }
  if (!graph)
    fail(where, "an operator needs an operand");
  return graph;
}

static onnx::AttributeProto protoOf(const std::string &name, const Attribute &value) {
  onnx::AttributeProto proto;
  proto.set_name(name);
  using onnx::AttributeProto;
  if (auto *number = std::get_if<int64_t>(&value)) {
    proto.set_type(AttributeProto::INT);
    proto.set_i(*number);
  } else if (auto *number = std::get_if<float>(&value)) {
    proto.set_type(AttributeProto::FLOAT);
    proto.set_f(*number);
  } else if (auto *text = std::get_if<std::string>(&value)) {
    proto.set_type(AttributeProto::STRING);
    proto.set_s(*text);
  } else if (auto *list = std::get_if<std::vector<int64_t>>(&value)) {
    proto.set_type(AttributeProto::INTS);
    for (int64_t number : *list)
      proto.add_ints(number);
  } else if (auto *list = std::get_if<std::vector<float>>(&value)) {
    proto.set_type(AttributeProto::FLOATS);
    for (float number : *list)
      proto.add_floats(number);
  } else if (auto *outputs = std::get_if<std::vector<Tensor>>(&value)) {
    std::vector<std::string> names;
    for (const Tensor &output : *outputs)
      names.push_back(output.name());
    proto.set_type(AttributeProto::GRAPH);
    *proto.mutable_g() = graphOf(*outputs, Where::current())->body(names);
  } else {
    proto.set_type(AttributeProto::TENSOR);
    *proto.mutable_t() = detail::protoOf("", std::get<Array>(value));
  }
  return proto;
}

/// A model of one node, for ONNX's checks and inference.
static onnx::ModelProto alone(const GraphState &graph, const onnx::NodeProto &node) {
  onnx::ModelProto model;
  model.set_ir_version(graph.model.ir_version());
  *model.mutable_opset_import() = graph.model.opset_import();
  onnx::GraphProto &body = *model.mutable_graph();
  body.set_name("node");
  *body.add_node() = node;
  std::set<std::string> seen;
  for (const std::string &operand : node.input()) {
    if (operand.empty() || !seen.insert(operand).second)
      continue;
    onnx::ValueInfoProto *info = body.add_input();
    info->set_name(operand);
    *info->mutable_type() = graph.types.at(operand);
    // Shapes may depend on the values of small constants.
    for (const onnx::TensorProto &tensor : graph.model.graph().initializer())
      if (tensor.name() == operand && tensor.ByteSizeLong() < 4096)
        *body.add_initializer() = tensor;
  }
  for (const std::string &result : node.output())
    body.add_output()->set_name(result);
  return model;
}

/// What ONNX's library has to say, without its own prefixes.
static std::string reason(const std::exception &exception) {
  std::string text = exception.what();
  text = text.substr(0, text.find('\n'));
  while (!text.empty() && text.front() == '[')
    text = text.substr(std::min(text.find(']'), text.size() - 1) + 1);
  size_t start = text.find_first_not_of(" :");
  return start == std::string::npos ? "the operands do not fit" : text.substr(start);
}

std::vector<Tensor> GraphState::add(const std::string &op, const std::vector<Tensor> &operands,
                                    const Attributes &attributes, unsigned results, Where where) {
  onnx::NodeProto node;
  node.set_op_type(op);
  for (const Tensor &operand : operands)
    node.add_input(operand ? operand.name() : "");
  while (node.input_size() && node.input(node.input_size() - 1).empty())
    node.mutable_input()->RemoveLast();
  for (auto &[name, value] : attributes)
    *node.add_attribute() = ::ingot::protoOf(name, value);
  std::string stem = op;
  std::transform(stem.begin(), stem.end(), stem.begin(), [](unsigned char c) { return std::tolower(c); });
  std::vector<std::string> made;
  for (unsigned i = 0; i < results; ++i) {
    made.push_back(fresh(stem));
    node.add_output(made.back());
  }
  node.set_name(made.front());

  onnx::ModelProto tiny = alone(*this, node);
  auto complain = [&](const std::string &why) {
    std::string text = op + ": " + why;
    for (const Tensor &operand : operands)
      if (operand)
        text += "\n  operand " + operand.text();
    for (const std::string &name : made)
      names.erase(name);
    fail(where, text);
  };
  try {
    const auto *schema = onnx::OpSchemaRegistry::Schema(op, int(model.opset_import(0).version()), "");
    if (!schema)
      complain("ONNX has no such operator");
    onnx::checker::CheckerContext context;
    context.set_ir_version(int(tiny.ir_version()));
    context.set_opset_imports({{"", int(model.opset_import(0).version())}});
    onnx::checker::LexicalScopeContext scope;
    for (const std::string &operand : node.input())
      scope.add(operand);
    onnx::checker::check_node(node, context, scope);
    onnx::shape_inference::InferShapes(tiny, onnx::OpSchemaRegistry::Instance(),
                                       onnx::ShapeInferenceOptions(/*check_type=*/true, /*strict_mode=*/1,
                                                                   /*data_prop=*/true));
  } catch (const Error &) {
    throw;
  } catch (const std::exception &exception) {
    complain(reason(exception));
  }
  std::vector<Tensor> tensors;
  for (const onnx::ValueInfoProto &output : tiny.graph().output()) {
    if (!output.type().has_tensor_type())
      complain("its result's type is not known");
    types[output.name()] = output.type();
    tensors.push_back(tensor(output.name()));
  }
  *model.mutable_graph()->add_node() = std::move(node);
  return tensors;
}

Tensor GraphState::addConstant(const Array &value, const std::string &stem) {
  std::string name = fresh(stem);
  *model.mutable_graph()->add_initializer() = detail::protoOf(name, value);
  types[name] = typeOf(value.dtype(), shapeOf(value));
  return tensor(name);
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// Every name that a node reads, those in the graphs of its attributes included.
static void readNames(const onnx::NodeProto &node, std::set<std::string> &names) {
  names.insert(node.input().begin(), node.input().end());
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    for (const onnx::NodeProto &inner : attribute.g().node())
      readNames(inner, names);
    for (const onnx::ValueInfoProto &output : attribute.g().output())
      names.insert(output.name());
    for (const onnx::GraphProto &graph : attribute.graphs())
      for (const onnx::NodeProto &inner : graph.node())
        readNames(inner, names);
  }
}

onnx::ModelProto GraphState::extract(const std::vector<std::string> &outputs, bool withValues) const {
  const onnx::GraphProto &all = model.graph();
  std::set<std::string> needed(outputs.begin(), outputs.end());
  std::vector<const onnx::NodeProto *> nodes;
  for (int i = all.node_size() - 1; i >= 0; --i) {
    const onnx::NodeProto &node = all.node(i);
    if (std::none_of(node.output().begin(), node.output().end(), [&](auto &name) { return needed.count(name); }))
      continue;
    nodes.push_back(&node);
    readNames(node, needed);
  }
  onnx::ModelProto result;
  result.set_ir_version(model.ir_version());
  result.set_producer_name("ingot");
  *result.mutable_opset_import() = model.opset_import();
  *result.mutable_functions() = model.functions();
  onnx::GraphProto &graph = *result.mutable_graph();
  graph.set_name(all.name());
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node)
    *graph.add_node() = **node;
  for (const onnx::ValueInfoProto &input : all.input())
    if (needed.count(input.name()))
      *graph.add_input() = input;
  for (const onnx::TensorProto &tensor : all.initializer())
    if (needed.count(tensor.name()))
      *graph.add_initializer() = tensor;
  for (const std::string &name : parameterOrder) {
    if (!needed.count(name))
      continue;
    const Array &value = parameters.at(name).value;
    onnx::TensorProto proto = detail::protoOf(name, withValues ? value : Array(value.dtype(), value.shape()));
    *graph.add_initializer() = std::move(proto);
  }
  for (const std::string &name : outputs) {
    onnx::ValueInfoProto *output = graph.add_output();
    output->set_name(name);
    *output->mutable_type() = types.at(name);
  }
  return result;
}

onnx::GraphProto GraphState::body(const std::vector<std::string> &outputs) const {
  onnx::GraphProto graph = extract(outputs, /*withValues=*/true).graph();
  *graph.mutable_input() = model.graph().input();
  return graph;
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

Dtype Tensor::dtype() const { return Dtype(graph->types.at(label).tensor_type().elem_type()); }
Shape Tensor::shape() const { return shapeOf(graph->types.at(label)); }
std::string Tensor::text() const { return textOf(label, graph->types.at(label)); }

Graph::Graph(uint64_t seed) : state(std::make_shared<GraphState>()) { state->seed = seed; }

/// A new name for a value that the caller names.
static void claim(GraphState &graph, const std::string &name, Where where) {
  if (name.empty())
    fail(where, "a name is missing");
  if (!graph.names.insert(name).second)
    fail(where, "there is already a value '" + name + "'");
}

Tensor Graph::input(const std::string &name, Dtype dtype, Shape shape, Where where) {
  claim(*state, name, where);
  onnx::ValueInfoProto *info = state->model.mutable_graph()->add_input();
  info->set_name(name);
  *info->mutable_type() = state->types[name] = typeOf(dtype, shape);
  return state->tensor(name);
}

Tensor Graph::parameter(const std::string &name, Array initial, Where where) {
  claim(*state, name, where);
  state->types[name] = typeOf(initial.dtype(), shapeOf(initial));
  state->parameters[name].value = std::move(initial);
  state->parameterOrder.push_back(name);
  return state->tensor(name);
}

Tensor Tensor::named(const std::string &name, Where where) const {
  claim(*graph, name, where);
  onnx::NodeProto &node = *graph->model.mutable_graph()->add_node();
  node.set_op_type("Identity");
  node.set_name(name);
  node.add_input(label);
  node.add_output(name);
  graph->types[name] = graph->types.at(label);
  return graph->tensor(name);
}

Tensor Graph::constant(Array value, Where) { return state->addConstant(value); }

Tensor Graph::operator[](const std::string &name) const {
  if (!state->types.count(name))
    throw Error(Code::bad_argument, "the graph has no value '" + name + "'");
  return state->tensor(name);
}

std::vector<std::string> Graph::parameters() const { return state->parameterOrder; }

static Parameter &find(GraphState &graph, const std::string &name) {
  auto found = graph.parameters.find(name);
  if (found == graph.parameters.end())
    throw Error(Code::bad_argument, "the graph has no parameter '" + name + "'");
  return found->second;
}

const Array &Graph::value(const std::string &parameter) const { return find(*state, parameter).value; }

void Graph::set_value(const std::string &name, Array value) {
  Parameter &parameter = find(*state, name);
  if (value.dtype() != parameter.value.dtype() || value.shape() != parameter.value.shape())
    throw Error(Code::bad_argument,
                "parameter '" + name + "': got " + value.type_text() + ", want " + parameter.value.type_text());
  parameter.value = std::move(value);
  parameter.applyMask();
}

void detail::demandRegex(const std::string &pattern) {
  try {
    std::regex regex(pattern, std::regex::extended);
  } catch (const std::regex_error &error) {
    throw Error(Code::bad_argument, "got '" + pattern + "', want a regular expression: " + error.what());
  }
}

static void setFrozen(GraphState &graph, const std::string &pattern, bool isFrozen) {
  demandRegex(pattern);
  std::regex regex(pattern, std::regex::extended);
  for (auto &[name, parameter] : graph.parameters)
    if (std::regex_search(name, regex))
      parameter.isFrozen = isFrozen;
}

void Graph::freeze(const std::string &pattern) { setFrozen(*state, pattern, true); }
void Graph::unfreeze(const std::string &pattern) { setFrozen(*state, pattern, false); }

std::vector<std::string> Graph::inputs() const {
  std::vector<std::string> names;
  for (const onnx::ValueInfoProto &input : state->model.graph().input())
    names.push_back(input.name());
  return names;
}

std::vector<std::string> Graph::outputs() const {
  std::vector<std::string> names;
  for (const onnx::ValueInfoProto &output : state->model.graph().output())
    names.push_back(output.name());
  return names;
}

std::vector<Tensor> apply_all(const std::string &op, const std::vector<Tensor> &operands, const Attributes &attributes,
                              unsigned results, Where where) {
  return graphOf(operands, where)->add(op, operands, attributes, results, where);
}

Tensor apply(const std::string &op, const std::vector<Tensor> &operands, const Attributes &attributes, Where where) {
  return apply_all(op, operands, attributes, 1, where).front();
}

} // namespace ingot
