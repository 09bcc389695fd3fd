//===- OpenFunction.cpp - A function of open dimensions -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sizes/OpenFunction.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace ingot;

OpenFunction::OpenFunction(func::FuncOp func, unsigned numDims) : func(func) {
  Block &entry = func.getBody().front();
  ImplicitLocOpBuilder b(func.getLoc(), &entry, entry.begin());
  anchor = arith::ConstantIndexOp::create(b, 0); // dead: canonicalization erases it
  if (!func.isPrivate())
    return;
  for (unsigned i = 0; i < numDims; ++i) {
    (void)func.insertArgument(func.getNumArguments(), b.getIndexType(), DictionaryAttr::get(b.getContext()),
                              func.getLoc());
    dimValues.push_back(entry.getArguments().back());
  }
}

ImplicitLocOpBuilder OpenFunction::builder() { return ImplicitLocOpBuilder(func.getLoc(), anchor); }

LogicalResult OpenFunction::readDims(const SizeFunctions &functions, ArrayRef<InputInfo> inputs) {
  ImplicitLocOpBuilder b = builder();
  for (const OpenDim &dim : functions.dims()) {
    Value value;
    for (auto [i, input] : llvm::enumerate(inputs))
      for (auto [axis, name] : llvm::enumerate(input.dimNames))
        if (!value && name == dim.name && i < func.getNumArguments())
          value = memref::DimOp::create(b, func.getArgument(i), axis);
    if (!value)
      return func.emitError("no input has the dimension '") << dim.name << "'";
    dimValues.push_back(value);
  }
  return success();
}

OpFoldResult OpenFunction::size(AffineExpr function) {
  ImplicitLocOpBuilder b = builder();
  if (auto constant = dyn_cast<AffineConstantExpr>(function))
    return b.getIndexAttr(constant.getValue());
  Value &value = known[function];
  if (!value)
    value = affine::expandAffineExpr(b, func.getLoc(), function, {}, dimValues);
  return value;
}

Value OpenFunction::number(SizeFunctions &functions, ArrayRef<TypedAttr> values) {
  ImplicitLocOpBuilder b = builder();
  Type type = values.front().getType();
  SmallVector<int64_t> whole;
  bool inverse = false;
  if (type.isIntOrIndex()) {
    for (TypedAttr value : values)
      whole.push_back(cast<IntegerAttr>(value).getInt());
  } else if (auto floatType = dyn_cast<FloatType>(type)) {
    auto numbers = llvm::map_to_vector(values, [](TypedAttr value) { return cast<FloatAttr>(value).getValue(); });
    inverse = !llvm::all_of(numbers, [](const APFloat &number) { return number.isInteger(); });
    for (const APFloat &number : numbers) {
      if (inverse) {
        if (number.isZero() || !number.isFinite())
          return {};
        APFloat one(floatType.getFloatSemantics(), 1);
        one.divide(number, APFloat::rmNearestTiesToEven);
        whole.push_back(std::llround(one.convertToDouble()));
        APFloat back(floatType.getFloatSemantics(), 1), divisor(floatType.getFloatSemantics());
        divisor.convertFromAPInt(APInt(64, whole.back(), true), true, APFloat::rmNearestTiesToEven);
        back.divide(divisor, APFloat::rmNearestTiesToEven);
        if (!back.bitwiseIsEqual(number))
          return {};
      } else {
        double value = number.convertToDouble();
        if (std::abs(value) > double(int64_t(1) << 52))
          return {};
        whole.push_back(int64_t(value));
      }
    }
  } else {
    return {};
  }
  AffineExpr function = functions.fit(whole);
  if (!function)
    return {};
  Value value = getValueOrCreateConstantIndexOp(b, b.getLoc(), size(function));
  if (type.isIndex())
    return value;
  if (type.isInteger())
    return arith::IndexCastOp::create(b, type, value);
  value = arith::SIToFPOp::create(b, type, arith::IndexCastOp::create(b, b.getI64Type(), value));
  if (inverse)
    value = arith::DivFOp::create(b, arith::ConstantOp::create(b, b.getFloatAttr(type, 1)), value);
  return value;
}

void OpenFunction::takeCorner(BlockArgument argument, MemRefType whole, MemRefType part, ArrayRef<AffineExpr> sizes,
                              const SizeFunctions &functions) {
  ImplicitLocOpBuilder b = builder();
  argument.setType(whole);
  SmallVector<OpFoldResult> offsets(whole.getRank(), b.getIndexAttr(0)), steps(whole.getRank(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> mixed = llvm::map_to_vector(sizes, [&](AffineExpr function) { return size(function); });
  Value view = memref::SubViewOp::create(b, argument, offsets, mixed, steps);
  Operation *viewOp = view.getDefiningOp();
  // A part that leaves out whole rows at the end is dense, another is copied together.
  int64_t first = 0;
  while (first < part.getRank() && part.getDimSize(first) == 1)
    ++first;
  bool isDense = llvm::none_of(part.getShape().drop_front(std::min(first + 1, part.getRank())), ShapedType::isDynamic);
  if (isDense) {
    view = memref::CastOp::create(b, part, view);
  } else {
    SmallVector<Value> open;
    SmallVector<int64_t> bounds;
    for (auto [function, length] : llvm::zip_equal(sizes, mixed)) {
      bounds.push_back(functions.upperBound(function));
      if (auto value = dyn_cast<Value>(length))
        open.push_back(value);
    }
    auto copy = memref::AllocOp::create(b, part, open);
    copy->setAttr("ingot.bounds", b.getDenseI64ArrayAttr(bounds));
    memref::CopyOp::create(b, view, copy);
    view = copy;
  }
  argument.replaceAllUsesExcept(view, viewOp);
}

bool ingot::isCorner(RankedTensorType smallType, ArrayRef<char> small, RankedTensorType largeType,
                     ArrayRef<char> large) {
  if (smallType.getRank() != largeType.getRank() || smallType.getElementType() != largeType.getElementType())
    return false;
  for (auto [size, whole] : llvm::zip_equal(smallType.getShape(), largeType.getShape()))
    if (size > whole)
      return false;
  size_t width = small.size() / std::max<int64_t>(smallType.getNumElements(), 1);
  for (int64_t element = 0; element < smallType.getNumElements(); ++element) {
    int64_t rest = element, place = 0, stride = 1;
    for (int64_t i = smallType.getRank() - 1; i >= 0; --i) {
      place += rest % smallType.getDimSize(i) * stride;
      rest /= smallType.getDimSize(i);
      stride *= largeType.getDimSize(i);
    }
    if (memcmp(small.data() + element * width, large.data() + place * width, width) != 0)
      return false;
  }
  return true;
}
