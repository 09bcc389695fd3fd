//===- image.h - Changes to images ------------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_IMAGE_H
#define INGOT_IMAGE_H

#include <ingot/array.h>

/// Of images f32[N,channels,rows,columns]; what is random depends on the seed and on an image's place alone.
namespace ingot::image {

/// Moved by up to `padding` pixels each way, zeros coming in.
Array random_crop(const Array &images, int64_t padding, uint64_t seed);
/// Half of them with left and right exchanged.
Array random_flip(const Array &images, uint64_t seed);

struct Jitter {
  double brightness = 0, contrast = 0, saturation = 0;
};
/// Scaled, spread around their mean grey and around each pixel's grey by factors from 1 - j to 1 + j; elements from 0
/// to 1 stay so. Of three channels, red, green and blue; saturation leaves other numbers alone.
Array colour_jitter(const Array &images, const Jitter &jitter, uint64_t seed);

/// (x - mean) / deviation of each channel.
Array normalize(const Array &images, const std::vector<double> &means, const std::vector<double> &deviations);
/// Bilinear, pixels being squares whose corners the images share.
Array resize(const Array &images, int64_t rows, int64_t columns);

/// A picture with `across` images in each row, from 0 (black) to 1: in the format PGM of one channel, PPM of three.
void write(const std::string &path, const Array &images, int64_t across = 8);

} // namespace ingot::image

#endif // INGOT_IMAGE_H
