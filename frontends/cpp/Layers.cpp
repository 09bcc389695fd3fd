//===- Layers.cpp - Layers ------------------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/GraphState.h"
#include <cmath>
#include <ingot/nn.h>

namespace ingot::nn {

using namespace detail;

/// A known size, or an error that says which is missing.
static int64_t sizeAt(Scope &scope, const Tensor &x, int64_t axis, const char *what) {
  Shape shape = x.shape();
  axis += axis < 0 ? int64_t(shape.size()) : 0;
  if (axis < 0 || axis >= int64_t(shape.size()))
    fail(scope.where, std::string(what) + ": got " + x.text() + ", want more dimensions");
  if (shape[axis].size < 0)
    fail(scope.where, std::string(what) + ": size " + std::to_string(axis) + " of " + x.text() + " must be known");
  return shape[axis].size;
}

/// PyTorch's initial values of linear and convolutional layers: uniform within 1 / sqrt(inputs of a sum).
static Initializer within(double inputs) {
  double bound = 1 / std::sqrt(std::max(inputs, 1.0));
  return uniform(-bound, bound);
}

Module linear(int64_t features, LinearOptions options) {
  return Module(
      "linear",
      [=](Scope &scope, const Tensor &x) {
        int64_t in = sizeAt(scope, x, -1, "linear");
        Initializer plain = within(double(in));
        Tensor weight = scope.parameter("weight", {features, in}, options.init ? options.init : plain);
        Tensor y;
        if (x.rank() == 2) {
          std::vector<Tensor> operands = {x, weight};
          if (options.bias)
            operands.push_back(scope.parameter("bias", {features}, plain));
          return apply("Gemm", operands, {{"transB", int64_t(1)}}, scope.where);
        }
        y = matmul(x, transpose(weight, {1, 0}, scope.where), scope.where);
        return options.bias ? apply("Add", {y, scope.parameter("bias", {features}, plain)}, {}, scope.where) : y;
      },
      options.name);
}

static Module conv(unsigned rank, int64_t channels, int64_t kernel, const ConvOptions &options, bool transposed) {
  return Module(
      transposed ? "conv_transpose" : "conv",
      [=](Scope &scope, const Tensor &x) {
        const char *kind = transposed ? "conv_transpose" : "conv";
        if (x.rank() != int64_t(rank) + 2)
          fail(scope.where, std::string(kind) + std::to_string(rank) + "d: got " + x.text() + ", want " +
                                std::to_string(rank + 2) + " dimensions");
        int64_t in = sizeAt(scope, x, 1, kind);
        if (options.groups < 1 || in % options.groups || channels % options.groups)
          fail(scope.where, std::string(kind) + ": " + std::to_string(options.groups) + " groups do not divide " +
                                std::to_string(in) + " and " + std::to_string(channels) + " channels");
        std::vector<int64_t> shape = {channels, in / options.groups};
        if (transposed)
          shape = {in, channels / options.groups};
        shape.insert(shape.end(), rank, kernel);
        double field = std::pow(double(kernel), rank);
        Initializer plain = within(field * double(shape[1]));
        std::vector<Tensor> operands = {x, scope.parameter("weight", shape, options.init ? options.init : plain)};
        if (options.bias)
          operands.push_back(scope.parameter("bias", {channels}, plain));
        auto each = [&](int64_t value, unsigned times) { return std::vector<int64_t>(times, value); };
        return apply(transposed ? "ConvTranspose" : "Conv", operands,
                     {{"kernel_shape", each(kernel, rank)},
                      {"strides", each(options.stride, rank)},
                      {"pads", each(options.padding, 2 * rank)},
                      {"dilations", each(options.dilation, rank)},
                      {"group", options.groups}},
                     scope.where);
      },
      options.name);
}

Module conv1d(int64_t channels, int64_t kernel, ConvOptions options) {
  return conv(1, channels, kernel, options, false);
}
Module conv2d(int64_t channels, int64_t kernel, ConvOptions options) {
  return conv(2, channels, kernel, options, false);
}
Module conv3d(int64_t channels, int64_t kernel, ConvOptions options) {
  return conv(3, channels, kernel, options, false);
}
Module conv_transpose1d(int64_t channels, int64_t kernel, ConvOptions options) {
  return conv(1, channels, kernel, options, true);
}
Module conv_transpose2d(int64_t channels, int64_t kernel, ConvOptions options) {
  return conv(2, channels, kernel, options, true);
}
Module conv_transpose3d(int64_t channels, int64_t kernel, ConvOptions options) {
  return conv(3, channels, kernel, options, true);
}

/// A layer that is one operator without parameters.
static Module plain(const std::string &kind, const std::string &op, const Attributes &attributes = {}) {
  return Module(kind, [=](Scope &scope, const Tensor &x) { return apply(op, {x}, attributes, scope.where); });
}

static Module pool(const std::string &op, unsigned rank, int64_t kernel, int64_t stride) {
  return plain("pool", op,
               {{"kernel_shape", std::vector<int64_t>(rank, kernel)},
                {"strides", std::vector<int64_t>(rank, stride ? stride : kernel)}});
}
Module max_pool1d(int64_t kernel, int64_t stride) { return pool("MaxPool", 1, kernel, stride); }
Module max_pool2d(int64_t kernel, int64_t stride) { return pool("MaxPool", 2, kernel, stride); }
Module max_pool3d(int64_t kernel, int64_t stride) { return pool("MaxPool", 3, kernel, stride); }
Module avg_pool1d(int64_t kernel, int64_t stride) { return pool("AveragePool", 1, kernel, stride); }
Module avg_pool2d(int64_t kernel, int64_t stride) { return pool("AveragePool", 2, kernel, stride); }
Module avg_pool3d(int64_t kernel, int64_t stride) { return pool("AveragePool", 3, kernel, stride); }
Module global_avg_pool() { return plain("pool", "GlobalAveragePool"); }
Module flatten() { return plain("flatten", "Flatten", {{"axis", int64_t(1)}}); }
Module relu() { return plain("relu", "Relu"); }
Module leaky_relu(double slope) { return plain("leaky_relu", "LeakyRelu", {{"alpha", float(slope)}}); }
Module gelu() { return plain("gelu", "Gelu"); }
Module tanh() { return plain("tanh", "Tanh"); }
Module sigmoid() { return plain("sigmoid", "Sigmoid"); }
Module softmax(int64_t axis) { return plain("softmax", "Softmax", {{"axis", axis}}); }
Module function(std::function<Tensor(const Tensor &)> f) {
  return Module("function", [f = std::move(f)](Scope &, const Tensor &x) { return f(x); });
}

Module dropout(double ratio) {
  if (!(ratio >= 0 && ratio < 1))
    throw Error(Code::bad_argument, "dropout: got a ratio of " + std::to_string(ratio) + ", want one in [0, 1)");
  return Module("dropout", [=](Scope &scope, const Tensor &x) {
    return apply("Dropout", {x, scope.graph.constant(Array::scalar(float(ratio)), scope.where)}, {}, scope.where);
  });
}

//===----------------------------------------------------------------------===//
// Normalizations
//===----------------------------------------------------------------------===//

Module batch_norm(NormOptions options) {
  return Module(
      "batch_norm",
      [=](Scope &scope, const Tensor &x) {
        std::vector<int64_t> shape = {sizeAt(scope, x, 1, "batch_norm")};
        return apply("BatchNormalization",
                     {x, scope.parameter("weight", shape, ones()), scope.parameter("bias", shape, zeros()),
                      scope.statistic("running_mean", shape, zeros()), scope.statistic("running_var", shape, ones())},
                     {{"epsilon", float(options.eps)}, {"momentum", float(1 - options.momentum)}}, scope.where);
      },
      options.name);
}

Module layer_norm(NormOptions options) {
  return Module(
      "layer_norm",
      [=](Scope &scope, const Tensor &x) {
        std::vector<int64_t> shape = {sizeAt(scope, x, -1, "layer_norm")};
        return apply("LayerNormalization",
                     {x, scope.parameter("weight", shape, ones()), scope.parameter("bias", shape, zeros())},
                     {{"axis", int64_t(-1)}, {"epsilon", float(options.eps)}}, scope.where);
      },
      options.name);
}

Module rms_norm(NormOptions options) {
  return Module(
      "rms_norm",
      [=](Scope &scope, const Tensor &x) {
        std::vector<int64_t> shape = {sizeAt(scope, x, -1, "rms_norm")};
        return apply("RMSNormalization", {x, scope.parameter("weight", shape, ones())},
                     {{"axis", int64_t(-1)}, {"epsilon", float(options.eps)}}, scope.where);
      },
      options.name);
}

Module group_norm(int64_t groups, NormOptions options) {
  return Module(
      "group_norm",
      [=](Scope &scope, const Tensor &x) {
        std::vector<int64_t> shape = {sizeAt(scope, x, 1, "group_norm")};
        return apply("GroupNormalization",
                     {x, scope.parameter("weight", shape, ones()), scope.parameter("bias", shape, zeros())},
                     {{"num_groups", groups}, {"epsilon", float(options.eps)}}, scope.where);
      },
      options.name);
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

Module embedding(int64_t count, int64_t features, std::string name) {
  return Module(
      "embedding",
      [=](Scope &scope, const Tensor &x) {
        return gather(scope.parameter("weight", {count, features}, normal(0, 1)), x, 0, scope.where);
      },
      std::move(name));
}

/// ONNX orders gates otherwise than PyTorch, so names of files do not meet; the values are drawn alike.
static Module recurrent(const std::string &op, const std::string &kind, int64_t gates, int64_t hidden,
                        const RecurrentOptions &options) {
  return Module(
      kind,
      [=](Scope &scope, const Tensor &x) {
        if (x.rank() != 3)
          fail(scope.where, kind + ": got " + x.text() + ", want [N, steps, features]");
        int64_t directions = options.bidirectional ? 2 : 1;
        Initializer initial = within(double(hidden));
        Tensor value = transpose(x, {1, 0, 2}, scope.where);
        for (int64_t layer = 0; layer < options.layers; ++layer) {
          int64_t in = sizeAt(scope, value, -1, kind.c_str());
          std::string number = std::to_string(layer);
          Attributes attributes = {{"hidden_size", hidden},
                                   {"direction", std::string(options.bidirectional ? "bidirectional" : "forward")}};
          if (op == "GRU")
            attributes["linear_before_reset"] = int64_t(1);
          Tensor y = apply(op,
                           {value, scope.parameter("weight_ih_" + number, {directions, gates * hidden, in}, initial),
                            scope.parameter("weight_hh_" + number, {directions, gates * hidden, hidden}, initial),
                            scope.parameter("bias_" + number, {directions, 2 * gates * hidden}, initial)},
                           attributes, scope.where);
          // [steps, directions, N, hidden]
          value = reshape(transpose(y, {0, 2, 1, 3}, scope.where), {0, 0, directions * hidden}, scope.where);
        }
        return transpose(value, {1, 0, 2}, scope.where);
      },
      options.name);
}
Module rnn(int64_t hidden, RecurrentOptions options) { return recurrent("RNN", "rnn", 1, hidden, options); }
Module lstm(int64_t hidden, RecurrentOptions options) { return recurrent("LSTM", "lstm", 4, hidden, options); }
Module gru(int64_t hidden, RecurrentOptions options) { return recurrent("GRU", "gru", 3, hidden, options); }

Module multi_head_attention(int64_t heads, AttentionOptions options) {
  return Module(
      "attention",
      [=](Scope &scope, const Tensor &x, const Tensor &given) {
        const Tensor &memory = given ? given : x;
        for (const Tensor &operand : {x, memory})
          if (operand.rank() != 3)
            fail(scope.where, "attention: got " + operand.text() + ", want [N, steps, features]");
        int64_t features = sizeAt(scope, x, -1, "attention");
        if (heads < 1 || features % heads)
          fail(scope.where, "attention: " + std::to_string(heads) + " heads do not divide " + std::to_string(features) +
                                " features");
        // PyTorch draws the weights of the three as one tensor where their sizes are the same.
        bool isOne = sizeAt(scope, memory, -1, "attention") == features;
        Initializer initial = xavier_uniform(isOne ? std::sqrt(0.5) : 1);
        auto project = [&](const std::string &name, const Tensor &value) {
          int64_t in = sizeAt(scope, value, -1, "attention");
          Tensor weight = scope.parameter(name + ".weight", {features, in}, name == "out" ? within(double(in)) : initial);
          Tensor y = matmul(value, transpose(weight, {1, 0}, scope.where), scope.where);
          return apply("Add", {y, scope.parameter(name + ".bias", {features}, zeros())}, {}, scope.where);
        };
        Tensor y = apply("Attention", {project("query", x), project("key", memory), project("value", memory)},
                         {{"q_num_heads", heads}, {"kv_num_heads", heads}, {"is_causal", int64_t(options.causal)}},
                         scope.where);
        return project("out", y);
      },
      options.name);
}

/// The parts of a transformer's layer. Only a decoder has attention to a memory.
static Module transformer(int64_t heads, const TransformerOptions &options, bool isDecoder) {
  Module attention = multi_head_attention(heads, {.causal = options.causal || isDecoder});
  Module crossAttention = multi_head_attention(heads);
  std::vector<Module> norms = {layer_norm(), layer_norm(), layer_norm()};
  Module drop = dropout(options.dropout);
  // The sizes of the feed-forward part follow from the first call.
  auto parts = std::make_shared<std::vector<Module>>();
  std::string kind = isDecoder ? "decoder" : "transformer";
  return Module(
      kind,
      [=](Scope &scope, const Tensor &x, const Tensor &memory) {
        if (isDecoder != bool(memory))
          fail(scope.where,
               kind + (isDecoder ? ": a memory to attend to is missing" : ": got a memory, want one operand"));
        int64_t features = sizeAt(scope, x, -1, kind.c_str());
        if (parts->empty())
          *parts = {linear(options.feed_forward ? options.feed_forward : 4 * features), linear(features)};
        auto dropped = [&](const Tensor &value) {
          return options.dropout > 0 ? scope.call(drop, "dropout", value) : value;
        };
        unsigned number = 0;
        auto normed = [&](const Tensor &value) {
          const Module &norm = norms[number++];
          return scope.call(norm, "norm" + std::to_string(number), value);
        };
        auto sum = [&](const Tensor &a, const Tensor &b) { return apply("Add", {a, b}, {}, scope.where); };
        Tensor y = sum(x, dropped(scope.call(attention, "attention", normed(x))));
        if (isDecoder)
          y = sum(y, dropped(scope.call(crossAttention, "cross_attention", normed(y), memory)));
        Tensor inner = scope.call((*parts)[0], "feed_forward.0", normed(y));
        inner = scope.call((*parts)[1], "feed_forward.1", ingot::gelu(inner, scope.where));
        return sum(y, dropped(inner));
      },
      options.name);
}
Module transformer_layer(int64_t heads, TransformerOptions options) { return transformer(heads, options, false); }
Module transformer_decoder_layer(int64_t heads, TransformerOptions options) {
  return transformer(heads, options, true);
}

Module positional_encoding() {
  return Module("positions", [](Scope &scope, const Tensor &x) {
    int64_t features = sizeAt(scope, x, -1, "positional_encoding"), steps = sizeAt(scope, x, -2, "positional_encoding");
    Array table(f32, {steps, features});
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t i = 0; i < features; ++i) {
        double angle = double(t) / std::pow(10000.0, double(i / 2 * 2) / double(features));
        table.as<float>()[t * features + i] = float(i % 2 ? std::cos(angle) : std::sin(angle));
      }
    return apply("Add", {x, scope.graph.constant(std::move(table), scope.where)}, {}, scope.where);
  });
}

} // namespace ingot::nn
