//===- Text.cpp - Texts as numbers ----------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <cmath>
#include <fstream>
#include <ingot/text.h>
#include <iterator>

namespace ingot::text {

[[noreturn]] static void complain(const std::string &text) { throw Error(Code::bad_argument, text); }

std::string read(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    complain("cannot read " + path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

/// The bytes of the UTF-8 character at `at`; one where there is none.
static size_t width(const std::string &text, size_t at) {
  auto byte = static_cast<unsigned char>(text[at]);
  size_t size = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf8 ? 4 : 1;
  for (size_t i = 1; i < size; ++i)
    if (at + i >= text.size() || (static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80)
      return 1;
  return size;
}

std::vector<std::string> tokenize(const std::string &text, Units units) {
  std::vector<std::string> tokens;
  bool isInWord = false;
  for (size_t at = 0, size; at < text.size(); at += size) {
    size = width(text, at);
    std::string character = text.substr(at, size);
    char c = character[0];
    if (units == Units::characters) {
      tokens.push_back(character);
      continue;
    }
    if (c >= 'A' && c <= 'Z')
      character[0] = char(c - 'A' + 'a');
    // What is beyond ASCII counts as a letter.
    bool isLetter = size > 1 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    bool isBlank = size == 1 && static_cast<unsigned char>(c) <= ' ';
    if (isLetter && isInWord)
      tokens.back() += character;
    else if (!isBlank)
      tokens.push_back(character);
    isInWord = isLetter;
  }
  return tokens;
}

Vocabulary::Vocabulary(const std::vector<std::string> &texts, const VocabularySettings &settings)
    : units(settings.units) {
  std::map<std::string, int64_t> counts;
  for (const std::string &text : texts)
    for (const std::string &token : tokenize(text, units))
      ++counts[token];
  std::vector<std::pair<std::string, int64_t>> order(counts.begin(), counts.end());
  std::sort(order.begin(), order.end(),
            [](auto &a, auto &b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
  for (auto &[token, count] : order)
    if (count >= settings.least && (settings.most == 0 || int64_t(tokens.size()) < settings.most))
      add(token);
}

void Vocabulary::add(const std::string &token) {
  indices[token] = size();
  tokens.push_back(token);
}

int64_t Vocabulary::index(const std::string &token) const {
  auto found = indices.find(token);
  return found == indices.end() ? unknown : found->second;
}

const std::string &Vocabulary::token(int64_t index) const {
  static const std::string none, notKnown = "?";
  if (index < 0 || index >= size())
    complain("index " + std::to_string(index) + " is not in a vocabulary of " + std::to_string(size()));
  return index == padding ? none : index == unknown ? notKnown : tokens[size_t(index - 2)];
}

std::vector<int64_t> Vocabulary::encode(const std::string &text) const {
  std::vector<int64_t> result;
  for (const std::string &token : tokenize(text, units))
    result.push_back(index(token));
  return result;
}

Array Vocabulary::encode(const std::vector<std::string> &texts, int64_t length) const {
  if (length < 1)
    complain("got a length of " + std::to_string(length) + ", want one of at least 1");
  Array result(i64, {int64_t(texts.size()), length});
  auto row = result.as<int64_t>().begin();
  for (const std::string &text : texts) {
    std::vector<int64_t> known = encode(text);
    std::copy_n(known.begin(), std::min(known.size(), size_t(length)), row);
    row += length;
  }
  return result;
}

std::string Vocabulary::decode(std::span<const int64_t> list) const {
  std::string text;
  for (int64_t index : list) {
    if (index == padding)
      continue;
    if (units == Units::words && !text.empty())
      text += ' ';
    text += token(index);
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static const char *const marks[] = {"ingot vocabulary of words", "ingot vocabulary of characters"};

void Vocabulary::save(const std::string &path) const {
  std::ofstream file(path, std::ios::binary);
  file << marks[units == Units::characters] << '\n';
  for (const std::string &token : tokens)
    file << (token == "\n" ? "\\n" : token == "\\" ? "\\\\" : token) << '\n';
  if (!file.flush())
    complain("cannot write " + path);
}

Vocabulary Vocabulary::load(const std::string &path) {
  std::string text = read(path);
  Vocabulary result;
  size_t number = 0;
  for (size_t at = 0; at < text.size(); ++number) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos)
      complain(path + ": a truncated vocabulary");
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (number == 0) {
      if (line != marks[0] && line != marks[1])
        complain(path + ": not a vocabulary");
      result.units = line == marks[1] ? Units::characters : Units::words;
      continue;
    }
    std::string token = line == "\\n" ? "\n" : line == "\\\\" ? "\\" : line;
    if (token.empty() || result.indices.count(token))
      complain(path + ":" + std::to_string(number + 1) + ": " +
               (token.empty() ? "an empty line" : "'" + line + "' stands there twice") + ", want one new " +
               (result.units == Units::words ? "word" : "character"));
    result.add(token);
  }
  if (number == 0)
    complain(path + ": not a vocabulary");
  return result;
}

int64_t sample(std::span<const float> scores, const SamplingSettings &settings, double random) {
  if (scores.empty())
    complain("sample: there are no scores");
  if (settings.top_k < 0 || !(settings.top_p > 0 && settings.top_p <= 1) || !(settings.temperature > 0))
    complain("sample: got a top_k of " + std::to_string(settings.top_k) + ", a top_p of " +
             std::to_string(settings.top_p) + " and a temperature of " + std::to_string(settings.temperature) +
             ", want at least 0, more than 0 and at most 1, and more than 0");
  std::vector<std::pair<double, int64_t>> odds;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!(scores[i] < INFINITY))
      complain("sample: score " + std::to_string(i) + " is " + std::to_string(scores[i]));
    odds.push_back({scores[i] / settings.temperature, -int64_t(i)});
  }
  // The first comes first among equals.
  std::sort(odds.begin(), odds.end(), std::greater<>());
  if (settings.top_k && settings.top_k < int64_t(odds.size()))
    odds.resize(size_t(settings.top_k));
  double all = 0, kept = 0, greatest = odds.front().first;
  for (auto &[odd, place] : odds)
    all += odd = odd == greatest ? 1 : std::exp(odd - greatest);
  size_t count = 0;
  while (count < odds.size() && kept < settings.top_p * all)
    kept += odds[count++].first;
  double left = random * kept;
  size_t drawn = 0;
  while (drawn + 1 < count && left >= odds[drawn].first)
    left -= odds[drawn++].first;
  return -odds[drawn].second;
}

} // namespace ingot::text
