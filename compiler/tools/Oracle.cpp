//===- Oracle.cpp - Comparing with the reference pipeline -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Peers.h"
#include "compiler/tools/Verify.h"

using namespace llvm;
using ingot::runtime::Array;
using ingot::runtime::Tensor;

namespace ingot {

Error verifyAgainstOracle(const std::string &path, const VerifyOptions &options, VerifyResult &result) {
  Expected<Options> fast = options.compile.options();
  if (!fast)
    return fast.takeError();
  Options slow = *fast;
  slow.oracle = true;
  Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  Expected<std::unique_ptr<LoadedModel>> ours = compileInProcess(path, *fast, options.threads);
  if (!ours)
    return ours.takeError();
  Expected<std::unique_ptr<LoadedModel>> oracle = compileInProcess(path, slow, 1);
  if (!oracle)
    return oracle.takeError();
  const ingot_model &model = (*ours)->model();
  Array<Tensor> inputs, got, want;
  if (Error error = makeInputs(model, options.seed, *folder, inputs))
    return error;
  if (Error error = (*ours)->run(inputs, got))
    return error;
  if (Error error = (*oracle)->run(inputs, want))
    return error;
  for (uint32_t i = 0; i < model.num_outputs; ++i)
    compareOutput(result, model.outputs[i].name, got[i], want[i], options);
  return Error::success();
}

} // namespace ingot
