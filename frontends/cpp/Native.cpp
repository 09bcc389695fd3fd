//===- Native.cpp - Graphs as code in this process ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/Native.h"
#include "compiler/Specialize.h"
#include "compiler/cpu/CpuTarget.h"
#include "frontends/cpp/GraphState.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Session.h"

namespace ingot::detail {

Code codeOf(int32_t status) { return Code(runtime::exitCode(status)); }

void throwStatus(int32_t status, const std::string &text) { throw Error(codeOf(status), text); }

void raise(llvm::Error error) {
  StatusError e = statusOf(std::move(error));
  throwStatus(e.status, e.text);
}

Options optionsFor(const std::string &target, uint64_t maxMemory, const std::map<std::string, int64_t> &dims) {
  Options options;
  options.target = take(parseTarget(target));
  options.maxMemory = maxMemory;
  options.dims = dims;
  return options;
}

Native::Native(std::unique_ptr<JitModel> loaded) : jit(std::move(loaded)) {
  if (ingot_status status = ingot_executable_open(&jit->model(), jit->weights(), &executable))
    throwStatus(status, ingot_last_error());
}

Native::~Native() { ingot_executable_close(executable); }

Native::ContextPointer Native::context(unsigned threads) const {
  ingot_context_options options = {sizeof(options), threads ? threads : runtime::physicalCores(), 0};
  ingot_context *context = nullptr;
  if (ingot_status status = ingot_context_create(executable, &options, &context))
    throwStatus(status, ingot_last_error());
  return ContextPointer(context);
}

std::map<std::string, int64_t> bindDims(const std::vector<InputInfo> &inputs, const Arrays &arrays) {
  std::vector<CallInput> call;
  for (const InputInfo &input : inputs) {
    auto found = arrays.find(input.name);
    if (found == arrays.end())
      throw Error(Code::bad_argument, "input '" + input.name + "' is missing, want " + typeText(input));
    call.push_back({found->second.shape(), {}, uint32_t(found->second.dtype())});
  }
  return take(matchDims(inputs, call));
}

void run(ingot_context *context) {
  runtime::Text text;
  if (ingot_status status = runtime::runContext(context, text))
    throwStatus(status, text.c_str());
}

} // namespace ingot::detail
