//===- Link.h - Programs, libraries and objects -----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_EMIT_LINK_H
#define INGOT_COMPILER_EMIT_LINK_H

#include "compiler/Compiler.h"

namespace ingot {

enum class OutputKind { Program, Library, Object };

/// The symbols that code for an output of that kind uses.
EmitOptions emitOptions(OutputKind kind, llvm::StringRef modelName);

/// Links a model that was compiled with emitOptions(kind, ...) with its weights and, but for an object, with the runtime
/// for its target. A library or an object gets a C header beside it. Uses the linker in this process and the files that
/// Ingot brings along: the machine needs no compiler. With `trainingData`, a program's model is a step of training.
llvm::Error writeOutput(const CompiledModel &model, const Options &options, OutputKind kind, llvm::StringRef path,
                        llvm::ArrayRef<char> trainingData = {});

/// The C header for a library or an object at `path`.
std::string generateHeader(const CompiledModel &model, OutputKind kind, llvm::StringRef path);

} // namespace ingot

#endif // INGOT_COMPILER_EMIT_LINK_H
