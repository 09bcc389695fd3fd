//===- FindNotFinite.h - Where a loss went wrong ----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TOOLS_FINDNOTFINITE_H
#define INGOT_COMPILER_TOOLS_FINDNOTFINITE_H

#include "compiler/tools/LoadedObjective.h"
#include "runtime/TrainingStep.h"

namespace ingot {

/// Repeats the forward pass of the last step with every value kept, and describes the node with the first result that
/// is no finite number: "'conv1' (Conv)", or "" when there is none. `begun` is the model of the step before the step was
/// built.
llvm::Expected<std::string> findNotFinite(LoadedObjective begun, runtime::TrainingStep &step);

} // namespace ingot

#endif // INGOT_COMPILER_TOOLS_FINDNOTFINITE_H
