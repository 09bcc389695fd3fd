//===- ThreadPool.h - The process's worker threads -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_THREADPOOL_H
#define INGOT_RUNTIME_THREADPOOL_H

#include "runtime/Text.h"
#include "runtime/abi.h"

namespace ingot::runtime {

struct PoolOptions {
  unsigned threads = 1;              ///< the calling thread included
  uint64_t scratchBytes = 0;         ///< each worker's own buffer
  unsigned spinMicroseconds = 1'000; ///< how long an idle worker looks for work before it sleeps
};

constexpr unsigned maxThreads = 1024;

/// Makes one user's share of the process's pool: a number of threads and a scratch buffer for each. The worker threads
/// behind it are shared: the first share starts them, a larger one adds to them, the last one to go stops them.
ingot_status createPool(const PoolOptions &options, ingot_pool *&result, Text &error);
void destroyPool(ingot_pool *pool);

unsigned poolThreads(const ingot_pool *pool);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_THREADPOOL_H
