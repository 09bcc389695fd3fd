//===- gpt.cpp - A language model of characters ---------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Learns the Constitution of the United States but for every tenth piece of it, on which it has to tell the next
// character better than the pairs of characters of the whole text do. Then it writes on by itself.

#include <cmath>
#include <cstdio>
#include <ingot/ingot.h>
using namespace ingot;

constexpr int64_t context = 32, features = 64, heads = 4, layers = 2, batch = 32, piece = 8 * context;

/// nats for each character, of one whose predecessor is known.
static double bigramEntropy(const std::vector<int64_t> &text) {
  std::map<int64_t, double> firsts;
  std::map<std::pair<int64_t, int64_t>, double> pairs;
  for (size_t i = 1; i < text.size(); ++i)
    ++firsts[text[i - 1]], ++pairs[{text[i - 1], text[i]}];
  double sum = 0;
  for (auto &[pair, count] : pairs)
    sum -= count * std::log(count / firsts[pair.first]);
  return sum / double(text.size() - 1);
}

int main(int argc, char **argv) try {
  std::string all = text::read(std::string(argc > 1 ? argv[1] : "tests/data") + "/constitution.txt");
  text::Vocabulary characters({all}, {.units = text::Units::characters});
  std::vector<int64_t> known = characters.encode(all);
  // Starts of windows of one piece each, so that no character that is held out is ever seen in training.
  std::vector<int64_t> starts, held;
  for (int64_t at = 0; at + context < int64_t(known.size()); ++at)
    if (at / piece == (at + context) / piece)
      (at / piece % 10 == 9 ? held : starts).push_back(at);
  auto windows = [&](const std::vector<int64_t> &places) {
    Array x(i64, {int64_t(places.size()), context}), y = x;
    for (size_t i = 0; i < places.size(); ++i)
      for (int64_t k = 0; k < context; ++k) {
        x.as<int64_t>()[i * context + k] = known[places[i] + k];
        y.as<int64_t>()[i * context + k] = known[places[i] + k + 1];
      }
    return data::Dataset({{"x", x}, {"y", y}});
  };

  Graph g(3);
  Tensor x = g.input("x", i64, {"N", context}), y = g.input("y", i64, {"N", context});
  std::vector<nn::Module> parts = {nn::embedding(characters.size(), features), nn::positional_encoding(),
                                   nn::dropout(0.1)};
  for (int64_t i = 0; i < layers; ++i)
    parts.push_back(nn::transformer_layer(heads, {.dropout = 0.1, .causal = true}));
  parts.insert(parts.end(), {nn::layer_norm(), nn::linear(characters.size())});
  Tensor logits = nn::sequential(parts, "gpt")(x);
  Tensor loss = nn::cross_entropy(reshape(logits, {-1, characters.size()}), reshape(y, {-1}));
  constexpr uint64_t steps = 400;
  Trainer t =
      compile_train(loss, adamw{.lr = cosine(4e-3, steps, {.warmup = 30}), .weight_decay = 0.1, .clip_norm = 1});
  data::Dataset train = windows(starts);
  for (unsigned epoch = 0; t.steps() < steps; ++epoch)
    for (const data::Batch &b : train.batches(batch, {.shuffle = true, .seed = epoch, .drop_last = true}))
      if (t.steps() < steps)
        t.step(b);
  double entropy = bigramEntropy(known), reached = t.evaluate(windows(held), 64).at("loss");
  std::printf("held-out loss: %.3f nats per character, want less than the entropy of pairs, %.3f\n", reached, entropy);

  // The likeliest character, again and again, after a window of the text.
  Executable model = compile({logits}, {.dims = {{"N", 1}}});
  std::vector<int64_t> written(known.begin(), known.begin() + context);
  for (int i = 0; i < 80; ++i) {
    std::vector<int64_t> last(written.end() - context, written.end());
    Array scores = model({{"x", Array({1, context}, last)}}).at(logits.name());
    written.push_back(scores.reshape({context, -1}).rows(context - 1, context).argmax(-1).item<int64_t>());
  }
  std::printf("%s\n", characters.decode(written).c_str());
  return reached < entropy ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
