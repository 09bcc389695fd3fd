//===- Metrics.h - How good predictions are ---------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TRAIN_METRICS_H
#define INGOT_COMPILER_TRAIN_METRICS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <map>
#include <string>
#include <vector>

namespace ingot {

/// Numbers in memory: a batch of what a model gave, or of what it should have given.
struct MetricValues {
  uint32_t dtype = 0; ///< an ingot_dtype
  llvm::ArrayRef<int64_t> dims;
  const void *data = nullptr;
};

/// A measure over samples that come in batches: of whole sets, not a mean of batches'. Names and definitions are
/// scikit-learn's.
///
/// Of classes: accuracy, precision, recall, f1 and confusion. Outputs are scores [batch, classes, ...], of which the
/// largest counts, for labels [batch, ...]; or scores of the shape of the labels, which are of class 1 above a
/// threshold; or labels themselves. Precision, recall and f1 are of class 1 where there are two classes, else the mean
/// over classes; `f1_binary`, `f1_macro`, `f1_micro` and `f1_weighted` choose.
///
/// Of numbers: mse, rmse, mae and r2. r2 is the mean over columns, where outputs have some.
class Metric {
public:
  static llvm::Expected<Metric> create(llvm::StringRef name);
  static std::vector<std::string> names();

  const std::string &name() const { return text; }
  bool isConfusion() const { return kind == Kind::Confusion; }
  /// Above this a score is of class 1.
  double threshold = 0.5;

  llvm::Error add(const MetricValues &output, const MetricValues &target);
  void reset();
  double value() const;
  /// Counts by true class, and in that by predicted class.
  std::vector<std::vector<uint64_t>> confusion() const;

private:
  enum class Kind { Accuracy, Precision, Recall, F1, Confusion, Mse, Rmse, Mae, R2 };
  enum class Average { Automatic, Binary, Macro, Micro, Weighted };
  Metric(Kind kind, Average average, llvm::StringRef name) : kind(kind), average(average), text(name) {}
  llvm::Error addClasses(const MetricValues &output, const MetricValues &target);
  llvm::Error addNumbers(const MetricValues &output, const MetricValues &target);
  llvm::Error count(double truth, double predicted);
  double ofClasses() const;

  Kind kind;
  Average average;
  std::string text;

  std::map<std::pair<int64_t, int64_t>, uint64_t> counts; ///< by true and predicted class
  int64_t classes = 0;                                    ///< seen, or known from the scores

  /// Of a column of numbers.
  struct Column {
    double squares = 0, magnitudes = 0; ///< of the differences
    double mean = 0, spread = 0;        ///< of the targets (Welford 1962)
  };
  std::vector<Column> columns;
  uint64_t samples = 0;
};

} // namespace ingot

#endif // INGOT_COMPILER_TRAIN_METRICS_H
