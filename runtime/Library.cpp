//===- Library.cpp - Models in shared libraries --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Alone in its file: a static program that does not load libraries must not pull in the dynamic loader.
//
//===----------------------------------------------------------------------===//

#include "runtime/LastError.h"
#include "runtime/ingot.h"

#include <dlfcn.h>

using namespace ingot;
using namespace ingot::runtime;

ingot_status ingot_executable_load(const char *path, ingot_executable **result) {
  // A library stays loaded: contexts of other executables may still be running its code.
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail(INGOT_IO, "cannot load %s: %s", path, dlerror());
  const ingot_model *model = static_cast<const ingot_model *>(dlsym(library, "ingot_model_main"));
  if (!model)
    return fail(INGOT_BAD_ARGUMENT, "%s has no symbol ingot_model_main, want a library that Ingot wrote", path);
  return ingot_executable_open(model, nullptr, result);
}
