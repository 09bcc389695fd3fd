//===- LibraryHost.cpp - Runs a compiled library on test data -------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LibraryHost LIBRARY [DATA]: with one, two and three threads, runs the library three times on the inputs of a
// test_data_set_K folder (without one: on random inputs). The third run must not allocate, the outputs must be those of
// the folder, and their bits must not depend on the threads. Built twice: as it is, and with the address and the
// undefined-behaviour sanitizer, for libraries that `ingot compile --sanitize` wrote.
//
//===----------------------------------------------------------------------===//

#include "runtime/Compare.h"
#include "runtime/Inputs.h"
#include "runtime/Session.h"
#include "runtime/TensorFile.h"
#include "tests/runtime/CountAllocations.h"

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace ingot;
using namespace ingot::runtime;

[[noreturn]] static void fail(const std::string &text) {
  fprintf(stderr, "error: %s\n", text.c_str());
  exit(1);
}

static void check(ingot_status status, const Text &error) {
  if (status != INGOT_OK)
    fail(error.c_str());
}

/// The outputs of the third run, which takes no memory.
static void runThrice(ingot_executable *executable, unsigned threads, const Array<Tensor> &inputs,
                      Array<Tensor> &outputs) {
  ingot_context *context;
  ingot_context_options options = {sizeof options, threads, /*spin_microseconds=*/0};
  uint64_t before = allocations;
  if (ingot_context_create(executable, &options, &context))
    fail(ingot_last_error());
  if (countsAllocations && allocations == before)
    fail("the counter of allocations does not count");
  Text error;
  check(setInputs(context, inputs, error), error);
  for (int run = 0; run < 3; ++run) {
    before = allocations;
    int32_t status = ingot_context_run(context);
    uint64_t made = allocations - before;
    if (status != INGOT_OK)
      fail(ingot_context_error(context));
    if (run == 2 && made != 0)
      fail("the third run with " + std::to_string(threads) + " threads made " + std::to_string(made) + " allocations");
  }
  check(getOutputs(context, outputs, error), error);
  ingot_context_destroy(context);
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3)
    fail("want LIBRARY [DATA]");
  const char *folder = argc == 3 ? argv[2] : nullptr;
  ingot_executable *executable;
  if (ingot_executable_load(argv[1], &executable))
    fail(ingot_last_error());
  const ingot_model &model = *ingot_executable_model(executable);
  Text error;
  InputOptions gather;
  gather.directory = folder;
  gather.fillMissing = !folder;
  Array<Tensor> inputs, first;
  check(gatherInputs(model.inputs, model.num_inputs, gather, inputs, error), error);

  runThrice(executable, 1, inputs, first);
  for (unsigned threads : {2u, 3u}) {
    Array<Tensor> outputs;
    runThrice(executable, threads, inputs, outputs);
    for (size_t i = 0; i < outputs.size(); ++i)
      if (!identical(outputs[i], first[i]))
        fail(std::to_string(threads) + " threads give other bits of output '" + model.outputs[i].name + "' than one");
  }
  for (size_t i = 0; folder && i < first.size(); ++i) {
    Tensor want;
    std::string path = std::string(folder) + "/output_" + std::to_string(i) + ".pb";
    check(readTensorProto(path.c_str(), want, nullptr, error), error);
    Comparison comparison = compareTensors(first[i], want, /*rtol=*/1e-3, /*atol=*/1e-5);
    if (!comparison.equal)
      fail(std::string("output '") + model.outputs[i].name + "': " + comparison.detail.c_str());
  }
  ingot_executable_close(executable);
  return 0;
}
