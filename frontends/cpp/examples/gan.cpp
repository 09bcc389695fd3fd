//===- gan.cpp - Two networks against each other --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A generator learns to draw digits that a discriminator cannot tell from those of people (Goodfellow et al. 2014);
// both are told which digit it is (Mirza and Osindero 2014). Two trainers over one graph take turns; what draws in the
// end is the average over the generator's steps, and the network of the digits example, which has to run first, judges
// it.

#include "judge.h"
using namespace ingot;

int main(int argc, char **argv) try {
  constexpr int64_t batch = 64, inputs = 16, drawings = 1000;
  constexpr uint64_t steps = 3000;
  data::Dataset digits = data::npz(std::string(argc > 1 ? argv[1] : "tests/data") + "/digits.npz");
  Graph g(1);
  Tensor noise = g.input("noise", f32, {"N", inputs}), x = g.input("x", u8, {"N", 1, 8, 8}),
         y = g.input("y", i64, {"N"});
  auto generator = nn::sequential({nn::linear(128), nn::batch_norm(), nn::leaky_relu(0.2), nn::linear(256),
                                   nn::batch_norm(), nn::leaky_relu(0.2), nn::linear(64), nn::sigmoid()},
                                  "generator");
  auto discriminator = nn::sequential({nn::linear(256), nn::leaky_relu(0.2), nn::dropout(0.2), nn::linear(128),
                                       nn::leaky_relu(0.2), nn::dropout(0.2), nn::linear(1)},
                                      "discriminator");
  Tensor fake = generator(concat({noise, nn::embedding(10, 10, "generator_kinds")(y)}, 1)).named("fake");
  Tensor real = reshape(cast(x, f32) / 16, {-1, 64});
  Tensor kinds = nn::embedding(10, 10, "discriminator_kinds")(y);
  Tensor onFake = discriminator(concat({fake, kinds}, 1)), onReal = discriminator(concat({real, kinds}, 1));
  adam settings{.lr = 2e-4, .beta1 = 0.5};
  Trainer judge = compile_train(mean(softplus(-onReal)) + mean(softplus(onFake)), settings, {.train = "^disc"});
  Trainer forge = compile_train(mean(softplus(-onFake)), settings, {.train = "^gen"});
  AveragedWeights average(g, 0.998, "^gen");
  auto noiseFor = [&](int64_t count, uint64_t seed) { return nn::normal(0, 1)({count, inputs}, seed); };
  for (uint64_t epoch = 0; forge.steps() < steps; ++epoch)
    for (data::Batch b : digits.batches(batch, {.shuffle = true, .seed = epoch, .drop_last = true})) {
      b["noise"] = noiseFor(batch, 2 * judge.steps());
      judge.step(b);
      forge.step({{"noise", noiseFor(batch, 2 * forge.steps() + 1)}, {"y", b["y"]}});
      average.update();
    }
  average.swap();
  Array asked = digitsInTurn(drawings);
  Array drawn = compile({fake})({{"noise", noiseFor(drawings, 1'000'000'007)}, {"y", asked}}).at("fake");
  return areDigits(drawn, asked, "gan.pgm") ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
