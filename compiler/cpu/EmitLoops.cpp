//===- EmitLoops.cpp - Vector loops for linalg on memrefs -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every linalg operation that did not become a kernel ends here: as loops on native vectors where its body allows it,
// and as scalar loops, which are right for anything, where not. Nothing is allocated.
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/EmitLoops.h"
#include "compiler/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_EMITLOOPS
#include "compiler/Passes.h.inc"

namespace {

struct EmitLoops : impl::EmitLoopsBase<EmitLoops> {
  using EmitLoopsBase::EmitLoopsBase;

  void runOnOperation() override {
    if (Operation *op = loops::generalizeNamedOps(getOperation())) {
      op->emitError("has no form as a generic operation");
      return signalPassFailure();
    }
    SmallVector<linalg::GenericOp> generics;
    getOperation().walk([&](linalg::GenericOp op) {
      if (cast<linalg::LinalgOp>(op.getOperation()).hasPureBufferSemantics())
        generics.push_back(op);
    });
    loops::Machine machine{vectorBits, registers, parallel};
    for (linalg::GenericOp op : generics) {
      ImplicitLocOpBuilder b(op.getLoc(), op);
      loops::Nest nest = loops::buildNest(b, op);
      loops::emitNest(b, nest, loops::chooseSchedule(nest, machine));
      op.erase();
    }
  }
};

} // namespace
} // namespace ingot
