//===- Importer.h - From an ONNX file to a module ---------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_FRONTENDS_ONNX_IMPORTER_H
#define INGOT_FRONTENDS_ONNX_IMPORTER_H

#include "dialects/ingot/InputInfo.h"
#include "dialects/ingot/RunMode.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace onnx {
class ModelProto;
}

namespace ingot {
namespace onnx_import {
struct Model;
}

struct ImportOptions {
  std::map<std::string, int64_t> dims; ///< values of named dimensions
  /// Elements of inputs in the form of weights, by the inputs' places. Such an input becomes a constant, and what a run
  /// passes for it is not read.
  std::map<unsigned, std::string> values;
  /// Float initializers that stay weights whatever their shape and use, so that they can be differentiated by.
  std::function<bool(llvm::StringRef name)> keepsWeight;
  /// Initializers that training leaves as they are: a normalization with one of them stays in inference.
  std::function<bool(llvm::StringRef name)> isFrozen;
  /// Where it trains, dropout draws its mask from an argument `ingot.random_key` (u32, another one for each step), which
  /// stands behind the inputs; and each running statistic of a batch normalization becomes a result whose attribute
  /// `ingot.updates` names the weight that takes this value.
  RunMode mode = RunMode::AsGiven;
};

/// A node that the compiler cannot do, as users see it.
struct UnsupportedNode {
  std::string node;   ///< its name, or its first output's when it has none
  std::string op;     ///< its operator, with the domain when that is not ONNX's own
  int64_t opset = 0;  ///< the version of that domain in the model
  std::string dtypes; ///< element types of the inputs, "f32, i64"
  std::string reason;
};

/// A valid model that needs something unsupported; lists all of it.
class UnsupportedModel : public llvm::ErrorInfo<UnsupportedModel> {
public:
  static char ID;
  UnsupportedModel(size_t total, std::vector<UnsupportedNode> nodes, std::set<unsigned> wanted = {})
      : total(total), nodes(std::move(nodes)), wanted(std::move(wanted)) {}

  size_t total; ///< nodes in the model
  std::vector<UnsupportedNode> nodes;
  std::set<unsigned> wanted; ///< inputs whose elements the nodes want to know, by their places

  /// "3 of 215 nodes are unsupported" and a table.
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
};

/// A model beyond what the importer takes on, whatever it holds.
class LimitExceeded : public llvm::ErrorInfo<LimitExceeded> {
public:
  static char ID;
  explicit LimitExceeded(const llvm::Twine &text) : text(text.str()) {}

  std::string text;

  void log(llvm::raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override { return std::make_error_code(std::errc::value_too_large); }
};

/// A model file that has been read and checked, to be imported once or for many sizes.
class OnnxFile {
public:
  static llvm::Expected<OnnxFile> read(llvm::StringRef path);

  /// What the model says of its inputs, in order.
  llvm::Expected<std::vector<InputInfo>> inputs() const;
  /// See importOnnx.
  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> import(mlir::MLIRContext &context,
                                                           const ImportOptions &options = {}) const;

private:
  explicit OnnxFile(std::shared_ptr<onnx_import::Model> model) : model(std::move(model)) {}
  std::shared_ptr<onnx_import::Model> model;
};

/// Reads what the model at `path` says of its inputs, in order, and nothing else.
llvm::Expected<std::vector<InputInfo>> readInputs(llvm::StringRef path);

/// The same of a model in memory; dimensions that `dims` has are no longer open.
llvm::Expected<std::vector<InputInfo>> readInputs(const onnx::ModelProto &proto,
                                                  const std::map<std::string, int64_t> &dims = {});

/// Reads the model at `path` (protobuf, or ONNX's text form when the name ends in `.onnxtxt`) into a module with one
/// function, `main`. Its arguments carry `ingot.name` and, where a dimension is open, `ingot.dims`; its results carry
/// `ingot.name`. The location of an op is the node's name, and in that the operator and opset: loc("conv1"("Conv-18")).
/// External data is read from the model's own folder and nowhere else. Fails with UnsupportedModel, with
/// LimitExceeded, or with another error when the file is at fault.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importOnnx(mlir::MLIRContext &context, llvm::StringRef path,
                                                             const ImportOptions &options = {});

/// The same of a valid model in memory, whose external data is in `folder`.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importOnnx(mlir::MLIRContext &context, const onnx::ModelProto &proto,
                                                             llvm::StringRef folder, const ImportOptions &options = {});

/// Writes the model at `path` to `output` with other values of the initializers that `weights` names, in row-major order.
llvm::Error exportWeights(llvm::StringRef path, llvm::StringRef output,
                          const std::map<std::string, llvm::ArrayRef<char>> &weights);

/// The bytes of the model at `path` as a file, with the elements of every float initializer as they are in memory.
/// `places` are those of their first bytes, by the initializers' names.
llvm::Expected<std::string> exportTemplate(llvm::StringRef path, std::map<std::string, uint64_t> &places);

/// The newest opset of ONNX's own domain that the importer knows.
int64_t newestOpset();

} // namespace ingot

#endif // INGOT_FRONTENDS_ONNX_IMPORTER_H
