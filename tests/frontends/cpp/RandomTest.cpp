//===- RandomTest.cpp - What is drawn beside PyTorch ----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/frontends/cpp/References.h"
#include <cmath>
#include <ingot/ingot.h>
#include <numeric>

using namespace ingot;

namespace {

const Arrays &references() {
  static const Arrays arrays = data::read_npz(INGOT_RANDOM_REFERENCES);
  return arrays;
}

//===----------------------------------------------------------------------===//
// Initial values
//===----------------------------------------------------------------------===//

/// The distance from their distribution that n values exceed in one of 80,000 samples, 2 exp(-2 * 2.45^2). For the
/// distance of two samples of n values, it is that of n / 2.
double distanceAllowed(double n) { return 2.45 / std::sqrt(n); }

std::vector<double> sorted(const Array &values) {
  std::span<const float> elements = values.as<float>();
  std::vector<double> result(elements.begin(), elements.end());
  std::sort(result.begin(), result.end());
  return result;
}

/// The Kolmogorov-Smirnov distance of sorted values from the distribution that PyTorch draws from.
double distanceFrom(const std::vector<double> &values, const std::string &name) {
  const Arrays &r = references();
  auto range = r.find(name + ".range");
  const Array &parameters = range != r.end() ? range->second : r.at(name + ".moments");
  double first = parameters.at(0), second = parameters.at(1), n = double(values.size()), result = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    double below = range != r.end() ? std::clamp((values[i] - first) / (second - first), 0.0, 1.0)
                                    : 0.5 * std::erfc((first - values[i]) / (second * std::sqrt(2)));
    result = std::max({result, below - double(i) / n, double(i + 1) / n - below});
  }
  return result;
}

/// The same from the sample that PyTorch drew, at its quantiles.
double distanceFromSample(const std::vector<double> &values, const std::string &name) {
  const Array &quantiles = references().at(name + ".quantiles"), &shape = references().at(name + ".shape");
  int64_t drawn = 1;
  for (int64_t i = 0; i < shape.size(); ++i)
    drawn *= int64_t(shape.at(i));
  double result = 0;
  for (int64_t i = 0; i < quantiles.size(); ++i) {
    auto place = std::lower_bound(values.begin(), values.end(), quantiles.at(i)) - values.begin();
    double below = double((i + 1) * drawn / (quantiles.size() + 1)) / double(drawn);
    result = std::max(result, std::abs(double(place) / double(values.size()) - below));
  }
  return result;
}

void checkInitial(const Array &values, const std::string &reference) {
  SCOPED_TRACE(reference);
  std::string name = "initializer." + reference;
  std::vector<double> in = sorted(values);
  double n = double(in.size());
  ASSERT_GE(n, 100000);
  EXPECT_LE(distanceFrom(in, name), distanceAllowed(n));
  EXPECT_LE(distanceFromSample(in, name), distanceAllowed(n / 2));
  if (auto range = references().find(name + ".range"); range != references().end()) {
    double low = range->second.at(0), high = range->second.at(1), slack = 20 / n * (high - low);
    EXPECT_GE(in.front(), low - 1e-7);
    EXPECT_LE(in.front(), low + slack);
    EXPECT_LE(in.back(), high + 1e-7);
    EXPECT_GE(in.back(), high - slack);
  }
  // Each is drawn for itself: neighbours do not move together.
  std::span<const float> drawn = values.as<float>();
  double mean = std::accumulate(drawn.begin(), drawn.end(), 0.0) / n, together = 0, squares = 0;
  for (size_t i = 0; i < drawn.size(); ++i) {
    squares += (drawn[i] - mean) * (drawn[i] - mean);
    together += i ? (drawn[i] - mean) * (drawn[i - 1] - mean) : 0;
  }
  EXPECT_LE(std::abs(together / squares), 5 / std::sqrt(n));
}

std::vector<int64_t> shapeOf(const std::string &reference) {
  std::span<const int64_t> sizes = references().at("initializer." + reference + ".shape").as<int64_t>();
  return {sizes.begin(), sizes.end()};
}

TEST(Initializers, DrawFromTheDistributionsOfPyTorch) {
  const std::map<std::string, nn::Initializer> all = {{"xavier_uniform", nn::xavier_uniform()},
                                                      {"xavier_normal", nn::xavier_normal()},
                                                      {"xavier_uniform_tanh", nn::xavier_uniform(5 / 3.0)},
                                                      {"xavier_normal_tanh", nn::xavier_normal(5 / 3.0)},
                                                      {"he_uniform", nn::he_uniform()},
                                                      {"he_normal", nn::he_normal()},
                                                      {"normal", nn::normal(0.5, 0.3)},
                                                      {"uniform", nn::uniform(-0.1, 0.7)}};
  uint64_t seed = 5;
  for (auto &[name, initializer] : all)
    for (const char *kind : {"wide", "tall", "conv1d", "conv2d", "conv3d"}) {
      std::string reference = name + "." + kind;
      std::vector<int64_t> shape = shapeOf(reference);
      Array values = initializer(shape, ++seed);
      checkInitial(values, reference);
      EXPECT_EQ(values.at(77), initializer(shape, seed).at(77));
      EXPECT_NE(values.at(77), initializer(shape, seed + 1).at(77));
    }
}

TEST(Initializers, AreToldApart) {
  auto isNear = [](const Array &values, const std::string &reference) {
    std::vector<double> in = sorted(values);
    return distanceFrom(in, "initializer." + reference) <= distanceAllowed(double(in.size())) ||
           distanceFromSample(in, "initializer." + reference) <= distanceAllowed(double(in.size()) / 2);
  };
  // The deviation of uniform values is their bound over the root of three.
  std::vector<int64_t> shape = shapeOf("he_uniform.conv2d");
  double deviation = references().at("initializer.he_normal.conv2d.moments").at(1), bound = std::sqrt(3) * deviation;
  EXPECT_TRUE(isNear(nn::uniform(-bound, bound)(shape, 1), "he_uniform.conv2d"));
  EXPECT_FALSE(isNear(nn::normal(0, deviation)(shape, 1), "he_uniform.conv2d"));
  EXPECT_FALSE(isNear(nn::uniform(-bound, bound)(shape, 1), "he_normal.conv2d"));
  EXPECT_FALSE(isNear(nn::normal(0, 1.04 * deviation)(shape, 1), "he_normal.conv2d"));
  EXPECT_FALSE(isNear(nn::uniform(-1.04 * bound, 1.04 * bound)(shape, 1), "he_uniform.conv2d"));
  // Inputs for outputs, and the window left out.
  EXPECT_FALSE(isNear(nn::he_normal()({96, 64, 5, 5}, 1), "he_normal.conv2d"));
  EXPECT_FALSE(isNear(nn::xavier_normal()({64, 96 * 25}, 1), "xavier_normal.conv2d"));
}

TEST(Initializers, OfOneValueRepeatIt) {
  for (auto &[initializer, want] : {std::pair(nn::zeros(), 0.0), {nn::ones(), 1.0}, {nn::constant(-2.5), -2.5}}) {
    Array values = initializer({3, 2}, 1);
    for (float v : values.as<float>())
      EXPECT_EQ(v, want);
  }
}

/// The values of the first call's parameters whose names end in `ending`, one after the other.
Array begin(const nn::Module &layer, const std::vector<int64_t> &shape, const std::vector<std::string> &endings,
            Dtype dtype = f32) {
  Graph g;
  layer(g.constant(Array(dtype, shape)));
  std::vector<float> values;
  for (const std::string &name : g.parameters())
    for (const std::string &ending : endings)
      if (name.ends_with(ending)) {
        Array value = g.value(name);
        values.insert(values.end(), value.as<float>().begin(), value.as<float>().end());
      }
  return Array({int64_t(values.size())}, values);
}

TEST(Initializers, OfLayersAreThoseOfPyTorch) {
  checkInitial(begin(nn::linear(300), {1, 700}, {"weight"}), "layer.linear.weight");
  checkInitial(begin(nn::linear(100003), {1, 3}, {"weight"}), "layer.linear_of_few.weight");
  checkInitial(begin(nn::linear(100003), {1, 3}, {"bias"}), "layer.linear_of_few.bias");
  checkInitial(begin(nn::conv1d(100001, 3), {1, 5, 3}, {"weight"}), "layer.conv1d.weight");
  checkInitial(begin(nn::conv1d(100001, 3), {1, 5, 3}, {"bias"}), "layer.conv1d.bias");
  checkInitial(begin(nn::conv2d(64, 5), {1, 96, 5, 5}, {"weight"}), "layer.conv2d.weight");
  checkInitial(begin(nn::conv2d(320, 5, {.groups = 8}), {1, 128, 5, 5}, {"weight"}), "layer.conv2d_of_groups.weight");
  checkInitial(begin(nn::conv3d(96, 3), {1, 48, 3, 3, 3}, {"weight"}), "layer.conv3d.weight");
  checkInitial(begin(nn::conv_transpose1d(150, 5), {1, 200, 2}, {"weight"}), "layer.conv_transpose1d.weight");
  checkInitial(begin(nn::conv_transpose2d(96, 5, {.groups = 2}), {1, 160, 2, 2}, {"weight"}),
               "layer.conv_transpose2d.weight");
  checkInitial(begin(nn::conv_transpose3d(96, 3), {1, 48, 2, 2, 2}, {"weight"}), "layer.conv_transpose3d.weight");
  checkInitial(begin(nn::embedding(1000, 130), {2}, {"weight"}, i64), "layer.embedding.weight");
  for (const std::string part : {"weight_ih_0", "weight_hh_0"}) {
    checkInitial(begin(nn::rnn(320), {1, 2, 330}, {part}), "layer.rnn." + part);
    checkInitial(begin(nn::lstm(170), {1, 2, 150}, {part}), "layer.lstm." + part);
    checkInitial(begin(nn::gru(190), {1, 2, 180}, {part}), "layer.gru." + part);
  }
  nn::Module attention = nn::multi_head_attention(3);
  checkInitial(begin(attention, {1, 2, 330}, {"query.weight", "key.weight", "value.weight"}), "layer.attention.in");
  checkInitial(begin(nn::multi_head_attention(3), {1, 2, 330}, {"out.weight"}), "layer.attention.out");
}

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

/// Trains a network with two dropouts as PyTorch did under the masks of each step.
void checkDropout(const std::string &name, unsigned threads) {
  SCOPED_TRACE(name);
  const Arrays &r = references();
  std::string prefix = "dropout." + name + ".";
  Graph g;
  Tensor x = g.parameter("x", r.at(prefix + "start.x"));
  Tensor h = nn::dropout(0.4)(tanh(nn::linear(16, {.name = "a"})(x)));
  Tensor y = nn::linear(3, {.name = "c"})(nn::dropout(0.25)(relu(nn::linear(11, {.name = "b"})(h))));
  Tensor difference = y - g.constant(r.at(prefix + "target"));
  // A metric is a scalar: one for each element of the result.
  Array results(f32, r.at(prefix + "step0.y").shape());
  TrainSettings settings{.seed = uint64_t(r.at(prefix + "seed").at(0)), .threads = threads};
  for (int64_t i = 0; i < results.size(); ++i) {
    Array only(f32, results.shape());
    only.set(i, 1);
    settings.metrics.insert({std::to_string(i), sum(y * g.constant(only))});
  }
  std::vector<std::string> parameters = g.parameters();
  ASSERT_EQ(parameters.size(), 7u);
  for (const std::string &parameter : parameters)
    g.set_value(parameter, r.at(prefix + "start." + parameter));
  Trainer t = compile_train(sum(difference * difference) / 10, sgd{.lr = 0.5}, settings);
  for (int step = 0; step < 4; ++step) {
    SCOPED_TRACE(step);
    std::string at = prefix + "step" + std::to_string(step) + ".";
    std::map<std::string, Array> before;
    for (const std::string &parameter : parameters)
      before[parameter] = g.value(parameter);
    Metrics metrics = t.step({});
    for (int64_t i = 0; i < results.size(); ++i)
      results.set(i, metrics.at(std::to_string(i)));
    expectNear(results, r, at + "y", 2e-5);
    EXPECT_NEAR(metrics.at("loss"), r.at(at + "loss").at(0), 2e-5 * r.at(at + "loss").at(0));
    for (const std::string &parameter : parameters) {
      Array after = g.value(parameter), moved = after;
      double apart = 0, largest = 0;
      for (int64_t i = 0; i < moved.size(); ++i) {
        moved.set(i, (before[parameter].at(i) - after.at(i)) / 0.5);
        const Array &other = r.at(prefix + "other.gradient." + parameter);
        apart = std::max(apart, std::abs(moved.at(i) - other.at(i)));
        largest = std::max(largest, std::abs(other.at(i)));
      }
      expectNear(moved, r, at + "gradient." + parameter, 1e-4);
      expectNear(after, r, at + parameter, 2e-5);
      // The last bias lies behind every mask; whatever else has a mask between it and the loss would show another one.
      EXPECT_TRUE(parameter == "c.bias" || parameter == "c.weight" || apart > 0.05 * largest) << parameter;
    }
  }
}

TEST(Dropout, TrainsAsInPyTorch) {
  for (unsigned threads : {1, 2}) {
    checkDropout("matrix", threads);
    checkDropout("steps", threads);
  }
}

} // namespace
