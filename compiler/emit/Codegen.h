//===- Codegen.h - From the LLVM dialect to machine code --------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_EMIT_CODEGEN_H
#define INGOT_COMPILER_EMIT_CODEGEN_H

#include "compiler/Options.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

namespace ingot {

/// A machine-code generator for `target`: position-independent code.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createTargetMachine(const CpuTarget &target);

/// Translates a module of the LLVM dialect. Every function gets the target's features, and only the model's entry keeps
/// a symbol.
llvm::Expected<std::unique_ptr<llvm::Module>> translateModule(mlir::ModuleOp module, llvm::LLVMContext &context,
                                                              const CpuTarget &target);

/// Optimizes and compiles `module`, in parts on several threads: one ELF object a part.
llvm::Expected<std::vector<std::unique_ptr<llvm::MemoryBuffer>>> generateObjects(const llvm::Module &module,
                                                                                 const Options &options);

/// The optimized module as LLVM's text, or as assembly.
llvm::Expected<std::string> printCode(const llvm::Module &module, const Options &options, bool assembly);

} // namespace ingot

#endif // INGOT_COMPILER_EMIT_CODEGEN_H
