//===- backbone.cpp - A model for the example to fine-tune ----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <ingot/ingot.h>
using namespace ingot;

/// A small residual network that learns to tell some digits apart, as an ONNX file whose batch is called "batch".
int main() {
  Graph g(1);
  Tensor x = g.input("image", f32, {"batch", 1, 8, 8}), label = g.input("label", i64, {"batch"});
  auto layer = [](int64_t channels) {
    return nn::sequential({nn::conv2d(channels, 3, {.padding = 1, .bias = false}), nn::batch_norm()});
  };
  auto block = [&](int64_t channels, const Tensor &h) {
    return relu(h + nn::sequential({layer(channels), nn::relu(), layer(channels)})(h));
  };
  auto narrow = [](const Tensor &h) { return nn::max_pool2d(2)(relu(h)); };
  Tensor h = block(32, narrow(layer(32)(x)));
  Tensor logits = nn::linear(5)(nn::flatten()(block(64, narrow(layer(64)(h)))));
  compile_train(nn::cross_entropy(logits, label), adam{.lr = 3e-3})
      .fit(data::npz("others.npz"), {.epochs = 8, .batch = 64, .quiet = true});
  export_onnx({logits}, "resnet18.onnx");
}
