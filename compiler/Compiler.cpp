//===- Compiler.cpp - From a model to code --------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Compiler.h"
#include "compiler/Diagnostics.h"
#include "compiler/Pipeline.h"
#include "compiler/emit/Codegen.h"
#include "compiler/emit/WriteFile.h"
#include "compiler/sizes/CompileRange.h"
#include "dialects/ingot/Ops.h"
#include "frontends/onnx/Importer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"

using namespace llvm;

namespace ingot {

char StatusError::ID;

StatusError statusOf(Error error) {
  StatusError result(INGOT_OK, "");
  auto add = [&](ingot_status status, const std::string &text) {
    result.status = status;
    result.text += (result.text.empty() ? "" : "\n") + text;
  };
  handleAllErrors(
      std::move(error), [&](const StatusError &e) { add(e.status, e.text); },
      [&](const UnsupportedModel &e) { add(INGOT_UNSUPPORTED, e.message()); },
      [&](const LimitExceeded &e) { add(INGOT_LIMIT, e.message()); },
      [&](const ErrorInfoBase &e) { add(INGOT_BAD_ARGUMENT, e.message()); });
  return result;
}

static Error fail(ingot_status status, const Twine &text) { return make_error<StatusError>(status, text); }

std::unique_ptr<mlir::MLIRContext> createContext() {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  auto context = std::make_unique<mlir::MLIRContext>(registry);
  context->loadDialect<IngotDialect>();
  context->printOpOnDiagnostic(false); // a user knows nodes, not operations
  return context;
}

namespace {

/// Writes the module as the numbered file of a phase.
class DumpPhase : public mlir::PassWrapper<DumpPhase, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DumpPhase)
  DumpPhase(std::string path) : path(std::move(path)) {}

  StringRef getName() const override { return "dump-phase"; }
  void runOnOperation() override {
    mlir::OpPrintingFlags flags;
    flags.elideLargeElementsAttrs(64);
    flags.printNameLocAsPrefix();
    if (Error error = writeFile(path, [&](raw_ostream &os) { getOperation().print(os, flags); })) {
      getOperation().emitError(toString(std::move(error)));
      return signalPassFailure();
    }
    markAllAnalysesPreserved();
  }

private:
  std::string path;
};

} // namespace

static std::string dumpPath(const Options &options, size_t number, StringRef name) {
  SmallString<128> path(options.dumpDir);
  sys::path::append(path, (number < 10 ? "0" : "") + Twine(number) + "-" + name);
  return path.str().str();
}

Error checkModelPath(StringRef path) {
  if (!sys::fs::exists(path))
    return fail(INGOT_BAD_ARGUMENT, "cannot read " + path + ": no such file");
  if (sys::fs::is_directory(path))
    return fail(INGOT_BAD_ARGUMENT, "cannot read " + path + ": it is a folder, want a model");
  return Error::success();
}

/// Whether a file is MLIR's.
static bool isModule(StringRef path) { return path.ends_with(".mlir") || path.ends_with(".mlirbc"); }

Expected<std::vector<InputInfo>> modelInputs(StringRef path) {
  if (Error error = checkModelPath(path))
    return error;
  if (!isModule(path))
    return readInputs(path);
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModel(*context, path, Options());
  if (!module)
    return module.takeError();
  return readInputs(**module);
}

/// Every second model is called model.onnx; its folder says more.
static void setName(mlir::ModuleOp module, StringRef path) {
  if (module.getSymName())
    return;
  StringRef stem = sys::path::stem(path), folder = sys::path::filename(sys::path::parent_path(path));
  module.setSymName(stem == "model" && !folder.empty() ? folder : stem);
}

static Expected<mlir::OwningOpRef<mlir::ModuleOp>> parseModule(mlir::MLIRContext &context, StringRef path,
                                                               const Dims &dims) {
  Diagnostics diagnostics(&context);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(path, &context);
  if (!module)
    return diagnostics.take(INGOT_BAD_ARGUMENT, "cannot read " + path);
  if (Error error = bindDims(*module, dims))
    return error;
  setName(*module, path);
  return module;
}

static Expected<mlir::OwningOpRef<mlir::ModuleOp>> importModel(mlir::MLIRContext &context, const OnnxFile &file,
                                                               StringRef path, const Options &options,
                                                               const Dims &dims) {
  ImportOptions import;
  import.dims = dims;
  if (options.keepParameters)
    import.keepsWeight = [&](StringRef name) {
      return options.parameters.empty() || Regex(options.parameters).match(name);
    };
  import.values = options.values;
  import.mode = options.mode;
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = file.import(context, import);
  if (module)
    setName(**module, path);
  return module;
}

Expected<mlir::OwningOpRef<mlir::ModuleOp>> loadModel(mlir::MLIRContext &context, StringRef path,
                                                      const Options &options) {
  if (Error error = checkModelPath(path))
    return error;
  if (isModule(path) && options.ranges.empty())
    return parseModule(context, path, options.dims);
  if (isModule(path)) {
    Expected<std::vector<InputInfo>> inputs = modelInputs(path);
    if (!inputs)
      return inputs.takeError();
    return compileRange(context, *inputs, options,
                        [&](const Dims &dims) { return parseModule(context, path, dims); });
  }
  Expected<OnnxFile> file = OnnxFile::read(path);
  if (!file)
    return file.takeError();
  if (options.ranges.empty())
    return importModel(context, *file, path, options, options.dims);
  Expected<std::vector<InputInfo>> inputs = file->inputs();
  if (!inputs)
    return inputs.takeError();
  return compileRange(context, *inputs, options,
                      [&](const Dims &dims) { return importModel(context, *file, path, options, dims); });
}

Error runPhases(mlir::ModuleOp module, const Options &options) {
  Diagnostics diagnostics(module.getContext());
  mlir::PassManager pm(module.getContext());
  (void)mlir::applyPassManagerCLOptions(pm); // fails where no tool has registered them
  mlir::applyDefaultTimingPassManagerCLOptions(pm);
  if (!options.dumpDir.empty())
    if (std::error_code error = sys::fs::create_directories(options.dumpDir))
      return fail(INGOT_BAD_ARGUMENT, "cannot write to " + options.dumpDir + ": " + error.message());
  Phase from = isMerged(module) ? std::max(options.compileFrom, Phase::Plan) : options.compileFrom;
  for (auto [number, phase] : enumerate(phases())) {
    if (phase.first < from || phase.first > options.compileTo)
      continue;
    buildPhase(pm, phase.first, options);
    if (!options.dumpDir.empty())
      pm.addPass(std::make_unique<DumpPhase>(dumpPath(options, number, phase.second) + ".mlir"));
  }
  if (mlir::failed(pm.run(module)))
    return diagnostics.take(INGOT_UNSUPPORTED, "the compilation failed");
  return Error::success();
}

static bool hasGradient(mlir::ModuleOp module) {
  return module.walk([](GradientOp op) { return mlir::WalkResult::interrupt(); }).wasInterrupted();
}

/// The fewest segments with which a module with gradients keeps within its limit of memory.
static Expected<unsigned> chooseSegments(mlir::ModuleOp module, const Options &options) {
  constexpr unsigned choices[] = {1, 2, 3, 4, 6, 8, 12, 16};
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  uint64_t outside = 0, least = std::numeric_limits<uint64_t>::max();
  for (mlir::TypeRange types : {mlir::TypeRange(main.getArgumentTypes()), mlir::TypeRange(main.getResultTypes())})
    for (mlir::Type type : types)
      if (auto tensor = dyn_cast<mlir::RankedTensorType>(type); tensor && tensor.hasStaticShape())
        outside += tensor.getNumElements() * divideCeil(tensor.getElementTypeBitWidth(), 8);
  for (unsigned segments : choices) {
    mlir::OwningOpRef<mlir::ModuleOp> trial = module.clone();
    Options upToPlan = options;
    upToPlan.segments = segments;
    upToPlan.compileTo = Phase::Plan;
    upToPlan.dumpDir.clear();
    if (Error error = runPhases(*trial, upToPlan))
      return error;
    uint64_t needed = outside;
    for (StringRef part : {"ingot.arena_bytes", "ingot.weight_bytes"})
      needed += trial.get()->getAttrOfType<mlir::IntegerAttr>(part).getInt();
    least = std::min(least, needed);
    if (needed <= options.maxMemory)
      return segments;
  }
  return fail(INGOT_LIMIT, "needs at least " + Twine(least) + " bytes of memory, " + Twine(least - options.maxMemory) +
                               " over the limit of " + Twine(options.maxMemory) +
                               ", however much is computed again for the gradient");
}

/// Everything up to LLVM's module, with the description in it.
static Expected<std::unique_ptr<Module>> lower(mlir::ModuleOp module, const Options &options, const EmitOptions &emit,
                                               LLVMContext &context, ModelInfo &info) {
  if (options.compileFrom <= Phase::Infer && !isMerged(module)) {
    Expected<std::vector<InputInfo>> inputs = readInputs(module);
    if (!inputs)
      return inputs.takeError();
    if (Error error = requireDims(*inputs, {}))
      return error;
  }
  Options chosen = options;
  if (hasGradient(module)) {
    Expected<unsigned> segments = options.maxMemory != 0 ? chooseSegments(module, options) : 1;
    if (!segments)
      return segments.takeError();
    chosen.segments = *segments;
  }
  if (Error error = runPhases(module, chosen))
    return error;
  Expected<ModelInfo> read = readModelInfo(module);
  if (!read)
    return read.takeError();
  info = std::move(*read);
  uint64_t needed = info.arenaBytes + info.weightBytes;
  for (const std::vector<ValueInfo> *values : {&info.inputs, &info.outputs})
    for (const ValueInfo &value : *values)
      needed += value.bytes;
  if (options.maxMemory != 0 && needed > options.maxMemory)
    return fail(INGOT_LIMIT, "the model needs " + Twine(needed) + " bytes of memory, over the limit of " +
                                 Twine(options.maxMemory));
  mlir::Operation *leftOver = nullptr;
  module.walk([&](mlir::Operation *op) {
    if (op == module || isa<mlir::LLVM::LLVMDialect>(op->getDialect()) || isa<WeightOp>(op))
      return;
    // Casts are only what an op without code leaves around it.
    if (!leftOver || isa<mlir::UnrealizedConversionCastOp>(leftOver))
      leftOver = op;
  });
  if (leftOver)
    return fail(INGOT_UNSUPPORTED, "no code for '" + leftOver->getName().getStringRef() + "'");
  // Their bytes and places are in `info` now, and LLVM has no use for the symbols.
  for (WeightOp weight : make_early_inc_range(module.getOps<WeightOp>()))
    weight.erase();
  Diagnostics diagnostics(module.getContext());
  Expected<std::unique_ptr<Module>> code = translateModule(module, context, options.target);
  if (!code)
    return diagnostics.take(INGOT_UNSUPPORTED, toString(code.takeError()));
  emitModel(**code, info, options.target, emit.modelSymbol, emit.weightsSymbol);
  if (!options.dumpDir.empty()) {
    auto dump = [&](size_t number, StringRef name, StringRef ending, auto &text) {
      return writeFile((dumpPath(options, number, name) + ending).str(), [&](raw_ostream &os) { os << text; });
    };
    if (Error error = dump(phases().size(), "llvm", ".ll", **code))
      return error;
    Expected<std::string> assembly = printCode(**code, options, /*assembly=*/true);
    if (!assembly)
      return assembly.takeError();
    if (Error error = dump(phases().size() + 1, "assembly", ".s", *assembly))
      return error;
  }
  return code;
}

Expected<CompiledModel> compile(mlir::ModuleOp module, const Options &options, const EmitOptions &emit) {
  CompiledModel result;
  result.symbols = emit;
  LLVMContext context;
  Expected<std::unique_ptr<Module>> code = lower(module, options, emit, context, result.info);
  if (!code)
    return code.takeError();
  Expected<std::vector<std::unique_ptr<MemoryBuffer>>> objects = generateObjects(**code, options);
  if (!objects)
    return objects.takeError();
  result.objects = std::move(*objects);
  return result;
}

Expected<std::string> compileToText(mlir::ModuleOp module, const Options &options, bool assembly) {
  LLVMContext context;
  ModelInfo info;
  Expected<std::unique_ptr<Module>> code = lower(module, options, EmitOptions(), context, info);
  if (!code)
    return code.takeError();
  return printCode(**code, options, assembly);
}

Expected<std::unique_ptr<JitModel>> compileAndLoad(mlir::ModuleOp module, const Options &options) {
  Expected<CompiledModel> compiled = compile(module, options);
  if (!compiled)
    return compiled.takeError();
  return JitModel::load(std::move(compiled->objects), compiled->info);
}

} // namespace ingot
