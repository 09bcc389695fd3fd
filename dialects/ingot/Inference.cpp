//===- Inference.cpp - Shape arithmetic shared by type inference ----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Inference.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

LogicalResult broadcastShapes(MaybeLoc loc, ValueRange operands, SmallVectorImpl<int64_t> &shape) {
  for (Value operand : operands) {
    ArrayRef<int64_t> sizes = cast<RankedTensorType>(operand.getType()).getShape();
    if (sizes.size() > shape.size())
      shape.insert(shape.begin(), sizes.size() - shape.size(), 1);
    auto tail = MutableArrayRef<int64_t>(shape).take_back(sizes.size());
    for (auto [total, size] : llvm::zip_equal(tail, sizes)) {
      if (size == 1 || size == total)
        continue;
      if (total == 1 || (ShapedType::isDynamic(total) && size != 1))
        total = size;
      else if (!ShapedType::isDynamic(size))
        return emitOptionalError(loc, "operands do not broadcast together: ", operands.getTypes());
    }
  }
  return success();
}

static LogicalResult inferFrom(MaybeLoc loc, ValueRange operands, ValueRange alike, Type element, Types &types) {
  for (Value operand : alike.drop_front())
    if (getElementTypeOrSelf(operand) != getElementTypeOrSelf(alike.front()))
      return emitOptionalError(loc, "element types differ: ", alike.getTypes());
  SmallVector<int64_t> shape;
  if (failed(broadcastShapes(loc, operands, shape)))
    return failure();
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}

LogicalResult inferBroadcast(MaybeLoc loc, ValueRange operands, Types &types) {
  return inferFrom(loc, operands, operands, getElementTypeOrSelf(operands.front()), types);
}

LogicalResult inferCompare(MaybeLoc loc, ValueRange operands, Types &types) {
  return inferFrom(loc, operands, operands, IntegerType::get(operands.front().getContext(), 1), types);
}

LogicalResult inferWhere(MaybeLoc loc, ValueRange operands, Types &types) {
  return inferFrom(loc, operands, operands.drop_front(), getElementTypeOrSelf(operands[1]), types);
}

LogicalResult inferPow(MaybeLoc loc, ValueRange operands, Types &types) {
  return inferFrom(loc, operands, operands.take_front(), getElementTypeOrSelf(operands.front()), types);
}

LogicalResult inferCast(MaybeLoc loc, Value x, Type to, Types &types) {
  types.push_back(cast<RankedTensorType>(x.getType()).clone(to));
  return success();
}

FailureOr<int64_t> normalizeAxis(MaybeLoc loc, int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    (void)emitOptionalError(loc, "axis ", axis, " lies outside rank ", rank);
    return failure();
  }
  return axis < 0 ? axis + rank : axis;
}

} // namespace ingot
