//===- Native.h - Graphs as code in this process ----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_FRONTENDS_CPP_NATIVE_H
#define INGOT_FRONTENDS_CPP_NATIVE_H

#include "compiler/Compiler.h"
#include "runtime/ingot.h"
#include <ingot/array.h>
#include <memory>
#include <mutex>

namespace ingot::detail {

/// The code of an ingot_status.
Code codeOf(int32_t status);
/// Throws what the runtime says.
[[noreturn]] void throwStatus(int32_t status, const std::string &text);
/// Throws what an error of the compiler says, with its code.
[[noreturn]] void raise(llvm::Error error);
template <typename T> T take(llvm::Expected<T> value) {
  if (!value)
    raise(value.takeError());
  return std::move(*value);
}

/// Options for `target`; throws on a name that is none.
Options optionsFor(const std::string &target, uint64_t maxMemory, const std::map<std::string, int64_t> &dims);

/// A compiled model that is open in this process.
class Native {
public:
  explicit Native(std::unique_ptr<JitModel> jit);
  ~Native();
  Native(const Native &) = delete;

  const ingot_model &model() const { return jit->model(); }
  struct Destroy {
    void operator()(ingot_context *context) const { ingot_context_destroy(context); }
  };
  using ContextPointer = std::unique_ptr<ingot_context, Destroy>;
  ContextPointer context(unsigned threads) const;

private:
  std::unique_ptr<JitModel> jit;
  ingot_executable *executable = nullptr;
};

/// The open sizes that `arrays` bind, by name; throws where arrays are missing, unknown or do not fit.
std::map<std::string, int64_t> bindDims(const std::vector<InputInfo> &inputs, const Arrays &arrays);

/// Runs a context, and throws where it fails.
void run(ingot_context *context);

} // namespace ingot::detail

#endif // INGOT_FRONTENDS_CPP_NATIVE_H
