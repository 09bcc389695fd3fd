//===- host.cpp - A compiled library in a host without LLVM ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <ingot/runtime/ingot.h>
#include <stdio.h>

int main(int argc, char **argv) {
  ingot_executable *model;
  ingot_context *context;
  if (argc != 2 || ingot_executable_load(argv[1], &model) || ingot_context_create(model, NULL, &context)) {
    fprintf(stderr, "error: %s\n", ingot_last_error());
    return 1;
  }
  if (ingot_context_run(context) != INGOT_OK) {
    fprintf(stderr, "error: %s\n", ingot_context_error(context));
    return 1;
  }
  const ingot_model *info = ingot_executable_model(model);
  printf("%s: %s of %u dimensions\n", info->name, info->outputs[0].name, info->outputs[0].rank);
  ingot_context_destroy(context);
  ingot_executable_close(model);
  return 0;
}
