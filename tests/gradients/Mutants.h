//===- Mutants.h - Gradients with one mistake -------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A test of gradients is worth what it notices. Each mutant is a gradient with one mistake of the kind that people make
// in rules: a wrong sign, a factor, a term that is left out, two operands that are swapped, a mean for a sum.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TESTS_GRADIENTS_MUTANTS_H
#define INGOT_TESTS_GRADIENTS_MUTANTS_H

#include "mlir/IR/BuiltinOps.h"

namespace ingot::tests {

struct Mutant {
  size_t argument;  ///< whose gradient it stands for
  std::string what; ///< the same for the same mistake in the rule for other shapes
  bool scales;      ///< so that zeros are their own mutant
};

/// Expands the gradients of `main`, whose results are a loss and its gradients, and appends a result for each mutant.
std::vector<Mutant> addMutants(mlir::ModuleOp module);

} // namespace ingot::tests

#endif // INGOT_TESTS_GRADIENTS_MUTANTS_H
