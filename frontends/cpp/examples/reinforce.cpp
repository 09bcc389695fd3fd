//===- reinforce.cpp - A policy with a value for balancing a pole ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// REINFORCE with a learned baseline (Williams 1992) on the cart with a pole of Barto, Sutton and Anderson 1983: a push
// to the left or to the right at each of at most 200 steps, until the pole leans by 12 degrees or the cart leaves.

#include <array>
#include <cmath>
#include <cstdio>
#include <ingot/ingot.h>
#include <random>
using namespace ingot;

constexpr int64_t carts = 16, most = 200;

struct Cart {
  std::array<double, 4> s; ///< place, speed, angle and its speed
  bool step(bool right) {
    double force = right ? 10 : -10, sine = std::sin(s[2]), cosine = std::cos(s[2]);
    double push = (force + 0.05 * s[3] * s[3] * sine) / 1.1;
    double turn = (9.8 * sine - cosine * push) / (0.5 * (4.0 / 3 - 0.1 * cosine * cosine / 1.1));
    double speedup = push - 0.05 * turn * cosine / 1.1;
    s = {s[0] + 0.02 * s[1], s[1] + 0.02 * speedup, s[2] + 0.02 * s[3], s[3] + 0.02 * turn};
    return std::abs(s[0]) < 2.4 && std::abs(s[2]) < 12 * 3.14159265 / 180;
  }
};

int main() try {
  Graph g(1);
  Tensor x = g.input("x", f32, {"N", 4});
  auto trunk = nn::sequential({nn::linear(64), nn::tanh()}, "trunk");
  Tensor inner = trunk(x);
  Tensor policy = log_softmax(nn::linear(2, {.name = "policy"})(inner)).named("log_policy");
  Tensor value = squeeze(nn::linear(1, {.name = "value"})(inner), {1}).named("expected");
  // Steps that no cart took have a weight of 0, so that every batch is of one size.
  Tensor action = g.input("action", f32, {"N", 2}), gain = g.input("gain", f32, {"N"});
  Tensor advantage = g.input("advantage", f32, {"N"}), weight = g.input("weight", f32, {"N"});
  Tensor chosen = sum(policy * action, {1}), miss = value - gain;
  Tensor loss = sum(weight * (miss * miss - chosen * advantage)) / sum(weight);
  Trainer t = compile_train(loss, adam{.lr = 1e-2, .clip_norm = 1});
  Executable look = compile({policy, value}, {.live = true}); // sees what each step has learned

  std::mt19937_64 generator(1);
  auto unit = [&] { return double(generator() >> 11) * 0x1p-53; };
  double recent = 0;
  for (int round = 0; round < 50; ++round) {
    std::array<Cart, carts> all;
    std::array<int64_t, carts> lengths = {};
    for (Cart &cart : all)
      for (double &v : cart.s)
        v = 0.1 * unit() - 0.05;
    Arrays batch = {{"x", Array(f32, {most * carts, 4})}, {"action", Array(f32, {most * carts, 2})}};
    for (const char *name : {"gain", "advantage", "weight"})
      batch[name] = Array(f32, {most * carts});
    std::array<bool, carts> stands;
    stands.fill(true);
    for (int64_t step = 0; step < most; ++step) {
      Array now(f32, {carts, 4});
      for (int64_t c = 0; c < carts; ++c)
        for (int64_t k = 0; k < 4; ++k)
          now.set(4 * c + k, all[c].s[k]);
      Arrays seen = look({{"x", now}});
      for (int64_t c = 0; c < carts; ++c) {
        if (!stands[c])
          continue;
        int64_t row = c * most + step;
        bool right = unit() < std::exp(seen.at("log_policy").at(2 * c + 1));
        for (int64_t k = 0; k < 4; ++k)
          batch["x"].set(4 * row + k, all[c].s[k]);
        batch["action"].set(2 * row + right, 1);
        batch["weight"].set(row, 1);
        batch["advantage"].set(row, -seen.at("expected").at(c));
        stands[c] = all[c].step(right);
        ++lengths[c];
      }
    }
    double mean = 0;
    for (int64_t c = 0; c < carts; ++c) {
      mean += double(lengths[c]) / carts;
      double gained = 0;
      for (int64_t row = c * most + lengths[c] - 1; row >= c * most; --row) {
        gained = 0.05 + 0.95 * gained; // later rewards count less; 1 is the most
        batch["gain"].set(row, gained);
        batch["advantage"].set(row, batch["advantage"].at(row) + gained);
      }
    }
    for (int pass = 0; pass < 2; ++pass)
      t.step(batch);
    recent = round ? 0.8 * recent + 0.2 * mean : mean;
    if (round % 10 == 0 || round == 49)
      std::printf("round %d: the pole stands for %.0f of %lld steps\n", round, recent, (long long)most);
  }
  std::printf("at the end: %.0f steps, want at least 120\n", recent);
  return recent >= 120 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
