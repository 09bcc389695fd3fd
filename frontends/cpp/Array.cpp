//===- Array.cpp - Dense arrays in memory ---------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/TensorFile.h"
#include <cstring>
#include <ingot/data.h>
#include <limits>

namespace ingot {

static_assert(uint32_t(Dtype::bf16) == INGOT_BF16 && uint32_t(Dtype::boolean) == INGOT_BOOL);

const char *name_of(Dtype dtype) { return runtime::dtypeName(uint32_t(dtype)); }

size_t size_of(Dtype dtype) { return runtime::dtypeBytes(ingot_dtype(dtype)); }

[[noreturn]] static void complain(const std::string &text) { throw Error(Code::bad_argument, text); }

Array::Array(Dtype dtype, std::vector<int64_t> shape) : type(dtype), sizes(std::move(shape)) {
  runtime::Text error;
  uint64_t bytes;
  if (runtime::tensorBytes(uint32_t(dtype), sizes.data(), unsigned(sizes.size()), bytes, error) != INGOT_OK)
    complain(error.c_str());
  storage.resize(bytes);
  count = int64_t(bytes / size_of(dtype));
}

void Array::assign(const void *values, size_t number) {
  if (number != size_t(count))
    complain("got " + std::to_string(number) + " elements for " + type_text());
  if (number)
    std::memcpy(storage.data(), values, storage.size());
}

void Array::require(Dtype wanted) const {
  if (type != wanted)
    complain("got elements of type " + std::string(name_of(type)) + ", want " + name_of(wanted));
}

void Array::requireOne() const {
  if (count != 1)
    complain("got " + type_text() + ", want one element");
}

std::string Array::type_text() const {
  runtime::Text text;
  runtime::appendType(text, uint32_t(type), sizes.data(), unsigned(sizes.size()));
  return text.c_str();
}

template <typename F> static auto visit(Dtype dtype, F f) {
  switch (dtype) {
  case Dtype::f32:
    return f(float());
  case Dtype::f64:
    return f(double());
  case Dtype::i8:
    return f(int8_t());
  case Dtype::i16:
    return f(int16_t());
  case Dtype::i32:
    return f(int32_t());
  case Dtype::i64:
    return f(int64_t());
  case Dtype::u16:
    return f(uint16_t());
  case Dtype::u32:
    return f(uint32_t());
  case Dtype::u64:
    return f(uint64_t());
  default: // u8 and bool
    return f(uint8_t());
  }
}

double Array::at(int64_t index) const {
  const std::byte *from = storage.data() + index * int64_t(size_of(type));
  if (type == f16 || type == bf16) {
    uint16_t bits;
    std::memcpy(&bits, from, sizeof bits);
    return double(type == f16 ? runtime::halfToFloat(bits) : runtime::bfloatToFloat(bits));
  }
  return visit(type, [&](auto value) {
    std::memcpy(&value, from, sizeof value);
    return double(value);
  });
}

void Array::set(int64_t index, double value) {
  std::byte *to = storage.data() + index * int64_t(size_of(type));
  if (type == f16 || type == bf16) {
    uint16_t bits = type == f16 ? runtime::floatToHalf(float(value)) : runtime::floatToBfloat(float(value));
    std::memcpy(to, &bits, sizeof bits);
    return;
  }
  visit(type, [&](auto element) {
    using T = decltype(element);
    if constexpr (std::is_integral_v<T>) {
      double low = double(std::numeric_limits<T>::min()), high = double(std::numeric_limits<T>::max());
      element = type == boolean  ? T(value != 0)
                : value != value ? T(0)
                : value <= low   ? std::numeric_limits<T>::min()
                : value >= high  ? std::numeric_limits<T>::max()
                                 : T(value);
    } else {
      element = T(value);
    }
    std::memcpy(to, &element, sizeof element);
  });
}

Array Array::argmax(int64_t axis) const {
  int64_t rank = int64_t(sizes.size());
  if (axis < -rank || axis >= rank)
    complain("got axis " + std::to_string(axis) + " of " + type_text());
  axis += axis < 0 ? rank : 0;
  int64_t inner = 1, outer = 1, length = sizes[axis];
  for (int64_t i = 0; i < rank; ++i)
    (i < axis ? outer : i > axis ? inner : length) *= i == axis ? 1 : sizes[i];
  if (length == 0)
    complain("there is no greatest element along axis " + std::to_string(axis) + " of " + type_text());
  std::vector<int64_t> shape = sizes;
  shape.erase(shape.begin() + axis);
  Array result(i64, shape);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      int64_t best = 0;
      for (int64_t k = 1; k < length; ++k)
        if (at((o * length + k) * inner + i) > at((o * length + best) * inner + i))
          best = k;
      result.as<int64_t>()[o * inner + i] = best;
    }
  return result;
}

Array Array::reshape(std::vector<int64_t> shape) const {
  int64_t known = 1;
  int64_t *open = nullptr;
  for (int64_t &size : shape)
    if (size == -1 && !open)
      open = &size;
    else
      known *= size;
  if (open)
    *open = known > 0 ? count / known : 0;
  Array result(type, shape);
  if (result.count != count)
    complain("got " + type_text() + ", want " + result.type_text());
  result.storage = storage;
  return result;
}

Array Array::rows(int64_t first, int64_t last) const {
  if (sizes.empty() || first < 0 || last < first || last > sizes[0])
    complain("rows " + std::to_string(first) + " to " + std::to_string(last) + " of " + type_text());
  std::vector<int64_t> shape = sizes;
  shape[0] = last - first;
  Array result(type, shape);
  size_t row = sizes[0] ? storage.size() / size_t(sizes[0]) : 0;
  std::memcpy(result.storage.data(), storage.data() + size_t(first) * row, result.storage.size());
  return result;
}

Array Array::rows(std::span<const int64_t> places) const {
  if (sizes.empty())
    complain("rows of " + type_text());
  std::vector<int64_t> shape = sizes;
  shape[0] = int64_t(places.size());
  Array result(type, shape);
  size_t row = sizes[0] ? storage.size() / size_t(sizes[0]) : 0;
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] < 0 || places[i] >= sizes[0])
      complain("row " + std::to_string(places[i]) + " of " + type_text());
    std::memcpy(result.storage.data() + i * row, storage.data() + size_t(places[i]) * row, row);
  }
  return result;
}

Array Array::cast(Dtype dtype) const {
  Array result(dtype, sizes);
  for (int64_t i = 0; i < count; ++i)
    result.set(i, at(i));
  return result;
}

} // namespace ingot
