//===- Tensors.cpp - ONNX tensors, types and attributes in MLIR -----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Importer.h"
#include "frontends/onnx/Model.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include <onnx/checker.h>

using namespace mlir;
using onnx::TensorProto;

namespace ingot::onnx_import {

Type elementType(MLIRContext *context, int dataType) {
  auto integer = [&](unsigned width, bool isUnsigned = false) {
    return IntegerType::get(context, width, isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
  };
  switch (dataType) {
  case TensorProto::FLOAT: return Float32Type::get(context);
  case TensorProto::DOUBLE: return Float64Type::get(context);
  case TensorProto::FLOAT16: return Float16Type::get(context);
  case TensorProto::BFLOAT16: return BFloat16Type::get(context);
  case TensorProto::FLOAT8E4M3FN: return Float8E4M3FNType::get(context);
  case TensorProto::FLOAT8E4M3FNUZ: return Float8E4M3FNUZType::get(context);
  case TensorProto::FLOAT8E5M2: return Float8E5M2Type::get(context);
  case TensorProto::FLOAT8E5M2FNUZ: return Float8E5M2FNUZType::get(context);
  case TensorProto::FLOAT4E2M1:
    return Float4E2M1FNType::get(context);
  case TensorProto::BOOL: return integer(1);
  case TensorProto::INT2:
    return integer(2);
  case TensorProto::UINT2:
    return integer(2, true);
  case TensorProto::INT4: return integer(4);
  case TensorProto::INT8: return integer(8);
  case TensorProto::INT16: return integer(16);
  case TensorProto::INT32: return integer(32);
  case TensorProto::INT64: return integer(64);
  case TensorProto::UINT4: return integer(4, true);
  case TensorProto::UINT8: return integer(8, true);
  case TensorProto::UINT16: return integer(16, true);
  case TensorProto::UINT32: return integer(32, true);
  case TensorProto::UINT64: return integer(64, true);
  default: return {};
  }
}

int dataTypeOf(Type element) {
  for (int dataType = 1; dataType <= onnx::TensorProto_DataType_DataType_MAX; ++dataType)
    if (elementType(element.getContext(), dataType) == element)
      return dataType;
  return TensorProto::UNDEFINED;
}

/// A sparse tensor takes its whole size in memory.
static constexpr uint64_t sparseLimit = uint64_t(1) << 31;

/// Bytes that an element takes in a weight.
static uint64_t elementBytes(Type element) { return std::max(8u, element.getIntOrFloatBitWidth()) / 8; }

/// A copy of numbers in another form, as bytes that own themselves.
template <typename Out, typename In> static TensorData narrowed(RankedTensorType type, const In &values) {
  auto copy = std::make_shared<std::vector<Out>>(values.begin(), values.end());
  return {type, ArrayRef(reinterpret_cast<const char *>(copy->data()), copy->size() * sizeof(Out)), copy};
}

/// Numbers of a few bits, several in a byte and the lowest bits first, become a byte each.
static TensorData unpacked(RankedTensorType type, StringRef packed) {
  auto copy = std::make_shared<std::vector<int8_t>>();
  bool isSigned = type.getElementType().isSignlessInteger();
  int width = int(type.getElementTypeBitWidth()), perByte = 8 / width, count = 1 << width;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    int value = (uint8_t(packed[i / perByte]) >> (i % perByte * width)) & (count - 1);
    copy->push_back(int8_t(isSigned && value >= count / 2 ? value - count : value));
  }
  return {type, ArrayRef(reinterpret_cast<const char *>(copy->data()), copy->size()), copy};
}

/// A piece of a file in the model's folder, mapped into memory.
static llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>> externalData(const Model &model, const TensorProto &tensor,
                                                                        uint64_t wanted) {
  std::string location;
  uint64_t offset = 0, length = wanted;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    if (entry.key() == "location")
      location = entry.value();
    else if ((entry.key() == "offset" && StringRef(entry.value()).getAsInteger(10, offset)) ||
             (entry.key() == "length" && StringRef(entry.value()).getAsInteger(10, length)))
      return fault("tensor '" + tensor.name() + "': '" + entry.value() + "' is no " + entry.key());
  }
  if (length != wanted)
    return fault("tensor '" + tensor.name() + "' has " + Twine(length) + " bytes of external data, want " +
                 Twine(wanted));
  int descriptor = -1;
  try {
    descriptor = int(onnx::checker::open_external_data(model.folder, location, tensor.name(), /*read_only=*/true));
  } catch (const std::exception &exception) {
    return fault(exception.what());
  }
  auto file = llvm::sys::fs::convertFDToNativeFile(descriptor);
  llvm::scope_exit close([&] { (void)llvm::sys::fs::closeFile(file); });
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(descriptor, status))
    return fault(location + ": " + error.message());
  if (offset > status.getSize() || length > status.getSize() - offset)
    return fault("tensor '" + tensor.name() + "' ends beyond the end of " + location);
  auto buffer = llvm::MemoryBuffer::getOpenFileSlice(file, location, length, int64_t(offset));
  if (!buffer)
    return fault(location + ": " + buffer.getError().message());
  return std::shared_ptr<llvm::MemoryBuffer>(std::move(*buffer));
}

llvm::Expected<TensorData> tensorData(MLIRContext *context, const std::shared_ptr<Model> &model,
                                      const TensorProto &tensor) {
  Type element = elementType(context, tensor.data_type());
  if (!element)
    return fault("tensor '" + tensor.name() + "' has the unsupported element type " +
                 (onnx::TensorProto_DataType_IsValid(tensor.data_type())
                      ? onnx::TensorProto_DataType_Name(onnx::TensorProto_DataType(tensor.data_type()))
                      : std::to_string(tensor.data_type())));
  // Sizes are multiplied with care: they come from a file.
  uint64_t count = 1;
  for (int64_t size : tensor.dims()) {
    bool overflow = size < 0;
    count = llvm::SaturatingMultiply<uint64_t>(count, uint64_t(size), overflow ? nullptr : &overflow);
    if (overflow || count > uint64_t(1) << 40)
      return fault("tensor '" + tensor.name() + "' has an impossible shape");
  }
  auto type = RankedTensorType::get(ArrayRef(tensor.dims().data(), tensor.dims_size()), element);
  unsigned width = element.getIntOrFloatBitWidth();
  uint64_t bytes = count * elementBytes(element);
  bool isPacked = width == 2 || width == 4;
  uint64_t stored = isPacked ? (count * width + 7) / 8 : bytes;
  auto mismatch = [&](uint64_t have, uint64_t want) {
    return fault("tensor '" + tensor.name() + "' has " + Twine(have) + " bytes of data, its shape wants " +
                 Twine(want));
  };

  StringRef raw;
  std::shared_ptr<const void> owner = model;
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    auto mapped = externalData(*model, tensor, stored);
    if (!mapped)
      return mapped.takeError();
    raw = (*mapped)->getBuffer();
    owner = *mapped;
  } else if (tensor.has_raw_data()) {
    raw = tensor.raw_data();
  } else {
    // Each element type has its list; those of fewer than 32 bits share one.
    auto whole = [&](const auto &list) -> TensorData {
      return {type, ArrayRef(reinterpret_cast<const char *>(list.data()), list.size() * sizeof(*list.data())), owner};
    };
    TensorData data;
    if (element.isF32())
      data = whole(tensor.float_data());
    else if (element.isF64())
      data = whole(tensor.double_data());
    else if (element.isSignlessInteger(64))
      data = whole(tensor.int64_data());
    else if (element.isSignlessInteger(32))
      data = whole(tensor.int32_data());
    else if (element.isUnsignedInteger(64))
      data = whole(tensor.uint64_data());
    else if (element.isUnsignedInteger(32))
      data = narrowed<uint32_t>(type, tensor.uint64_data());
    else if (width == 16)
      data = narrowed<uint16_t>(type, tensor.int32_data());
    else if (isPacked) {
      std::string packed(tensor.int32_data().begin(), tensor.int32_data().end());
      if (packed.size() != stored)
        return mismatch(packed.size(), stored);
      return unpacked(type, packed);
    } else
      data = narrowed<uint8_t>(type, tensor.int32_data());
    if (data.bytes.size() != bytes)
      return mismatch(data.bytes.size(), bytes);
    return data;
  }
  if (raw.size() != stored)
    return mismatch(raw.size(), stored);
  if (isPacked)
    return unpacked(type, raw);
  // Generated code and the packing of weights assume that numbers are aligned.
  if (reinterpret_cast<uintptr_t>(raw.data()) % elementBytes(element))
    return narrowed<char>(type, raw);
  return TensorData{type, ArrayRef(raw.data(), raw.size()), owner};
}

llvm::Expected<TensorData> tensorData(MLIRContext *context, const std::shared_ptr<Model> &model,
                                      const onnx::SparseTensorProto &tensor) {
  const std::string &name = tensor.values().name();
  auto values = tensorData(context, model, tensor.values());
  if (!values)
    return values.takeError();
  auto indices = tensorData(context, model, tensor.indices());
  if (!indices)
    return indices.takeError();
  ArrayRef<int64_t> shape(tensor.dims().data(), tensor.dims_size());
  uint64_t width = elementBytes(values->type.getElementType()), bytes = width;
  bool overflow = llvm::any_of(shape, [](int64_t size) { return size < 0; });
  for (uint64_t size : shape)
    bytes = llvm::SaturatingMultiply<uint64_t>(bytes, size, overflow ? nullptr : &overflow);
  if (overflow || bytes > sparseLimit)
    return llvm::make_error<LimitExceeded>("the sparse tensor '" + name + "' has more than " + Twine(sparseLimit) +
                                           " bytes with its zeros");
  // Places are numbers of elements, or a number for each dimension.
  int64_t count = values->type.getNumElements(), rank = int64_t(shape.size());
  ArrayRef<int64_t> indexShape = indices->type.getShape();
  bool isFlat = indexShape.size() == 1;
  if (values->type.getRank() != 1 || !indices->type.getElementType().isSignlessInteger(64) || indexShape.empty() ||
      indexShape[0] != count || (!isFlat && (indexShape.size() != 2 || indexShape[1] != rank)))
    return fault("the sparse tensor '" + name + "' has no place for each of its values");
  auto dense = std::make_shared<std::vector<char>>(bytes);
  const auto *place = reinterpret_cast<const int64_t *>(indices->bytes.data());
  for (int64_t i = 0; i < count; ++i) {
    uint64_t at = 0;
    for (int64_t axis = 0; axis < (isFlat ? 1 : rank); ++axis) {
      uint64_t size = isFlat ? bytes / width : uint64_t(shape[axis]), index = uint64_t(*place++);
      if (index >= size)
        return fault("the sparse tensor '" + name + "' has a value outside its shape");
      at = at * size + index;
    }
    std::memcpy(&(*dense)[at * width], &values->bytes[i * width], width);
  }
  auto type = RankedTensorType::get(shape, values->type.getElementType());
  return TensorData{type, ArrayRef(dense->data(), dense->size()), dense};
}

DenseElementsAttr elementsOf(const TensorData &data) {
  if (data.bytes.empty())
    return DenseElementsAttr::get(data.type, ArrayRef<Attribute>());
  if (data.type.getElementType().isInteger(1)) {
    SmallVector<bool> values = llvm::map_to_vector(data.bytes, [](char byte) { return byte != 0; });
    return DenseElementsAttr::get(data.type, values);
  }
  return DenseElementsAttr::getFromRawBuffer(data.type, data.bytes);
}

Attribute convertAttribute(OpBuilder &builder, const onnx::AttributeProto &attribute) {
  switch (attribute.type()) {
  case onnx::AttributeProto::INT: return builder.getI64IntegerAttr(attribute.i());
  case onnx::AttributeProto::FLOAT: return builder.getF32FloatAttr(attribute.f());
  case onnx::AttributeProto::STRING: return builder.getStringAttr(attribute.s());
  case onnx::AttributeProto::INTS:
    return builder.getDenseI64ArrayAttr(ArrayRef(attribute.ints().data(), attribute.ints_size()));
  case onnx::AttributeProto::FLOATS:
    return builder.getDenseF32ArrayAttr(ArrayRef(attribute.floats().data(), attribute.floats_size()));
  case onnx::AttributeProto::STRINGS: {
    SmallVector<StringRef> strings(attribute.strings().begin(), attribute.strings().end());
    return builder.getStrArrayAttr(strings);
  }
  default: return {};
  }
}

} // namespace ingot::onnx_import
