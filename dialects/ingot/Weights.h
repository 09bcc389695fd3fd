//===- Weights.h - The bytes of weights -------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_WEIGHTS_H
#define INGOT_DIALECTS_INGOT_WEIGHTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <memory>
#include <mutex>
#include <string>

namespace ingot {

/// Immutable byte strings by key, one store a context; safe to use from several threads. Equal bytes share a key.
class WeightStore {
public:
  /// Keeps a copy of `bytes` (64-byte aligned) and returns its key.
  std::string add(llvm::ArrayRef<char> bytes);
  /// Keeps `bytes` where they are; `owner` keeps them alive (a mapped file, say).
  std::string add(llvm::ArrayRef<char> bytes, std::shared_ptr<const void> owner);
  /// The bytes of `key`; empty when there are none.
  llvm::ArrayRef<char> lookup(llvm::StringRef key) const;

  /// The key of what `computation`, a text that names weights by their keys, gives; empty where nobody has done it.
  std::string evaluated(llvm::StringRef computation) const;
  void setEvaluated(llvm::StringRef computation, llvm::StringRef key);

private:
  struct Entry {
    llvm::ArrayRef<char> bytes;
    std::shared_ptr<const void> owner;
  };
  mutable std::mutex mutex;
  llvm::StringMap<Entry> entries;
  llvm::DenseMap<std::pair<const char *, size_t>, std::string> places; ///< keys of bytes that an entry keeps alive
  llvm::StringMap<std::string> evaluations;
};

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_WEIGHTS_H
