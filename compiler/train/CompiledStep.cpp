//===- CompiledStep.cpp - Running steps of training ----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/train/CompiledStep.h"
#include "compiler/Compiler.h"
#include "compiler/train/Step.h"
#include "runtime/Session.h"

using namespace llvm;

namespace ingot {

static Error failure(ingot_status status, const Twine &text) { return make_error<StatusError>(status, text); }

CompiledStep::CompiledStep() = default;

CompiledStep::~CompiledStep() {
  ingot_context_destroy(context);
  ingot_executable_close(executable);
}

Expected<std::unique_ptr<CompiledStep>> CompiledStep::create(mlir::ModuleOp module, Objective objective, const Options &options,
                                                   unsigned threads) {
  Options rest = options;
  rest.compileFrom = Phase::Infer;
  Expected<std::unique_ptr<JitModel>> jit = compileAndLoad(module, rest);
  if (!jit)
    return jit.takeError();
  std::unique_ptr<CompiledStep> step(new CompiledStep());
  step->jit = std::move(*jit);
  step->inputs = objective.inputCount();
  if (ingot_status status =
          ingot_executable_open(&step->jit->model(), step->jit->weights(), &step->executable))
    return failure(status, ingot_last_error());
  ingot_context_options contextOptions = {sizeof(contextOptions), threads, 0};
  if (ingot_status status = ingot_context_create(step->executable, &contextOptions, &step->context))
    return failure(status, ingot_last_error());
  for (const auto &[i, value] : enumerate(objective.state)) {
    step->entries.push_back({value.name, value.isParameter, value.changes});
    if (ingot_status status =
            ingot_context_set_input(step->context, step->inputs + i, value.bytes.data(), value.bytes.size()))
      return failure(status, ingot_last_error());
  }
  return step;
}

const ingot_model &CompiledStep::model() const { return jit->model(); }

Error CompiledStep::setBatch(const runtime::Array<runtime::Tensor> &batch) {
  for (unsigned i = 0; i < batchInputs(); ++i)
    if (ingot_status status = ingot_context_set_input(context, i, batch[i].data(), batch[i].bytes()))
      return failure(status, ingot_last_error());
  return Error::success();
}

Expected<double> CompiledStep::step(double learningRate) {
  *static_cast<double *>(ingot_context_input(context, inputs - 1)) = learningRate;
  runtime::Text text;
  if (ingot_status status = runtime::runContext(context, text))
    return failure(status, text.c_str());
  // What was written is what the next step reads.
  unsigned output = 0;
  for (unsigned i = 0; i < entries.size(); ++i) {
    if (!entries[i].changes)
      continue;
    ++output;
    void *read = ingot_context_input(context, inputs + i), *written = ingot_context_output(context, output);
    uint64_t bytes = model().outputs[output].bytes;
    ingot_context_bind_input(context, inputs + i, written, bytes);
    ingot_context_bind_output(context, output, read, bytes);
  }
  const ingot_value_info &loss = model().outputs[0];
  runtime::Tensor value;
  if (ingot_status status = runtime::Tensor::create(loss.dtype, loss.dims, loss.rank, value, text))
    return failure(status, text.c_str());
  memcpy(value.data(), ingot_context_output(context, 0), loss.bytes);
  return value.toDouble(0);
}

MutableArrayRef<char> CompiledStep::stateBytes(size_t index) {
  return {static_cast<char *>(ingot_context_input(context, inputs + index)),
          size_t(model().inputs[inputs + index].bytes)};
}

} // namespace ingot
