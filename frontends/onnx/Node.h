//===- Node.h - One ONNX node as import rules see it ------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_FRONTENDS_ONNX_NODE_H
#define INGOT_FRONTENDS_ONNX_NODE_H

#include "dialects/ingot/Dialect.h"
#include "llvm/ADT/StringMap.h"
#include <functional>

namespace ingot::onnx_import {

/// What a name in an ONNX graph stands for: a tensor, nothing (an optional input left out), or a sequence of tensors
/// whose length is known, which exists only while importing.
struct Bound {
  llvm::SmallVector<mlir::Value, 1> values;
  bool isSequence = false;

  Bound() = default;
  Bound(mlir::Value value) {
    if (value)
      values.push_back(value);
  }
  static Bound sequence(mlir::ValueRange values) {
    Bound result;
    result.values.assign(values.begin(), values.end());
    result.isSequence = true;
    return result;
  }
  mlir::Value value() const { return isSequence || values.empty() ? mlir::Value() : values.front(); }
};

/// Why a node could not be imported.
enum class Fault { None, Unsupported, Invalid, Limit, Deferred };

/// A node on its way into the `ingot` dialect. Upgrading rewrites it in place to the newest form of its operator; then a
/// table row or a rule builds ops from it. Whatever is built is folded at once. Building never asserts on what a model
/// says: a value that could not be built is null, and passes through everything that is built from it.
class Node {
public:
  Node(mlir::OpBuilder &builder, mlir::Location loc) : b(builder), loc(loc) {}

  std::string op, domain;
  int64_t version = 0; ///< opset that introduced the form the node has in the file
  llvm::SmallVector<Bound> inputs;
  llvm::SmallVector<std::string> outputNames; ///< empty where an output is not wanted
  llvm::SmallVector<Bound> outputs;
  mlir::NamedAttrList attributes;
  /// Imports the graph that an attribute holds, with values for its inputs; fails after reporting.
  std::function<mlir::FailureOr<llvm::SmallVector<Bound>>(llvm::StringRef attribute, llvm::ArrayRef<Bound> inputs)>
      inlineGraph;
  std::function<void()> forgetReports;         ///< of what the graphs hold, for a rule that has another way
  std::function<Bound(llvm::StringRef)> named; ///< what a name stands for where the node is

  //===--------------------------------------------------------------------===//
  // What the node says
  //===--------------------------------------------------------------------===//

  unsigned numInputs() const { return inputs.size(); }
  bool has(unsigned input) const { return input < inputs.size() && inputs[input].value(); }
  mlir::Value in(unsigned input) const { return input < inputs.size() ? inputs[input].value() : mlir::Value(); }
  mlir::RankedTensorType type(unsigned input) const { return typeOf(in(input)); }
  static mlir::RankedTensorType typeOf(mlir::Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
  bool wants(unsigned output) const { return output < outputNames.size() && !outputNames[output].empty(); }

  bool hasAttr(llvm::StringRef name) const { return bool(attributes.get(name)); }
  int64_t integer(llvm::StringRef name, int64_t otherwise) const;
  double number(llvm::StringRef name, double otherwise) const;
  std::string text(llvm::StringRef name, llvm::StringRef otherwise) const;
  /// The list, or nothing when the node has no such attribute.
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef name) const;

  /// The elements of a small constant, or null.
  static mlir::DenseElementsAttr constant(mlir::Value value);
  /// The same for what a rule cannot do without: where it is not known, the inputs of the model behind it are noted.
  mlir::DenseElementsAttr need(mlir::Value value);
  /// Input `input` as integers (scalars and vectors alike). An input that is left out gives `nothing` and success;
  /// one that is no constant is reported as unsupported.
  mlir::LogicalResult constantIntegers(unsigned input, llvm::StringRef what,
                                       std::optional<llvm::SmallVector<int64_t>> &nothing);
  /// The same for one that must be there.
  mlir::FailureOr<llvm::SmallVector<int64_t>> constantIntegers(unsigned input, llvm::StringRef what);

  //===--------------------------------------------------------------------===//
  // Building
  //===--------------------------------------------------------------------===//

  /// Builds an op of the dialect by name; integers become what the op wants (booleans, say). The first result is given
  /// back, all of them go to `results` when it is there.
  mlir::Value build(llvm::StringRef opName, mlir::ValueRange operands, llvm::ArrayRef<mlir::NamedAttribute> attrs,
                    llvm::SmallVectorImpl<mlir::Value> *results = nullptr);
  template <typename Op>
  mlir::Value make(mlir::ValueRange operands, llvm::ArrayRef<mlir::NamedAttribute> attrs = {},
                   llvm::SmallVectorImpl<mlir::Value> *results = nullptr) {
    return build(Op::getOperationName(), operands, attrs, results);
  }

  mlir::NamedAttribute attr(llvm::StringRef name, int64_t value) { return {name, b.getI64IntegerAttr(value)}; }
  mlir::NamedAttribute attr(llvm::StringRef name, bool value) { return {name, b.getBoolAttr(value)}; }
  mlir::NamedAttribute attr(llvm::StringRef name, double value) { return {name, b.getF32FloatAttr(float(value))}; }
  mlir::NamedAttribute attr(llvm::StringRef name, llvm::ArrayRef<int64_t> value) {
    return {name, b.getDenseI64ArrayAttr(value)};
  }
  mlir::NamedAttribute attr(llvm::StringRef name, llvm::StringRef value) { return {name, b.getStringAttr(value)}; }
  mlir::NamedAttribute attr(llvm::StringRef name, mlir::Type value) { return {name, mlir::TypeAttr::get(value)}; }

  mlir::Value integersConstant(llvm::ArrayRef<int64_t> values);           ///< a vector of i64
  mlir::Value scalar(double value, mlir::Type element);                   ///< a tensor of rank 0
  mlir::Value constant(mlir::TypedAttr elements);
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);      ///< entries as in ingot.reshape
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> perm);
  mlir::Value cast(mlir::Value x, mlir::Type element);
  mlir::Value slice(mlir::Value x, int64_t axis, int64_t start, int64_t end);

  //===--------------------------------------------------------------------===//
  // Ending
  //===--------------------------------------------------------------------===//

  mlir::LogicalResult result(mlir::Value value) { return results({value}); }
  mlir::LogicalResult results(llvm::ArrayRef<mlir::Value> values);
  /// The compiler cannot do what the node asks for.
  mlir::LogicalResult unsupported(const llvm::Twine &reason) { return fail(Fault::Unsupported, reason); }
  /// The rule leaves the node to ONNX's definition by other operators; `otherwise` is the reason where it has none.
  mlir::LogicalResult asFunction(const llvm::Twine &otherwise) { return fail(Fault::Deferred, otherwise); }
  /// The node makes no sense.
  mlir::LogicalResult invalid(const llvm::Twine &reason) { return fail(Fault::Invalid, reason); }
  /// The node is beyond what the importer takes on.
  mlir::LogicalResult limit(const llvm::Twine &reason) { return fail(Fault::Limit, reason); }

  Fault fault = Fault::None;
  std::string reason;
  llvm::SmallVector<unsigned> wanted; ///< arguments of the function that `need` met
  mlir::OpBuilder &b;
  mlir::Location loc;

private:
  mlir::LogicalResult fail(Fault kind, const llvm::Twine &why) {
    if (fault == Fault::None) {
      fault = kind;
      reason = why.str();
    }
    return mlir::failure();
  }
};

/// The MLIR element type of an ONNX one (a TensorProto.DataType), or null.
mlir::Type elementType(mlir::MLIRContext *context, int dataType);

/// Rewrites a node of an older opset to the newest form of its operator.
mlir::LogicalResult upgrade(Node &node);

/// Whether a table row or a rule can import the operator.
bool isKnown(llvm::StringRef domain, llvm::StringRef op);

/// Builds the ops of an upgraded node whose operator is known, and binds its outputs.
mlir::LogicalResult importNode(Node &node);

/// How the window of a convolution or a pool slides, one entry for each spatial dimension; twice as many pads, begins
/// first. Everything in it has been checked.
struct WindowShape {
  llvm::SmallVector<int64_t> strides, pads, dilations;
};
/// Reads `strides`, `pads`, `dilations`, `auto_pad` and `kernel_shape` of a node.
mlir::LogicalResult readWindow(Node &node, llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> kernel,
                               WindowShape &window);

/// The sizes that a vector of integers holds, as far as they are known: a number, `-2-i` for the size of dimension i of
/// `x`, or ShapedType::kDynamic. Nothing when not even their number is known.
std::optional<llvm::SmallVector<int64_t>> traceSizes(mlir::Value sizes, mlir::Value x);

/// A rule for one operator that a table row cannot express.
using Rule = mlir::LogicalResult (*)(Node &);
using RuleMap = llvm::StringMap<Rule>;
// One for each family; the files are named after them.
void addContractRules(RuleMap &rules);
void addControlRules(RuleMap &rules);
void addEinsumRules(RuleMap &rules);
void addElementRules(RuleMap &rules);
void addFeatureRules(RuleMap &rules);
void addMovementRules(RuleMap &rules);
void addNormalizeRules(RuleMap &rules);
void addQuantizeRules(RuleMap &rules);
void addReduceRules(RuleMap &rules);
void addResizeRules(RuleMap &rules);
void addSampleRules(RuleMap &rules);
void addSelectRules(RuleMap &rules);
void addSequenceRules(RuleMap &rules);
void addShapeRules(RuleMap &rules);
void addSignalRules(RuleMap &rules);
void addTrainingRules(RuleMap &rules);
void addWindowRules(RuleMap &rules);

} // namespace ingot::onnx_import

#endif // INGOT_FRONTENDS_ONNX_NODE_H
