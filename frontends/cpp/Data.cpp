//===- Data.cpp - Arrays from files ---------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/TensorFile.h"
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ingot/data.h>
#include <iterator>
#include <numeric>
#include <random>
#include <zlib.h>

namespace ingot::data {

[[noreturn]] static void complain(const std::string &text) { throw Error(Code::bad_argument, text); }

static Array arrayOf(const runtime::Tensor &tensor) {
  const runtime::Shape &shape = tensor.shape();
  Array array(Dtype(tensor.dtype()), std::vector<int64_t>(shape.dims, shape.dims + shape.rank));
  std::memcpy(array.data(), tensor.data(), array.bytes());
  return array;
}

Array read_npy(const std::string &path) {
  runtime::Tensor tensor;
  runtime::Text error;
  if (runtime::readNpy(path.c_str(), tensor, error) != INGOT_OK)
    complain(path + ": " + error.c_str());
  return arrayOf(tensor);
}

void write_npy(const std::string &path, const Array &array) {
  runtime::Tensor tensor;
  runtime::Text error;
  ingot_status status = runtime::Tensor::create(uint32_t(array.dtype()), array.shape().data(),
                                                unsigned(array.shape().size()), tensor, error);
  if (status == INGOT_OK) {
    std::memcpy(tensor.data(), array.data(), array.bytes());
    status = runtime::writeNpy(path.c_str(), tensor, error);
  }
  if (status != INGOT_OK)
    complain(path + ": " + error.c_str());
}

//===----------------------------------------------------------------------===//
// .npz: a zip file of .npy files
//===----------------------------------------------------------------------===//

namespace {
/// Little-endian numbers of a file that may be cut anywhere.
struct Bytes {
  const std::string &path;
  std::string text;

  uint64_t number(size_t at, unsigned width) const {
    if (at + width > text.size())
      complain(path + ": a damaged .npz file");
    uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i)
      value |= uint64_t(static_cast<unsigned char>(text[at + i])) << (8 * i);
    return value;
  }
  std::string_view piece(size_t at, size_t size) const {
    if (at > text.size() || size > text.size() - at)
      complain(path + ": a damaged .npz file");
    return std::string_view(text).substr(at, size);
  }
};
} // namespace

static std::string inflated(const std::string &path, std::string_view packed, size_t size) {
  // Deflate makes at most 1032 bytes of one.
  if (size / 1032 > packed.size())
    complain(path + ": a damaged .npz file");
  std::string result(size, '\0');
  z_stream stream = {};
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data()));
  stream.avail_in = uInt(packed.size());
  stream.next_out = reinterpret_cast<Bytef *>(result.data());
  stream.avail_out = uInt(result.size());
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    complain(path + ": not enough memory");
  int code = inflate(&stream, Z_FINISH);
  bool isWhole = code == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  if (!isWhole)
    complain(path + ": a damaged .npz file");
  return result;
}

Arrays read_npz(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    complain("cannot read " + path);
  Bytes bytes{path, std::string(std::istreambuf_iterator<char>(file), {})};
  // The directory is found from the end, where only a comment of at most 64 KiB may follow its record.
  constexpr size_t recordSize = 22;
  if (bytes.text.size() < recordSize)
    complain(path + ": not a .npz file");
  size_t end = bytes.text.rfind(std::string("PK\5\6", 4));
  if (end == std::string::npos)
    complain(path + ": not a .npz file");
  uint64_t count = bytes.number(end + 10, 2), at = bytes.number(end + 16, 4);
  Arrays arrays;
  for (uint64_t i = 0; i < count; ++i) {
    if (bytes.piece(at, 4) != std::string_view("PK\1\2", 4))
      complain(path + ": a damaged .npz file");
    uint64_t method = bytes.number(at + 10, 2), packed = bytes.number(at + 20, 4), size = bytes.number(at + 24, 4);
    uint64_t nameSize = bytes.number(at + 28, 2), extra = bytes.number(at + 30, 2), comment = bytes.number(at + 32, 2);
    uint64_t local = bytes.number(at + 42, 4);
    if (packed == 0xffffffff || size == 0xffffffff || local == 0xffffffff)
      complain(path + ": arrays above 4 GiB are not supported");
    std::string name(bytes.piece(at + 46, nameSize));
    at += 46 + nameSize + extra + comment;
    size_t start = local + 30 + bytes.number(local + 26, 2) + bytes.number(local + 28, 2);
    std::string_view piece = bytes.piece(start, packed);
    if (method != 0 && method != 8)
      complain(path + ": '" + name + "' is packed by an unknown method");
    std::string unpacked = method == 8 ? inflated(path, piece, size) : std::string(piece);
    runtime::Tensor tensor;
    runtime::Text error;
    if (runtime::parseNpy(unpacked.data(), unpacked.size(), tensor, error) != INGOT_OK)
      complain(path + ": '" + name + "': " + error.c_str());
    if (name.ends_with(".npy"))
      name.resize(name.size() - 4);
    arrays[name] = arrayOf(tensor);
  }
  return arrays;
}

Dataset npz(const std::string &path) { return Dataset(read_npz(path)); }

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

Dataset::Dataset(Arrays arrays) : columns(std::move(arrays)) {
  const std::string *first = nullptr;
  for (auto &[name, array] : columns) {
    if (array.shape().empty())
      complain("array '" + name + "' is a scalar, want samples along its first dimension");
    if (first && array.shape()[0] != count)
      complain("array '" + name + "' has " + std::to_string(array.shape()[0]) + " samples and '" + *first + "' " +
               std::to_string(count));
    first = &name;
    count = array.shape()[0];
  }
}

const Array &Dataset::operator[](const std::string &name) const {
  auto found = columns.find(name);
  if (found == columns.end())
    complain("the data has no array '" + name + "'");
  return found->second;
}

Dataset Dataset::rows(std::span<const int64_t> places) const {
  Arrays picked;
  for (auto &[name, array] : columns)
    picked[name] = array.rows(places);
  return Dataset(std::move(picked));
}

/// 0 to count - 1 in an order that depends on the seed alone: the standard library's shuffle differs between libraries.
static std::vector<int64_t> shuffled(int64_t count, uint64_t seed) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 generator(seed);
  for (int64_t i = count - 1; i > 0; --i)
    std::swap(order[i], order[generator() % uint64_t(i + 1)]);
  return order;
}

std::pair<Dataset, Dataset> Dataset::split(double share, uint64_t seed) const {
  if (!(share >= 0 && share <= 1))
    complain("a share of " + std::to_string(share) + ", want one from 0 to 1");
  std::vector<int64_t> order = shuffled(count, seed);
  std::span<const int64_t> all = order;
  auto first = size_t(double(count) * share + 0.5);
  return {rows(all.first(first)), rows(all.subspan(first))};
}

Dataset::Batches::Batches(const Dataset &dataset, int64_t batch, const BatchSettings &settings)
    : dataset(&dataset), batch(batch) {
  if (batch < 1)
    complain("batches of " + std::to_string(batch) + " samples");
  int64_t samples = dataset.size();
  count = settings.drop_last ? samples / batch : (samples + batch - 1) / batch;
  if (settings.shuffle) {
    order = shuffled(samples, settings.seed);
  } else {
    order.resize(samples);
    std::iota(order.begin(), order.end(), 0);
  }
}

Batch Dataset::Batches::get(int64_t index) const {
  int64_t first = index * batch, last = std::min<int64_t>(first + batch, int64_t(order.size()));
  return dataset->rows(std::span<const int64_t>(order).subspan(first, last - first)).arrays();
}

} // namespace ingot::data
