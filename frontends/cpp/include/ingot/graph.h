//===- graph.h - Graphs and tensors -----------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_GRAPH_H
#define INGOT_GRAPH_H

#include <functional>
#include <ingot/array.h>
#include <memory>
#include <optional>
#include <variant>

namespace ingot {

namespace detail {
struct GraphState;
}

/// A size: a number, or a name for one that compilation or a run binds.
struct Dim {
  Dim(int64_t size) : size(size) {}
  Dim(int size) : size(size) {}
  Dim(const char *name) : name(name) {}
  Dim(std::string name) : name(std::move(name)) {}
  bool operator==(const Dim &) const = default;

  std::string name;  ///< "" where the size is a number, "?" where nothing is known
  int64_t size = -1; ///< -1 where it is open
};
using Shape = std::vector<Dim>;

/// A value of a graph. Cheap to copy; keeps its graph alive.
class Tensor {
public:
  Tensor() = default;
  explicit operator bool() const { return graph != nullptr; }
  /// Unique in the graph; ONNX's name for what came from a file.
  const std::string &name() const { return label; }
  Dtype dtype() const;
  Shape shape() const;
  int64_t rank() const { return int64_t(shape().size()); }
  /// "logits f32[N,10]"
  std::string text() const;
  /// The same value under a name of the caller's, such as an output has in a file.
  Tensor named(const std::string &name, Where where = Where::current()) const;

private:
  friend struct detail::GraphState;
  std::shared_ptr<detail::GraphState> graph;
  std::string label;
};

/// An operand of arithmetic with the line that it stands in: tensors, and numbers of the other operand's type.
class Operand {
public:
  Operand(Tensor tensor, Where where = Where::current()) : value(std::move(tensor)), where(where) {}
  Operand(double number, Where where = Where::current()) : value(number), where(where) {}
  Operand(int number, Where where = Where::current()) : value(double(number)), where(where) {}

  std::variant<Tensor, double> value;
  Where where;
};

/// An attribute of an ONNX operator. Tensors stand for the graph that computes them from its own inputs.
using Attribute =
    std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>, Array, std::vector<Tensor>>;
using Attributes = std::map<std::string, Attribute>;

/// A computation, as a graph of ONNX operators with named inputs and parameters. A handle: copies are the same graph.
class Graph {
public:
  /// `seed` decides the initial values of parameters.
  explicit Graph(uint64_t seed = 0);

  /// An input; `compile` and `compile_train` bind its open sizes.
  Tensor input(const std::string &name, Dtype dtype, Shape shape, Where where = Where::current());
  /// A parameter that training moves.
  Tensor parameter(const std::string &name, Array initial, Where where = Where::current());
  /// A value that stays what it is.
  Tensor constant(Array value, Where where = Where::current());
  /// A value by its name: an input, a parameter, or what an operator computes.
  Tensor operator[](const std::string &name) const;

  /// Names of the parameters, in the order of their making.
  std::vector<std::string> parameters() const;
  /// A parameter's present value.
  const Array &value(const std::string &parameter) const;
  /// Throws where the type or the shape differs.
  void set_value(const std::string &parameter, Array value);
  /// Training leaves parameters alone whose names contain a match of this regular expression, and the statistics of
  /// their batch normalizations.
  void freeze(const std::string &pattern);
  void unfreeze(const std::string &pattern);

  /// Names of the inputs, and of the outputs that an imported model has.
  std::vector<std::string> inputs() const;
  std::vector<std::string> outputs() const;

private:
  friend struct detail::GraphState;
  std::shared_ptr<detail::GraphState> state;
};

/// How the sizes of an imported model's inputs change: the key is a dimension's name, or "x[0]" for the first size of
/// input x; the value a size or another name.
struct ImportSettings {
  std::map<std::string, Dim> dims;
};

/// Reads an ONNX model. Its float initializers become parameters under their names.
Graph import_onnx(const std::string &path, const ImportSettings &options = {});
/// Writes what `outputs` depend on as an ONNX model, with the parameters' present values, for inference.
void export_onnx(const std::vector<Tensor> &outputs, const std::string &path);

/// An operator of ONNX by its name, in the newest form; the first result, or all of them.
Tensor apply(const std::string &op, const std::vector<Tensor> &operands, const Attributes &attributes = {},
             Where where = Where::current());
std::vector<Tensor> apply_all(const std::string &op, const std::vector<Tensor> &operands, const Attributes &attributes,
                              unsigned results, Where where = Where::current());

/// What one step of a loop computes: the states that the next step begins with, and its own results.
struct ScanStep {
  std::vector<Tensor> states, results;
};
using ScanBody = std::function<ScanStep(const std::vector<Tensor> &states, const std::vector<Tensor> &slices)>;
/// Takes states through the steps along the first dimension of `sequences`. `body` is called once, with tensors of a
/// graph of its own, and sees no others. Gives the last states, and then the results of all steps.
std::vector<Tensor> scan(const std::vector<Tensor> &initial, const std::vector<Tensor> &sequences, const ScanBody &body,
                         Where where = Where::current());

//===----------------------------------------------------------------------===//
// Arithmetic; shapes broadcast as in NumPy
//===----------------------------------------------------------------------===//

Tensor operator+(const Operand &a, const Operand &b);
Tensor operator-(const Operand &a, const Operand &b);
Tensor operator*(const Operand &a, const Operand &b);
Tensor operator/(const Operand &a, const Operand &b);
Tensor operator-(const Tensor &a);

Tensor pow(const Operand &a, const Operand &b);
Tensor maximum(const Operand &a, const Operand &b);
Tensor minimum(const Operand &a, const Operand &b);
/// Comparisons give truth values, and `where` takes them: a where the condition holds, else b.
Tensor equal(const Operand &a, const Operand &b);
Tensor less(const Operand &a, const Operand &b);
Tensor greater(const Operand &a, const Operand &b);
Tensor where(const Tensor &condition, const Operand &a, const Operand &b);

Tensor exp(const Tensor &x, Where where = Where::current());
Tensor log(const Tensor &x, Where where = Where::current());
Tensor sqrt(const Tensor &x, Where where = Where::current());
Tensor abs(const Tensor &x, Where where = Where::current());
Tensor tanh(const Tensor &x, Where where = Where::current());
Tensor sigmoid(const Tensor &x, Where where = Where::current());
Tensor relu(const Tensor &x, Where where = Where::current());
Tensor gelu(const Tensor &x, Where where = Where::current());
Tensor softplus(const Tensor &x, Where where = Where::current());
Tensor softmax(const Tensor &x, int64_t axis = -1, Where where = Where::current());
Tensor log_softmax(const Tensor &x, int64_t axis = -1, Where where = Where::current());
Tensor log_sum_exp(const Tensor &x, const std::vector<int64_t> &axes, bool keepdims = false,
                   Where where = Where::current());

/// Products of matrices in the last two dimensions.
Tensor matmul(const Tensor &a, const Tensor &b, Where where = Where::current());

/// Over `axes`, or over all where there are none.
Tensor sum(const Tensor &x, const std::vector<int64_t> &axes = {}, bool keepdims = false,
           Where where = Where::current());
Tensor mean(const Tensor &x, const std::vector<int64_t> &axes = {}, bool keepdims = false,
            Where where = Where::current());
Tensor max(const Tensor &x, const std::vector<int64_t> &axes = {}, bool keepdims = false,
           Where where = Where::current());
/// The place of the greatest element, the first among equals; i64.
Tensor argmax(const Tensor &x, int64_t axis = -1, bool keepdims = false, Where where = Where::current());

/// A size of 0 keeps the operand's; one may be -1.
Tensor reshape(const Tensor &x, const std::vector<int64_t> &shape, Where where = Where::current());
Tensor transpose(const Tensor &x, const std::vector<int64_t> &perm, Where where = Where::current());
/// Along an axis, which may count from the end.
Tensor concat(const std::vector<Tensor> &values, int64_t axis, Where where = Where::current());
/// Elements [first, last) along `axis`; negative numbers count from the end.
Tensor slice(const Tensor &x, int64_t axis, int64_t first, int64_t last, Where where = Where::current());
/// The elements at `indices`, i32 or i64, along `axis`: their shape takes the place of that dimension.
Tensor gather(const Tensor &x, const Tensor &indices, int64_t axis = 0, Where where = Where::current());
/// As ONNX's Cast: floats become integers by dropping the fraction.
Tensor cast(const Tensor &x, Dtype dtype, Where where = Where::current());
/// Drops dimensions of size 1, and adds them at `axes` of the result.
Tensor squeeze(const Tensor &x, const std::vector<int64_t> &axes, Where where = Where::current());
Tensor unsqueeze(const Tensor &x, const std::vector<int64_t> &axes, Where where = Where::current());

} // namespace ingot

#endif // INGOT_GRAPH_H
