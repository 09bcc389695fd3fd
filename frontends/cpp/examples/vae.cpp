//===- vae.cpp - A variational autoencoder --------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Digits through eight latent numbers (Kingma and Welling 2014). The bound on the likelihood of test digits has to be
// better than the likelihood under a model of independent pixels.

#include <cmath>
#include <cstdio>
#include <ingot/ingot.h>
using namespace ingot;

int main(int argc, char **argv) try {
  constexpr int64_t latent = 8, batch = 64;
  constexpr unsigned epochs = 40;
  data::Dataset all = data::npz(std::string(argc > 1 ? argv[1] : "tests/data") + "/digits.npz");
  Array pixels = all["x"].cast(f32).reshape({-1, 64});
  for (float &v : pixels.as<float>())
    v /= 16;
  auto [train, test] = data::Dataset({{"x", pixels}}).split(0.8, /*seed=*/1);

  Graph g(1);
  Tensor x = g.input("x", f32, {"N", 64}), noise = g.input("noise", f32, {"N", latent});
  Tensor code = nn::sequential({nn::linear(128), nn::gelu(), nn::linear(2 * latent)}, "encoder")(x);
  Tensor mean_of = slice(code, 1, 0, latent), log_variance = slice(code, 1, latent, 2 * latent);
  Tensor z = mean_of + exp(0.5 * log_variance) * noise;
  auto decoder = nn::sequential({nn::linear(128), nn::gelu(), nn::linear(64)}, "decoder");
  // Both in nats for each picture: the mean over all elements times how many a picture has.
  Tensor reconstruction = 64 * nn::bce_with_logits(decoder(z), x);
  Tensor divergence = -0.5 * latent * mean(1.0 + log_variance - mean_of * mean_of - exp(log_variance));
  Trainer t =
      compile_train(reconstruction + divergence, adam{.lr = cosine(4e-3, epochs * uint64_t(train.size() / batch))},
                    {.metrics = {{"reconstruction", reconstruction}, {"divergence", divergence}}});
  for (unsigned epoch = 0; epoch < epochs; ++epoch)
    for (data::Batch b : train.batches(batch, {.shuffle = true, .seed = epoch, .drop_last = true})) {
      b["noise"] = nn::normal(0, 1)({batch, latent}, t.steps());
      t.step(b);
    }
  Array fresh = nn::normal(0, 1)({test.size(), latent}, 12345);
  Metrics reached = t.evaluate(data::Dataset({{"x", test["x"]}, {"noise", fresh}}), test.size());
  double independent = 0;
  for (int64_t j = 0; j < 64; ++j) {
    auto meanOf = [&](const Array &part) {
      double sum = 0;
      for (int64_t i = j; i < part.size(); i += 64)
        sum += part.at(i);
      return sum / double(part.shape()[0]);
    };
    double p = std::min(std::max(meanOf(train["x"]), 1e-3), 1 - 1e-3), q = meanOf(test["x"]);
    independent -= q * std::log(p) + (1 - q) * std::log(1 - p);
  }
  std::printf("test bound: %.2f nats per picture (%.2f to reconstruct, %.2f of divergence), want 2 less than the %.2f "
              "of independent pixels\n",
              reached.at("loss"), reached.at("reconstruction"), reached.at("divergence"), independent);

  // A picture that never was.
  Tensor drawn = sigmoid(decoder(g.input("code", f32, {1, latent})));
  Array picture = compile({drawn})({{"code", nn::normal(0, 1)({1, latent}, 7)}}).at(drawn.name());
  for (int64_t i = 0; i < 8; ++i) {
    for (int64_t j = 0; j < 8; ++j)
      std::putchar(" .:-=+*#%@"[int(9.99 * picture.at(8 * i + j))]);
    std::putchar('\n');
  }
  return reached.at("loss") < independent - 2 && reached.at("divergence") > 1 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
