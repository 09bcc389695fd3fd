//===- Tensor.h - A dense tensor in memory -------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TENSOR_H
#define INGOT_RUNTIME_TENSOR_H

#include "runtime/Text.h"
#include "runtime/abi.h"

namespace ingot::runtime {

constexpr unsigned maxRank = 16;

/// "f32", "i64", "bool", ...; "unknown" for a number that is no element type.
const char *dtypeName(uint32_t dtype);
/// The element type with that name, or INGOT_UNDEFINED.
ingot_dtype parseDtype(const char *name, size_t length);
/// Bytes of one element; 0 for types that a Tensor cannot hold (strings and those below one byte).
uint64_t dtypeBytes(uint32_t dtype);
/// The bits of an element that files pack, several in a byte; 0 where an element has bytes of its own.
unsigned packedBits(uint32_t dtype);
bool isFloat(uint32_t dtype);
bool isSignedInteger(uint32_t dtype);
bool isUnsignedInteger(uint32_t dtype);

float halfToFloat(uint16_t bits);
uint16_t floatToHalf(float value); ///< rounds to nearest, ties to even
float bfloatToFloat(uint16_t bits);
uint16_t floatToBfloat(float value); ///< rounds to nearest, ties to even

/// The size of such a tensor. Fails on a negative size, a product that overflows, a rank over maxRank and element types
/// that are not byte-sized.
ingot_status tensorBytes(uint32_t dtype, const int64_t *dims, unsigned rank, uint64_t &bytes, Text &error);

struct Shape {
  unsigned rank = 0;
  int64_t dims[maxRank] = {};
  bool operator==(const Shape &other) const;
};

/// A dense, row-major tensor that owns its bytes, which start at a multiple of INGOT_ALIGNMENT. Moves, does not copy.
class Tensor {
public:
  Tensor() = default;
  Tensor(Tensor &&other) noexcept;
  Tensor &operator=(Tensor &&other) noexcept;
  Tensor(const Tensor &) = delete;
  Tensor &operator=(const Tensor &) = delete;
  ~Tensor();

  /// Makes `result` a tensor of zeros. Fails as tensorBytes does, and when memory is missing.
  static ingot_status create(uint32_t dtype, const int64_t *dims, unsigned rank, Tensor &result, Text &error);
  ingot_status clone(Tensor &result, Text &error) const;

  ingot_dtype dtype() const { return type; }
  const Shape &shape() const { return sizes; }
  uint64_t elements() const { return count; }
  uint64_t bytes() const { return count * dtypeBytes(type); }
  void *data() { return buffer; }
  const void *data() const { return buffer; }
  template <typename T> T *as() { return static_cast<T *>(buffer); }
  template <typename T> const T *as() const { return static_cast<const T *>(buffer); }

  /// Element `index` as a double (of complex numbers, the real part). 64-bit integers lose their low bits.
  double toDouble(uint64_t index) const;
  /// Stores `value` rounded to the element type; integers saturate.
  void setDouble(uint64_t index, double value);
  /// Appends element `index` as text, with the shortest digits that read back as the same value.
  void appendElement(Text &text, uint64_t index) const;

private:
  ingot_dtype type = INGOT_UNDEFINED;
  Shape sizes;
  uint64_t count = 0;
  void *buffer = nullptr;
};

/// Appends "f32[1,3,224,224]"; an open dimension appears by its name, or as "?".
void appendType(Text &text, uint32_t dtype, const int64_t *dims, unsigned rank, const char *const *names = nullptr);
void appendType(Text &text, const Tensor &tensor);
void appendType(Text &text, const ingot_value_info &info);

/// Whether a tensor of that type and shape can be bound to `info`.
bool fits(const Tensor &tensor, const ingot_value_info &info);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_TENSOR_H
