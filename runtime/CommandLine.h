//===- CommandLine.h - The options of programs ------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_COMMANDLINE_H
#define INGOT_RUNTIME_COMMANDLINE_H

#include "runtime/Array.h"
#include "runtime/Text.h"
#include "runtime/abi.h"

namespace ingot::runtime {

/// An option of a program and where its value goes.
struct Option {
  enum Kind { Flag, String, List, Count, Seconds } kind;
  const char *name, *value, *help; ///< value: what it takes, or null
  void *place;
  uint64_t low = 0, high = 0; ///< of a count

  static Option flag(const char *name, bool &place, const char *help) { return {Flag, name, nullptr, help, &place}; }
  static Option string(const char *name, const char *value, const char *&place, const char *help) {
    return {String, name, value, help, &place};
  }
  /// One that may come more than once.
  static Option list(const char *name, const char *value, Array<const char *> &place, const char *help) {
    return {List, name, value, help, &place};
  }
  static Option count(const char *name, uint64_t low, uint64_t high, uint64_t &place, const char *help) {
    return {Count, name, "N", help, &place, low, high};
  }
  static Option seconds(const char *name, double &place, const char *help) {
    return {Seconds, name, "S", help, &place};
  }
};

/// Reads `--name value`, `--name=value` and `--name`; `-h` is `--help`.
ingot_status parseCommandLine(int argc, char **argv, const Option *options, unsigned count, Text &error);

/// Appends a line for each option.
void appendOptions(Text &text, const Option *options, unsigned count);

/// The last lines of a help text.
void appendExitCodes(Text &text);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_COMMANDLINE_H
