//===- Upgrade.cpp - Old forms of operators become the newest ----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;

namespace ingot::onnx_import {

/// An attribute that became an input: a vector of integers.
static void integersToInput(Node &n, StringRef name, unsigned input) {
  auto values = n.integers(name);
  if (!values)
    return;
  n.attributes.erase(name);
  if (n.inputs.size() <= input)
    n.inputs.resize(input + 1);
  n.inputs[input] = n.integersConstant(*values);
}

/// An attribute that became an input: a number of the element type of the first input.
static void numberToInput(Node &n, StringRef name, unsigned input) {
  auto value = dyn_cast_or_null<FloatAttr>(n.attributes.get(name));
  if (!value)
    return;
  n.attributes.erase(name);
  if (n.inputs.size() <= input)
    n.inputs.resize(input + 1);
  n.inputs[input] = n.scalar(value.getValueAsDouble(), n.type(0).getElementType());
}

/// Before opset 7 the second operand of arithmetic broadcast only where `broadcast` said so, from dimension `axis` on.
static LogicalResult upgradeBroadcast(Node &n) {
  int64_t axis = n.integer("axis", -1);
  bool aligned = n.hasAttr("axis") && n.integer("broadcast", 0) && n.has(0) && n.has(1);
  n.attributes.erase("axis");
  n.attributes.erase("broadcast");
  n.attributes.erase("consumed_inputs");
  if (!aligned)
    return success();
  RankedTensorType a = n.type(0), b = n.type(1);
  axis = axis < 0 ? axis + a.getRank() : axis;
  if (!b.hasStaticShape() || axis < 0 || axis + b.getRank() > a.getRank())
    return n.invalid("'axis' does not fit the operands");
  SmallVector<int64_t> shape(b.getShape());
  shape.append(a.getRank() - b.getRank() - axis, 1);
  n.inputs[1] = n.reshape(n.in(1), shape);
  return success();
}

/// A vector with an element for each of `groups` becomes one with an element for each of `channels`.
static void repeatForChannels(Node &n, unsigned input, int64_t groups, int64_t channels) {
  if (n.has(input))
    n.inputs[input] = n.reshape(n.build("expand", n.reshape(n.in(input), {groups, 1}),
                                        n.attr("shape", ArrayRef<int64_t>{groups, channels / groups})),
                                {channels});
}

LogicalResult upgrade(Node &n) {
  if (!n.domain.empty())
    return success();
  llvm::StringRef op = n.op;
  if (n.version < 7 &&
      llvm::is_contained({"Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Less", "Greater", "Equal"}, op))
    return upgradeBroadcast(n);
  if (n.version < 6)
    n.attributes.erase("consumed_inputs");
  if (op.starts_with("Reduce") || op == "Squeeze" || op == "Unsqueeze") {
    integersToInput(n, "axes", 1);
  } else if (op == "Split") {
    integersToInput(n, "split", 1);
  } else if (op == "Slice" && n.version < 10) {
    integersToInput(n, "starts", 1);
    integersToInput(n, "ends", 2);
    integersToInput(n, "axes", 3);
  } else if (op == "Pad" && n.version < 11) {
    integersToInput(n, "pads", 1);
    numberToInput(n, "value", 2);
  } else if (op == "Clip" && n.version < 11) {
    numberToInput(n, "min", 1);
    numberToInput(n, "max", 2);
  } else if (op == "RNN" || op == "GRU" || op == "LSTM") {
    n.attributes.erase("output_sequence"); // which outputs there are says the node itself
  } else if (op == "PRelu" && n.version < 7 && n.has(1) && n.type(1).getRank() == 1 && n.type(0).getRank() > 2) {
    // One slope for each channel.
    SmallVector<int64_t> shape(n.type(0).getRank() - 1, 1);
    shape[0] = -1;
    n.inputs[1] = n.reshape(n.in(1), shape);
  } else if (op == "Selu" && n.version < 6) {
    if (!n.hasAttr("alpha"))
      n.attributes.set("alpha", n.b.getF32FloatAttr(1.6732f));
    if (!n.hasAttr("gamma"))
      n.attributes.set("gamma", n.b.getF32FloatAttr(1.0507f));
  } else if (op == "Scatter") {
    n.op = "ScatterElements";
  } else if (op == "Dropout" && n.version < 12) {
    n.attributes.erase("ratio");
  } else if (op == "BatchNormalization" && n.version < 9) {
    if (!n.integer("spatial", 1))
      return n.unsupported("statistics of each pixel are not supported");
  } else if (op == "GroupNormalization" && n.version < 21) {
    int64_t groups = n.integer("num_groups", 0), channels = n.type(0).getRank() > 1 ? n.type(0).getDimSize(1) : 0;
    if (ShapedType::isDynamic(channels))
      return n.unsupported("the number of channels is not known at compile time");
    if (groups < 1 || channels % groups)
      return n.invalid(Twine(channels) + " channels do not make " + Twine(groups) + " groups");
    for (unsigned input : {1, 2})
      if (n.has(input) && n.type(input).getShape() != ArrayRef<int64_t>{groups})
        return n.invalid("input " + Twine(input) + " must have one number for each of the " + Twine(groups) +
                         " groups");
    repeatForChannels(n, 1, groups, channels);
    repeatForChannels(n, 2, groups, channels);
  } else if (op == "TopK" && n.version < 10) {
    if (auto k = dyn_cast_or_null<IntegerAttr>(n.attributes.erase("k"))) {
      n.inputs.resize(2);
      n.inputs[1] = n.integersConstant(k.getInt());
    }
  } else if (op == "Upsample") {
    // Upsample is Resize with these settings.
    n.op = "Resize";
    if (auto scales = dyn_cast_or_null<DenseF32ArrayAttr>(n.attributes.erase("scales"))) {
      auto type = RankedTensorType::get({scales.size()}, n.b.getF32Type());
      n.inputs.resize(2);
      n.inputs[1] = n.constant(DenseElementsAttr::get(type, scales.asArrayRef()));
    }
    n.inputs.insert(n.inputs.begin() + 1, Bound());
    n.attributes.set("coordinate_transformation_mode", n.b.getStringAttr("asymmetric"));
    n.attributes.set("nearest_mode", n.b.getStringAttr("floor"));
  } else if (op == "Resize" && n.version < 11) {
    n.inputs.insert(n.inputs.begin() + 1, Bound());
    n.attributes.set("coordinate_transformation_mode", n.b.getStringAttr("asymmetric"));
    n.attributes.set("nearest_mode", n.b.getStringAttr("floor"));
  }
  return success();
}

} // namespace ingot::onnx_import
