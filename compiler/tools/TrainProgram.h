//===- TrainProgram.h - Programs that train ---------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TOOLS_TRAINPROGRAM_H
#define INGOT_COMPILER_TOOLS_TRAINPROGRAM_H

#include "compiler/tools/LoadedObjective.h"

namespace ingot {

/// Writes a program that trains: the step that `begun` has built, the loop of the runtime, and the model at `model` to
/// export with new weights.
llvm::Error writeTrainingProgram(LoadedObjective begun, const std::string &model, double learningRate, uint64_t seed,
                                 const std::string &output);

} // namespace ingot

#endif // INGOT_COMPILER_TOOLS_TRAINPROGRAM_H
