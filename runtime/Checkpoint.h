//===- Checkpoint.h - Files of named tensors --------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CHECKPOINT_H
#define INGOT_RUNTIME_CHECKPOINT_H

#include "runtime/Array.h"
#include "runtime/Dataset.h"
#include "runtime/Tensor.h"

#include <stdio.h>

namespace ingot::runtime {

// A checkpoint is an ONNX TensorProto for each piece, one after another with their lengths (8 bytes), after a mark.

/// Writes a checkpoint beside its place and moves it there when it is whole: at no moment is there a part of one.
class CheckpointWriter {
public:
  explicit CheckpointWriter(const char *path);
  ~CheckpointWriter();
  void add(const char *name, uint32_t dtype, const int64_t *dims, unsigned rank, const void *data);
  void add(const char *name, const Tensor &tensor);
  void add(const char *name, int64_t value) { add(name, INGOT_I64, nullptr, 0, &value); }
  ingot_status finish(Text &error);

private:
  Text path, temporary;
  FILE *file;
  int cause = 0; // errno of the first thing that failed
};

/// Reads all pieces of a checkpoint. `path` is for messages.
ingot_status parseCheckpoint(const unsigned char *bytes, size_t size, const char *path, Array<NamedTensor> &pieces,
                             Text &error);
ingot_status readCheckpoint(const char *path, Array<NamedTensor> &pieces, Text &error);

/// The piece with that name, or null.
const Tensor *findPiece(const Array<NamedTensor> &pieces, const char *name);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CHECKPOINT_H
