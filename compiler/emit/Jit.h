//===- Jit.h - Running compiled models in this process ----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_EMIT_JIT_H
#define INGOT_COMPILER_EMIT_JIT_H

#include "compiler/emit/Metadata.h"
#include "runtime/abi.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace llvm::orc {
class LLJIT;
}

namespace ingot {

/// A model whose code lies in this process. It owns code, description and weights.
class JitModel {
public:
  ~JitModel();
  JitModel(const JitModel &) = delete;
  JitModel &operator=(const JitModel &) = delete;

  /// Loads the objects of a model and gathers its weights.
  static llvm::Expected<std::unique_ptr<JitModel>> load(std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects,
                                                        const ModelInfo &info);

  const ingot_model &model() const { return *description; }
  const void *weights() const { return blob.get(); }
  llvm::ArrayRef<KernelName> kernels() const { return kernelNames; }

private:
  JitModel();

  struct Free {
    void operator()(char *memory) const;
  };
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::unique_ptr<char, Free> blob;
  const ingot_model *description = nullptr;
  std::vector<KernelName> kernelNames;
};

/// The symbol of the model in code that goes to the JIT, to a program or to a library.
constexpr llvm::StringLiteral mainModelSymbol = "ingot_model_main";

} // namespace ingot

#endif // INGOT_COMPILER_EMIT_JIT_H
