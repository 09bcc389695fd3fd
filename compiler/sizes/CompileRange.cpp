//===- CompileRange.cpp - One module for a range of sizes -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sizes/CompileRange.h"
#include "compiler/Diagnostics.h"
#include "compiler/Passes.h"
#include "compiler/graph/OpenContractions.h"
#include "compiler/sizes/MergeSamples.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace llvm;

namespace ingot {

bool isMerged(mlir::ModuleOp module) { return module->hasAttr("ingot.open_dims"); }

/// The dimensions with bounds, as they first appear in the inputs.
static Expected<std::vector<OpenDim>> openDims(ArrayRef<InputInfo> inputs, const Options &options) {
  Dims given = options.dims;
  std::vector<OpenDim> dims;
  for (auto &[name, range] : options.ranges)
    given[name] = range.high;
  if (Error error = requireDims(inputs, given))
    return error;
  std::set<std::string> seen;
  for (const InputInfo &input : inputs)
    for (const std::string &name : input.dimNames)
      if (auto found = options.ranges.find(name); found != options.ranges.end() && seen.insert(name).second)
        dims.push_back({name, found->second});
  for (auto &[name, range] : options.ranges)
    if (!seen.count(name))
      return make_error<StatusError>(INGOT_BAD_ARGUMENT, "the model has no open dimension '" + name + "'");
  return dims;
}

/// The sizes of all tensors of a graph, and what makes graphs comparable.
static std::pair<std::string, std::vector<int64_t>> graphSizes(mlir::ModuleOp module) {
  std::string ops;
  std::vector<int64_t> sizes;
  module->walk([&](mlir::Operation *op) {
    ops += op->getName().getStringRef();
    for (mlir::Type type : op->getResultTypes())
      if (auto tensor = dyn_cast<mlir::RankedTensorType>(type)) {
        ops += std::to_string(tensor.getRank());
        append_range(sizes, tensor.getShape());
      }
  });
  return {std::move(ops), std::move(sizes)};
}

/// The model for the sizes that it is compiled for, as it is read.
using Graphs = std::map<std::vector<int64_t>, mlir::OwningOpRef<mlir::ModuleOp>>;

/// Looks at the graph, which is cheap, for more sizes than it is compiled for.
static Error observeGraph(SizeFunctions &functions, const Graphs &graphs,
                          function_ref<Expected<mlir::OwningOpRef<mlir::ModuleOp>>(ArrayRef<int64_t>)> load) {
  std::vector<std::vector<int64_t>> samples, checks, comparable;
  std::string ops;
  for (const std::vector<int64_t> &point : functions.samples()) {
    auto [names, sizes] = graphSizes(*graphs.at(point));
    if (!samples.empty() && ops != names)
      return Error::success(); // merging decides whether that matters
    ops = std::move(names);
    samples.push_back(std::move(sizes));
  }
  for (const std::vector<int64_t> &point : functions.checkPoints()) {
    mlir::OwningOpRef<mlir::ModuleOp> other;
    auto known = graphs.find(point);
    if (known == graphs.end()) {
      Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = load(point);
      if (!module)
        return module.takeError();
      other = std::move(*module);
    }
    auto [names, sizes] = graphSizes(other ? *other : *known->second);
    if (ops != names)
      continue;
    comparable.push_back(point);
    checks.push_back(std::move(sizes));
  }
  functions.setCheckPoints(comparable);
  std::vector<SmallVector<int64_t>> all;
  for (size_t i = 0; i < samples.front().size(); ++i) {
    auto &values = all.emplace_back(map_to_vector(samples, [&](auto &sizes) { return sizes[i]; }));
    auto atChecks = map_to_vector(checks, [&](auto &sizes) { return sizes[i]; });
    if (!functions.observe(values, atChecks))
      return make_error<StatusError>(INGOT_UNSUPPORTED,
                                     "the model cannot be compiled for a range of sizes: a size that is " +
                                         Twine(values.front()) + " for most of them is another for some");
  }
  // What is compiled has sizes that follow from these.
  for (ArrayRef<int64_t> values : all)
    (void)functions.fit(values);
  return Error::success();
}

Expected<mlir::OwningOpRef<mlir::ModuleOp>> compileRange(mlir::MLIRContext &context, ArrayRef<InputInfo> inputs,
                                                         const Options &options, ModelLoader load) {
  Expected<std::vector<OpenDim>> dims = openDims(inputs, options);
  if (!dims)
    return dims.takeError();
  SizeFunctions functions(&context, *dims);
  Options early = options, late = options;
  early.ranges.clear();
  late.ranges.clear();
  early.compileTo = std::min(options.compileTo, Phase::Layout);
  late.compileFrom = Phase::Group;
  late.compileTo = std::min(options.compileTo, Phase::Bufferize);
  auto bind = [&](ArrayRef<int64_t> sizes) {
    Dims bound = options.dims;
    for (auto [dim, size] : zip_equal(*dims, sizes))
      bound[dim.name] = size;
    return load(bound);
  };
  // What is left of composites says more than they do of which contractions are open.
  auto prepare = [&](mlir::ModuleOp module) -> Error {
    if (Error error = runPhases(module, early))
      return error;
    early.dumpDir.clear(); // the first is dumped
    mlir::PassManager pm(&context);
    pm.addPass(createDecompose({/*keepRowwise=*/!options.oracle}));
    pm.addPass(mlir::createCanonicalizerPass());
    pm.addPass(mlir::createCSEPass());
    Diagnostics diagnostics(&context);
    if (early.compileTo == Phase::Layout && mlir::failed(pm.run(module)))
      return diagnostics.take(INGOT_UNSUPPORTED, "the compilation failed");
    return Error::success();
  };
  if (options.compileTo < Phase::Bufferize) {
    std::vector<int64_t> bounds;
    for (const OpenDim &dim : *dims)
      bounds.push_back(dim.range.high);
    Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = bind(bounds);
    if (!module)
      return module;
    if (Error error = prepare(**module))
      return error;
    if (options.compileTo > Phase::Layout)
      if (Error error = runPhases(**module, late))
        return error;
    return module;
  }

  // Each is read once. The largest has every weight of which the others have a part.
  std::vector<std::vector<int64_t>> points = functions.samples().vec();
  points.push_back(functions.largest());
  Graphs graphs;
  for (const std::vector<int64_t> &point : points) {
    if (graphs.count(point))
      continue;
    Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = bind(point);
    if (!module)
      return module.takeError();
    graphs[point] = std::move(*module);
  }
  if (Error error = observeGraph(functions, graphs, bind))
    return error;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> owners;
  SmallVector<mlir::ModuleOp> modules;
  for (const std::vector<int64_t> &point : points) {
    mlir::OwningOpRef<mlir::ModuleOp> &graph = graphs.at(point);
    // The last may be one of the samples.
    owners.push_back(point == points.back() ? mlir::OwningOpRef<mlir::ModuleOp>(graph->clone()) : std::move(graph));
    modules.push_back(*owners.back());
    if (Error error = prepare(modules.back()))
      return error;
  }
  {
    Diagnostics diagnostics(&context);
    if (mlir::failed(markOpenContractions(modules)))
      return diagnostics.take(INGOT_UNSUPPORTED, "the model cannot be compiled for a range of sizes");
  }
  mlir::ModuleOp upper = modules.pop_back_val();
  for (mlir::ModuleOp module : modules) {
    if (Error error = runPhases(module, late))
      return error;
    late.dumpDir.clear();
  }
  Error failure = Error::success();
  bool isLowered = false;
  auto loadUpper = [&]() -> mlir::ModuleOp {
    if (!std::exchange(isLowered, true))
      failure = runPhases(upper, late);
    return failure ? mlir::ModuleOp() : upper;
  };
  Diagnostics diagnostics(&context);
  bool merged = mlir::succeeded(mergeSamples(modules, functions, inputs, loadUpper));
  if (failure)
    return failure;
  if (!merged)
    return diagnostics.take(INGOT_UNSUPPORTED, "the model cannot be compiled for a range of sizes");
  return std::move(owners.front());
}

} // namespace ingot
