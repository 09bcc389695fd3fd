//===- Metadata.h - The description of a compiled model ---------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_EMIT_METADATA_H
#define INGOT_COMPILER_EMIT_METADATA_H

#include "compiler/Options.h"
#include "dialects/ingot/InputInfo.h"
#include "dialects/ingot/Weights.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace ingot {

/// The ingot_dtype of an element type; INGOT_UNDEFINED for one that hosts do not know.
uint32_t dtypeOf(mlir::Type element);

/// "f32[N,3]": open dimensions, which are -1, by their names.
std::string typeText(uint32_t dtype, llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<std::string> dimNames = {});
inline std::string typeText(const InputInfo &info) { return typeText(info.dtype, info.dims, info.dimNames); }

/// An input or an output as the host sees it.
struct ValueInfo : InputInfo {
  uint64_t bytes = 0;
};

/// A piece of the blob of weights.
struct WeightPiece {
  std::string symbol;
  uint64_t offset = 0;
  llvm::ArrayRef<char> bytes;
};

/// An open dimension and its bounds.
struct DimInfo {
  std::string name;
  int64_t low = 0, high = 0;
};

/// A kernel that a profiled run names.
struct KernelName {
  std::string nodes;    ///< of the model
  std::string function; ///< which layers that are alike share
};

/// What is known of a compiled model besides its code.
struct ModelInfo {
  std::string name; ///< as a C identifier
  std::vector<ValueInfo> inputs, outputs;
  std::vector<DimInfo> dims; ///< open ones
  uint64_t arenaBytes = 0, weightBytes = 0, scratchBytes = 0;
  std::vector<std::string> nodes; ///< those that can meet a fault
  std::vector<KernelName> kernels; ///< with Options::profile
  std::vector<WeightPiece> weights;
};

/// Reads the attributes that the phases left on a module of the LLVM dialect.
llvm::Expected<ModelInfo> readModelInfo(mlir::ModuleOp module);

/// Defines the constant `ingot_model` named `symbol` in `code`; its weights are the variable `weightsSymbol`, or the
/// host's when that is empty.
void emitModel(llvm::Module &code, const ModelInfo &info, const CpuTarget &target, llvm::StringRef symbol,
               llvm::StringRef weightsSymbol);

} // namespace ingot

#endif // INGOT_COMPILER_EMIT_METADATA_H
