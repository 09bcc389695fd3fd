//===- ExportWeights.cpp - The same model with other weights --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Importer.h"
#include "frontends/onnx/Model.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/FileSystem.h"

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

llvm::Error exportWeights(llvm::StringRef path, llvm::StringRef output,
                          const std::map<std::string, llvm::ArrayRef<char>> &weights) {
  auto model = loadModel(path);
  if (!model)
    return model.takeError();
  onnx::ModelProto proto = (*model)->proto;
  mlir::MLIRContext context;
  for (onnx::TensorProto &tensor : *proto.mutable_graph()->mutable_initializer()) {
    auto found = weights.find(tensor.name());
    if (found != weights.end()) {
      setBytes(tensor, found->second);
      continue;
    }
    // The new file has no folder of data beside it.
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL)
      continue;
    auto data = tensorData(&context, *model, tensor);
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
  // What training makes of a sparse tensor is none.
  auto *sparse = proto.mutable_graph()->mutable_sparse_initializer();
  for (int i = sparse->size(); i-- > 0;) {
    const onnx::SparseTensorProto &tensor = sparse->Get(i);
    auto found = weights.find(tensor.values().name());
    if (found == weights.end())
      continue;
    onnx::TensorProto &dense = *proto.mutable_graph()->add_initializer();
    dense.set_name(tensor.values().name());
    dense.set_data_type(tensor.values().data_type());
    *dense.mutable_dims() = tensor.dims();
    setBytes(dense, found->second);
    sparse->erase(sparse->begin() + i);
  }
  if (proto.ByteSizeLong() > size_t(std::numeric_limits<int>::max()))
    return fault(output + ": the model is larger than 2 GiB, which an ONNX file cannot be");
  std::string text = proto.SerializeAsString();
  std::error_code error;
  llvm::raw_fd_ostream stream(output, error);
  if (!error) {
    stream << text;
    stream.close();
    error = stream.error();
  }
  return error ? fault("cannot write " + output + ": " + error.message()) : llvm::Error::success();
}

} // namespace ingot
