//===- Message.h - What an error says ---------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TESTS_FRONTENDS_CPP_MESSAGE_H
#define INGOT_TESTS_FRONTENDS_CPP_MESSAGE_H

#include <functional>
#include <gtest/gtest.h>
#include <ingot/error.h>

/// What `f` complains of, which has to be an argument.
inline std::string messageOf(const std::function<void()> &f) {
  try {
    f();
  } catch (const ingot::Error &error) {
    EXPECT_EQ(error.code(), ingot::Code::bad_argument);
    return error.what();
  }
  return "nothing was thrown";
}

#endif // INGOT_TESTS_FRONTENDS_CPP_MESSAGE_H
