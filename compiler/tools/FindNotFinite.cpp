//===- FindNotFinite.cpp - Where a loss went wrong ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/FindNotFinite.h"
#include "runtime/Session.h"

using namespace llvm;

namespace ingot {

Expected<std::string> findNotFinite(LoadedObjective begun, runtime::TrainingStep &step) {
  std::vector<std::string> nodes = begun.objective.buildTrace();
  unsigned inputs = begun.objective.inputCount();
  begun.options.compileFrom = Phase::Infer;
  Expected<std::unique_ptr<JitModel>> jit = compileAndLoad(*begun.module, begun.options);
  if (!jit)
    return jit.takeError();
  Expected<std::unique_ptr<LoadedModel>> loaded = LoadedModel::open(std::move(*jit), 0);
  if (!loaded)
    return loaded.takeError();
  const ingot_model &model = (*loaded)->model();
  ingot_context *context = (*loaded)->context();
  for (uint32_t i = 0; i < model.num_inputs; ++i) {
    const void *data = i < inputs                 ? ingot_context_input(step.context(), i)
                       : step.changes(i - inputs) ? step.stateBefore(i - inputs)
                                                  : step.stateData(i - inputs);
    if (ingot_status status = ingot_context_set_input(context, i, data, model.inputs[i].bytes))
      return failure(status, ingot_last_error());
  }
  runtime::Text error;
  if (ingot_status status = runtime::runContext(context, error))
    return failure(status, error.c_str());
  for (uint32_t i = 0; i < model.num_outputs; ++i)
    if (runtime::firstNotFinite(model.outputs[i], ingot_context_output(context, i)) >= 0)
      return nodes[i];
  return "";
}

} // namespace ingot
