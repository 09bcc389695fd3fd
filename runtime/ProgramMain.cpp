//===- ProgramMain.cpp - main() of every program that Ingot writes -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/CommandLine.h"
#include "runtime/Compare.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Inputs.h"
#include "runtime/Report.h"
#include "runtime/Session.h"
#include "runtime/ThreadPool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

/// The compiled model that this program is linked with.
extern "C" const ingot_model ingot_model_main;
static const ingot_model &model = ingot_model_main;

namespace {
struct Options {
  InputOptions inputs;
  const char *outputDirectory = nullptr;
  bool wantsHelp = false, describes = false, benches = false, selfTests = false, json = false;
  double seconds = 2;
  uint64_t threads = 0; // 0: one for each core

  const Option table[10] = {
      Option::list("--input", "NAME=VALUE", inputs.bindings,
                   "an input: @FILE.npy, @FILE.pb, 1,2,3, rand:7 or 2x3xf32=rand:7"),
      Option::string("--inputs", "DIR", inputs.directory, "all inputs: a folder with input_0.pb, input_1.pb, ..."),
      Option::string("--output-dir", "DIR", outputDirectory,
                     "write every output to DIR/NAME.npy instead of printing it"),
      Option::count("--threads", 1, maxThreads, threads, "threads to use (default: the cores this process may use)"),
      Option::flag("--describe", describes, "print inputs, outputs, memory and target, and exit"),
      Option::flag("--bench", benches, "measure run times, on random inputs where none are given"),
      Option::seconds("--seconds", seconds, "how long --bench measures (default: 2)"),
      Option::flag("--selftest", selfTests, "run with one thread and with several, and demand the same bits"),
      Option::flag("--json", json, "print what is printed as JSON"),
      Option::flag("--help", wantsHelp, "print this text, and exit"),
  };
  static constexpr unsigned tableSize = sizeof(table) / sizeof(table[0]);
};
} // namespace

static void appendHelp(Text &text, const Options &options, const char *program) {
  text.append("usage: %s [OPTION]...\n\nRuns the model '%s', compiled by Ingot.\n\n", program, model.name);
  appendOptions(text, options.table, options.tableSize);
  text.append("\ninputs:\n");
  for (uint32_t i = 0; i < model.num_inputs; ++i) {
    text.append("  %s: ", model.inputs[i].name);
    appendType(text, model.inputs[i]);
    text.append("\n");
  }
  appendExitCodes(text);
}

//===----------------------------------------------------------------------===//
// Modes
//===----------------------------------------------------------------------===//

namespace {
/// A context that goes when its user does.
struct OwnedContext {
  ingot_context *context = nullptr;
  ~OwnedContext() { ingot_context_destroy(context); }

  ingot_status create(ingot_executable *executable, unsigned threads, const Array<Tensor> &inputs, Text &error) {
    ingot_context_options options = {sizeof options, threads, 0};
    if (ingot_status status = ingot_context_create(executable, &options, &context)) {
      error.append("%s", ingot_last_error());
      return status;
    }
    return setInputs(context, inputs, error);
  }
};
} // namespace

static ingot_status run(ingot_context *context, const Options &options, Text &text, Text &error) {
  Array<Tensor> outputs;
  if (ingot_status status = runContext(context, error))
    return status;
  if (ingot_status status = getOutputs(context, outputs, error))
    return status;
  if (options.outputDirectory)
    return writeOutputs(options.outputDirectory, model, outputs, error);
  appendOutputs(text, model, outputs, options.json);
  return INGOT_OK;
}

static ingot_status bench(ingot_context *context, const Options &options, Text &text, Text &error) {
  Timing timing;
  auto once = [&](Text &cause) { return runContext(context, cause); };
  if (ingot_status status = measure(once, options.seconds, timing, error))
    return status;
  appendTiming(text, model, threadsOf(context), timing, options.json);
  return INGOT_OK;
}

/// Runs twice with one thread and twice with several. Arena and outputs hold other bytes before each run, so a value
/// that is read before it is written shows as a difference.
static ingot_status selfTest(ingot_executable *executable, const Options &options, const Array<Tensor> &inputs,
                             Text &text, Text &error) {
  unsigned several = options.threads > 1 ? unsigned(options.threads) : physicalCores() > 1 ? physicalCores() : 2;
  Array<Tensor> first;
  unsigned char byte = 0x00;
  for (unsigned threads : {1u, several}) {
    OwnedContext owned;
    if (ingot_status status = owned.create(executable, threads, inputs, error))
      return status;
    for (unsigned repeat = 0; repeat < 2; ++repeat, byte += 0x55) {
      Array<Tensor> outputs;
      poison(owned.context, byte);
      if (ingot_status status = runContext(owned.context, error))
        return status;
      if (ingot_status status = getOutputs(owned.context, outputs, error))
        return status;
      if (first.empty()) {
        first = static_cast<Array<Tensor> &&>(outputs);
        continue;
      }
      for (size_t i = 0; i < outputs.size(); ++i) {
        if (identical(outputs[i], first[i]))
          continue;
        Comparison comparison = compareTensors(outputs[i], first[i], 0, 0);
        error.append("selftest: output '%s' of run %u with %u threads differs from the first run: %s",
                     model.outputs[i].name, repeat + 1, threads, comparison.detail.c_str());
        return INGOT_MISMATCH;
      }
    }
    for (size_t i = 0; i < inputs.size(); ++i)
      if (memcmp(ingot_context_input(owned.context, uint32_t(i)), inputs[i].data(), inputs[i].bytes())) {
        error.append("selftest: a run changed input '%s'", model.inputs[i].name);
        return INGOT_MISMATCH;
      }
  }
  if (options.json)
    text.append("{\"selftest\": \"passed\", \"threads\": [1, %u], \"arena_bytes\": %llu}\n", several,
                (unsigned long long)model.arena_bytes);
  else {
    text.append("selftest passed: the same bits from 2 runs with 1 thread and 2 with %u, arena ", several);
    appendSize(text, model.arena_bytes);
    text.append("\n");
  }
  return INGOT_OK;
}

static ingot_status runMode(Options &options, Text &text, Text &error) {
  ingot_executable *executable = nullptr;
  if (ingot_status status = ingot_executable_open(&model, nullptr, &executable)) {
    error.append("%s", ingot_last_error());
    return status;
  }
  options.inputs.fillMissing = options.benches || options.selfTests;
  options.inputs.dims = model.dims;
  options.inputs.numDims = model.num_dims;
  Array<Tensor> inputs;
  ingot_status status = gatherInputs(model.inputs, model.num_inputs, options.inputs, inputs, error);
  if (status == INGOT_OK && options.selfTests) {
    status = selfTest(executable, options, inputs, text, error);
  } else if (status == INGOT_OK) {
    OwnedContext owned;
    status = owned.create(executable, options.threads ? unsigned(options.threads) : physicalCores(), inputs, error);
    if (status == INGOT_OK)
      status = options.benches ? bench(owned.context, options, text, error) : run(owned.context, options, text, error);
  }
  ingot_executable_close(executable);
  return status;
}

int main(int argc, char **argv) {
  Options options;
  Text text, error;
  ingot_status status = parseCommandLine(argc, argv, options.table, options.tableSize, error);
  if (status == INGOT_OK) {
    if (options.wantsHelp) {
      appendHelp(text, options, argv[0]);
    } else if (options.describes + options.benches + options.selfTests > 1) {
      error.append("got two of --describe, --bench and --selftest, want one");
      status = INGOT_BAD_ARGUMENT;
    } else if (options.describes) {
      appendDescription(text, model, options.json);
    } else {
      status = runMode(options, text, error);
    }
  }
  if (!text.empty() && (fputs(text.c_str(), stdout) < 0 || fflush(stdout)) && status == INGOT_OK) {
    error.append("cannot write to standard output: %s", strerror(errno));
    status = INGOT_IO;
  }
  if (status != INGOT_OK)
    fprintf(stderr, "error: %s\n", error.c_str());
  return exitCode(status);
}
