//===- Differentiated.h - Functions with gradients, compiled ----*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TESTS_GRADIENTS_DIFFERENTIATED_H
#define INGOT_TESTS_GRADIENTS_DIFFERENTIATED_H

#include "compiler/Compiler.h"
#include "dialects/ingot/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/ingot.h"
#include <random>

namespace ingot::tests {

/// A file's functions, which stay in memory. Null, with a message, where it cannot be read.
mlir::ModuleOp moduleOf(const char *path);

/// A module whose `main` is `function`.
mlir::OwningOpRef<mlir::ModuleOp> isolated(mlir::func::FuncOp function);

/// A compiled function in this process.
class Program {
public:
  explicit Program(mlir::ModuleOp module);
  ~Program();

  explicit operator bool() const { return context; }
  template <typename T> llvm::MutableArrayRef<T> input(unsigned index) {
    return {static_cast<T *>(ingot_context_input(context, index)),
            size_t(jit->model().inputs[index].bytes / sizeof(T))};
  }
  template <typename T> llvm::ArrayRef<T> output(unsigned index) {
    return {static_cast<T *>(ingot_context_output(context, index)),
            size_t(jit->model().outputs[index].bytes / sizeof(T))};
  }
  void run();

private:
  std::unique_ptr<JitModel> jit;
  ingot_executable *executable = nullptr;
  ingot_context *context = nullptr;
};

/// A function whose gradients are built into it and compiled: `main` gives the loss, then the gradient with respect to
/// each f64 argument, then, with `second`, the derivative of each gradient along a direction. `change` may append other
/// results before it is compiled.
class Differentiated {
public:
  Differentiated(
      mlir::func::FuncOp function, bool second,
      llvm::function_ref<void(mlir::ModuleOp)> change = [](mlir::ModuleOp) {});

  explicit operator bool() const { return bool(*program); }
  void run() { program->run(); }
  double loss() { return program->output<double>(0)[0]; }
  size_t count() const { return arguments.size(); }
  llvm::MutableArrayRef<double> argument(size_t i) { return program->input<double>(arguments[i]); }
  llvm::ArrayRef<double> gradient(size_t i) { return program->output<double>(1 + i); }
  llvm::MutableArrayRef<double> direction(size_t i) { return program->input<double>(directions[i]); }
  llvm::ArrayRef<double> second(size_t i) { return program->output<double>(1 + arguments.size() + i); }
  /// Of the results that `change` appended.
  llvm::ArrayRef<double> appended(size_t i) { return program->output<double>(results + i); }

  /// The slope of the loss along each element of argument `i`, by central differences.
  std::vector<double> slopes(size_t i);

private:
  void differentiate(mlir::ModuleOp module, bool second);
  void fill(mlir::func::FuncOp function);

  std::mt19937_64 random;
  std::optional<Program> program;
  llvm::SmallVector<unsigned> arguments, directions; ///< numbers of arguments
  std::vector<bool> isFloat;
  size_t results = 0;
};

constexpr double stepSize = 1e-5;

/// The unit that errors of `values` are measured in.
double largest(llvm::ArrayRef<double> values);

} // namespace ingot::tests

#endif // INGOT_TESTS_GRADIENTS_DIFFERENTIATED_H
