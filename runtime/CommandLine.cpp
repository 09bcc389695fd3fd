//===- CommandLine.cpp - The options of programs --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/CommandLine.h"
#include "runtime/Array.h"
#include "runtime/Inputs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

ingot_status runtime::parseCommandLine(int argc, char **argv, const OptionRow *rows, unsigned numRows, SetOption set,
                                       void *settings, Text &error) {
  for (int i = 1; i < argc; ++i) {
    const char *argument = strcmp(argv[i], "-h") ? argv[i] : "--help";
    if (argument[0] != '-') {
      error.append("got argument '%s', want options only; see --help", argument);
      return INGOT_BAD_ARGUMENT;
    }
    size_t length = strcspn(argument, "=");
    const char *value = argument[length] ? argument + length + 1 : nullptr;
    const OptionRow *found = nullptr;
    Array<const char *> names;
    for (unsigned j = 0; j < numRows; ++j) {
      (void)names.push(rows[j].name);
      if (strlen(rows[j].name) == length && !strncmp(rows[j].name, argument, length))
        found = &rows[j];
    }
    if (!found) {
      Text name;
      name.appendBytes(argument, length);
      error.append("unknown option '%s'", name.c_str());
      if (const char *nearest = didYouMean(name.c_str(), names.data(), unsigned(names.size())))
        error.append("; did you mean '%s'?", nearest);
      else
        error.append("; see --help");
      return INGOT_BAD_ARGUMENT;
    }
    if (!found->value && value) {
      error.append("option %s: got '%s', want no value", found->name, value);
      return INGOT_BAD_ARGUMENT;
    }
    if (found->value && !value) {
      if (i + 1 == argc) {
        error.append("option %s: got nothing, want %s", found->name, found->value);
        return INGOT_BAD_ARGUMENT;
      }
      value = argv[++i];
    }
    if (ingot_status status = set(settings, found->name, value, error))
      return status;
  }
  return INGOT_OK;
}

ingot_status runtime::parseCount(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t &result,
                                 Text &error) {
  char *end = nullptr;
  errno = 0;
  result = strtoull(text, &end, 10);
  if (!*end && *text >= '0' && *text <= '9' && !errno && result >= low && result <= high)
    return INGOT_OK;
  if (high == UINT64_MAX)
    error.append("option %s: got '%s', want a number of at least %" PRIu64, option, text, low);
  else
    error.append("option %s: got '%s', want %" PRIu64 " to %" PRIu64, option, text, low, high);
  return INGOT_BAD_ARGUMENT;
}

void runtime::appendOptions(Text &text, const OptionRow *rows, unsigned numRows) {
  for (unsigned i = 0; i < numRows; ++i) {
    Text left;
    left.append(rows[i].value ? "%s %s" : "%s", rows[i].name, rows[i].value);
    text.append("  %-22s %s\n", left.c_str(), rows[i].help);
  }
}

void runtime::appendExitCodes(Text &text) {
  text.append("\nexit codes: 0 done, 1 the caller's mistake or bad input, 2 not supported, 3 a comparison failed, "
              "4 over a limit\n");
}
