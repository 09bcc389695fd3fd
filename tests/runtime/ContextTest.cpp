//===- ContextTest.cpp - The C interface ---------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/Compare.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Literal.h"
#include "runtime/Session.h"
#include "runtime/ingot.h"
#include "tests/runtime/HandModel.h"

#include <cmath>
#include <gtest/gtest.h>
#include <string>

using namespace ingot::runtime;

namespace {
struct Running {
  explicit Running(const ingot_model &model, unsigned threads = 1) {
    ingot_context_options options = {sizeof options, threads, 0};
    EXPECT_EQ(ingot_executable_open(&model, nullptr, &executable), INGOT_OK) << ingot_last_error();
    EXPECT_EQ(ingot_context_create(executable, &options, &context), INGOT_OK) << ingot_last_error();
  }
  ~Running() {
    ingot_context_destroy(context);
    ingot_executable_close(executable);
  }
  Array<Tensor> run(uint64_t seed) {
    Array<Tensor> inputs, outputs;
    Text error;
    const ingot_value_info &info = modelOf(context).inputs[0];
    EXPECT_TRUE(inputs.resize(1));
    EXPECT_EQ(Tensor::create(info.dtype, info.dims, info.rank, inputs[0], error), INGOT_OK);
    fillRandom(inputs[0], seed);
    EXPECT_EQ(setInputs(context, inputs, error), INGOT_OK) << error.c_str();
    EXPECT_EQ(runContext(context, error), INGOT_OK) << error.c_str();
    EXPECT_EQ(getOutputs(context, outputs, error), INGOT_OK) << error.c_str();
    return outputs;
  }

  ingot_executable *executable = nullptr;
  ingot_context *context = nullptr;
};
} // namespace

TEST(Context, OutputsDoNotDependOnThreads) {
  HandModel hand;
  Running one(hand.model, 1), two(hand.model, 2), three(hand.model, 3);
  EXPECT_EQ(threadsOf(three.context), 3u);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Array<Tensor> want = one.run(seed), other = two.run(seed), another = three.run(seed);
    for (unsigned i = 0; i < 2; ++i) {
      EXPECT_TRUE(identical(want[i], other[i]));
      EXPECT_TRUE(identical(want[i], another[i]));
    }
  }
}

TEST(Context, PoisonedArenasDoNotShow) {
  HandModel hand;
  Running running(hand.model, 2);
  Array<Tensor> want = running.run(1);
  poison(running.context, 0xff);
  Array<Tensor> got = running.run(1);
  EXPECT_TRUE(identical(want[0], got[0]));
}

TEST(Context, BindsMemoryOfTheCaller) {
  HandModel hand;
  Running running(hand.model);
  float x[HandModel::size] = {1}, y[HandModel::size];
  void *own = ingot_context_output(running.context, 0);
  ASSERT_EQ(ingot_context_bind_input(running.context, 0, x, sizeof x), INGOT_OK);
  ASSERT_EQ(ingot_context_bind_output(running.context, 0, y, sizeof y), INGOT_OK);
  ASSERT_EQ(ingot_context_run(running.context), INGOT_OK);
  EXPECT_EQ(y[0], 0.5f);
  EXPECT_EQ(ingot_context_output(running.context, 0), y);
  ASSERT_EQ(ingot_context_bind_output(running.context, 0, nullptr, 0), INGOT_OK);
  EXPECT_EQ(ingot_context_output(running.context, 0), own);
}

TEST(Context, RefusesWrongSizesAndPlaces) {
  HandModel hand;
  Running running(hand.model);
  float x[3] = {};
  EXPECT_EQ(ingot_context_set_input(running.context, 0, x, sizeof x), INGOT_BAD_ARGUMENT);
  EXPECT_STREQ(ingot_last_error(), "input 'x': got 12 bytes, want 2048");
  EXPECT_EQ(ingot_context_bind_output(running.context, 7, x, sizeof x), INGOT_BAD_ARGUMENT);
  EXPECT_STREQ(ingot_last_error(), "got output 7, want one below 2");
  EXPECT_EQ(ingot_context_input(running.context, 1), nullptr);
}

TEST(Context, FaultsNameTheirNode) {
  HandModel hand;
  Running running(hand.model);
  static_cast<float *>(ingot_context_input(running.context, 0))[0] = NAN;
  EXPECT_EQ(ingot_context_run(running.context), INGOT_FAULT + 1);
  EXPECT_STREQ(ingot_context_error(running.context),
               "node '/gather (Gather)': integer division by zero or overflow, or an index out of bounds");
  static_cast<float *>(ingot_context_input(running.context, 0))[0] = 0;
  EXPECT_EQ(ingot_context_run(running.context), INGOT_OK);
  EXPECT_STREQ(ingot_context_error(running.context), "");
}

TEST(Context, BuffersAreAligned) {
  HandModel hand;
  Running running(hand.model);
  for (void *buffer : {ingot_context_input(running.context, 0), ingot_context_output(running.context, 0),
                       ingot_context_output(running.context, 1)})
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer) % INGOT_ALIGNMENT, 0u);
}

TEST(Executable, OtherVersionsAreRefused) {
  HandModel hand;
  ingot_executable *executable = nullptr;
  hand.model.abi_version = INGOT_ABI_VERSION + 1;
  EXPECT_EQ(ingot_executable_open(&hand.model, nullptr, &executable), INGOT_ABI);
  EXPECT_STREQ(ingot_last_error(), "got a model of interface version 3, want 2: compile it again");
}

TEST(Executable, MissingProcessorFeaturesAreNamed) {
  HandModel hand;
  // No processor has both.
  hand.model.cpu_features = INGOT_CPU_AVX512F | INGOT_CPU_SVE2;
  hand.model.cpu_features &= ~hostCpuFeatures();
  hand.model.target = "x86-64-v4";
  Text missing;
  appendFeatureNames(missing, hand.model.cpu_features);
  ingot_executable *executable = nullptr;
  EXPECT_EQ(ingot_executable_open(&hand.model, nullptr, &executable), INGOT_PROCESSOR);
  EXPECT_EQ(ingot_last_error(),
            std::string("this processor lacks ") + missing.c_str() + ", which 'hand' was compiled for (x86-64-v4)");
}

TEST(Executable, WeightsComeFromTheHostWhenTheModelHasNone) {
  HandModel hand;
  ingot_executable *executable = nullptr;
  alignas(64) const float weights[HandModel::taps + 1] = {1, 0, 0, 0, 0};
  hand.model.weights = nullptr;
  EXPECT_EQ(ingot_executable_open(&hand.model, nullptr, &executable), INGOT_BAD_ARGUMENT);
  EXPECT_STREQ(ingot_last_error(), "got no weights, want 16 bytes");
  EXPECT_EQ(ingot_executable_open(&hand.model, weights + 1, &executable), INGOT_BAD_ARGUMENT);
  ASSERT_EQ(ingot_executable_open(&hand.model, weights, &executable), INGOT_OK);
  EXPECT_EQ(ingot_executable_model(executable), &hand.model);
  ingot_executable_close(executable);
}

TEST(Executable, OpenDimensionsAreRefused) {
  HandModel hand;
  int64_t dims[] = {-1, 64};
  ingot_value_info input = hand.model.inputs[0];
  input.dims = dims;
  hand.model.inputs = &input;
  ingot_executable *executable = nullptr;
  EXPECT_EQ(ingot_executable_open(&hand.model, nullptr, &executable), INGOT_UNSUPPORTED);
}

TEST(Executable, LibrariesBringTheirModel) {
  ingot_executable *executable = nullptr;
  ingot_context *context = nullptr;
  ingot_context_options options = {sizeof options, 2, 0};
  ASSERT_EQ(ingot_executable_load(INGOT_TWICE_LIBRARY, &executable), INGOT_OK) << ingot_last_error();
  EXPECT_STREQ(ingot_executable_model(executable)->name, "twice");
  ASSERT_EQ(ingot_context_create(executable, &options, &context), INGOT_OK);
  static_cast<float *>(ingot_context_input(context, 0))[5] = 21;
  ASSERT_EQ(ingot_context_run(context), INGOT_OK);
  EXPECT_EQ(static_cast<float *>(ingot_context_output(context, 0))[5], 42);
  ingot_context_destroy(context);
  ingot_executable_close(executable);
}

TEST(Executable, MissingLibrariesAreReported) {
  ingot_executable *executable = nullptr;
  EXPECT_EQ(ingot_executable_load("/nowhere/model.so", &executable), INGOT_IO);
  EXPECT_TRUE(strstr(ingot_last_error(), "cannot load /nowhere/model.so")) << ingot_last_error();
}

TEST(CpuFeatures, NamesAndBitsAgree) {
  unsigned count;
  const CpuFeature *table = cpuFeatureTable(count);
  uint64_t seen = 0;
  for (unsigned i = 0; i < count; ++i) {
    EXPECT_EQ(cpuFeatureBit(table[i].name, table[i].x86), table[i].bit);
    EXPECT_FALSE(seen & table[i].bit) << table[i].name;
    seen |= table[i].bit;
  }
  EXPECT_EQ(cpuFeatureBit("bf16", /*x86=*/true), 0u);
  EXPECT_GE(physicalCores(), 1u);
}

#ifdef __x86_64__
TEST(CpuFeatures, AgreeWithTheCompilersView) {
  auto has = [](uint64_t bit) { return (hostCpuFeatures() & bit) != 0; };
  EXPECT_EQ(has(INGOT_CPU_AVX2), __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(has(INGOT_CPU_FMA), __builtin_cpu_supports("fma") != 0);
  EXPECT_EQ(has(INGOT_CPU_BMI2), __builtin_cpu_supports("bmi2") != 0);
  EXPECT_EQ(has(INGOT_CPU_AVX512F), __builtin_cpu_supports("avx512f") != 0);
  EXPECT_EQ(has(INGOT_CPU_AVX512VNNI), __builtin_cpu_supports("avx512vnni") != 0);
  EXPECT_EQ(has(INGOT_CPU_AVX512BF16), __builtin_cpu_supports("avx512bf16") != 0);
}
#endif
