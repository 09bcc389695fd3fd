//===- GraphToLinalg.cpp - The ingot dialect to linalg on tensors ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One case for each interface. Tensors get storage types on the way: a truth value becomes a byte, and integers lose
// their sign, which ops have read from their own types by then.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/graph/Decompose.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/LinalgBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_GRAPHTOLINALG
#include "compiler/Passes.h.inc"

namespace {

struct StorageTypeConverter : TypeConverter {
  StorageTypeConverter() {
    addConversion([](Type type) { return type; });
    addConversion([](RankedTensorType type) { return storageTensor(type); });
  }
};

struct PointwiseToLinalg : OpInterfaceConversionPattern<PointwiseOpInterface> {
  using OpInterfaceConversionPattern::OpInterfaceConversionPattern;

  LogicalResult matchAndRewrite(PointwiseOpInterface op, ArrayRef<Value> operands,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    auto elements = llvm::map_to_vector(op->getOperandTypes(), [](Type t) { return getElementTypeOrSelf(t); });
    Sizes sizes = broadcastSizes(b, operands, type.getShape());
    rewriter.replaceOp(op, buildPointwise(b, operands, elements, sizes, type.getElementType(),
                                          [&](ImplicitLocOpBuilder &inner, ValueRange args) {
                                            return op.buildScalar(inner, args);
                                          }));
    return success();
  }
};

struct StructuredToLinalg : OpInterfaceConversionPattern<LowerToLinalgOpInterface> {
  using OpInterfaceConversionPattern::OpInterfaceConversionPattern;

  LogicalResult matchAndRewrite(LowerToLinalgOpInterface op, ArrayRef<Value> operands,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> values = op.lowerToLinalg(b, operands);
    for (auto [value, result] : llvm::zip_equal(values, op->getResults())) {
      if (!value)
        return op->emitOpError("cannot be lowered");
      Type wanted = storageTensor(result.getType());
      if (value.getType() != wanted)
        value = tensor::CastOp::create(b, wanted, value);
    }
    rewriter.replaceOp(op, values);
    return success();
  }
};

/// A constant tensor of truth values, of integers with a sign or of floats that are stored as bytes.
struct ConvertConstant : OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(arith::ConstantOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    if (auto floats = dyn_cast<DenseFPElementsAttr>(op.getValue())) {
      rewriter.replaceOpWithNewOp<arith::ConstantOp>(
          op, floats.mapValues(storageType(floats.getElementType()),
                               [](const APFloat &number) { return number.bitcastToAPInt(); }));
      return success();
    }
    auto value = dyn_cast<DenseIntElementsAttr>(op.getValue());
    if (!value)
      return failure();
    Type from = value.getElementType(), to = storageType(from);
    unsigned width = to.getIntOrFloatBitWidth();
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, value.mapValues(to, [&](const APInt &number) {
      return isUnsignedType(from) ? number.zext(width) : number.sext(width);
    }));
    return success();
  }
};

/// Tensor and linalg ops without a body, which earlier phases place between groups.
struct ConvertTypes : ConversionPattern {
  ConvertTypes(const TypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/0, context) {}

  LogicalResult matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                                ConversionPatternRewriter &rewriter) const override {
    if (!isa_and_nonnull<tensor::TensorDialect, func::FuncDialect>(op->getDialect()) || op->getNumRegions() ||
        op->getNumSuccessors())
      return failure();
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op->getResultTypes(), types)))
      return failure();
    rewriter.replaceOp(op, rewriter.create(op->getLoc(), op->getName().getIdentifier(), operands, types, op->getAttrs()));
    return success();
  }
};

/// Branches and loops keep their form until every value has a storage type.
struct ConvertControl : ConversionPattern {
  ConvertControl(const TypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/0, context) {}

  static bool isControl(Operation *op) { return isa<IfOp, ScanOp, WhileOp, YieldOp>(op); }

  LogicalResult matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                                ConversionPatternRewriter &rewriter) const override {
    if (!isControl(op))
      return failure();
    OperationState state(op->getLoc(), op->getName(), operands, {}, op->getAttrs());
    if (failed(getTypeConverter()->convertTypes(op->getResultTypes(), state.types)))
      return failure();
    for (unsigned i = 0; i < op->getNumRegions(); ++i)
      state.addRegion();
    Operation *converted = rewriter.create(state);
    for (auto [from, to] : llvm::zip_equal(op->getRegions(), converted->getRegions())) {
      rewriter.inlineRegionBefore(from, to, to.end());
      if (failed(rewriter.convertRegionTypes(&to, *getTypeConverter())))
        return failure();
    }
    rewriter.replaceOp(op, converted);
    return success();
  }
};

struct GraphToLinalg : impl::GraphToLinalgBase<GraphToLinalg> {
  using GraphToLinalgBase::GraphToLinalgBase;

  void runOnOperation() override {
    if (failed(decomposeComposites(getOperation())))
      return signalPassFailure();
    MLIRContext *context = &getContext();
    StorageTypeConverter converter;
    ConversionTarget target(*context);
    target.addIllegalDialect<IngotDialect>();
    target.addLegalOp<WeightOp, ReadWeightOp>();
    target.addDynamicallyLegalOp<IfOp, ScanOp, WhileOp, YieldOp>([&](Operation *op) {
      return converter.isLegal(op) &&
             llvm::all_of(op->getRegions(), [&](Region &region) { return converter.isLegal(&region); });
    });
    target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp func) {
      return converter.isSignatureLegal(func.getFunctionType());
    });
    target.markUnknownOpDynamicallyLegal([&](Operation *op) { return converter.isLegal(op); });
    RewritePatternSet patterns(context);
    patterns.add<PointwiseToLinalg, StructuredToLinalg, ConvertConstant, ConvertTypes, ConvertControl>(converter, context);
    populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns, converter);
    if (failed(applyFullConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
