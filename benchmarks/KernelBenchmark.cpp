//===- KernelBenchmark.cpp - Measures each kernel beside the peak ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A Google Benchmark program with one more option, --threads=N. The peak is measured before each run of a kernel, for as
// long as the last run took: on a shared machine a percentage means something only beside what ran at the same time.
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Kernels.h"
#include "benchmarks/Peak.h"
#include "compiler/Compiler.h"
#include "compiler/cpu/CpuTarget.h"
#include "dialects/ingot/Dialect.h"
#include "mlir/Parser/Parser.h"
#include "runtime/ingot.h"
#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <random>

using namespace mlir;
using namespace ingot::benchmarks;

static unsigned threads = 1;
static std::mt19937 generator(0);

static void fill(float *data, size_t count) {
  std::uniform_real_distribution<float> distribution(0.01f, 0.11f);
  for (size_t i = 0; i < count; ++i)
    data[i] = distribution(generator);
}

namespace {

/// A kernel that is ready to run.
class Compiled {
public:
  /// Null, with a message on stderr, when the kernel cannot be compiled.
  static std::unique_ptr<Compiled> create(const Kernel &kernel) {
    std::unique_ptr<Compiled> result(new Compiled());
    result->mlir = ingot::createContext();
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(kernel.module, result->mlir.get());
    if (!module)
      return nullptr;
    ingot::WeightStore &weights = result->mlir->getLoadedDialect<ingot::IngotDialect>()->getWeights();
    module->walk([&](ingot::WeightOp weight) {
      std::vector<float> values(weight.getTensorType().getNumElements());
      fill(values.data(), values.size());
      weight.setKey(weights.add(llvm::ArrayRef(reinterpret_cast<const char *>(values.data()), values.size() * 4)));
    });
    ingot::Options options;
    options.target = ingot::hostTarget();
    llvm::Expected<std::unique_ptr<ingot::JitModel>> model = ingot::compileAndLoad(*module, options);
    if (!model) {
      llvm::errs() << kernel.name << ": error: " << llvm::toString(model.takeError()) << "\n";
      return nullptr;
    }
    result->model = std::move(*model);
    ingot_context_options contextOptions = {sizeof(ingot_context_options), threads, 0};
    if (ingot_executable_open(&result->model->model(), result->model->weights(), &result->executable) ||
        ingot_context_create(result->executable, &contextOptions, &result->context)) {
      llvm::errs() << kernel.name << ": error: " << ingot_last_error() << "\n";
      return nullptr;
    }
    for (unsigned i = 0; i < result->model->model().num_inputs; ++i)
      fill(static_cast<float *>(ingot_context_input(result->context, i)), result->model->model().inputs[i].bytes / 4);
    return result;
  }

  ~Compiled() {
    ingot_context_destroy(context);
    ingot_executable_close(executable);
  }

  bool run() { return ingot_context_run(context) == INGOT_OK; }

private:
  std::unique_ptr<MLIRContext> mlir;
  std::unique_ptr<ingot::JitModel> model;
  ingot_executable *executable = nullptr;
  ingot_context *context = nullptr;
};

} // namespace

static double medianOf(std::vector<double> &values) {
  auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

static void measure(benchmark::State &state, const Kernel &kernel) {
  // The library calls this several times in a row for one kernel, and never goes back to an earlier one.
  static std::string name;
  static std::unique_ptr<Compiled> compiled;
  if (name != kernel.name) {
    name = kernel.name;
    compiled.reset();
    compiled = Compiled::create(kernel);
  }
  if (!compiled || !compiled->run()) {
    state.SkipWithError("the kernel cannot be compiled");
    return;
  }
  std::vector<double> seconds, fractions;
  double bestPeak = 0;
  std::chrono::duration<double> elapsed{};
  for (auto _ : state) {
    double peak = fmaRate(elapsed.count()) * threads;
    bestPeak = std::max(bestPeak, peak);
    auto start = std::chrono::steady_clock::now();
    compiled->run();
    elapsed = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(elapsed.count());
    seconds.push_back(elapsed.count());
    fractions.push_back(kernel.flops / elapsed.count() / 1e9 / peak);
  }
  // A mean would count the runs and the peaks that others interrupted.
  double median = medianOf(seconds);
  state.counters["median_ms"] = median * 1e3;
  state.counters["GFLOP/s"] = kernel.flops / median / 1e9;
  state.counters["peak"] = medianOf(fractions);
  // What the kernel reaches when nothing else wants the caches: its best run beside the best peak.
  state.counters["best"] = kernel.flops / *llvm::min_element(seconds) / 1e9 / bestPeak;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    if (argument.consume_front("--threads=") && !argument.getAsInteger(10, threads)) {
      std::rotate(argv + i, argv + i + 1, argv + argc);
      --argc;
      --i;
    }
  }
  for (const Kernel &kernel : kernels())
    benchmark::RegisterBenchmark(kernel.name.c_str(), [kernel](benchmark::State &state) { measure(state, kernel); })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
