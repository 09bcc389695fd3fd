//===- ImageFiles.cpp - MNIST's and CIFAR-10's files ----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Inflate.h"
#include <algorithm>
#include <fstream>
#include <ingot/data.h>
#include <iterator>

namespace ingot::data {

[[noreturn]] static void complain(const std::string &text) { throw Error(Code::bad_argument, text); }

/// Little-endian.
static uint32_t wordAt(const std::string &text, size_t at) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i)
    word |= uint32_t(static_cast<unsigned char>(text[at + i])) << (8 * i);
  return word;
}

/// The bytes of a file, unpacked where it is one of gzip (RFC 1952) with one member.
static std::string unpacked(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    complain("cannot read " + path);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (!text.starts_with("\x1f\x8b"))
    return text;
  constexpr size_t header = 10, trailer = 8;
  auto cut = [&] { complain(path + ": a damaged or truncated gzip file"); };
  if (text.size() < header + trailer || text[2] != 8)
    cut();
  char flags = text[3];
  size_t at = header;
  if (flags & 4) // more fields, with their length
    at += 2 + (text[at] & 0xff) + 256 * size_t(text[at + 1] & 0xff);
  for (char flag : {8, 16}) // a name and a comment, which end with a 0
    if (flags & flag)
      at = std::min(text.find('\0', std::min(at, text.size())), text.size()) + 1;
  at += flags & 2 ? 2 : 0; // the header's checksum
  if (at + trailer > text.size())
    cut();
  size_t packed = text.size() - at - trailer, size = wordAt(text, text.size() - 4);
  // Deflate makes at most 1032 bytes of one.
  if (size / 1032 > packed)
    cut();
  std::string result(size, '\0');
  auto *bytes = reinterpret_cast<unsigned char *>(result.data());
  if (!runtime::inflate(reinterpret_cast<const unsigned char *>(text.data()) + at, packed, bytes, size) ||
      runtime::crc32(bytes, size) != wordAt(text, text.size() - 8))
    cut();
  return result;
}

Array read_idx(const std::string &path) {
  std::string text = unpacked(path);
  auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  if (text.size() < 4 || byte(0) || byte(1))
    complain(path + ": not an idx file");
  Dtype dtype;
  switch (byte(2)) {
  case 0x08:
    dtype = u8;
    break;
  case 0x09:
    dtype = i8;
    break;
  case 0x0b:
    dtype = i16;
    break;
  case 0x0c:
    dtype = i32;
    break;
  case 0x0d:
    dtype = f32;
    break;
  case 0x0e:
    dtype = f64;
    break;
  default:
    complain(path + ": not an idx file: its elements are of the unknown type " + std::to_string(byte(2)));
  }
  size_t rank = byte(3), start = 4 + 4 * rank;
  if (text.size() < start)
    complain(path + ": a truncated idx file");
  std::vector<int64_t> shape;
  uint64_t available = text.size() - start, bytes = size_of(dtype);
  std::string sizes;
  for (size_t i = 0; i < rank; ++i) {
    uint64_t size = 0;
    for (size_t k = 0; k < 4; ++k)
      size = size << 8 | byte(4 + 4 * i + k);
    shape.push_back(int64_t(size));
    sizes += (i ? "," : "") + std::to_string(size);
    // Beyond what is there, the exact number does not matter.
    bytes = size && bytes > available ? bytes : bytes * size;
  }
  if (bytes != available)
    complain(path + ": a " + (bytes > available ? "truncated" : "damaged") + " idx file: it has " +
             std::to_string(available) + " bytes of elements, want those of [" + sizes + "]");
  Array array(dtype, shape);
  // Elements are big-endian.
  auto *to = static_cast<char *>(array.data());
  size_t width = size_of(dtype);
  for (size_t i = 0; i < bytes; ++i)
    to[i] = text[start + i / width * width + (width - 1 - i % width)];
  return array;
}

Dataset mnist(const std::string &images, const std::string &labels) {
  Array x = read_idx(images), y = read_idx(labels);
  if (x.dtype() != u8 || x.shape().size() != 3)
    complain(images + ": got " + x.type_text() + ", want images u8[N,rows,columns]");
  if (y.dtype() != u8 || y.shape().size() != 1)
    complain(labels + ": got " + y.type_text() + ", want labels u8[N]");
  if (x.shape()[0] != y.shape()[0])
    complain(images + " has " + std::to_string(x.shape()[0]) + " images, and " + labels + " " +
             std::to_string(y.shape()[0]) + " labels");
  return Dataset({{"x", x.reshape({x.shape()[0], 1, x.shape()[1], x.shape()[2]})}, {"y", y.cast(i64)}});
}

Dataset cifar10(const std::vector<std::string> &paths) {
  constexpr size_t pixels = 3 * 32 * 32, record = 1 + pixels;
  std::vector<uint8_t> x;
  std::vector<int64_t> y;
  for (const std::string &path : paths) {
    std::ifstream file(path, std::ios::binary);
    if (!file)
      complain("cannot read " + path);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    if (text.empty() || text.size() % record)
      complain(path + ": not a binary file of CIFAR-10, or a truncated one: it has " + std::to_string(text.size()) +
               " bytes, want a multiple of " + std::to_string(record));
    for (size_t at = 0; at < text.size(); at += record) {
      auto label = static_cast<unsigned char>(text[at]);
      if (label > 9)
        complain(path + ": image " + std::to_string(at / record) + " has the label " + std::to_string(label) +
                 ", want one from 0 to 9");
      y.push_back(label);
      x.insert(x.end(), text.begin() + long(at) + 1, text.begin() + long(at + record));
    }
  }
  auto count = int64_t(y.size());
  return Dataset({{"x", Array({count, 3, 32, 32}, x)}, {"y", Array({count}, y)}});
}

} // namespace ingot::data
