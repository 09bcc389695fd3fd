//===- Report.h - What run, describe and bench print ---------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_REPORT_H
#define INGOT_RUNTIME_REPORT_H

#include "runtime/Array.h"
#include "runtime/Session.h"
#include "runtime/Tensor.h"

namespace ingot::runtime {

/// Appends one output: name, type, range and its five largest elements with their places.
void appendOutput(Text &text, const char *name, const Tensor &tensor);
/// The same as one JSON object: {name, dtype, shape, min, max, nan, top: [{index, value}]}.
void appendOutputJson(Text &text, const char *name, const Tensor &tensor);

/// All outputs of a model; as JSON, {"outputs": [...]}.
void appendOutputs(Text &text, const ingot_model &model, const Array<Tensor> &outputs, bool asJson);

/// Writes every output as DIRECTORY/NAME.npy, lossless; makes the folder when it is missing.
ingot_status writeOutputs(const char *directory, const ingot_model &model, const Array<Tensor> &outputs, Text &error);

/// Appends inputs, outputs, sizes and target of a model.
void appendDescription(Text &text, const ingot_model &model, bool asJson);

/// Appends run times; as JSON, {name, threads, runs, min_ms, median_ms, p99_ms, arena_bytes, weight_bytes}.
void appendTiming(Text &text, const ingot_model &model, unsigned threads, const Timing &timing, bool asJson);

/// "6.1 MB", "98 MB", "512 B": powers of 1000 and at least two digits.
void appendSize(Text &text, uint64_t bytes);
/// A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void appendJsonString(Text &text, const char *value);
/// A JSON number; NaN and the infinities, which JSON lacks, as strings.
void appendJsonNumber(Text &text, double value);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_REPORT_H
