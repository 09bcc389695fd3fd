//===- Dataset.h - Samples from .npz files ----------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_DATASET_H
#define INGOT_RUNTIME_DATASET_H

#include "runtime/Array.h"
#include "runtime/Tensor.h"

namespace ingot::runtime {

struct NamedTensor {
  Text name;
  Tensor tensor;
};

/// Reads the arrays of a .npz file: a zip file of .npy files, stored or deflated.
ingot_status readNpz(const char *path, Array<NamedTensor> &result, Text &error);

/// The numbers from 0 to `count` - 1 in an order that depends on the seed alone.
[[nodiscard]] bool shuffled(uint64_t count, uint64_t seed, Array<uint64_t> &order);

/// Another number for each step of training, for what is random in it.
uint32_t keyOfStep(uint64_t seed, uint64_t step);

/// Arrays whose first dimension counts samples.
class Dataset {
public:
  ingot_status read(const char *path, Text &error);

  uint64_t samples() const { return count; }
  /// Null when there is none of this name.
  const Tensor *find(const char *name) const;
  const Array<NamedTensor> &arrays() const { return columns; }
  /// The file's name, for messages.
  const char *source() const { return from.c_str(); }

  /// Checks that there is an array for each of these inputs, of its type and with the sizes behind the first that it
  /// wants. Sets the number of samples, which the inputs must agree about.
  ingot_status bind(const ingot_value_info *infos, uint32_t numInfos, Text &error);
  /// Copies the samples `rows` of the array `name` to `to`, one behind the other.
  void gather(const char *name, const uint64_t *rows, uint64_t numRows, void *to) const;

private:
  Array<NamedTensor> columns;
  Text from;
  uint64_t count = 0;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_DATASET_H
