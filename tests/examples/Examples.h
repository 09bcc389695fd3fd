//===- Examples.h - The examples of the op records as modules ---*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TESTS_EXAMPLES_EXAMPLES_H
#define INGOT_TESTS_EXAMPLES_EXAMPLES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <string>
#include <vector>

namespace ingot::tests {

/// A tensor as a run reads and writes it: dense, row-major, one byte for a truth value.
using Bytes = std::vector<char>;
Bytes bytesOf(mlir::DenseElementsAttr value);

/// An example as the generator writes it: a function of its inputs, with the values of both ends.
struct Example {
  mutable mlir::func::FuncOp function; // a handle, whose accessors are not const
  std::vector<mlir::DenseElementsAttr> inputs, outputs;

  std::string name() const { return function.getName().str(); }

  /// A module whose `main` is the example, as an import would have made it. With `erased`, the op sees no size of its
  /// operands: casts around it hide them, and its inference and lowering have to cope with `?`. An op that needs static
  /// operands besides the first (a convolution's kernel) keeps those.
  mlir::OwningOpRef<mlir::ModuleOp> module(bool erased) const;
  /// A module that does not know the sizes of its inputs at all.
  mlir::OwningOpRef<mlir::ModuleOp> openModule() const;
};

/// Every example of a module of examples.
std::vector<Example> examplesOf(mlir::ModuleOp module);

/// One module whose `main` has the inputs and outputs of all examples, one after the other, with these names.
mlir::OwningOpRef<mlir::ModuleOp> joinedModule(llvm::ArrayRef<Example> examples, bool erased, bool open = false);
std::string inputName(unsigned index);
std::string outputName(unsigned index);

/// Empty when `got` is `want` within what its type can tell, otherwise what differs first.
std::string difference(mlir::DenseElementsAttr want, const Bytes &got);

} // namespace ingot::tests

#endif // INGOT_TESTS_EXAMPLES_EXAMPLES_H
