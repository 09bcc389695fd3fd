//===- NpyTest.cpp - NumPy's file format, friendly and hostile -----------===//
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

#include <gtest/gtest.h>

using namespace ingot::runtime;

/// A file of version 1 with the given header and data.
static std::string npy(std::string header, const std::string &data, char version = 1) {
  header += "\n";
  std::string file = std::string("\x93NUMPY") + version + '\0' + char(header.size() & 255) + char(header.size() >> 8);
  if (version > 1)
    file += std::string(2, '\0');
  return file + header + data;
}

static std::string parseError(const std::string &file) {
  Tensor tensor;
  Text error;
  EXPECT_EQ(parseNpy(file.data(), file.size(), tensor, error), INGOT_BAD_ARGUMENT);
  return error.c_str();
}

TEST(Npy, EveryElementTypeComesBack) {
  TemporaryFolder folder;
  for (uint32_t dtype : {INGOT_F32, INGOT_F64, INGOT_F16, INGOT_BF16, INGOT_I8, INGOT_I16, INGOT_I32, INGOT_I64,
                         INGOT_U8, INGOT_U16, INGOT_U32, INGOT_U64, INGOT_BOOL, INGOT_COMPLEX64, INGOT_COMPLEX128})
    for (unsigned rank : {0u, 1u, 3u}) {
      int64_t dims[] = {3, 1, 2};
      Tensor tensor, back;
      Text error;
      ASSERT_EQ(Tensor::create(dtype, dims, rank, tensor, error), INGOT_OK);
      fillRandom(tensor, 7);
      ASSERT_EQ(writeNpy(folder.file("x.npy").c_str(), tensor, error), INGOT_OK) << error.c_str();
      ASSERT_EQ(readNpy(folder.file("x.npy").c_str(), back, error), INGOT_OK) << error.c_str();
      EXPECT_TRUE(identical(tensor, back)) << dtypeName(dtype) << " rank " << rank;
    }
}

TEST(Npy, DataStartAtAMultipleOf64Bytes) {
  TemporaryFolder folder;
  Tensor tensor;
  Text error;
  int64_t size = 5;
  ASSERT_EQ(Tensor::create(INGOT_U8, &size, 1, tensor, error), INGOT_OK);
  ASSERT_EQ(writeNpy(folder.file("x.npy").c_str(), tensor, error), INGOT_OK);
  EXPECT_EQ((folder.read("x.npy").size() - 5) % 64, 0u);
}

TEST(Npy, FortranOrderBecomesRowMajor) {
  std::string file = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", "\1\2\3\4\5\6");
  for (char version : {1, 2, 3}) {
    file = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", "\1\2\3\4\5\6", version);
    Tensor tensor;
    Text error;
    ASSERT_EQ(parseNpy(file.data(), file.size(), tensor, error), INGOT_OK) << error.c_str();
    EXPECT_EQ(std::string(tensor.as<char>(), 6), "\1\3\5\2\4\6");
  }
}

TEST(Npy, BoolsBecomeZeroOrOne) {
  std::string file = npy("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", std::string("\0\2\xff", 3));
  Tensor tensor;
  Text error;
  ASSERT_EQ(parseNpy(file.data(), file.size(), tensor, error), INGOT_OK) << error.c_str();
  EXPECT_EQ(std::string(tensor.as<char>(), 3), std::string("\0\1\1", 3));
}

TEST(Npy, SaysWhatIsWrong) {
  EXPECT_EQ(parseError("hello"), "not a NumPy file");
  EXPECT_EQ(parseError(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "abcd")),
            "got big-endian elements '>f4', want little-endian ones");
  EXPECT_EQ(parseError(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "abcd")),
            "got elements '|O', want numbers or bools");
  EXPECT_EQ(parseError(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd")),
            "got a structured NumPy array, want numbers or bools");
  EXPECT_EQ(parseError(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "abcd")),
            "got 4 bytes of data, want 8 for f32[2]");
  EXPECT_EQ(parseError(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }", "")),
            "the size of f32[99999999999,99999999999] overflows");
  EXPECT_EQ(parseError(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "")),
            "the NumPy header is malformed");
  EXPECT_EQ(parseError(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1), }",
                           "abcd")),
            "got more than 16 dimensions");
  EXPECT_EQ(parseError(npy("{'descr': '<f4', 'shape': (1,), }", "abcd")), "the NumPy header is malformed");
}

TEST(Npy, NeitherCutNorChangedFilesCrash) {
  std::string file = npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", std::string(16, 'x'));
  readDamaged(file, 20'000, [](const char *bytes, size_t size) {
    Tensor tensor;
    Text error;
    (void)parseNpy(bytes, size, tensor, error);
  });
}

TEST(Npy, UnreadableFilesAreReported) {
  Tensor tensor;
  Text error;
  EXPECT_EQ(readNpy("/nowhere/x.npy", tensor, error), INGOT_IO);
  EXPECT_STREQ(error.c_str(), "cannot read /nowhere/x.npy: No such file or directory");
  error.clear();
  EXPECT_EQ(readNpy("/tmp", tensor, error), INGOT_IO);
  EXPECT_STREQ(error.c_str(), "cannot read /tmp: Is a directory");
}

TEST(Npy, SlashesOfNamesAreEscaped) {
  Text path;
  appendOutputPath(path, "out", "/encoder/y 0", INGOT_F32);
  EXPECT_STREQ(path.c_str(), "out/%2Fencoder%2Fy 0.npy");
}
