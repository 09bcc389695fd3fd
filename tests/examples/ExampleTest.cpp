//===- ExampleTest.cpp - Every example of every op record, on every path --===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The suites are the paths: `types` infers and prints, `jit` runs the fast pipeline in the process, `oracle` the slow
// one, `program` links all examples to one native program. `...Erased` hides the sizes of the operands from the op;
// `jitErased` compiles for them once it sees the inputs, and `programErased` is told them on the command line.
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize.h"
#include "compiler/cpu/CpuTarget.h"
#include "compiler/emit/Metadata.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "runtime/TensorFile.h"
#include "runtime/ingot.h"
#include "tests/examples/Examples.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Program.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace ingot::tests;

namespace {

/// All examples in one module; tests clone out of it.
ModuleOp examplesModule() {
  static std::unique_ptr<MLIRContext> context = ingot::createContext();
  static OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(INGOT_EXAMPLES, context.get());
  return *module;
}

std::string printed(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  return text;
}

class ExampleCase : public testing::Test {
public:
  ExampleCase(const Example &example, bool erased) : example(example), erased(erased) {}

protected:
  Example example;
  bool erased;
};

/// The op infers its types from static and from unknown sizes, and what it prints can be read again.
class Types : public ExampleCase {
public:
  using ExampleCase::ExampleCase;
  void TestBody() override {
    OwningOpRef<ModuleOp> module = example.module(erased);
    std::string text = printed(*module);
    ASSERT_TRUE(succeeded(verify(*module))) << text;
    ASSERT_TRUE(parseSourceString<ModuleOp>(text, module->getContext())) << text;
  }
};

/// The op gives the example's values in this process.
template <bool oracle> class Jit : public ExampleCase {
public:
  using ExampleCase::ExampleCase;
  void TestBody() override {
    ingot::Options options;
    options.target = ingot::hostTarget();
    options.oracle = oracle;
    llvm::Expected<std::shared_ptr<ingot::JitModel>> model = load(options);
    ASSERT_TRUE(bool(model)) << llvm::toString(model.takeError());

    ingot_executable *executable = nullptr;
    ASSERT_EQ(ingot_executable_open(&(*model)->model(), (*model)->weights(), &executable), INGOT_OK) << ingot_last_error();
    ingot_context *context = nullptr;
    ASSERT_EQ(ingot_context_create(executable, nullptr, &context), INGOT_OK) << ingot_last_error();
    for (auto [index, input] : llvm::enumerate(example.inputs)) {
      Bytes bytes = bytesOf(input);
      ASSERT_EQ(ingot_context_set_input(context, index, bytes.data(), bytes.size()), INGOT_OK) << ingot_last_error();
    }
    ASSERT_EQ(ingot_context_run(context), INGOT_OK) << ingot_context_error(context);
    for (auto [index, want] : llvm::enumerate(example.outputs)) {
      auto *data = static_cast<const char *>(ingot_context_output(context, index));
      Bytes got(data, data + (*model)->model().outputs[index].bytes);
      EXPECT_EQ(difference(want, got), "") << "output " << index;
    }
    ingot_context_destroy(context);
    ingot_executable_close(executable);
  }

private:
  llvm::Expected<std::shared_ptr<ingot::JitModel>> load(const ingot::Options &options) {
    if (oracle || !erased) // the oracle runs loops of open sizes
      return ingot::compileAndLoad(*example.module(erased), options);
    llvm::Expected<ingot::OpenModel> open = ingot::OpenModel::open(*example.openModule(), options);
    if (!open)
      return open.takeError();
    std::vector<ingot::CallInput> call;
    for (DenseElementsAttr input : example.inputs)
      call.push_back({input.getType().getShape(), {}});
    return open->specialize(call);
  }
};

/// All examples as one native program, which reads its inputs from files and writes its outputs to files. The command
/// line gives sizes that the module leaves open their values.
class Program : public testing::Test {
public:
  explicit Program(bool erased) : erased(erased) {}
  void TestBody() override {
    std::vector<Example> examples = examplesOf(examplesModule());
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("ingot-examples", folder));
    std::error_code failure;
    llvm::raw_fd_ostream(path("all.mlir"), failure) << printed(*joinedModule(examples, erased, /*open=*/erased));
    std::vector<std::string> compile = {INGOT_TOOL, "compile", path("all.mlir"), "-o", path("all")};
    unsigned count = 0;
    for (const Example &example : examples)
      for (DenseElementsAttr value : example.inputs) {
        if (erased)
          for (auto [axis, size] : llvm::enumerate(value.getType().getShape()))
            compile.push_back(llvm::formatv("--dim={0}.{1}={2}", inputName(count), axis, size));
        writeInput(value, count++);
      }
    run(compile);
    run({path("all"), "--inputs", folder.str().str(), "--output-dir", path("out")});
    count = 0;
    for (const Example &example : examples)
      for (DenseElementsAttr want : example.outputs)
        EXPECT_EQ(difference(want, readOutput(count++)), "") << example.name();
    llvm::sys::fs::remove_directories(folder);
  }

private:
  std::string path(const llvm::Twine &name) { return (folder + "/" + name).str(); }

  void run(const std::vector<std::string> &command) {
    std::vector<StringRef> arguments(command.begin(), command.end());
    std::string error, log = path("log");
    std::optional<StringRef> redirects[] = {std::nullopt, StringRef(log), StringRef(log)};
    int code = llvm::sys::ExecuteAndWait(command[0], arguments, std::nullopt, redirects, 0, 0, &error);
    auto text = llvm::MemoryBuffer::getFile(log);
    ASSERT_EQ(code, 0) << command[0] << " " << error << (text ? (*text)->getBuffer().str() : "");
  }

  void writeInput(DenseElementsAttr value, unsigned index) {
    ingot::runtime::Tensor tensor;
    ingot::runtime::Text error;
    Bytes bytes = bytesOf(value);
    auto shape = value.getType().getShape();
    ASSERT_EQ(ingot::runtime::Tensor::create(ingot::dtypeOf(value.getElementType()), shape.data(), shape.size(), tensor, error), 0);
    std::copy(bytes.begin(), bytes.end(), tensor.as<char>());
    std::string file = path(llvm::formatv("input_{0}.pb", index).str());
    ASSERT_EQ(ingot::runtime::writeTensorProto(file.c_str(), inputName(index).c_str(), tensor, error), 0);
  }

  Bytes readOutput(unsigned index) {
    ingot::runtime::Tensor tensor;
    ingot::runtime::Text error;
    // What NumPy has no type for comes in ONNX's form.
    std::string file = path("out/" + outputName(index) + ".npy");
    if (!llvm::sys::fs::exists(file))
      file = path("out/" + outputName(index) + ".pb");
    if (ingot::runtime::readTensor(file.c_str(), tensor, error) != INGOT_OK)
      return {};
    return Bytes(tensor.as<char>(), tensor.as<char>() + tensor.bytes());
  }

  bool erased;
  SmallString<128> folder;
};

class KnownFailure : public testing::Test {
public:
  void TestBody() override { GTEST_SKIP() << "in known-failures.txt"; }
};

/// The lines of known-failures.txt: "suite.example".
bool isKnownFailure(const std::string &name) {
  static const std::string text = [] {
    auto file = llvm::MemoryBuffer::getFile(INGOT_KNOWN_FAILURES);
    return "\n" + (file ? (*file)->getBuffer().str() : "") + "\n";
  }();
  return StringRef(text).contains("\n" + name + "\n");
}

template <typename Case> void registerCases(const std::string &suite, bool erased) {
  for (const Example &example : examplesOf(examplesModule())) {
    bool fails = isKnownFailure(suite + "." + example.name());
    testing::RegisterTest(suite.c_str(), example.name().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [=]() -> testing::Test * {
                            if (fails)
                              return new KnownFailure();
                            return new Case(example, erased);
                          });
  }
}

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!examplesModule())
    return 1;
  for (bool erased : {false, true}) {
    registerCases<Types>(erased ? "typesErased" : "types", erased);
    registerCases<Jit</*oracle=*/false>>(erased ? "jitErased" : "jit", erased);
    registerCases<Jit</*oracle=*/true>>(erased ? "oracleErased" : "oracle", erased);
    testing::RegisterTest(erased ? "programErased" : "program", "all", nullptr, nullptr, __FILE__, __LINE__,
                          [=]() -> testing::Test * {
                            if (isKnownFailure(erased ? "programErased.all" : "program.all"))
                              return new KnownFailure();
                            return new Program(erased);
                          });
  }
  return RUN_ALL_TESTS();
}
