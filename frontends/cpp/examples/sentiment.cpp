//===- sentiment.cpp - Classifying texts ----------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// An LSTM tells praise from blame in sentences that the program makes up. What decides is a word and whether it is
// negated, so that counting words cannot do it; the test has pairs of words that training has not.

#include <cstdio>
#include <ingot/ingot.h>
#include <random>
using namespace ingot;

int main() try {
  const std::vector<std::string> things = {"film", "book", "play", "song", "meal", "hotel"};
  const std::vector<std::string> praise = {"good", "great", "lovely", "fine", "clever"};
  const std::vector<std::string> blame = {"bad", "awful", "dull", "poor", "silly"};
  const std::vector<std::string> degrees = {"", "very ", "really ", "at all "};
  std::mt19937_64 generator(1);
  auto pick = [&](const std::vector<std::string> &from) { return size_t(generator() % from.size()); };
  std::vector<std::string> texts[2]; // to train on, to test
  std::vector<int64_t> labels[2];
  for (int i = 0; i < 4000; ++i) {
    bool praises = generator() % 2, negates = generator() % 2;
    size_t thing = pick(things), word = pick(praise);
    std::string said = "I think that the " + things[thing] + " was " + (negates ? "not " : "") +
                       degrees[pick(degrees)] + (praises ? praise : blame)[word] +
                       (generator() % 2 ? ", said my friend." : ".");
    bool tests = (thing + word) % 6 == 0;
    texts[tests].push_back(said);
    labels[tests].push_back(praises != negates);
  }
  constexpr int64_t length = 16, batch = 64;
  text::Vocabulary words(texts[0]);
  auto samples = [&](int part) {
    return data::Dataset(
        {{"x", words.encode(texts[part], length)}, {"y", Array({int64_t(labels[part].size())}, labels[part])}});
  };
  data::Dataset train = samples(0), test = samples(1);
  Graph g(1);
  Tensor x = g.input("x", i64, {"N", length}), y = g.input("y", i64, {"N"});
  Tensor states = nn::lstm(32, {.bidirectional = true})(nn::embedding(words.size(), 16)(x));
  Tensor logits = nn::linear(2)(max(states, {1}));
  Trainer t = compile_train(nn::cross_entropy(logits, y), adam{.lr = 1e-2, .clip_norm = 1},
                            {.metrics = {{"accuracy", accuracy(logits, y)}}});
  for (unsigned epoch = 0; epoch < 3; ++epoch)
    for (const data::Batch &b : train.batches(batch, {.shuffle = true, .seed = epoch, .drop_last = true}))
      t.step(b);
  double reached = t.evaluate(test, test.size()).at("accuracy");
  std::printf("accuracy: %.1f %% of %lld test sentences, want at least 97 %%\n", 100 * reached, (long long)test.size());
  return reached >= 0.97 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
