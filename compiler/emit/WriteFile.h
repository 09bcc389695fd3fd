//===- WriteFile.h - Writing a whole file -----------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_EMIT_WRITEFILE_H
#define INGOT_COMPILER_EMIT_WRITEFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace ingot {

/// Writes to the file at `path` what `write` prints; "-" is standard output. Fails where the file cannot be made, and
/// where there is no room for all of it.
llvm::Error writeFile(llvm::StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> write);

} // namespace ingot

#endif // INGOT_COMPILER_EMIT_WRITEFILE_H
