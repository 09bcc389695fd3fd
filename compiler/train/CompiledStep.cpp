//===- CompiledStep.cpp - Running steps of training -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/train/CompiledStep.h"
#include "compiler/Compiler.h"
#include "compiler/train/Step.h"

using namespace llvm;

namespace ingot {

CompiledStep::CompiledStep() = default;

CompiledStep::~CompiledStep() = default;

Expected<std::unique_ptr<CompiledStep>> CompiledStep::create(mlir::ModuleOp module, Objective objective,
                                                             const Options &options, unsigned threads) {
  Options rest = options;
  rest.compileFrom = Phase::Infer;
  Expected<std::unique_ptr<JitModel>> jit = compileAndLoad(module, rest);
  if (!jit)
    return jit.takeError();
  std::unique_ptr<CompiledStep> result(new CompiledStep());
  result->jit = std::move(*jit);
  runtime::TrainingStep &step = result->running;
  runtime::Text error;
  if (ingot_status status =
          step.open(result->jit->model(), result->jit->weights(), objective.inputCount() - 1, threads, error))
    return make_error<StatusError>(status, error.c_str());
  for (const auto &[i, value] : enumerate(objective.state))
    copy(value.bytes, static_cast<char *>(step.stateData(i)));
  return result;
}

} // namespace ingot
