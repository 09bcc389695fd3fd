//===- Inflate.h - Decompressing deflate ------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_INFLATE_H
#define INGOT_RUNTIME_INFLATE_H

#include <stddef.h>
#include <stdint.h>

namespace ingot::runtime {

/// Decompresses raw deflate (RFC 1951) to exactly `size` bytes; false where the input is damaged or of another length.
bool inflate(const unsigned char *packed, size_t packedSize, unsigned char *result, size_t size);

/// The checksum of zip files (CRC-32, reflected polynomial 0xEDB88320).
uint32_t crc32(const unsigned char *bytes, size_t size);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_INFLATE_H
