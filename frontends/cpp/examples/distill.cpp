//===- distill.cpp - A small network learns from a large one --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A student sees digits with the teacher's probabilities alone (Hinton et al. 2015), and no label; a twin of it has the
// labels of 60 digits. Both are measured on the same test.

#include <cstdio>
#include <ingot/ingot.h>
using namespace ingot;

constexpr int64_t batch = 64;

static void fit(Trainer &t, const data::Dataset &train, unsigned epochs) {
  for (unsigned epoch = 0; epoch < epochs; ++epoch)
    for (const data::Batch &b :
         train.batches(std::min(batch, train.size()), {.shuffle = true, .seed = epoch, .drop_last = true}))
      t.step(b);
}

static nn::Module small(const std::string &name) {
  return nn::sequential({nn::flatten(), nn::linear(16), nn::relu(), nn::linear(10)}, name);
}

int main(int argc, char **argv) try {
  auto [train, test] = data::npz(std::string(argc > 1 ? argv[1] : "tests/data") + "/digits.npz").split(0.8, /*seed=*/1);
  constexpr double temperature = 3;
  Graph g(1);
  Tensor x = g.input("x", u8, {"N", 1, 8, 8}), y = g.input("y", i64, {"N"}), soft = g.input("soft", f32, {"N", 10});
  Tensor pixels = cast(x, f32) / 16;
  auto large = nn::sequential({nn::conv2d(16, 3, {.padding = 1}), nn::relu(), nn::conv2d(32, 3, {.padding = 1}),
                               nn::relu(), nn::max_pool2d(2), nn::flatten(), nn::linear(10)},
                              "teacher");
  Tensor taught = large(pixels), learned = small("student")(pixels), alone = small("twin")(pixels);
  Trainer teacher =
      compile_train(nn::cross_entropy(taught, y), adam{.lr = 3e-3}, {.metrics = {{"accuracy", accuracy(taught, y)}}});
  fit(teacher, train, 8);

  Tensor probabilities = softmax(taught / temperature);
  Arrays arrays = {{"x", train["x"]}};
  arrays["soft"] = compile({probabilities})({{"x", train["x"]}}).at(probabilities.name());
  Trainer student = compile_train(nn::kl_div(log_softmax(learned / temperature), soft), adam{.lr = 1e-2});
  fit(student, data::Dataset(arrays), 20);

  Trainer twin = compile_train(nn::cross_entropy(alone, y), adam{.lr = 1e-2});
  fit(twin, train.split(60.0 / double(train.size()), 1).first, 150);

  Executable score = compile(
      {accuracy(taught, y).named("teacher"), accuracy(learned, y).named("student"), accuracy(alone, y).named("twin")});
  Arrays reached = score(test.arrays());
  double t = reached.at("teacher").at(0), s = reached.at("student").at(0), w = reached.at("twin").at(0);
  std::printf("accuracy on %lld test digits: teacher %.1f %%, want at least 94 %%; student without labels %.1f %%, "
              "want at most 5 points less; its "
              "twin with 60 labels %.1f %%\n",
              (long long)test.size(), 100 * t, 100 * s, 100 * w);
  return t >= 0.94 && s >= t - 0.05 && s > w ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
