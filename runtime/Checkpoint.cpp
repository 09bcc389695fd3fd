//===- Checkpoint.cpp - Files of named tensors ----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Checkpoint.h"
#include "runtime/TensorFile.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

using namespace ingot;
using namespace ingot::runtime;

static constexpr char mark[] = "ingot checkpoint 1\n";
static constexpr size_t markBytes = sizeof mark - 1;

CheckpointWriter::CheckpointWriter(const char *place) : path(place) {
  temporary.append("%s.tmp", place);
  file = fopen(temporary.c_str(), "wb");
  if (!file || fwrite(mark, 1, markBytes, file) != markBytes)
    cause = errno;
}

CheckpointWriter::~CheckpointWriter() {
  if (!file)
    return;
  fclose(file);
  unlink(temporary.c_str());
}

void CheckpointWriter::add(const char *name, uint32_t dtype, const int64_t *dims, unsigned rank, const void *data) {
  if (cause)
    return;
  uint64_t bytes = dtypeBytes(dtype);
  for (unsigned i = 0; i < rank; ++i)
    bytes *= uint64_t(dims[i]);
  Text head;
  appendTensorHead(head, name, dtype, dims, rank, bytes);
  uint64_t length = head.size() + bytes;
  if (fwrite(&length, sizeof length, 1, file) != 1 || fwrite(head.c_str(), 1, head.size(), file) != head.size() ||
      fwrite(data, 1, bytes, file) != bytes)
    cause = errno;
}

void CheckpointWriter::add(const char *name, const Tensor &tensor) {
  add(name, tensor.dtype(), tensor.shape().dims, tensor.shape().rank, tensor.data());
}

ingot_status CheckpointWriter::finish(Text &error) {
  if (!cause && (fflush(file) || fsync(fileno(file))))
    cause = errno;
  if (file && fclose(file) && !cause)
    cause = errno;
  file = nullptr;
  if (!cause && rename(temporary.c_str(), path.c_str()))
    cause = errno;
  if (!cause)
    return INGOT_OK;
  unlink(temporary.c_str());
  error.append("cannot write %s: %s", path.c_str(), strerror(cause));
  return INGOT_IO;
}

ingot_status runtime::parseCheckpoint(const unsigned char *bytes, size_t size, const char *path,
                                      Array<NamedTensor> &pieces, Text &error) {
  size_t at = markBytes;
  bool isWhole = size >= markBytes && !memcmp(bytes, mark, markBytes);
  while (isWhole && at < size) {
    uint64_t length = 0;
    isWhole = size - at >= sizeof length;
    if (isWhole) {
      memcpy(&length, bytes + at, sizeof length);
      at += sizeof length;
      isWhole = length <= size - at;
    }
    NamedTensor piece;
    Text cause;
    isWhole = isWhole && parseTensorProto(bytes + at, length, piece.tensor, &piece.name, cause) == INGOT_OK;
    at += length;
    if (isWhole && !pieces.push(std::move(piece))) {
      error.append("not enough memory to read %s", path);
      return INGOT_OUT_OF_MEMORY;
    }
  }
  if (!isWhole) {
    error.append("%s: not a checkpoint, or a damaged one", path);
    return INGOT_BAD_ARGUMENT;
  }
  return INGOT_OK;
}

ingot_status runtime::readCheckpoint(const char *path, Array<NamedTensor> &pieces, Text &error) {
  Array<unsigned char> bytes;
  if (ingot_status status = readFile(path, bytes, error))
    return status;
  return parseCheckpoint(bytes.data(), bytes.size(), path, pieces, error);
}

const Tensor *runtime::findPiece(const Array<NamedTensor> &pieces, const char *name) {
  for (const NamedTensor &piece : pieces)
    if (!strcmp(piece.name.c_str(), name))
      return &piece.tensor;
  return nullptr;
}
