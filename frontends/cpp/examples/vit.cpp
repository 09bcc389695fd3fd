//===- vit.cpp - A vision transformer -------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Digits as sequences of 16 patches of 2 x 2 pixels (Dosovitskiy et al. 2021).

#include <cstdio>
#include <ingot/ingot.h>
using namespace ingot;

int main(int argc, char **argv) try {
  auto [train, test] = data::npz(std::string(argc > 1 ? argv[1] : "tests/data") + "/digits.npz").split(0.8, /*seed=*/1);
  constexpr int64_t batch = 64, features = 32, patches = 16;
  constexpr unsigned epochs = 12;
  Graph g(2);
  Tensor x = g.input("x", u8, {"N", 1, 8, 8}), y = g.input("y", i64, {"N"});
  Tensor pixels = cast(x, f32) / 16;
  // [N, features, 4, 4] to [N, patches, features]
  Tensor places = nn::conv2d(features, 2, {.stride = 2, .name = "patches"})(pixels);
  Tensor sequence = transpose(reshape(places, {0, features, patches}), {0, 2, 1});
  auto body = nn::sequential(
      {nn::positional_encoding(), nn::transformer_layer(4), nn::transformer_layer(4), nn::layer_norm()}, "body");
  Tensor logits = nn::linear(10, {.name = "head"})(mean(body(sequence), {1}));
  uint64_t steps = epochs * uint64_t(train.size() / batch);
  Trainer t =
      compile_train(nn::cross_entropy(logits, y), adamw{.lr = cosine(4e-3, steps, {.warmup = 30}), .clip_norm = 1},
                    {.metrics = {{"accuracy", accuracy(logits, y)}}});
  for (unsigned epoch = 0; epoch < epochs; ++epoch)
    for (const data::Batch &b : train.batches(batch, {.shuffle = true, .seed = epoch, .drop_last = true}))
      t.step(b);
  double reached = t.evaluate(test, test.size()).at("accuracy");
  std::printf("accuracy: %.2f %% of %lld test digits, want at least 94 %%\n", 100 * reached, (long long)test.size());
  return reached >= 0.94 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
