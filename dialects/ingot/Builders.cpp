//===- Builders.cpp - Short forms of movement ops -------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Movement.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Support.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

static RankedTensorType typeOf(Value x) { return cast<RankedTensorType>(x.getType()); }

/// An entry of ingot.reshape's shape that keeps dimension `dim` of x.
static int64_t keep(Value x, int64_t dim) {
  return typeOf(x).isDynamicDim(dim) ? -2 - dim : typeOf(x).getDimSize(dim);
}

Value reshaped(ImplicitLocOpBuilder &b, Value x, ArrayRef<int64_t> shape) { return b.createOrFold<ReshapeOp>(x, shape); }

Value squeezed(ImplicitLocOpBuilder &b, Value x, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> shape;
  int64_t rank = typeOf(x).getRank();
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i) && !llvm::is_contained(axes, i - rank))
      shape.push_back(keep(x, i));
  return reshaped(b, x, shape);
}

Value unsqueezed(ImplicitLocOpBuilder &b, Value x, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> shape;
  int64_t rank = typeOf(x).getRank() + axes.size();
  for (int64_t i = 0, from = 0; i < rank; ++i)
    shape.push_back(llvm::is_contained(axes, i) || llvm::is_contained(axes, i - rank) ? 1 : keep(x, from++));
  return reshaped(b, x, shape);
}

Value flattened(ImplicitLocOpBuilder &b, Value x, int64_t axis) {
  int64_t rank = typeOf(x).getRank();
  axis = axis < 0 ? axis + rank : axis;
  auto join = [&](int64_t from, int64_t end) -> int64_t {
    if (end - from == 1)
      return keep(x, from);
    int64_t size = 1;
    for (int64_t i = from; i < end; ++i) {
      if (typeOf(x).isDynamicDim(i))
        return -1;
      size *= typeOf(x).getDimSize(i);
    }
    return size;
  };
  int64_t rows = join(0, axis), columns = join(axis, rank);
  if (rows != -1 || columns != -1)
    return reshaped(b, x, {rows, columns});
  // Only one size may be open at a time.
  SmallVector<int64_t> shape;
  for (int64_t i = 0; i < axis; ++i)
    shape.push_back(keep(x, i));
  shape.push_back(-1);
  x = reshaped(b, x, shape);
  return reshaped(b, x, {-1, keep(x, axis)});
}

Value transposed(ImplicitLocOpBuilder &b, Value x, ArrayRef<int64_t> perm) { return b.createOrFold<TransposeOp>(x, perm); }

Value expanded(ImplicitLocOpBuilder &b, Value x, ArrayRef<int64_t> shape) { return b.createOrFold<ExpandOp>(x, shape); }

Value expandedLike(ImplicitLocOpBuilder &b, Value x, Value like) {
  if (typeOf(like).hasStaticShape())
    return expanded(b, x, typeOf(like).getShape());
  return b.createOrFold<WhereOp>(literal(b, 1, b.getI1Type()), x, castTo(b, like, getElementTypeOrSelf(x)));
}

Value sliced(ImplicitLocOpBuilder &b, Value x, int64_t axis, int64_t start, int64_t end, int64_t step) {
  return b.createOrFold<SliceOp>(x, start, end, axis, step);
}

Value reversed(ImplicitLocOpBuilder &b, Value x, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> starts(axes.size(), -1), ends(axes.size(), INT64_MIN), steps(axes.size(), -1);
  return axes.empty() ? x : b.createOrFold<SliceOp>(x, starts, ends, axes, steps);
}

Value literal(ImplicitLocOpBuilder &b, double value, Type element) {
  return graphLiteral(b, value, element);
}

Value splat(ImplicitLocOpBuilder &b, double value, RankedTensorType type) {
  return expanded(b, literal(b, value, type.getElementType()), type.getShape());
}

Value zerosLike(ImplicitLocOpBuilder &b, Value like) { return expandedLike(b, literal(b, 0, getElementTypeOrSelf(like)), like); }

Value castTo(ImplicitLocOpBuilder &b, Value x, Type element) {
  return getElementTypeOrSelf(x) == element ? x : b.createOrFold<CastOp>(x, element);
}

} // namespace ingot
