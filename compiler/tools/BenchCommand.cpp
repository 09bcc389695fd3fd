//===- BenchCommand.cpp - ingot bench -------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Peak.h"
#include "compiler/tools/Command.h"
#include "compiler/tools/Peers.h"
#include "compiler/tools/Profile.h"
#include "dialects/ingot/Dialect.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Session.h"

using namespace llvm;

namespace ingot {
namespace {

struct BenchOptions {
  CompileFlags compile;
  std::string model, peers, python, profile;
  unsigned threads = 0;
  double seconds = 2;
  bool json = false;
};

/// One engine's times over all rounds.
struct Engine {
  std::string name;
  std::unique_ptr<Peer> peer; ///< null: ourselves
  std::vector<double> times;
};

} // namespace

static Error measureOurselves(LoadedModel &model, double seconds, std::vector<double> &times) {
  auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  size_t before = times.size();
  while (times.size() < before + 3 || std::chrono::steady_clock::now() < end) {
    runtime::Text error;
    auto start = std::chrono::steady_clock::now();
    if (ingot_status status = runtime::runContext(model.context(), error))
      return failure(status, error.c_str());
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return Error::success();
}

/// Multiplications and additions of the model's contractions; the rest of a model hardly counts.
static Expected<double> countFlops(const std::string &path, Options options) {
  options.compileTo = Phase::Group; // composites are apart by then
  options.dumpDir.clear();
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModel(*context, path, options);
  if (!module)
    return module.takeError();
  if (Error error = runPhases(**module, options))
    return error;
  double flops = 0;
  (*module)->walk([&](ContractionOpInterface op) {
    std::optional<Contraction> contraction = op.getContraction();
    if (!contraction)
      return;
    double product = 2.0 * contraction->channels * contraction->kernel[0] * contraction->kernel[1];
    for (int64_t size : contraction->outputShape)
      product *= size;
    for (auto scan = op->getParentOfType<ScanOp>(); scan; scan = scan->getParentOfType<ScanOp>())
      product *= scan.countSteps();
    flops += product;
  });
  return flops;
}

static Expected<int> run(const BenchOptions &options) {
  Expected<Options> compileOptions = options.compile.options();
  if (!compileOptions)
    return compileOptions.takeError();
  unsigned threads = options.threads ? options.threads : runtime::physicalCores();
  Progress progress;
  progress.show("compiling " + options.model);
  auto start = std::chrono::steady_clock::now();
  Expected<std::unique_ptr<LoadedModel>> loaded = compileInProcess(options.model, *compileOptions, threads);
  if (!loaded)
    return loaded.takeError();
  double compileSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const ingot_model &model = (*loaded)->model();

  Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  runtime::Array<runtime::Tensor> inputs, outputs;
  if (Error error = makeInputs(model, /*seed=*/0, *folder, inputs))
    return error;
  if (Error error = (*loaded)->run(inputs, outputs))
    return error;

  std::vector<Engine> engines(1);
  engines[0].name = "ingot";
  SmallVector<StringRef> names;
  StringRef(options.peers).split(names, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef name : names) {
    progress.show("starting " + name);
    Expected<std::unique_ptr<Peer>> peer =
        Peer::start(pythonInterpreter(options.python), name.str(), options.model, folder->root(), threads);
    if (!peer)
      return peer.takeError();
    if (Error error = (*peer)->run())
      return error;
    engines.push_back({name.str(), std::move(*peer), {}});
  }

  // The engines take turns, so that a busy moment of the machine meets all of them. The first round warms up.
  const int rounds = engines.size() == 1 ? 1 : 5;
  for (int round = 0; round <= rounds; ++round) {
    double seconds = round == 0 ? 0 : options.seconds / rounds;
    for (Engine &engine : engines) {
      progress.show("round " + Twine(round) + " of " + Twine(rounds) + ": " + engine.name);
      std::vector<double> times;
      if (!engine.peer) {
        if (Error error = measureOurselves(**loaded, seconds, times))
          return error;
      } else {
        Expected<std::vector<double>> measured = engine.peer->measure(seconds);
        if (!measured)
          return measured.takeError();
        times = std::move(*measured);
      }
      if (round > 0)
        append_range(engine.times, times);
    }
  }
  progress.clear();
  auto profile = [&]() -> Error {
    return options.profile.empty() ? Error::success()
                                   : writeProfile(options.model, *compileOptions, threads, inputs, options.profile,
                                                  /*isTold=*/!options.json);
  };

  std::vector<runtime::Timing> timings;
  for (Engine &engine : engines)
    timings.push_back(runtime::summarize(engine.times.data(), engine.times.size()));
  const runtime::Timing &ours = timings.front();
  Expected<double> flops = countFlops(options.model, *compileOptions);
  if (!flops)
    return flops.takeError();
  double gflops = *flops / ours.medianMs * 1e-6;
  // Measured now, beside the model: clocks and neighbours change.
  double peak = benchmarks::fmaPeak() * threads;
  if (options.json) {
    if (Error error = profile())
      return error;
    json::Object peers;
    for (size_t i = 1; i < engines.size(); ++i)
      peers[engines[i].name] = json::Object{{"min_ms", timings[i].minMs}, {"median_ms", timings[i].medianMs}};
    printJson(json::Object{{"name", model.name},
                           {"threads", threads},
                           {"compile_seconds", compileSeconds},
                           {"min_ms", ours.minMs},
                           {"median_ms", ours.medianMs},
                           {"p99_ms", ours.p99Ms},
                           {"gflops", gflops},
                           {"peak_fraction", peak > 0 ? json::Value(gflops / peak) : json::Value(nullptr)},
                           {"arena_bytes", model.arena_bytes},
                           {"weight_bytes", model.weight_bytes},
                           {"peers", std::move(peers)}});
    return 0;
  }
  outs() << formatv("{0}: {1} thread{2}, compiled in {3:f1} s, arena {4}, weights {5}\n", model.name, threads,
                    threads == 1 ? "" : "s", compileSeconds, readableSize(model.arena_bytes),
                    readableSize(model.weight_bytes));
  for (auto [engine, timing] : zip(engines, timings)) {
    outs() << formatv("{0,-12} min {1:f3} ms, median {2:f3} ms, p99 {3:f3} ms, {4} runs", engine.name, timing.minMs,
                      timing.medianMs, timing.p99Ms, timing.runs);
    if (!engine.peer && gflops > 0 && peak > 0)
      outs() << formatv(", {0:f1} GFLOP/s, {1:f0}% of the peak", gflops, 100 * gflops / peak);
    if (engine.peer)
      outs() << formatv("; ingot takes {0:f2} of its time", ours.medianMs / timing.medianMs);
    outs() << "\n";
  }
  if (Error error = profile())
    return error;
  return 0;
}

Command addBenchCommand(CLI::App &root) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App *app = root.add_subcommand("bench", "measure how long a model runs, beside other engines");
  app->add_option("model", options->model, "an ONNX model")->required()->type_name("MODEL");
  app->add_option("--threads", options->threads, "threads to use (default: the cores this process may use)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  app->add_option("--seconds", options->seconds, "how long to measure each engine (default: 2)")
      ->type_name("S")
      ->check(CLI::NonNegativeNumber);
  app->add_option("--vs", options->peers, "engines to run in turns with: onnxruntime, openvino")->type_name("LIST");
  app->add_option("--python", options->python, "Python with the other engines (default: INGOT_PYTHON, else python3)")
      ->type_name("PATH");
  app->add_option("--profile", options->profile, "write when each kernel of one run begins and ends to this trace")
      ->type_name("TRACE.json");
  app->add_flag("--json", options->json, "print the result as JSON");
  options->compile.addTo(*app, /*withTarget=*/false);
  return {app, [options] { return run(*options); }};
}

} // namespace ingot
