//===- gan.cpp - Two networks against each other --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A generator learns a distribution with two humps, around -2 and 2, from a discriminator (Goodfellow et al. 2014). Two
// trainers over one graph take turns; the generator that is measured is the average over its steps.

#include <cmath>
#include <cstdio>
#include <ingot/ingot.h>
using namespace ingot;

int main() try {
  constexpr int64_t batch = 128, inputs = 4;
  Graph g(1);
  Tensor noise = g.input("noise", f32, {batch, inputs}), real = g.input("real", f32, {batch, 1});
  auto generator =
      nn::sequential({nn::linear(32), nn::leaky_relu(0.2), nn::linear(32), nn::leaky_relu(0.2), nn::linear(1)}, "g");
  auto discriminator =
      nn::sequential({nn::linear(32), nn::leaky_relu(0.2), nn::linear(32), nn::leaky_relu(0.2), nn::linear(1)}, "d");
  Tensor fake = generator(noise);
  Tensor onFake = discriminator(fake), onReal = discriminator(real);
  adam settings{.lr = 2e-3, .beta1 = 0.5};
  Trainer judge = compile_train(mean(softplus(-onReal)) + mean(softplus(onFake)), settings, {.train = "^d\\."});
  Trainer forge = compile_train(mean(softplus(-onFake)), settings, {.train = "^g\\."});
  auto samples = [&](uint64_t seed) {
    Array x = nn::normal(0, 0.4)({batch, 1}, seed);
    for (int64_t i = 0; i < batch; ++i)
      x.set(i, x.at(i) + (i % 2 ? 2 : -2));
    return x;
  };
  AveragedWeights average(g, 0.99, "^g\\.");
  for (uint64_t step = 0; step < 2000; ++step) {
    Array z = nn::normal(0, 1)({batch, inputs}, 3 * step);
    judge.step({{"noise", z}, {"real", samples(3 * step + 1)}});
    forge.step({{"noise", nn::normal(0, 1)({batch, inputs}, 3 * step + 2)}});
    average.update();
  }
  average.swap();
  Executable draw = compile({fake});
  double right = 0, size = 0, between = 0, count = 0;
  for (uint64_t seed = 0; seed < 16; ++seed) {
    Array x = draw({{"noise", nn::normal(0, 1)({batch, inputs}, 1'000'000 + seed)}}).at(fake.name());
    for (int64_t i = 0; i < batch; ++i, ++count) {
      right += x.at(i) > 0;
      size += std::abs(x.at(i));
      between += std::abs(x.at(i)) < 1;
    }
  }
  right /= count, size /= count, between /= count;
  std::printf(
      "of %g numbers %.1f %% are positive, want 30 to 70 %%; their mean size is %.2f, want 1.7 to 2.3; %.1f %% lie "
      "between the humps, want at most 10 %%\n",
      count, 100 * right, size, 100 * between);
  return right >= 0.3 && right <= 0.7 && size >= 1.7 && size <= 2.3 && between <= 0.1 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
