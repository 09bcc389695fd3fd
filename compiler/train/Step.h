//===- Step.h - A model as a step of training -------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model's parameters become arguments of its function, which then gives gradients, or the parameters after a step.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TRAIN_STEP_H
#define INGOT_COMPILER_TRAIN_STEP_H

#include "compiler/Options.h"
#include "compiler/train/Optimizer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <optional>

namespace ingot {

/// Part of the state that a step reads and gives again, with what it begins with.
struct StateValue {
  std::string name;
  std::vector<char> bytes;
  bool isParameter = false;
  bool changes = true; ///< or the step only reads it
};

/// What is other for a parameter than the optimizer says.
struct ParameterRule {
  double rate = 1; ///< times the learning rate
  std::optional<double> weightDecay;
};

/// What a step does beside moving every parameter and giving the loss.
struct StepOptions {
  /// The parameters that the optimizer moves; empty: all.
  std::function<bool(llvm::StringRef parameter)> moves;
  /// Results of @main that the step gives too, after the loss.
  std::vector<std::string> results;
  /// Limit on the norm of all gradients together (Pascanu et al. 2013); 0: none.
  double clipNorm = 0;
  /// Of each parameter; empty: all as the optimizer says.
  std::function<ParameterRule(llvm::StringRef parameter)> rules;
  /// Gives "gradient_norm.NAME" of each parameter that moves, before the limit and after the other results.
  bool gradientNorms = false;
};

/// A function on its way to a step of training.
class Objective {
public:
  /// Makes the float weights whose names match `pattern` (a POSIX extended regex that is searched for; "" matches all)
  /// arguments of @main, and runs the phases up to the inference of types.
  static llvm::Expected<Objective> create(mlir::ModuleOp module, llvm::StringRef pattern, const Options &options);

  /// Finds the loss: a scalar result of @main, or KIND(OUTPUT,TARGET), which appends that loss and an input TARGET.
  llvm::Error setLoss(llvm::StringRef text);
  /// The loss is `value`, of rank 0.
  void setLoss(mlir::Value value) { loss = value; }

  /// Makes @main give what its ops compute of floats, in their order; the result describes their nodes.
  std::vector<std::string> buildTrace();
  /// Makes @main give the loss before its other results.
  void buildForward();
  /// Makes @main give the loss and its gradients with respect to the parameters and to the float inputs whose names
  /// match `inputs`.
  llvm::Error buildGradients(llvm::StringRef inputs);
  /// Makes @main a step: (inputs, learning_rate, state) -> (loss, results, state). The state is the parameters, the number
  /// of steps done and what the optimizer remembers; of its results, only what changes.
  llvm::Error buildStep(const Optimizer &optimizer, const StepOptions &options = {});

  /// The number of inputs that are neither parameters nor other state.
  unsigned inputCount() const { return inputs; }
  /// The state in the order of the function's last arguments; of `buildGradients`, the parameters.
  std::vector<StateValue> state;

private:
  explicit Objective(mlir::func::FuncOp main) : main(main), inputs(main.getNumArguments()) {}
  void expose(llvm::StringRef pattern);
  mlir::BlockArgument addArgument(unsigned index, llvm::StringRef name, mlir::Type type, bool isState);
  mlir::Value addState(llvm::StringRef name, mlir::RankedTensorType type);
  /// Makes these the results of @main; the last `stateResults` are state.
  void setResults(llvm::ArrayRef<std::pair<std::string, mlir::Value>> results, unsigned stateResults);

  mlir::func::FuncOp main;
  unsigned inputs;
  mlir::Value loss;
};

} // namespace ingot

#endif // INGOT_COMPILER_TRAIN_STEP_H
