//===- Model.cpp - Reading, checking and writing ONNX files ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Model.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/checker.h>
#include <onnx/defs/parser.h>
#include <onnx/defs/schema.h>

namespace ingot::onnx_import {

llvm::Error fault(const llvm::Twine &message) {
  return llvm::createStringError(std::make_error_code(std::errc::invalid_argument), message);
}

/// The first line of what ONNX has to say, in our manner.
static std::string summary(llvm::StringRef text) {
  text = text.trim().take_until([](char c) { return c == '\n'; });
  text.consume_back(".");
  return text.str();
}

static llvm::Error parse(Model &model, llvm::MemoryBufferRef buffer) {
  if (llvm::sys::path::extension(model.path) == ".onnxtxt") {
    std::string text = buffer.getBuffer().str();
    auto status = onnx::OnnxParser::Parse(model.proto, text.c_str());
    return status.IsOK() ? llvm::Error::success() : fault(model.path + ": " + status.ErrorMessage());
  }
  google::protobuf::LogSilencer silencer;
  google::protobuf::io::ArrayInputStream array(buffer.getBufferStart(), int(buffer.getBufferSize()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetTotalBytesLimit(std::numeric_limits<int>::max());
  bool parsed = model.proto.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
  if (!parsed || !model.proto.has_ir_version() || !model.proto.has_graph())
    return fault(model.path + ": not an ONNX model, or a damaged one");
  return llvm::Error::success();
}

/// Whether ONNX withdrew this form of an operator and gave it another later: GroupNormalization of opset 18. Its
/// checker refuses what models of that time still have.
static bool isWithdrawn(const onnx::NodeProto &node, int opset, int newest) {
  const onnx::OpSchema *schema = onnx::OpSchemaRegistry::Schema(node.op_type(), opset, node.domain());
  if (!schema || !schema->deprecated())
    return false;
  const onnx::OpSchema *later = onnx::OpSchemaRegistry::Schema(node.op_type(), newest, node.domain());
  return later && !later->deprecated();
}

/// Runs ONNX's checker; it sees withdrawn forms as operators of a domain that it does not know.
static void runChecker(onnx::ModelProto &proto) {
  auto range = onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("");
  auto opset = llvm::find_if(proto.opset_import(), [](auto &import) { return import.domain().empty(); });
  std::vector<onnx::NodeProto *> withdrawn;
  if (opset != proto.opset_import().end())
    for (onnx::NodeProto &node : *proto.mutable_graph()->mutable_node())
      if (node.domain().empty() && isWithdrawn(node, int(opset->version()), range.second))
        withdrawn.push_back(&node);
  if (withdrawn.empty())
    return onnx::checker::check_model(proto);
  onnx::OperatorSetIdProto *import = proto.add_opset_import();
  import->set_domain("withdrawn");
  import->set_version(1);
  for (onnx::NodeProto *node : withdrawn)
    node->set_domain("withdrawn");
  onnx::checker::check_model(proto);
  proto.mutable_opset_import()->RemoveLast();
  for (onnx::NodeProto *node : withdrawn)
    node->clear_domain();
}

static bool isExternal(const onnx::TensorProto &tensor) {
  return tensor.data_location() == onnx::TensorProto::EXTERNAL;
}

/// Checks a model. The checker would look for external data in the working folder, so it sees such tensors as empty;
/// they are checked when they are opened.
static void check(onnx::ModelProto &proto) {
  if (llvm::none_of(proto.graph().initializer(), isExternal))
    return runChecker(proto);
  onnx::ModelProto copy = proto;
  for (onnx::TensorProto &tensor : *copy.mutable_graph()->mutable_initializer()) {
    if (!isExternal(tensor))
      continue;
    tensor.clear_external_data();
    tensor.clear_data_location();
    tensor.clear_dims();
    tensor.add_dims(0);
  }
  runChecker(copy);
}

llvm::Expected<std::shared_ptr<Model>> loadModel(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fault(path + ": " + buffer.getError().message());
  if ((*buffer)->getBufferSize() > size_t(std::numeric_limits<int>::max()))
    return fault(path + ": larger than 2 GiB, which an ONNX file cannot be");

  auto model = std::make_shared<Model>();
  model->path = path.str();
  model->folder = llvm::sys::path::parent_path(path).str();
  if (model->folder.empty())
    model->folder = ".";
  try {
    if (llvm::Error error = parse(*model, **buffer))
      return std::move(error);
    check(model->proto);
  } catch (const std::exception &exception) {
    return fault(path + ": " + summary(exception.what()));
  }
  return model;
}

llvm::Error saveModel(const onnx::ModelProto &proto, llvm::StringRef path) {
  std::string temporary = (path + ".tmp").str();
  std::error_code error;
  {
    llvm::raw_fd_ostream stream(temporary, error);
    if (!error) {
      stream << proto.SerializeAsString();
      stream.close();
      error = stream.error();
      stream.clear_error(); // which would end the process
    }
  }
  if (!error)
    error = llvm::sys::fs::rename(temporary, path);
  if (!error)
    return llvm::Error::success();
  (void)llvm::sys::fs::remove(temporary);
  return fault("cannot write " + path + ": " + error.message());
}

} // namespace ingot::onnx_import
