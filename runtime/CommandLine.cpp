//===- CommandLine.cpp - The options of programs --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/CommandLine.h"
#include "runtime/Inputs.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

/// Reads a number from `low` to `high`.
static ingot_status parseCount(const Option &option, const char *text, Text &error) {
  char *end = nullptr;
  errno = 0;
  uint64_t result = strtoull(text, &end, 10);
  if (!*end && *text >= '0' && *text <= '9' && !errno && result >= option.low && result <= option.high) {
    *static_cast<uint64_t *>(option.place) = result;
    return INGOT_OK;
  }
  if (option.high == UINT64_MAX)
    error.append("option %s: got '%s', want a number of at least %" PRIu64, option.name, text, option.low);
  else
    error.append("option %s: got '%s', want %" PRIu64 " to %" PRIu64, option.name, text, option.low, option.high);
  return INGOT_BAD_ARGUMENT;
}

static ingot_status setOption(const Option &option, const char *value, Text &error) {
  switch (option.kind) {
  case Option::Flag:
    *static_cast<bool *>(option.place) = true;
    return INGOT_OK;
  case Option::String:
    *static_cast<const char **>(option.place) = value;
    return INGOT_OK;
  case Option::List:
    if (static_cast<Array<const char *> *>(option.place)->push(value))
      return INGOT_OK;
    error.append("not enough memory");
    return INGOT_OUT_OF_MEMORY;
  case Option::Count:
    return parseCount(option, value, error);
  case Option::Seconds: {
    char *end = nullptr;
    double seconds = strtod(value, &end);
    if (*end || !*value || !(seconds >= 0) || isinf(seconds)) {
      error.append("option %s: got '%s', want a number of seconds", option.name, value);
      return INGOT_BAD_ARGUMENT;
    }
    *static_cast<double *>(option.place) = seconds;
    return INGOT_OK;
  }
  }
  return INGOT_BAD_ARGUMENT;
}

ingot_status runtime::parseCommandLine(int argc, char **argv, const Option *options, unsigned count, Text &error) {
  for (int i = 1; i < argc; ++i) {
    const char *argument = strcmp(argv[i], "-h") ? argv[i] : "--help";
    if (argument[0] != '-') {
      error.append("got argument '%s', want options only; see --help", argument);
      return INGOT_BAD_ARGUMENT;
    }
    size_t length = strcspn(argument, "=");
    const char *value = argument[length] ? argument + length + 1 : nullptr;
    const Option *found = nullptr;
    Array<const char *> names;
    for (unsigned j = 0; j < count; ++j) {
      (void)names.push(options[j].name);
      if (strlen(options[j].name) == length && !strncmp(options[j].name, argument, length))
        found = &options[j];
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
    if (ingot_status status = setOption(*found, value, error))
      return status;
  }
  return INGOT_OK;
}

void runtime::appendOptions(Text &text, const Option *options, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    Text left;
    left.append(options[i].value ? "%s %s" : "%s", options[i].name, options[i].value);
    text.append("  %-22s %s\n", left.c_str(), options[i].help);
  }
}

void runtime::appendExitCodes(Text &text) {
  text.append("\nexit codes: 0 done, 1 the caller's mistake or bad input, 2 not supported, 3 a comparison failed, "
              "4 over a limit\n");
}
