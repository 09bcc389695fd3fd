//===- Forward.h - A model's results over samples ---------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TOOLS_FORWARD_H
#define INGOT_COMPILER_TOOLS_FORWARD_H

#include "compiler/tools/LoadedObjective.h"
#include "compiler/tools/Samples.h"
#include "compiler/train/Metrics.h"
#include "runtime/TrainingStep.h"

namespace ingot {

/// A metric of an output and a target: NAME(OUTPUT,TARGET), or NAME where there is one of each to choose.
struct MetricRequest {
  Metric metric;
  std::string output, target;

  /// Reads "accuracy,f1(logits,label),...". `output` and `target` are those that a metric without any is of; ""
  /// leaves them open.
  static llvm::Expected<std::vector<MetricRequest>> parse(llvm::StringRef list, llvm::StringRef output,
                                                          llvm::StringRef target);
};

/// The bytes of a value of a context as numbers for a metric, of its first `rows` samples.
MetricValues metricValues(const ingot_value_info &info, const void *data, uint64_t rows, std::vector<int64_t> &dims);

/// The forward pass of a model over samples, compiled for the batches that it meets.
class Forward {
public:
  struct Settings {
    CompileFlags compile;
    std::string model;
    std::string loss; ///< "": only the outputs
    std::string wrt;  ///< with a loss: the parameters, which each run brings
    unsigned threads = 0;
    uint64_t batch = 0; ///< 0: the model's, or 32
  };
  static llvm::Expected<std::unique_ptr<Forward>> create(const Settings &settings);

  const OpenModel &model() const { return open; }
  /// Runs over all samples, with the parameters of `step` where there is one, and adds to the metrics. Gives the mean
  /// loss, or nothing.
  llvm::Expected<double> run(const Samples &samples, runtime::TrainingStep *step,
                             llvm::MutableArrayRef<MetricRequest> metrics);
  /// Samples that the last run left out, for they filled no batch of the size that the model fixes.
  uint64_t leftOut() const { return missed; }
  /// The results of the model, by a variant that exists.
  llvm::Expected<std::vector<std::string>> outputs(const Samples &samples);

private:
  struct Variant {
    std::unique_ptr<LoadedModel> model;
    uint32_t inputs = 0; ///< that take data; the parameters follow
  };
  Forward(const Settings &settings, OpenModel open, BatchSize batch)
      : settings(settings), open(std::move(open)), batch(batch) {}
  llvm::Expected<Variant *> variant(const Samples &samples, uint64_t size);

  Settings settings;
  OpenModel open;
  BatchSize batch;
  uint64_t missed = 0;
  std::map<uint64_t, Variant> variants;
};

} // namespace ingot

#endif // INGOT_COMPILER_TOOLS_FORWARD_H
