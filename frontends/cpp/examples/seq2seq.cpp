//===- seq2seq.cpp - Dates, from one sequence to another ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Dates as people write them, "3 March 2021", become dates as machines do, "2021-03-03": a GRU reads in both
// directions, another one writes, and looks back at what was read (Bahdanau et al. 2015). What it writes of dates that
// training has not seen has to be right in every character.

#include <cstdio>
#include <ingot/ingot.h>
#include <random>
using namespace ingot;

constexpr int64_t length = 18, written = 10, batch = 64;

/// A date of the years from 1950 to 2049, on a day that every month has, in one of four forms, and as it is to be
/// written.
static std::pair<std::string, std::string> date(int64_t number) {
  static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};
  int year = 1950 + int(number / 336 % 100), month = int(number / 28 % 12), day = 1 + int(number % 28);
  const char *name = months[month];
  char text[64], iso[64];
  std::snprintf(iso, sizeof iso, "%04d-%02d-%02d", year, month + 1, day);
  switch (std::mt19937_64(uint64_t(number))() % 4) {
  case 0:
    std::snprintf(text, sizeof text, "%d %s %d", day, name, year);
    break;
  case 1:
    std::snprintf(text, sizeof text, "%s %d, %d", name, day, year);
    break;
  case 2:
    std::snprintf(text, sizeof text, "%d.%d.%d", day, month + 1, year);
    break;
  default:
    std::snprintf(text, sizeof text, "%.3s %d %02d", name, day, year);
    break;
  }
  return {text, iso};
}

int main() try {
  std::vector<std::string> texts[2], targets[2], begun[2], all; // to train on and to test
  for (int64_t number = 0; number < 33600; ++number) {
    auto [text, iso] = date(number);
    bool tests = number * 2654435761u % 1000 < 10;
    texts[tests].push_back(text);
    targets[tests].push_back(iso);
    begun[tests].push_back("^" + iso); // each character sees what stands before it
    all.push_back(text + "^" + iso);
  }
  text::Vocabulary letters(all, {.units = text::Units::characters});
  auto samples = [&](int part) {
    return data::Dataset({{"text", letters.encode(texts[part], length)},
                          {"before", letters.encode(begun[part], written)},
                          {"y", letters.encode(targets[part], written)}});
  };
  Graph g(1);
  Tensor text = g.input("text", i64, {"N", length}), before = g.input("before", i64, {"N", written}),
         y = g.input("y", i64, {"N", written});
  Tensor memory =
      nn::gru(48, {.bidirectional = true, .name = "reader"})(nn::embedding(letters.size(), 32, "letters")(text));
  Tensor state = nn::gru(96, {.name = "writer"})(nn::embedding(letters.size(), 32, "digits")(before));
  Tensor found = nn::multi_head_attention(2, {.name = "looking_back"})(state, memory);
  Tensor hidden =
      nn::sequential({nn::linear(96), nn::tanh(), nn::linear(letters.size())}, "head")(concat({state, found}, 2));
  Tensor loss = nn::cross_entropy(reshape(hidden, {-1, letters.size()}), reshape(y, {-1}));
  constexpr uint64_t steps = 400;
  Trainer t = compile_train(loss, adam{.lr = cosine(6e-3, steps, {.warmup = 30}), .clip_norm = 1});
  data::Dataset train = samples(0), test = samples(1);
  for (const data::Batch &b : train.batches(batch, {.shuffle = true, .seed = 1, .drop_last = true}))
    if (t.steps() < steps)
      t.step(b);

  // From here on it reads what it has written itself, the likeliest character each time.
  Tensor next = argmax(hidden).named("next");
  Executable model = compile({next});
  Array own(i64, {test.size(), written}), known = test["y"];
  for (int64_t i = 0; i < test.size(); ++i)
    own.as<int64_t>()[i * written] = letters.index("^");
  Array result;
  for (int64_t at = 0; at < written; ++at) {
    result = model({{"text", test["text"]}, {"before", own}}).at("next");
    for (int64_t i = 0; i < test.size() && at + 1 < written; ++i)
      own.as<int64_t>()[i * written + at + 1] = result.as<int64_t>()[i * written + at];
  }
  double right = 0;
  for (int64_t i = 0; i < test.size(); ++i) {
    bool same = true;
    for (int64_t k = i * written; k < (i + 1) * written; ++k)
      same &= result.as<int64_t>()[k] == known.as<int64_t>()[k];
    right += same;
    if (i % 100 == 50)
      std::printf("%s -> %s\n", texts[1][i].c_str(),
                  letters.decode(result.as<int64_t>().subspan(i * written, written)).c_str());
  }
  right /= double(test.size());
  std::printf("right: %.1f %% of %lld dates that were not seen in training, want at least 95 %%\n", 100 * right,
              (long long)test.size());
  return right >= 0.95 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
