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

#include "runtime/Executable.h"
#include "runtime/ingot.h"

#include <dlfcn.h>

using namespace ingot;
using namespace ingot::runtime;

ingot_status ingot_executable_load(const char *path, ingot_executable **result) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail(INGOT_IO, "cannot load %s: %s", path, dlerror());
  const ingot_model *model = static_cast<const ingot_model *>(dlsym(library, "ingot_model_main"));
  ingot_status status =
      model ? ingot_executable_open(model, nullptr, result)
            : fail(INGOT_BAD_ARGUMENT, "%s has no symbol ingot_model_main, want a library that Ingot wrote", path);
  if (status != INGOT_OK) {
    dlclose(library);
    return status;
  }
  // Unloaded with the executable: the dynamic loader takes a new file for a loaded one when it got the same inode.
  (*result)->library = library;
  (*result)->unload = [](void *handle) { dlclose(handle); };
  return INGOT_OK;
}
