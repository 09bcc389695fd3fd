//===- Group.cpp - What becomes one piece of code -------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Dialect.h"

using namespace mlir;

namespace ingot {

LogicalResult GroupOp::verify() {
  Block &block = getBody().front();
  if (block.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("passes ") << getInputs().getTypes() << " to a body that takes " << block.getArgumentTypes();
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getValues().getTypes() != getOutputs().getTypes())
    return emitOpError("wants a body that ends with ingot.yield of ") << getOutputs().getTypes();
  return success();
}

} // namespace ingot
