//===- CompiledStep.h - Running steps of training --------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TRAIN_COMPILEDSTEP_H
#define INGOT_COMPILER_TRAIN_COMPILEDSTEP_H

#include "compiler/Options.h"
#include "compiler/train/Optimizer.h"
#include "runtime/Array.h"
#include "runtime/Tensor.h"
#include "runtime/ingot.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace mlir {
class ModuleOp;
}

namespace ingot {

class JitModel;
class Objective;

/// A compiled step of training with its state. A step reads one set of buffers and writes the other, and then they
/// change places: no state is ever copied.
class CompiledStep {
public:
  /// Compiles the step that `objective` has built in `module`.
  static llvm::Expected<std::unique_ptr<CompiledStep>> create(mlir::ModuleOp module, Objective objective,
                                                         const Options &options, unsigned threads);
  ~CompiledStep();

  const ingot_model &model() const;
  /// The number of inputs that make up a batch; the model's first ones.
  unsigned batchInputs() const { return inputs - 1; }
  llvm::Error setBatch(const runtime::Array<runtime::Tensor> &batch);
  /// Runs one step and returns the loss before it.
  llvm::Expected<double> step(double learningRate);

  /// The names of the state, and which of it are the model's parameters.
  struct Entry {
    std::string name;
    bool isParameter;
    bool changes;
  };
  llvm::ArrayRef<Entry> state() const { return entries; }
  /// The bytes of a piece of state between two steps.
  llvm::MutableArrayRef<char> stateBytes(size_t index);

private:
  CompiledStep();

  std::unique_ptr<JitModel> jit;
  ingot_executable *executable = nullptr;
  ingot_context *context = nullptr;
  unsigned inputs = 0; ///< in front of the state, the learning rate included
  std::vector<Entry> entries;
};

} // namespace ingot

#endif // INGOT_COMPILER_TRAIN_COMPILEDSTEP_H
