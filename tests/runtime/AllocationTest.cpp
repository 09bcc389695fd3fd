//===- AllocationTest.cpp - Runs take no memory --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/ingot.h"
#include "tests/runtime/CountAllocations.h"
#include "tests/runtime/HandModel.h"

#include <gtest/gtest.h>

using namespace ingot;
using namespace ingot::runtime;

TEST(Allocation, TheThirdRunMakesNone) {
  if (!countsAllocations)
    GTEST_SKIP() << "a sanitizer has replaced the allocator";
  HandModel hand;
  for (unsigned threads : {1u, 3u}) {
    ingot_executable *executable;
    ingot_context *context;
    ingot_context_options options = {sizeof options, threads, 0};
    uint64_t before = allocations;
    ASSERT_EQ(ingot_executable_open(&hand.model, nullptr, &executable), INGOT_OK);
    ASSERT_EQ(ingot_context_create(executable, &options, &context), INGOT_OK);
    EXPECT_GT(allocations, before); // the counter counts
    ASSERT_EQ(ingot_context_run(context), INGOT_OK);
    ASSERT_EQ(ingot_context_run(context), INGOT_OK);
    before = allocations;
    int32_t status = ingot_context_run(context);
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(status, INGOT_OK);
    ingot_context_destroy(context);
    ingot_executable_close(executable);
  }
}
