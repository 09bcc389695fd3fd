//===- EmitLoopsTest.cpp - Vector loops against scalar loops --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function of Inputs/emit-loops-cases.mlir runs as upstream's scalar loops and by emit-loops, at several vector
// widths, with and without chunks. All buffers must agree afterwards: integers exactly, floats up to the order of sums.
//
//===----------------------------------------------------------------------===//

#include "tests/compiler/cpu/Jit.h"
#include <random>

using namespace mlir;
using namespace ingot;

namespace {

template <typename T> void fillWith(std::vector<char> &bytes, std::mt19937 &random) {
  auto *values = reinterpret_cast<T *>(bytes.data());
  for (size_t index = 0; index < bytes.size() / sizeof(T); ++index)
    values[index] = T(int(random() % 257) - 128) / T(std::is_integral_v<T> ? 1 : 64);
}

template <typename T>
void expectClose(const std::vector<char> &left, const std::vector<char> &right, double tolerance) {
  auto *a = reinterpret_cast<const T *>(left.data()), *b = reinterpret_cast<const T *>(right.data());
  for (size_t index = 0; index < left.size() / sizeof(T); ++index)
    ASSERT_NEAR(double(a[index]), double(b[index]), tolerance * (1 + std::abs(double(a[index])))) << "at " << index;
}

class EmitLoopsTest : public JitTest {
protected:
  void SetUp() override {
    JitTest::SetUp();
    module = parseSourceFile<ModuleOp>(INGOT_EMIT_LOOPS_CASES, context.get());
    ASSERT_TRUE(module);
  }

  /// Runs every function after `passes` and returns its arguments' contents.
  std::map<std::string, Buffers> runAll(const std::string &passes) {
    auto engine = compile(*module, passes);
    std::map<std::string, Buffers> results;
    for (auto function : module->getOps<func::FuncOp>())
      results[function.getName().str()] = run(*engine, function);
    return results;
  }

  Buffers run(ExecutionEngine &engine, func::FuncOp function) {
    std::mt19937 random(42);
    Buffers buffers;
    for (Type type : function.getArgumentTypes()) {
      auto memref = cast<MemRefType>(type);
      unsigned bits = memref.getElementTypeBitWidth();
      std::vector<char> &bytes = buffers.emplace_back(memref.getNumElements() * bits / 8);
      if (memref.getElementType().isF16())
        for (size_t index = 0; index < bytes.size(); ++index)
          bytes[index] = index % 2 ? 0x38 + random() % 8 : random();
      else if (isa<FloatType>(memref.getElementType()))
        bits == 32 ? fillWith<float>(bytes, random) : fillWith<double>(bytes, random);
      else
        bits == 8    ? fillWith<int8_t>(bytes, random)
        : bits == 32 ? fillWith<int32_t>(bytes, random)
                     : fillWith<int64_t>(bytes, random);
    }
    invoke(engine, function, buffers);
    return buffers;
  }

  void compare(const std::string &options) {
    static auto wanted = runAll("func.func(linalg-generalize-named-ops,convert-linalg-to-loops)");
    auto found = runAll("func.func(expand-copies,emit-loops{" + options + "})");
    for (auto function : module->getOps<func::FuncOp>()) {
      SCOPED_TRACE(function.getName().str() + " with " + options);
      for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
        SCOPED_TRACE("argument " + std::to_string(index));
        auto &left = wanted[function.getName().str()][index], &right = found[function.getName().str()][index];
        Type element = cast<MemRefType>(type).getElementType();
        if (element.isF32())
          expectClose<float>(left, right, 1e-5);
        else if (element.isF64())
          expectClose<double>(left, right, 1e-12);
        else
          EXPECT_EQ(left, right);
      }
    }
  }

  OwningOpRef<ModuleOp> module;
};

TEST_F(EmitLoopsTest, Avx2) { compare("vector-bits=256 parallel=false"); }
TEST_F(EmitLoopsTest, Avx2InChunks) { compare("vector-bits=256 parallel=true"); }
TEST_F(EmitLoopsTest, Neon) { compare("vector-bits=128 registers=32 parallel=true"); }
TEST_F(EmitLoopsTest, Avx512) { compare("vector-bits=512 registers=32 parallel=true"); }

} // namespace
