//===- RulesResize.cpp - Rules for Resize ---------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Term.h"

using namespace mlir;

namespace ingot::onnx_import {

namespace {

/// What one axis of a Resize does: output o is the sum over k of weights[k][o] times the element at places[k][o].
struct Taps {
  SmallVector<SmallVector<int64_t>> places;
  SmallVector<SmallVector<double>> weights;
  SmallVector<bool> outside; ///< where tf_crop_and_resize leaves the image
};

struct ResizeMode {
  std::string interpolation, coordinates, nearest;
  double cubic;
  bool antialias, excludeOutside;

  explicit ResizeMode(Node &n)
      : interpolation(n.text("mode", "nearest")), coordinates(n.text("coordinate_transformation_mode", "half_pixel")),
        nearest(n.text("nearest_mode", "round_prefer_floor")), cubic(n.number("cubic_coeff_a", -0.75)),
        antialias(n.integer("antialias", 0)), excludeOutside(n.integer("exclude_outside", 0)) {}

  bool isKnown() const {
    return llvm::is_contained({"nearest", "linear", "cubic"}, interpolation) &&
           llvm::is_contained({"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                               "asymmetric", "tf_crop_and_resize"},
                              coordinates) &&
           llvm::is_contained({"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}, nearest);
  }

  /// The place in the input, `size` elements from `start` to `end` of it, that output `o` of `outputs` comes from.
  double source(int64_t o, int64_t size, int64_t outputs, double scale, double start, double end) const {
    double length = scale * double(size);
    if (coordinates == "align_corners")
      return length == 1 ? 0 : double(o * (size - 1)) / (length - 1);
    if (coordinates == "asymmetric")
      return double(o) / scale;
    if (coordinates == "tf_crop_and_resize") {
      double last = double(size - 1);
      return start * last + (length == 1 ? (end - start) * last / 2 : double(o) * (end - start) * last / (length - 1));
    }
    if (coordinates == "pytorch_half_pixel" && length == 1)
      return -0.5;
    double offset = coordinates == "half_pixel_symmetric" ? double(size) / 2 * (1 - double(outputs) / length) : 0;
    return offset + (double(o) + 0.5) / scale - 0.5;
  }

  int64_t nearestTo(double place) const {
    double low = std::floor(place), rest = place - low;
    bool up = nearest == "floor"               ? false
              : nearest == "ceil"              ? rest > 0
              : nearest == "round_prefer_ceil" ? rest >= 0.5
                                               : rest > 0.5;
    return int64_t(low) + up;
  }

  /// The weight of an element at `distance`. Keys, "Cubic convolution interpolation for digital image processing",
  /// 1981.
  double weight(double distance) const {
    double x = std::abs(distance);
    if (interpolation == "linear")
      return std::max(0.0, 1 - x);
    if (x <= 1)
      return ((cubic + 2) * x - (cubic + 3)) * x * x + 1;
    return x < 2 ? ((cubic * x - 5 * cubic) * x + 8 * cubic) * x - 4 * cubic : 0;
  }

  Taps taps(int64_t size, int64_t outputs, double scale, double start, double end) const {
    Taps result;
    // Where it shrinks an image, antialiasing widens the filter.
    double stretch = antialias ? std::min(scale, 1.0) : 1;
    double reach = interpolation == "linear" ? 1 : 2;
    bool copies = interpolation == "nearest" || size == 1; // the weights of the only element add up to 1
    int64_t first = copies ? 0 : int64_t(std::floor(-reach / stretch)) + 1;
    int64_t count = copies ? 1 : 2 - 2 * first;
    result.places.assign(count, SmallVector<int64_t>(outputs));
    result.weights.assign(count, SmallVector<double>(outputs, 1));
    for (int64_t o = 0; o < outputs; ++o) {
      double place = source(o, size, outputs, scale, start, end);
      result.outside.push_back(coordinates == "tf_crop_and_resize" && (place < 0 || place > double(size - 1)));
      if (copies) {
        result.places[0][o] = std::clamp<int64_t>(nearestTo(place), 0, size - 1);
        continue;
      }
      double low = std::ceil(place) - 1, total = 0; // below the place, also where that is an element's own
      for (int64_t k = 0; k < count; ++k) {
        int64_t at = int64_t(low) + first + k;
        double w = weight(stretch * (double(at) - place));
        if (excludeOutside && (at < 0 || at >= size))
          w = 0;
        result.places[k][o] = std::clamp<int64_t>(at, 0, size - 1);
        result.weights[k][o] = w;
        total += w;
      }
      for (int64_t k = 0; k < count && total != 0 && (antialias || excludeOutside); ++k)
        result.weights[k][o] /= total;
      // Beyond the border both are the same element. It comes out as it is, where other weights might round it.
      if (count == 2 && result.places[0][o] == result.places[1][o])
        result.weights[0][o] = result.weights[1][o] = 0.5;
    }
    return result;
  }
};

} // namespace

static Value integers(Node &n, ArrayRef<int64_t> values) { return n.integersConstant(values); }

/// Numbers along dimension `axis` of `rank`.
static Value numbersAlong(Node &n, ArrayRef<double> values, int64_t axis, int64_t rank, Type element) {
  SmallVector<Attribute> elements =
      llvm::map_to_vector(values, [&](double v) -> Attribute { return FloatAttr::get(element, v); });
  SmallVector<int64_t> shape(rank, 1);
  shape[axis] = values.size();
  return n.constant(DenseElementsAttr::get(RankedTensorType::get(shape, element), elements));
}

static Term resizeAxis(const Term &x, int64_t axis, const Taps &taps) {
  Node &n = x.n;
  Term sum = x;
  for (auto [k, places] : llvm::enumerate(taps.places)) {
    Term part = x.gather(Term(n, integers(n, places)), axis);
    if (!llvm::all_of(taps.weights[k], [](double w) { return w == 1; }))
      part = part * Term(n, numbersAlong(n, taps.weights[k], axis, x.type().getRank(), x.element()));
    sum = k ? sum + part : part;
  }
  return sum;
}

/// Floats that must be known at compile time; none where the input is left out or empty.
static FailureOr<SmallVector<double>> knownNumbers(Node &n, unsigned input, StringRef what) {
  SmallVector<double> numbers;
  if (!n.has(input) || (n.type(input).hasStaticShape() && n.type(input).getNumElements() == 0))
    return numbers;
  DenseElementsAttr elements = n.need(n.in(input));
  if (!elements || !isa<FloatType>(elements.getElementType()))
    return n.unsupported("'" + what + "' is not known at compile time");
  for (const APFloat &value : elements.getValues<APFloat>()) {
    bool inexact;
    APFloat wide = value;
    wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
    numbers.push_back(wide.convertToDouble());
  }
  return numbers;
}

static LogicalResult resize(Node &n) {
  RankedTensorType type = n.type(0);
  int64_t rank = type.getRank();
  ResizeMode mode(n);
  if (!mode.isKnown())
    return n.unsupported("a mode of this name is not supported");
  SmallVector<int64_t> axes = n.integers("axes").value_or(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  for (int64_t &axis : axes) {
    axis = axis < 0 ? axis + rank : axis;
    if (axis < 0 || axis >= rank)
      return n.invalid("'axes' names a dimension that is not there");
    if (type.isDynamicDim(axis) && axis > 1)
      return n.unsupported("the sizes of the image are not known at compile time");
  }
  auto roi = knownNumbers(n, 1, "roi"), scales = knownNumbers(n, 2, "scales");
  std::optional<SmallVector<int64_t>> sizes;
  if (failed(roi) || failed(scales) || failed(n.constantIntegers(3, "sizes", sizes)))
    return failure();
  size_t count = axes.size();
  bool bySizes = sizes && !sizes->empty();
  if (bySizes ? sizes->size() != count : scales->size() != count)
    return n.invalid("want one scale or size for each axis");
  if (roi->empty()) {
    roi->assign(count, 0.0);
    roi->append(count, 1.0);
  }
  if (roi->size() != 2 * count)
    return n.invalid("'roi' has " + Twine(roi->size()) + " elements, want " + Twine(2 * count));

  std::string policy = n.text("keep_aspect_ratio_policy", "stretch");
  double common = policy == "not_larger" ? std::numeric_limits<double>::infinity() : 0;
  if (bySizes && policy != "stretch")
    for (auto [axis, size] : llvm::zip_equal(axes, *sizes)) {
      double scale = double(size) / double(type.getDimSize(axis));
      common = policy == "not_larger" ? std::min(common, scale) : std::max(common, scale);
    }
  // Integers are interpolated as floats, and half precision in single.
  Term x(n, n.in(0));
  Type element = x.element(), wide = mode.interpolation == "nearest" ? element
                                     : isa<IntegerType>(element)     ? Type(n.b.getF32Type())
                                                                     : computeType(element);
  x = x.to(wide);
  Term outside = x;
  bool leaves = false;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t size = type.getDimSize(axis), outputs = size;
    double scale = 1, start = (*roi)[i], end = (*roi)[i + count];
    if (ShapedType::isDynamic(size)) {
      if (bySizes || (*scales)[i] != 1)
        return n.unsupported("the sizes of the image are not known at compile time");
      continue;
    }
    if (size < 1)
      return n.unsupported("the image is empty");
    if (bySizes) {
      scale = policy == "stretch" ? double((*sizes)[i]) / double(size) : common;
      outputs = policy == "stretch" ? (*sizes)[i] : int64_t(std::floor(scale * double(size) + 0.5));
    } else {
      scale = (*scales)[i];
      outputs = int64_t(std::floor(scale * double(size)));
    }
    if (!(scale > 0) || outputs < 1 || outputs > (1 << 24))
      return n.invalid("a dimension of size " + Twine(size) + " cannot become " + Twine(outputs));
    if (outputs == size && scale == 1 && mode.coordinates != "tf_crop_and_resize")
      continue;
    Taps taps = mode.taps(size, outputs, scale, start, end);
    x = resizeAxis(x, axis, taps);
    if (n.fault != Fault::None)
      return failure();
    if (!llvm::is_contained(taps.outside, true))
      continue;
    SmallVector<int64_t> shape(rank, 1);
    shape[axis] = outputs;
    auto maskType = RankedTensorType::get(shape, n.b.getI1Type());
    Term mask(n, n.constant(DenseElementsAttr::get(maskType, ArrayRef<bool>(SmallVector<bool>(taps.outside)))));
    outside = leaves ? outside.with("or", mask) : mask;
    leaves = true;
  }
  if (leaves)
    x = select(outside, x.number(n.number("extrapolation_value", 0)), x);
  return n.result(x.to(element));
}

void addResizeRules(RuleMap &rules) {
  rules[".Resize"] = resize;
}

} // namespace ingot::onnx_import
