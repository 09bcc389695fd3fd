//===- data.h - Arrays from files -------------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DATA_H
#define INGOT_DATA_H

#include <ingot/array.h>
#include <utility>

namespace ingot::data {

Array read_npy(const std::string &path);
void write_npy(const std::string &path, const Array &array);

struct BatchSettings {
  bool shuffle = false;
  uint64_t seed = 0;
  bool drop_last = false; ///< leave out the samples at the end that fill no batch
};

using Batch = Arrays;

/// Samples as arrays whose first dimension counts them.
class Dataset {
public:
  Dataset() = default;
  /// Throws where the arrays disagree about the number of samples.
  explicit Dataset(Arrays arrays);

  int64_t size() const { return count; }
  const Array &operator[](const std::string &name) const;
  const Arrays &arrays() const { return columns; }
  /// Two parts, the first with `share` of the samples, chosen by the seed.
  std::pair<Dataset, Dataset> split(double share, uint64_t seed) const;
  /// The samples at `places`.
  Dataset rows(std::span<const int64_t> places) const;

  /// Batches one after another.
  class Batches {
  public:
    class iterator {
    public:
      iterator(const Batches *of, int64_t at) : of(of), at(at) {}
      Batch operator*() const { return of->get(at); }
      iterator &operator++() { return ++at, *this; }
      bool operator!=(const iterator &other) const { return at != other.at; }

    private:
      const Batches *of;
      int64_t at;
    };
    Batches(const Dataset &dataset, int64_t batch, const BatchSettings &settings);
    int64_t size() const { return count; }
    Batch get(int64_t index) const;
    iterator begin() const { return {this, 0}; }
    iterator end() const { return {this, count}; }

  private:
    const Dataset *dataset;
    std::vector<int64_t> order;
    int64_t batch, count;
  };
  Batches batches(int64_t batch, const BatchSettings &settings = {}) const { return {*this, batch, settings}; }

private:
  Arrays columns;
  int64_t count = 0;
};

/// The arrays of a .npz file, stored or deflated.
Arrays read_npz(const std::string &path);
/// The same as samples.
Dataset npz(const std::string &path);

} // namespace ingot::data

#endif // INGOT_DATA_H
