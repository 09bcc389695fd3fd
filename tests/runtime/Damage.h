//===- Damage.h - Damaged copies of a file ----------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TESTS_RUNTIME_DAMAGE_H
#define INGOT_TESTS_RUNTIME_DAMAGE_H

#include <cstdint>
#include <string>
#include <vector>

namespace ingot::runtime {

/// Calls `read` with every beginning of `file`, and with `rounds` copies in which three bytes are others. Each lies in
/// memory of exactly its size, so that the address sanitizer sees a read past the end.
template <typename Read> void readDamaged(const std::string &file, unsigned rounds, Read read) {
  for (size_t length = 0; length < file.size(); ++length) {
    std::vector<char> cut(file.begin(), file.begin() + length);
    read(cut.data(), cut.size());
  }
  uint64_t state = 1;
  for (unsigned round = 0; round < rounds; ++round) {
    std::vector<char> changed(file.begin(), file.end());
    for (unsigned i = 0; i < 3; ++i) {
      state = state * 6364136223846793005 + 1442695040888963407;
      changed[(state >> 33) % changed.size()] = char(state >> 25);
    }
    read(changed.data(), changed.size());
  }
}

} // namespace ingot::runtime

#endif // INGOT_TESTS_RUNTIME_DAMAGE_H
