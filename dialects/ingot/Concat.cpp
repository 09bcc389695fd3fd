//===- Concat.cpp - Concatenation -----------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Inference.h"
#include "dialects/ingot/LinalgBuilder.h"
#include "dialects/ingot/Movement.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

FailureOr<RankedTensorType> ConcatOp::inferType(MaybeLoc loc, Adaptor adaptor) {
  if (adaptor.getXs().empty())
    return emitOptionalError(loc, "nothing to concatenate");
  auto first = cast<RankedTensorType>(adaptor.getXs().front().getType());
  FailureOr<int64_t> axis = normalizeAxis(loc, adaptor.getAxis(), first.getRank());
  if (failed(axis))
    return failure();
  SmallVector<int64_t> shape(first.getShape());
  for (Value x : adaptor.getXs().drop_front()) {
    auto type = cast<RankedTensorType>(x.getType());
    if (type.getRank() != first.getRank() || type.getElementType() != first.getElementType())
      return emitOptionalError(loc, "cannot concatenate ", first, " and ", type);
    for (auto [i, total, size] : llvm::enumerate(shape, type.getShape())) {
      if (int64_t(i) == *axis)
        total = ShapedType::isDynamic(total) || ShapedType::isDynamic(size) ? ShapedType::kDynamic : total + size;
      else if (ShapedType::isDynamic(total))
        total = size;
      else if (!ShapedType::isDynamic(size) && size != total)
        return emitOptionalError(loc, "cannot concatenate ", first, " and ", type, " along axis ", *axis);
    }
  }
  return first.clone(shape);
}

static int64_t axisOf(ConcatOp op) { return wrapAxis(op.getAxis(), op.getY().getType().getRank()); }

unsigned ConcatOp::sourceOf(ArrayRef<int64_t> index, SmallVectorImpl<int64_t> &source) {
  int64_t axis = axisOf(*this);
  source.assign(index.begin(), index.end());
  unsigned operand = 0;
  for (Value x : getXs()) {
    int64_t size = cast<RankedTensorType>(x.getType()).getDimSize(axis);
    if (source[axis] < size)
      break;
    source[axis] -= size;
    ++operand;
  }
  return operand;
}

bool ConcatOp::isIdentity() { return getXs().size() == 1; }

SmallVector<Value> ConcatOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  int64_t axis = axisOf(*this);
  Sizes sizes = sizesOf(b, operands[0]);
  Sizes offsets(sizes.size(), b.getIndexAttr(0)), strides(sizes.size(), b.getIndexAttr(1));
  for (Value x : operands.drop_front())
    sizes[axis] = addSizes(b, sizes[axis], sizeOf(b, x, axis));
  for (auto [size, known] : llvm::zip_equal(sizes, getY().getType().getShape()))
    if (!ShapedType::isDynamic(known))
      size = b.getIndexAttr(known);
  Value result = emptyTensor(b, sizes, getElementTypeOrSelf(operands[0]));
  for (Value x : operands) {
    if (isConstantIntValue(sizeOf(b, x, axis), 0))
      continue; // it has no place in the result
    result = tensor::InsertSliceOp::create(b, x, result, offsets, sizesOf(b, x), strides);
    offsets[axis] = addSizes(b, offsets[axis], sizeOf(b, x, axis));
  }
  return {result};
}

SmallVector<Value> ConcatOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  int64_t axis = axisOf(*this), at = 0;
  SmallVector<Value> parts;
  for (Value x : getXs()) {
    auto type = cast<RankedTensorType>(x.getType());
    if (type.isDynamicDim(axis)) {
      emitOpError("needs to know the sizes that it concatenates to be differentiated");
      return SmallVector<Value>(getXs().size());
    }
    parts.push_back(sliced(b, cotangents[0], axis, at, at + type.getDimSize(axis)));
    at += type.getDimSize(axis);
  }
  return parts;
}

} // namespace ingot
