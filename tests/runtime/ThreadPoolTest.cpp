//===- ThreadPoolTest.cpp - Every chunk once, whoever runs it ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Built twice: as it is, and with the thread sanitizer.
//
//===----------------------------------------------------------------------===//

#include "runtime/ThreadPool.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>
#include <time.h>
#include <vector>

using namespace ingot::runtime;

namespace {
/// A share that goes with the test.
struct Pool {
  explicit Pool(unsigned threads, uint64_t scratchBytes = 0, unsigned spinMicroseconds = 1'000) {
    Text error;
    EXPECT_EQ(createPool({threads, scratchBytes, spinMicroseconds}, pool, error), INGOT_OK) << error.c_str();
  }
  ~Pool() { destroyPool(pool); }
  operator ingot_pool *() { return pool; }

  ingot_pool *pool = nullptr;
};

/// Counts how often each chunk runs, in plain memory: the pool alone must order the accesses.
struct Counts {
  explicit Counts(int64_t chunks) : counts(size_t(chunks)) {}
  static void run(void *env, int64_t chunk, void *) { ++static_cast<Counts *>(env)->counts[size_t(chunk)]; }
  bool all(unsigned wanted) const {
    for (unsigned count : counts)
      if (count != wanted)
        return false;
    return true;
  }

  std::vector<unsigned> counts;
};
} // namespace

TEST(ThreadPool, RunsEveryChunkOnce) {
  for (unsigned threads : {1u, 2u, 3u, 8u}) {
    Pool pool(threads);
    EXPECT_EQ(poolThreads(pool), threads);
    for (int64_t chunks : {0, 1, 2, 7, 64, 1000}) {
      Counts counts(chunks);
      for (unsigned repeat = 1; repeat <= 50; ++repeat) {
        ingot_parallel_for(pool, Counts::run, &counts, chunks);
        ASSERT_TRUE(counts.all(repeat)) << threads << " threads, " << chunks << " chunks";
      }
    }
  }
}

TEST(ThreadPool, RunsMoreChunksThanATicketHolds) {
  Pool pool(3);
  Counts counts(200'001);
  ingot_parallel_for(pool, Counts::run, &counts, 200'001);
  EXPECT_TRUE(counts.all(1));
}

TEST(ThreadPool, SleepingWorkersWakeUp) {
  // Workers that never spin, with pauses in which they surely sleep.
  Pool pool(3, 0, 0);
  Counts counts(16);
  for (unsigned repeat = 1; repeat <= 20; ++repeat) {
    timespec pause = {0, 2'000'000};
    nanosleep(&pause, nullptr);
    ingot_parallel_for(pool, Counts::run, &counts, 16);
    ASSERT_TRUE(counts.all(repeat));
  }
}

TEST(ThreadPool, SeveralThreadsTakePart) {
  struct Meeting {
    std::atomic<unsigned> arrived{0};
    // Both chunks wait for each other: with one thread this would not end.
    static void run(void *env, int64_t, void *) {
      Meeting &meeting = *static_cast<Meeting *>(env);
      ++meeting.arrived;
      while (meeting.arrived < 2)
        std::this_thread::yield();
    }
  } meeting;
  Pool pool(2);
  ingot_parallel_for(pool, Meeting::run, &meeting, 2);
  EXPECT_EQ(meeting.arrived, 2u);
}

TEST(ThreadPool, WorkersHaveScratchOfTheirOwn) {
  constexpr uint64_t bytes = 1000;
  struct Env {
    std::atomic<bool> isAligned{true}, isOwn{true};
    static void run(void *env, int64_t chunk, void *scratch) {
      Env &self = *static_cast<Env *>(env);
      if (reinterpret_cast<uintptr_t>(scratch) % INGOT_ALIGNMENT)
        self.isAligned = false;
      memset(scratch, int(chunk), bytes);
      for (uint64_t i = 0; i < bytes; ++i)
        if (static_cast<unsigned char *>(scratch)[i] != (unsigned char)chunk)
          self.isOwn = false;
    }
  } env;
  Pool pool(4, bytes);
  ingot_parallel_for(pool, Env::run, &env, 200);
  EXPECT_TRUE(env.isAligned);
  EXPECT_TRUE(env.isOwn);
}

TEST(ThreadPool, LoopsInsideChunksRunSerially) {
  struct Env {
    ingot_pool *pool;
    std::vector<Counts> inner;
    std::atomic<bool> isIntact{true};
    static void run(void *env, int64_t chunk, void *scratch) {
      Env &self = *static_cast<Env *>(env);
      memset(scratch, 0x11, 256);
      ingot_parallel_for(self.pool, fill, &self.inner[size_t(chunk)], 10);
      for (unsigned i = 0; i < 256; ++i) // the inner loop has a buffer of its own
        if (static_cast<unsigned char *>(scratch)[i] != 0x11)
          self.isIntact = false;
    }
    static void fill(void *counts, int64_t chunk, void *scratch) {
      memset(scratch, 0x22, 256);
      Counts::run(counts, chunk, scratch);
    }
  };
  for (unsigned threads : {1u, 3u}) {
    Pool pool(threads, 256);
    Env env{pool, std::vector<Counts>(20, Counts(10))};
    ingot_parallel_for(pool, Env::run, &env, 20);
    for (const Counts &counts : env.inner)
      EXPECT_TRUE(counts.all(1));
    EXPECT_TRUE(env.isIntact);
  }
}

TEST(ThreadPool, SecondCallersRunSerially) {
  std::vector<std::thread> callers;
  std::atomic<bool> isRight{true};
  for (unsigned i = 0; i < 4; ++i)
    callers.emplace_back([&isRight] {
      Pool pool(3, 64);
      Counts counts(9);
      for (unsigned repeat = 1; repeat <= 300; ++repeat) {
        ingot_parallel_for(pool, Counts::run, &counts, 9);
        if (!counts.all(repeat))
          isRight = false;
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_TRUE(isRight);
}

TEST(ThreadPool, SharesOfDifferentSizesStandSideBySide) {
  Pool large(4, 128), small(2, 512), one(1, 64);
  Counts counts(33);
  for (unsigned repeat = 0; repeat < 200; ++repeat) {
    ingot_parallel_for(large, Counts::run, &counts, 33);
    ingot_parallel_for(small, Counts::run, &counts, 33);
    ingot_parallel_for(one, Counts::run, &counts, 33);
  }
  EXPECT_TRUE(counts.all(600));
}

TEST(ThreadPool, StartsAndStopsAgainAndAgain) {
  for (unsigned repeat = 0; repeat < 30; ++repeat) {
    Pool pool(1 + repeat % 4);
    Counts counts(5);
    ingot_parallel_for(pool, Counts::run, &counts, 5);
    EXPECT_TRUE(counts.all(1));
  }
}

TEST(ThreadPool, RefusesOddNumbersOfThreads) {
  ingot_pool *pool = nullptr;
  Text error;
  EXPECT_EQ(createPool({0, 0, 0}, pool, error), INGOT_BAD_ARGUMENT);
  EXPECT_STREQ(error.c_str(), "got 0 threads, want 1 to 1024");
  EXPECT_EQ(createPool({maxThreads + 1, 0, 0}, pool, error), INGOT_BAD_ARGUMENT);
  EXPECT_EQ(createPool({2, UINT64_MAX / 2, 0}, pool, error), INGOT_OUT_OF_MEMORY);
}
