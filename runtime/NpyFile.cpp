//===- NpyFile.cpp - NumPy's file format ---------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/TensorFile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

static constexpr char magic[] = "\x93NUMPY";
static constexpr size_t magicBytes = 6;

namespace {
struct DescrRow {
  const char *descr; // without the byte order
  ingot_dtype dtype;
};

/// A reader of the header, which is a Python dictionary literal.
struct Header {
  const char *at, *end;

  void skipSpace() {
    while (at != end && (*at == ' ' || *at == '\n' || *at == '\t'))
      ++at;
  }
  bool take(char c) {
    skipSpace();
    if (at == end || *at != c)
      return false;
    ++at;
    return true;
  }
  bool takeWord(const char *word) {
    skipSpace();
    size_t length = strlen(word);
    if (size_t(end - at) < length || memcmp(at, word, length))
      return false;
    at += length;
    return true;
  }
  bool takeString(const char *&start, size_t &length) {
    skipSpace();
    if (at == end || (*at != '\'' && *at != '"'))
      return false;
    char quote = *at++;
    start = at;
    while (at != end && *at != quote)
      ++at;
    if (at == end)
      return false;
    length = size_t(at++ - start);
    return true;
  }
  bool takeSize(int64_t &value) {
    skipSpace();
    if (at == end || *at < '0' || *at > '9')
      return false;
    for (value = 0; at != end && *at >= '0' && *at <= '9'; ++at)
      if (__builtin_mul_overflow(value, int64_t(10), &value) || __builtin_add_overflow(value, *at - '0', &value))
        return false;
    if (at != end && *at == 'L') // Python 2 wrote long integers so
      ++at;
    return true;
  }
};
} // namespace

static constexpr DescrRow descrRows[] = {
    {"f4", INGOT_F32}, {"f8", INGOT_F64}, {"f2", INGOT_F16},  {"V2", INGOT_BF16},      {"i1", INGOT_I8},
    {"i2", INGOT_I16}, {"i4", INGOT_I32}, {"i8", INGOT_I64},  {"u1", INGOT_U8},        {"u2", INGOT_U16},
    {"u4", INGOT_U32}, {"u8", INGOT_U64}, {"b1", INGOT_BOOL}, {"c8", INGOT_COMPLEX64}, {"c16", INGOT_COMPLEX128}};

bool runtime::hasNpyType(uint32_t dtype) {
  for (const DescrRow &row : descrRows)
    if (row.dtype == dtype)
      return true;
  return false;
}

static ingot_status readDescr(const char *descr, size_t length, ingot_dtype &dtype, Text &error) {
  bool hasOrder = length && strchr("<>|=", descr[0]);
  const char *kind = descr + hasOrder;
  size_t kindLength = length - hasOrder;
  for (const DescrRow &row : descrRows) {
    if (strlen(row.descr) != kindLength || memcmp(row.descr, kind, kindLength))
      continue;
    if (hasOrder && descr[0] == '>' && dtypeBytes(row.dtype) > 1) {
      error.append("got big-endian elements '%.*s', want little-endian ones", int(length), descr);
      return INGOT_BAD_ARGUMENT;
    }
    dtype = row.dtype;
    return INGOT_OK;
  }
  error.append("got elements '%.*s', want numbers or bools", int(length < 40 ? length : 40), descr);
  return INGOT_BAD_ARGUMENT;
}

/// Copies Fortran order, first index fastest, to row-major order.
static void copyFortran(const unsigned char *from, Tensor &tensor) {
  const Shape &shape = tensor.shape();
  uint64_t size = dtypeBytes(tensor.dtype()), strides[maxRank], stride = size;
  for (unsigned i = 0; i < shape.rank; ++i) {
    strides[i] = stride;
    stride *= uint64_t(shape.dims[i]);
  }
  int64_t index[maxRank] = {};
  uint64_t offset = 0;
  unsigned char *to = tensor.as<unsigned char>();
  for (uint64_t n = tensor.elements(); n; --n, to += size) {
    memcpy(to, from + offset, size);
    for (unsigned i = shape.rank; i--;) {
      offset += strides[i];
      if (++index[i] < shape.dims[i])
        break;
      offset -= strides[i] * uint64_t(shape.dims[i]);
      index[i] = 0;
    }
  }
}

ingot_status runtime::parseNpy(const void *bytes, size_t size, Tensor &result, Text &error) {
  const unsigned char *file = static_cast<const unsigned char *>(bytes);
  if (size < magicBytes + 4 || memcmp(file, magic, magicBytes)) {
    error.append("not a NumPy file");
    return INGOT_BAD_ARGUMENT;
  }
  unsigned version = file[6];
  if (version < 1 || version > 3) {
    error.append("got version %u of NumPy's format, want 1, 2 or 3", version);
    return INGOT_BAD_ARGUMENT;
  }
  size_t prefix = version == 1 ? 10 : 12;
  uint64_t headerBytes = 0;
  if (size >= prefix)
    for (size_t i = prefix; i-- > 8;)
      headerBytes = headerBytes << 8 | file[i];
  if (size < prefix || headerBytes > size - prefix) {
    error.append("the NumPy header is cut off");
    return INGOT_BAD_ARGUMENT;
  }

  Header header{reinterpret_cast<const char *>(file) + prefix, nullptr};
  header.end = header.at + headerBytes;
  ingot_dtype dtype = INGOT_UNDEFINED;
  int64_t dims[maxRank];
  unsigned rank = 0, seen = 0;
  bool isFortran = false, wellFormed = header.take('{');
  while (wellFormed && !header.take('}')) {
    const char *key, *text;
    size_t keyLength, length;
    if (!header.takeString(key, keyLength) || !header.take(':')) {
      wellFormed = false;
    } else if (keyLength == 5 && !memcmp(key, "descr", 5)) {
      if (!header.takeString(text, length)) {
        error.append("got a structured NumPy array, want numbers or bools");
        return INGOT_BAD_ARGUMENT;
      }
      if (ingot_status status = readDescr(text, length, dtype, error))
        return status;
      seen |= 1;
    } else if (keyLength == 13 && !memcmp(key, "fortran_order", 13)) {
      isFortran = header.takeWord("True");
      wellFormed = isFortran || header.takeWord("False");
      seen |= 2;
    } else if (keyLength == 5 && !memcmp(key, "shape", 5)) {
      wellFormed = header.take('(');
      for (rank = 0; wellFormed && !header.take(')');) {
        if (rank == maxRank) {
          error.append("got more than %u dimensions", maxRank);
          return INGOT_BAD_ARGUMENT;
        }
        wellFormed = header.takeSize(dims[rank++]) && (header.take(',') || (header.skipSpace(), *header.at == ')'));
      }
      seen |= 4;
    } else {
      wellFormed = false;
    }
    if (wellFormed && !header.take(',')) {
      wellFormed = header.take('}');
      break;
    }
  }
  if (!wellFormed || seen != 7) {
    error.append("the NumPy header is malformed");
    return INGOT_BAD_ARGUMENT;
  }

  uint64_t wanted = 0, got = size - prefix - headerBytes;
  if (ingot_status status = tensorBytes(dtype, dims, rank, wanted, error))
    return status;
  if (got < wanted) {
    error.append("got %" PRIu64 " bytes of data, want %" PRIu64 " for ", got, wanted);
    appendType(error, dtype, dims, rank);
    return INGOT_BAD_ARGUMENT;
  }
  if (ingot_status status = Tensor::create(dtype, dims, rank, result, error))
    return status;
  const unsigned char *data = file + prefix + headerBytes;
  if (isFortran && rank > 1)
    copyFortran(data, result);
  else if (wanted)
    memcpy(result.data(), data, wanted);
  if (dtype == INGOT_BOOL)
    normalizeBools(result);
  return INGOT_OK;
}

ingot_status runtime::readNpy(const char *path, Tensor &result, Text &error) {
  Array<unsigned char> bytes;
  if (ingot_status status = readFile(path, bytes, error))
    return status;
  return parseNpy(bytes.data(), bytes.size(), result, error);
}

ingot_status runtime::writeNpy(const char *path, const Tensor &tensor, Text &error) {
  const char *descr = nullptr;
  for (const DescrRow &row : descrRows)
    if (row.dtype == tensor.dtype())
      descr = row.descr;
  if (!descr) {
    error.append("NumPy's format has no element type %s", dtypeName(tensor.dtype()));
    return INGOT_UNSUPPORTED;
  }
  Text header;
  header.append("{'descr': '%s%s', 'fortran_order': False, 'shape': (", dtypeBytes(tensor.dtype()) > 1 ? "<" : "|",
                descr);
  const Shape &shape = tensor.shape();
  for (unsigned i = 0; i < shape.rank; ++i)
    header.append(i + 1 < shape.rank ? "%" PRId64 ", " : "%" PRId64, shape.dims[i]);
  header.append(shape.rank == 1 ? ",), }" : "), }");
  // Data start at a multiple of 64 bytes; the header ends in a line feed.
  while ((10 + header.size() + 1) % 64)
    header.append(" ");
  header.append("\n");

  unsigned char prefix[10] = {
      0, 0, 0, 0, 0, 0, 1, 0, (unsigned char)(header.size() & 255), (unsigned char)(header.size() >> 8)};
  memcpy(prefix, magic, magicBytes);
  Text head;
  head.appendBytes(reinterpret_cast<char *>(prefix), sizeof prefix);
  head.appendBytes(header.c_str(), header.size());
  return writeFile(path, head, tensor.data(), tensor.bytes(), error);
}
