//===- Weights.cpp - The bytes of weights ---------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Weights.h"
#include "dialects/ingot/Dialect.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include <cstdlib>
#include <cstring>

using namespace mlir;

namespace ingot {

static std::string keyOf(ArrayRef<char> bytes) {
  llvm::BLAKE3 hash;
  hash.update(ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  return "b3:" + llvm::toHex(hash.final<16>(), /*LowerCase=*/true);
}

std::string WeightStore::add(ArrayRef<char> bytes, std::shared_ptr<const void> owner) {
  {
    // A model that is imported for many sizes brings the same bytes each time.
    std::lock_guard lock(mutex);
    if (auto known = places.find({bytes.data(), bytes.size()}); known != places.end())
      return known->second;
  }
  std::string key = keyOf(bytes);
  std::lock_guard lock(mutex);
  if (entries.try_emplace(key, Entry{bytes, std::move(owner)}).second)
    places[{bytes.data(), bytes.size()}] = key;
  return key;
}

std::string WeightStore::add(ArrayRef<char> bytes) {
  size_t size = (bytes.size() + 63) / 64 * 64;
  std::shared_ptr<char> copy(static_cast<char *>(std::aligned_alloc(64, std::max<size_t>(size, 64))), std::free);
  if (!bytes.empty())
    std::memcpy(copy.get(), bytes.data(), bytes.size());
  return add(ArrayRef(copy.get(), bytes.size()), copy);
}

std::string WeightStore::evaluated(StringRef computation) const {
  std::lock_guard lock(mutex);
  return evaluations.lookup(computation);
}

void WeightStore::setEvaluated(StringRef computation, StringRef key) {
  std::lock_guard lock(mutex);
  evaluations[computation] = key.str();
}

ArrayRef<char> WeightStore::lookup(StringRef key) const {
  std::lock_guard lock(mutex);
  auto found = entries.find(key);
  return found == entries.end() ? ArrayRef<char>() : found->second.bytes;
}

LogicalResult ReadWeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight = symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError("names no weight: ") << getWeightAttr();
  if (weight.getType() != getType())
    return emitOpError("has type ") << getType() << ", but the weight has " << weight.getType();
  return success();
}

} // namespace ingot
