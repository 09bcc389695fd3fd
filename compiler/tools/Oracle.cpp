//===- Oracle.cpp - Comparing with the reference pipeline -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model runs through the fast pipeline and through the reference, and where they differ the fast one is cut after
// more and more passes, with the reference's phases behind the cut: the first cut whose values differ ends in the pass
// that changes them.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/Pipeline.h"
#include "compiler/tools/Peers.h"
#include "compiler/tools/Verify.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"

using namespace llvm;
using ingot::runtime::Array;
using ingot::runtime::Tensor;

namespace ingot {
namespace {

/// A model with its inputs and the reference's outputs.
class Comparison {
public:
  Comparison(const std::string &path, const VerifyOptions &options, Options fast)
      : path(path), options(options), fast(std::move(fast)) {
    slow = this->fast;
    slow.oracle = true;
  }

  Error prepare();
  /// Compares the outputs when the phases before `cut` and the first `passes` passes of that phase are the fast ones.
  Error compareCut(Phase cut, size_t passes, VerifyResult &result);
  /// Compares the whole fast pipeline.
  Error compareWhole(VerifyResult &result);
  /// The passes of a phase, as pass pipelines in text.
  std::vector<std::string> passesOf(Phase phase);
  /// Finds the first pass that changes a value, in words.
  std::string firstChange();

private:
  Error compareLoaded(LoadedModel &model, VerifyResult &result);
  Error runText(mlir::ModuleOp module, StringRef pipeline);

  const std::string &path;
  const VerifyOptions &options;
  Options fast, slow;
  std::unique_ptr<LoadedModel> reference;
  Array<Tensor> inputs, want;
};

} // namespace

Error Comparison::prepare() {
  Expected<std::unique_ptr<LoadedModel>> compiled = compileInProcess(path, slow, 1);
  if (!compiled)
    return compiled.takeError();
  reference = std::move(*compiled);
  Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  if (Error error = makeInputs(reference->model(), options.seed, *folder, inputs))
    return error;
  return reference->run(inputs, want);
}

Error Comparison::compareLoaded(LoadedModel &model, VerifyResult &result) {
  Array<Tensor> got;
  if (Error error = model.run(inputs, got))
    return error;
  for (size_t i = 0; i < got.size(); ++i)
    compareOutput(result, model.model().outputs[i].name, got[i], want[i], options);
  return Error::success();
}

Error Comparison::compareWhole(VerifyResult &result) {
  Expected<std::unique_ptr<LoadedModel>> model = compileInProcess(path, fast, options.threads);
  return model ? compareLoaded(**model, result) : model.takeError();
}

Error Comparison::runText(mlir::ModuleOp module, StringRef pipeline) {
  mlir::PassManager pm(module.getContext());
  if (failed(mlir::parsePassPipeline(pipeline, pm)) || failed(pm.run(module)))
    return failure(INGOT_UNSUPPORTED, "cannot run '" + pipeline + "' apart");
  return Error::success();
}

Error Comparison::compareCut(Phase cut, size_t passes, VerifyResult &result) {
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModel(*context, path, fast);
  if (!module)
    return module.takeError();
  mlir::ScopedDiagnosticHandler silent(context.get(), [](mlir::Diagnostic &) { return mlir::success(); });
  auto runPhase = [&](Phase phase, const Options &with) {
    mlir::PassManager pm(context.get());
    buildPhase(pm, phase, with);
    return pm.run(**module);
  };
  for (auto [phase, name] : phases())
    if (phase < cut && failed(runPhase(phase, fast)))
      return failure(INGOT_UNSUPPORTED, "phase " + name + " fails");
  std::vector<std::string> texts = passesOf(cut);
  for (const std::string &text : ArrayRef(texts).take_front(passes))
    if (Error error = runText(**module, text))
      return error;
  Options rest = slow;
  rest.compileFrom = passes == texts.size() ? Phase(int(cut) + 1) : cut;
  Expected<std::unique_ptr<JitModel>> jit = compileAndLoad(**module, rest);
  if (!jit)
    return jit.takeError();
  Expected<std::unique_ptr<LoadedModel>> model = LoadedModel::open(std::move(*jit), 1);
  return model ? compareLoaded(**model, result) : model.takeError();
}

std::vector<std::string> Comparison::passesOf(Phase phase) {
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  mlir::PassManager pm(context.get());
  buildPhase(pm, phase, fast);
  std::vector<std::string> texts;
  for (mlir::Pass &pass : pm.getPasses()) {
    std::string text;
    raw_string_ostream stream(text);
    pass.printAsTextualPipeline(stream);
    texts.push_back(text);
  }
  return texts;
}

std::string Comparison::firstChange() {
  mlir::registerAllPasses();
  registerIngotPasses();
  std::string unknown;
  // A cut that the reference cannot take up from tells nothing; the next one is tried.
  auto differs = [&](Phase phase, size_t passes) -> std::optional<bool> {
    VerifyResult cut;
    if (Error error = compareCut(phase, passes, cut)) {
      consumeError(std::move(error));
      return std::nullopt;
    }
    return cut.status != "passed";
  };
  Progress progress;
  for (auto [phase, name] : phases()) {
    progress.show("cutting after phase " + name);
    std::vector<std::string> texts = passesOf(phase);
    std::optional<bool> whole = phase == Phase::LLVM ? std::optional<bool>(true) : differs(phase, texts.size());
    if (!whole)
      unknown += (unknown.empty() ? "" : ", ") + name.str();
    if (!whole || !*whole)
      continue;
    for (size_t i = 1; i < texts.size() && phase != Phase::LLVM; ++i) {
      progress.show("cutting after pass " + texts[i - 1]);
      if (differs(phase, i).value_or(false))
        return "pass '" + texts[i - 1] + "' of phase " + name.str() + " is the first that changes a value";
    }
    std::string text = "phase " + name.str() + " is the first that changes a value";
    if (!unknown.empty())
      text = "a value changes in one of the phases " + unknown + ", " + name.str() +
             "; the reference cannot go on behind the former";
    return text;
  }
  return "";
}

Error verifyAgainstOracle(const std::string &path, const VerifyOptions &options, VerifyResult &result) {
  Expected<Options> fast = options.compile.options();
  if (!fast)
    return fast.takeError();
  Comparison comparison(path, options, *fast);
  if (Error error = comparison.prepare())
    return error;
  if (Error error = comparison.compareWhole(result))
    return error;
  if (result.status != "passed")
    result.detail += "; " + comparison.firstChange();
  return Error::success();
}

} // namespace ingot
