//===- Array.h - Growable array without the C++ library ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_ARRAY_H
#define INGOT_RUNTIME_ARRAY_H

#include <new>
#include <stddef.h>
#include <stdlib.h>
#include <utility>

namespace ingot::runtime {

/// A growable array of movable values; std::vector needs the C++ library. Growing reports failure instead of throwing.
template <typename T> class Array {
public:
  Array() = default;
  Array(Array &&other) noexcept : start(other.start), length(other.length), capacity(other.capacity) {
    other.start = nullptr;
    other.length = other.capacity = 0;
  }
  Array &operator=(Array &&other) noexcept {
    std::swap(start, other.start);
    std::swap(length, other.length);
    std::swap(capacity, other.capacity);
    return *this;
  }
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() {
    clear();
    free(start);
  }

  size_t size() const { return length; }
  bool empty() const { return length == 0; }
  T *data() { return start; }
  const T *data() const { return start; }
  T &operator[](size_t i) { return start[i]; }
  const T &operator[](size_t i) const { return start[i]; }
  T *begin() { return start; }
  T *end() { return start + length; }
  const T *begin() const { return start; }
  const T *end() const { return start + length; }

  void clear() {
    while (length)
      start[--length].~T();
  }
  [[nodiscard]] bool push(T value) {
    if (length == capacity && !grow(capacity ? capacity * 2 : 8))
      return false;
    new (start + length++) T(std::move(value));
    return true;
  }
  /// Makes it `count` long; new elements are value-initialized.
  [[nodiscard]] bool resize(size_t count) {
    if (count > capacity && !grow(count))
      return false;
    while (length > count)
      start[--length].~T();
    while (length < count)
      new (start + length++) T();
    return true;
  }

private:
  bool grow(size_t wanted) {
    if (wanted > size_t(-1) / sizeof(T))
      return false;
    T *moved = static_cast<T *>(malloc(wanted * sizeof(T)));
    if (!moved)
      return false;
    for (size_t i = 0; i < length; ++i) {
      new (moved + i) T(std::move(start[i]));
      start[i].~T();
    }
    free(start);
    start = moved;
    capacity = wanted;
    return true;
  }

  T *start = nullptr;
  size_t length = 0, capacity = 0;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_ARRAY_H
