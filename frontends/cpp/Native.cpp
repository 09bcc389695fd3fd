//===- Native.cpp - Graphs as code in this process ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/Native.h"
#include "compiler/cpu/CpuTarget.h"
#include "frontends/cpp/GraphState.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Session.h"

namespace ingot::detail {

void raise(llvm::Error error) {
Code codeOf(int32_t status) { return Code(runtime::exitCode(status)); }

void throwStatus(int32_t status, const std::string &text) { throw Error(codeOf(status), text); }

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

static std::string typeText(const ValueInfo &input) {
  runtime::Text text;
  std::vector<const char *> names;
  for (const std::string &name : input.dimNames)
    names.push_back(name.empty() ? nullptr : name.c_str());
  runtime::appendType(text, input.dtype, input.dims.data(), unsigned(input.dims.size()), names.data());
  return text.c_str();
}

std::map<std::string, int64_t> bindDims(const std::vector<ValueInfo> &inputs, const Arrays &arrays) {
  std::map<std::string, int64_t> dims;
  for (const ValueInfo &input : inputs) {
    auto found = arrays.find(input.name);
    if (found == arrays.end())
      throw Error(Code::bad_argument, "input '" + input.name + "' is missing, want " + typeText(input));
    const Array &array = found->second;
    bool fits = uint32_t(array.dtype()) == input.dtype && array.shape().size() == input.dims.size();
    for (size_t i = 0; fits && i < input.dims.size(); ++i) {
      int64_t size = array.shape()[i];
      const std::string &name = input.dimNames[i];
      if (input.dims[i] >= 0)
        fits = input.dims[i] == size;
      else if (!name.empty())
        fits = dims.try_emplace(name, size).first->second == size;
    }
    if (!fits)
      throw Error(Code::bad_argument,
                  "input '" + input.name + "': got " + array.type_text() + ", want " + typeText(input));
  }
  return dims;
}

void run(ingot_context *context) {
  runtime::Text text;
  if (ingot_status status = runtime::runContext(context, text))
    throwStatus(status, text.c_str());
}

} // namespace ingot::detail
