//===- Model.h - Reading, checking and writing ONNX files -------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_FRONTENDS_ONNX_MODEL_H
#define INGOT_FRONTENDS_ONNX_MODEL_H

#include "frontends/onnx/Node.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <onnx/onnx_pb.h>

namespace ingot::onnx_import {

/// A model in memory. Tensors are used where they lie, so whoever uses their bytes shares ownership of it.
struct Model {
  onnx::ModelProto proto;
  std::string path, folder;
};

/// Reads and checks the file.
llvm::Expected<std::shared_ptr<Model>> loadModel(llvm::StringRef path);

/// Writes a model to a file, which is complete or not there.
llvm::Error saveModel(const onnx::ModelProto &proto, llvm::StringRef path);

/// The ONNX element type of an MLIR one; 0 where there is none.
int dataTypeOf(mlir::Type element);

/// A constant tensor: its type and its bytes in the form of a weight (row-major, one byte for a truth value or for a
/// number of four bits). `owner` keeps the bytes alive.
struct TensorData {
  mlir::RankedTensorType type;
  llvm::ArrayRef<char> bytes;
  std::shared_ptr<const void> owner;
};
llvm::Expected<TensorData> tensorData(mlir::MLIRContext *context, const std::shared_ptr<Model> &model,
                                      const onnx::TensorProto &tensor);
/// The same of a tensor that lists the elements that are not zero.
llvm::Expected<TensorData> tensorData(mlir::MLIRContext *context, const std::shared_ptr<Model> &model,
                                      const onnx::SparseTensorProto &tensor);

/// The bytes as an attribute.
mlir::DenseElementsAttr elementsOf(const TensorData &data);

/// An attribute of numbers, strings or lists of them; null for one that holds tensors, graphs or types.
mlir::Attribute convertAttribute(mlir::OpBuilder &builder, const onnx::AttributeProto &attribute);

/// The model or the caller is at fault.
llvm::Error fault(const llvm::Twine &message);

} // namespace ingot::onnx_import

#endif // INGOT_FRONTENDS_ONNX_MODEL_H
