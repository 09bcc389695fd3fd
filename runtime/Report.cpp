//===- Report.cpp - What run, describe and bench print -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Report.h"
#include "runtime/CpuFeatures.h"
#include "runtime/TensorFile.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

using namespace ingot;
using namespace ingot::runtime;

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

void runtime::appendSize(Text &text, uint64_t bytes) {
  static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  double value = double(bytes);
  unsigned unit = 0;
  for (; value >= 999.5 && unit < 6; ++unit)
    value /= 1000;
  text.append(unit && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/// Length of the UTF-8 sequence that starts at `at`, 0 when there is none.
static unsigned utf8Length(const unsigned char *at) {
  if (*at < 0x80)
    return 1;
  unsigned length = *at >= 0xc2 && *at < 0xe0 ? 2 : *at >= 0xe0 && *at < 0xf0 ? 3 : *at >= 0xf0 && *at < 0xf5 ? 4 : 0;
  for (unsigned i = 1; i < length; ++i)
    if ((at[i] & 0xc0) != 0x80)
      return 0;
  bool isLongForm = (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xf0 && at[1] < 0x90);
  bool isOutside = (*at == 0xed && at[1] >= 0xa0) || (*at == 0xf4 && at[1] >= 0x90);
  return isLongForm || isOutside ? 0 : length;
}

void runtime::appendJsonString(Text &text, const char *value) {
  text.append("\"");
  for (const unsigned char *at = reinterpret_cast<const unsigned char *>(value); *at;) {
    unsigned length = utf8Length(at);
    if (*at == '"' || *at == '\\')
      text.append("\\%c", *at);
    else if (*at < 0x20)
      text.append("\\u%04x", *at);
    else if (length)
      text.appendBytes(reinterpret_cast<const char *>(at), length);
    else
      text.append("\\ufffd");
    at += length ? length : 1;
  }
  text.append("\"");
}

void runtime::appendJsonNumber(Text &text, double value) {
  if (value != value)
    text.append("\"NaN\"");
  else if (isinf(value))
    text.append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  else
    text.append("%.9g", value);
}

static void appendJsonValue(Text &text, const Tensor &tensor, uint64_t index) {
  double value = tensor.toDouble(index);
  if (isfinite(value) && tensor.dtype() != INGOT_COMPLEX64 && tensor.dtype() != INGOT_COMPLEX128)
    tensor.appendElement(text, index);
  else
    appendJsonNumber(text, value);
}

static void appendJsonDims(Text &text, const int64_t *dims, const char *const *names, unsigned rank) {
  text.append("[");
  for (unsigned i = 0; i < rank; ++i) {
    if (i)
      text.append(", ");
    if (dims[i] >= 0)
      text.append("%" PRId64, dims[i]);
    else
      appendJsonString(text, names && names[i] ? names[i] : "?");
  }
  text.append("]");
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

namespace {
/// The places of what a report shows of a tensor; NaN takes no part in an order.
struct Extremes {
  static constexpr unsigned wanted = 5;
  uint64_t least = 0, greatest = 0, nans = 0, top[wanted];
  unsigned count = 0; // of `top`, greatest first; the first of equals goes first

  explicit Extremes(const Tensor &tensor) {
    for (uint64_t i = 0; i < tensor.elements(); ++i) {
      double value = tensor.toDouble(i);
      if (value != value) {
        ++nans;
        continue;
      }
      if (!count || value < tensor.toDouble(least))
        least = i;
      unsigned place = count;
      while (place && value > tensor.toDouble(top[place - 1]))
        --place;
      if (place == wanted)
        continue;
      count += count < wanted;
      for (unsigned j = count - 1; j > place; --j)
        top[j] = top[j - 1];
      top[place] = i;
    }
    greatest = count ? top[0] : 0;
  }
};
} // namespace

/// A place as its last index, or as all of them when more than one dimension is larger than 1.
static void appendIndex(Text &text, const Shape &shape, uint64_t place) {
  unsigned large = 0;
  for (unsigned i = 0; i < shape.rank; ++i)
    large += shape.dims[i] > 1;
  if (large <= 1) {
    text.append("%" PRIu64, place);
    return;
  }
  uint64_t index[maxRank];
  for (unsigned i = shape.rank; i--; place /= uint64_t(shape.dims[i]))
    index[i] = place % uint64_t(shape.dims[i]);
  for (unsigned i = 0; i < shape.rank; ++i)
    text.append("%s%" PRIu64, i ? "," : "[", index[i]);
  text.append("]");
}

void runtime::appendOutput(Text &text, const char *name, const Tensor &tensor) {
  text.append("%s: ", name);
  appendType(text, tensor);
  if (!tensor.elements()) {
    text.append(", empty\n");
    return;
  }
  if (tensor.elements() == 1) {
    text.append(", ");
    tensor.appendElement(text, 0);
    text.append("\n");
    return;
  }
  Extremes extremes(tensor);
  if (extremes.count) {
    text.append(", from ");
    tensor.appendElement(text, extremes.least);
    text.append(" to ");
    tensor.appendElement(text, extremes.greatest);
  }
  if (extremes.nans)
    text.append(", %" PRIu64 " NaN", extremes.nans);
  if (extremes.count)
    text.append("\n  top %u: ", extremes.count);
  for (unsigned i = 0; i < extremes.count; ++i) {
    text.append(i ? ", " : "");
    appendIndex(text, tensor.shape(), extremes.top[i]);
    text.append(" (");
    tensor.appendElement(text, extremes.top[i]);
    text.append(")");
  }
  text.append("\n");
}

void runtime::appendOutputJson(Text &text, const char *name, const Tensor &tensor) {
  text.append("{\"name\": ");
  appendJsonString(text, name);
  text.append(", \"dtype\": \"%s\", \"shape\": ", dtypeName(tensor.dtype()));
  appendJsonDims(text, tensor.shape().dims, nullptr, tensor.shape().rank);
  Extremes extremes(tensor);
  if (extremes.count) {
    text.append(", \"min\": ");
    appendJsonValue(text, tensor, extremes.least);
    text.append(", \"max\": ");
    appendJsonValue(text, tensor, extremes.greatest);
  }
  text.append(", \"nan\": %" PRIu64 ", \"top\": [", extremes.nans);
  for (unsigned i = 0; i < extremes.count; ++i) {
    text.append("%s{\"index\": %" PRIu64 ", \"value\": ", i ? ", " : "", extremes.top[i]);
    appendJsonValue(text, tensor, extremes.top[i]);
    text.append("}");
  }
  text.append("]}");
}

void runtime::appendOutputs(Text &text, const ingot_model &model, const Array<Tensor> &outputs, bool asJson) {
  text.append(asJson ? "{\"outputs\": [" : "");
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!asJson) {
      appendOutput(text, model.outputs[i].name, outputs[i]);
      continue;
    }
    text.append(i ? ", " : "");
    appendOutputJson(text, model.outputs[i].name, outputs[i]);
  }
  text.append(asJson ? "]}\n" : "");
}

ingot_status runtime::writeOutputs(const char *directory, const ingot_model &model, const Array<Tensor> &outputs,
                                   Text &error) {
  if (mkdir(directory, 0777) && errno != EEXIST) {
    error.append("cannot make the folder %s: %s", directory, strerror(errno));
    return INGOT_IO;
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    Text path;
    appendOutputPath(path, directory, model.outputs[i].name, outputs[i].dtype());
    if (ingot_status status = writeTensor(path.c_str(), model.outputs[i].name, outputs[i], error))
      return status;
  }
  return INGOT_OK;
}

//===----------------------------------------------------------------------===//
// Models and times
//===----------------------------------------------------------------------===//

static void appendValuesJson(Text &text, const ingot_value_info *infos, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    text.append("%s{\"name\": ", i ? ", " : "");
    appendJsonString(text, infos[i].name);
    text.append(", \"dtype\": \"%s\", \"shape\": ", dtypeName(infos[i].dtype));
    appendJsonDims(text, infos[i].dims, infos[i].dim_names, infos[i].rank);
    text.append(", \"bytes\": %" PRIu64 "}", infos[i].bytes);
  }
}

static void appendDescriptionJson(Text &text, const ingot_model &model) {
  text.append("{\"name\": ");
  appendJsonString(text, model.name);
  text.append(", \"target\": ");
  appendJsonString(text, model.target);
  Text needs;
  appendFeatureNames(needs, model.cpu_features);
  text.append(", \"cpu_features\": ");
  appendJsonString(text, needs.c_str());
  text.append(", \"inputs\": [");
  appendValuesJson(text, model.inputs, model.num_inputs);
  text.append("], \"outputs\": [");
  appendValuesJson(text, model.outputs, model.num_outputs);
  text.append("], \"arena_bytes\": %" PRIu64 ", \"weight_bytes\": %" PRIu64 ", \"scratch_bytes\": %" PRIu64
              ", \"abi_version\": %" PRIu32 "}\n",
              model.arena_bytes, model.weight_bytes, model.scratch_bytes, model.abi_version);
}

static void appendLabelledSize(Text &text, const char *label, uint64_t bytes) {
  text.append("%-8s ", label);
  appendSize(text, bytes);
  if (bytes >= 1000)
    text.append(" (%" PRIu64 " bytes)", bytes);
}

void runtime::appendDescription(Text &text, const ingot_model &model, bool asJson) {
  if (asJson)
    return appendDescriptionJson(text, model);
  text.append("model    %s\ntarget   %s", model.name, model.target);
  if (model.cpu_features) {
    text.append(" (needs ");
    appendFeatureNames(text, model.cpu_features);
    text.append(")");
  }
  text.append("\n");
  for (uint32_t i = 0; i < model.num_inputs + model.num_outputs; ++i) {
    bool isInput = i < model.num_inputs;
    const ingot_value_info &info = isInput ? model.inputs[i] : model.outputs[i - model.num_inputs];
    text.append("%-8s %s: ", isInput ? "input" : "output", info.name);
    appendType(text, info);
    text.append(", ");
    appendSize(text, info.bytes);
    text.append("\n");
  }
  appendLabelledSize(text, "arena", model.arena_bytes);
  text.append("\n");
  appendLabelledSize(text, "weights", model.weight_bytes);
  text.append("\n");
  appendLabelledSize(text, "scratch", model.scratch_bytes);
  text.append(" a thread\n");
}

void runtime::appendTiming(Text &text, const ingot_model &model, unsigned threads, const Timing &timing, bool asJson) {
  if (!asJson) {
    text.append("%s: min %.4g ms, median %.4g ms, p99 %.4g ms (%" PRIu64 " runs, %u thread%s)\n", model.name,
                timing.minMs, timing.medianMs, timing.p99Ms, timing.runs, threads, threads == 1 ? "" : "s");
    return;
  }
  text.append("{\"name\": ");
  appendJsonString(text, model.name);
  text.append(", \"threads\": %u, \"runs\": %" PRIu64 ", \"min_ms\": %.6g, \"median_ms\": %.6g, \"p99_ms\": %.6g"
              ", \"arena_bytes\": %" PRIu64 ", \"weight_bytes\": %" PRIu64 "}\n",
              threads, timing.runs, timing.minMs, timing.medianMs, timing.p99Ms, model.arena_bytes, model.weight_bytes);
}
