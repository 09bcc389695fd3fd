//===- Metrics.cpp - How good predictions are -----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/train/Metrics.h"
#include "frontends/cpp/Native.h"
#include <ingot/metrics.h>

namespace ingot::metrics {

static Metric measured(const std::string &name, const Array &outputs, const Array &targets,
                       const ClassSettings &settings = {}) {
  static const char *endings[] = {"", "_binary", "_macro", "_micro", "_weighted"};
  Metric metric = detail::take(Metric::create(name + endings[int(settings.average)]));
  metric.threshold = settings.threshold;
  if (llvm::Error error = metric.add({uint32_t(outputs.dtype()), outputs.shape(), outputs.data()},
                                     {uint32_t(targets.dtype()), targets.shape(), targets.data()}))
    detail::raise(std::move(error));
  return metric;
}

double accuracy(const Array &outputs, const Array &labels, const ClassSettings &settings) {
  return measured("accuracy", outputs, labels, {Average::automatic, settings.threshold}).value();
}
double precision(const Array &outputs, const Array &labels, const ClassSettings &settings) {
  return measured("precision", outputs, labels, settings).value();
}
double recall(const Array &outputs, const Array &labels, const ClassSettings &settings) {
  return measured("recall", outputs, labels, settings).value();
}
double f1(const Array &outputs, const Array &labels, const ClassSettings &settings) {
  return measured("f1", outputs, labels, settings).value();
}

Array confusion(const Array &outputs, const Array &labels, const ClassSettings &settings) {
  std::vector<std::vector<uint64_t>> table =
      measured("confusion", outputs, labels, {Average::automatic, settings.threshold}).confusion();
  int64_t classes = int64_t(table.size());
  Array result(i64, {classes, classes});
  for (int64_t i = 0; i < classes; ++i)
    for (int64_t j = 0; j < classes; ++j)
      static_cast<int64_t *>(result.data())[i * classes + j] = int64_t(table[size_t(i)][size_t(j)]);
  return result;
}

double mse(const Array &outputs, const Array &targets) { return measured("mse", outputs, targets).value(); }
double rmse(const Array &outputs, const Array &targets) { return measured("rmse", outputs, targets).value(); }
double mae(const Array &outputs, const Array &targets) { return measured("mae", outputs, targets).value(); }
double r2(const Array &outputs, const Array &targets) { return measured("r2", outputs, targets).value(); }

} // namespace ingot::metrics
