//===- ContractGradient.cpp - Gradients of Contract.td --------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Rule.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;

namespace ingot {

SmallVector<Value> MatMulOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  Value x = getA(), w = getB(), dy = cotangents[0];
  bool row = rankOf(x) == 1, column = rankOf(w) == 1;
  // With the missing row or column in place every case is a product of matrices.
  if (column) {
    w = unsqueezed(b, w, {1});
    dy = unsqueezed(b, dy, {-1});
  }
  if (row) {
    x = unsqueezed(b, x, {0});
    dy = unsqueezed(b, dy, {-2});
  }
  bool ta = getTransposeA(), tb = getTransposeB();
  Value dx = ta ? MatMulOp::create(b, w, dy, tb, true) : MatMulOp::create(b, dy, w, false, !tb);
  if (rankOf(x) > 2 && rankOf(w) == 2 && !ta) { // one product of all rows instead of a sum of one for each batch
    x = flattened(b, x, -1);
    dy = flattened(b, dy, -1);
  }
  Value dw = tb ? MatMulOp::create(b, dy, x, true, ta) : MatMulOp::create(b, x, dy, !ta, false);
  // Any other batch of an operand is summed by the engine, as for any operand that broadcasts.
  return {row ? squeezed(b, dx, {-2}) : dx, column ? squeezed(b, dw, {-1}) : dw};
}

/// `w` with its dimensions `out` and `in` exchanged within each of `groups`: what the transposed convolution reads.
static Value exchangeGroups(ImplicitLocOpBuilder &b, Value w, ConvNumbers &n) {
  if (n.groups == 1) {
    std::swap(n.w[0], n.w[1]);
    return w;
  }
  // [out = G * O, in, spatial...] to [G * in, O, spatial...], in this order.
  auto shape = cast<RankedTensorType>(w.getType()).getShape();
  SmallVector<int64_t> split = {n.groups, shape[n.w[0]] / n.groups, shape[n.w[1]]};
  SmallVector<int64_t> perm = {0, 2, 1}, merged = {n.groups * shape[n.w[1]], shape[n.w[0]] / n.groups};
  for (int64_t i = 0, e = n.w.size() - 2; i < e; ++i) {
    split.push_back(shape[n.w[i + 2]]);
    perm.push_back(i + 3);
    merged.push_back(split.back());
  }
  Value result = reshaped(b, transposed(b, reshaped(b, transposed(b, w, n.w), split), perm), merged);
  n.w = llvm::to_vector(llvm::seq<int64_t>(0, n.w.size()));
  return result;
}

Value buildConvTranspose(ImplicitLocOpBuilder &b, Value x, Value w, ArrayRef<int64_t> strides, ArrayRef<int64_t> pads,
                         ArrayRef<int64_t> outputPads, ArrayRef<int64_t> dilations, int64_t groups) {
  ConvNumbers n(rankOf(x) - 2);
  n.groups = groups;
  n.flip = true;
  for (size_t i = 0; i < n.window.rank(); ++i) {
    if (!strides.empty())
      n.window.inputDilations[i] = strides[i];
    if (!dilations.empty())
      n.window.dilations[i] = dilations[i];
    int64_t reach = n.window.reach(i, sizeAt(w, i + 2)) - 1;
    n.window.low[i] = reach - (pads.empty() ? 0 : pads[i]);
    n.window.high[i] = reach - (pads.empty() ? 0 : pads[i + n.window.rank()]) + (outputPads.empty() ? 0 : outputPads[i]);
  }
  w = exchangeGroups(b, w, n);
  return ConvOp::create(b, x, w, n);
}

/// The cotangent of x: the cotangent of y, spread out by the strides, meets the kernel backwards.
static Value inputGradient(ImplicitLocOpBuilder &b, ConvOp op, const ConvNumbers &n, Value dy) {
  ConvNumbers back = n;
  std::swap(back.x, back.y);
  std::swap(back.window.strides, back.window.inputDilations);
  back.flip = !n.flip;
  for (size_t i = 0; i < n.window.rank(); ++i) {
    int64_t taps = sizeAt(op.getW(), n.w[i + 2]), reach = n.window.reach(i, taps);
    back.window.low[i] = reach - 1 - n.window.low[i];
    // A stride may leave a few last elements of x out; their cotangent is zero, and padding makes it.
    int64_t x = n.window.spread(i, sizeAt(op.getX(), n.x[i + 2]));
    back.window.high[i] = x + reach - 1 - back.window.spread(i, sizeAt(dy, n.y[i + 2])) - back.window.low[i];
  }
  Value w = exchangeGroups(b, op.getW(), back);
  return ConvOp::create(b, dy, w, back);
}

/// The cotangent of w: x meets the cotangent of y as a kernel, with batch and feature in each other's place.
static Value kernelGradient(ImplicitLocOpBuilder &b, ConvOp op, const ConvNumbers &n, Value dy) {
  ConvNumbers back = n;
  std::swap(back.x[0], back.x[1]);
  back.w = n.y;
  std::swap(back.w[0], back.w[1]);
  back.y = n.w;
  std::swap(back.y[0], back.y[1]);
  std::swap(back.window.strides, back.window.dilations);
  std::swap(back.groups, back.batchGroups);
  back.flip = false;
  SmallVector<int64_t> spatial;
  for (size_t i = 0; i < n.window.rank(); ++i) {
    int64_t taps = sizeAt(op.getW(), n.w[i + 2]), x = n.window.spread(i, sizeAt(op.getX(), n.x[i + 2]));
    int64_t used = (taps - 1) * n.window.dilations[i] + (sizeAt(dy, n.y[i + 2]) - 1) * n.window.strides[i] + 1;
    back.window.high[i] = used - x - n.window.low[i];
    spatial.push_back(n.w[i + 2]);
  }
  Value dw = ConvOp::create(b, op.getX(), dy, back);
  return n.flip ? reversed(b, dw, spatial) : dw;
}

/// With the runs of the batch side by side as features, a convolution with batch groups is one with groups.
static SmallVector<Value> batchGroupsGradient(ImplicitLocOpBuilder &b, ConvOp op, const ConvNumbers &n, Value dy) {
  SmallVector<int64_t> batchFirst = applyPermutation(cast<RankedTensorType>(op.getX().getType()).getShape(), n.x);
  SmallVector<int64_t> runs(batchFirst), beside(batchFirst), perm = llvm::to_vector(llvm::seq<int64_t>(0, runs.size() + 1));
  std::swap(perm[0], perm[1]);
  runs[0] /= n.batchGroups;
  runs.insert(runs.begin(), n.batchGroups);
  beside[0] /= n.batchGroups;
  beside[1] *= n.batchGroups;
  ConvNumbers grouped = n;
  std::swap(grouped.groups, grouped.batchGroups);
  grouped.x = llvm::to_vector(llvm::seq<int64_t>(0, n.x.size()));
  Value x = reshaped(b, transposed(b, reshaped(b, transposed(b, op.getX(), n.x), runs), perm), beside);
  auto same = ConvOp::create(b, x, op.getW(), grouped);
  SmallVector<Value> result = same.buildGradient(b, dy);
  Value dx = transposed(b, reshaped(b, result[0], applyPermutation(runs, perm)), perm);
  result[0] = transposed(b, reshaped(b, dx, batchFirst), invertPermutationVector(n.x));
  return result;
}

SmallVector<Value> ConvOp::buildGradient(ImplicitLocOpBuilder &b, ValueRange cotangents) {
  ConvNumbers n = getNumbers();
  auto isStatic = [](Value v) { return cast<RankedTensorType>(v.getType()).hasStaticShape(); };
  if (!isStatic(getX()) || !isStatic(getW()) || (n.batchGroups > 1 && n.groups > 1)) {
    emitOpError("has a gradient only with static shapes, and with groups or batch groups, not both");
    return {Value(), Value()};
  }
  if (n.batchGroups > 1)
    return batchGroupsGradient(b, *this, n, cotangents[0]);
  return {inputGradient(b, *this, n, cotangents[0]), kernelGradient(b, *this, n, cotangents[0])};
}

} // namespace ingot
