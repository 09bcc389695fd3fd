//===- Report.h - What run, describe and bench print ---------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_REPORT_H
#define INGOT_RUNTIME_REPORT_H

#include "runtime/Array.h"
#include "runtime/Tensor.h"

namespace ingot::runtime {

/// Appends one output: name, type, range and its five largest elements; small ones are printed whole.
void appendOutput(Text &text, const char *name, const Tensor &tensor);
/// The same as one JSON object.
void appendOutputJson(Text &text, const char *name, const Tensor &tensor);

/// Writes every output as DIRECTORY/NAME.npy, lossless; makes the folder when it is missing.
ingot_status writeOutputs(const char *directory, const ingot_value_info *infos, const Tensor *outputs, unsigned count,
                          Text &error);

/// Appends inputs, outputs, sizes and target of a model.
void appendDescription(Text &text, const ingot_model &model);
void appendDescriptionJson(Text &text, const ingot_model &model);

/// "6.1 MB": powers of 1000, two or three digits.
void appendSize(Text &text, uint64_t bytes);
/// A JSON string with its quotes.
void appendJsonString(Text &text, const char *value);
/// A JSON number; NaN and the infinities, which JSON lacks, as strings.
void appendJsonNumber(Text &text, double value);

struct Timing {
  double minMs = 0, medianMs = 0, p99Ms = 0;
  uint64_t runs = 0;
};
/// Statistics of run times in milliseconds; sorts them.
Timing summarize(double *milliseconds, uint64_t count);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_REPORT_H
