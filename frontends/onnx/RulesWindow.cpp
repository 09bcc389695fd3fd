//===- RulesWindow.cpp - Rules for pools, and the windows of convolutions -===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Window.h"
#include "frontends/onnx/Term.h"

using namespace mlir;

namespace ingot::onnx_import {

/// Numbers beyond this cannot overflow when they are multiplied.
static constexpr int64_t numberLimit = int64_t(1) << 24;

/// A list of the node with one default for all entries.
static FailureOr<SmallVector<int64_t>> list(Node &n, StringRef name, size_t count, int64_t otherwise, int64_t least) {
  SmallVector<int64_t> values = n.integers(name).value_or(SmallVector<int64_t>(count, otherwise));
  if (values.size() != count)
    return n.invalid("'" + name + "' has " + Twine(values.size()) + " elements, want " + Twine(count));
  for (int64_t value : values)
    if (value < least || value > numberLimit)
      return n.invalid("'" + name + "' has the element " + Twine(value));
  return values;
}

LogicalResult readWindow(Node &n, ArrayRef<int64_t> sizes, ArrayRef<int64_t> kernel, WindowShape &window) {
  size_t rank = sizes.size();
  auto strides = list(n, "strides", rank, 1, 1), dilations = list(n, "dilations", rank, 1, 1),
       pads = list(n, "pads", 2 * rank, 0, 0);
  if (failed(strides) || failed(dilations) || failed(pads))
    return failure();
  if (llvm::any_of(kernel, ShapedType::isDynamic))
    return n.unsupported("the size of the kernel is not known at compile time");
  if (llvm::any_of(kernel, [](int64_t size) { return size < 1 || size > numberLimit; }))
    return n.invalid("the kernel is empty");
  if (auto shape = n.integers("kernel_shape"); shape && ArrayRef(*shape) != kernel)
    return n.invalid("'kernel_shape' is not the shape of the kernel");
  std::string automatic = n.text("auto_pad", "NOTSET");
  if (automatic == "VALID")
    pads->assign(2 * rank, 0);
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    if (llvm::any_of(sizes, ShapedType::isDynamic))
      return n.unsupported("'auto_pad' needs sizes that are known at compile time");
    pads = samePads(sizes, kernel, *strides, *dilations, automatic == "SAME_UPPER");
  }
  for (size_t i = 0; i < rank; ++i) {
    int64_t reach = (kernel[i] - 1) * (*dilations)[i] + 1, padded = sizes[i] + (*pads)[i] + (*pads)[i + rank];
    if (!ShapedType::isDynamic(sizes[i]) && reach > padded)
      return n.invalid("the kernel reaches over " + Twine(reach) + " elements, the padded input has " + Twine(padded));
  }
  window = {std::move(*strides), std::move(*pads), std::move(*dilations)};
  return success();
}

/// The numbers of a pool over the input.
static LogicalResult readPool(Node &n, PoolAttrs &attrs) {
  RankedTensorType type = n.type(0);
  auto kernel = n.integers("kernel_shape");
  if (type.getRank() < 3 || !kernel || int64_t(kernel->size()) != type.getRank() - 2)
    return n.invalid("want a batch, channels, and an image of the kernel's rank");
  WindowShape window;
  if (failed(readWindow(n, type.getShape().drop_front(2), *kernel, window)))
    return failure();
  attrs = {*kernel,
           window.strides,
           window.pads,
           window.dilations,
           n.integer("ceil_mode", 0) != 0,
           n.integer("count_include_pad", 0) != 0};
  return success();
}

/// Larger windows are not taken apart.
static constexpr int64_t windowLimit = 1024;

static LogicalResult maxPool(Node &n) {
  PoolAttrs attrs;
  if (failed(readPool(n, attrs)))
    return failure();
  ImplicitLocOpBuilder builder(n.loc, n.b);
  Value y = buildMaxPool(builder, n.in(0), attrs), places;
  if (n.wants(1)) {
    if (!n.type(0).hasStaticShape() || llvm::product_of(attrs.kernel) > windowLimit)
      return n.unsupported(
          "the places of the maxima need sizes that are known at compile time, and a window of at most " +
          Twine(windowLimit) + " elements");
    places = buildMaxPoolPlaces(builder, n.in(0), attrs, n.integer("storage_order", 0) != 0);
  }
  return n.results({y, places});
}

static LogicalResult averagePool(Node &n) {
  PoolAttrs attrs;
  if (failed(readPool(n, attrs)))
    return failure();
  ImplicitLocOpBuilder builder(n.loc, n.b);
  return n.result(buildAveragePool(builder, n.in(0), attrs));
}

/// |x|^p; the root of its sum is the norm.
static Term magnitudes(const Term &x, int64_t p) {
  Term size = x.apply("abs");
  return p == 1 ? size : p == 2 ? x * x : size.with("pow", size.number(double(p)));
}
static Term root(const Term &sum, int64_t p) {
  return p == 1 ? sum : p == 2 ? sum.apply("sqrt") : sum.with("pow", sum.number(1 / double(p)));
}

static LogicalResult lpPool(Node &n) {
  PoolAttrs attrs;
  int64_t p = n.integer("p", 2);
  if (failed(readPool(n, attrs)))
    return failure();
  if (p < 1)
    return n.invalid("'p' is " + Twine(p) + ", want a positive number");
  Term powers = magnitudes(Term(n, n.in(0)), p);
  if (n.fault != Fault::None)
    return failure();
  ImplicitLocOpBuilder builder(n.loc, n.b);
  return n.result(root(Term(n, buildSumPool(builder, powers, attrs)), p));
}

static LogicalResult globalLpPool(Node &n) {
  int64_t p = n.integer("p", 2);
  if (n.type(0).getRank() < 3 || p < 1)
    return n.invalid("want a batch, channels and an image, and a positive 'p'");
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, n.type(0).getRank()));
  return n.result(root(magnitudes(Term(n, n.in(0)), p).reduce("reduce_sum", axes, true), p));
}

static Value zeros(Node &n, ArrayRef<int64_t> shape, Type element) {
  return n.build("expand", n.scalar(0, element), n.attr("shape", shape));
}

/// `x` with zeros between, before and behind its elements; a negative number of zeros cuts elements off.
static Term padded(const Term &x, ArrayRef<int64_t> low, ArrayRef<int64_t> high, ArrayRef<int64_t> interior) {
  Node &n = x.n;
  return {n,
          n.build("pad", {x, x.number(0)}, {n.attr("low", low), n.attr("high", high), n.attr("interior", interior)})};
}

/// Puts each element back to the place that it had before a pool.
static LogicalResult maxUnpool(Node &n) {
  RankedTensorType type = n.type(0);
  int64_t spatial = type.getRank() - 2;
  auto kernel = n.integers("kernel_shape");
  if (spatial < 1 || !kernel || int64_t(kernel->size()) != spatial)
    return n.invalid("want a batch, channels, and an image of the kernel's rank");
  auto strides = list(n, "strides", spatial, 1, 1), pads = list(n, "pads", 2 * spatial, 0, 0);
  std::optional<SmallVector<int64_t>> given;
  if (failed(strides) || failed(pads) || failed(n.constantIntegers(2, "output_shape", given)))
    return failure();
  if (!type.hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  SmallVector<int64_t> shape(type.getShape()), high(type.getRank(), 0), none(type.getRank(), 0);
  for (int64_t i = 0; i < spatial; ++i)
    shape[i + 2] = (shape[i + 2] - 1) * (*strides)[i] - (*pads)[i] - (*pads)[i + spatial] + (*kernel)[i];
  if (given && given->size() != shape.size())
    return n.invalid("'output_shape' must have the input's rank");
  for (auto [i, size] : llvm::enumerate(shape)) {
    if (size < 1 || size > numberLimit || (given && (*given)[i] < 1))
      return n.invalid("dimension " + Twine(i) + " of the result would have size " + Twine(size));
    high[i] = given ? (*given)[i] - size : 0;
  }
  int64_t count = type.getNumElements(), total = llvm::product_of(shape);
  Term indices = Term(n, n.in(1)).reshape({count, 1}), values = Term(n, n.in(0)).reshape({count});
  Value flat = n.build("scatter_nd", {zeros(n, total, type.getElementType()), indices, values}, {});
  return n.result(padded(Term(n, flat).reshape(shape), none, high, none));
}

/// Adds up the columns of an im2col: one padded image for each place of the block.
static LogicalResult columnsToImage(Node &n) {
  auto image = n.constantIntegers(1, "image_shape"), block = n.constantIntegers(2, "block_shape");
  if (failed(image) || failed(block))
    return failure();
  size_t spatial = image->size();
  RankedTensorType type = n.type(0);
  auto strides = list(n, "strides", spatial, 1, 1), dilations = list(n, "dilations", spatial, 1, 1),
       pads = list(n, "pads", 2 * spatial, 0, 0);
  if (failed(strides) || failed(dilations) || failed(pads))
    return failure();
  if (!type.hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  int64_t places = llvm::product_of(*block);
  if (type.getRank() != 3 || block->size() != spatial || spatial < 1 ||
      llvm::any_of(*block, [](int64_t k) { return k < 1; }) || type.getDimSize(1) % places)
    return n.invalid("want columns whose number of rows the block's size divides");
  if (places > windowLimit)
    return n.unsupported("a block of more than " + Twine(windowLimit) + " elements is not supported");
  SmallVector<int64_t> counts, shape{type.getDimSize(0), type.getDimSize(1) / places, places};
  for (size_t i = 0; i < spatial; ++i) {
    int64_t reach = ((*block)[i] - 1) * (*dilations)[i] + 1, size = (*image)[i] + (*pads)[i] + (*pads)[i + spatial];
    if ((*image)[i] < 1 || size < reach)
      return n.invalid("the block does not fit the image");
    counts.push_back((size - reach) / (*strides)[i] + 1);
  }
  if (llvm::product_of(counts) != type.getDimSize(2))
    return n.invalid("the image has " + Twine(llvm::product_of(counts)) + " blocks, but there are " +
                     Twine(type.getDimSize(2)) + " columns");
  llvm::append_range(shape, counts);
  Term columns = Term(n, n.in(0)).reshape(shape);
  shape.erase(shape.begin() + 2);
  std::optional<Term> sum;
  for (int64_t k = 0; k < places; ++k) {
    SmallVector<int64_t> low(2, 0), high(2, 0), interior(2, 0);
    int64_t rest = k, below = places;
    for (size_t i = 0; i < spatial; ++i) {
      below /= (*block)[i];
      int64_t place = rest / below;
      rest %= below;
      low.push_back(place * (*dilations)[i] - (*pads)[i]);
      interior.push_back((*strides)[i] - 1);
      high.push_back((*image)[i] - low.back() - ((counts[i] - 1) * (*strides)[i] + 1));
    }
    Term part = padded(columns.slice(2, k, k + 1).reshape(shape), low, high, interior);
    sum.emplace(sum ? *sum + part : part);
  }
  return n.result(*sum);
}

void addWindowRules(RuleMap &rules) {
  rules[".MaxPool"] = maxPool;
  rules[".AveragePool"] = averagePool;
  rules[".LpPool"] = lpPool;
  rules[".GlobalLpPool"] = globalLpPool;
  rules[".MaxUnpool"] = maxUnpool;
  rules[".Col2Im"] = columnsToImage;
}

} // namespace ingot::onnx_import
