//===- ParallelFor.cpp - The call that generated code makes --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Alone in its file: a library written by `ingot compile --emit=so` needs no more of the runtime than this to run in a
// host that brings a pool of its own.
//
//===----------------------------------------------------------------------===//

#include "runtime/abi.h"

void ingot_parallel_for(ingot_pool *pool, ingot_chunk_fn fn, void *env, int64_t chunks) {
  pool->parallel_for(pool, fn, env, chunks);
}
