//===- metrics.h - How good predictions are ---------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_METRICS_H
#define INGOT_METRICS_H

#include <ingot/array.h>

/// Measures of whole sets of predictions. Names and definitions are scikit-learn's, those of `ingot eval`.
namespace ingot::metrics {

/// Over classes: of class 1; the mean; of all decisions together; the mean by the number of samples.
/// `automatic` is `binary` where there are two classes, else `macro`.
enum class Average { automatic, binary, macro, micro, weighted };

struct ClassSettings {
  Average average = Average::automatic;
  double threshold = 0.5; ///< above it a score for class 1 alone counts as class 1; for logits, 0
};

// Outputs are scores [batch, classes, ...], of which the largest counts, for labels [batch, ...]; or scores of the
// shape of the labels, for class 1; or labels themselves.
double accuracy(const Array &outputs, const Array &labels, const ClassSettings &settings = {});
double precision(const Array &outputs, const Array &labels, const ClassSettings &settings = {});
double recall(const Array &outputs, const Array &labels, const ClassSettings &settings = {});
double f1(const Array &outputs, const Array &labels, const ClassSettings &settings = {});
/// i64[classes, classes]: counts by true class, and in that by predicted class.
Array confusion(const Array &outputs, const Array &labels, const ClassSettings &settings = {});

double mse(const Array &outputs, const Array &targets);
double rmse(const Array &outputs, const Array &targets);
double mae(const Array &outputs, const Array &targets);
/// The mean over columns, where there are some.
double r2(const Array &outputs, const Array &targets);

} // namespace ingot::metrics

#endif // INGOT_METRICS_H
