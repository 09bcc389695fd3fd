//===- CompiledStep.h - Running steps of training --------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TRAIN_COMPILEDSTEP_H
#define INGOT_COMPILER_TRAIN_COMPILEDSTEP_H

#include "compiler/Options.h"
#include "runtime/TrainingStep.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace mlir {
class ModuleOp;
}

namespace ingot {

class JitModel;
class Objective;

/// A step of training that is compiled into this process.
class CompiledStep {
public:
  /// Compiles the step that `objective` has built in `module`.
  static llvm::Expected<std::unique_ptr<CompiledStep>> create(mlir::ModuleOp module, Objective objective,
                                                              const Options &options, unsigned threads);
  ~CompiledStep();

  runtime::TrainingStep &step() { return running; }

private:
  CompiledStep();

  std::unique_ptr<JitModel> jit;
  runtime::TrainingStep running;
};

} // namespace ingot

#endif // INGOT_COMPILER_TRAIN_COMPILEDSTEP_H
