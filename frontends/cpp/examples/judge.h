//===- judge.h - What a network takes for digits ----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_FRONTENDS_CPP_EXAMPLES_JUDGE_H
#define INGOT_FRONTENDS_CPP_EXAMPLES_JUDGE_H

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ingot/ingot.h>

/// Whether the network that the digits example wrote is sure by more than 0.9, for 80 % of pictures f32[N,64] from 0 to
/// 1, that they are the digits `kinds`, and for at least 8 digits of one in a hundred pictures. The first are drawn.
inline bool areDigits(const ingot::Array &pictures, const ingot::Array &kinds, const std::string &drawing) {
  using namespace ingot;
  int64_t count = kinds.size(), sure = 0, found[10] = {};
  Array images = pictures.reshape({-1, 1, 8, 8}), scaled(u8, images.shape());
  image::write(drawing, images.rows(0, std::min<int64_t>(count, 100)), 10);
  for (int64_t i = 0; i < images.size(); ++i)
    scaled.set(i, std::lround(16 * images.at(i)));
  Array odds = compile(import_onnx("digits.onnx"))({{"x", scaled}}).at("odds");
  for (int64_t i = 0; i < count; ++i)
    if (auto kind = int64_t(kinds.at(i)); odds.at(10 * i + kind) > 0.9)
      ++sure, ++found[kind];
  auto digits = std::count_if(found, found + 10, [&](int64_t number) { return 100 * number >= count; });
  std::printf("the network sees in %.1f %% of %lld pictures, which begin in %s, what they are to show, want 80 %%, and "
              "%lld of 10 digits, want 8\n",
              100 * double(sure) / double(count), (long long)count, drawing.c_str(), (long long)digits);
  return double(sure) >= 0.8 * double(count) && digits >= 8;
}

/// 0, 1, 2, ... 9, 0, 1, ...
inline ingot::Array digitsInTurn(int64_t count) {
  ingot::Array kinds(ingot::i64, {count});
  for (int64_t i = 0; i < count; ++i)
    kinds.set(i, double(i % 10));
  return kinds;
}

#endif // INGOT_FRONTENDS_CPP_EXAMPLES_JUDGE_H
