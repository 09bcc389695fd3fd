//===- text.h - Texts as numbers --------------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEXT_H
#define INGOT_TEXT_H

#include <ingot/array.h>

namespace ingot::text {

enum class Units {
  words,      ///< runs of letters and digits in lower case; every other visible character is one of its own
  characters, ///< of UTF-8
};

/// The words or characters of a text.
std::vector<std::string> tokenize(const std::string &text, Units units);

struct VocabularySettings {
  Units units = Units::words;
  int64_t most = 0;  ///< keeps the most frequent ones, this many; 0: all
  int64_t least = 1; ///< leaves out those that are rarer
};

/// Numbers for words or characters: 0 fills up, 1 stands for all that are not known, and from 2 on they follow by
/// frequency, equal ones by their bytes.
class Vocabulary {
public:
  static constexpr int64_t padding = 0, unknown = 1;

  Vocabulary() = default;
  explicit Vocabulary(const std::vector<std::string> &texts, const VocabularySettings &settings = {});

  /// With the two that are no words.
  int64_t size() const { return int64_t(tokens.size()) + 2; }
  int64_t index(const std::string &token) const;
  const std::string &token(int64_t index) const;
  std::vector<int64_t> encode(const std::string &text) const;
  /// i64[texts,length], filled up or cut at their ends.
  Array encode(const std::vector<std::string> &texts, int64_t length) const;
  /// Words with blanks between them, or characters without; what fills up is left out.
  std::string decode(std::span<const int64_t> indices) const;

  /// One word or character on each line, after a line that says which.
  void save(const std::string &path) const;
  static Vocabulary load(const std::string &path);

private:
  void add(const std::string &token);

  Units units = Units::words;
  std::vector<std::string> tokens; ///< from 2 on
  std::map<std::string, int64_t> indices;
};

struct SamplingSettings {
  int64_t top_k = 0;      ///< only this many of the likeliest, so 1 is the likeliest; 0: all
  double top_p = 1;       ///< of these, the fewest of the likeliest that make up this share of the probability
  double temperature = 1; ///< divides the scores
};
/// An index by scores, the logarithms of its odds. `random` decides, where it is uniform in [0, 1).
int64_t sample(std::span<const float> scores, const SamplingSettings &settings, double random);

/// A text file, whole.
std::string read(const std::string &path);

} // namespace ingot::text

#endif // INGOT_TEXT_H
