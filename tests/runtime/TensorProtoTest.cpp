//===- TensorProtoTest.cpp - ONNX tensors, friendly and hostile ----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Compare.h"
#include "runtime/Literal.h"
#include "runtime/TensorFile.h"
#include "tests/runtime/Damage.h"
#include "tests/runtime/TemporaryFolder.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace ingot::runtime;

static std::string varint(uint64_t value) {
  std::string bytes;
  for (; value > 0x7f; value >>= 7)
    bytes += char(value | 0x80);
  return bytes + char(value);
}
static std::string field(unsigned number, uint64_t value) { return varint(number << 3) + varint(value); }
static std::string field(unsigned number, const std::string &bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}
template <typename T> static std::string bytesOf(std::initializer_list<T> values) {
  return {reinterpret_cast<const char *>(values.begin()), values.size() * sizeof(T)};
}

static Tensor parse(const std::string &bytes) {
  Tensor tensor;
  Text error;
  EXPECT_EQ(parseTensorProto(bytes.data(), bytes.size(), tensor, nullptr, error), INGOT_OK) << error.c_str();
  return tensor;
}

static std::string parseError(const std::string &bytes, ingot_status wanted = INGOT_BAD_ARGUMENT) {
  Tensor tensor;
  Text error;
  EXPECT_EQ(parseTensorProto(bytes.data(), bytes.size(), tensor, nullptr, error), wanted);
  return error.c_str();
}

TEST(TensorProto, EveryElementTypeComesBack) {
  TemporaryFolder folder;
  for (uint32_t dtype : {INGOT_F32,    INGOT_F64, INGOT_F16, INGOT_BF16,   INGOT_I8,  INGOT_I16,  INGOT_I32,
                         INGOT_I64,    INGOT_U8,  INGOT_U16, INGOT_U32,    INGOT_U64, INGOT_BOOL, INGOT_COMPLEX64,
                         INGOT_F8E5M2, INGOT_U4,  INGOT_I4,  INGOT_F4E2M1, INGOT_U2,  INGOT_I2})
    for (unsigned rank : {0u, 1u, 3u}) {
      int64_t dims[] = {3, 1, 2};
      Tensor tensor, back;
      Text error, name;
      ASSERT_EQ(Tensor::create(dtype, dims, rank, tensor, error), INGOT_OK);
      fillRandom(tensor, 7);
      ASSERT_EQ(writeTensorProto(folder.file("x.pb").c_str(), "a/b", tensor, error), INGOT_OK) << error.c_str();
      ASSERT_EQ(readTensorProto(folder.file("x.pb").c_str(), back, &name, error), INGOT_OK) << error.c_str();
      EXPECT_TRUE(identical(tensor, back)) << dtypeName(dtype) << " rank " << rank;
      EXPECT_STREQ(name.c_str(), "a/b");
    }
}

TEST(TensorProto, TypedFieldsArePackedOrNot) {
  std::string dims = field(1, 2);
  Tensor floats = parse(dims + field(2, INGOT_F32) + field(4, bytesOf({1.5f, -2.0f})));
  EXPECT_EQ(floats.as<float>()[1], -2.0f);
  Tensor single = parse(dims + field(2, INGOT_F32) + "\x25" + bytesOf({1.5f}) + "\x25" + bytesOf({3.0f}));
  EXPECT_EQ(single.as<float>()[1], 3.0f);
  Tensor packed = parse(field(1, varint(1) + varint(2)) + field(2, INGOT_I64) + field(7, varint(5) + varint(-1)));
  EXPECT_EQ(packed.shape().rank, 2u);
  EXPECT_EQ(packed.as<int64_t>()[1], -1);
  Tensor loose = parse(dims + field(2, INGOT_I32) + field(5, uint64_t(-7)) + field(5, 9));
  EXPECT_EQ(loose.as<int32_t>()[0], -7);
  Tensor halves = parse(dims + field(2, INGOT_F16) + field(5, varint(0x3c00) + varint(0xc000)));
  EXPECT_EQ(halves.toDouble(1), -2.0);
  Tensor bools = parse(dims + field(2, INGOT_BOOL) + field(5, varint(2) + varint(0)));
  EXPECT_EQ(bools.as<uint8_t>()[0], 1);
  Tensor doubles = parse(dims + field(2, INGOT_F64) + field(10, bytesOf({0.25, 4.0})));
  EXPECT_EQ(doubles.as<double>()[1], 4.0);
  Tensor unsigneds = parse(dims + field(2, INGOT_U64) + field(11, varint(3) + varint(UINT64_MAX)));
  EXPECT_EQ(unsigneds.as<uint64_t>()[1], UINT64_MAX);
  Tensor complexes = parse(dims + field(2, INGOT_COMPLEX64) + field(4, bytesOf({1.f, 2.f, 3.f, 4.f})));
  EXPECT_EQ(complexes.as<float>()[3], 4.0f);
}

TEST(TensorProto, SaysWhatIsWrong) {
  std::string dims = field(1, 2), isFloat = field(2, INGOT_F32);
  EXPECT_EQ(parseError(""), "not an ONNX tensor: it has no element type");
  EXPECT_EQ(parseError(dims + isFloat + field(9, "abcd")), "got 4 bytes of data, want 8 for f32[2]");
  EXPECT_EQ(parseError(dims + isFloat + field(4, bytesOf({1.f}))), "got 1 elements, want 2 for f32[2]");
  EXPECT_EQ(parseError(dims + isFloat + field(4, bytesOf({1.f, 2.f, 3.f}))), "got 3 elements, want 2 for f32[2]");
  EXPECT_EQ(parseError(field(1, uint64_t(-1)) + isFloat), "got size -1 of dimension 0, want 0 or more");
  EXPECT_EQ(parseError(field(1, 1ull << 40) + field(1, 1ull << 40) + isFloat),
            "the size of f32[1099511627776,1099511627776] overflows");
  // Much more than the file could hold must fail before memory is taken.
  EXPECT_EQ(parseError(field(1, 1ull << 45) + isFloat + field(4, bytesOf({1.f}))),
            "got 16 bytes of data, want 140737488355328 for f32[35184372088832]");
  std::string many;
  for (unsigned i = 0; i < 17; ++i)
    many += field(1, 1);
  EXPECT_EQ(parseError(many + isFloat), "got more than 16 dimensions");
  EXPECT_EQ(parseError(dims + field(2, INGOT_STRING), INGOT_UNSUPPORTED), "element type string is not supported");
  EXPECT_EQ(parseError(dims + field(2, 77), INGOT_UNSUPPORTED), "unknown element type 77");
  EXPECT_EQ(parseError(dims + isFloat + field(14, 1), INGOT_UNSUPPORTED),
            "the tensor's data are in another file, want them in the same file");
  std::string malformed = "not an ONNX tensor: the protobuf message is malformed";
  EXPECT_EQ(parseError("\x4a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), malformed); // a length beyond the end
  EXPECT_EQ(parseError(std::string(12, '\xff')), malformed);                    // a varint without end
  EXPECT_EQ(parseError(std::string("\0", 1)), malformed);                       // field 0
  EXPECT_EQ(parseError("\x0b"), malformed);                                     // a group
}

TEST(TensorProto, NeitherCutNorChangedMessagesCrash) {
  std::string good = field(1, 2) + field(1, 2) + field(2, INGOT_F32) + field(8, "name") +
                     field(4, bytesOf({1.f, 2.f, 3.f, 4.f})) + field(13, field(1, "location"));
  readDamaged(good, 50'000, [](const char *bytes, size_t size) {
    Tensor tensor;
    Text error;
    (void)parseTensorProto(bytes, size, tensor, nullptr, error);
  });
}

TEST(TensorProto, OtherExtensionsAreRefused) {
  Tensor tensor;
  Text error;
  EXPECT_EQ(readTensor("cat.png", tensor, error), INGOT_BAD_ARGUMENT);
  EXPECT_STREQ(error.c_str(), "got file cat.png, want .npy or .pb");
}
