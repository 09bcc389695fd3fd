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
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

/// The compiled model that this program is linked with.
extern "C" const ingot_model ingot_model_main;
static const ingot_model &model = ingot_model_main;

namespace {
struct Options {
  enum Mode { Run, Help, Describe, Bench, SelfTest } mode = Run;
  InputOptions inputs;
  const char *outputDirectory = nullptr;
  bool json = false;
  double seconds = 2;
  unsigned threads = 0; // 0: one for each core
};
} // namespace

static constexpr OptionRow optionRows[] = {
    {"--input", "NAME=VALUE", "an input: @FILE.npy, @FILE.pb, 1,2,3, rand:7 or 2x3xf32=rand:7"},
    {"--inputs", "DIR", "all inputs: a folder with input_0.pb, input_1.pb, ..."},
    {"--output-dir", "DIR", "write every output to DIR/NAME.npy instead of printing it"},
    {"--threads", "N", "threads to use (default: the cores this process may use)"},
    {"--describe", nullptr, "print inputs, outputs, memory and target, and exit"},
    {"--bench", nullptr, "measure run times, on random inputs where none are given"},
    {"--seconds", "S", "how long --bench measures (default: 2)"},
    {"--selftest", nullptr, "run with one thread and with several, and demand the same bits"},
    {"--json", nullptr, "print what is printed as JSON"},
    {"--help", nullptr, "print this text, and exit"},
};
static constexpr unsigned numOptions = sizeof(optionRows) / sizeof(optionRows[0]);

//===----------------------------------------------------------------------===//
// Command line
//===----------------------------------------------------------------------===//

static ingot_status setOption(void *settings, const char *name, const char *value, Text &error) {
  Options &options = *static_cast<Options *>(settings);
  auto is = [name](const char *other) { return !strcmp(name, other); };
  char *end = nullptr;
  if (is("--input")) {
    if (!options.inputs.bindings.push(value)) {
      error.append("not enough memory");
      return INGOT_OUT_OF_MEMORY;
    }
  } else if (is("--inputs")) {
    options.inputs.directory = value;
  } else if (is("--output-dir")) {
    options.outputDirectory = value;
  } else if (is("--threads")) {
    uint64_t count;
    if (ingot_status status = parseCount(name, value, 1, maxThreads, count, error))
      return status;
    options.threads = unsigned(count);
  } else if (is("--seconds")) {
    options.seconds = strtod(value, &end);
    if (*end || !*value || !(options.seconds >= 0) || isinf(options.seconds)) {
      error.append("option --seconds: got '%s', want a number of seconds", value);
      return INGOT_BAD_ARGUMENT;
    }
  } else if (is("--json")) {
    options.json = true;
  } else {
    Options::Mode mode = is("--describe") ? Options::Describe
                         : is("--bench")  ? Options::Bench
                         : is("--help")   ? Options::Help
                                          : Options::SelfTest;
    if (options.mode != Options::Run && options.mode != mode && options.mode != Options::Help &&
        mode != Options::Help) {
      error.append("got two of --describe, --bench and --selftest, want one");
      return INGOT_BAD_ARGUMENT;
    }
    if (options.mode != Options::Help)
      options.mode = mode;
  }
  return INGOT_OK;
}

static void appendHelp(Text &text, const char *program) {
  text.append("usage: %s [OPTION]...\n\nRuns the model '%s', compiled by Ingot.\n\n", program, model.name);
  appendOptions(text, optionRows, numOptions);
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
  if (ingot_status status = measure(context, options.seconds, timing, error))
    return status;
  appendTiming(text, model, threadsOf(context), timing, options.json);
  return INGOT_OK;
}

/// Runs twice with one thread and twice with several. Arena and outputs hold other bytes before each run, so a value
/// that is read before it is written shows as a difference.
static ingot_status selfTest(ingot_executable *executable, const Options &options, const Array<Tensor> &inputs,
                             Text &text, Text &error) {
  unsigned several = options.threads > 1 ? options.threads : physicalCores() > 1 ? physicalCores() : 2;
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
  options.inputs.fillMissing = options.mode != Options::Run;
  options.inputs.dims = model.dims;
  options.inputs.numDims = model.num_dims;
  Array<Tensor> inputs;
  ingot_status status = gatherInputs(model.inputs, model.num_inputs, options.inputs, inputs, error);
  if (status == INGOT_OK && options.mode == Options::SelfTest) {
    status = selfTest(executable, options, inputs, text, error);
  } else if (status == INGOT_OK) {
    OwnedContext owned;
    status = owned.create(executable, options.threads ? options.threads : physicalCores(), inputs, error);
    if (status == INGOT_OK)
      status = options.mode == Options::Bench ? bench(owned.context, options, text, error)
                                              : run(owned.context, options, text, error);
  }
  ingot_executable_close(executable);
  return status;
}

int main(int argc, char **argv) {
  Options options;
  Text text, error;
  ingot_status status = parseCommandLine(argc, argv, optionRows, numOptions, setOption, &options, error);
  if (status == INGOT_OK) {
    if (options.mode == Options::Help)
      appendHelp(text, argv[0]);
    else if (options.mode == Options::Describe)
      appendDescription(text, model, options.json);
    else
      status = runMode(options, text, error);
  }
  if (!text.empty() && (fputs(text.c_str(), stdout) < 0 || fflush(stdout)) && status == INGOT_OK) {
    error.append("cannot write to standard output: %s", strerror(errno));
    status = INGOT_IO;
  }
  if (status != INGOT_OK)
    fprintf(stderr, "error: %s\n", error.c_str());
  return exitCode(status);
}
