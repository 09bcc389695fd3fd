//===- Optimizer.h - How a step moves a parameter ---------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TRAIN_OPTIMIZER_H
#define INGOT_COMPILER_TRAIN_OPTIMIZER_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace ingot {

/// An optimizer with PyTorch's names, defaults and update formulas.
struct Optimizer {
  enum class Kind { Sgd, RmsProp, Adagrad, Adam, AdamW };

  Kind kind = Kind::Sgd;
  double lr = 1e-3, momentum = 0, weightDecay = 0, alpha = 0.99, eps = 1e-8, beta1 = 0.9, beta2 = 0.999;
  bool nesterov = false;

  /// The optimizer `name` with its defaults.
  static llvm::Expected<Optimizer> create(llvm::StringRef name);
  /// Reads "NAME:key=value,...".
  static llvm::Expected<Optimizer> parse(llvm::StringRef text);
  /// Sets what the command line calls `key`.
  llvm::Error set(llvm::StringRef key, llvm::StringRef value);

  static std::vector<std::string> names();
  /// The keys that this optimizer takes.
  std::vector<std::string> keys() const;
  /// The names of what it remembers of each parameter; all of it begins as zeros.
  std::vector<std::string> slots() const;

  /// The values of a step that all parameters share.
  struct Shared {
    mlir::Value lr;   ///< of this step, f64
    mlir::Value step; ///< the number of this step, counted from 1, f64
  };
  /// Builds the parameter after a step; `state` holds the slots' values, and then their new ones. The state has the
  /// compute type of the parameter.
  mlir::Value update(mlir::ImplicitLocOpBuilder &b, const Shared &shared, mlir::Value parameter, mlir::Value gradient,
                     llvm::MutableArrayRef<mlir::Value> state) const;
};

} // namespace ingot

#endif // INGOT_COMPILER_TRAIN_OPTIMIZER_H
