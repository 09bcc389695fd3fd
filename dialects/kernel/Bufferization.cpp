//===- Bufferization.cpp - The kernel ops from tensors to memrefs ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace ingot::kernel;

namespace {

template <typename ConcreteOp>
struct KernelBufferization : DstBufferizableOpInterfaceExternalModel<KernelBufferization<ConcreteOp>, ConcreteOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    return !cast<ConcreteOp>(op).isDpsInit(&operand);
  }

  // A tile loads its elements of an extra operand before it stores the same elements of the output.
  bool bufferizesToElementwiseAccess(Operation *op, const AnalysisState &, ArrayRef<OpOperand *> operands) const {
    auto kernelOp = cast<ConcreteOp>(op);
    auto outputType = kernelOp.getOutput().getType();
    return llvm::all_of(operands, [&](OpOperand *operand) {
      if (kernelOp.isDpsInit(operand))
        return true;
      return isExtra(kernelOp, *operand) && operand->get().getType() == outputType;
    });
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &options,
                          BufferizationState &state) const {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    OperationState newState(op->getLoc(), op->getName(), operands, TypeRange(), op->getAttrs());
    for (Region &region : op->getRegions())
      newState.addRegion()->takeBody(region);
    rewriter.create(newState);
    replaceOpWithBufferizedValues(rewriter, op, operands.back());
    return success();
  }

private:
  static bool isExtra(BrgemmOp op, OpOperand &operand) {
    return operand.getOperandNumber() >= 2 && op.getWindow().outputDims == Window().outputDims;
  }
  static bool isExtra(DepthwiseOp, OpOperand &operand) { return operand.getOperandNumber() >= 2; }
  static bool isExtra(PackOp, OpOperand &) { return false; }
};

struct SliceBufferization : BufferizableOpInterface::ExternalModel<SliceBufferization, SliceOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &, const AnalysisState &) const { return false; }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &, const AnalysisState &) const { return false; }
  AliasingValueList getAliasingValues(Operation *op, OpOperand &, const AnalysisState &) const {
    return {{op->getResult(0), BufferRelation::Unknown}};
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto slice = cast<SliceOp>(op);
    FailureOr<Value> source = getBuffer(rewriter, slice.getSource(), options, state);
    if (failed(source))
      return failure();
    auto dense = [](ShapedType type) { return MemRefType::get(type.getShape(), type.getElementType()); };
    FailureOr<Value> buffer =
        castOrReallocMemRefValue(rewriter, *source, dense(cast<ShapedType>(slice.getSource().getType())), options);
    if (failed(buffer))
      return failure();
    replaceOpWithNewBufferizedOp<SliceOp>(rewriter, op, dense(cast<ShapedType>(slice.getSlice().getType())), *buffer,
                                          slice.getIndex());
    return success();
  }
};

} // namespace

void ingot::kernel::registerBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, KernelDialect *) {
    BrgemmOp::attachInterface<KernelBufferization<BrgemmOp>>(*context);
    DepthwiseOp::attachInterface<KernelBufferization<DepthwiseOp>>(*context);
    PackOp::attachInterface<KernelBufferization<PackOp>>(*context);
    SliceOp::attachInterface<SliceBufferization>(*context);
  });
}
