//===- Verify.h - What the ways to verify share -----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TOOLS_VERIFY_H
#define INGOT_COMPILER_TOOLS_VERIFY_H

#include "compiler/tools/Command.h"

namespace ingot {

struct VerifyOptions {
  CompileFlags compile;
  std::vector<std::string> paths;
  std::string via = "jit", against, python, runner;
  double rtol = 1e-3, atol = 1e-7;
  unsigned threads = 0;
  uint64_t seed = 0;
  bool json = false;
};

struct VerifyResult {
  std::string name, status = "passed", detail;
  std::optional<double> maxError;
};

llvm::json::Object toJson(const VerifyResult &result);

/// What `check` comes to; its errors become statuses.
VerifyResult resultOf(llvm::StringRef name, llvm::function_ref<llvm::Error(VerifyResult &)> check);

/// Notes in `result` how one output compares.
void compareOutput(VerifyResult &result, llvm::StringRef name, const runtime::Tensor &got, const runtime::Tensor &want,
                   const VerifyOptions &options);

/// Prints results; the exit code.
int reportResults(llvm::ArrayRef<VerifyResult> results, bool asJson);

/// Compares with another engine that Python has.
llvm::Error verifyAgainstPeer(const std::string &model, const VerifyOptions &options, VerifyResult &result);

/// Compares with the reference pipeline, and on a difference names the first pass that changes a value.
llvm::Error verifyAgainstOracle(const std::string &model, const VerifyOptions &options, VerifyResult &result);

} // namespace ingot

#endif // INGOT_COMPILER_TOOLS_VERIFY_H
