//===- word2vec.cpp - Words as vectors ------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Skip-gram with negative samples (Mikolov et al. 2013) on sentences that the program makes up: words that stand in the
// same places must come to lie together, though they rarely share a sentence.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ingot/ingot.h>
#include <random>
using namespace ingot;

int main() try {
  const std::vector<std::vector<std::string>> kinds = {{"cat", "dog", "horse", "cow", "goat", "sheep"},
                                                       {"red", "green", "blue", "black", "white", "brown"},
                                                       {"eats", "sees", "likes", "finds", "wants", "smells"},
                                                       {"apple", "bread", "grass", "corn", "cake", "rice"}};
  std::mt19937_64 generator(1);
  std::vector<std::string> sentences;
  for (int i = 0; i < 3000; ++i) {
    auto any = [&](size_t kind) { return kinds[kind][generator() % 6] + " "; };
    sentences.push_back("the " + any(1) + any(0) + any(2) + any(3));
  }
  text::Vocabulary words(sentences);
  std::vector<int64_t> centres, contexts;
  for (const std::string &sentence : sentences) {
    std::vector<int64_t> s = words.encode(sentence);
    for (int64_t i = 0; i < int64_t(s.size()); ++i)
      for (int64_t k : {i - 2, i - 1, i + 1, i + 2})
        if (k >= 0 && k < int64_t(s.size()))
          centres.push_back(s[i]), contexts.push_back(s[k]);
  }
  auto pairs = int64_t(centres.size());
  data::Dataset train({{"centre", Array({pairs}, centres)}, {"context", Array({pairs, 1}, contexts)}});

  constexpr int64_t features = 12, batch = 256, negatives = 5;
  Graph g(1);
  Tensor centre = g.input("centre", i64, {batch}), context = g.input("context", i64, {batch, 1});
  Tensor others = g.input("others", i64, {batch, negatives});
  Tensor inner = unsqueeze(nn::embedding(words.size(), features, "inner")(centre), {1});
  auto outer = nn::embedding(words.size(), features, "outer");
  auto likeness = [&](const Tensor &with) { return sum(inner * outer(with), {2}); };
  // Pairs of the text are to be alike, others not.
  Trainer t = compile_train(mean(softplus(-likeness(context))) + double(negatives) * mean(softplus(likeness(others))),
                            adam{.lr = 1e-2});
  double loss = 0;
  for (uint64_t epoch = 0; epoch < 8; ++epoch)
    for (data::Batch b : train.batches(batch, {.shuffle = true, .seed = epoch, .drop_last = true})) {
      Array drawn(i64, {batch, negatives});
      for (int64_t &word : drawn.as<int64_t>())
        word = 2 + int64_t(generator() % uint64_t(words.size() - 2));
      b["others"] = drawn;
      double now = t.step(b)["loss"];
      loss = t.steps() == 1 ? now : 0.95 * loss + 0.05 * now;
    }
  const Array &vectors = g.value("inner.weight");
  auto cosine_of = [&](int64_t a, int64_t b) {
    double ab = 0, aa = 0, bb = 0;
    for (int64_t i = 0; i < features; ++i) {
      double x = vectors.at(a * features + i), y = vectors.at(b * features + i);
      ab += x * y, aa += x * x, bb += y * y;
    }
    return ab / std::sqrt(aa * bb);
  };
  int right = 0, all = 0;
  for (const auto &kind : kinds)
    for (const std::string &word : kind) {
      int64_t own = words.index(word), nearest = -1;
      for (int64_t i = 2; i < words.size(); ++i)
        if (i != own && (nearest < 0 || cosine_of(own, i) > cosine_of(own, nearest)))
          nearest = i;
      right += std::find(kind.begin(), kind.end(), words.token(nearest)) != kind.end();
      ++all;
    }
  std::printf("loss %.3f after %llu steps; the nearest word is of the same kind for %d of %d words, want at least 22\n",
              loss, (unsigned long long)t.steps(), right, all);
  return right >= 22 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
