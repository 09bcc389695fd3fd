//===- generate.cpp - Text from a language model --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A transformer writes on: the likeliest character, one of the k likeliest, or one of the likeliest that have a share p
// of the probability. Two programs with the same weights do it: one reads the whole text again for each character, the
// other one the last character alone, with the keys and values of those before in a cache. Their texts must be the
// same.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ingot/ingot.h>
#include <numeric>
#include <random>
using namespace ingot;

constexpr int64_t context = 64, features = 64, heads = 4, layers = 2, prompt = 16, batch = 16;

int main(int argc, char **argv) try {
  std::string all = text::read(std::string(argc > 1 ? argv[1] : "tests/data") + "/constitution.txt");
  text::Vocabulary characters({all}, {.units = text::Units::characters});
  std::vector<int64_t> known = characters.encode(all), count(context + 1);
  std::iota(count.begin(), count.end(), 0);
  Graph g(3);
  nn::Module letter = nn::embedding(characters.size(), features), place = nn::embedding(context, features);
  std::vector<nn::Module> norms, queries, keys, values, outs, feeds;
  for (int64_t i = 0; i < layers; ++i) {
    norms.push_back(nn::layer_norm());
    for (auto *part : {&queries, &keys, &values, &outs})
      part->push_back(nn::linear(features));
    feeds.push_back(nn::sequential({nn::layer_norm(), nn::linear(4 * features), nn::gelu(), nn::linear(features)}));
  }
  nn::Module head = nn::sequential({nn::layer_norm(), nn::linear(characters.size())});
  // Called for each of the two programs: the weights are those of the first call.
  auto model = [&](const Tensor &text, const Tensor &places, auto attend) {
    Tensor h = letter(text) + place(places);
    for (int64_t i = 0; i < layers; ++i) {
      Tensor n = norms[i](h);
      h = h + outs[i](attend(queries[i](n), keys[i](n), values[i](n)));
      h = h + feeds[i](h);
    }
    return head(h);
  };
  Tensor x = g.input("x", i64, {"N", context}), y = g.input("y", i64, {"N", context});
  Tensor places = g.constant(Array({context}, std::span<const int64_t>(count).first(context)));
  Tensor logits = model(x, places, [&](Tensor q, Tensor k, Tensor v) {
    return apply("Attention", {q, k, v}, {{"q_num_heads", heads}, {"kv_num_heads", heads}, {"is_causal", int64_t(1)}});
  });
  // A cache has a row for each place; the new row stands behind them, and sees itself and those before its place.
  Tensor last = g.input("last", i64, {1, 1}), at = g.input("at", i64, {1, 1});
  count.back() = -1;
  Tensor visible = less(g.constant(Array({1, context + 1}, count)), at);
  std::vector<Tensor> rows;
  auto cached = [&](const Tensor &row) {
    rows.push_back(row.named("row" + std::to_string(rows.size())));
    return concat({g.input("of_" + rows.back().name(), f32, {1, context, features}), row}, 1);
  };
  Tensor next = model(last, at, [&](Tensor q, Tensor k, Tensor v) {
    Tensor allKeys = cached(k), allValues = cached(v);
    return apply("Attention", {q, allKeys, allValues, visible}, {{"q_num_heads", heads}, {"kv_num_heads", heads}});
  });
  rows.push_back(next.named("next"));

  constexpr uint64_t steps = 400;
  Tensor loss = nn::cross_entropy(reshape(logits, {-1, characters.size()}), reshape(y, {-1}));
  Trainer t = compile_train(loss, adamw{.lr = cosine(4e-3, steps, {.warmup = 20}), .clip_norm = 1});
  int64_t pieces = (int64_t(known.size()) - 1) / context;
  auto windows = [&](int64_t first) {
    return Array({pieces, context}, std::span<const int64_t>(known).subspan(first, pieces * context));
  };
  data::Dataset data({{"x", windows(0)}, {"y", windows(1)}});
  for (uint64_t epoch = 0; t.steps() < steps; ++epoch)
    for (const data::Batch &b : data.batches(batch, {.shuffle = true, .seed = epoch, .drop_last = true}))
      t.step(b);

  Context whole = compile({logits.named("logits")}, {.dims = {{"N", 1}}}).context();
  Context step = compile(rows).context();
  double seconds[2] = {};
  auto write = [&](const text::SamplingSettings &how, bool hasCache) {
    std::mt19937_64 generator(7);
    std::vector<int64_t> text(known.begin(), known.begin() + prompt);
    auto start = std::chrono::steady_clock::now();
    for (int64_t i = hasCache ? 0 : prompt - 1; i + 1 < context; ++i) {
      Context &program = hasCache ? step : whole;
      if (hasCache)
        program.input<int64_t>("last")[0] = text[i], program.input<int64_t>("at")[0] = i;
      else
        std::ranges::copy(text, program.input<int64_t>("x").begin());
      if (Code code = program.run(); code != Code::ok)
        throw Error(code, program.error());
      for (auto row = rows.begin(); hasCache && row != rows.end() - 1; ++row)
        std::ranges::copy(program.output(row->name()), &program.input("of_" + row->name())[i * features]);
      auto scores = hasCache ? program.output("next") : program.output("logits").subspan(i * characters.size());
      if (i + 1 == int64_t(text.size()))
        text.push_back(text::sample(scores.first(characters.size()), how, double(generator() >> 11) * 0x1p-53));
    }
    seconds[hasCache] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return text;
  };
  bool same = true;
  for (const text::SamplingSettings &how : {text::SamplingSettings{.top_k = 1}, {.top_k = 5}, {.top_p = 0.8}}) {
    std::vector<int64_t> text = write(how, true);
    same &= text == write(how, false);
    std::printf("%s\n\n", characters.decode(text).c_str());
  }
  double each = 1e6 / double(3 * (context - prompt));
  std::printf(
      "the text with the cache is %s as without it; %.0f us for each character and %.0f us without it, want the "
      "same and half the time\n",
      same ? "the same" : "NOT the same", each * seconds[1], each * seconds[0]);
  return same && 2 * seconds[1] <= seconds[0] ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
