//===- saliency.cpp - What a network looks at -----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The gradient of a class's score by the pixels of a picture. Erasing the pixels where it is largest has to cost more
// of the class's probability than erasing as many others with ink. A digit and its map are drawn in saliency.pgm.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ingot/ingot.h>
#include <numeric>
using namespace ingot;

int main(int argc, char **argv) try {
  data::Dataset all = data::npz(std::string(argc > 1 ? argv[1] : "tests/data") + "/digits.npz");
  Array pixels = all["x"].cast(f32);
  for (float &v : pixels.as<float>())
    v /= 16;
  auto [train, test] = data::Dataset({{"x", pixels}, {"y", all["y"]}}).split(0.8, /*seed=*/1);
  Graph g(1);
  Tensor x = g.input("x", f32, {"N", 1, 8, 8}), y = g.input("y", i64, {"N"});
  auto net = nn::sequential({nn::conv2d(16, 3, {.padding = 1}), nn::gelu(),
                             nn::conv2d(32, 3, {.stride = 2, .padding = 1}), nn::gelu(), nn::flatten(), nn::linear(10)},
                            "net");
  Tensor logits = net(x);
  Trainer t = compile_train(nn::cross_entropy(logits, y), adam{.lr = 3e-3});
  for (unsigned epoch = 0; epoch < 6; ++epoch)
    for (const data::Batch &b : train.batches(64, {.shuffle = true, .seed = epoch, .drop_last = true}))
      t.step(b);

  // The same layers on a picture that is a parameter: a plain step of rate 1 up the score moves it by the gradient.
  Tensor picture = g.parameter("picture", Array(f32, {1, 1, 8, 8})), which = g.input("which", f32, {1, 10});
  Trainer probe = compile_train(-sum(net(picture) * which), sgd{.lr = 1.0}, {.train = "^picture$"});
  Executable classify = compile({softmax(logits)}, {.dims = {{"N", 1}}});
  auto probability = [&](const Array &image, int64_t label) {
    return classify({{"x", image}}).begin()->second.at(label);
  };
  constexpr int64_t samples = 60, erased = 6;
  double salient = 0, other = 0;
  for (int64_t n = 0; n < samples; ++n) {
    Array image = test["x"].rows(n, n + 1), one(f32, {1, 10});
    auto label = int64_t(test["y"].at(n));
    one.set(label, 1);
    g.set_value("picture", image);
    probe.step({{"which", one}});
    std::vector<double> effect(64); // of a pixel's ink on the score
    std::vector<int64_t> inked;
    for (int64_t i = 0; i < 64; ++i) {
      effect[i] = (g.value("picture").at(i) - image.at(i)) * image.at(i);
      if (image.at(i) > 0.25)
        inked.push_back(i);
    }
    std::sort(inked.begin(), inked.end(), [&](int64_t a, int64_t b) { return effect[a] > effect[b]; });
    auto erase = [&](int64_t first) {
      Array changed = image;
      for (int64_t k = first; k < first + erased; ++k)
        changed.set(inked[k], 0);
      return probability(image, label) - probability(changed, label);
    };
    salient += erase(0) / samples;
    other += erase(int64_t(inked.size()) - erased) / samples;
    if (n == 0) {
      Array picture(f32, {2, 1, 8, 8});
      double most = *std::max_element(effect.begin(), effect.end());
      for (int64_t i = 0; i < 64; ++i) {
        picture.set(i, image.at(i));
        picture.set(64 + i, effect[i] / most);
      }
      image::write("saliency.pgm", picture);
    }
  }
  std::printf("erasing %lld pixels of %lld test digits lowers the class's probability by %.3f where the map is bright, "
              "by %.3f where it is dark; want twice as much\n",
              (long long)erased, (long long)samples, salient, other);
  return salient > 0.1 && salient > 2 * other ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
