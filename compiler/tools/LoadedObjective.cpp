//===- LoadedObjective.cpp - A model with its loss ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/LoadedObjective.h"

using namespace llvm;

namespace ingot {

/// Loads a model without data: options give its open sizes, and `batch` those that come first.
static Expected<mlir::OwningOpRef<mlir::ModuleOp>> loadForBatch(mlir::MLIRContext &context, const std::string &model,
                                                                const Options &options, uint64_t batch) {
  Options bound = options;
  Expected<std::vector<InputInfo>> inputs = modelInputs(model);
  if (!inputs)
    return inputs.takeError();
  for (const InputInfo &input : *inputs)
    if (batch && !input.dimNames.empty() && !input.dimNames.front().empty())
      bound.dims.try_emplace(input.dimNames.front(), batch);
  if (Error error = requireDims(*inputs, bound.dims))
    return error;
  return loadModel(context, model, bound);
}

Expected<LoadedObjective> loadObjective(const CompileFlags &flags, const std::string &model, const std::string &loss,
                                        const std::string &wrt, const BatchSource &source) {
  Expected<Options> options = flags.options();
  if (!options)
    return options.takeError();
  options->keepParameters = true;
  options->parameters = wrt;
  options->mode = source.mode;
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  uint64_t batch = 0;
  auto load = [&]() -> Expected<mlir::OwningOpRef<mlir::ModuleOp>> {
    if (!source.inputsDirectory.empty())
      return loadModelForInputs(*context, model, *options, source.inputsDirectory);
    if (!source.data)
      return loadForBatch(*context, model, *options, source.batch);
    Expected<OpenModel> open = OpenModel::open(model, *options);
    if (!open)
      return open.takeError();
    Expected<BatchSize> size = batchSizeFor(*open, source.batch);
    if (!size)
      return size.takeError();
    batch = size->isFixed || source.batch ? size->size : std::min(size->size, source.samples);
    return loadModelForSamples(*context, *open, *source.data, batch);
  };
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = load();
  if (!module)
    return module.takeError();
  Expected<Objective> objective = Objective::create(**module, wrt, *options);
  if (!objective)
    return objective.takeError();
  if (Error error = objective->setLoss(loss))
    return error;
  return LoadedObjective{std::move(*options), std::move(context), std::move(*module), std::move(*objective), batch};
}

} // namespace ingot
