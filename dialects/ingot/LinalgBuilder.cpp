//===- LinalgBuilder.cpp - Building linalg and tensor ops -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/LinalgBuilder.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Support.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

OpFoldResult sizeOf(ImplicitLocOpBuilder &b, Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return b.getIndexAttr(type.getDimSize(dim));
  while (Operation *op = tensor.getDefiningOp()) {
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return empty.getMixedSizes()[dim];
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return expand.getMixedOutputShape()[dim];
    auto destination = dyn_cast<DestinationStyleOpInterface>(op);
    if (!destination)
      break;
    tensor = destination.getTiedOpOperand(cast<OpResult>(tensor))->get();
  }
  return b.createOrFold<tensor::DimOp>(tensor, dim);
}

Sizes sizesOf(ImplicitLocOpBuilder &b, Value tensor) {
  Sizes sizes;
  for (int64_t i = 0, e = cast<RankedTensorType>(tensor.getType()).getRank(); i < e; ++i)
    sizes.push_back(sizeOf(b, tensor, i));
  return sizes;
}

bool sameSize(OpFoldResult a, OpFoldResult b) {
  if (isEqualConstantIntOrValue(a, b))
    return true;
  auto dimOf = [](OpFoldResult size) {
    auto value = dyn_cast<Value>(size);
    return value ? value.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
  };
  auto x = dimOf(a), y = dimOf(b);
  return x && y && x.getSource() == y.getSource() && x.getConstantIndex() && x.getConstantIndex() == y.getConstantIndex();
}

SmallVector<int64_t> shapeOf(ArrayRef<OpFoldResult> sizes) {
  return llvm::map_to_vector(sizes, [](OpFoldResult size) {
    return getConstantIntValue(size).value_or(ShapedType::kDynamic);
  });
}

Value sizeValue(ImplicitLocOpBuilder &b, OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
}

template <typename Op>
static OpFoldResult combineSizes(ImplicitLocOpBuilder &b, OpFoldResult x, OpFoldResult y) {
  return getAsOpFoldResult(b.createOrFold<Op>(sizeValue(b, x), sizeValue(b, y)));
}

OpFoldResult addSizes(ImplicitLocOpBuilder &b, OpFoldResult x, OpFoldResult y) {
  return combineSizes<arith::AddIOp>(b, x, y);
}
OpFoldResult mulSizes(ImplicitLocOpBuilder &b, OpFoldResult x, OpFoldResult y) {
  return combineSizes<arith::MulIOp>(b, x, y);
}
OpFoldResult divSizes(ImplicitLocOpBuilder &b, OpFoldResult x, OpFoldResult y) {
  return combineSizes<arith::DivUIOp>(b, x, y);
}

Sizes broadcastSizes(ImplicitLocOpBuilder &b, ValueRange operands, ArrayRef<int64_t> shape) {
  Sizes sizes;
  for (auto [i, size] : llvm::enumerate(shape)) {
    if (!ShapedType::isDynamic(size)) {
      sizes.push_back(b.getIndexAttr(size));
      continue;
    }
    OpFoldResult total;
    for (Value operand : operands) {
      auto type = cast<RankedTensorType>(operand.getType());
      int64_t dim = int64_t(i) - (int64_t(shape.size()) - type.getRank());
      if (dim < 0 || !type.isDynamicDim(dim))
        continue;
      OpFoldResult own = sizeOf(b, operand, dim);
      if (!total || sameSize(total, own)) {
        total = own;
        continue;
      }
      // Either may be 1, and then the other counts.
      Value x = sizeValue(b, total), y = sizeValue(b, own);
      Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, arith::ConstantIndexOp::create(b, 1));
      total = b.createOrFold<arith::SelectOp>(isOne, y, x);
    }
    sizes.push_back(total);
  }
  return sizes;
}

//===----------------------------------------------------------------------===//
// Tensors and scalars
//===----------------------------------------------------------------------===//

Value emptyTensor(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes, Type element) {
  return tensor::EmptyOp::create(b, sizes, element);
}

Value filledTensor(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes, Value scalar) {
  return linalg::FillOp::create(b, scalar, emptyTensor(b, sizes, scalar.getType())).getResult(0);
}

Value scalarConstant(ImplicitLocOpBuilder &b, Type type, double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, int64_t(value)));
}

Value extractSlice(ImplicitLocOpBuilder &b, Value x, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes) {
  Sizes strides(sizes.size(), b.getIndexAttr(1));
  return b.createOrFold<tensor::ExtractSliceOp>(x, offsets, sizes, strides);
}

namespace {
/// Dimensions [from, fromEnd) of a reshape's operand that hold the elements of dimensions [to, toEnd) of its result.
struct ReshapeGroup {
  int64_t from, fromEnd, to, toEnd;
};
} // namespace

/// Splits a reshape into the smallest groups that are known to hold the same number of elements. No side of a group is
/// empty; needs at least one dimension on either side.
static SmallVector<ReshapeGroup> groupDimensions(ArrayRef<OpFoldResult> from, ArrayRef<OpFoldResult> to) {
  int64_t fromEnd = from.size(), toEnd = to.size();
  SmallVector<ReshapeGroup> groups, suffix;
  auto isKnown = [](OpFoldResult size) { return getConstantIntValue(size).value_or(0) > 0; };
  int64_t i = 0, j = 0;
  while (i < fromEnd || j < toEnd) {
    ReshapeGroup group{i, i, j, j};
    if (i < fromEnd && j < toEnd && sameSize(from[i], to[j])) {
      groups.push_back({i, i + 1, j, j + 1});
      ++i, ++j;
      continue;
    }
    int64_t have = 1, want = 1;
    bool known = true;
    auto take = [&](ArrayRef<OpFoldResult> sizes, int64_t &at, int64_t &product) {
      if (at == int64_t(sizes.size()) || !isKnown(sizes[at]))
        return false;
      product *= *getConstantIntValue(sizes[at++]);
      return true;
    };
    if (i < fromEnd)
      known &= take(from, i, have);
    if (j < toEnd && known)
      known &= take(to, j, want);
    while (known && have != want)
      known = have < want ? take(from, i, have) : take(to, j, want);
    if (!known) {
      // The rest is one group, but for the equal sizes at its end.
      i = fromEnd, j = toEnd;
      while (i > group.from + 1 && j > group.to + 1 && sameSize(from[i - 1], to[j - 1])) {
        suffix.push_back({i - 1, i, j - 1, j});
        --i, --j;
      }
      groups.push_back({group.from, i, group.to, j});
      break;
    }
    groups.push_back({group.from, i, group.to, j});
  }
  groups.append(suffix.rbegin(), suffix.rend());
  // Dimensions of size 1 that met nothing join a neighbour.
  for (size_t k = 0; k < groups.size() && groups.size() > 1;) {
    if (groups[k].from != groups[k].fromEnd && groups[k].to != groups[k].toEnd) {
      ++k;
      continue;
    }
    size_t first = k ? k - 1 : 0;
    groups[first] = {groups[first].from, groups[first + 1].fromEnd, groups[first].to, groups[first + 1].toEnd};
    groups.erase(groups.begin() + first + 1);
    k = first;
  }
  return groups;
}

Value reshapeTensor(ImplicitLocOpBuilder &b, Value x, ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(x.getType());
  auto result = RankedTensorType::get(shapeOf(sizes), type.getElementType());
  Sizes from = sizesOf(b, x);
  if (from.size() == sizes.size() && llvm::all_of_zip(from, sizes, sameSize))
    return type == result ? x : b.createOrFold<tensor::CastOp>(result, x);
  if (sizes.empty() || from.empty()) {
    // A side of rank 0: the other has sizes 1 only, known or not.
    auto ones = RankedTensorType::get(SmallVector<int64_t>(std::max(from.size(), sizes.size()), 1), type.getElementType());
    if (sizes.empty())
      return tensor::CollapseShapeOp::create(b, result, b.createOrFold<tensor::CastOp>(ones, x),
                                             ArrayRef<ReassociationIndices>());
    Value expanded = tensor::ExpandShapeOp::create(b, ones, x, ArrayRef<ReassociationIndices>());
    return ones == result ? expanded : b.createOrFold<tensor::CastOp>(result, expanded);
  }
  SmallVector<ReassociationIndices> collapse, expand;
  SmallVector<int64_t> middle;
  for (ReshapeGroup group : groupDimensions(from, sizes)) {
    collapse.push_back(llvm::to_vector<2>(llvm::seq(group.from, group.fromEnd)));
    expand.push_back(llvm::to_vector<2>(llvm::seq(group.to, group.toEnd)));
    int64_t count = 1;
    for (int64_t size : result.getShape().slice(group.to, group.toEnd - group.to))
      count = ShapedType::isDynamic(size) || ShapedType::isDynamic(count) ? ShapedType::kDynamic : count * size;
    middle.push_back(count);
  }
  if (collapse.size() < from.size())
    x = tensor::CollapseShapeOp::create(b, x, collapse);
  auto middleType = RankedTensorType::get(middle, type.getElementType());
  if (x.getType() != middleType)
    x = tensor::CastOp::create(b, middleType, x);
  if (expand.size() < sizes.size())
    x = tensor::ExpandShapeOp::create(b, result, x, expand, sizes);
  return x;
}

/// `type` with the shape of `like`, which may be a scalar or a vector.
static Type withShapeOf(Value like, Type type) {
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    return vector.clone(type);
  return type;
}

Value fromStorage(ImplicitLocOpBuilder &b, Value stored, Type element) {
  ScalarBuilder s(b, isUnsignedType(element));
  if (element.isInteger(1))
    return s.build<arith::CmpIOp>(arith::CmpIPredicate::ne, stored, s.literal(0, stored));
  if (isNarrowFloat(element))
    return s.decode(stored, cast<FloatType>(element));
  Type compute = computeType(element);
  return getElementTypeOrSelf(stored) == compute ? stored : s.build<arith::ExtFOp>(withShapeOf(stored, compute), stored);
}

Value toStorage(ImplicitLocOpBuilder &b, Value computed, Type element) {
  ScalarBuilder s(b, isUnsignedType(element));
  Type storage = storageType(element);
  if (getElementTypeOrSelf(computed) == storage)
    return computed;
  if (isNarrowFloat(element))
    return s.encode(computed, cast<FloatType>(element));
  Type type = withShapeOf(computed, storage);
  return element.isInteger(1) ? s.build<arith::ExtUIOp>(type, computed) : s.build<arith::TruncFOp>(type, computed);
}

//===----------------------------------------------------------------------===//
// Generic ops
//===----------------------------------------------------------------------===//

AffineMap broadcastMap(MLIRContext *context, ArrayRef<int64_t> shape, int64_t loops) {
  SmallVector<AffineExpr> exprs;
  for (auto [i, size] : llvm::enumerate(shape))
    exprs.push_back(size == 1 ? getAffineConstantExpr(0, context)
                              : getAffineDimExpr(loops - shape.size() + i, context));
  return AffineMap::get(loops, 0, exprs, context);
}

Value buildParallel(ImplicitLocOpBuilder &b, ValueRange inputs, ArrayRef<AffineMap> maps, ArrayRef<OpFoldResult> sizes,
                    Type element, Body body) {
  SmallVector<AffineMap> allMaps(maps);
  allMaps.push_back(b.getMultiDimIdentityMap(sizes.size()));
  SmallVector<utils::IteratorType> iterators(sizes.size(), utils::IteratorType::parallel);
  Value init = emptyTensor(b, sizes, element);
  auto generic = linalg::GenericOp::create(b, TypeRange{init.getType()}, inputs, ValueRange{init}, allMaps, iterators,
                                           [&](OpBuilder &nested, Location loc, ValueRange args) {
                                             ImplicitLocOpBuilder inner(loc, nested);
                                             linalg::YieldOp::create(inner, body(inner, args.drop_back()));
                                           });
  return generic.getResult(0);
}

/// Reads an operand whose size 1 or n only the run tells: index 0 where the size is 1.
static Value readBroadcast(ImplicitLocOpBuilder &b, Value operand, ArrayRef<OpFoldResult> own, int64_t loops) {
  SmallVector<Value> place;
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  for (auto [i, size] : llvm::enumerate(own)) {
    Value index = linalg::IndexOp::create(b, loops - own.size() + i);
    Value isOne = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, sizeValue(b, size), one);
    place.push_back(b.createOrFold<arith::SelectOp>(isOne, zero, index));
  }
  return tensor::ExtractOp::create(b, operand, place);
}

Value buildBroadcast(ImplicitLocOpBuilder &b, ValueRange inputs, ArrayRef<OpFoldResult> sizes, Type element, Body body) {
  int64_t loops = sizes.size();
  SmallVector<Value> direct;
  SmallVector<AffineMap> maps;
  SmallVector<Sizes> inputSizes;
  SmallVector<bool> isDirect;
  for (Value input : inputs) {
    auto shape = cast<RankedTensorType>(input.getType()).getShape();
    inputSizes.push_back(sizesOf(b, input));
    isDirect.push_back(llvm::all_of_zip(shape, inputSizes.back(), sizes.take_back(shape.size()),
                                        [](int64_t size, OpFoldResult own, OpFoldResult total) {
                                          return !ShapedType::isDynamic(size) || sameSize(own, total);
                                        }));
    if (!isDirect.back())
      continue;
    direct.push_back(input);
    maps.push_back(broadcastMap(b.getContext(), shape, loops));
  }
  return buildParallel(b, direct, maps, sizes, element, [&](ImplicitLocOpBuilder &inner, ValueRange args) {
    SmallVector<Value> values;
    auto next = args.begin();
    for (auto [input, own, isArgument] : llvm::zip_equal(inputs, inputSizes, isDirect))
      values.push_back(isArgument ? *next++ : readBroadcast(inner, input, own, loops));
    return body(inner, values);
  });
}

Value buildPointwise(ImplicitLocOpBuilder &b, ValueRange inputs, ArrayRef<Type> elements, ArrayRef<OpFoldResult> sizes,
                     Type element, Body body) {
  return buildBroadcast(b, inputs, sizes, storageType(element), [&](ImplicitLocOpBuilder &inner, ValueRange args) {
    SmallVector<Value> values;
    for (auto [arg, type] : llvm::zip_equal(args, elements))
      values.push_back(fromStorage(inner, arg, type));
    return toStorage(inner, body(inner, values), element);
  });
}

Value buildReduction(ImplicitLocOpBuilder &b, Value x, Type element, ArrayRef<int64_t> axes, Value init, Body body) {
  int64_t loops = cast<RankedTensorType>(x.getType()).getRank();
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::parallel);
  SmallVector<AffineExpr> kept;
  Sizes sizes;
  for (int64_t axis : axes)
    iterators[axis] = utils::IteratorType::reduction;
  for (int64_t i = 0; i < loops; ++i) {
    if (iterators[i] == utils::IteratorType::reduction)
      continue;
    kept.push_back(b.getAffineDimExpr(i));
    sizes.push_back(sizeOf(b, x, i));
  }
  Value start = filledTensor(b, sizes, init);
  AffineMap maps[] = {b.getMultiDimIdentityMap(loops), AffineMap::get(loops, 0, kept, b.getContext())};
  auto generic = linalg::GenericOp::create(
      b, TypeRange{start.getType()}, ValueRange{x}, ValueRange{start}, maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value item = fromStorage(inner, args[0], element);
        if (item.getType() != init.getType() && isa<FloatType>(init.getType()))
          item = arith::ExtFOp::create(inner, init.getType(), item);
        linalg::YieldOp::create(inner, body(inner, {item, args[1]}));
      });
  return generic.getResult(0);
}

Value roundTensor(ImplicitLocOpBuilder &b, Value x, Type element) {
  auto type = cast<RankedTensorType>(x.getType());
  Type storage = storageType(element);
  if (type.getElementType() == storage)
    return x;
  return buildParallel(b, x, b.getMultiDimIdentityMap(type.getRank()), sizesOf(b, x), storage,
                       [&](ImplicitLocOpBuilder &inner, ValueRange args) { return toStorage(inner, args[0], element); });
}

} // namespace ingot
