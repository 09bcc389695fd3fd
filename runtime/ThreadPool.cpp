//===- ThreadPool.cpp - The process's worker threads ---------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A job is published in one 64-bit ticket: its number in the upper half, the range of chunks that nobody has claimed
// yet in the lower. A thread claims a chunk by a compare-and-swap that shortens the range. When that succeeds, the
// ticket was unchanged since the thread read the job's other fields, so those belong to the same job: a thread that
// comes too late can never touch a job, and the caller need not wait for threads that sleep through one.
//
// Even workers claim from the front and odd ones from the back: in one loop after the other a core gets about the same
// part of the tensors, which its own cache still holds.
//
//===----------------------------------------------------------------------===//

#include "runtime/ThreadPool.h"

#include <atomic>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

using namespace ingot;
using namespace ingot::runtime;

namespace {

/// One user's share. `call` is first: generated code calls through it.
struct Share {
  ingot_pool call;
  unsigned threads;
  uint64_t scratchStride; // two buffers of a worker: a loop inside a chunk must not overwrite the chunk's own
  char *scratch;

  void *scratchOf(unsigned worker, unsigned depth) const {
    return scratch ? scratch + (uint64_t(worker) * 2 + (depth ? 1 : 0)) * scratchStride : nullptr;
  }
};

struct Workers {
  // What spinning threads read, in one cache line.
  alignas(64) std::atomic<uint64_t> ticket{0};
  std::atomic<ingot_chunk_fn> fn{nullptr};
  std::atomic<void *> env{nullptr};
  std::atomic<const Share *> share{nullptr};
  std::atomic<int64_t> base{0};   // added to a place in the range
  std::atomic<uint32_t> limit{0}; // workers from here on do not take part
  // Finished chunks of the job: written by every thread once a job.
  alignas(64) std::atomic<uint32_t> finished{0};
  // Held by the thread whose job runs.
  alignas(64) std::atomic<bool> isBusy{false};
  uint32_t job = 0;
  // Sleeping threads.
  alignas(64) std::atomic<uint32_t> sleepers{0};
  std::atomic<uint32_t> wakeUps{0}; // futex
  std::atomic<uint32_t> spinMicroseconds{0};
  std::atomic<bool> stops{false};
  // Guarded by the mutex.
  alignas(64) pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  unsigned users = 0, started = 0;
  pthread_t threads[maxThreads] = {};
};

/// The chunk that the current thread is in: of whose share, as which worker, how deep (0: in none).
struct Place {
  const Share *share;
  unsigned worker, depth;
};

} // namespace

static constinit Workers workers;
static constinit thread_local Place place{};

static void spin() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

static uint64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1'000'000'000 + uint64_t(time.tv_nsec);
}

static void wakeAll() {
  workers.wakeUps.fetch_add(1, std::memory_order_seq_cst);
  syscall(SYS_futex, &workers.wakeUps, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

// A ticket: number of the job (32 bits), first unclaimed chunk (16), end of the unclaimed ones (16).
static constexpr uint64_t oneAtFront = 1 << 16, maxRange = UINT16_MAX;
static uint64_t makeTicket(uint32_t job, uint64_t range) { return uint64_t(job) << 32 | range; }
static uint32_t front(uint64_t ticket) { return uint32_t(ticket) >> 16; }
static uint32_t back(uint64_t ticket) { return uint32_t(ticket) & UINT16_MAX; }
static bool hasUnclaimed(uint64_t ticket) { return front(ticket) != back(ticket); }

/// Whether the present job has a chunk for worker `worker`. The answer may be outdated at once.
static bool hasWork(unsigned worker) {
  return hasUnclaimed(workers.ticket.load(std::memory_order_acquire)) &&
         worker < workers.limit.load(std::memory_order_relaxed);
}

/// Claims and runs chunks of the present job as worker `worker` until none is left.
static void work(unsigned worker) {
  Place &here = place;
  uint32_t done = 0;
  uint64_t ticket = workers.ticket.load(std::memory_order_acquire);
  while (hasUnclaimed(ticket)) {
    // These may be another job's by now; then the compare-and-swap fails.
    ingot_chunk_fn fn = workers.fn.load(std::memory_order_relaxed);
    void *env = workers.env.load(std::memory_order_relaxed);
    const Share *share = workers.share.load(std::memory_order_relaxed);
    int64_t base = workers.base.load(std::memory_order_relaxed);
    if (worker >= workers.limit.load(std::memory_order_relaxed))
      break;
    bool fromBack = worker % 2;
    uint32_t index = fromBack ? back(ticket) - 1 : front(ticket);
    uint64_t shorter = fromBack ? ticket - 1 : ticket + oneAtFront;
    if (!workers.ticket.compare_exchange_weak(ticket, shorter, std::memory_order_acq_rel, std::memory_order_acquire))
      continue;
    here = {share, worker, 1};
    fn(env, base + index, share->scratchOf(worker, 0));
    ++done;
    ticket = workers.ticket.load(std::memory_order_acquire);
  }
  here = {};
  // Until this lands the job's caller waits, so all of `done` belongs to one job.
  if (done)
    workers.finished.fetch_add(done, std::memory_order_release);
}

static void runSerially(const Share *share, ingot_chunk_fn fn, void *env, int64_t chunks) {
  Place &here = place, outer = here;
  // In a chunk of the same share this worker's first buffer is in use.
  unsigned worker = outer.share == share ? outer.worker : 0, depth = outer.share == share ? outer.depth : 0;
  here = {share, worker, depth + 1};
  void *scratch = share->scratchOf(worker, depth);
  for (int64_t chunk = 0; chunk < chunks; ++chunk)
    fn(env, chunk, scratch);
  here = outer;
}

/// Publishes the chunks from `base` on, takes part in them and waits until all are done.
static void runJob(const Share *share, ingot_chunk_fn fn, void *env, int64_t base, uint32_t chunks) {
  workers.finished.store(0, std::memory_order_relaxed);
  workers.fn.store(fn, std::memory_order_relaxed);
  workers.env.store(env, std::memory_order_relaxed);
  workers.share.store(share, std::memory_order_relaxed);
  workers.base.store(base, std::memory_order_relaxed);
  workers.limit.store(share->threads, std::memory_order_relaxed);
  // This store and the load below, against the two in `park`: one side sees the other.
  workers.ticket.store(makeTicket(++workers.job, chunks), std::memory_order_seq_cst);
  if (workers.sleepers.load(std::memory_order_seq_cst))
    wakeAll();

  work(0);
  for (unsigned spins = 0; workers.finished.load(std::memory_order_acquire) != chunks; ++spins)
    if (spins < 4096)
      spin();
    else // the other thread may be waiting for this processor
      sched_yield();
}

static void parallelFor(ingot_pool *pool, ingot_chunk_fn fn, void *env, int64_t chunks) {
  const Share *share = reinterpret_cast<const Share *>(pool);
  if (share->threads == 1 || chunks <= 1 || place.depth || workers.isBusy.exchange(true, std::memory_order_acquire))
    return runSerially(share, fn, env, chunks);
  for (int64_t base = 0; base < chunks; base += int64_t(maxRange)) {
    int64_t left = chunks - base;
    runJob(share, fn, env, base, uint32_t(left < int64_t(maxRange) ? left : int64_t(maxRange)));
  }
  workers.isBusy.store(false, std::memory_order_release);
}

/// Sleeps until a job comes for worker `worker`, or the end.
static void park(unsigned worker) {
  workers.sleepers.fetch_add(1, std::memory_order_seq_cst);
  uint32_t seen = workers.wakeUps.load(std::memory_order_seq_cst);
  uint64_t ticket = workers.ticket.load(std::memory_order_seq_cst);
  bool isWanted = hasUnclaimed(ticket) && worker < workers.limit.load(std::memory_order_relaxed);
  if (!isWanted && !workers.stops.load(std::memory_order_seq_cst))
    syscall(SYS_futex, &workers.wakeUps, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
  workers.sleepers.fetch_sub(1, std::memory_order_seq_cst);
}

static void *runWorker(void *index) {
  unsigned worker = unsigned(reinterpret_cast<uintptr_t>(index));
  uint64_t idleSince = 0;
  for (unsigned spins = 0; !workers.stops.load(std::memory_order_acquire); ++spins) {
    if (hasWork(worker)) {
      work(worker);
      spins = 0;
      idleSince = 0;
      continue;
    }
    spin();
    if (spins % 64)
      continue;
    uint64_t time = now();
    if (!idleSince)
      idleSince = time;
    if (time - idleSince >= uint64_t(workers.spinMicroseconds.load(std::memory_order_relaxed)) * 1'000) {
      park(worker);
      idleSince = 0;
    }
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Shares
//===----------------------------------------------------------------------===//

/// Starts threads until there are `wanted` (the callers' own not counted). When the system refuses, fewer do the work.
static void startWorkers(unsigned wanted) {
  if (workers.started >= wanted)
    return;
  // Signals are for the host's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 8 << 20);
  while (workers.started < wanted) {
    void *index = reinterpret_cast<void *>(uintptr_t(workers.started + 1));
    if (pthread_create(&workers.threads[workers.started], &attributes, runWorker, index))
      break;
    ++workers.started;
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

static void stopWorkers() {
  workers.stops.store(true, std::memory_order_seq_cst);
  wakeAll();
  while (workers.started)
    pthread_join(workers.threads[--workers.started], nullptr);
  workers.stops.store(false, std::memory_order_seq_cst);
}

/// Processors that this process may use; with more threads than that, spinning takes time from those that work.
static unsigned processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  return sched_getaffinity(0, sizeof allowed, &allowed) ? 1 : unsigned(CPU_COUNT(&allowed));
}

ingot_status runtime::createPool(const PoolOptions &options, ingot_pool *&result, Text &error) {
  if (options.threads < 1 || options.threads > maxThreads) {
    error.append("got %u threads, want 1 to %u", options.threads, maxThreads);
    return INGOT_BAD_ARGUMENT;
  }
  Share *share = static_cast<Share *>(malloc(sizeof(Share)));
  uint64_t stride = 0, total = 0;
  bool fails = !share || __builtin_add_overflow(options.scratchBytes, uint64_t(INGOT_ALIGNMENT - 1), &stride);
  stride = stride / INGOT_ALIGNMENT * INGOT_ALIGNMENT;
  fails = fails || __builtin_mul_overflow(stride, uint64_t(options.threads) * 2, &total);
  char *scratch = !fails && total ? static_cast<char *>(aligned_alloc(INGOT_ALIGNMENT, total)) : nullptr;
  if (fails || (total && !scratch)) {
    free(share);
    error.append("not enough memory for %u scratch buffers of %" PRIu64 " bytes", options.threads,
                 options.scratchBytes);
    return INGOT_OUT_OF_MEMORY;
  }
  *share = {{parallelFor}, options.threads, stride, scratch};

  pthread_mutex_lock(&workers.mutex);
  ++workers.users;
  startWorkers(options.threads - 1);
  workers.spinMicroseconds.store(workers.started < processors() ? options.spinMicroseconds : 0,
                                 std::memory_order_relaxed);
  pthread_mutex_unlock(&workers.mutex);
  result = &share->call;
  return INGOT_OK;
}

void runtime::destroyPool(ingot_pool *pool) {
  if (!pool)
    return;
  Share *share = reinterpret_cast<Share *>(pool);
  pthread_mutex_lock(&workers.mutex);
  if (!--workers.users)
    stopWorkers();
  pthread_mutex_unlock(&workers.mutex);
  free(share->scratch);
  free(share);
}

unsigned runtime::poolThreads(const ingot_pool *pool) { return reinterpret_cast<const Share *>(pool)->threads; }
