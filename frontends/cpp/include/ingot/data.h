//===- data.h - Arrays from files -------------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DATA_H
#define INGOT_DATA_H

#include <array>
#include <ingot/array.h>
#include <utility>

namespace ingot::data {

/// One array in NumPy's format. Like all that reads or writes a file here, throws with the path and the cause.
Array read_npy(const std::string &path);
void write_npy(const std::string &path, const Array &array);

struct BatchSettings {
  bool shuffle = false;
  uint64_t seed = 0;
  bool drop_last = false; ///< leave out the samples at the end that fill no batch
};

/// Some samples, by the names of the inputs that they are for.
using Batch = Arrays;

/// Samples as arrays whose first dimension counts them.
class Dataset {
public:
  Dataset() = default;
  /// Throws where the arrays disagree about the number of samples.
  explicit Dataset(Arrays arrays);

  /// The number of samples.
  int64_t size() const { return count; }
  /// Throws where there is no such array.
  const Array &operator[](const std::string &name) const;
  const Arrays &arrays() const { return columns; }
  /// Two parts, the first with `share` of the samples, chosen by the seed.
  std::pair<Dataset, Dataset> split(double share, uint64_t seed) const;
  /// Three parts, for training, validation and a test, the last with what the shares leave.
  std::array<Dataset, 3> split(double train, double validation, uint64_t seed) const;
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
    /// The number of batches.
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

struct CsvSettings {
  std::vector<std::string> targets = {}; ///< the columns of "y" by their names; the others are "x"
  bool header = true;                    ///< the first line has the names; otherwise they are "0", "1", ...
  char separator = ',';
};
/// A table of numbers: "x" f32[lines, columns], and "y" the same of the targets where there are any.
Dataset csv(const std::string &path, const CsvSettings &settings = {});

/// An array in the format of MNIST's files, plain or packed by gzip.
Array read_idx(const std::string &path);
/// MNIST: "x" u8[N,1,rows,columns] and "y" i64[N].
Dataset mnist(const std::string &images, const std::string &labels);
/// The binary files of CIFAR-10: "x" u8[N,3,32,32] and "y" i64[N].
Dataset cifar10(const std::vector<std::string> &paths);

} // namespace ingot::data

#endif // INGOT_DATA_H
