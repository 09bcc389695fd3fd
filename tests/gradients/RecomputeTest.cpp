//===- RecomputeTest.cpp - Gradients within a limit of memory -------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Compiler.h"
#include "compiler/cpu/CpuTarget.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "runtime/ingot.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace ingot;

namespace {

constexpr int layers = 12, width = 40;

/// The loss of a deep perceptron and its gradients; one layer also reads the first one's result.
std::string deepNetwork(const std::string &activation = "tanh", int batch = 96) {
  std::string x = "tensor<" + std::to_string(batch) + "x" + std::to_string(width) + "xf32>";
  std::string w = "tensor<" + std::to_string(width) + "x" + std::to_string(width) + "xf32>";
  std::string text = "func.func @main(%h0: " + x + " {ingot.name = \"x\"}", wrt, types, names;
  for (int i = 1; i <= layers; ++i) {
    std::string number = std::to_string(i);
    text += ", %w" + number + ": " + w + " {ingot.name = \"w" + number + "\"}";
    wrt += ", %w" + number;
    types += ", " + w;
    names += ", " + w + " {ingot.name = \"g" + number + "\"}";
  }
  text += ") -> (tensor<f32> {ingot.name = \"loss\"}" + names + ") {\n";
  for (int i = 1; i <= layers; ++i) {
    std::string number = std::to_string(i), before = std::to_string(i - 1);
    text +=
        "  %m" + number + " = ingot.matmul %h" + before + ", %w" + number + " : (" + x + ", " + w + ") -> " + x + "\n";
    text += "  %t" + number + " = ingot." + activation + " %m" + number + " : (" + x + ") -> " + x + "\n";
    text += "  %h" + number + " = ingot.add %t" + number + ", %" + (i == layers - 2 ? "h1" : "t" + number) + " : (" +
            x + ", " + x + ") -> " + x + "\n";
  }
  text += "  %loss = ingot.reduce_sum %h" + std::to_string(layers) +
          " {axes = array<i64: 0, 1>, keepdims = false} : (" + x + ") -> tensor<f32>\n";
  text += "  %g:" + std::to_string(layers) + " = ingot.gradient %loss" + wrt + " : (tensor<f32>" + types + ") -> (" +
          types.substr(2) + ")\n  return %loss";
  for (int i = 0; i < layers; ++i)
    text += ", %g#" + std::to_string(i);
  return text + " : tensor<f32>" + types + "\n}\n";
}

class Recompute : public testing::Test {
protected:
  llvm::Expected<CompiledModel> compiled(uint64_t maxMemory) {
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(deepNetwork(), context.get());
    options.maxMemory = maxMemory;
    return compile(*module, options);
  }

  /// Every output of a run on the same inputs.
  static std::vector<std::vector<float>> run(CompiledModel model) {
    std::unique_ptr<JitModel> jit = llvm::cantFail(JitModel::load(std::move(model.objects), model.info));
    ingot_executable *executable = nullptr;
    ingot_context *state = nullptr;
    EXPECT_EQ(ingot_executable_open(&jit->model(), jit->weights(), &executable), INGOT_OK) << ingot_last_error();
    EXPECT_EQ(ingot_context_create(executable, nullptr, &state), INGOT_OK) << ingot_last_error();
    for (unsigned i = 0; i < jit->model().num_inputs; ++i) {
      auto data = static_cast<float *>(ingot_context_input(state, i));
      for (size_t k = 0; k < jit->model().inputs[i].bytes / sizeof(float); ++k)
        data[k] = float((k * 7 + i * 3) % 23) / 46 - 0.25f;
    }
    EXPECT_EQ(ingot_context_run(state), INGOT_OK);
    std::vector<std::vector<float>> outputs;
    for (unsigned i = 0; i < jit->model().num_outputs; ++i) {
      auto data = static_cast<const float *>(ingot_context_output(state, i));
      outputs.emplace_back(data, data + jit->model().outputs[i].bytes / sizeof(float));
    }
    ingot_context_destroy(state);
    ingot_executable_close(executable);
    return outputs;
  }

  Recompute() { options.target = hostTarget(); }

  std::unique_ptr<MLIRContext> context = createContext();
  Options options;
};

uint64_t outside(const ModelInfo &info) {
  uint64_t bytes = info.weightBytes;
  for (const std::vector<ValueInfo> *values : {&info.inputs, &info.outputs})
    for (const ValueInfo &value : *values)
      bytes += value.bytes;
  return bytes;
}

TEST_F(Recompute, NeedsHalfOfTheArena) {
  llvm::Expected<CompiledModel> whole = compiled(0);
  ASSERT_TRUE(bool(whole)) << llvm::toString(whole.takeError());
  uint64_t arena = whole->info.arenaBytes;
  llvm::Expected<CompiledModel> half = compiled(outside(whole->info) + arena / 2);
  ASSERT_TRUE(bool(half)) << llvm::toString(half.takeError());
  EXPECT_LE(half->info.arenaBytes, arena / 2);
  EXPECT_EQ(run(std::move(*half)), run(std::move(*whole)));
}

TEST_F(Recompute, KeepsNothingThatIsCheap) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(deepNetwork("gelu", 512), context.get());
  OwningOpRef<ModuleOp> differentiated = module->clone();
  llvm::Expected<CompiledModel> lean = compile(*module, options);
  ASSERT_TRUE(bool(lean)) << llvm::toString(lean.takeError());

  options.compileTo = Phase::Autodiff; // what has no gradient to come keeps all
  ASSERT_FALSE(bool(runPhases(*differentiated, options)));
  options.compileFrom = Phase::Layout;
  options.compileTo = Phase::LLVM;
  llvm::Expected<CompiledModel> whole = compile(*differentiated, options);
  ASSERT_TRUE(bool(whole)) << llvm::toString(whole.takeError());
  EXPECT_LT(lean->info.arenaBytes * 3, whole->info.arenaBytes * 2);
  EXPECT_EQ(run(std::move(*lean)), run(std::move(*whole)));
}

TEST_F(Recompute, SaysByHowMuchItFails) {
  llvm::Expected<CompiledModel> none = compiled(1 << 10);
  ASSERT_FALSE(bool(none));
  llvm::handleAllErrors(none.takeError(), [](const StatusError &error) {
    EXPECT_EQ(error.status, INGOT_LIMIT);
    EXPECT_TRUE(llvm::StringRef(error.text).contains("over the limit of 1024")) << error.text;
  });
}

} // namespace
