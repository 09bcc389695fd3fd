//===- RulesWindow.cpp - Rules for pools, and the windows of convolutions -===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Window.h"
#include "frontends/onnx/Node.h"

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

static LogicalResult pool(Node &n, Value (*build)(ImplicitLocOpBuilder &, Value, const PoolAttrs &)) {
  RankedTensorType type = n.type(0);
  auto kernel = n.integers("kernel_shape");
  if (type.getRank() < 3 || !kernel || int64_t(kernel->size()) != type.getRank() - 2)
    return n.invalid("want a batch, channels, and an image of the kernel's rank");
  if (n.wants(1))
    return n.unsupported("the places of the maxima are not supported");
  WindowShape window;
  if (failed(readWindow(n, type.getShape().drop_front(2), *kernel, window)))
    return failure();
  PoolAttrs attrs{*kernel, window.strides, window.pads, window.dilations, n.integer("ceil_mode", 0) != 0,
                  n.integer("count_include_pad", 0) != 0};
  ImplicitLocOpBuilder builder(n.loc, n.b);
  return n.result(build(builder, n.in(0), attrs));
}

void addWindowRules(RuleMap &rules) {
  rules[".MaxPool"] = [](Node &n) { return pool(n, buildMaxPool); };
  rules[".AveragePool"] = [](Node &n) { return pool(n, buildAveragePool); };
}

} // namespace ingot::onnx_import
