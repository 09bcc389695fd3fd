//===- vae.cpp - A variational autoencoder --------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Digits through eight latent numbers (Kingma and Welling 2014), of which it is known which digit they are (Sohn et al.
// 2015). The bound on the likelihood of test digits has to be better than the likelihood under a model of independent
// pixels; and what is drawn of random numbers is judged by the network of the digits example, which has to run first.

#include "judge.h"
using namespace ingot;

int main(int argc, char **argv) try {
  constexpr int64_t latent = 8, batch = 64, drawings = 1000;
  constexpr unsigned epochs = 80;
  data::Dataset all = data::npz(std::string(argc > 1 ? argv[1] : "tests/data") + "/digits.npz");
  Array pixels = all["x"].cast(f32).reshape({-1, 64});
  for (float &v : pixels.as<float>())
    v /= 16;
  auto [train, test] = data::Dataset({{"x", pixels}, {"y", all["y"]}}).split(0.8, /*seed=*/1);

  Graph g(1);
  Tensor x = g.input("x", f32, {"N", 64}), y = g.input("y", i64, {"N"}), noise = g.input("noise", f32, {"N", latent});
  Tensor kind = nn::embedding(10, 10)(y);
  auto network = [](int64_t outputs, const char *name) {
    return nn::sequential({nn::linear(128), nn::gelu(), nn::linear(128), nn::gelu(), nn::linear(outputs)}, name);
  };
  Tensor code = network(2 * latent, "encoder")(concat({x, kind}, 1));
  Tensor mean_of = slice(code, 1, 0, latent), log_variance = slice(code, 1, latent, 2 * latent);
  Tensor z = mean_of + exp(0.5 * log_variance) * noise;
  auto decoder = network(64, "decoder");
  // Both in nats for each picture: the mean over all elements times how many a picture has.
  Tensor reconstruction = 64 * nn::bce_with_logits(decoder(concat({z, kind}, 1)), x);
  Tensor divergence = -0.5 * latent * mean(1.0 + log_variance - mean_of * mean_of - exp(log_variance));
  Trainer t =
      compile_train(reconstruction + divergence, adam{.lr = cosine(3e-3, epochs * uint64_t(train.size() / batch))},
                    {.metrics = {{"reconstruction", reconstruction}, {"divergence", divergence}}});
  for (unsigned epoch = 0; epoch < epochs; ++epoch)
    for (data::Batch b : train.batches(batch, {.shuffle = true, .seed = epoch, .drop_last = true})) {
      b["noise"] = nn::normal(0, 1)({batch, latent}, t.steps());
      t.step(b);
    }
  Arrays fresh = test.arrays();
  fresh["noise"] = nn::normal(0, 1)({test.size(), latent}, 12345);
  Metrics reached = t.evaluate(data::Dataset(fresh), test.size());
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

  // Pictures that never were.
  Tensor drawn = sigmoid(decoder(concat({noise, kind}, 1))).named("drawn");
  Array asked = digitsInTurn(drawings), random = nn::normal(0, 1)({drawings, latent}, 1'000'000'007);
  bool fit = areDigits(compile({drawn})({{"noise", random}, {"y", asked}}).at("drawn"), asked, "vae.pgm");
  return fit && reached.at("loss") < independent - 2 && reached.at("divergence") > 1 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
