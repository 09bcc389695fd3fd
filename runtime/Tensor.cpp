//===- Tensor.cpp - A dense tensor in memory -----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Tensor.h"

#include <bit>
#include <inttypes.h>
#include <limits>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utility>

using namespace ingot;
using namespace ingot::runtime;

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

namespace {
struct DtypeRow {
  const char *name;
  unsigned bytes; // 0: a Tensor cannot hold it
};
} // namespace

static constexpr DtypeRow dtypeRows[] = {
    {"undefined", 0},  {"f32", 4},    {"u8", 1},         {"i8", 1},    {"u16", 2},  {"i16", 2},
    {"i32", 4},        {"i64", 8},    {"string", 0},     {"bool", 1},  {"f16", 2},  {"f64", 8},
    {"u32", 4},        {"u64", 8},    {"c64", 8},        {"c128", 16}, {"bf16", 2}, {"f8e4m3fn", 1},
    {"f8e4m3fnuz", 1}, {"f8e5m2", 1}, {"f8e5m2fnuz", 1}, {"u4", 1},    {"i4", 1},   {"f4e2m1", 1},
    {"f8e8m0", 1},     {"u2", 1},     {"i2", 1}};
static constexpr unsigned numDtypes = sizeof(dtypeRows) / sizeof(dtypeRows[0]);

const char *runtime::dtypeName(uint32_t dtype) { return dtype < numDtypes ? dtypeRows[dtype].name : "unknown"; }

ingot_dtype runtime::parseDtype(const char *name, size_t length) {
  for (unsigned i = 1; i < numDtypes; ++i)
    if (strlen(dtypeRows[i].name) == length && !memcmp(dtypeRows[i].name, name, length))
      return ingot_dtype(i);
  return INGOT_UNDEFINED;
}

uint64_t runtime::dtypeBytes(uint32_t dtype) { return dtype < numDtypes ? dtypeRows[dtype].bytes : 0; }

unsigned runtime::packedBits(uint32_t dtype) {
  switch (dtype) {
  case INGOT_U2:
  case INGOT_I2:
    return 2;
  case INGOT_U4:
  case INGOT_I4:
  case INGOT_F4E2M1:
    return 4;
  default:
    return 0;
  }
}

bool runtime::isFloat(uint32_t dtype) {
  return dtype == INGOT_F32 || dtype == INGOT_F64 || dtype == INGOT_F16 || dtype == INGOT_BF16;
}
bool runtime::isSignedInteger(uint32_t dtype) {
  return dtype == INGOT_I8 || dtype == INGOT_I16 || dtype == INGOT_I32 || dtype == INGOT_I64;
}
bool runtime::isUnsignedInteger(uint32_t dtype) {
  return dtype == INGOT_U8 || dtype == INGOT_U16 || dtype == INGOT_U32 || dtype == INGOT_U64;
}

float runtime::halfToFloat(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16, exponent = (bits >> 10) & 31, mantissa = bits & 0x3ff;
  if (exponent == 31) // infinity or NaN
    return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  if (exponent)
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  float subnormal = float(mantissa) * 0x1p-24f;
  return sign ? -subnormal : subnormal;
}

uint16_t runtime::floatToHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) // NaN stays quiet
    return uint16_t(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
  if (magnitude >= 0x477ff000) // rounds to 65536 or more
    return uint16_t(sign | 0x7c00);
  if (magnitude < 0x38800000) // below the least normal half: let the adder round to a multiple of 2^-24
    return uint16_t(sign | (std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000));
  uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return uint16_t(sign | (rounded - 0x38000000) >> 13);
}

float runtime::bfloatToFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

uint16_t runtime::floatToBfloat(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return uint16_t(bits >> 16 | 0x40);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

//===----------------------------------------------------------------------===//
// Tensor
//===----------------------------------------------------------------------===//

bool Shape::operator==(const Shape &other) const {
  return rank == other.rank && !memcmp(dims, other.dims, rank * sizeof(dims[0]));
}

Tensor::Tensor(Tensor &&other) noexcept
    : type(other.type), sizes(other.sizes), count(other.count), buffer(std::exchange(other.buffer, nullptr)) {
  other.type = INGOT_UNDEFINED;
  other.count = 0;
}

Tensor &Tensor::operator=(Tensor &&other) noexcept {
  std::swap(type, other.type);
  std::swap(sizes, other.sizes);
  std::swap(count, other.count);
  std::swap(buffer, other.buffer);
  return *this;
}

Tensor::~Tensor() { free(buffer); }

ingot_status runtime::tensorBytes(uint32_t dtype, const int64_t *dims, unsigned rank, uint64_t &bytes, Text &error) {
  uint64_t elementBytes = dtypeBytes(dtype);
  if (!elementBytes) {
    if (dtype < numDtypes)
      error.append("element type %s is not supported", dtypeName(dtype));
    else
      error.append("unknown element type %" PRIu32, dtype);
    return INGOT_UNSUPPORTED;
  }
  if (rank > maxRank) {
    error.append("got %u dimensions, want at most %u", rank, maxRank);
    return INGOT_BAD_ARGUMENT;
  }
  // Zero sizes are kept out of the product, so that no order of sizes hides an overflow.
  bool isEmpty = false, overflows = false;
  bytes = elementBytes;
  for (unsigned i = 0; i < rank; ++i) {
    if (dims[i] < 0) {
      error.append("got size %" PRId64 " of dimension %u, want 0 or more", dims[i], i);
      return INGOT_BAD_ARGUMENT;
    }
    isEmpty |= dims[i] == 0;
    overflows |= dims[i] && __builtin_mul_overflow(bytes, uint64_t(dims[i]), &bytes);
  }
  if (overflows || bytes > uint64_t(INT64_MAX) / 2) {
    error.append("the size of ");
    appendType(error, dtype, dims, rank);
    error.append(" overflows");
    return INGOT_BAD_ARGUMENT;
  }
  if (isEmpty)
    bytes = 0;
  return INGOT_OK;
}

ingot_status Tensor::create(uint32_t dtype, const int64_t *dims, unsigned rank, Tensor &result, Text &error) {
  uint64_t total = 0;
  if (ingot_status status = tensorBytes(dtype, dims, rank, total, error))
    return status;
  Tensor made;
  uint64_t padded = (total + INGOT_ALIGNMENT) / INGOT_ALIGNMENT * INGOT_ALIGNMENT; // never 0
  made.buffer = aligned_alloc(INGOT_ALIGNMENT, padded);
  if (!made.buffer) {
    error.append("not enough memory for %" PRIu64 " bytes", total);
    return INGOT_OUT_OF_MEMORY;
  }
  memset(made.buffer, 0, padded);
  made.type = ingot_dtype(dtype);
  made.sizes.rank = rank;
  for (unsigned i = 0; i < rank; ++i)
    made.sizes.dims[i] = dims[i];
  made.count = total / dtypeBytes(dtype);
  result = std::move(made);
  return INGOT_OK;
}

ingot_status Tensor::clone(Tensor &result, Text &error) const {
  Tensor copy;
  if (ingot_status status = create(type, sizes.dims, sizes.rank, copy, error))
    return status;
  memcpy(copy.buffer, buffer, bytes());
  result = std::move(copy);
  return INGOT_OK;
}

double Tensor::toDouble(uint64_t index) const {
  switch (type) {
  case INGOT_F32:
    return double(as<float>()[index]);
  case INGOT_F64:
    return as<double>()[index];
  case INGOT_F16:
    return double(halfToFloat(as<uint16_t>()[index]));
  case INGOT_BF16:
    return double(bfloatToFloat(as<uint16_t>()[index]));
  case INGOT_BOOL:
    return as<uint8_t>()[index] != 0;
  case INGOT_I8:
  case INGOT_I4:
  case INGOT_I2:
    return as<int8_t>()[index];
  case INGOT_I16:
    return as<int16_t>()[index];
  case INGOT_I32:
    return as<int32_t>()[index];
  case INGOT_I64:
    return double(as<int64_t>()[index]);
  case INGOT_U16:
    return as<uint16_t>()[index];
  case INGOT_U32:
    return as<uint32_t>()[index];
  case INGOT_U64:
    return double(as<uint64_t>()[index]);
  case INGOT_COMPLEX64:
    return double(as<float>()[2 * index]);
  case INGOT_COMPLEX128:
    return as<double>()[2 * index];
  default: // u8, and the bits of the eight-bit floats
    return as<uint8_t>()[index];
  }
}

/// Rounds to nearest and saturates; NaN becomes 0.
template <typename T> static T saturate(double value, double low, double high) {
  value = nearbyint(value);
  if (!(value >= low))
    return value != value ? T(0) : T(low);
  // `high` itself may round up to a value that T lacks, such as 2^63.
  return value >= high ? std::numeric_limits<T>::max() : T(value);
}

void Tensor::setDouble(uint64_t index, double value) {
  switch (type) {
  case INGOT_F32:
    as<float>()[index] = float(value);
    return;
  case INGOT_F64:
    as<double>()[index] = value;
    return;
  case INGOT_F16:
    as<uint16_t>()[index] = floatToHalf(float(value));
    return;
  case INGOT_BF16:
    as<uint16_t>()[index] = floatToBfloat(float(value));
    return;
  case INGOT_BOOL:
    as<uint8_t>()[index] = value != 0;
    return;
  case INGOT_I8:
    as<int8_t>()[index] = saturate<int8_t>(value, -0x1p7, 0x1p7);
    return;
  case INGOT_I4:
    as<int8_t>()[index] = int8_t(saturate<int8_t>(16 * value, -0x1p7, 0x1p7) / 16);
    return;
  case INGOT_I2:
    as<int8_t>()[index] = int8_t(saturate<int8_t>(64 * value, -0x1p7, 0x1p7) / 64);
    return;
  case INGOT_U4:
  case INGOT_F4E2M1:
    as<uint8_t>()[index] = saturate<uint8_t>(16 * value, 0, 0x1p8) / 16;
    return;
  case INGOT_U2:
    as<uint8_t>()[index] = saturate<uint8_t>(64 * value, 0, 0x1p8) / 64;
    return;
  case INGOT_I16:
    as<int16_t>()[index] = saturate<int16_t>(value, -0x1p15, 0x1p15);
    return;
  case INGOT_I32:
    as<int32_t>()[index] = saturate<int32_t>(value, -0x1p31, 0x1p31);
    return;
  case INGOT_I64:
    as<int64_t>()[index] = saturate<int64_t>(value, -0x1p63, 0x1p63);
    return;
  case INGOT_U16:
    as<uint16_t>()[index] = saturate<uint16_t>(value, 0, 0x1p16);
    return;
  case INGOT_U32:
    as<uint32_t>()[index] = saturate<uint32_t>(value, 0, 0x1p32);
    return;
  case INGOT_U64:
    as<uint64_t>()[index] = saturate<uint64_t>(value, 0, 0x1p64);
    return;
  case INGOT_COMPLEX64:
    as<float>()[2 * index] = float(value);
    as<float>()[2 * index + 1] = 0;
    return;
  case INGOT_COMPLEX128:
    as<double>()[2 * index] = value;
    as<double>()[2 * index + 1] = 0;
    return;
  default:
    as<uint8_t>()[index] = saturate<uint8_t>(value, 0, 0x1p8);
    return;
  }
}

static void appendFloat(Text &text, double value, bool isDouble) {
  if (value != value) {
    text.append("nan");
    return;
  }
  char digits[40];
  // Six digits at least: 10 is "10", where one digit would make it "1e+01".
  for (int precision = 6; precision <= 17; ++precision) {
    snprintf(digits, sizeof digits, "%.*g", precision, value);
    if (isDouble ? strtod(digits, nullptr) == value : strtof(digits, nullptr) == float(value))
      break;
  }
  text.append("%s", digits);
}

void Tensor::appendElement(Text &text, uint64_t index) const {
  if (type == INGOT_BOOL)
    text.append("%s", as<uint8_t>()[index] ? "true" : "false");
  else if (type == INGOT_I64)
    text.append("%" PRId64, as<int64_t>()[index]);
  else if (type == INGOT_U64)
    text.append("%" PRIu64, as<uint64_t>()[index]);
  else if (type == INGOT_COMPLEX64 || type == INGOT_COMPLEX128) {
    bool isDouble = type == INGOT_COMPLEX128;
    appendFloat(text, toDouble(index), isDouble);
    text.append("%+gi", isDouble ? as<double>()[2 * index + 1] : double(as<float>()[2 * index + 1]));
  } else
    appendFloat(text, toDouble(index), type == INGOT_F64);
}

//===----------------------------------------------------------------------===//
// Types as text
//===----------------------------------------------------------------------===//

void runtime::appendType(Text &text, uint32_t dtype, const int64_t *dims, unsigned rank, const char *const *names) {
  text.append("%s[", dtypeName(dtype));
  for (unsigned i = 0; i < rank; ++i) {
    if (i)
      text.append(",");
    if (dims[i] >= 0)
      text.append("%" PRId64, dims[i]);
    else
      text.append("%s", names && names[i] ? names[i] : "?");
  }
  text.append("]");
}

void runtime::appendType(Text &text, const Tensor &tensor) {
  appendType(text, tensor.dtype(), tensor.shape().dims, tensor.shape().rank);
}

void runtime::appendType(Text &text, const ingot_value_info &info) {
  appendType(text, info.dtype, info.dims, info.rank, info.dim_names);
}

bool runtime::fits(const Tensor &tensor, const ingot_value_info &info) {
  if (tensor.dtype() != info.dtype || tensor.shape().rank != info.rank)
    return false;
  for (unsigned i = 0; i < info.rank; ++i)
    if (info.dims[i] >= 0 && info.dims[i] != tensor.shape().dims[i])
      return false;
  return true;
}
