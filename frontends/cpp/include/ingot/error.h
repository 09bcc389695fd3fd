//===- error.h - What goes wrong --------------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_ERROR_H
#define INGOT_ERROR_H

#include <source_location>
#include <stdexcept>
#include <string>

namespace ingot {

/// What a call came to; the numbers are the command line's exit codes.
enum class Code {
  ok = 0,
  bad_argument = 1, ///< the caller's mistake or bad input
  unsupported = 2,  ///< the model needs something that is not supported; the text lists all of it
  mismatch = 3,     ///< a comparison failed
  limit = 4,        ///< over a stated limit
};

/// What every function of the interface throws.
class Error : public std::runtime_error {
public:
  Error(Code code, const std::string &text) : std::runtime_error(text), status(code) {}
  Code code() const { return status; }

private:
  Code status;
};

/// The caller's line, which a defaulted parameter of this type picks up.
using Where = std::source_location;

} // namespace ingot

#endif // INGOT_ERROR_H
