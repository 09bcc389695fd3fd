//===- Contraction.cpp - A contraction as a convolution over panels -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Window.h"

using namespace mlir;

namespace ingot {

/// Ranks up to four, leading dimensions of size 1 added.
static SmallVector<int64_t> inFour(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> four(4 - shape.size(), 1);
  llvm::append_range(four, shape);
  return four;
}

static bool isKernelType(RankedTensorType type) {
  return type.hasStaticShape() && type.getElementType().isF32() && type.getNumElements() > 0;
}

std::optional<Contraction> MatMulOp::getContraction() {
  RankedTensorType a = getA().getType(), b = getB().getType(), y = getY().getType();
  if (!isKernelType(a) || !isKernelType(b) || a.getRank() < 2 || b.getRank() < 2 || y.getRank() < 2)
    return std::nullopt;
  // Leading dimensions of the left merge when the right has none; a right with its own needs them apart.
  SmallVector<int64_t> left(a.getShape()), right(b.getShape()), result(y.getShape());
  while (right.size() > 2 && right.front() == 1)
    right.erase(right.begin());
  int64_t dropped = b.getRank() - right.size();
  if (right.size() == 2) {
    auto merge = [](SmallVector<int64_t> &shape) {
      while (shape.size() > 4) {
        shape[1] *= shape[0];
        shape.erase(shape.begin());
      }
    };
    merge(left);
    merge(result);
  }
  if (left.size() > 4 || right.size() > left.size() || result.size() > 4)
    return std::nullopt;
  Contraction c;
  c.inputShape = inFour(left);
  c.outputShape = inFour(result);
  if (getTransposeA())
    c.inputDims = {0, 1, 3, 2};
  SmallVector<int64_t> leads;
  if (right.size() > 2) {
    SmallVector<int64_t> four = inFour(right);
    leads = {four[0], four[1]};
    for (int64_t i = 0; i < 2; ++i)
      if (leads[i] != 1 && leads[i] != c.inputShape[i])
        return std::nullopt;
  }
  for (int64_t i = 0; i < 2; ++i)
    if (c.inputShape[i] != c.outputShape[i])
      return std::nullopt;
  c.leads = leads;
  int64_t rows = b.getRank() - 2, columns = b.getRank() - 1;
  if (getTransposeB())
    std::swap(rows, columns);
  c.channels = b.getDimSize(rows);
  c.columns = b.getDimSize(columns);
  for (size_t i = 0; i < leads.size(); ++i) {
    int64_t missing = 4 - int64_t(right.size());
    c.filterDims.push_back(int64_t(i) < missing ? -1 : int64_t(i) - missing + dropped);
  }
  llvm::append_values(c.filterDims, columns, -1, -1, rows);
  return c;
}

static bool isCropped(const WindowNumbers &window) {
  auto isNegative = [](int64_t pad) { return pad < 0; };
  return llvm::any_of(window.low, isNegative) || llvm::any_of(window.high, isNegative);
}

std::optional<Contraction> ConvOp::getContraction() {
  RankedTensorType x = getX().getType(), w = getW().getType(), y = getY().getType();
  if (!isKernelType(x) || !isKernelType(w) || !isKernelType(y) || x.getRank() < 3 || x.getRank() > 4)
    return std::nullopt;
  ConvNumbers numbers = getNumbers();
  if (numbers.batchGroups != 1 || isCropped(numbers.window))
    return std::nullopt;
  Contraction c;
  auto four = [](ArrayRef<int64_t> dims, ArrayRef<int64_t> shape, SmallVector<int64_t> &outShape, SmallVector<int64_t> &outDims) {
    if (shape.size() == 4) { // batch, feature, two spatial
      outShape.assign(shape.begin(), shape.end());
      outDims = {dims[0], dims[2], dims[3], dims[1]};
      return;
    }
    outShape.assign(1, 1);
    outShape.append(shape.begin(), shape.end());
    outDims = {dims[0] + 1, 0, dims[2] + 1, dims[1] + 1};
  };
  four(numbers.x, x.getShape(), c.inputShape, c.inputDims);
  four(numbers.y, y.getShape(), c.outputShape, c.outputDims);
  if (c.outputDims[3] != 3)
    return std::nullopt; // a kernel stores rows of channels
  auto two = [](ArrayRef<int64_t> values, int64_t fill) {
    SmallVector<int64_t> pair(values);
    if (pair.size() == 1)
      pair.insert(pair.begin(), fill);
    return pair;
  };
  ArrayRef<int64_t> wd = numbers.w;
  bool flat = x.getRank() == 3;
  c.kernel = flat ? SmallVector<int64_t>{1, w.getDimSize(wd[2])} : SmallVector<int64_t>{w.getDimSize(wd[2]), w.getDimSize(wd[3])};
  c.strides = two(numbers.window.strides, 1);
  c.dilations = two(numbers.window.dilations, 1);
  c.inputDilations = two(numbers.window.inputDilations, 1);
  SmallVector<int64_t> low = two(numbers.window.low, 0), high = two(numbers.window.high, 0);
  c.pads = {low[0], low[1], high[0], high[1]};
  c.flip = numbers.flip;
  c.groups = numbers.groups;
  c.filterDims = flat ? SmallVector<int64_t>{wd[0], -1, wd[2], wd[1]} : SmallVector<int64_t>{wd[0], wd[2], wd[3], wd[1]};
  c.columns = w.getDimSize(wd[0]) / c.groups;
  c.channels = w.getDimSize(wd[1]);
  bool undilated = llvm::all_of(c.inputDilations, [](int64_t d) { return d == 1; });
  c.depthwise = c.groups > 1 && c.columns == 1 && c.channels == 1 && undilated && !c.flip && c.inputDims[3] == 3;
  return c;
}

} // namespace ingot
