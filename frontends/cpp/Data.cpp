//===- Data.cpp - Arrays from files ---------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Dataset.h"
#include "runtime/TensorFile.h"
#include <algorithm>
#include <cstring>
#include <ingot/data.h>
#include <numeric>

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

Arrays read_npz(const std::string &path) {
  runtime::Array<runtime::NamedTensor> members;
  runtime::Text error;
  if (runtime::readNpz(path.c_str(), members, error) != INGOT_OK)
    complain(error.c_str());
  Arrays arrays;
  for (const runtime::NamedTensor &member : members)
    arrays[member.name.c_str()] = arrayOf(member.tensor);
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

/// 0 to count - 1 in an order that depends on the seed alone.
static std::vector<int64_t> shuffled(int64_t count, uint64_t seed) {
  runtime::Array<uint64_t> order;
  if (!runtime::shuffled(uint64_t(count), seed, order))
    complain("not enough memory");
  return std::vector<int64_t>(order.begin(), order.end());
}

std::pair<Dataset, Dataset> Dataset::split(double share, uint64_t seed) const {
  if (!(share >= 0 && share <= 1))
    complain("a share of " + std::to_string(share) + ", want one from 0 to 1");
  std::vector<int64_t> order = shuffled(count, seed);
  std::span<const int64_t> all = order;
  auto first = size_t(double(count) * share + 0.5);
  return {rows(all.first(first)), rows(all.subspan(first))};
}

std::array<Dataset, 3> Dataset::split(double train, double validation, uint64_t seed) const {
  if (!(train >= 0 && validation >= 0 && train + validation <= 1))
    complain("shares of " + std::to_string(train) + " and " + std::to_string(validation) +
             ", want two that are not more than 1 together");
  std::vector<int64_t> order = shuffled(count, seed);
  std::span<const int64_t> all = order;
  auto first = size_t(double(count) * train + 0.5), second = size_t(double(count) * (train + validation) + 0.5);
  return {rows(all.first(first)), rows(all.subspan(first, second - first)), rows(all.subspan(second))};
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
