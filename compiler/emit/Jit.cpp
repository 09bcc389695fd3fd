//===- Jit.cpp - Running compiled models in this process ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The JIT links the same objects that a program is linked from: what runs here is what ships.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Jit.h"
#include "compiler/emit/Profile.h"
#include "runtime/Builtins.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include <cstdlib>

using namespace llvm;
using namespace llvm::orc;

namespace ingot {

JitModel::JitModel() = default;
JitModel::~JitModel() = default;

void JitModel::Free::operator()(char *memory) const { std::free(memory); }

Expected<std::unique_ptr<JitModel>> JitModel::load(std::vector<std::unique_ptr<MemoryBuffer>> objects,
                                                   const ModelInfo &info) {
  std::unique_ptr<JitModel> result(new JitModel());
  Expected<std::unique_ptr<LLJIT>> jit = LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  result->jit = std::move(*jit);
  JITDylib &library = result->jit->getMainJITDylib();
  SymbolMap symbols;
  auto define = [&](StringRef name, void *address) {
    symbols[result->jit->mangleAndIntern(name)] = {ExecutorAddr::fromPtr(address),
                                                   JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  };
  unsigned count;
  const runtime::Symbol *known = runtime::runtimeSymbols(count);
  for (unsigned i = 0; i < count; ++i)
    define(known[i].name, known[i].address);
  define("ingot_profile", reinterpret_cast<void *>(&ingot_profile));
  if (Error error = library.define(absoluteSymbols(std::move(symbols))))
    return error;
  for (std::unique_ptr<MemoryBuffer> &object : objects)
    if (Error error = result->jit->addObjectFile(std::move(object)))
      return error;
  Expected<ExecutorAddr> address = result->jit->lookup(mainModelSymbol);
  if (!address)
    return address.takeError();
  result->description = address->toPtr<const ingot_model *>();
  result->kernelNames = info.kernels;

  if (info.weightBytes != 0) {
    uint64_t size = alignTo(info.weightBytes, INGOT_ALIGNMENT);
    result->blob.reset(static_cast<char *>(std::aligned_alloc(INGOT_ALIGNMENT, size)));
    if (!result->blob)
      return createStringError("no memory for " + Twine(info.weightBytes) + " bytes of weights");
    for (const WeightPiece &piece : info.weights)
      memcpy(result->blob.get() + piece.offset, piece.bytes.data(), piece.bytes.size());
  }
  return result;
}

} // namespace ingot
