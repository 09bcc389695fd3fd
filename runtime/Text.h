//===- Text.h - Growable text without the C++ library --------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_H
#define INGOT_RUNTIME_TEXT_H

#include <stdarg.h>
#include <stddef.h>

namespace ingot::runtime {

/// A growable, NUL-terminated text. Programs link without the C++ library, so std::string is out of reach here. When
/// memory runs out, what does not fit is dropped: this carries messages.
class Text {
public:
  Text() = default;
  explicit Text(const char *text) { append("%s", text); }
  Text(Text &&other) noexcept : start(other.start), length(other.length), capacity(other.capacity) { other.forget(); }
  Text &operator=(Text &&other) noexcept;
  Text(const Text &) = delete;
  Text &operator=(const Text &) = delete;
  ~Text();

  const char *c_str() const { return start ? start : ""; }
  size_t size() const { return length; }
  bool empty() const { return length == 0; }
  void clear();

  /// Appends as printf does.
  Text &append(const char *format, ...) __attribute__((format(printf, 2, 3)));
  Text &appendList(const char *format, va_list arguments);
  Text &appendBytes(const char *bytes, size_t count);

private:
  bool reserve(size_t wanted);
  void forget() {
    start = nullptr;
    length = capacity = 0;
  }

  char *start = nullptr;
  size_t length = 0, capacity = 0;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_TEXT_H
