//===- cifar10.cpp - A CNN on CIFAR-10's binary format --------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The data set itself is too large to ship: without its folder as the second argument, digits in colours are written in
// the same format and read back.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <ingot/ingot.h>
#include <random>
using namespace ingot;

/// Digits as pictures of 32 x 32 pixels, each in a colour of its own on a darker one.
static void writeSample(const data::Dataset &digits, const std::string &path) {
  Array x = image::resize(digits["x"].cast(f32), 32, 32);
  std::ofstream file(path, std::ios::binary);
  std::mt19937 generator(4);
  for (int64_t n = 0; n < digits.size(); ++n) {
    file.put(char(digits["y"].at(n)));
    for (int channel = 0; channel < 3; ++channel) {
      double ink = 128 + generator() % 128, paper = generator() % 64;
      for (int64_t i = 0; i < 1024; ++i)
        file.put(char(uint8_t(paper + (ink - paper) * x.at(n * 1024 + i) / 16)));
    }
  }
}

int main(int argc, char **argv) try {
  std::vector<std::string> files;
  std::string made = (std::filesystem::temp_directory_path() / "ingot-cifar10-sample.bin").string();
  if (argc > 2) {
    for (int i = 1; i <= 5; ++i)
      files.push_back(std::string(argv[2]) + "/data_batch_" + std::to_string(i) + ".bin");
  } else {
    writeSample(data::npz(std::string(argc > 1 ? argv[1] : "tests/data") + "/digits.npz"), made);
    files.push_back(made);
  }
  data::Dataset all = data::cifar10(files);
  auto [train, validation, test] = all.split(0.7, 0.1, /*seed=*/1);

  constexpr int64_t batch = 64;
  constexpr unsigned epochs = 6;
  Graph g(1);
  Tensor x = g.input("x", f32, {"N", 3, 32, 32}), y = g.input("y", i64, {"N"});
  auto block = [](int64_t channels) {
    return nn::sequential(
        {nn::conv2d(channels, 3, {.stride = 2, .padding = 1, .bias = false}), nn::batch_norm(), nn::relu()});
  };
  auto net = nn::sequential({block(16), block(32), block(64), nn::flatten(), nn::linear(10)}, "net");
  Tensor logits = net(x);
  Trainer t = compile_train(nn::cross_entropy(logits, y, /*label_smoothing=*/0.05),
                            adamw{.lr = cosine(5e-3, epochs * uint64_t(train.size() / batch), {.warmup = 10})},
                            {.metrics = {{"accuracy", accuracy(logits, y)}}});
  auto pictures = [](const Array &bytes) {
    Array floats = bytes.cast(f32);
    for (float &v : floats.as<float>())
      v /= 255;
    return floats;
  };
  auto normal = [](const Array &images) {
    return image::normalize(images, {0.4914, 0.4822, 0.4465}, {0.247, 0.2435, 0.2616});
  };
  auto plain = [&](const data::Dataset &part) {
    return data::Dataset({{"x", normal(pictures(part["x"]))}, {"y", part["y"]}});
  };
  data::Dataset held = plain(validation);
  uint64_t step = 0;
  for (unsigned epoch = 0; epoch < epochs; ++epoch)
    for (const data::Batch &b : train.batches(batch, {.shuffle = true, .seed = epoch, .drop_last = true})) {
      // Mirrored pictures are still what they were in CIFAR-10, but not among digits.
      Array augmented = image::random_crop(pictures(b.at("x")), 2, ++step);
      augmented = image::colour_jitter(augmented, {0.2, 0.2, 0.2}, step);
      t.step({{"x", normal(argc > 2 ? image::random_flip(augmented, step) : augmented)}, {"y", b.at("y")}});
    }
  double valid = t.evaluate(held, held.size()).at("accuracy");
  double tested = t.evaluate(plain(test), test.size()).at("accuracy");
  std::printf("%lld pictures: accuracy %.1f %% of validation, %.1f %% of test; want %s\n", (long long)all.size(),
              100 * valid, 100 * tested, argc > 2 ? "50 %" : "95 %");
  std::filesystem::remove(made);
  return tested >= (argc > 2 ? 0.5 : 0.95) ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
