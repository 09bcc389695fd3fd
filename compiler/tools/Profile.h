//===- Profile.h - A run as a trace -----------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TOOLS_PROFILE_H
#define INGOT_COMPILER_TOOLS_PROFILE_H

#include "compiler/tools/Command.h"

namespace ingot {

/// Compiles the model at `path` again so that it tells when its kernels run, and writes a run to `output` in Chrome's
/// trace event format. With `isTold`, prints what takes the longest.
llvm::Error writeProfile(const std::string &path, Options options, unsigned threads,
                         const runtime::Array<runtime::Tensor> &inputs, llvm::StringRef output, bool isTold);

} // namespace ingot

#endif // INGOT_COMPILER_TOOLS_PROFILE_H
