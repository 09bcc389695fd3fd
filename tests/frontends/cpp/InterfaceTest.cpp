//===- InterfaceTest.cpp - The C++ interface beside PyTorch ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/frontends/cpp/Message.h"
#include "tests/frontends/cpp/References.h"
#include <cmath>
#include <cstdio>
#include <fstream>
#include <gmock/gmock.h>
#include <ingot/ingot.h>

using namespace ingot;
using testing::HasSubstr;

namespace {

const Arrays &references() {
  static const Arrays arrays = data::read_npz(INGOT_REFERENCES);
  return arrays;
}

void expectNear(const Array &got, const std::string &name, double tolerance = 2e-5) {
  ::expectNear(got, references(), name, tolerance);
}

/// Checks that the value of `parameter` after a plain step of rate 1 moved by the reference gradient.
void expectGradient(const Graph &graph, const std::string &parameter, const Array &before, const std::string &name) {
  Array moved = before;
  for (int64_t i = 0; i < moved.size(); ++i)
    moved.set(i, before.at(i) - graph.value(parameter).at(i));
  expectNear(moved, name, 1e-4);
}

void checkLoss(const std::string &name, const std::function<Tensor(const Tensor &, std::vector<Tensor>)> &build) {
  SCOPED_TRACE(name);
  const Arrays &r = references();
  std::string prefix = "loss." + name + ".";
  Graph g;
  Tensor x = g.parameter("x", r.at(prefix + "x"));
  std::vector<Tensor> targets;
  if (r.count(prefix + "target"))
    targets.push_back(g.constant(r.at(prefix + "target")));
  for (int i = 1; r.count(prefix + "target" + std::to_string(i)); ++i)
    targets.push_back(g.constant(r.at(prefix + "target" + std::to_string(i))));
  Trainer t = compile_train(build(x, targets), sgd{.lr = 1.0});
  double want = r.at(prefix + "value").at(0);
  EXPECT_NEAR(t.step({}).at("loss"), want, 1e-5 * std::max(want, 1.0));
  expectGradient(g, "x", r.at(prefix + "x"), prefix + "gradient");
}

TEST(Losses, AreThoseOfPyTorch) {
  checkLoss("mse", [](auto &x, auto t) { return nn::mse(x, t[0]); });
  checkLoss("mae", [](auto &x, auto t) { return nn::mae(x, t[0]); });
  checkLoss("huber", [](auto &x, auto t) { return nn::huber(x, t[0], 0.7); });
  checkLoss("cross_entropy", [](auto &x, auto t) { return nn::cross_entropy(x, t[0]); });
  checkLoss("smoothed_cross_entropy", [](auto &x, auto t) { return nn::cross_entropy(x, t[0], 0.1); });
  checkLoss("bce", [](auto &x, auto t) { return nn::bce(x, t[0]); });
  checkLoss("bce_with_logits", [](auto &x, auto t) { return nn::bce_with_logits(x, t[0]); });
  checkLoss("kl_div", [](auto &x, auto t) { return nn::kl_div(x, t[0]); });
  checkLoss("hinge", [](auto &x, auto t) { return nn::hinge(x, t[0]); });
  checkLoss("cosine_distance", [](auto &x, auto t) { return nn::cosine_distance(x, t[0]); });
  checkLoss("triplet", [](auto &x, auto t) { return nn::triplet(x, t[0], t[1]); });
}

TEST(Losses, MoveTheirOtherOperands) {
  checkLoss("cosine_second", [](auto &x, auto t) { return nn::cosine_distance(t[0], x); });
  checkLoss("triplet_positive", [](auto &x, auto t) { return nn::triplet(t[0], x, t[1], 2); });
  checkLoss("triplet_negative", [](auto &x, auto t) { return nn::triplet(t[0], t[1], x, 2); });
  checkLoss("l2", [](auto &x, auto) { return nn::l2({x}); });
  checkLoss("l1", [](auto &x, auto) { return nn::l1({x}); });
}

TEST(Losses, OfClassesTakeLabelsAndOdds) {
  checkLoss("cross_entropy_of_pictures", [](auto &x, auto t) { return nn::cross_entropy(x, t[0], 0.2); });
  checkLoss("cross_entropy_of_odds", [](auto &x, auto t) { return nn::cross_entropy(x, t[0]); });
  checkLoss("smoothed_cross_entropy_of_odds", [](auto &x, auto t) { return nn::cross_entropy(x, t[0], 0.1); });
}

TEST(Losses, OfSureMistakesAreFinite) {
  Graph g;
  Tensor p = g.parameter("p", Array({5}, {0.f, 0.f, 1.f, 1.f, 0.5f}));
  Tensor loss = nn::bce(p, g.constant(Array({5}, {0.f, 1.f, 0.f, 1.f, 1.f})));
  const Array &want = references().at("loss.sure_bce");
  double mean = 0;
  for (int64_t i = 0; i < 5; ++i)
    mean += want.at(i) / 5;
  EXPECT_NEAR(compile_train(loss, sgd{.lr = 1.0}).step({}).at("loss"), mean, 1e-4);
  for (float v : g.value("p").as<float>())
    EXPECT_TRUE(std::isfinite(v));
  EXPECT_FLOAT_EQ(float(g.value("p").at(4)), 0.5f + 2 / 5.f);
}

TEST(Losses, OverSetsAreThoseOfPyTorch) {
  // Its second operand moves too, as the first does of the operands in the other order.
  checkLoss("nt_xent", [](auto &x, auto t) { return nn::nt_xent(x, t[0]); });
  checkLoss("nt_xent", [](auto &x, auto t) { return nn::nt_xent(t[0], x); });
  checkLoss("nt_xent_cold", [](auto &x, auto t) { return nn::nt_xent(x, t[0], 0.07); });
}

TEST(Losses, OverPathsAreThoseOfPyTorch) {
  for (const char *name : {"ctc", "ctc_lengths", "ctc_repeats", "ctc_one"})
    checkLoss(name, [](auto &x, auto t) { return nn::ctc(x, t[0], t[1], t[2]); });
  checkLoss("ctc_blank", [](auto &x, auto t) { return nn::ctc(x, t[0], t[1], t[2], /*blank=*/3); });
}

/// The loss of one sample over sizes that a batch binds, and how far its gradient moves the logits.
std::pair<double, double> ctcOf(int64_t steps, const std::vector<int64_t> &labels, int64_t count) {
  Graph g;
  Tensor logits = g.parameter("logits", Array(f32, {1, steps, 4}));
  Tensor l = g.input("labels", i64, {1, "most"}), n = g.input("count", i64, {1});
  Trainer t = compile_train(nn::ctc(logits, l, g.constant(Array({1}, {steps})), n), sgd{.lr = 1.0});
  double loss =
      t.step({{"labels", Array({1, int64_t(labels.size())}, labels)}, {"count", Array({1}, {count})}})["loss"];
  double moved = 0;
  for (float v : g.value("logits").as<float>())
    moved += std::abs(v);
  return {loss, moved};
}

TEST(Losses, OfImpossiblePathsAreInfinite) {
  // Of 4^3 paths of even odds, 1 1 has one: 1 0 1. In two steps it has none.
  EXPECT_NEAR(ctcOf(3, {1, 1}, 2).first, std::log(64) / 2, 1e-5);
  EXPECT_EQ(ctcOf(2, {1, 1}, 2), std::make_pair(double(INFINITY), 0.0));
  // What stands beyond a sample's labels is never looked at.
  EXPECT_NEAR(ctcOf(1, {2, -1, 99}, 1).first, std::log(4), 1e-5);
}

/// Gives a layer PyTorch's weights, and compares its result and all gradients.
void checkLayer(const std::string &name, const nn::Module &layer, bool trains = false) {
  SCOPED_TRACE(name);
  const Arrays &r = references();
  std::string prefix = "layer." + name + ".";
  const Array &value = r.at(prefix + "x");
  bool isFloat = value.dtype() == f32;
  Graph g;
  Tensor x = isFloat ? g.parameter("x", value) : g.constant(value);
  Tensor y = layer(x);
  Array factors(f32, r.at(prefix + "y").shape());
  for (int64_t i = 0; i < factors.size(); ++i)
    factors.set(i, std::cos(double(i)));
  std::vector<std::string> weights;
  for (const std::string &parameter : g.parameters()) {
    if (parameter == "x")
      continue;
    std::string own = parameter.substr(parameter.find('.') + 1);
    if (!r.count(prefix + own) || own.starts_with("running"))
      continue; // running statistics begin as PyTorch's do
    g.set_value(parameter, r.at(prefix + own));
    weights.push_back(parameter);
  }
  if (!trains)
    expectNear(compile({y})({}).at(y.name()), prefix + "y");
  if (!isFloat && weights.empty())
    return;
  if (!trains)
    g.freeze("running");
  Trainer t = compile_train(sum(y * g.constant(factors)), sgd{.lr = 1.0});
  t.step({});
  if (isFloat)
    expectGradient(g, "x", value, prefix + "gradient.x");
  for (const std::string &parameter : weights) {
    std::string own = parameter.substr(parameter.find('.') + 1);
    // The gradient of a key's bias is 0, and in floats what rounding leaves of it.
    if (!own.ends_with("key.bias"))
      expectGradient(g, parameter, r.at(prefix + own), prefix + "gradient." + own);
  }
  for (const std::string &parameter : g.parameters())
    if (trains && parameter.find("running") != std::string::npos)
      expectNear(g.value(parameter), prefix + parameter.substr(parameter.find('.') + 1));
}

TEST(Layers, AreThoseOfPyTorch) {
  checkLayer("linear", nn::linear(5));
  checkLayer("linear3", nn::linear(5));
  checkLayer("conv1d", nn::conv1d(6, 3, {.stride = 2, .padding = 1}));
  checkLayer("conv2d", nn::conv2d(6, 3, {.padding = 2, .dilation = 2, .groups = 2}));
  checkLayer("conv3d", nn::conv3d(3, 3));
  checkLayer("conv_transpose2d", nn::conv_transpose2d(6, 3, {.stride = 2, .padding = 1}));
  checkLayer("max_pool2d", nn::max_pool2d(2));
  checkLayer("avg_pool2d", nn::avg_pool2d(3, 2));
  checkLayer("batch_norm", nn::batch_norm());
  checkLayer("layer_norm", nn::layer_norm());
  checkLayer("rms_norm", nn::rms_norm());
  checkLayer("group_norm", nn::group_norm(2));
  checkLayer("embedding", nn::embedding(11, 5));
  checkLayer("gelu", nn::gelu());
  checkLayer("leaky_relu", nn::leaky_relu(0.2));
  checkLayer("conv_transpose1d", nn::conv_transpose1d(6, 4, {.stride = 3, .padding = 1, .groups = 2}));
  checkLayer("conv_transpose3d", nn::conv_transpose3d(3, 2, {.stride = 2}));
  checkLayer("conv3d_wide", nn::conv3d(4, 3, {.stride = 2, .padding = 1, .groups = 2}));
  checkLayer("max_pool1d", nn::max_pool1d(3, 2));
  checkLayer("max_pool3d", nn::max_pool3d(2));
  checkLayer("avg_pool1d", nn::avg_pool1d(2));
  checkLayer("avg_pool3d", nn::avg_pool3d(2, 1));
  checkLayer("global_avg_pool", nn::global_avg_pool());
  checkLayer("trained_batch_norm", nn::batch_norm(), /*trains=*/true);
  checkLayer("wide_linear", nn::linear(17, {.bias = false}));
}

TEST(Layers, WithoutParametersAreThoseOfPyTorch) {
  checkLayer("relu", nn::relu());
  checkLayer("tanh", nn::tanh());
  checkLayer("sigmoid", nn::sigmoid());
  checkLayer("softmax", nn::softmax(1));
  checkLayer("flatten", nn::flatten());
}

TEST(Layers, OfTransformersAreThoseOfPyTorch) {
  checkLayer("positional_encoding", nn::positional_encoding());
  checkLayer("multi_head_attention", nn::multi_head_attention(2, {.causal = true}));
  checkLayer("attention_to_all", nn::multi_head_attention(4));
  checkLayer("transformer_layer", nn::transformer_layer(2, {.feed_forward = 12}));
  checkLayer("causal_layer", nn::transformer_layer(4, {.feed_forward = 12, .causal = true}));
  nn::Module decoder = nn::transformer_decoder_layer(2, {.feed_forward = 12});
  checkLayer("decoder_layer", nn::Module("with_memory", [=](nn::Scope &scope, const Tensor &x) {
               return scope.call(decoder, "inner", x, 0.5 * slice(x, 1, 0, 3));
             }));
}

TEST(Layers, OfStepsAreThoseOfPyTorch) {
  checkLayer("rnn", nn::rnn(4));
  checkLayer("lstm", nn::lstm(4, {.layers = 2, .bidirectional = true}));
  checkLayer("gru", nn::gru(4));
  checkLayer("stacked_rnn", nn::rnn(5, {.layers = 3, .bidirectional = true}));
  checkLayer("stacked_gru", nn::gru(4, {.layers = 2, .bidirectional = true}));
  checkLayer("one_lstm", nn::lstm(7));
  checkLayer("wide_gru", nn::gru(4));
}

TEST(Loops, CarryStatesAndGradients) {
  Graph g;
  Tensor x = g.parameter("x", Array({4, 2}, {1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f, 8.f}));
  Tensor zero = g.constant(Array(f32, {2}));
  std::vector<Tensor> y = scan({zero}, {x}, [](auto &states, auto &slices) -> ScanStep {
    Tensor sum = 0.5 * states[0] + slices[0];
    return {{sum}, {sum * sum}};
  });
  Arrays results = compile(y)({});
  EXPECT_EQ(results.at(y[0].name()).at(0), 7 + 5 / 2. + 3 / 4. + 1 / 8.);
  EXPECT_EQ(results.at(y[1].name()).shape(), (std::vector<int64_t>{4, 2}));
  EXPECT_EQ(results.at(y[1].name()).at(3), 25);
  compile_train(sum(y[0]), sgd{.lr = 1.0}).step({});
  EXPECT_EQ(g.value("x").at(0), 1 - 1 / 8.);
  EXPECT_EQ(g.value("x").at(7), 8 - 1);
}

void checkOptimizer(const std::string &name, const OptimizerSettings &optimizer) {
  SCOPED_TRACE(name);
  Graph g;
  Array a(f32, {6}), b(f32, {6});
  for (int64_t i = 0; i < 6; ++i) {
    a.set(i, double(i + 1));
    b.set(i, double(i + 1) * 0.5);
  }
  Tensor w = g.parameter("w", Array(f32, {6})), difference = w - g.constant(a);
  Trainer t = compile_train(sum(difference * difference * g.constant(b)), optimizer);
  for (int step = 1; step <= 10; ++step) {
    t.step({});
    expectNear(g.value("w"), "optimizer." + name + ".step" + std::to_string(step), 1e-5);
  }
}

TEST(Optimizers, TakeTheStepsOfPyTorch) {
  checkOptimizer("sgd", sgd{.lr = 0.01});
  checkOptimizer("clipped", sgd{.lr = 0.01, .clip_norm = 2.5});
  checkOptimizer("momentum", sgd{.lr = 0.01, .momentum = 0.9, .weight_decay = 0.1});
  checkOptimizer("nesterov", sgd{.lr = 0.01, .momentum = 0.9, .nesterov = true});
  checkOptimizer("rmsprop", rmsprop{.lr = 0.01, .momentum = 0.5});
  checkOptimizer("adagrad", adagrad{.lr = 0.1});
  checkOptimizer("adam", adam{.lr = 0.1, .weight_decay = 0.01});
  checkOptimizer("adamw", adamw{.lr = 0.1});
  checkOptimizer("rmsprop_decay", rmsprop{.lr = 0.02, .alpha = 0.8, .eps = 1e-3, .weight_decay = 0.1});
  checkOptimizer("adagrad_decay", adagrad{.lr = 0.2, .eps = 1e-2, .weight_decay = 0.1});
  checkOptimizer("adam_betas", adam{.lr = 0.05, .beta1 = 0.5, .beta2 = 0.9, .eps = 1e-2});
  checkOptimizer("adamw_decay", adamw{.lr = 0.05, .beta1 = 0.7, .beta2 = 0.95, .eps = 1e-3, .weight_decay = 0.2});
}

/// sum((v @ w - a)^2) of the references' parameters.
Tensor productLoss(Graph &g) {
  const Arrays &r = references();
  Tensor v = g.parameter("student.v", r.at("groups.v")), w = g.parameter("student.w", r.at("groups.w"));
  Tensor difference = matmul(v, w) - g.constant(r.at("groups.a"));
  return sum(difference * difference);
}

TEST(Optimizers, TakeStepsByGroups) {
  Graph g;
  Trainer t = compile_train(
      productLoss(g), adamw{.lr = 0.1, .weight_decay = 0.05},
      {.groups = {{.pattern = "v$", .rate = 0.1, .weight_decay = 0.3}, {.pattern = "."}}, .gradient_norms = true});
  g.parameter("teacher.v", references().at("groups.v"));
  g.parameter("teacher.w", references().at("groups.w"));
  AveragedWeights averages(g, 0.9, "^student");
  for (int step = 0; step < 5; ++step) {
    SCOPED_TRACE(step);
    Metrics metrics = t.step({});
    averages.update();
    follow(g, "teacher", "student", 0.9);
    for (const std::string name : {"v", "w"}) {
      std::string number = std::to_string(step) + "." + name;
      double norm = references().at("groups.norm" + number).at(0);
      EXPECT_NEAR(metrics.at("gradient_norm.student." + name), norm, 1e-4 * norm);
      expectNear(g.value("student." + name), "groups.step" + number, 1e-4);
      expectNear(averages["student." + name], "groups.average" + number, 1e-4);
      expectNear(g.value("teacher." + name), "groups.average" + number, 1e-4);
    }
  }
  averages.swap();
  expectNear(g.value("student.v"), "groups.average4.v", 1e-4);
  expectNear(averages["student.v"], "groups.step4.v", 1e-4);
}

TEST(Pruning, LastsThroughTraining) {
  Graph g;
  Trainer t = compile_train(productLoss(g), sgd{.lr = 0.02, .momentum = 0.9}, {.train = "w$"});
  prune(g, "w$", 0.33);
  expectNear(g.value("student.w"), "groups.pruned");
  for (int step = 0; step < 3; ++step)
    t.step({});
  expectNear(g.value("student.w"), "groups.pruned3");
  auto zeros = [&] {
    int64_t count = 0;
    for (float value : g.value("student.w").as<float>())
      count += value == 0;
    return count;
  };
  EXPECT_EQ(zeros(), 7);
  prune(g, "w$", 0.5);
  EXPECT_EQ(zeros(), 10);
  unprune(g, "w$");
  t.step({});
  EXPECT_EQ(zeros(), 0);
}

TEST(Schedules, AreThoseOfPyTorch) {
  auto check = [](const std::string &name, const Schedule &schedule) {
    for (int64_t i = 0; i < 40; ++i)
      EXPECT_NEAR(schedule(uint64_t(i)), references().at("schedule." + name).at(i), 1e-12) << name << " at " << i;
  };
  check("cosine", cosine(0.5, 40, {.least = 0.01}));
  check("step", step_decay(0.5, 7, 0.3));
  check("warmup", warmup(0.5, 10));
  check("warm_cosine", cosine(0.5, 40, {.warmup = 10}));
}

//===----------------------------------------------------------------------===//
// Training mode
//===----------------------------------------------------------------------===//

TEST(TrainingMode, MovesRunningStatistics) {
  Graph g;
  Tensor x = g.input("x", f32, {"N", 2});
  Tensor y = nn::batch_norm({.name = "norm"})(x);
  Trainer t = compile_train(mean(y * y), sgd{.lr = 0.0});
  Array batch({4, 2}, {1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f, 9.f});
  t.step({{"x", batch}});
  // A tenth of the batch's mean, and of its variance beside nine tenths of one.
  EXPECT_NEAR(g.value("norm.running_mean").at(0), 0.4, 1e-6);
  EXPECT_NEAR(g.value("norm.running_mean").at(1), 0.525, 1e-6);
  g.freeze("norm");
  g.unfreeze("weight");
  Array before = g.value("norm.running_var");
  compile_train(mean(y * y), sgd{.lr = 0.0}).step({{"x", batch}});
  EXPECT_EQ(before.at(0), g.value("norm.running_var").at(0));
}

TEST(TrainingMode, DropsByStepAndPlace) {
  Graph g;
  Tensor x = g.parameter("x", nn::ones()({1000}, 0));
  Tensor y = nn::dropout(0.25)(x);
  auto dropped = [&](uint64_t seed, int steps, unsigned threads) {
    g.set_value("x", nn::ones()({1000}, 0));
    Trainer t = compile_train(sum(y), sgd{.lr = 1.0}, {.seed = seed, .threads = threads});
    Metrics metrics;
    std::vector<double> moves;
    for (int i = 0; i < steps; ++i) {
      g.set_value("x", nn::ones()({1000}, 0));
      metrics = t.step({});
    }
    double kept = 0;
    for (int64_t i = 0; i < 1000; ++i) {
      moves.push_back(1 - g.value("x").at(i));
      kept += moves.back();
    }
    // The mask of the gradient is that of the loss.
    EXPECT_NEAR(kept, metrics.at("loss"), 1e-2);
    EXPECT_NEAR(kept, 1000, 80);
    return moves;
  };
  auto first = dropped(7, 1, 1);
  EXPECT_EQ(first, dropped(7, 1, 2));
  EXPECT_NE(first, dropped(8, 1, 1));
  EXPECT_NE(first, dropped(7, 2, 1));
  // Inference drops nothing.
  g.set_value("x", nn::ones()({1000}, 0));
  EXPECT_EQ(compile({sum(y)})({}).begin()->second.at(0), 1000);
}

TEST(TrainingMode, SharesParametersBetweenTrainers) {
  Graph g;
  Tensor a = g.parameter("a", Array({1}, {1.f})), b = g.parameter("b", Array({1}, {2.f}));
  Tensor loss = sum(a * b);
  Trainer moveA = compile_train(loss, sgd{.lr = 1.0}, {.train = "^a$"});
  Trainer moveB = compile_train(loss, sgd{.lr = 1.0}, {.train = "^b$"});
  moveA.step({});
  EXPECT_EQ(g.value("a").at(0), -1);
  EXPECT_EQ(g.value("b").at(0), 2);
  moveB.step({});
  EXPECT_EQ(g.value("b").at(0), 3);
  moveA.step({});
  EXPECT_EQ(g.value("a").at(0), -4);
}

TEST(TrainingMode, ShowsInLiveExecutables) {
  Graph g;
  Tensor x = g.input("x", f32, {"N", 2}), y = nn::sequential({nn::linear(3), nn::batch_norm()})(x);
  Executable live = compile({y}, {.live = true}), fixed = compile({y});
  Trainer t = compile_train(mean(y * y), sgd{.lr = 0.1});
  Array batch({4, 2}, {1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f, 9.f});
  auto elements = [&](const Executable &model) {
    Array result = model({{"x", batch}}).at(y.name());
    std::span<const float> values = std::as_const(result).as<float>();
    return std::vector<float>(values.begin(), values.end());
  };
  std::vector<float> before = elements(live);
  EXPECT_THAT(before, testing::Pointwise(testing::FloatNear(1e-5f), elements(fixed)));
  t.step({{"x", batch}});
  std::vector<float> after = elements(live);
  EXPECT_GT(std::abs(after[0] - before[0]), 1e-3);
  EXPECT_THAT(after, testing::Pointwise(testing::FloatNear(1e-5f), elements(compile({y}))));
  EXPECT_THROW(live.context(), Error);
  EXPECT_THROW(live.save("live"), Error);
}

TEST(TrainingMode, IsLeftForEvaluation) {
  Graph g;
  Tensor x = g.input("x", f32, {"N", 3}), target = g.input("target", f32, {"N", 1});
  Tensor y = nn::sequential({nn::linear(8), nn::batch_norm(), nn::relu(), nn::dropout(0.5), nn::linear(1)})(x);
  Tensor loss = nn::mse(y, target), size = mean(abs(y));
  Trainer t = compile_train(loss, sgd{.lr = 0.1}, {.metrics = {{"size", size}}});
  data::Dataset set({{"x", nn::normal(1, 2)({10, 3}, 1)}, {"target", nn::normal(0, 1)({10, 1}, 2)}});
  // Each evaluation sees the values of its time, in all of its batches of 4, 4 and 2.
  for (int step = 0; step < 3; ++step) {
    Metrics metrics = t.evaluate(set, 4);
    Arrays want = compile({loss, size})(set.arrays());
    EXPECT_NEAR(metrics.at("loss"), want.at(loss.name()).at(0), 1e-5);
    EXPECT_NEAR(metrics.at("size"), want.at(size.name()).at(0), 1e-5);
    t.step(set.arrays());
    EXPECT_NE(t.evaluate(set, 4).at("loss"), metrics.at("loss"));
  }
}

TEST(Executables, BindSizesWithAndWithoutNames) {
  std::string path = testing::TempDir() + "ingot-interface-sizes.onnxtxt";
  std::ofstream(path) << R"(<ir_version: 8, opset_import: ["" : 17]>
    sizes (float[?, N] x, float[N] y) => (float[?, N] z) { z = Add(x, y) })";
  Executable model = compile(import_onnx(path));
  for (int64_t rows : {2, 3}) {
    Array x = nn::ones()({rows, 4}, 0), z = model({{"x", x}, {"y", x.rows(0, 1).reshape({4})}}).at("z");
    EXPECT_EQ(z.shape(), (std::vector<int64_t>{rows, 4}));
    EXPECT_EQ(z.at(4 * rows - 1), 2);
  }
  auto call = [&](std::vector<int64_t> x, std::vector<int64_t> y) {
    return messageOf([&] { model({{"x", Array(f32, x)}, {"y", Array(f32, y)}}); });
  };
  EXPECT_THAT(call({2, 4}, {5}), HasSubstr("input 'y': got 5 for dimension 'N', want the 4 of input 'x'"));
  EXPECT_THAT(call({4}, {4}), HasSubstr("input 'x': got f32[4], want f32[x.0,N]"));
  std::remove(path.c_str());
}

TEST(Executables, ForgetWhatIsLongNotCalled) {
  Graph g;
  Tensor x = g.input("x", f32, {"N"}), w = g.parameter("w", Array({1}, {3.f})), y = w * x;
  Executable model = compile({y}), one = compile({y}, {.dims = {{"N", 1}}});
  Context context = one.context();
  Trainer t = compile_train(sum(w * x), sgd{.lr = 0.125});
  double sum = 0;
  for (int round = 0; round < 2; ++round)
    for (int64_t size = 1; size < 12; ++size) {
      Array ones = nn::ones()({size}, 0), result = model({{"x", ones}}).at(y.name());
      EXPECT_EQ(result.shape(), (std::vector<int64_t>{size}));
      EXPECT_EQ(result.at(size - 1), 3);
      EXPECT_EQ(t.step({{"x", ones}}).at("loss"), double(size) * (3 - 0.125 * sum));
      sum += double(size);
    }
  one = model;
  context.input("x")[0] = 2;
  EXPECT_EQ(context.run(), Code::ok);
  EXPECT_EQ(context.output(y.name())[0], 6);
}

//===----------------------------------------------------------------------===//
// Checkpoints and mistakes
//===----------------------------------------------------------------------===//

TEST(Checkpoints, GoOnWithTheSameBits) {
  auto make = [](Graph &g) {
    Tensor x = g.input("x", f32, {"N", 3});
    Tensor y = nn::sequential({nn::linear(8), nn::relu(), nn::dropout(0.5), nn::linear(1)}, "net")(x);
    return compile_train(mean(y * y), adam{.lr = 0.01}, {.seed = 3});
  };
  Array batch = nn::normal(0, 1)({5, 3}, 9);
  std::string path = testing::TempDir() + "ingot-interface.ckpt";
  Graph whole(1), resumed(1);
  Trainer all = make(whole);
  for (int i = 0; i < 3; ++i)
    all.step({{"x", batch}});
  all.save(path);
  std::vector<double> want, got;
  for (int i = 0; i < 3; ++i)
    want.push_back(all.step({{"x", batch}}).at("loss"));
  Trainer rest = make(resumed);
  rest.load(path);
  EXPECT_EQ(rest.steps(), 3u);
  for (int i = 0; i < 3; ++i)
    got.push_back(rest.step({{"x", batch}}).at("loss"));
  EXPECT_EQ(want, got);
  std::remove(path.c_str());
}

TEST(Mistakes, NameOperandsAndTheLine) {
  Graph g, other;
  Tensor x = g.input("x", f32, {"N", 3}), z = g.input("z", f32, {"N", 4});
  int line = __LINE__ + 1;
  std::string text = messageOf([&] { x + z; });
  EXPECT_THAT(text, HasSubstr("InterfaceTest.cpp:" + std::to_string(line) + ": Add: "));
  EXPECT_THAT(text, HasSubstr("operand x f32[N,3]"));
  EXPECT_THAT(text, HasSubstr("operand z f32[N,4]"));
  EXPECT_THAT(messageOf([&] { matmul(x, g.constant(Array(f32, {2, 2}))); }), HasSubstr("MatMul: "));
  EXPECT_THAT(messageOf([&] { x + other.input("x", f32, {"N", 3}); }), HasSubstr("different graphs"));
  EXPECT_THAT(messageOf([&] { g.input("x", f32, {}); }), HasSubstr("there is already a value 'x'"));
  EXPECT_THAT(messageOf([&] { nn::conv2d(3, 3)(x); }), HasSubstr("conv2d: got x f32[N,3], want 4 dimensions"));
  EXPECT_THAT(messageOf([&] { nn::mse(x, z); }), HasSubstr("want the same types"));
  EXPECT_THAT(messageOf([&] { compile_train(x, sgd{}); }), HasSubstr("a loss must be a scalar, got x f32[N,3]"));
  EXPECT_THAT(messageOf([&] { compile_train(mean(x), sgd{}); }), HasSubstr("no parameter"));
  EXPECT_THAT(messageOf([&] { apply("NoSuchThing", {x}); }), HasSubstr("ONNX has no such operator"));
  Tensor loss = mean(nn::linear(2)(x));
  EXPECT_THAT(messageOf([&] { compile_train(loss, sgd{}, {.groups = {{.pattern = "("}}}); }),
              HasSubstr("got '(', want a regular expression"));
  EXPECT_THAT(messageOf([&] { compile_train(loss, sgd{}, {.groups = {{.pattern = "a", .rate = -1}}}); }),
              HasSubstr("the group 'a' has a rate or a weight decay below 0"));
  EXPECT_THAT(messageOf([&] { prune(g, "absent", 0.5); }), HasSubstr("no parameter that matches 'absent'"));
  EXPECT_THAT(messageOf([&] { prune(g, "", 1.5); }), HasSubstr("got a share of 1.5"));
  EXPECT_THAT(messageOf([&] { follow(g, "linear", "absent", 0.5); }), HasSubstr("no parameter 'absent.bias'"));
  EXPECT_THAT(messageOf([&] { AveragedWeights(g, 2); }), HasSubstr("got a decay of 2"));
  EXPECT_THAT(messageOf([&] { nn::linear(2)(x, z); }), HasSubstr("want one operand"));
  auto d = nn::sequential({nn::linear(2), nn::relu()}, "d");
  d(x), d(x);
  EXPECT_THAT(messageOf([&] { nn::sequential({nn::linear(2)}, "d")(x); }), HasSubstr("there is already a layer 'd'"));
  EXPECT_THAT(messageOf([&] { nn::linear(2, {.name = "d"})(x); }), HasSubstr("there is already a layer 'd'"));
  EXPECT_THAT(messageOf([&] { nn::transformer_decoder_layer(2)(g.input("q", f32, {"N", 3, 4})); }),
              HasSubstr("a memory to attend to is missing"));
  EXPECT_THAT(messageOf([&] { scan({x}, {z}, [&](auto &, auto &) -> ScanStep { return {{x}, {x}}; }); }),
              HasSubstr("scan: a step gives x f32[N,3], want what it computes itself"));
}

TEST(Mistakes, AreFoundInData) {
  Graph g;
  Tensor x = g.input("x", f32, {"N", 3}), y = nn::linear(2)(x);
  Executable model = compile({y});
  EXPECT_THAT(messageOf([&] { model({}); }), HasSubstr("input 'x' is missing, want f32[N,3]"));
  EXPECT_THAT(messageOf([&] { model({{"x", Array(f32, {2, 4})}}); }), HasSubstr("got f32[2,4], want f32[N,3]"));
  EXPECT_THAT(messageOf([&] { model({{"x", Array(f64, {2, 3})}}); }), HasSubstr("got f64[2,3]"));
  EXPECT_THAT(messageOf([&] { model.context(); }), HasSubstr("is open; bind 'N'"));
  EXPECT_THAT(messageOf([&] { data::npz("absent.npz"); }), HasSubstr("cannot read absent.npz"));
  EXPECT_THAT(messageOf([&] { data::Dataset({{"a", Array(f32, {2})}, {"b", Array(f32, {3})}}); }),
              HasSubstr("has 3 samples and 'a' 2"));
  EXPECT_EQ(model({{"x", Array(f32, {2, 3})}}).at(y.name()).shape(), (std::vector<int64_t>{2, 2}));
}

} // namespace
