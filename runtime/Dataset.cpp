//===- Dataset.cpp - Samples from .npz files ------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Dataset.h"
#include "runtime/Inflate.h"
#include "runtime/Inputs.h"
#include "runtime/TensorFile.h"

#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

//===----------------------------------------------------------------------===//
// .npz files
//===----------------------------------------------------------------------===//

namespace {
/// A zip file. Input is untrusted: every place is checked against the size.
struct ZipFile {
  const unsigned char *bytes;
  uint64_t size;

  const unsigned char *piece(uint64_t at, uint64_t length) const {
    return at <= size && length <= size - at ? bytes + at : nullptr;
  }
  /// A little-endian number; false past the end.
  bool number(uint64_t at, unsigned width, uint64_t &value) const {
    const unsigned char *from = piece(at, width);
    value = 0;
    for (unsigned i = 0; from && i < width; ++i)
      value |= uint64_t(from[i]) << (8 * i);
    return from;
  }
};

/// A file in the zip's directory.
struct ZipEntry {
  uint64_t method = 0, checksum = 0, packed = 0, size = 0, nameSize = 0, extraSize = 0, commentSize = 0, local = 0;
  uint64_t data = 0; // where its bytes begin
};
} // namespace

static bool readEntry(const ZipFile &zip, uint64_t at, ZipEntry &entry) {
  uint64_t mark;
  bool reads = zip.number(at, 4, mark) && mark == 0x02014b50 && zip.number(at + 10, 2, entry.method) &&
               zip.number(at + 16, 4, entry.checksum) && zip.number(at + 20, 4, entry.packed) &&
               zip.number(at + 24, 4, entry.size) && zip.number(at + 28, 2, entry.nameSize) &&
               zip.number(at + 30, 2, entry.extraSize) && zip.number(at + 32, 2, entry.commentSize) &&
               zip.number(at + 42, 4, entry.local) && zip.piece(at + 46, entry.nameSize + entry.extraSize);
  if (!reads)
    return false;
  // What does not fit in 32 bits stands in the extra field with number 1.
  for (uint64_t extra = at + 46 + entry.nameSize, end = extra + entry.extraSize; extra + 4 <= end;) {
    uint64_t kind, length;
    if (!zip.number(extra, 2, kind) || !zip.number(extra + 2, 2, length))
      return false;
    uint64_t place = extra + 4;
    for (uint64_t *value : {&entry.size, &entry.packed, &entry.local})
      if (kind == 1 && *value == 0xffffffff) {
        if (!zip.number(place, 8, *value))
          return false;
        place += 8;
      }
    extra += 4 + length;
  }
  uint64_t nameSize, extraSize;
  if (!zip.number(entry.local + 26, 2, nameSize) || !zip.number(entry.local + 28, 2, extraSize))
    return false;
  entry.data = entry.local + 30 + nameSize + extraSize;
  return zip.piece(entry.data, entry.packed);
}

/// Finds the directory: `count` entries from `at` on.
static bool findDirectory(const ZipFile &zip, uint64_t &count, uint64_t &at) {
  // It is found from the end, where only a comment of at most 64 KiB may follow its record.
  constexpr uint64_t recordSize = 22;
  for (uint64_t back = recordSize; back <= zip.size && back <= recordSize + 0xffff; ++back) {
    uint64_t end = zip.size - back, mark, locator;
    if (!zip.number(end, 4, mark) || mark != 0x06054b50)
      continue;
    if (!zip.number(end + 10, 2, count) || !zip.number(end + 16, 4, at))
      return false;
    if (end >= 20 && zip.number(end - 20, 4, mark) && mark == 0x07064b50 && zip.number(end - 12, 8, locator))
      return zip.number(locator + 32, 8, count) && zip.number(locator + 48, 8, at);
    return true;
  }
  return false;
}

static ingot_status damaged(const char *path, Text &error) {
  error.append("%s: a damaged .npz file", path);
  return INGOT_BAD_ARGUMENT;
}

static ingot_status readMember(const char *path, const ZipFile &zip, const ZipEntry &entry, NamedTensor &member,
                               Text &error) {
  const unsigned char *data = zip.bytes + entry.data;
  Array<unsigned char> unpacked;
  if (entry.method == 8) {
    // Deflate makes at most 1032 bytes of one.
    if (entry.size / 1032 > entry.packed)
      return damaged(path, error);
    if (!unpacked.resize(entry.size + 1)) {
      error.append("not enough memory for '%s' of %s", member.name.c_str(), path);
      return INGOT_OUT_OF_MEMORY;
    }
    if (!inflate(data, entry.packed, unpacked.data(), entry.size))
      return damaged(path, error);
    data = unpacked.data();
  } else if (entry.method != 0) {
    error.append("%s: '%s' is packed by method %llu, want stored or deflated", path, member.name.c_str(),
                 (unsigned long long)entry.method);
    return INGOT_UNSUPPORTED;
  } else if (entry.size != entry.packed) {
    return damaged(path, error);
  }
  if (crc32(data, entry.size) != entry.checksum)
    return damaged(path, error);
  Text cause;
  if (ingot_status status = parseNpy(data, entry.size, member.tensor, cause)) {
    error.append("%s: '%s': %s", path, member.name.c_str(), cause.c_str());
    return status;
  }
  return INGOT_OK;
}

ingot_status runtime::readNpz(const char *path, Array<NamedTensor> &result, Text &error) {
  Array<unsigned char> bytes;
  if (ingot_status status = readFile(path, bytes, error))
    return status;
  ZipFile zip{bytes.data(), bytes.size()};
  uint64_t count, at;
  if (!findDirectory(zip, count, at)) {
    error.append("%s: not a .npz file", path);
    return INGOT_BAD_ARGUMENT;
  }
  for (uint64_t i = 0; i < count; ++i) {
    ZipEntry entry;
    if (!readEntry(zip, at, entry))
      return damaged(path, error);
    NamedTensor member;
    const char *name = reinterpret_cast<const char *>(zip.bytes + at + 46);
    bool hasEnding = entry.nameSize > 4 && !memcmp(name + entry.nameSize - 4, ".npy", 4);
    member.name.appendBytes(name, entry.nameSize - (hasEnding ? 4 : 0));
    at += 46 + entry.nameSize + entry.extraSize + entry.commentSize;
    if (ingot_status status = readMember(path, zip, entry, member, error))
      return status;
    if (!result.push(std::move(member))) {
      error.append("not enough memory");
      return INGOT_OUT_OF_MEMORY;
    }
  }
  return INGOT_OK;
}

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

/// SplitMix64 (Steele, Lea and Flood 2014).
static uint64_t nextRandom(uint64_t &state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

bool runtime::shuffled(uint64_t count, uint64_t seed, Array<uint64_t> &order) {
  if (!order.resize(count))
    return false;
  for (uint64_t i = 0; i < count; ++i)
    order[i] = i;
  // Seeds that follow each other must not give the same numbers, one place apart.
  uint64_t state = seed;
  state = nextRandom(state);
  for (uint64_t i = count; i > 1; --i)
    std::swap(order[i - 1], order[nextRandom(state) % i]);
  return true;
}

uint32_t runtime::keyOfStep(uint64_t seed, uint64_t step) {
  uint64_t state = seed + 0x9e3779b97f4a7c15 * step;
  return uint32_t(nextRandom(state));
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

ingot_status Dataset::read(const char *path, Text &error) {
  const char *slash = strrchr(path, '/');
  from = Text(slash ? slash + 1 : path);
  return readNpz(path, columns, error);
}

const Tensor *Dataset::find(const char *name) const {
  for (const NamedTensor &column : columns)
    if (!strcmp(column.name.c_str(), name))
      return &column.tensor;
  return nullptr;
}

/// What an input wants of an array of any number of samples.
static void appendWanted(Text &text, const ingot_value_info &info) {
  int64_t dims[maxRank];
  const char *names[maxRank];
  unsigned rank = info.rank < maxRank ? info.rank : maxRank;
  for (unsigned i = 0; i < rank; ++i) {
    dims[i] = i ? info.dims[i] : -1;
    names[i] = i ? info.dim_names ? info.dim_names[i] : nullptr : "samples";
  }
  appendType(text, info.dtype, dims, rank, names);
}

ingot_status Dataset::bind(const ingot_value_info *infos, uint32_t numInfos, Text &error) {
  const char *first = nullptr;
  for (uint32_t i = 0; i < numInfos; ++i) {
    const ingot_value_info &info = infos[i];
    const Tensor *found = find(info.name);
    if (!found) {
      Array<const char *> names;
      for (const NamedTensor &column : columns)
        (void)names.push(column.name.c_str());
      error.append("input '%s': %s has no such array, want ", info.name, source());
      appendWanted(error, info);
      if (const char *nearest = didYouMean(info.name, names.data(), unsigned(names.size()))) {
        error.append("; is it '%s'?", nearest);
      } else {
        error.append("; it has");
        for (size_t j = 0; j < names.size(); ++j)
          error.append("%s '%s'", j ? "," : "", names[j]);
        if (names.empty())
          error.append(" none");
      }
      return INGOT_BAD_ARGUMENT;
    }
    const Shape &shape = found->shape();
    bool fits = found->dtype() == info.dtype && shape.rank == info.rank && shape.rank >= 1;
    for (unsigned d = 1; fits && d < shape.rank; ++d)
      fits = info.dims[d] < 0 || info.dims[d] == shape.dims[d];
    if (!fits) {
      error.append("input '%s': got ", info.name);
      appendType(error, *found);
      error.append(" from %s, want ", source());
      if (info.rank == 0)
        error.append("one value for each sample, which a scalar input cannot take");
      else
        appendWanted(error, info);
      return INGOT_BAD_ARGUMENT;
    }
    if (first && uint64_t(shape.dims[0]) != count) {
      error.append("%s: '%s' has %lld samples, want the %llu of '%s'", source(), info.name, (long long)shape.dims[0],
                   (unsigned long long)count, first);
      return INGOT_BAD_ARGUMENT;
    }
    first = info.name;
    count = uint64_t(shape.dims[0]);
  }
  return INGOT_OK;
}

void Dataset::gather(const char *name, const uint64_t *rows, uint64_t numRows, void *to) const {
  const Tensor &array = *find(name);
  uint64_t size = array.shape().dims[0] ? array.bytes() / uint64_t(array.shape().dims[0]) : 0;
  for (uint64_t i = 0; i < numRows; ++i)
    memcpy(static_cast<char *>(to) + i * size, array.as<char>() + rows[i] * size, size);
}
