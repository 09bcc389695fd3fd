//===- Literal.cpp - Tensors written on the command line -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Literal.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

static uint64_t splitmix64(uint64_t state) {
  state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9;
  state = (state ^ state >> 27) * 0x94D049BB133111EB;
  return state ^ state >> 31;
}

void runtime::fillRandom(Tensor &tensor, uint64_t seed) {
  bool hasSign = isFloat(tensor.dtype()) || tensor.dtype() == INGOT_COMPLEX64 || tensor.dtype() == INGOT_COMPLEX128;
  fillRandom(tensor, seed, hasSign ? -1 : 0, 1);
}

void runtime::fillRandom(Tensor &tensor, uint64_t seed, double low, double high) {
  constexpr uint64_t golden = 0x9E3779B97F4A7C15;
  bool isInteger = isSignedInteger(tensor.dtype()) || isUnsignedInteger(tensor.dtype());
  for (uint64_t i = 0; i < tensor.elements(); ++i) {
    // The weyl step of splitmix64 is the place, so elements can be drawn in any order.
    uint64_t bits = splitmix64((seed * golden + i + 1) * golden);
    double unit = double(bits >> 11) * 0x1p-53;
    if (tensor.dtype() == INGOT_BOOL)
      tensor.as<uint8_t>()[i] = uint8_t(bits >> 63);
    else if (isInteger)
      tensor.setDouble(i, low + floor(unit * (high - low + 1)));
    else
      tensor.setDouble(i, low + unit * (high - low));
  }
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

/// Reads `1x3xf32`. False when it is none.
static bool parseType(const char *text, size_t length, uint32_t &dtype, Shape &shape) {
  const char *end = text + length;
  while (text != end && *text >= '0' && *text <= '9') {
    int64_t size = 0;
    for (; text != end && *text >= '0' && *text <= '9'; ++text)
      if (__builtin_mul_overflow(size, int64_t(10), &size) || __builtin_add_overflow(size, *text - '0', &size))
        return false;
    if (text == end || *text++ != 'x' || shape.rank == maxRank)
      return false;
    shape.dims[shape.rank++] = size;
  }
  dtype = parseDtype(text, size_t(end - text));
  return dtype != INGOT_UNDEFINED;
}

/// Reads one value into element `index`; false when the text is none of the type or out of its range.
static bool parseValue(const char *text, size_t length, Tensor &tensor, uint64_t index) {
  char copy[64];
  if (length == 0 || length >= sizeof copy)
    return false;
  memcpy(copy, text, length);
  copy[length] = 0;
  char *end;
  errno = 0;
  uint32_t dtype = tensor.dtype();
  if (dtype == INGOT_BOOL) {
    bool isTrue = !strcmp(copy, "true") || !strcmp(copy, "1");
    tensor.as<uint8_t>()[index] = isTrue;
    return isTrue || !strcmp(copy, "false") || !strcmp(copy, "0");
  }
  if (isSignedInteger(dtype)) {
    int64_t value = strtoll(copy, &end, 0), limit = INT64_MAX >> (64 - 8 * dtypeBytes(dtype));
    if (*end || errno || value > limit || value < -limit - 1)
      return false;
    memcpy(tensor.as<char>() + index * dtypeBytes(dtype), &value, dtypeBytes(dtype)); // little-endian
    return true;
  }
  if (isUnsignedInteger(dtype)) {
    uint64_t value = strtoull(copy, &end, 0), limit = UINT64_MAX >> (64 - 8 * dtypeBytes(dtype));
    if (*end || errno || value > limit || strchr(copy, '-'))
      return false;
    memcpy(tensor.as<char>() + index * dtypeBytes(dtype), &value, dtypeBytes(dtype));
    return true;
  }
  double value = strtod(copy, &end);
  tensor.setDouble(index, value);
  return !*end;
}

/// Reads `rand[:SEED[:LOW..HIGH]]`.
static bool parseRandom(const char *text, Tensor &tensor) {
  text += strlen("rand");
  if (!*text) {
    fillRandom(tensor, 0);
    return true;
  }
  char *end;
  if (*text++ != ':' || *text < '0' || *text > '9')
    return false;
  uint64_t seed = strtoull(text, &end, 10);
  if (!*end) {
    fillRandom(tensor, seed);
    return true;
  }
  if (*end != ':')
    return false;
  const char *dots = strstr(end + 1, "..");
  if (!dots || dots == end + 1 || !dots[2])
    return false;
  // strtod would take the first dot of `0..9` for a decimal point.
  char low[64];
  size_t length = size_t(dots - end - 1);
  if (length >= sizeof low)
    return false;
  memcpy(low, end + 1, length);
  low[length] = 0;
  char *lowEnd, *highEnd;
  double lowValue = strtod(low, &lowEnd), highValue = strtod(dots + 2, &highEnd);
  if (*lowEnd || *highEnd || !(lowValue <= highValue))
    return false;
  fillRandom(tensor, seed, lowValue, highValue);
  return true;
}

static ingot_status parseValues(const char *values, Tensor &tensor, Text &error) {
  if (!strncmp(values, "rand", 4)) {
    if (parseRandom(values, tensor))
      return INGOT_OK;
    error.append("got '%s', want rand, rand:SEED or rand:SEED:LOW..HIGH", values);
    return INGOT_BAD_ARGUMENT;
  }
  if (!strcmp(values, "iota")) {
    for (uint64_t i = 0; i < tensor.elements(); ++i)
      tensor.setDouble(i, double(i));
    return INGOT_OK;
  }
  uint64_t count = 0;
  for (const char *at = values; *values;) {
    size_t length = strcspn(at, ",");
    if (count < tensor.elements() && !parseValue(at, length, tensor, count)) {
      error.append("got value '%.*s', want one of type %s", int(length < 64 ? length : 64), at,
                   dtypeName(tensor.dtype()));
      return INGOT_BAD_ARGUMENT;
    }
    ++count;
    if (!at[length])
      break;
    at += length + 1;
  }
  if (count == 1 && tensor.elements() > 1) {
    uint64_t size = dtypeBytes(tensor.dtype());
    for (uint64_t i = 1; i < tensor.elements(); ++i)
      memcpy(tensor.as<char>() + i * size, tensor.data(), size);
    return INGOT_OK;
  }
  if (count != tensor.elements()) {
    error.append("got %" PRIu64 " values, want %" PRIu64 " for ", count, tensor.elements());
    appendType(error, tensor);
    return INGOT_BAD_ARGUMENT;
  }
  return INGOT_OK;
}

ingot_status runtime::parseLiteral(const char *text, const ingot_value_info *expected, Tensor &result, Text &error) {
  const char *equals = strchr(text, '=');
  uint32_t dtype = INGOT_UNDEFINED;
  Shape shape;
  if (equals) {
    if (!parseType(text, size_t(equals - text), dtype, shape)) {
      error.append("got type '%.*s', want sizes and an element type such as 1x3x224x224xf32", int(equals - text), text);
      return INGOT_BAD_ARGUMENT;
    }
  } else if (!expected || expected->rank > maxRank) {
    error.append("got literal '%s', want TYPE=VALUES such as 2xi64=1,5 or @FILE", text);
    return INGOT_BAD_ARGUMENT;
  } else {
    dtype = expected->dtype;
    shape.rank = expected->rank;
    for (unsigned i = 0; i < shape.rank; ++i) {
      shape.dims[i] = expected->dims[i];
      if (shape.dims[i] < 0) {
        error.append("got literal '%s' without sizes, want TYPE=VALUES for ", text);
        appendType(error, *expected);
        return INGOT_BAD_ARGUMENT;
      }
    }
  }
  Tensor tensor;
  if (ingot_status status = Tensor::create(dtype, shape.dims, shape.rank, tensor, error))
    return status;
  if (ingot_status status = parseValues(equals ? equals + 1 : text, tensor, error))
    return status;
  result = static_cast<Tensor &&>(tensor);
  return INGOT_OK;
}
