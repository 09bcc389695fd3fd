//===- Builtins.h - Conversions that LLVM calls and libgcc may lack ------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_BUILTINS_H
#define INGOT_RUNTIME_BUILTINS_H

namespace ingot::runtime {

/// A function that compiled code may call by name. A JIT defines these symbols itself: its own process does not export
/// what was linked statically.
struct Symbol {
  const char *name;
  void *address;
};

/// ingot_parallel_for and the conversions of f16 and bf16, `count` of them.
const Symbol *runtimeSymbols(unsigned &count);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_BUILTINS_H
