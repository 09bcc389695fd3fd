//===- nn.h - Layers, losses and metrics ------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_NN_H
#define INGOT_NN_H

#include <functional>
#include <ingot/graph.h>

namespace ingot::nn {

/// The place of a layer in a graph: the prefix of its parameters' names, and how to make them.
class Scope;

/// A layer, or several. Its parameters are made at its first call, from the sizes of what it is called with; another
/// call uses them again. A handle: copies are the same layer.
///
/// The parameters' names begin with that of the layer, and then with those of its parts: "net.0.weight". A layer that
/// is no part is called as its maker says, and a name that another layer's parameters begin with is refused; else it is
/// called after its kind, and numbered where that is taken: "linear", "linear_1".
class Module {
public:
  /// `build` computes the result and takes parameters from the scope.
  using Build = std::function<Tensor(Scope &, const Tensor &)>;
  /// The same for a layer that also looks at a memory, which is null where the caller gives none.
  using BuildWithMemory = std::function<Tensor(Scope &, const Tensor &, const Tensor &memory)>;
  Module(std::string kind, Build build, std::string name = "");
  Module(std::string kind, BuildWithMemory build, std::string name = "");

  Tensor operator()(const Tensor &x, Where where = Where::current()) const;
  Tensor operator()(const Tensor &x, const Tensor &memory, Where where = Where::current()) const;
  /// The parameters that calls have made, without the running statistics of normalizations.
  std::vector<Tensor> parameters() const;

private:
  friend class Scope;
  struct State;
  std::shared_ptr<State> state;
};

class Scope {
public:
  Scope(Graph graph, std::string prefix, Module::State &module, Where where);

  /// The module's parameter `name`, made with `initial` at the first call.
  Tensor parameter(const std::string &name, const std::vector<int64_t> &shape,
                   const std::function<Array(const std::vector<int64_t> &shape, uint64_t seed)> &initial);
  /// The same for one that training moves by other means than gradients: a running statistic.
  Tensor statistic(const std::string &name, const std::vector<int64_t> &shape,
                   const std::function<Array(const std::vector<int64_t> &shape, uint64_t seed)> &initial);
  /// Calls a part of this module, which is named `name` where it has no name of its own.
  Tensor call(const Module &part, const std::string &name, const Tensor &x, const Tensor &memory = {});

  Graph graph;
  Where where;

private:
  std::string prefix;
  Module::State &module;
};

//===----------------------------------------------------------------------===//
// Initial values
//===----------------------------------------------------------------------===//

/// Makes the values of a parameter, f32; the same seed gives the same values.
using Initializer = std::function<Array(const std::vector<int64_t> &shape, uint64_t seed)>;
Initializer zeros();
Initializer ones();
Initializer constant(double value);
/// Of [low, high).
Initializer uniform(double low, double high);
Initializer normal(double mean, double deviation);
/// Glorot and Bengio 2010, and below He et al. 2015 for ReLU. Of weights [out, in, ...].
Initializer xavier_uniform(double gain = 1);
Initializer xavier_normal(double gain = 1);
Initializer he_uniform();
Initializer he_normal();

//===----------------------------------------------------------------------===//
// Layers; weights are [out, in, ...] and their initial values PyTorch's, unless said otherwise. A layer wants an
// operand whose rank and features or channels are known, and throws at its call where they do not fit.
//===----------------------------------------------------------------------===//

struct LinearOptions {
  bool bias = true;
  std::string name = "";
  Initializer init = {}; ///< of the weight
};
/// [..., in] to [..., features].
Module linear(int64_t features, LinearOptions options = {});

struct ConvOptions {
  int64_t stride = 1, padding = 0, dilation = 1, groups = 1; ///< the same along each axis; zeros on both sides
  bool bias = true;
  std::string name = "";
  Initializer init = {}; ///< of the weight
};
/// [N, in, sizes...] to [N, channels, sizes...], with a window of `kernel` elements along each of one, two or three
/// axes.
Module conv1d(int64_t channels, int64_t kernel, ConvOptions options = {});
Module conv2d(int64_t channels, int64_t kernel, ConvOptions options = {});
Module conv3d(int64_t channels, int64_t kernel, ConvOptions options = {});
/// The same, with weights [in, channels / groups, ...]; the padding is cut off.
Module conv_transpose1d(int64_t channels, int64_t kernel, ConvOptions options = {});
Module conv_transpose2d(int64_t channels, int64_t kernel, ConvOptions options = {});
Module conv_transpose3d(int64_t channels, int64_t kernel, ConvOptions options = {});

/// Of each window of [N, channels, sizes...], without padding; a stride of 0 is the kernel's size.
Module max_pool1d(int64_t kernel, int64_t stride = 0);
Module max_pool2d(int64_t kernel, int64_t stride = 0);
Module max_pool3d(int64_t kernel, int64_t stride = 0);
Module avg_pool1d(int64_t kernel, int64_t stride = 0);
Module avg_pool2d(int64_t kernel, int64_t stride = 0);
Module avg_pool3d(int64_t kernel, int64_t stride = 0);
/// Of all elements of a channel: [N, channels, 1...].
Module global_avg_pool();

struct NormOptions {
  double eps = 1e-5, momentum = 0.1;
  std::string name = "";
};
/// Over all but dimension 1, the channels: of the batch in training, and by the running statistics, of which a step
/// takes the share `momentum`, in inference. The running variance is ONNX's, of the batch itself; PyTorch's is larger
/// by n / (n - 1) for n values of a channel.
Module batch_norm(NormOptions options = {});
/// Over the last dimension.
Module layer_norm(NormOptions options = {});
Module rms_norm(NormOptions options = {});
/// Over each group of the channels, which are dimension 1, of a sample.
Module group_norm(int64_t groups, NormOptions options = {});

/// Vectors for indices: i64 [...] to [..., features].
Module embedding(int64_t count, int64_t features, std::string name = "");
/// Zeros a share of the elements and multiplies the others by 1 / (1 - ratio), in training only. Throws where `ratio`
/// is not in [0, 1).
Module dropout(double ratio);
/// [N, ...] to [N, elements].
Module flatten();

struct RecurrentOptions {
  int64_t layers = 1;
  bool bidirectional = false;
  std::string name = "";
};
/// [N, steps, features] to [N, steps, hidden], twice as many when bidirectional. Weights are ONNX's, in its order of
/// gates: [directions, gates * hidden, features].
Module rnn(int64_t hidden, RecurrentOptions options = {});
Module lstm(int64_t hidden, RecurrentOptions options = {});
Module gru(int64_t hidden, RecurrentOptions options = {});

struct AttentionOptions {
  bool causal = false;
  std::string name = "";
};
/// Attention of [N, steps, features] to itself, or to the memory [N, steps, features] of the call. `heads` must divide
/// the features.
Module multi_head_attention(int64_t heads, AttentionOptions options = {});
struct TransformerOptions {
  int64_t feed_forward = 0; ///< 0: four times the features
  double dropout = 0;
  bool causal = false;
  std::string name = "";
};
/// Attention and a feed-forward part, each with normalization before it and a way around it.
Module transformer_layer(int64_t heads, TransformerOptions options = {});
/// The same with attention to the memory of the call in the middle; the attention before it is causal.
Module transformer_decoder_layer(int64_t heads, TransformerOptions options = {});
/// Adds sines and cosines of the place, as in Vaswani et al. 2017.
Module positional_encoding();

Module relu();
Module leaky_relu(double slope = 0.01);
Module gelu();
Module tanh();
Module sigmoid();
Module softmax(int64_t axis = -1);
/// A function as a layer.
Module function(std::function<Tensor(const Tensor &)> f);

/// One layer after another; each is a part, named by its place where it has no name.
Module sequential(std::vector<Module> parts, std::string name = "");

//===----------------------------------------------------------------------===//
// Losses: means over the batch, scalars
//===----------------------------------------------------------------------===//

Tensor mse(const Tensor &x, const Tensor &target, Where where = Where::current());
Tensor mae(const Tensor &x, const Tensor &target, Where where = Where::current());
/// Quadratic up to `delta`, linear beyond it.
Tensor huber(const Tensor &x, const Tensor &target, double delta = 1, Where where = Where::current());
/// Logits [N, classes, ...] and labels i64 [N, ...], or the probabilities of all classes in the shape of the logits.
Tensor cross_entropy(const Tensor &logits, const Tensor &labels, double label_smoothing = 0,
                     Where where = Where::current());
/// Of probabilities, and of logits.
Tensor bce(const Tensor &probabilities, const Tensor &target, Where where = Where::current());
Tensor bce_with_logits(const Tensor &logits, const Tensor &target, Where where = Where::current());
/// Of log-probabilities to a target distribution, the mean over the first dimension.
Tensor kl_div(const Tensor &log_probabilities, const Tensor &target, Where where = Where::current());
/// max(0, 1 - x t) for targets of -1 and 1.
Tensor hinge(const Tensor &x, const Tensor &target, Where where = Where::current());
/// 1 - cos of the angle between vectors in the last dimension.
Tensor cosine_distance(const Tensor &a, const Tensor &b, Where where = Where::current());
Tensor triplet(const Tensor &anchor, const Tensor &positive, const Tensor &negative, double margin = 1,
               Where where = Where::current());

/// Chen et al. 2020: rows a[i] and b[i] of [N, features] are two views of one sample; each is to be nearer to the
/// other, by the cosine over the temperature, than to the rest of both.
Tensor nt_xent(const Tensor &a, const Tensor &b, double temperature = 0.5, Where where = Where::current());
/// Graves et al. 2006: logits [N, steps, classes], of which class `blank` separates, and labels i64 [N, most], with the
/// numbers of steps and of labels of each sample, i64 [N]. As in PyTorch, a sample's loss is divided by its number of
/// labels, and infinite where it has fewer steps than its labels need; its gradient is then 0.
Tensor ctc(const Tensor &logits, const Tensor &labels, const Tensor &steps, const Tensor &label_counts,
           int64_t blank = 0, Where where = Where::current());

/// Sums of squares and of magnitudes, for penalties.
Tensor l2(const std::vector<Tensor> &parameters, Where where = Where::current());
Tensor l1(const std::vector<Tensor> &parameters, Where where = Where::current());

} // namespace ingot::nn

namespace ingot {

/// The share of labels i64 [N] that are the greatest of logits [N, classes].
Tensor accuracy(const Tensor &logits, const Tensor &labels, Where where = Where::current());

} // namespace ingot

#endif // INGOT_NN_H
