//===- RulesSignal.cpp - Rules for Fourier transforms and spectra -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Term.h"

using namespace mlir;

namespace ingot::onnx_import {

/// Larger matrices of roots of unity are not built.
static constexpr int64_t matrixLimit = int64_t(1) << 22;

namespace {

/// The discrete Fourier transform along one axis, as a product with the matrix of the roots of unity.
struct Transform {
  int64_t length; ///< of the transform
  bool inverse, onesided;

  /// x is [..., axis, ..., 1 or 2], the real and imaginary parts last; so is the result.
  LogicalResult build(Node &n, const Term &x, int64_t axis, Value &result) const;

private:
  /// scale(k) cos or sin of the angle of row k of `rows` and column j of `columns`.
  Value roots(Node &n, int64_t rows, int64_t columns, bool sine, Type element) const;
};

} // namespace

Value Transform::roots(Node &n, int64_t rows, int64_t columns, bool sine, Type element) const {
  SmallVector<Attribute> values;
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t j = 0; j < columns; ++j) {
      double angle = 2 * M_PI * double(k * j % length) / double(length), scale = inverse ? 1 / double(length) : 1;
      // A frequency and its mirror image add up where only one of them is given.
      if (inverse && onesided && k != 0 && 2 * k != length)
        scale *= 2;
      values.push_back(FloatAttr::get(element, scale * (sine ? std::sin(angle) : std::cos(angle))));
    }
  return n.constant(DenseElementsAttr::get(RankedTensorType::get({rows, columns}, element), values));
}

LogicalResult Transform::build(Node &n, const Term &x, int64_t axis, Value &result) const {
  RankedTensorType type = x.type();
  int64_t rank = type.getRank(), last = rank - 1, parts = type.getShape().back();
  if (!type.hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  if (!isa<FloatType>(type.getElementType()) || rank < 2 || axis < 0 || axis >= last || (parts != 1 && parts != 2) ||
      length < 1)
    return n.invalid("want real or complex numbers and an axis of them");
  int64_t have = type.getDimSize(axis), columns = onesided && !inverse ? length / 2 + 1 : length;
  int64_t rows = std::min(have, onesided && inverse ? length / 2 + 1 : length);
  if (rows * columns > matrixLimit)
    return n.unsupported("a transform of this length is not supported");
  // The axis goes last; elements beyond the length do not count, and missing ones are zero.
  SmallVector<int64_t> perm, back;
  for (int64_t i = 0; i < last; ++i)
    if (i != axis)
      perm.push_back(i);
  perm.push_back(axis);
  for (int64_t i = 0; i < last; ++i)
    back.push_back(i == axis ? last - 1 : i < axis ? i : i - 1);
  Type element = computeType(type.getElementType());
  auto part = [&](int64_t k) {
    SmallVector<int64_t> shape(type.getShape().drop_back());
    return x.to(element).slice(last, k, k + 1).reshape(shape).transpose(perm).slice(last - 1, 0, rows);
  };
  Term cosines(n, roots(n, rows, columns, false, element)), sines(n, roots(n, rows, columns, true, element));
  Term real = part(0).with("matmul", cosines), imaginary = part(0).with("matmul", sines);
  if (!inverse)
    imaginary = -imaginary;
  if (parts == 2) {
    Term fromSine = part(1).with("matmul", sines), fromCosine = part(1).with("matmul", cosines);
    real = inverse ? real - fromSine : real + fromSine;
    imaginary = imaginary + fromCosine;
  }
  auto finished = [&](const Term &y) {
    Term ordered = y.transpose(back);
    SmallVector<int64_t> shape(type.getShape());
    shape[axis] = columns;
    shape.back() = 1;
    return ordered.reshape(shape).to(type.getElementType());
  };
  if (n.fault != Fault::None)
    return failure();
  if (inverse && onesided)
    result = finished(real);
  else
    result = n.build("concat", {finished(real), finished(imaginary)}, n.attr("axis", last));
  return success();
}

/// An optional input that is one number.
static FailureOr<int64_t> knownNumber(Node &n, unsigned input, StringRef what, int64_t otherwise) {
  std::optional<SmallVector<int64_t>> values;
  if (failed(n.constantIntegers(input, what, values)))
    return failure();
  return values && values->size() == 1 ? values->front() : otherwise;
}

static LogicalResult fourier(Node &n) {
  int64_t rank = n.type(0).getRank();
  // The axis became an input.
  auto given = n.version < 20 ? FailureOr<int64_t>(n.integer("axis", 1)) : knownNumber(n, 2, "axis", -2);
  if (failed(given))
    return failure();
  int64_t axis = *given < 0 ? *given + rank : *given;
  if (axis < 0 || axis >= rank - 1)
    return n.invalid("axis " + Twine(*given) + " names no dimension of numbers");
  Transform transform{0, n.integer("inverse", 0) != 0, n.integer("onesided", 0) != 0};
  int64_t size = n.type(0).getDimSize(axis);
  auto length = knownNumber(n, 1, "dft_length", transform.inverse && transform.onesided ? 2 * (size - 1) : size);
  if (failed(length))
    return failure();
  transform.length = *length;
  Value y;
  return failed(transform.build(n, Term(n, n.in(0)), axis, y)) ? failure() : n.result(y);
}

/// Transforms of pieces of the signal, each `frame_step` after the last.
static LogicalResult shortTimeFourier(Node &n) {
  Term signal(n, n.in(0));
  RankedTensorType type = signal.type();
  if (!type.hasStaticShape() || (n.has(2) && !n.type(2).hasStaticShape()))
    return n.unsupported("the sizes are not known at compile time");
  if (type.getRank() == 2)
    signal = signal.reshape({type.getDimSize(0), type.getDimSize(1), 1});
  if (signal.type().getRank() != 3)
    return n.invalid("the signal must be a batch of numbers");
  int64_t samples = signal.type().getDimSize(1);
  auto step = knownNumber(n, 1, "frame_step", 0);
  auto length = knownNumber(n, 3, "frame_length", n.has(2) ? n.type(2).getNumElements() : samples);
  if (failed(step) || failed(length))
    return failure();
  if (*step < 1 || *length < 1 || *length > samples || (n.has(2) && n.type(2).getNumElements() != *length))
    return n.invalid("frames of " + Twine(*length) + " numbers, one every " + Twine(*step) + ", do not fit the signal");
  int64_t frames = 1 + (samples - *length) / *step;
  SmallVector<int64_t> places;
  for (int64_t f = 0; f < frames; ++f)
    for (int64_t i = 0; i < *length; ++i)
      places.push_back(f * *step + i);
  Term indices = Term(n, n.integersConstant(places)).reshape({frames, *length});
  Term pieces = signal.gather(indices, 1);
  if (n.has(2))
    pieces = pieces * Term(n, n.in(2)).reshape({*length, 1});
  if (n.fault != Fault::None)
    return failure();
  Transform transform{*length, false, n.integer("onesided", 1) != 0};
  Value y;
  return failed(transform.build(n, pieces, 2, y)) ? failure() : n.result(y);
}

/// Triangles over the frequencies of a spectrum, evenly wide on the scale of mels; all numbers must be known.
static LogicalResult melWeights(Node &n) {
  auto bins = n.constantIntegers(0, "num_mel_bins"), length = n.constantIntegers(1, "dft_length"),
       rate = n.constantIntegers(2, "sample_rate");
  DenseElementsAttr edges[] = {n.need(n.in(3)), n.need(n.in(4))};
  if (failed(bins) || failed(length) || failed(rate))
    return failure();
  Type element = elementType(n.b.getContext(), int(n.integer("output_datatype", 1)));
  if (!edges[0] || !edges[1] || !isa_and_nonnull<FloatType>(element))
    return n.unsupported("want edges that are known at compile time, and floating-point weights");
  if (bins->size() != 1 || length->size() != 1 || rate->size() != 1 || !isa<FloatType>(edges[0].getElementType()) ||
      !isa<FloatType>(edges[1].getElementType()) || edges[0].getNumElements() != 1 || edges[1].getNumElements() != 1)
    return n.invalid("every input must be one number");
  int64_t columns = bins->front(), rows = length->front() / 2 + 1;
  if (columns < 1 || length->front() < 1 || rate->front() < 1 || columns > matrixLimit || rows > matrixLimit / columns)
    return n.unsupported("a matrix of " + Twine(rows) + " x " + Twine(columns) + " is not supported");
  double mels[2];
  for (int i : {0, 1}) {
    // Its logarithm has the edge's own precision: it decides on which side of a frequency a triangle ends.
    double edge = (*edges[i].value_begin<APFloat>()).convertToDouble();
    bool isDouble = edges[i].getElementType().isF64();
    mels[i] =
        (isDouble ? 2595 * std::log1p(edge / 700) : double(2595 * std::log1p(float(edge) / 700))) / std::log(10.0);
  }
  SmallVector<int64_t> corners;
  for (int64_t i = 0; i < columns + 2; ++i) {
    double hertz =
        700 * std::expm1((double(i) * ((mels[1] - mels[0]) / double(columns + 2)) + mels[0]) / 2595 * std::log(10.0));
    double corner = std::floor(double(length->front() + 1) * hertz / double(rate->front()));
    if (!(corner >= 0 && corner < double(rows)))
      return n.invalid("an edge lies outside the spectrum");
    corners.push_back(int64_t(corner));
  }
  SmallVector<double> weights(rows * columns, 0);
  for (int64_t i = 0; i < columns; ++i) {
    int64_t low = corners[i], center = corners[i + 1], high = corners[i + 2];
    if (low == center)
      weights[center * columns + i] = 1;
    for (int64_t j = low; low < center && j <= center; ++j)
      weights[j * columns + i] = double(j - low) / double(center - low);
    for (int64_t j = center; j < high; ++j)
      weights[j * columns + i] = double(high - j) / double(high - center);
  }
  SmallVector<Attribute> values =
      llvm::map_to_vector(weights, [&](double w) -> Attribute { return FloatAttr::get(element, w); });
  return n.result(n.constant(DenseElementsAttr::get(RankedTensorType::get({rows, columns}, element), values)));
}

void addSignalRules(RuleMap &rules) {
  rules[".MelWeightMatrix"] = melWeights;
  rules[".DFT"] = fourier;
  rules[".STFT"] = shortTimeFourier;
}

} // namespace ingot::onnx_import
