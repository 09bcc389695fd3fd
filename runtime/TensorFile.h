//===- TensorFile.h - Reading and writing .npy and .pb tensors -----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TENSORFILE_H
#define INGOT_RUNTIME_TENSORFILE_H

#include "runtime/Array.h"
#include "runtime/Tensor.h"

namespace ingot::runtime {

// NumPy's format, versions 1 to 3, little-endian, C and Fortran order. NumPy has no bfloat16; it is kept as the
// ml_dtypes package does, as '<V2'. Messages do not name the file: the caller knows what it is for.
ingot_status parseNpy(const void *bytes, size_t size, Tensor &result, Text &error);
ingot_status readNpy(const char *path, Tensor &result, Text &error);
ingot_status writeNpy(const char *path, const Tensor &tensor, Text &error);

// ONNX's TensorProto in protobuf's wire format. `name`, where given, receives the tensor's name.
ingot_status parseTensorProto(const void *bytes, size_t size, Tensor &result, Text *name, Text &error);
ingot_status readTensorProto(const char *path, Tensor &result, Text *name, Text &error);
ingot_status writeTensorProto(const char *path, const char *name, const Tensor &tensor, Text &error);
/// Appends all of a TensorProto but the `rawBytes` bytes of its elements, which come last.
void appendTensorHead(Text &head, const char *name, uint32_t dtype, const int64_t *dims, unsigned rank,
                      uint64_t rawBytes);

/// Reads a .npy or a .pb file, as its extension says.
ingot_status readTensor(const char *path, Tensor &result, Text &error);

/// Whether NumPy's format has an element type.
bool hasNpyType(uint32_t dtype);

/// Appends `directory/NAME.npy`, where each `/` of the name becomes `%2F`; `.pb` where NumPy lacks the element type.
void appendOutputPath(Text &path, const char *directory, const char *name, uint32_t dtype);
/// Writes a tensor to a file of such a name.
ingot_status writeTensor(const char *path, const char *name, const Tensor &tensor, Text &error);

/// Makes every element 0 or 1: files may hold other bytes, generated code may not see them.
void normalizeBools(Tensor &tensor);

ingot_status readFile(const char *path, Array<unsigned char> &bytes, Text &error);
/// Writes `head` and after it `bytes` bytes of `data`.
ingot_status writeFile(const char *path, const Text &head, const void *data, uint64_t bytes, Text &error);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_TENSORFILE_H
