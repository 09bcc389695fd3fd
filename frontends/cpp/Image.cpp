//===- Image.cpp - Changes to images --------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <cmath>
#include <fstream>
#include <ingot/image.h>
#include <random>

namespace ingot::image {

[[noreturn]] static void complain(const std::string &text) { throw Error(Code::bad_argument, text); }

namespace {
struct Sizes {
  int64_t count, channels, rows, columns;

  Sizes(const char *what, const Array &images) {
    if (images.dtype() != f32 || images.shape().size() != 4)
      complain(std::string(what) + ": got " + images.type_text() + ", want images f32[N,channels,rows,columns]");
    count = images.shape()[0];
    channels = images.shape()[1];
    rows = images.shape()[2];
    columns = images.shape()[3];
  }
  int64_t pixels() const { return rows * columns; }
};

/// Numbers for one image after another.
struct Random {
  std::mt19937_64 generator;
  explicit Random(uint64_t seed) : generator(seed) {}
  double unit() { return double(generator() >> 11) * 0x1p-53; }
  int64_t below(int64_t bound) { return int64_t(generator() % uint64_t(bound)); }
};
} // namespace

Array random_crop(const Array &images, int64_t padding, uint64_t seed) {
  Sizes s("random_crop", images);
  if (padding < 0)
    complain("random_crop: got a padding of " + std::to_string(padding));
  Random random(seed);
  Array result(f32, images.shape());
  std::span<const float> from = images.as<float>();
  std::span<float> to = result.as<float>();
  for (int64_t n = 0; n < s.count; ++n) {
    int64_t down = random.below(2 * padding + 1) - padding, right = random.below(2 * padding + 1) - padding;
    for (int64_t c = 0; c < s.channels; ++c)
      for (int64_t i = 0; i < s.rows; ++i)
        for (int64_t j = 0; j < s.columns; ++j) {
          int64_t row = i + down, column = j + right, base = (n * s.channels + c) * s.pixels();
          if (row >= 0 && row < s.rows && column >= 0 && column < s.columns)
            to[base + i * s.columns + j] = from[base + row * s.columns + column];
        }
  }
  return result;
}

Array random_flip(const Array &images, uint64_t seed) {
  Sizes s("random_flip", images);
  Random random(seed);
  Array result = images;
  auto elements = result.as<float>();
  for (int64_t n = 0; n < s.count; ++n) {
    if (random.unit() < 0.5)
      continue;
    for (int64_t row = n * s.channels * s.rows; row < (n + 1) * s.channels * s.rows; ++row)
      std::reverse(elements.begin() + row * s.columns, elements.begin() + (row + 1) * s.columns);
  }
  return result;
}

Array colour_jitter(const Array &images, const Jitter &jitter, uint64_t seed) {
  Sizes s("colour_jitter", images);
  for (double range : {jitter.brightness, jitter.contrast, jitter.saturation})
    if (!(range >= 0 && range <= 1))
      complain("colour_jitter: got a range of " + std::to_string(range) + ", want one from 0 to 1");
  Random random(seed);
  Array result = images;
  auto all = result.as<float>();
  for (int64_t n = 0; n < s.count; ++n) {
    std::span<float> image = all.subspan(size_t(n * s.channels * s.pixels()), size_t(s.channels * s.pixels()));
    auto factor = [&](double range) { return 1 + range * (2 * random.unit() - 1); };
    double brightness = factor(jitter.brightness), contrast = factor(jitter.contrast);
    double saturation = factor(jitter.saturation);
    auto towards = [](double grey, double value, double factor) {
      return float(std::clamp(grey + factor * (value - grey), 0.0, 1.0));
    };
    // The weights of ITU-R BT.601.
    auto grey = [&](int64_t i) {
      return s.channels == 3 ? 0.299 * image[i] + 0.587 * image[i + s.pixels()] + 0.114 * image[i + 2 * s.pixels()]
                             : double(image[i]);
    };
    if (jitter.brightness > 0)
      for (float &element : image)
        element = towards(0, element, brightness);
    if (jitter.contrast > 0) {
      double mean = 0;
      for (int64_t i = 0; i < s.pixels(); ++i)
        mean += grey(i) / double(s.pixels());
      for (float &element : image)
        element = towards(mean, element, contrast);
    }
    if (jitter.saturation > 0 && s.channels == 3)
      for (int64_t i = 0; i < s.pixels(); ++i) {
        double own = grey(i);
        for (int64_t c = 0; c < 3; ++c)
          image[i + c * s.pixels()] = towards(own, image[i + c * s.pixels()], saturation);
      }
  }
  return result;
}

Array normalize(const Array &images, const std::vector<double> &means, const std::vector<double> &deviations) {
  Sizes s("normalize", images);
  if (int64_t(means.size()) != s.channels || int64_t(deviations.size()) != s.channels)
    complain("normalize: got " + std::to_string(means.size()) + " means and " + std::to_string(deviations.size()) +
             " deviations for " + images.type_text());
  for (double deviation : deviations)
    if (!(deviation > 0))
      complain("normalize: got a deviation of " + std::to_string(deviation) + ", want one above 0");
  Array result = images;
  auto elements = result.as<float>();
  for (int64_t i = 0; i < result.size(); ++i) {
    auto c = size_t(i / s.pixels() % s.channels);
    elements[i] = float((elements[i] - means[c]) / deviations[c]);
  }
  return result;
}

Array resize(const Array &images, int64_t rows, int64_t columns) {
  Sizes s("resize", images);
  if (rows < 1 || columns < 1 || s.pixels() == 0)
    complain("resize: got " + images.type_text() + " to " + std::to_string(rows) + " rows and " +
             std::to_string(columns) + " columns");
  /// Where a new line lies between two old ones.
  struct Place {
    int64_t first, second;
    double share; ///< of the second
  };
  auto places = [](int64_t from, int64_t to) {
    std::vector<Place> result;
    for (int64_t i = 0; i < to; ++i) {
      double at = std::max((double(i) + 0.5) * double(from) / double(to) - 0.5, 0.0);
      int64_t first = std::min(int64_t(at), from - 1);
      result.push_back({first, std::min(first + 1, from - 1), at - double(first)});
    }
    return result;
  };
  std::vector<Place> down = places(s.rows, rows), right = places(s.columns, columns);
  Array result(f32, {s.count, s.channels, rows, columns});
  std::span<const float> from = images.as<float>();
  std::span<float> to = result.as<float>();
  size_t at = 0;
  for (int64_t plane = 0; plane < s.count * s.channels; ++plane)
    for (const Place &r : down)
      for (const Place &c : right) {
        auto between = [&](int64_t row) {
          int64_t base = plane * s.pixels() + row * s.columns;
          return from[base + c.first] * (1 - c.share) + from[base + c.second] * c.share;
        };
        to[at++] = float(between(r.first) * (1 - r.share) + between(r.second) * r.share);
      }
  return result;
}

void write(const std::string &path, const Array &images, int64_t across) {
  Sizes s("write", images);
  if ((s.channels != 1 && s.channels != 3) || s.count == 0 || s.pixels() == 0 || across < 1)
    complain("write: got " + images.type_text() + ", " + std::to_string(across) +
             " in each row, want images of one channel or three");
  across = std::min(across, s.count);
  int64_t down = (s.count + across - 1) / across, width = across * s.columns;
  std::string text =
      (s.channels == 1 ? "P5\n" : "P6\n") + std::to_string(width) + ' ' + std::to_string(down * s.rows) + "\n255\n";
  size_t header = text.size();
  text.resize(header + size_t(down * s.rows * width * s.channels));
  for (int64_t at = 0; at < images.size(); ++at) {
    int64_t column = at % s.columns, row = at / s.columns % s.rows, channel = at / s.pixels() % s.channels,
            image = at / s.pixels() / s.channels;
    int64_t pixel = (image / across * s.rows + row) * width + image % across * s.columns + column;
    text[header + size_t(pixel * s.channels + channel)] = char(std::lround(255 * std::clamp(images.at(at), 0.0, 1.0)));
  }
  if (!(std::ofstream(path, std::ios::binary) << text).flush())
    complain("cannot write " + path);
}

} // namespace ingot::image
