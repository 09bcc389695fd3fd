//===- array.h - Dense arrays in memory -------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_ARRAY_H
#define INGOT_ARRAY_H

#include <cstddef>
#include <cstdint>
#include <ingot/error.h>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ingot {

/// Element types, numbered as in ONNX (TensorProto.DataType).
enum class Dtype : uint32_t {
  f32 = 1,
  u8 = 2,
  i8 = 3,
  u16 = 4,
  i16 = 5,
  i32 = 6,
  i64 = 7,
  boolean = 9,
  f16 = 10,
  f64 = 11,
  u32 = 12,
  u64 = 13,
  bf16 = 16,
};
inline constexpr Dtype f32 = Dtype::f32, f64 = Dtype::f64, f16 = Dtype::f16, bf16 = Dtype::bf16, i8 = Dtype::i8,
                       i16 = Dtype::i16, i32 = Dtype::i32, i64 = Dtype::i64, u8 = Dtype::u8, u16 = Dtype::u16,
                       u32 = Dtype::u32, u64 = Dtype::u64, boolean = Dtype::boolean;

/// "f32", "i64", ...
const char *name_of(Dtype dtype);
/// The bytes of an element.
size_t size_of(Dtype dtype);

template <typename T> struct DtypeOf;
template <> struct DtypeOf<float> {
  static constexpr Dtype value = Dtype::f32;
};
template <> struct DtypeOf<double> {
  static constexpr Dtype value = Dtype::f64;
};
template <> struct DtypeOf<int8_t> {
  static constexpr Dtype value = Dtype::i8;
};
template <> struct DtypeOf<int16_t> {
  static constexpr Dtype value = Dtype::i16;
};
template <> struct DtypeOf<int32_t> {
  static constexpr Dtype value = Dtype::i32;
};
template <> struct DtypeOf<int64_t> {
  static constexpr Dtype value = Dtype::i64;
};
template <> struct DtypeOf<uint8_t> {
  static constexpr Dtype value = Dtype::u8;
};
template <> struct DtypeOf<uint16_t> {
  static constexpr Dtype value = Dtype::u16;
};
template <> struct DtypeOf<uint32_t> {
  static constexpr Dtype value = Dtype::u32;
};
template <> struct DtypeOf<uint64_t> {
  static constexpr Dtype value = Dtype::u64;
};
template <> struct DtypeOf<bool> {
  static constexpr Dtype value = Dtype::boolean;
};

/// A dense, row-major array that owns its elements. A value: copies are deep.
class Array {
public:
  Array() = default;
  /// Zeros.
  Array(Dtype dtype, std::vector<int64_t> shape);
  /// Elements in row-major order; as many as `shape` holds.
  template <typename T> Array(std::vector<int64_t> shape, std::span<const T> values) : Array(DtypeOf<T>::value, shape) {
    assign(values.data(), values.size());
  }
  template <typename T>
  Array(std::vector<int64_t> shape, std::initializer_list<T> values)
      : Array(std::move(shape), std::span<const T>(values.begin(), values.size())) {}
  template <typename T>
  Array(std::vector<int64_t> shape, const std::vector<T> &values)
      : Array(std::move(shape), std::span<const T>(values)) {}

  template <typename T> static Array scalar(T value) {
    return Array(std::vector<int64_t>(), std::span<const T>(&value, 1));
  }

  Dtype dtype() const { return type; }
  const std::vector<int64_t> &shape() const { return sizes; }
  /// The number of elements.
  int64_t size() const { return count; }
  size_t bytes() const { return storage.size(); }
  void *data() { return storage.data(); }
  const void *data() const { return storage.data(); }
  /// The elements; throws where T is not the element type.
  template <typename T> std::span<T> as() {
    require(DtypeOf<T>::value);
    return {reinterpret_cast<T *>(storage.data()), size_t(count)};
  }
  template <typename T> std::span<const T> as() const {
    require(DtypeOf<T>::value);
    return {reinterpret_cast<const T *>(storage.data()), size_t(count)};
  }
  /// The only element; throws where there are more or fewer, or T is not the element type.
  template <typename T> T item() const {
    requireOne();
    return as<T>()[0];
  }
  /// An element of any type as a double, and back; integers saturate.
  double at(int64_t index) const;
  void set(int64_t index, double value);

  /// The place of the greatest element along `axis` (negative: from the end), the first among equals; i64.
  Array argmax(int64_t axis) const;
  /// The same elements in another shape; one size may be -1.
  Array reshape(std::vector<int64_t> shape) const;
  /// Rows [first, last) of the first dimension.
  Array rows(int64_t first, int64_t last) const;
  /// The rows at `places`, in that order.
  Array rows(std::span<const int64_t> places) const;
  /// The elements as another type.
  Array cast(Dtype dtype) const;
  /// "f32[2,3]"
  std::string type_text() const;

private:
  void assign(const void *values, size_t number);
  void require(Dtype wanted) const;
  void requireOne() const;

  Dtype type = Dtype::f32;
  std::vector<int64_t> sizes;
  int64_t count = 0;
  std::vector<std::byte> storage;
};

/// Arrays by the names of the inputs or outputs that they are for.
using Arrays = std::map<std::string, Array>;

} // namespace ingot

#endif // INGOT_ARRAY_H
