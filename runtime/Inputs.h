//===- Inputs.h - The inputs that a command line names -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_INPUTS_H
#define INGOT_RUNTIME_INPUTS_H

#include "runtime/Array.h"
#include "runtime/Tensor.h"

namespace ingot::runtime {

struct InputOptions {
  Array<const char *> bindings;    ///< each `NAME=@FILE.npy`, `NAME=@FILE.pb` or `NAME=LITERAL`, as --input takes them
  const char *directory = nullptr; ///< --inputs: a test_data_set_K folder with input_0.pb, ... in graph order
  const ingot_dim_info *dims = nullptr; ///< bounds of open dimensions, for values that are not given
  unsigned numDims = 0;
  bool fillMissing = false;        ///< random values (see fillRandom, seed = index) for what is not given
};

/// Reads every input of a model and checks its type and shape. A binding goes before the folder.
ingot_status gatherInputs(const ingot_value_info *infos, unsigned count, const InputOptions &options,
                          Array<Tensor> &result, Text &error);

/// The candidate nearest to `word` by edit distance, or null when none is near enough to be a likely slip.
const char *didYouMean(const char *word, const char *const *candidates, unsigned count);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_INPUTS_H
