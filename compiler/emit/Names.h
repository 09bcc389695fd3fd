//===- Names.h - Symbols of a compiled model --------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_EMIT_NAMES_H
#define INGOT_COMPILER_EMIT_NAMES_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace ingot {

/// `name` as a C identifier: other characters become underscores.
inline std::string cIdentifier(llvm::StringRef name) {
  std::string result = name.empty() || llvm::isDigit(name.front()) ? "_" : "";
  for (char c : name)
    result += llvm::isAlnum(c) ? c : '_';
  return result;
}

/// The model's name as a C identifier: that of the module, else "main".
inline std::string modelName(mlir::ModuleOp module) { return cIdentifier(module.getSymName().value_or("main")); }

/// The generated entry, `int32_t ingot_run_NAME(const ingot_frame *)`.
inline std::string entryName(mlir::ModuleOp module) { return "ingot_run_" + modelName(module); }

} // namespace ingot

#endif // INGOT_COMPILER_EMIT_NAMES_H
