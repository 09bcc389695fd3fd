//===- AllocationTest.cpp - Runs take no memory --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/ingot.h"
#include "tests/runtime/HandModel.h"

#include <atomic>
#include <gtest/gtest.h>

using namespace ingot::runtime;

// Sanitizers bring allocators of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define INGOT_CANNOT_COUNT
#endif
#endif

#ifndef INGOT_CANNOT_COUNT

static std::atomic<uint64_t> allocations{0};

// These stand before libc's: every allocation of the process, by whatever library, passes here.
extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *pointer, size_t size) {
  ++allocations;
  return __libc_realloc(pointer, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
}

TEST(Allocation, TheThirdRunMakesNone) {
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

#else

TEST(Allocation, TheThirdRunMakesNone) { GTEST_SKIP() << "a sanitizer has replaced the allocator"; }

#endif
