//===- Guards.cpp - What generated code must never do ---------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A vector wider than a register makes LLVM slow and its code slower; an allocation or a copy nobody asked for costs
// more than what surrounds it. Both creep in unnoticed, so both are errors of the compiler.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_VERIFYVECTORS
#define GEN_PASS_DEF_VERIFYNOALLOC
#include "compiler/Passes.h.inc"

namespace {

struct VerifyVectors : impl::VerifyVectorsBase<VerifyVectors> {
  using VerifyVectorsBase::VerifyVectorsBase;

  LogicalResult verify(Operation *op, Type type) {
    auto vector = dyn_cast<VectorType>(type);
    if (!vector)
      return success();
    if (vector.getRank() > 1)
      return op->emitOpError("has the vector ") << vector << " of " << vector.getRank() << " dimensions, wanted one";
    Type element = vector.getElementType();
    int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
    if (bits * vector.getNumElements() > int64_t(vectorBits))
      return op->emitOpError("has the vector ")
             << vector << " of " << bits * vector.getNumElements() << " bits, wanted at most " << unsigned(vectorBits);
    return success();
  }

  void runOnOperation() override {
    WalkResult result = getOperation()->walk([&](Operation *op) {
      for (Type type : op->getResultTypes())
        if (failed(verify(op, type)))
          return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

struct VerifyNoAlloc : impl::VerifyNoAllocBase<VerifyNoAlloc> {
  void runOnOperation() override {
    WalkResult result = getOperation()->walk([&](Operation *op) {
      if (!isa<memref::AllocOp, memref::ReallocOp, memref::CopyOp>(op))
        return WalkResult::advance();
      op->emitOpError("is left in code that runs, wanted every buffer planned and every copy in a loop");
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
