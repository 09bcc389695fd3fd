//===- KernelRunner.cpp - Compiles kernel ops and runs them ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/compiler/cpu/KernelRunner.h"
#include "compiler/Passes.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"

using namespace ingot;

Array::Array(std::vector<int64_t> shape) : shape(std::move(shape)) {
  int64_t size = 1;
  for (int64_t extent : this->shape)
    size *= extent;
  data.resize(size);
}

Array &Array::fill(unsigned seed) {
  for (float &value : data) {
    seed = seed * 1664525u + 1013904223u;
    value = float(seed >> 8) / float(1 << 23) - 1.0f;
  }
  return *this;
}

int64_t Array::offset(std::initializer_list<int64_t> index) const {
  int64_t result = 0;
  size_t dim = 0;
  for (int64_t position : index)
    result = result * shape[dim++] + position;
  return result;
}

Array ingot::packedRows(const Array &matrix, int64_t height) {
  int64_t channels = matrix.shape.back(), rows = matrix.data.size() / channels, count = (rows + height - 1) / height;
  Array packed({1, count, 1, channels, height});
  std::fill(packed.data.begin(), packed.data.end(), 0.0f);
  int64_t row = 0;
  for (int64_t panel = 0; panel < count; ++panel)
    for (int64_t place = 0; place < rows / count + (panel < rows % count); ++place, ++row)
      for (int64_t k = 0; k < channels; ++k)
        packed.at({0, panel, 0, k, place}) = matrix.data[row * channels + k];
  return packed;
}

std::string ingot::list(const int64_t *values, unsigned count) {
  std::string result = "[";
  for (unsigned index = 0; index < count; ++index)
    result += (index ? ", " : "") + std::to_string(values[index]);
  return result + "]";
}

std::string ingot::memref(const std::vector<int64_t> &shape, bool dynamic) {
  std::string result = "memref<";
  for (size_t dim = 0; dim < shape.size(); ++dim)
    result += (dynamic && dim + 1 < shape.size() ? "?" : std::to_string(shape[dim])) + "x";
  return result + "f32>";
}

struct KernelRunner::State {
  mlir::MLIRContext context;
  std::unique_ptr<mlir::ExecutionEngine> engine;
};

static void report(llvm::Error error) { llvm::logAllUnhandledErrors(std::move(error), llvm::errs()); }

static void initialize() {
  static bool once = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    mlir::registerAllPasses();
    registerIngotPasses();
    return true;
  }();
  (void)once;
}

KernelRunner::KernelRunner(const std::string &text, const std::string &options) : state(std::make_unique<State>()) {
  compile(text, options);
}

void KernelRunner::compile(const std::string &text, const std::string &options) {
  initialize();
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registry.insert<kernel::KernelDialect>();
  state->context.appendDialectRegistry(registry);

  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(text, &state->context);
  mlir::PassManager passes(&state->context);
  std::string pipeline = "emit-brgemm{" + options +
                         "},convert-linalg-to-loops,arith-expand{include-bf16=true},canonicalize,"
                         "cse,scf-forall-to-for,math-"
                         "expand-ops,expand-strided-metadata,lower-affine,"
                         "convert-scf-to-cf,convert-to-llvm,reconcile-unrealized-casts";
  if (!module || failed(mlir::parsePassPipeline(pipeline, passes)) || failed(passes.run(*module)))
    return;

  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return report(builder.takeError());
  auto machine = builder->createTargetMachine();
  if (!machine)
    return report(machine.takeError());
  // Values, not speed, are tested: little optimization keeps the many small compilations short.
  auto optimize = mlir::makeOptimizingTransformer(1, 0, machine->get());
  mlir::ExecutionEngineOptions engineOptions;
  engineOptions.transformer = optimize;
  engineOptions.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Less;
  auto engine = mlir::ExecutionEngine::create(*module, engineOptions, std::move(*machine));
  if (!engine)
    return report(engine.takeError());
  state->engine = std::move(*engine);
  auto symbol = state->engine->lookup("_mlir_ciface_run");
  if (!symbol)
    return report(symbol.takeError());
  function = *symbol;
}

KernelRunner::~KernelRunner() = default;

void KernelRunner::run(std::vector<Array *> arguments) const {
  // Pointer, aligned pointer, offset, sizes, strides: what MLIR's C interface
  // takes.
  std::vector<std::vector<int64_t>> descriptors;
  for (Array *array : arguments) {
    auto address = reinterpret_cast<int64_t>(array->data.data());
    std::vector<int64_t> descriptor = {address, address, 0};
    descriptor.insert(descriptor.end(), array->shape.begin(), array->shape.end());
    std::vector<int64_t> strides(array->shape.size(), 1);
    for (size_t dim = strides.size(); dim-- > 1;)
      strides[dim - 1] = strides[dim] * array->shape[dim];
    descriptor.insert(descriptor.end(), strides.begin(), strides.end());
    descriptors.push_back(std::move(descriptor));
  }
  void *p[6] = {};
  for (size_t index = 0; index < descriptors.size(); ++index)
    p[index] = descriptors[index].data();
  reinterpret_cast<void (*)(void *, void *, void *, void *, void *, void *)>(function)(p[0], p[1], p[2], p[3], p[4],
                                                                                       p[5]);
}
