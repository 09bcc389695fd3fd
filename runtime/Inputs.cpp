//===- Inputs.cpp - The inputs that a command line names -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Inputs.h"
#include "runtime/Literal.h"
#include "runtime/TensorFile.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

using namespace ingot;
using namespace ingot::runtime;

/// Edit distance that counts a swap of neighbours as one step; words beyond 63 letters are far from everything.
static unsigned editDistance(const char *a, const char *b) {
  constexpr unsigned limit = 64;
  unsigned lengthA = unsigned(strlen(a)), lengthB = unsigned(strlen(b));
  if (lengthA >= limit || lengthB >= limit)
    return limit;
  unsigned rows[3][limit];
  for (unsigned j = 0; j <= lengthB; ++j)
    rows[0][j] = j;
  for (unsigned i = 1; i <= lengthA; ++i) {
    unsigned *row = rows[i % 3], *before = rows[(i + 2) % 3], *twoBefore = rows[(i + 1) % 3];
    row[0] = i;
    for (unsigned j = 1; j <= lengthB; ++j) {
      unsigned best = before[j - 1] + (a[i - 1] != b[j - 1]);
      best = before[j] + 1 < best ? before[j] + 1 : best;
      best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && twoBefore[j - 2] + 1 < best)
        best = twoBefore[j - 2] + 1;
      row[j] = best;
    }
  }
  return rows[lengthA % 3][lengthB];
}

const char *runtime::didYouMean(const char *word, const char *const *candidates, unsigned count) {
  const char *nearest = nullptr;
  unsigned best = unsigned(strlen(word) + 1) / 3;
  for (unsigned i = 0; i < count; ++i) {
    unsigned distance = editDistance(word, candidates[i]);
    if (distance <= best && (!nearest || distance < best)) {
      best = distance;
      nearest = candidates[i];
    }
  }
  return nearest;
}

static ingot_status unknownInput(const char *name, size_t length, const ingot_value_info *infos, unsigned count,
                                 Text &error) {
  Array<const char *> names;
  for (unsigned i = 0; i < count; ++i)
    (void)names.push(infos[i].name);
  Text word;
  word.appendBytes(name, length);
  error.append("unknown input '%s'", word.c_str());
  if (const char *nearest = didYouMean(word.c_str(), names.data(), unsigned(names.size()))) {
    error.append("; did you mean '%s'?", nearest);
  } else {
    error.append(", want one of");
    for (size_t i = 0; i < names.size(); ++i)
      error.append("%s '%s'", i ? "," : "", names[i]);
  }
  return INGOT_BAD_ARGUMENT;
}

/// Checks the type of an input that came from `source`.
static ingot_status check(const Tensor &tensor, const ingot_value_info &info, const char *source, Text &error) {
  if (fits(tensor, info))
    return INGOT_OK;
  error.append("input '%s': got ", info.name);
  appendType(error, tensor);
  error.append(" from %s, want ", source);
  appendType(error, info);
  return INGOT_BAD_ARGUMENT;
}

/// The last part of a path: messages name files as people do.
static const char *fileName(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static ingot_status readInput(const char *path, const ingot_value_info &info, Tensor &result, Text &error) {
  Text cause;
  if (ingot_status status = readTensor(path, result, cause)) {
    error.append("input '%s': %s", info.name, cause.c_str());
    if (status != INGOT_IO && !strstr(cause.c_str(), path))
      error.append(" in %s", path);
    return status;
  }
  return check(result, info, fileName(path), error);
}

static ingot_status readBinding(const char *value, const ingot_value_info &info, Tensor &result, Text &error) {
  if (value[0] == '@')
    return readInput(value + 1, info, result, error);
  Text cause;
  if (ingot_status status = parseLiteral(value, &info, result, cause)) {
    error.append("input '%s': %s", info.name, cause.c_str());
    return status;
  }
  return check(result, info, "the command line", error);
}

/// The size of an open dimension of an input that is not given: what those given say, else its upper bound.
static int64_t openSize(const ingot_value_info *infos, unsigned count, const InputOptions &options,
                        const Array<Tensor> &given, const char *name) {
  if (!name)
    return -1;
  for (unsigned i = 0; i < count; ++i)
    for (unsigned axis = 0; infos[i].dim_names && axis < given[i].shape().rank; ++axis)
      if (infos[i].dims[axis] < 0 && infos[i].dim_names[axis] && !strcmp(infos[i].dim_names[axis], name))
        return given[i].shape().dims[axis];
  for (unsigned i = 0; i < options.numDims; ++i)
    if (!strcmp(options.dims[i].name, name))
      return options.dims[i].high;
  return -1;
}

ingot_status runtime::gatherInputs(const ingot_value_info *infos, unsigned count, const InputOptions &options,
                                   Array<Tensor> &result, Text &error) {
  Array<const char *> values; // what each input is bound to
  Array<unsigned> missing;
  if (!values.resize(count) || !result.resize(count)) {
    error.append("not enough memory");
    return INGOT_OUT_OF_MEMORY;
  }
  for (const char *binding : options.bindings) {
    // A name may hold `=` itself: an input whose whole name stands before one is meant.
    unsigned found = count;
    size_t length = 0;
    for (unsigned i = 0; i < count; ++i) {
      size_t nameLength = strlen(infos[i].name);
      if (!strncmp(binding, infos[i].name, nameLength) && binding[nameLength] == '=' &&
          (found == count || nameLength > length)) {
        found = i;
        length = nameLength;
      }
    }
    const char *equals = strchr(binding, '=');
    if (!equals) {
      error.append("got input '%s', want NAME=@FILE.npy, NAME=@FILE.pb or NAME=LITERAL", binding);
      return INGOT_BAD_ARGUMENT;
    }
    if (found == count)
      return unknownInput(binding, size_t(equals - binding), infos, count, error);
    if (values[found]) {
      error.append("input '%s' is given twice", infos[found].name);
      return INGOT_BAD_ARGUMENT;
    }
    values[found] = binding + length + 1;
  }

  for (unsigned i = 0; i < count; ++i) {
    const ingot_value_info &info = infos[i];
    if (values[i]) {
      if (ingot_status status = readBinding(values[i], info, result[i], error))
        return status;
      continue;
    }
    if (options.directory) {
      Text path;
      path.append("%s/input_%u.pb", options.directory, i);
      if (access(path.c_str(), F_OK) == 0 || !options.fillMissing) {
        if (ingot_status status = readInput(path.c_str(), info, result[i], error))
          return status;
        continue;
      }
    }
    if (!options.fillMissing) {
      error.append("input '%s': got nothing, want ", info.name);
      appendType(error, info);
      error.append("; give --input %s=@FILE or --inputs DIR", info.name);
      return INGOT_BAD_ARGUMENT;
    }
    (void)missing.push(i);
  }

  for (unsigned i : missing) {
    const ingot_value_info &info = infos[i];
    Shape shape;
    shape.rank = info.rank <= maxRank ? info.rank : maxRank;
    for (unsigned d = 0; d < shape.rank; ++d)
      shape.dims[d] = info.dims[d] < 0 && info.dim_names ? openSize(infos, count, options, result, info.dim_names[d])
                                                         : info.dims[d];
    Text cause;
    if (ingot_status status = Tensor::create(info.dtype, shape.dims, info.rank, result[i], cause)) {
      error.append("input '%s': %s", info.name, cause.c_str());
      return status;
    }
    fillRandom(result[i], i);
  }
  return INGOT_OK;
}
