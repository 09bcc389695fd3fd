//===- RulesMovement.cpp - Rules for operators that move elements ------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;

namespace ingot::onnx_import {

/// `axis` counted from the front; reports one that is out of range.
static FailureOr<int64_t> axisOf(Node &n, int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return n.invalid("axis " + Twine(axis) + " lies outside rank " + Twine(rank));
  return axis < 0 ? axis + rank : axis;
}

static LogicalResult axesOf(Node &n, SmallVectorImpl<int64_t> &axes, int64_t rank) {
  for (int64_t &axis : axes) {
    auto front = axisOf(n, axis, rank);
    if (failed(front))
      return failure();
    axis = *front;
  }
  llvm::sort(axes);
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    return n.invalid("an axis is given twice");
  return success();
}

/// Entries of ingot.reshape that keep x's dimensions.
static SmallVector<int64_t> keptSizes(RankedTensorType type) {
  SmallVector<int64_t> sizes;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    sizes.push_back(ShapedType::isDynamic(size) ? -2 - int64_t(i) : size);
  return sizes;
}

static LogicalResult squeeze(Node &n) {
  RankedTensorType type = n.type(0);
  std::optional<SmallVector<int64_t>> axes;
  if (failed(n.constantIntegers(1, "axes", axes)))
    return failure();
  SmallVector<int64_t> kept = keptSizes(type), shape;
  if (axes && failed(axesOf(n, *axes, type.getRank())))
    return failure();
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    bool dropped = axes ? llvm::is_contained(*axes, int64_t(i)) : size == 1;
    if (dropped && size != 1 && !ShapedType::isDynamic(size))
      return n.invalid("dimension " + Twine(i) + " has size " + Twine(size) + ", want 1");
    if (!dropped)
      shape.push_back(kept[i]);
  }
  return n.result(n.reshape(n.in(0), shape));
}

static LogicalResult unsqueeze(Node &n) {
  auto axes = n.constantIntegers(1, "axes");
  RankedTensorType type = n.type(0);
  if (failed(axes) || failed(axesOf(n, *axes, type.getRank() + int64_t(axes->size()))))
    return failure();
  SmallVector<int64_t> shape = keptSizes(type);
  for (int64_t axis : *axes)
    shape.insert(shape.begin() + axis, 1);
  return n.result(n.reshape(n.in(0), shape));
}

static LogicalResult flatten(Node &n) {
  RankedTensorType type = n.type(0);
  int64_t axis = n.integer("axis", 1), rank = type.getRank();
  if (axis < -rank || axis > rank)
    return n.invalid("axis " + Twine(axis) + " lies outside rank " + Twine(rank));
  axis = axis < 0 ? axis + rank : axis;
  auto product = [&](ArrayRef<int64_t> sizes, int64_t first) -> int64_t {
    if (sizes.size() == 1 && ShapedType::isDynamic(sizes[0]))
      return -2 - first;
    int64_t total = 1;
    for (int64_t size : sizes) {
      if (ShapedType::isDynamic(size))
        return -1;
      total *= size;
    }
    return total;
  };
  int64_t shape[] = {product(type.getShape().take_front(axis), 0), product(type.getShape().drop_front(axis), axis)};
  if (shape[0] == -1 && shape[1] == -1)
    return n.unsupported("the sizes are not known at compile time");
  return n.result(n.reshape(n.in(0), shape));
}

static LogicalResult transpose(Node &n) {
  SmallVector<int64_t> reversed = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, n.type(0).getRank())));
  return n.result(n.transpose(n.in(0), n.integers("perm").value_or(reversed)));
}

static LogicalResult slice(Node &n) {
  auto starts = n.constantIntegers(1, "starts"), ends = n.constantIntegers(2, "ends");
  std::optional<SmallVector<int64_t>> axes, steps;
  if (failed(starts) || failed(ends) || failed(n.constantIntegers(3, "axes", axes)) ||
      failed(n.constantIntegers(4, "steps", steps)))
    return failure();
  if (!axes)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  if (!steps)
    steps = SmallVector<int64_t>(starts->size(), 1);
  if (ends->size() != starts->size() || axes->size() != starts->size() || steps->size() != starts->size())
    return n.invalid("'starts', 'ends', 'axes' and 'steps' differ in length");
  return n.result(n.build("slice", n.in(0), {n.attr("starts", *starts), n.attr("ends", *ends), n.attr("axes", *axes),
                                             n.attr("steps", *steps)}));
}

static LogicalResult pad(Node &n) {
  RankedTensorType type = n.type(0);
  auto pads = n.constantIntegers(1, "pads");
  std::optional<SmallVector<int64_t>> axes;
  if (failed(pads) || failed(n.constantIntegers(3, "axes", axes)))
    return failure();
  int64_t rank = type.getRank();
  if (!axes)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (pads->size() != 2 * axes->size())
    return n.invalid("'pads' has " + Twine(pads->size()) + " elements, want " + Twine(2 * axes->size()));
  SmallVector<int64_t> low(rank, 0), high(rank, 0), interior(rank, 0);
  for (auto [i, given] : llvm::enumerate(*axes)) {
    auto axis = axisOf(n, given, rank);
    if (failed(axis))
      return failure();
    low[*axis] = (*pads)[i];
    high[*axis] = (*pads)[i + axes->size()];
  }
  std::string mode = n.text("mode", "constant");
  auto build = [&](Value x, Value value) {
    return n.build("pad", {x, value}, {n.attr("low", low), n.attr("high", high), n.attr("interior", interior)});
  };
  if (mode != "constant") {
    // What negative entries cut off is not there to be repeated.
    SmallVector<int64_t> before(rank), behind(rank);
    for (int64_t i = 0; i < rank; ++i) {
      before[i] = std::max<int64_t>(std::exchange(low[i], std::min<int64_t>(low[i], 0)), 0);
      behind[i] = std::max<int64_t>(std::exchange(high[i], std::min<int64_t>(high[i], 0)), 0);
    }
    Value cut = build(n.in(0), n.scalar(0, type.getElementType()));
    if (!cut)
      return failure();
    return n.result(n.build("extend", cut, {n.attr("low", before), n.attr("high", behind), n.attr("mode", StringRef(mode))}));
  }
  return n.result(build(n.in(0), n.has(2) ? n.reshape(n.in(2), {}) : n.scalar(0, type.getElementType())));
}

static LogicalResult tile(Node &n) {
  auto repeats = n.constantIntegers(1, "repeats");
  if (failed(repeats))
    return failure();
  return n.result(n.build("tile", n.in(0), n.attr("repeats", *repeats)));
}

/// Sizes of the parts of Split and SplitToSequence along `axis`.
static FailureOr<SmallVector<int64_t>> partSizes(Node &n, int64_t axis, std::optional<int64_t> count, bool scalarIsChunk) {
  int64_t size = n.type(0).getDimSize(axis);
  std::optional<SmallVector<int64_t>> sizes;
  if (failed(n.constantIntegers(1, "split", sizes)))
    return failure();
  if (sizes && !(scalarIsChunk && n.type(1).getRank() == 0))
    return *sizes;
  if (ShapedType::isDynamic(size))
    return n.unsupported("the size of the split dimension is not known at compile time");
  int64_t chunk = sizes ? sizes->front() : count ? (size + *count - 1) / std::max<int64_t>(1, *count) : 1;
  if (chunk < 1 && size > 0)
    return n.invalid("the parts of a split have no size");
  SmallVector<int64_t> parts;
  for (int64_t left = size; left > 0 && parts.size() < 65536; left -= chunk)
    parts.push_back(std::min(chunk, left));
  return parts;
}

static FailureOr<SmallVector<Value>> splitParts(Node &n, int64_t axis, ArrayRef<int64_t> sizes) {
  int64_t total = n.type(0).getDimSize(axis), start = 0;
  SmallVector<Value> parts;
  for (int64_t size : sizes) {
    if (size < 0 || size > std::numeric_limits<int64_t>::max() - start)
      return n.invalid("a part of the split has the size " + Twine(size));
    parts.push_back(n.slice(n.in(0), axis, start, start + size));
    start += size;
  }
  if (!ShapedType::isDynamic(total) && start != total)
    return n.invalid("the parts of the split have " + Twine(start) + " elements together, the dimension " + Twine(total));
  return parts;
}

static LogicalResult split(Node &n) {
  auto axis = axisOf(n, n.integer("axis", 0), n.type(0).getRank());
  if (failed(axis))
    return failure();
  auto sizes = partSizes(n, *axis, n.integer("num_outputs", n.outputNames.size()), /*scalarIsChunk=*/false);
  if (failed(sizes))
    return failure();
  auto parts = splitParts(n, *axis, *sizes);
  return failed(parts) ? failure() : n.results(*parts);
}

static LogicalResult splitToSequence(Node &n) {
  auto axis = axisOf(n, n.integer("axis", 0), n.type(0).getRank());
  if (failed(axis))
    return failure();
  auto sizes = partSizes(n, *axis, std::nullopt, /*scalarIsChunk=*/true);
  if (failed(sizes))
    return failure();
  auto parts = splitParts(n, *axis, *sizes);
  if (failed(parts))
    return failure();
  if (!n.has(1) && !n.integer("keepdims", 1))
    for (Value &part : *parts) {
      SmallVector<int64_t> shape = keptSizes(n.type(0));
      shape.erase(shape.begin() + *axis);
      part = n.reshape(part, shape);
    }
  if (llvm::is_contained(*parts, Value()))
    return failure();
  n.outputs.push_back(Bound::sequence(*parts));
  return success();
}

static LogicalResult trilu(Node &n) {
  std::optional<SmallVector<int64_t>> k;
  if (failed(n.constantIntegers(1, "k", k)))
    return failure();
  return n.result(n.build("trilu", n.in(0), {n.attr("upper", n.integer("upper", 1) != 0),
                                             n.attr("k", k && !k->empty() ? k->front() : 0)}));
}

static LogicalResult oneHot(Node &n) {
  DenseElementsAttr given = n.need(n.in(1));
  if (!given)
    return n.unsupported("'depth' is not known at compile time");
  if (given.getNumElements() != 1)
    return n.invalid("'depth' must be one number");
  // ONNX takes a number of any type.
  Attribute number = *given.value_begin<Attribute>();
  auto real = dyn_cast<FloatAttr>(number);
  int64_t depth = real ? int64_t(real.getValueAsDouble())
                  : isUnsignedType(given.getElementType()) ? int64_t(cast<IntegerAttr>(number).getValue().getZExtValue())
                                                            : cast<IntegerAttr>(number).getValue().getSExtValue();
  return n.result(n.build("one_hot", {n.in(0), n.in(2)},
                          {n.attr("depth", depth), n.attr("axis", n.integer("axis", -1))}));
}

/// The blocks of DepthToSpace and SpaceToDepth: sizes [N, C, H, W] that must be known.
static LogicalResult blocks(Node &n, bool toSpace) {
  RankedTensorType type = n.type(0);
  int64_t size = n.integer("blocksize", 0);
  if (type.getRank() != 4 || size < 1 || size > 65536)
    return n.invalid("want an input of rank 4 and a positive block size");
  if (!type.hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  int64_t batch = type.getDimSize(0), c = type.getDimSize(1), h = type.getDimSize(2), w = type.getDimSize(3);
  Value x = n.in(0);
  if (!toSpace) {
    if (h % size || w % size)
      return n.invalid("the block size does not divide the image");
    SmallVector<int64_t> order = n.text("mode", "DCR") == "CRD" ? SmallVector<int64_t>{0, 1, 3, 5, 2, 4}
                                                                : SmallVector<int64_t>{0, 3, 5, 1, 2, 4};
    x = n.transpose(n.reshape(x, {batch, c, h / size, size, w / size, size}), order);
    return n.result(n.reshape(x, {batch, c * size * size, h / size, w / size}));
  }
  if (c % (size * size))
    return n.invalid("the square of the block size does not divide the number of channels");
  int64_t depth = c / (size * size);
  bool columnFirst = n.text("mode", "DCR") == "CRD";
  x = columnFirst ? n.transpose(n.reshape(x, {batch, depth, size, size, h, w}), {0, 1, 4, 2, 5, 3})
                  : n.transpose(n.reshape(x, {batch, size, size, depth, h, w}), {0, 3, 4, 1, 5, 2});
  return n.result(n.reshape(x, {batch, depth, h * size, w * size}));
}

void addMovementRules(RuleMap &rules) {
  rules[".Squeeze"] = squeeze;
  rules[".Unsqueeze"] = unsqueeze;
  rules[".Flatten"] = flatten;
  rules[".Transpose"] = transpose;
  rules[".Slice"] = slice;
  rules[".Pad"] = pad;
  rules[".Tile"] = tile;
  rules[".Split"] = split;
  rules[".SplitToSequence"] = splitToSequence;
  rules[".Trilu"] = trilu;
  rules[".OneHot"] = oneHot;
  rules[".DepthToSpace"] = [](Node &n) { return blocks(n, /*toSpace=*/true); };
  rules[".SpaceToDepth"] = [](Node &n) { return blocks(n, /*toSpace=*/false); };
}

} // namespace ingot::onnx_import
