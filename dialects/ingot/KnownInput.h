//===- KnownInput.h - What is known of a model's input ----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_KNOWNINPUT_H
#define INGOT_DIALECTS_INGOT_KNOWNINPUT_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// What a caller knows of an input beyond what the model says.
struct KnownInput {
  std::vector<int64_t> shape;
  /// Its elements in the form of a weight. The input becomes a constant, and what a run passes for it is not read.
  std::optional<std::string> bytes;
};

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_KNOWNINPUT_H
