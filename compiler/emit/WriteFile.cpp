//===- WriteFile.cpp - Writing a whole file -------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/WriteFile.h"
#include "compiler/Compiler.h"

using namespace llvm;

namespace ingot {

Error writeFile(StringRef path, function_ref<void(raw_ostream &)> write) {
  std::error_code error;
  raw_fd_ostream stream(path, error);
  if (!error) {
    write(stream);
    stream.flush();
    error = stream.error();
    stream.clear_error(); // which would end the process
  }
  if (error)
    return make_error<StatusError>(INGOT_BAD_ARGUMENT, "cannot write " + path + ": " + error.message());
  return Error::success();
}

} // namespace ingot
