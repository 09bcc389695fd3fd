//===- simclr.cpp - Learning pictures without labels ----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Two changed views of each digit are to lie together, and apart from all others (Chen et al. 2020). The classes of
// test digits are then those of the nearest among 100 digits with labels, by what the network makes of them.

#include <algorithm>
#include <cstdio>
#include <ingot/ingot.h>
using namespace ingot;

/// The share of test digits whose nearest labelled one, by the cosine, is of their class.
static double nearest(const Executable &encode, const data::Dataset &labelled, const data::Dataset &test) {
  Array known = encode({{"x", labelled["x"]}}).begin()->second, asked = encode({{"x", test["x"]}}).begin()->second;
  int64_t features = known.shape()[1], right = 0;
  for (int64_t i = 0; i < test.size(); ++i) {
    int64_t best = 0;
    double most = -2;
    for (int64_t j = 0; j < labelled.size(); ++j) {
      double product = 0;
      for (int64_t k = 0; k < features; ++k)
        product += asked.at(i * features + k) * known.at(j * features + k);
      if (product > most)
        most = product, best = j;
    }
    right += test["y"].at(i) == labelled["y"].at(best);
  }
  return double(right) / double(test.size());
}

int main(int argc, char **argv) try {
  data::Dataset digits = data::npz(std::string(argc > 1 ? argv[1] : "tests/data") + "/digits.npz");
  Array pixels = digits["x"].cast(f32);
  for (float &v : pixels.as<float>())
    v /= 16;
  auto [train, test] = data::Dataset({{"x", pixels}, {"y", digits["y"]}}).split(0.8, /*seed=*/1);
  data::Dataset labelled = train.split(100.0 / double(train.size()), 2).first;
  constexpr int64_t batch = 128;
  constexpr unsigned epochs = 40;
  Graph g(1);
  Tensor x = g.input("x", f32, {"N", 1, 8, 8});
  Tensor a = g.input("a", f32, {batch, 1, 8, 8}), b = g.input("b", f32, {batch, 1, 8, 8});
  auto encoder =
      nn::sequential({nn::conv2d(16, 3, {.padding = 1}), nn::relu(), nn::conv2d(32, 3, {.stride = 2, .padding = 1}),
                      nn::relu(), nn::flatten(), nn::linear(32)},
                     "encoder");
  auto projection = nn::sequential({nn::relu(), nn::linear(32)}, "projection");
  Tensor code = encoder(x), unit = code / sqrt(sum(code * code, {1}, true) + 1e-12);
  Executable encode = compile({unit}, {.live = true});
  double before = nearest(encode, labelled, test);
  Trainer t = compile_train(nn::nt_xent(projection(encoder(a)), projection(encoder(b)), 0.2),
                            adam{.lr = cosine(5e-3, epochs * uint64_t(train.size() / batch))});
  uint64_t seed = 0;
  auto changed = [&](const Array &images) {
    Array moved = image::random_crop(images, 1, ++seed);
    return image::colour_jitter(moved, {.brightness = 0.4, .contrast = 0.4}, ++seed);
  };
  for (unsigned epoch = 0; epoch < epochs; ++epoch)
    for (const data::Batch &b : train.batches(batch, {.shuffle = true, .seed = epoch, .drop_last = true}))
      t.step({{"a", changed(b.at("x"))}, {"b", changed(b.at("x"))}});
  double after = nearest(encode, labelled, test);
  std::printf("nearest of 100 labelled digits right for %.1f %% of %lld test digits, %.1f %% before training; want 4 "
              "points more\n",
              100 * after, (long long)test.size(), 100 * before);
  return after >= before + 0.04 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
