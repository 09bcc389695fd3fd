//===- EmitLoopsNest.cpp - A linalg operation as loops over flat buffers --===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An operand's element is at start + sum(stride * loop variable): its indexing map composed with its memref's strides.
// Two loops are one when that holds for all operands, whatever the rank of their memrefs.
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/EmitLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace ingot::loops {

Operation *generalizeNamedOps(FunctionOpInterface function) {
  SmallVector<linalg::LinalgOp> named;
  function.walk([&](linalg::LinalgOp op) {
    if (op.hasPureBufferSemantics() && !isa<linalg::GenericOp>(op.getOperation()))
      named.push_back(op);
  });
  IRRewriter rewriter(function.getContext());
  Operation *left = nullptr;
  for (linalg::LinalgOp op : named) {
    rewriter.setInsertionPoint(op);
    if (failed(linalg::generalizeNamedOp(rewriter, op)))
      left = op;
  }
  return left;
}

bool Access::isInvariant(unsigned loop) const { return isScalar() || isConstantIntValue(strides[loop], 0); }

bool Access::isContiguous(unsigned loop) const { return !isScalar() && isConstantIntValue(strides[loop], 1); }

bool Nest::isAccumulator(const Access &access) const {
  for (auto [index, loop] : llvm::enumerate(loops))
    if (loop.reduction && (access.map || !access.isInvariant(index)))
      return false;
  return access.output;
}

namespace {

OpFoldResult multiply(ImplicitLocOpBuilder &b, OpFoldResult x, OpFoldResult y) {
  std::optional<int64_t> constantX = getConstantIntValue(x), constantY = getConstantIntValue(y);
  if (constantX && constantY)
    return b.getIndexAttr(*constantX * *constantY);
  if (constantX == 0 || constantY == 1)
    return x;
  if (constantY == 0 || constantX == 1)
    return y;
  return arith::MulIOp::create(b, getValueOrCreateConstantIndexOp(b, b.getLoc(), x),
                               getValueOrCreateConstantIndexOp(b, b.getLoc(), y))
      .getResult();
}

OpFoldResult add(ImplicitLocOpBuilder &b, OpFoldResult x, OpFoldResult y) {
  std::optional<int64_t> constantX = getConstantIntValue(x), constantY = getConstantIntValue(y);
  if (constantX && constantY)
    return b.getIndexAttr(*constantX + *constantY);
  if (constantX == 0)
    return y;
  if (constantY == 0)
    return x;
  return arith::AddIOp::create(b, getValueOrCreateConstantIndexOp(b, b.getLoc(), x),
                               getValueOrCreateConstantIndexOp(b, b.getLoc(), y))
      .getResult();
}

/// Adds `factor * expr` to `coefficients` (one for each dimension, then the constant); fails if it is not linear.
bool addLinear(AffineExpr expr, int64_t factor, MutableArrayRef<int64_t> coefficients) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    coefficients.back() += factor * constant.getValue();
    return true;
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    coefficients[dim.getPosition()] += factor;
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return addLinear(binary.getLHS(), factor, coefficients) && addLinear(binary.getRHS(), factor, coefficients);
  if (expr.getKind() != AffineExprKind::Mul)
    return false;
  if (auto right = dyn_cast<AffineConstantExpr>(binary.getRHS()))
    return addLinear(binary.getLHS(), factor * right.getValue(), coefficients);
  if (auto left = dyn_cast<AffineConstantExpr>(binary.getLHS()))
    return addLinear(binary.getRHS(), factor * left.getValue(), coefficients);
  return false;
}

Access buildAccess(ImplicitLocOpBuilder &b, OpOperand &operand, AffineMap map, bool output) {
  Access access;
  access.buffer = operand.get();
  access.element = getElementTypeOrSelf(operand.get().getType());
  access.output = output;
  access.start = b.getIndexAttr(0);
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type)
    return access;
  SmallVector<int64_t> staticStrides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(staticStrides, offset))) {
    access.map = map;
    access.strides.assign(map.getNumDims(), OpFoldResult(b.getIndexAttr(ShapedType::kDynamic)));
    return access;
  }
  SmallVector<OpFoldResult> strides = getAsIndexOpFoldResult(b.getContext(), staticStrides);
  if (llvm::any_of(staticStrides, ShapedType::isDynamic)) {
    auto metadata = memref::ExtractStridedMetadataOp::create(b, access.buffer);
    for (auto [index, stride] : llvm::enumerate(staticStrides))
      if (ShapedType::isDynamic(stride))
        strides[index] = metadata.getStrides()[index];
  }
  access.strides.assign(map.getNumDims(), OpFoldResult(b.getIndexAttr(0)));
  for (auto [result, stride] : llvm::zip(map.getResults(), strides)) {
    SmallVector<int64_t> coefficients(map.getNumDims() + 1, 0);
    if (!addLinear(result, 1, coefficients)) {
      access.map = map;
      return access;
    }
    for (unsigned dim = 0; dim < map.getNumDims(); ++dim)
      access.strides[dim] = add(b, access.strides[dim], multiply(b, b.getIndexAttr(coefficients[dim]), stride));
    access.start = add(b, access.start, multiply(b, b.getIndexAttr(coefficients.back()), stride));
  }
  return access;
}

/// Whether running `outer` and then `inner` moves every operand as one loop would.
bool canCollapse(const Nest &nest, unsigned outer, unsigned inner) {
  std::optional<int64_t> length = nest.loops[inner].length();
  if (!length || nest.loops[outer].reduction != nest.loops[inner].reduction)
    return false;
  return llvm::all_of(nest.accesses, [&](const Access &access) {
    if (access.isScalar())
      return true;
    std::optional<int64_t> big = getConstantIntValue(access.strides[outer]);
    std::optional<int64_t> small = getConstantIntValue(access.strides[inner]);
    return big && small && *big == *small * *length;
  });
}

void eraseLoop(Nest &nest, unsigned index) {
  nest.loops.erase(nest.loops.begin() + index);
  for (Access &access : nest.accesses)
    if (!access.isScalar())
      access.strides.erase(access.strides.begin() + index);
  for (int &loop : nest.loopOfDim)
    loop = loop == int(index) ? -1 : loop - (loop > int(index));
}

} // namespace

Nest buildNest(ImplicitLocOpBuilder &b, linalg::GenericOp op) {
  Nest nest;
  nest.op = op;
  auto linalgOp = cast<linalg::LinalgOp>(op.getOperation());
  for (auto [range, kind] : llvm::zip(linalgOp.createLoopRanges(b, b.getLoc()), op.getIteratorTypesArray()))
    nest.loops.push_back({range.size, kind == utils::IteratorType::reduction});
  for (OpOperand &operand : op->getOpOperands())
    nest.accesses.push_back(buildAccess(b, operand, op.getMatchingIndexingMap(&operand), op.isDpsInit(&operand)));
  nest.linear = llvm::none_of(nest.accesses, [](const Access &access) { return bool(access.map); });
  nest.loopOfDim = llvm::to_vector(llvm::seq<int>(0, nest.loops.size()));
  if (!nest.linear)
    return nest;

  for (int index = int(nest.loops.size()) - 1; index >= 0; --index)
    if (nest.loops[index].length() == 1)
      eraseLoop(nest, index);

  // A dimension whose index the body reads keeps a loop of its own.
  llvm::SmallDenseSet<int> indexed;
  op.getRegion().walk([&](linalg::IndexOp index) { indexed.insert(nest.loopOfDim[index.getDim()]); });
  for (unsigned outer = 0; outer < nest.loops.size(); ++outer)
    for (unsigned inner = 0; inner < nest.loops.size();) {
      if (inner == outer || indexed.contains(outer) || indexed.contains(inner) || !canCollapse(nest, outer, inner)) {
        ++inner;
        continue;
      }
      nest.loops[inner].extent = multiply(b, nest.loops[outer].extent, nest.loops[inner].extent);
      llvm::SmallDenseSet<int> renumbered;
      for (int index : indexed)
        renumbered.insert(index - (index > int(outer)));
      indexed = std::move(renumbered);
      eraseLoop(nest, outer);
      outer = inner = 0;
    }
  return nest;
}

} // namespace ingot::loops
