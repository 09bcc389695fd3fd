//===- CountAllocations.h - Counts what a process allocates --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Defines the allocator's functions, so only one file of a program includes it. They stand before libc's: every
// allocation of the process, by whatever library, passes here.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TESTS_RUNTIME_COUNTALLOCATIONS_H
#define INGOT_TESTS_RUNTIME_COUNTALLOCATIONS_H

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace ingot {

inline std::atomic<uint64_t> allocations{0};

// Sanitizers bring allocators of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define INGOT_CANNOT_COUNT
#endif
#endif
#ifdef INGOT_CANNOT_COUNT
inline constexpr bool countsAllocations = false;
#else
inline constexpr bool countsAllocations = true;
#endif

} // namespace ingot

#ifndef INGOT_CANNOT_COUNT

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  ++ingot::allocations;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++ingot::allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *pointer, size_t size) {
  ++ingot::allocations;
  return __libc_realloc(pointer, size);
}
void *memalign(size_t alignment, size_t size) {
  ++ingot::allocations;
  return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  ++ingot::allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **result, size_t alignment, size_t size) {
  ++ingot::allocations;
  *result = __libc_memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}
}

#endif // INGOT_CANNOT_COUNT

#endif // INGOT_TESTS_RUNTIME_COUNTALLOCATIONS_H
