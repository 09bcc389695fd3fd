//===- OnnxFiles.cpp - Graphs from ONNX models, and back ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/GraphState.h"
#include "frontends/cpp/Native.h"
#include "frontends/onnx/Importer.h"
#include "frontends/onnx/Model.h"
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>
#include <onnx/version_converter/convert.h>

namespace ingot {

using namespace detail;

/// Changes sizes of inputs as the caller wants; throws on a key that is nothing in the model.
static void renameDims(onnx::GraphProto &graph, const std::map<std::string, Dim> &dims) {
  for (auto &[key, dim] : dims) {
    bool found = false;
    for (onnx::ValueInfoProto &input : *graph.mutable_input()) {
      auto *shape = input.mutable_type()->mutable_tensor_type()->mutable_shape();
      for (int i = 0; i < shape->dim_size(); ++i) {
        bool isPlace = key == input.name() + "[" + std::to_string(i) + "]";
        if (!isPlace && (key.empty() || shape->dim(i).dim_param() != key))
          continue;
        found = true;
        shape->mutable_dim(i)->clear_value();
        if (dim.size < 0)
          shape->mutable_dim(i)->set_dim_param(dim.name);
        else
          shape->mutable_dim(i)->set_dim_value(dim.size);
      }
    }
    if (!found)
      throw Error(Code::bad_argument, "the model has no dimension '" + key + "'");
  }
}

static bool isFloat(const onnx::TensorProto &tensor) {
  using onnx::TensorProto;
  return tensor.data_type() == TensorProto::FLOAT || tensor.data_type() == TensorProto::DOUBLE ||
         tensor.data_type() == TensorProto::FLOAT16 || tensor.data_type() == TensorProto::BFLOAT16;
}

/// Brings a model to that version of ONNX's operators and to the caller's sizes, and infers all types.
static void prepare(onnx::ModelProto &model, int64_t version, const ImportSettings &options) {
  for (const onnx::OperatorSetIdProto &opset : model.opset_import())
    if (opset.domain().empty() && opset.version() < version) {
      model = onnx::version_conversion::ConvertVersion(model, int(version));
      break;
    }
  onnx::GraphProto &graph = *model.mutable_graph(); // another one after a conversion
  graph.clear_value_info();                         // their sizes may be those that change
  renameDims(graph, options.dims);
  for (onnx::ValueInfoProto &output : *graph.mutable_output())
    output.mutable_type()->mutable_tensor_type()->clear_shape();
  onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                     onnx::ShapeInferenceOptions(true, 0, true));
}

Graph import_onnx(const std::string &path, const ImportSettings &options) {
  std::shared_ptr<onnx_import::Model> file = take(onnx_import::loadModel(path));
  auto state = std::make_shared<GraphState>();
  state->folder = file->folder;
  int64_t version = state->model.opset_import(0).version();
  onnx::ModelProto &model = state->model;
  model = file->proto;
  try {
    prepare(model, version, options);
  } catch (const Error &) {
    throw;
  } catch (const std::exception &exception) {
    throw Error(Code::bad_argument, path + ": " + exception.what());
  }
  onnx::GraphProto &graph = *model.mutable_graph();
  for (auto *values : {graph.mutable_input(), graph.mutable_output(), graph.mutable_value_info()})
    for (const onnx::ValueInfoProto &value : *values)
      state->types[value.name()] = value.type();
  graph.clear_value_info();
  // Float initializers become parameters, the others stay.
  mlir::MLIRContext context;
  google::protobuf::RepeatedPtrField<onnx::TensorProto> others;
  for (onnx::TensorProto &tensor : *graph.mutable_initializer()) {
    onnx::TypeProto &type = state->types[tensor.name()];
    type.mutable_tensor_type()->set_elem_type(tensor.data_type());
    auto *shape = type.mutable_tensor_type()->mutable_shape();
    shape->clear_dim();
    for (int64_t size : tensor.dims())
      shape->add_dim()->set_dim_value(size);
    state->names.insert(tensor.name());
    if (!isFloat(tensor)) {
      *others.Add() = std::move(tensor);
      continue;
    }
    onnx_import::TensorData data = take(onnx_import::tensorData(&context, file, tensor));
    Array value(Dtype(tensor.data_type()), {tensor.dims().begin(), tensor.dims().end()});
    if (value.bytes() != data.bytes.size())
      throw Error(Code::bad_argument, path + ": initializer '" + tensor.name() + "' has the wrong size");
    std::copy(data.bytes.begin(), data.bytes.end(), static_cast<char *>(value.data()));
    state->parameters[tensor.name()].value = std::move(value);
    state->parameterOrder.push_back(tensor.name());
  }
  *graph.mutable_initializer() = std::move(others);
  // Models of old have an input for each initializer.
  auto &inputs = *graph.mutable_input();
  for (int i = inputs.size() - 1; i >= 0; --i)
    if (state->names.count(inputs[i].name()))
      inputs.DeleteSubrange(i, 1);
  for (auto &[name, type] : state->types)
    state->names.insert(name);
  for (const onnx::NodeProto &node : graph.node())
    state->names.insert(node.output().begin(), node.output().end());
  return GraphState::asGraph(std::move(state));
}

void export_onnx(const std::vector<Tensor> &outputs, const std::string &path) {
  std::shared_ptr<GraphState> graph = graphOf(outputs, Where::current());
  std::vector<std::string> names;
  for (const Tensor &output : outputs)
    names.push_back(output.name());
  onnx::ModelProto model = graph->extract(names, /*withValues=*/true);
  if (model.ByteSizeLong() > size_t(std::numeric_limits<int>::max()))
    throw Error(Code::limit, path + ": the model is larger than 2 GiB, which an ONNX file cannot be");
  try {
    onnx::checker::check_model(model);
  } catch (const std::exception &exception) {
    throw Error(Code::bad_argument, path + ": " + exception.what());
  }
  if (llvm::Error error = onnx_import::saveModel(model, path))
    raise(std::move(error));
}

} // namespace ingot
