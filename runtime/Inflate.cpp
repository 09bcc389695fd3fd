//===- Inflate.cpp - Decompressing deflate --------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Not zlib's: a program that trains reads .npz files too, and whatever its processor it is linked with the runtime alone.
//
//===----------------------------------------------------------------------===//

#include "runtime/Inflate.h"

#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

namespace {
constexpr unsigned maxCodeBits = 15, literals = 288, distances = 32, endOfBlock = 256;

/// Bits from the lowest of each byte on. Past the end they are zeros, and `isPast` tells.
struct Bits {
  const unsigned char *at, *end;
  uint64_t held = 0;
  unsigned count = 0, missing = 0;

  void fill() {
    while (count <= 56) {
      if (at != end)
        held |= uint64_t(*at++) << count;
      else
        missing += 8;
      count += 8;
    }
  }
  unsigned peek(unsigned bits) const { return unsigned(held & ((uint64_t(1) << bits) - 1)); }
  void drop(unsigned bits) {
    held >>= bits;
    count -= bits;
  }
  unsigned take(unsigned bits) {
    fill();
    unsigned value = peek(bits);
    drop(bits);
    return value;
  }
  bool isPast() const { return missing > count; }
};

/// A prefix code as a table by the next 15 bits: symbol and length.
struct Code {
  uint16_t entries[1 << maxCodeBits]; // symbol << 4 | length; 0: no such code

  /// False where the lengths stand for more codes than there are.
  bool build(const unsigned char *lengths, unsigned symbols) {
    unsigned counts[maxCodeBits + 1] = {}, next[maxCodeBits + 1], code = 0;
    for (unsigned i = 0; i < symbols; ++i)
      ++counts[lengths[i]];
    counts[0] = 0;
    for (unsigned bits = 1; bits <= maxCodeBits; ++bits) {
      code = (code + counts[bits - 1]) << 1;
      next[bits] = code;
      if (code + counts[bits] > 1u << bits)
        return false;
    }
    memset(entries, 0, sizeof entries);
    for (unsigned symbol = 0; symbol < symbols; ++symbol) {
      unsigned length = lengths[symbol];
      if (!length)
        continue;
      // Codes come with their highest bit first.
      unsigned value = next[length]++, reversed = 0;
      for (unsigned i = 0; i < length; ++i)
        reversed |= (value >> i & 1) << (length - 1 - i);
      for (unsigned i = reversed; i < 1u << maxCodeBits; i += 1u << length)
        entries[i] = uint16_t(symbol << 4 | length);
    }
    return true;
  }
  /// The next symbol, or -1. The bits are there: a symbol takes 15 of at least 57.
  int take(Bits &bits) const {
    unsigned entry = entries[bits.peek(maxCodeBits)];
    if (!entry)
      return -1;
    bits.drop(entry & 15);
    return int(entry >> 4);
  }
};

struct Output {
  unsigned char *start, *at, *end;
};
} // namespace

static bool copyStored(Bits &bits, Output &output) {
  bits.drop(bits.count % 8);
  unsigned length = bits.take(16), inverse = bits.take(16);
  if (length != (~inverse & 0xffff) || bits.isPast() || length > size_t(output.end - output.at))
    return false;
  for (; length && bits.count; --length)
    *output.at++ = (unsigned char)bits.take(8);
  return !bits.isPast();
}

static bool readCodes(Bits &bits, Code &literal, Code &distance) {
  static constexpr unsigned char order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  unsigned numLiterals = bits.take(5) + 257, numDistances = bits.take(5) + 1, numLengths = bits.take(4) + 4;
  unsigned char lengths[literals + distances] = {};
  if (numLiterals > literals)
    return false;
  for (unsigned i = 0; i < numLengths; ++i)
    lengths[order[i]] = (unsigned char)bits.take(3);
  if (!literal.build(lengths, 19))
    return false;
  memset(lengths, 0, sizeof lengths);
  for (unsigned i = 0; i < numLiterals + numDistances;) {
    bits.fill();
    int symbol = literal.take(bits);
    if (symbol < 0 || bits.isPast() || (symbol == 16 && i == 0))
      return false;
    if (symbol < 16) {
      lengths[i++] = (unsigned char)symbol;
      continue;
    }
    unsigned char value = symbol == 16 ? lengths[i - 1] : 0;
    unsigned repeat = symbol == 16 ? 3 + bits.take(2) : symbol == 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    if (i + repeat > numLiterals + numDistances)
      return false;
    while (repeat--)
      lengths[i++] = value;
  }
  return lengths[endOfBlock] && literal.build(lengths, numLiterals) &&
         distance.build(lengths + numLiterals, numDistances);
}

static bool copyBlock(Bits &bits, const Code &literal, const Code &distance, Output &output) {
  static constexpr uint16_t lengthBase[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                            31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static constexpr unsigned char lengthBits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static constexpr uint16_t distanceBase[] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                              33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                              1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  while (true) {
    bits.fill();
    int symbol = literal.take(bits);
    if (symbol < 0 || bits.isPast())
      return false;
    if (symbol < int(endOfBlock)) {
      if (output.at == output.end)
        return false;
      *output.at++ = (unsigned char)symbol;
      continue;
    }
    if (symbol == int(endOfBlock))
      return true;
    unsigned row = unsigned(symbol) - 257;
    if (row >= sizeof lengthBits)
      return false;
    size_t length = lengthBase[row] + bits.take(lengthBits[row]);
    bits.fill();
    int far = distance.take(bits);
    if (far < 0 || far >= 30)
      return false;
    size_t back = distanceBase[far] + bits.take(far < 2 ? 0 : unsigned(far) / 2 - 1);
    if (bits.isPast() || back > size_t(output.at - output.start) || length > size_t(output.end - output.at))
      return false;
    // What is copied may be what this copy writes.
    for (const unsigned char *from = output.at - back; length; --length)
      *output.at++ = *from++;
  }
}

bool runtime::inflate(const unsigned char *packed, size_t packedSize, unsigned char *result, size_t size) {
  static thread_local Code literal, distance; // too large for the stack of a small thread
  Bits bits{packed, packed + packedSize};
  Output output{result, result, result + size};
  bool isLast = false;
  while (!isLast) {
    isLast = bits.take(1);
    unsigned kind = bits.take(2);
    if (bits.isPast() || kind == 3)
      return false;
    if (kind == 0) {
      if (!copyStored(bits, output))
        return false;
      continue;
    }
    if (kind == 2) {
      if (!readCodes(bits, literal, distance))
        return false;
    } else {
      unsigned char lengths[literals];
      for (unsigned i = 0; i < literals; ++i)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
      literal.build(lengths, literals);
      memset(lengths, 5, distances);
      distance.build(lengths, distances);
    }
    if (!copyBlock(bits, literal, distance, output))
      return false;
  }
  return output.at == output.end;
}

uint32_t runtime::crc32(const unsigned char *bytes, size_t size) {
  uint32_t table[256];
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (unsigned bit = 0; bit < 8; ++bit)
      value = value >> 1 ^ (value & 1 ? 0xedb88320u : 0);
    table[i] = value;
  }
  uint32_t crc = ~0u;
  for (size_t i = 0; i < size; ++i)
    crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
  return ~crc;
}
