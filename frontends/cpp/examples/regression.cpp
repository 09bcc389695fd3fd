//===- regression.cpp - Regression with a small network -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// First a function that the network can fit exactly, then a real table: the progression of diabetes in 442 patients.

#include <cmath>
#include <cstdio>
#include <ingot/ingot.h>
using namespace ingot;

static Trainer regressor(int64_t columns, int64_t hidden, const OptimizerSettings &optimizer) {
  Graph g(5);
  Tensor x = g.input("x", f32, {"N", columns}), y = g.input("y", f32, {"N", 1});
  auto net = nn::sequential({nn::linear(hidden), nn::tanh(), nn::linear(1)}, "net");
  return compile_train(nn::mse(net(x), y), optimizer);
}

/// 100 samples of 10 numbers, and what a fixed network makes of them.
static double fitToy() {
  Array x = nn::normal(0, 1)({100, 10}, 1), w = nn::normal(0, 0.3)({10}, 2), y(f32, {100, 1});
  for (int64_t i = 0; i < 100; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < 10; ++j)
      sum += x.at(10 * i + j) * w.at(j);
    y.set(i, std::tanh(sum));
  }
  Trainer t = regressor(10, 32, adam{.lr = cosine(1e-2, 1000)});
  double loss = 0;
  for (int step = 0; step < 1000; ++step)
    loss = t.step({{"x", x}, {"y", y}})["loss"];
  return loss;
}

/// Columns with mean 0 and deviation 1 in the samples to train on; the same change for those of the test. Gives the
/// last column's deviation.
static double standardize(Array &train, Array &test) {
  int64_t columns = train.shape()[1];
  double deviation = 0;
  for (int64_t j = 0; j < columns; ++j) {
    double sum = 0, squares = 0, count = double(train.shape()[0]);
    for (int64_t i = j; i < train.size(); i += columns)
      sum += train.at(i), squares += train.at(i) * train.at(i);
    double mean = sum / count;
    deviation = std::sqrt(squares / count - mean * mean);
    for (Array *part : {&train, &test})
      for (int64_t i = j; i < part->size(); i += columns)
        part->set(i, (part->at(i) - mean) / deviation);
  }
  return deviation;
}

int main(int argc, char **argv) try {
  double toy = fitToy();
  std::printf("toy: mean squared error %.2e after 1000 steps, want less than 1e-4\n", toy);

  data::Dataset all =
      data::csv(std::string(argc > 1 ? argv[1] : "tests/data") + "/diabetes.csv", {.targets = {"progression"}});
  // Each quarter of the patients is predicted by a network that has seen the other three.
  double error = 0, sum = 0, squares = 0, count = double(all.size());
  for (int64_t quarter = 0; quarter < 4; ++quarter) {
    std::vector<int64_t> others, own;
    for (int64_t i = 0; i < all.size(); ++i)
      (i % 4 == quarter ? own : others).push_back(i);
    Arrays train = all.rows(others).arrays(), test = all.rows(own).arrays();
    standardize(train["x"], test["x"]);
    double scale = standardize(train["y"], test["y"]);
    Trainer t = regressor(10, 16, adamw{.lr = cosine(3e-3, 150), .weight_decay = 1});
    for (int step = 0; step < 150; ++step)
      t.step(train);
    error += t.evaluate(data::Dataset(test), int64_t(own.size())).at("loss") * double(own.size()) * scale * scale;
  }
  for (float y : all["y"].as<float>())
    sum += y, squares += double(y) * y;
  double r2 = 1 - error / (squares - sum * sum / count);
  std::printf("diabetes: R2 %.3f of %g patients, each unseen by its network, want at least 0.45; root mean squared "
              "error %.1f\n",
              r2, count, std::sqrt(error / count));
  return toy < 1e-4 && r2 >= 0.45 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
