//===- TensorProto.cpp - ONNX tensors in protobuf's wire format ----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Field numbers of onnx.proto's TensorProto. Input is untrusted: every length is checked against what is left.
//
//===----------------------------------------------------------------------===//

#include "runtime/TensorFile.h"

#include <bit>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

using namespace ingot;
using namespace ingot::runtime;

static_assert(std::endian::native == std::endian::little, "raw_data and packed fields are little-endian");

namespace {
enum Field : uint32_t {
  dimsField = 1,
  dataTypeField = 2,
  segmentField = 3,
  floatDataField = 4,
  int32DataField = 5,
  stringDataField = 6,
  int64DataField = 7,
  nameField = 8,
  rawDataField = 9,
  doubleDataField = 10,
  uint64DataField = 11,
  externalDataField = 13,
  dataLocationField = 14
};

enum WireType : uint32_t { varintType = 0, fixed64Type = 1, bytesType = 2, fixed32Type = 5 };

struct Bytes {
  const unsigned char *at = nullptr, *end = nullptr;

  size_t left() const { return size_t(end - at); }
  bool takeVarint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 70 && at != end; shift += 7) {
      unsigned char byte = *at++;
      value |= shift < 64 ? uint64_t(byte & 0x7f) << shift : 0;
      if (byte < 0x80)
        return true;
    }
    return false;
  }
  bool takeFixed(void *value, size_t size) {
    if (left() < size)
      return false;
    memcpy(value, at, size);
    at += size;
    return true;
  }
  bool takeBytes(Bytes &part) {
    uint64_t size;
    if (!takeVarint(size) || size > left())
      return false;
    part = {at, at + size};
    at += size;
    return true;
  }
};

/// What the first pass over the message finds; the data fields are read in a second pass, when the type is known.
struct Summary {
  int64_t dims[maxRank];
  unsigned rank = 0;
  uint64_t dataType = 0;
  bool isExternal = false, isSegment = false, hasRaw = false;
  Bytes raw, name;
};

/// Elements go here; further ones are counted, not stored.
struct Sink {
  Tensor &tensor;
  uint64_t count = 0;

  template <typename T> void put(T value) {
    if (count < tensor.elements())
      tensor.as<T>()[count] = value;
    ++count;
  }
};
} // namespace

static bool takeDim(uint64_t value, Summary &summary) {
  if (summary.rank < maxRank)
    summary.dims[summary.rank] = int64_t(value);
  return ++summary.rank <= maxRank;
}

/// Calls `visit(field, type, varint, bytes)` for each field; false when the message is malformed or `visit` says so.
template <typename Visitor> static bool forEachField(Bytes message, Visitor visit) {
  while (message.left()) {
    uint64_t tag, value = 0;
    Bytes part;
    if (!message.takeVarint(tag) || tag >> 3 == 0 || tag >> 32)
      return false;
    switch (tag & 7) {
    case varintType:
      if (!message.takeVarint(value))
        return false;
      break;
    case bytesType:
      if (!message.takeBytes(part))
        return false;
      break;
    case fixed64Type:
    case fixed32Type:
      part = {message.at, message.at};
      part.end += (tag & 7) == fixed64Type ? 8 : 4;
      if (message.left() < part.left())
        return false;
      message.at = part.end;
      break;
    default:
      return false;
    }
    if (!visit(uint32_t(tag >> 3), uint32_t(tag & 7), value, part))
      return false;
  }
  return true;
}

static bool summarizeFields(Bytes message, Summary &summary) {
  return forEachField(message, [&](uint32_t field, uint32_t type, uint64_t value, Bytes part) {
    switch (field) {
    case dimsField:
      if (type == varintType)
        return takeDim(value, summary);
      while (type == bytesType && part.left())
        if (!part.takeVarint(value) || !takeDim(value, summary))
          return false;
      return type == bytesType;
    case dataTypeField:
      summary.dataType = value;
      return type == varintType;
    case segmentField:
      summary.isSegment = true;
      return true;
    case nameField:
      summary.name = part;
      return type == bytesType;
    case rawDataField:
      summary.hasRaw = true;
      summary.raw = part;
      return type == bytesType;
    case externalDataField:
      summary.isExternal = true;
      return true;
    case dataLocationField:
      summary.isExternal |= value == 1;
      return type == varintType;
    default:
      return true;
    }
  });
}

/// The data field that holds elements of a type.
static uint32_t dataField(ingot_dtype dtype) {
  switch (dtype) {
  case INGOT_F32:
  case INGOT_COMPLEX64:
    return floatDataField;
  case INGOT_F64:
  case INGOT_COMPLEX128:
    return doubleDataField;
  case INGOT_I64:
    return int64DataField;
  case INGOT_U32:
  case INGOT_U64:
    return uint64DataField;
  default:
    return int32DataField;
  }
}

static void putInteger(Sink &sink, uint64_t value) {
  switch (dtypeBytes(sink.tensor.dtype())) {
  case 1:
    return sink.put(sink.tensor.dtype() == INGOT_BOOL ? uint8_t(value != 0) : uint8_t(value));
  case 2:
    return sink.put(uint16_t(value));
  case 4:
    return sink.put(uint32_t(value));
  default:
    return sink.put(value);
  }
}

/// Reads the elements of `field`, packed or not, into `sink`.
static bool readElements(Bytes message, uint32_t wantedField, Sink &sink) {
  bool isFixed = wantedField == floatDataField || wantedField == doubleDataField;
  size_t fixedBytes = wantedField == floatDataField ? 4 : 8;
  return forEachField(message, [&](uint32_t field, uint32_t type, uint64_t value, Bytes part) {
    if (field != wantedField)
      return true;
    if (!isFixed && type == varintType) {
      putInteger(sink, value);
      return true;
    }
    if (isFixed && type != bytesType && (type == varintType || part.left() != fixedBytes))
      return false;
    if (!isFixed && type != bytesType)
      return false;
    while (part.left()) {
      uint64_t bits = 0;
      if (isFixed ? !part.takeFixed(&bits, fixedBytes) : !part.takeVarint(bits))
        return false;
      if (!isFixed)
        putInteger(sink, bits);
      else if (fixedBytes == 4)
        sink.put(uint32_t(bits));
      else
        sink.put(bits);
    }
    return true;
  });
}

/// Gives each packed number, of which the lowest bits of a byte hold the first, a byte of its own.
static void unpack(Bytes packed, unsigned bits, Tensor &tensor) {
  bool isSigned = tensor.dtype() == INGOT_I4 || tensor.dtype() == INGOT_I2;
  unsigned perByte = 8 / bits, sign = 1u << (bits - 1), mask = 2 * sign - 1;
  for (uint64_t i = 0; i < tensor.elements(); ++i) {
    unsigned value = unsigned(packed.at[i / perByte]) >> (i % perByte * bits) & mask;
    tensor.as<uint8_t>()[i] = uint8_t(isSigned && (value & sign) ? value | ~mask : value);
  }
}

static ingot_status malformed(Text &error) {
  error.append("not an ONNX tensor: the protobuf message is malformed");
  return INGOT_BAD_ARGUMENT;
}

ingot_status runtime::parseTensorProto(const void *bytes, size_t size, Tensor &result, Text *name, Text &error) {
  Bytes message{static_cast<const unsigned char *>(bytes), nullptr};
  message.end = message.at + size;
  Summary summary;
  if (!summarizeFields(message, summary)) {
    if (summary.rank <= maxRank)
      return malformed(error);
    error.append("got more than %u dimensions", maxRank);
    return INGOT_BAD_ARGUMENT;
  }
  if (summary.dataType == INGOT_UNDEFINED) {
    error.append("not an ONNX tensor: it has no element type");
    return INGOT_BAD_ARGUMENT;
  }
  if (summary.isExternal || summary.isSegment) {
    error.append("the tensor's data are in another %s, want them in the same file",
                 summary.isExternal ? "file" : "segment");
    return INGOT_UNSUPPORTED;
  }
  uint64_t wanted = 0;
  uint32_t dtype = summary.dataType > UINT32_MAX ? UINT32_MAX : uint32_t(summary.dataType);
  if (ingot_status status = tensorBytes(dtype, summary.dims, summary.rank, wanted, error))
    return status;

  unsigned bits = packedBits(dtype);
  if (bits)
    wanted = (wanted * bits + 7) / 8;

  // Check the amount of data before taking memory. A packed element takes at least a byte, so `size` bounds the count.
  uint64_t got = summary.raw.left();
  if (summary.hasRaw ? got != wanted : wanted / dtypeBytes(dtype) > size) {
    error.append("got %" PRIu64 " bytes of data, want %" PRIu64 " for ", summary.hasRaw ? got : uint64_t(size), wanted);
    appendType(error, dtype, summary.dims, summary.rank);
    return INGOT_BAD_ARGUMENT;
  }
  Tensor tensor;
  if (ingot_status status = Tensor::create(dtype, summary.dims, summary.rank, tensor, error))
    return status;
  if (summary.hasRaw) {
    if (bits)
      unpack(summary.raw, bits, tensor);
    else if (wanted)
      memcpy(tensor.data(), summary.raw.at, wanted);
    if (dtype == INGOT_BOOL)
      normalizeBools(tensor);
  } else {
    // A complex number is two floats in the file: count those.
    bool isComplex = dtype == INGOT_COMPLEX64 || dtype == INGOT_COMPLEX128;
    Tensor parts;
    if (isComplex || bits) {
      int64_t count = int64_t(bits ? wanted : tensor.elements() * 2);
      if (ingot_status status = Tensor::create(bits                       ? INGOT_U8
                                               : dtype == INGOT_COMPLEX64 ? INGOT_F32
                                                                          : INGOT_F64,
                                               &count, 1, parts, error))
        return status;
    }
    Sink sink{isComplex || bits ? parts : tensor};
    if (!readElements(message, dataField(tensor.dtype()), sink))
      return malformed(error);
    if (sink.count != sink.tensor.elements()) {
      error.append("got %" PRIu64 " elements, want %" PRIu64 " for ", sink.count, sink.tensor.elements());
      appendType(error, tensor);
      return INGOT_BAD_ARGUMENT;
    }
    if (bits)
      unpack({parts.as<unsigned char>(), parts.as<unsigned char>() + parts.bytes()}, bits, tensor);
    if (isComplex)
      memcpy(tensor.data(), parts.data(), tensor.bytes());
  }
  if (name) {
    name->clear();
    name->appendBytes(reinterpret_cast<const char *>(summary.name.at), summary.name.left());
  }
  result = static_cast<Tensor &&>(tensor);
  return INGOT_OK;
}

ingot_status runtime::readTensorProto(const char *path, Tensor &result, Text *name, Text &error) {
  Array<unsigned char> bytes;
  if (ingot_status status = readFile(path, bytes, error))
    return status;
  return parseTensorProto(bytes.data(), bytes.size(), result, name, error);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static void appendVarint(Text &text, uint64_t value) {
  do {
    char byte = char((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    text.appendBytes(&byte, 1);
    value >>= 7;
  } while (value);
}

static void appendTag(Text &text, uint32_t field, WireType type) { appendVarint(text, field << 3 | type); }

void runtime::appendTensorHead(Text &head, const char *name, uint32_t dtype, const int64_t *dims, unsigned rank,
                               uint64_t rawBytes) {
  for (unsigned i = 0; i < rank; ++i) {
    appendTag(head, dimsField, varintType);
    appendVarint(head, uint64_t(dims[i]));
  }
  appendTag(head, dataTypeField, varintType);
  appendVarint(head, dtype);
  appendTag(head, nameField, bytesType);
  appendVarint(head, strlen(name));
  head.appendBytes(name, strlen(name));
  appendTag(head, rawDataField, bytesType);
  appendVarint(head, rawBytes);
}

ingot_status runtime::writeTensorProto(const char *path, const char *name, const Tensor &tensor, Text &error) {
  Array<unsigned char> packed;
  const void *data = tensor.data();
  uint64_t bytes = tensor.bytes();
  if (unsigned bits = packedBits(tensor.dtype())) {
    unsigned perByte = 8 / bits;
    bytes = (bytes + perByte - 1) / perByte;
    if (!packed.resize(bytes)) {
      error.append("not enough memory");
      return INGOT_OUT_OF_MEMORY;
    }
    for (uint64_t i = 0; i < bytes; ++i)
      packed[i] = 0;
    for (uint64_t i = 0; i < tensor.elements(); ++i)
      packed[i / perByte] |= (unsigned char)((tensor.as<uint8_t>()[i] & ((1u << bits) - 1)) << (i % perByte * bits));
    data = packed.data();
  }
  Text head;
  appendTensorHead(head, name, tensor.dtype(), tensor.shape().dims, tensor.shape().rank, bytes);
  return writeFile(path, head, data, bytes, error);
}
