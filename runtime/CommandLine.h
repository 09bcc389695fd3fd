//===- CommandLine.h - The options of programs ------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_COMMANDLINE_H
#define INGOT_RUNTIME_COMMANDLINE_H

#include "runtime/Text.h"
#include "runtime/abi.h"

namespace ingot::runtime {

struct OptionRow {
  const char *name, *value, *help; ///< value: what it takes, or null
};

/// Takes an option; `value` is null for one that takes none.
using SetOption = ingot_status (*)(void *settings, const char *name, const char *value, Text &error);

/// Reads `--name value`, `--name=value` and `--name`, and hands each to `set`; `-h` is `--help`.
ingot_status parseCommandLine(int argc, char **argv, const OptionRow *rows, unsigned numRows, SetOption set,
                              void *settings, Text &error);

/// Reads a number from `low` to `high`; the error names the option.
ingot_status parseCount(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t &result,
                        Text &error);

/// Appends a line for each option.
void appendOptions(Text &text, const OptionRow *rows, unsigned numRows);

/// The last lines of a help text.
void appendExitCodes(Text &text);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_COMMANDLINE_H
