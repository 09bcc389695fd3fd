//===- Codegen.cpp - From the LLVM dialect to machine code ----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Codegen.h"
#include "compiler/emit/Names.h"
#include "compiler/emit/SplitParts.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/Instrumentation/AddressSanitizer.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

namespace ingot {

static void initializeTargets() {
  static bool done = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
    return true;
  }();
  (void)done;
}

/// The processor whose features are all listed: LLVM adds those that a name implies.
static StringRef baseProcessor(const CpuTarget &target) {
  return Triple(target.triple).isX86() ? "x86-64" : "generic";
}

Expected<std::unique_ptr<TargetMachine>> createTargetMachine(const CpuTarget &target) {
  initializeTargets();
  std::string error;
  Triple triple(target.triple);
  const Target *found = TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return createStringError("no code generator for " + target.triple + ": " + error);
  TargetOptions options;
  options.FunctionSections = options.DataSections = true;
  std::unique_ptr<TargetMachine> machine(found->createTargetMachine(
      triple, baseProcessor(target), target.features, options, Reloc::PIC_, std::nullopt, CodeGenOptLevel::Default));
  if (!machine)
    return createStringError("no machine-code generator for " + target.triple);
  return machine;
}

/// Whether it calls so many others that LLVM would take time in proportion to their square: common addresses live across
/// thousands of calls, each a rival for the registers. There is nothing to gain in a list of calls.
static bool isLongList(const Function &function) {
  constexpr int64_t longList = 1000;
  return llvm::count_if(instructions(function), [](const Instruction &instruction) {
           return isa<CallInst>(instruction) && !isa<IntrinsicInst>(instruction);
         }) > longList;
}

Expected<std::unique_ptr<Module>> translateModule(mlir::ModuleOp module, LLVMContext &context,
                                                  const CpuTarget &target) {
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());
  std::unique_ptr<Module> code = mlir::translateModuleToLLVMIR(module, context, modelName(module));
  if (!code)
    return createStringError("cannot translate the module to LLVM");
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  code->setDataLayout((*machine)->createDataLayout());
  code->setTargetTriple((*machine)->getTargetTriple());
  code->setPICLevel(PICLevel::BigPIC);

  std::string entry = entryName(module);
  for (Function &function : *code) {
    if (function.isIntrinsic())
      continue;
    function.setDoesNotThrow();
    if (function.isDeclaration())
      continue;
    if (isLongList(function)) {
      function.addFnAttr(Attribute::NoInline); // which the other demands
      function.addFnAttr(Attribute::OptimizeNone);
    }
    function.addFnAttr("target-cpu", baseProcessor(target));
    function.addFnAttr("tune-cpu", target.cpu);
    function.addFnAttr("target-features", target.features);
    if (Triple(target.triple).isX86()) {
      // Vectors are as wide as the schedule made them, whatever a processor's tuning prefers.
      function.addFnAttr("prefer-vector-width", std::to_string(target.vectorBits));
      function.addFnAttr("min-legal-vector-width", std::to_string(target.vectorBits));
    }
    if (function.getName() == entry)
      function.setVisibility(GlobalValue::HiddenVisibility);
    else
      function.setLinkage(GlobalValue::InternalLinkage);
  }
  // A part that needs a function of another part sees its name, and programs may hold several models.
  for (Function &function : *code)
    if (function.hasLocalLinkage())
      function.setName(modelName(module) + "." + function.getName());
  return code;
}

static void optimize(Module &module, TargetMachine &machine, const Options &options) {
  PipelineTuningOptions tuning;
  // Kernels arrive as vectors of the width that their schedule chose.
  tuning.SLPVectorization = false;
  tuning.LoopInterleaving = false;
  PassBuilder builder(&machine, tuning);
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  ModulePassManager passes = builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2);
  if (options.sanitize)
    passes.addPass(AddressSanitizerPass(AddressSanitizerOptions()));
  passes.run(module, modules);
}

static Error emitFile(Module &module, TargetMachine &machine, CodeGenFileType type, SmallVectorImpl<char> &bytes) {
  raw_svector_ostream stream(bytes);
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, /*DwoOut=*/nullptr, type))
    return createStringError("the target cannot write such a file");
  passes.run(module);
  return Error::success();
}

static void markSanitized(Module &module, const Options &options) {
  if (options.sanitize)
    for (Function &function : module)
      if (!function.isDeclaration())
        function.addFnAttr(Attribute::SanitizeAddress);
}

Expected<std::vector<std::unique_ptr<MemoryBuffer>>> generateObjects(const Module &module, const Options &options) {
  constexpr unsigned maxParts = 2;
  StringMap<unsigned> partOf = assignParts(module, maxParts);
  SmallVector<char, 0> bitcode;
  raw_svector_ostream stream(bitcode);
  WriteBitcodeToFile(module, stream);

  std::vector<std::unique_ptr<MemoryBuffer>> objects(maxParts);
  std::vector<std::string> errors(maxParts);
  auto compilePart = [&](unsigned part) {
    auto run = [&]() -> Error {
      LLVMContext context;
      Expected<std::unique_ptr<Module>> parsed =
          parseBitcodeFile(MemoryBufferRef(StringRef(bitcode.data(), bitcode.size()), "model"), context);
      if (!parsed)
        return parsed.takeError();
      Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(options.target);
      if (!machine)
        return machine.takeError();
      keepPart(**parsed, partOf, part);
      markSanitized(**parsed, options);
      optimize(**parsed, **machine, options);
      SmallVector<char, 0> bytes;
      if (Error error = emitFile(**parsed, **machine, CodeGenFileType::ObjectFile, bytes))
        return error;
      objects[part] = MemoryBuffer::getMemBufferCopy(StringRef(bytes.data(), bytes.size()), "part");
      return Error::success();
    };
    if (Error error = run())
      errors[part] = toString(std::move(error));
  };
  initializeTargets();
  {
    DefaultThreadPool pool(hardware_concurrency(maxParts));
    for (unsigned part = 0; part < maxParts; ++part)
      pool.async([&, part] { compilePart(part); });
    pool.wait();
  }
  for (const std::string &error : errors)
    if (!error.empty())
      return createStringError(error);
  return objects;
}

Expected<std::string> printCode(const Module &module, const Options &options, bool assembly) {
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(options.target);
  if (!machine)
    return machine.takeError();
  std::unique_ptr<Module> copy = CloneModule(module);
  markSanitized(*copy, options);
  optimize(*copy, **machine, options);
  if (!assembly) {
    std::string text;
    raw_string_ostream stream(text);
    copy->print(stream, nullptr);
    return text;
  }
  SmallVector<char, 0> bytes;
  if (Error error = emitFile(*copy, **machine, CodeGenFileType::AssemblyFile, bytes))
    return error;
  return std::string(bytes.data(), bytes.size());
}

} // namespace ingot
