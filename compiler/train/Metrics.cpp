//===- Metrics.cpp - How good predictions are -----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/train/Metrics.h"
#include "runtime/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <cstring>

using namespace llvm;

namespace ingot {

std::vector<std::string> Metric::names() {
  return {"accuracy", "precision", "recall", "f1", "confusion", "mse", "rmse", "mae", "r2"};
}

Expected<Metric> Metric::create(StringRef name) {
  static constexpr Kind kinds[] = {Kind::Accuracy, Kind::Precision, Kind::Recall, Kind::F1, Kind::Confusion,
                                   Kind::Mse,      Kind::Rmse,      Kind::Mae,    Kind::R2};
  static const std::pair<StringRef, Average> averages[] = {{"binary", Average::Binary},
                                                           {"macro", Average::Macro},
                                                           {"micro", Average::Micro},
                                                           {"weighted", Average::Weighted}};
  auto [base, ending] = name.split('_');
  Average average = Average::Automatic;
  for (auto [word, value] : averages)
    if (ending == word)
      average = value;
  bool takesAverage = base == "precision" || base == "recall" || base == "f1";
  std::vector<std::string> known = names();
  auto found = llvm::find(known, base.str());
  if (found == known.end() || (base.size() != name.size() && (!takesAverage || average == Average::Automatic)))
    return createStringError("got metric '" + name + "', want one of " + join(known, ", ") +
                             "; precision, recall and f1 may end in _binary, _macro, _micro or _weighted");
  return Metric(kinds[found - known.begin()], average, name);
}

void Metric::reset() {
  counts.clear();
  columns.clear();
  classes = 0;
  samples = 0;
}

static std::string typeText(const MetricValues &values) {
  runtime::Text text;
  runtime::appendType(text, values.dtype, values.dims.data(), unsigned(values.dims.size()));
  return text.c_str();
}

static Expected<std::vector<double>> numbersOf(const MetricValues &values) {
  runtime::Tensor tensor;
  runtime::Text error;
  if (runtime::Tensor::create(values.dtype, values.dims.data(), unsigned(values.dims.size()), tensor, error))
    return createStringError(error.c_str());
  std::memcpy(tensor.data(), values.data, tensor.bytes());
  std::vector<double> numbers(tensor.elements());
  for (uint64_t i = 0; i < numbers.size(); ++i)
    numbers[i] = tensor.toDouble(i);
  return numbers;
}

/// Sizes without those that are 1, but for the first.
static SmallVector<int64_t> squeezed(ArrayRef<int64_t> dims) {
  SmallVector<int64_t> result(dims.take_front(1));
  for (int64_t size : dims.drop_front(dims.empty() ? 0 : 1))
    if (size != 1)
      result.push_back(size);
  return result;
}

Error Metric::add(const MetricValues &output, const MetricValues &target) {
  if (output.dims.empty() || target.dims.empty() || output.dims.front() != target.dims.front())
    return createStringError(text + ": got " + typeText(output) + " for targets " + typeText(target) +
                             ", want as many samples");
  switch (kind) {
  case Kind::Mse:
  case Kind::Rmse:
  case Kind::Mae:
  case Kind::R2:
    return addNumbers(output, target);
  default:
    return addClasses(output, target);
  }
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

Error Metric::count(double truth, double predicted) {
  if (!(truth >= 0) || truth != std::floor(truth) || truth > 0x1p31)
    return createStringError(text + ": got label " + std::to_string(truth) + ", want the number of a class");
  if (!(predicted >= 0) || predicted != std::floor(predicted) || predicted > 0x1p31)
    return createStringError(text + ": got prediction " + std::to_string(predicted) + ", want the number of a class");
  ++counts[{int64_t(truth), int64_t(predicted)}];
  classes = std::max({classes, int64_t(truth) + 1, int64_t(predicted) + 1});
  ++samples;
  return Error::success();
}

Error Metric::addClasses(const MetricValues &output, const MetricValues &target) {
  auto misfit = [&] {
    return createStringError(text + ": got outputs " + typeText(output) + " for labels " + typeText(target) +
                             ", want scores [batch, classes, ...] for labels [batch, ...], or as many of both");
  };
  Expected<std::vector<double>> scores = numbersOf(output), labels = numbersOf(target);
  if (Error error = joinErrors(scores.takeError(), labels.takeError()))
    return error;
  bool isScore = runtime::isFloat(output.dtype);
  int64_t width = output.dims.size() > 1 ? output.dims[1] : 1;
  int64_t rest = 1;
  for (int64_t size : output.dims.drop_front(std::min<size_t>(output.dims.size(), 2)))
    rest *= size;
  // The class of the largest score of `values` at batch entry `i`, place `j`.
  auto largest = [&](const std::vector<double> &values, int64_t i, int64_t j) {
    int64_t best = 0;
    for (int64_t c = 1; c < width; ++c)
      if (values[(i * width + c) * rest + j] > values[(i * width + best) * rest + j])
        best = c;
    return best;
  };
  bool perClass = isScore && width > 1 && int64_t(labels->size()) * width == int64_t(scores->size());
  bool oneHot = isScore && width > 1 && !perClass && labels->size() == scores->size() && output.dims == target.dims;
  if (perClass || oneHot) {
    classes = std::max(classes, width);
    for (int64_t i = 0; i < output.dims[0]; ++i)
      for (int64_t j = 0; j < rest; ++j) {
        double truth;
        if (oneHot) {
          double sum = 0;
          for (int64_t c = 0; c < width; ++c)
            sum += (*labels)[(i * width + c) * rest + j];
          if (sum != 1)
            return createStringError(text + ": got labels that add up to " + std::to_string(sum) +
                                     " for a sample, want one class a sample");
          truth = double(largest(*labels, i, j));
        } else {
          truth = (*labels)[i * rest + j];
        }
        if (Error error = count(truth, double(largest(*scores, i, j))))
          return error;
      }
    return Error::success();
  }
  if (squeezed(output.dims) != squeezed(target.dims))
    return misfit();
  if (isScore)
    classes = std::max<int64_t>(classes, 2);
  for (auto [score, label] : zip_equal(*scores, *labels))
    if (Error error = count(label, isScore ? score > threshold : score))
      return error;
  return Error::success();
}

std::vector<std::vector<uint64_t>> Metric::confusion() const {
  std::vector<std::vector<uint64_t>> table(classes, std::vector<uint64_t>(classes));
  for (auto &[place, number] : counts)
    table[place.first][place.second] = number;
  return table;
}

double Metric::ofClasses() const {
  struct Row {
    double right = 0, predicted = 0, truth = 0;
  };
  std::map<int64_t, Row> rows; // of classes that occur
  Row all;
  for (auto &[place, number] : counts) {
    rows[place.first].truth += double(number);
    rows[place.second].predicted += double(number);
    if (place.first == place.second)
      rows[place.first].right += double(number);
  }
  for (auto &[number, row] : rows) {
    all.right += row.right;
    all.predicted += row.predicted;
    all.truth += row.truth;
  }
  if (kind == Kind::Accuracy)
    return all.truth == 0 ? NAN : all.right / all.truth;
  // A ratio of nothing to nothing counts as 0.
  auto score = [&](const Row &row) {
    double below = kind == Kind::Precision ? row.predicted
                   : kind == Kind::Recall  ? row.truth
                                           : (row.predicted + row.truth) / 2;
    return below == 0 ? 0.0 : row.right / below;
  };
  Average chosen = average != Average::Automatic ? average : classes <= 2 ? Average::Binary : Average::Macro;
  if (chosen == Average::Micro)
    return score(all);
  if (chosen == Average::Binary) {
    auto positive = rows.find(1);
    return positive == rows.end() ? 0.0 : score(positive->second);
  }
  double sum = 0, weight = 0;
  for (auto &[number, row] : rows) {
    double part = chosen == Average::Weighted ? row.truth : 1;
    sum += part * score(row);
    weight += part;
  }
  return weight == 0 ? NAN : sum / weight;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Error Metric::addNumbers(const MetricValues &output, const MetricValues &target) {
  if (squeezed(output.dims) != squeezed(target.dims))
    return createStringError(text + ": got outputs " + typeText(output) + " for targets " + typeText(target) +
                             ", want the same shape");
  Expected<std::vector<double>> got = numbersOf(output), want = numbersOf(target);
  if (Error error = joinErrors(got.takeError(), want.takeError()))
    return error;
  size_t rows = size_t(output.dims.front()), width = rows ? got->size() / rows : 0;
  if (columns.empty())
    columns.resize(width);
  if (rows && columns.size() != width)
    return createStringError(text + ": got " + Twine(width) + " numbers a sample, want " + Twine(columns.size()));
  for (size_t i = 0; i < rows; ++i) {
    ++samples;
    for (auto [j, column] : enumerate(columns)) {
      double truth = (*want)[i * width + j], difference = (*got)[i * width + j] - truth;
      column.squares += difference * difference;
      column.magnitudes += std::abs(difference);
      double before = truth - column.mean;
      column.mean += before / double(samples);
      column.spread += before * (truth - column.mean);
    }
  }
  return Error::success();
}

double Metric::value() const {
  if (kind != Kind::Mse && kind != Kind::Rmse && kind != Kind::Mae && kind != Kind::R2)
    return ofClasses();
  if (samples == 0 || columns.empty())
    return NAN;
  double sum = 0;
  for (const Column &column : columns) {
    if (kind == Kind::R2) // of a constant, all or nothing
      sum += samples < 2           ? NAN
             : column.spread != 0  ? 1 - column.squares / column.spread
             : column.squares == 0 ? 1.0
                                   : 0.0;
    else
      sum += (kind == Kind::Mae ? column.magnitudes : column.squares) / double(samples);
  }
  double mean = sum / double(columns.size());
  // Over columns, the root of the mean square is that of all numbers.
  return kind == Kind::Rmse ? std::sqrt(mean) : mean;
}

} // namespace ingot
