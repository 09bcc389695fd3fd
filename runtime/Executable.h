//===- Executable.h - What the parts of the C interface share ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_EXECUTABLE_H
#define INGOT_RUNTIME_EXECUTABLE_H

#include "runtime/abi.h"

struct ingot_executable {
  const ingot_model *model;
  const void *weights;
  void *library; // what `unload` takes, for a model that came from a library
  void (*unload)(void *library);
};

namespace ingot::runtime {

/// Keeps a text, cut at 1,023 bytes, as the calling thread's last error and returns `status`.
ingot_status fail(ingot_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_EXECUTABLE_H
