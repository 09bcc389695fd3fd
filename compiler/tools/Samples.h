//===- Samples.h - Models on arrays of samples ------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TOOLS_SAMPLES_H
#define INGOT_COMPILER_TOOLS_SAMPLES_H

#include "compiler/tools/Command.h"
#include "runtime/Dataset.h"

namespace ingot {

/// Samples of a file, or a part of them.
struct Samples {
  std::shared_ptr<runtime::Dataset> data;
  runtime::Array<uint64_t> rows;
};

/// All samples of a .npz file, of which no array was looked at yet.
llvm::Expected<std::shared_ptr<runtime::Dataset>> readDataset(const std::string &path);

/// Checks that the data have arrays for these inputs; sets their number of samples.
llvm::Error bindSamples(runtime::Dataset &data, llvm::ArrayRef<ingot_value_info> inputs);

/// The number of samples in a batch: `given` (0: not given), or what the model's sizes fix.
struct BatchSize {
  uint64_t size = 32;
  bool isFixed = false; ///< by the model
};
llvm::Expected<BatchSize> batchSizeFor(const OpenModel &model, uint64_t given);

/// Loads a model for batches of `batch` samples of the data.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> loadModelForSamples(mlir::MLIRContext &context, OpenModel &model,
                                                                      runtime::Dataset &data, uint64_t batch);

} // namespace ingot

#endif // INGOT_COMPILER_TOOLS_SAMPLES_H
