//===- TensorFile.cpp - What the tensor file formats share ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/TensorFile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

using namespace ingot;
using namespace ingot::runtime;

ingot_status runtime::readFile(const char *path, Array<unsigned char> &bytes, Text &error) {
  FILE *file = fopen(path, "rb");
  struct stat info;
  if (!file || fstat(fileno(file), &info) || S_ISDIR(info.st_mode)) {
    error.append("cannot read %s: %s", path, strerror(file && S_ISDIR(info.st_mode) ? EISDIR : errno));
    if (file)
      fclose(file);
    return INGOT_IO;
  }
  // The size is a hint only: the file may be a pipe.
  size_t used = 0, chunk = info.st_size > 0 ? size_t(info.st_size) + 1 : 1 << 16;
  bool fails = false;
  while (true) {
    if (!bytes.resize(used + chunk)) {
      fclose(file);
      error.append("not enough memory to read %s", path);
      return INGOT_OUT_OF_MEMORY;
    }
    size_t count = fread(bytes.data() + used, 1, chunk, file);
    used += count;
    if (count < chunk) {
      fails = ferror(file);
      break;
    }
    chunk = used;
  }
  int cause = errno;
  fclose(file);
  (void)bytes.resize(used); // shrinks, which cannot fail
  if (fails) {
    error.append("cannot read %s: %s", path, strerror(cause));
    return INGOT_IO;
  }
  return INGOT_OK;
}

ingot_status runtime::writeFile(const char *path, const Text &head, const void *data, uint64_t bytes, Text &error) {
  FILE *file = fopen(path, "wb");
  bool done = file && fwrite(head.c_str(), 1, head.size(), file) == head.size() && fwrite(data, 1, bytes, file) == bytes;
  int cause = errno;
  if (file && fclose(file) && done) {
    done = false;
    cause = errno;
  }
  if (!done) {
    error.append("cannot write %s: %s", path, strerror(cause));
    return INGOT_IO;
  }
  return INGOT_OK;
}

void runtime::normalizeBools(Tensor &tensor) {
  uint8_t *values = tensor.as<uint8_t>();
  for (uint64_t i = 0; i < tensor.elements(); ++i)
    values[i] = values[i] != 0;
}

ingot_status runtime::readTensor(const char *path, Tensor &result, Text &error) {
  const char *dot = strrchr(path, '.');
  if (dot && !strcmp(dot, ".npy"))
    return readNpy(path, result, error);
  if (dot && !strcmp(dot, ".pb"))
    return readTensorProto(path, result, nullptr, error);
  error.append("got file %s, want .npy or .pb", path);
  return INGOT_BAD_ARGUMENT;
}

ingot_status runtime::writeTensor(const char *path, const char *name, const Tensor &tensor, Text &error) {
  return hasNpyType(tensor.dtype()) ? writeNpy(path, tensor, error) : writeTensorProto(path, name, tensor, error);
}

void runtime::appendOutputPath(Text &path, const char *directory, const char *name, uint32_t dtype) {
  path.append("%s/", directory);
  for (; *name; ++name)
    if (*name == '/')
      path.append("%%2F");
    else
      path.appendBytes(name, 1);
  path.append(hasNpyType(dtype) ? ".npy" : ".pb");
}
