//===- LoadedObjective.cpp - A model with its loss ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/LoadedObjective.h"

using namespace llvm;

namespace ingot {

Expected<LoadedObjective> loadObjective(const CompileFlags &flags, const std::string &model, const std::string &loss,
                                        const std::string &wrt, const BatchSource &source) {
  Expected<Options> options = flags.options();
  if (!options)
    return options.takeError();
  options->keepParameters = true;
  options->parameters = wrt;
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  uint64_t batch = 0;
  auto load = [&]() -> Expected<mlir::OwningOpRef<mlir::ModuleOp>> {
    if (!source.data)
      return loadModelForInputs(*context, model, *options, source.inputsDirectory);
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
