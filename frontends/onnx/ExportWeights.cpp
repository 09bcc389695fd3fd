//===- ExportWeights.cpp - The same model with other weights --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Importer.h"
#include "frontends/onnx/Model.h"
#include "mlir/IR/BuiltinTypes.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

using namespace ingot::onnx_import;

namespace ingot {

/// Puts the bytes of a tensor where its list of numbers or its file was.
static void setBytes(onnx::TensorProto &tensor, llvm::ArrayRef<char> bytes) {
  tensor.clear_float_data();
  tensor.clear_double_data();
  tensor.clear_int32_data();
  tensor.clear_int64_data();
  tensor.clear_uint64_data();
  tensor.clear_external_data();
  tensor.clear_data_location();
  tensor.set_raw_data(bytes.data(), bytes.size());
}

/// The model with other values of the initializers that `weights` names, and with all data in the file.
static llvm::Expected<onnx::ModelProto>
withWeights(const std::shared_ptr<Model> &model,
            llvm::function_ref<std::optional<llvm::ArrayRef<char>>(const onnx::TensorProto &)> weightOf) {
  onnx::ModelProto proto = model->proto;
  mlir::MLIRContext context;
  for (onnx::TensorProto &tensor : *proto.mutable_graph()->mutable_initializer()) {
    if (std::optional<llvm::ArrayRef<char>> bytes = weightOf(tensor)) {
      setBytes(tensor, *bytes);
      continue;
    }
    // The new file has no folder of data beside it.
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL)
      continue;
    auto data = tensorData(&context, model, tensor);
    if (!data)
      return data.takeError();
    if (data->type.getElementTypeBitWidth() != 4) {
      setBytes(tensor, data->bytes);
      continue;
    }
    // A byte each in memory, two in a byte in a file.
    std::vector<char> packed((data->bytes.size() + 1) / 2);
    for (auto [i, byte] : llvm::enumerate(data->bytes))
      packed[i / 2] |= char((byte & 15) << (i % 2 * 4));
    setBytes(tensor, packed);
  }
  if (proto.ByteSizeLong() > size_t(std::numeric_limits<int>::max()))
    return fault("the trained model is larger than 2 GiB, which an ONNX file cannot be");
  return proto;
}

llvm::Error exportWeights(llvm::StringRef path, llvm::StringRef output,
                          const std::map<std::string, llvm::ArrayRef<char>> &weights) {
  auto model = loadModel(path);
  if (!model)
    return model.takeError();
  auto proto = withWeights(*model, [&](const onnx::TensorProto &tensor) {
    auto found = weights.find(tensor.name());
    return found == weights.end() ? std::nullopt : std::optional(found->second);
  });
  if (!proto)
    return proto.takeError();
  // What training makes of a sparse tensor is none.
  auto *sparse = proto->mutable_graph()->mutable_sparse_initializer();
  for (int i = sparse->size(); i-- > 0;) {
    const onnx::SparseTensorProto &tensor = sparse->Get(i);
    auto found = weights.find(tensor.values().name());
    if (found == weights.end())
      continue;
    onnx::TensorProto &dense = *proto->mutable_graph()->add_initializer();
    dense.set_name(tensor.values().name());
    dense.set_data_type(tensor.values().data_type());
    *dense.mutable_dims() = tensor.dims();
    setBytes(dense, found->second);
    sparse->erase(sparse->begin() + i);
  }
  return saveModel(*proto, output);
}

/// Calls `visit(field, begin, end)` for each field of a message at [begin, end) of `text` that has a length.
static void forEachPart(const std::string &text, uint64_t begin, uint64_t end,
                        llvm::function_ref<void(unsigned field, uint64_t begin, uint64_t end)> visit) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(text.data()) + begin,
                                                int(end - begin));
  while (uint32_t tag = stream.ReadTag()) {
    uint32_t length = 0;
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      WireFormatLite::SkipField(&stream, tag);
      continue;
    }
    stream.ReadVarint32(&length);
    uint64_t at = begin + uint64_t(stream.CurrentPosition());
    visit(unsigned(WireFormatLite::GetTagFieldNumber(tag)), at, at + length);
    stream.Skip(int(length));
  }
}

llvm::Expected<std::string> exportTemplate(llvm::StringRef path, std::map<std::string, uint64_t> &places) {
  auto model = loadModel(path);
  if (!model)
    return model.takeError();
  mlir::MLIRContext context;
  llvm::Error failed = llvm::Error::success();
  std::vector<TensorData> kept;
  auto proto = withWeights(*model, [&](const onnx::TensorProto &tensor) -> std::optional<llvm::ArrayRef<char>> {
    auto data = tensorData(&context, *model, tensor);
    if (!data) {
      failed = llvm::joinErrors(std::move(failed), data.takeError());
      return std::nullopt;
    }
    if (!llvm::isa<mlir::FloatType>(data->type.getElementType()) || data->type.getElementTypeBitWidth() < 8)
      return std::nullopt;
    kept.push_back(std::move(*data));
    return kept.back().bytes;
  });
  if (failed)
    return std::move(failed);
  if (!proto)
    return proto.takeError();
  std::string text = proto->SerializeAsString();
  forEachPart(text, 0, text.size(), [&](unsigned field, uint64_t begin, uint64_t end) {
    if (field != onnx::ModelProto::kGraphFieldNumber)
      return;
    forEachPart(text, begin, end, [&](unsigned field, uint64_t begin, uint64_t end) {
      if (field != onnx::GraphProto::kInitializerFieldNumber)
        return;
      std::string name;
      std::optional<uint64_t> data;
      forEachPart(text, begin, end, [&](unsigned field, uint64_t begin, uint64_t end) {
        if (field == onnx::TensorProto::kNameFieldNumber)
          name = text.substr(begin, end - begin);
        else if (field == onnx::TensorProto::kRawDataFieldNumber)
          data = begin;
      });
      if (data)
        places[name] = *data;
    });
  });
  return text;
}

} // namespace ingot
