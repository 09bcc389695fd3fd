//===- KernelRunner.h - Compiles kernel ops and runs them -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TESTS_COMPILER_CPU_KERNELRUNNER_H
#define INGOT_TESTS_COMPILER_CPU_KERNELRUNNER_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ingot {

/// A dense array of floats with a shape.
struct Array {
  std::vector<int64_t> shape;
  std::vector<float> data;

  explicit Array(std::vector<int64_t> shape);
  /// Fills the array with numbers between -1 and 1 that depend on `seed`.
  Array &fill(unsigned seed);
  int64_t offset(std::initializer_list<int64_t> index) const;
  float &at(std::initializer_list<int64_t> index) { return data[offset(index)]; }
  float at(std::initializer_list<int64_t> index) const { return data[offset(index)]; }
};

/// A matrix whose rows are packed into panels of `height` rows, the left factor of a product: spread evenly, the first
/// panels having one row more, and filled up with zeros.
Array packedRows(const Array &matrix, int64_t height);

/// The numbers as MLIR writes a list of them.
std::string list(const int64_t *values, unsigned count);
/// The type of a memref of f32; all dimensions but the last are unknown where `dynamic`.
std::string memref(const std::vector<int64_t> &shape, bool dynamic = false);

/// A function `@run` on memrefs of f32, compiled for this processor.
class KernelRunner {
public:
  /// Compiles `module`, emitting kernels with `options` (those of emit-brgemm). Prints the reason and is invalid after
  /// an error.
  explicit KernelRunner(const std::string &module, const std::string &options = "");
  ~KernelRunner();
  bool isValid() const { return function != nullptr; }
  void run(std::vector<Array *> arguments) const;

private:
  void compile(const std::string &text, const std::string &options);

  struct State;
  std::unique_ptr<State> state;
  void *function = nullptr;
};

} // namespace ingot

#endif // INGOT_TESTS_COMPILER_CPU_KERNELRUNNER_H
