//===- Text.cpp - Growable text without the C++ library ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

using namespace ingot::runtime;

Text &Text::operator=(Text &&other) noexcept {
  if (this == &other)
    return *this;
  free(start);
  start = other.start;
  length = other.length;
  capacity = other.capacity;
  other.forget();
  return *this;
}

Text::~Text() { free(start); }

void Text::clear() {
  length = 0;
  if (start)
    start[0] = 0;
}

bool Text::reserve(size_t wanted) {
  if (wanted < capacity)
    return true;
  size_t grown = capacity * 2 > wanted + 1 ? capacity * 2 : wanted + 64;
  char *moved = static_cast<char *>(realloc(start, grown));
  if (!moved)
    return false;
  start = moved;
  capacity = grown;
  return true;
}

Text &Text::appendBytes(const char *bytes, size_t count) {
  if (!reserve(length + count))
    return *this;
  if (count)
    memcpy(start + length, bytes, count);
  length += count;
  start[length] = 0;
  return *this;
}

Text &Text::appendList(const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int needed = vsnprintf(nullptr, 0, format, arguments);
  if (needed > 0 && reserve(length + size_t(needed))) {
    vsnprintf(start + length, size_t(needed) + 1, format, again);
    length += size_t(needed);
  }
  va_end(again);
  return *this;
}

Text &Text::append(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  appendList(format, arguments);
  va_end(arguments);
  return *this;
}
