//===- Specialize.cpp - Models with open dimensions, in this process ------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize.h"
#include "compiler/graph/RefineTypes.h"
#include "frontends/onnx/Importer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/Tensor.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;

namespace ingot {

static Error fail(ingot_status status, const Twine &text) { return make_error<StatusError>(status, text); }

//===----------------------------------------------------------------------===//
// Dimensions
//===----------------------------------------------------------------------===//

Expected<std::vector<InputInfo>> readInputs(mlir::ModuleOp module) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  if (!main)
    return fail(INGOT_BAD_ARGUMENT, "the module has no function @main");
  std::vector<InputInfo> inputs;
  for (auto [i, type] : enumerate(main.getArgumentTypes())) {
    auto tensor = dyn_cast<mlir::RankedTensorType>(type);
    if (!tensor)
      return fail(INGOT_BAD_ARGUMENT, "argument " + Twine(i) + " of @main is no tensor");
    InputInfo info;
    auto name = main.getArgAttrOfType<mlir::StringAttr>(i, "ingot.name");
    info.name = name ? name.str() : "arg" + std::to_string(i);
    info.dtype = dtypeOf(tensor.getElementType());
    auto names = main.getArgAttrOfType<mlir::ArrayAttr>(i, "ingot.dims");
    for (auto [axis, size] : enumerate(tensor.getShape())) {
      bool isOpen = mlir::ShapedType::isDynamic(size);
      StringRef given = names && axis < names.size() ? cast<mlir::StringAttr>(names[axis]).getValue() : "";
      info.dims.push_back(isOpen ? -1 : size);
      info.dimNames.push_back(!isOpen ? "" : given.empty() ? info.name + "." + std::to_string(axis) : given.str());
    }
    inputs.push_back(std::move(info));
  }
  return inputs;
}

/// Fails where `dims` names a dimension that is none.
static Error checkNames(ArrayRef<InputInfo> inputs, const Dims &dims) {
  std::set<std::string> known;
  for (const InputInfo &input : inputs)
    known.insert(input.dimNames.begin(), input.dimNames.end());
  known.erase("");
  for (auto &[name, value] : dims)
    if (!known.count(name))
      return fail(INGOT_BAD_ARGUMENT, "the model has no dimension '" + name + "'; " +
                                          (known.empty() ? "none is open" : "its dimensions are " + join(known, ", ")));
  return Error::success();
}

Error bindDims(mlir::ModuleOp module, const Dims &dims) {
  if (dims.empty())
    return Error::success();
  Expected<std::vector<InputInfo>> inputs = readInputs(module);
  if (!inputs)
    return inputs.takeError();
  if (Error error = checkNames(*inputs, dims))
    return error;
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  for (auto [input, argument] : zip_equal(*inputs, main.getArguments())) {
    SmallVector<int64_t> shape(cast<mlir::RankedTensorType>(argument.getType()).getShape());
    for (auto [name, size] : zip_equal(input.dimNames, shape))
      if (auto found = dims.find(name); !name.empty() && found != dims.end())
        size = found->second;
    narrow(argument, cast<mlir::RankedTensorType>(argument.getType()).clone(shape));
  }
  std::string text;
  mlir::ScopedDiagnosticHandler handler(module.getContext(), [&](mlir::Diagnostic &diagnostic) {
    text += (text.empty() ? "" : "\n") + diagnostic.str();
    return mlir::success();
  });
  if (mlir::failed(refineTypes(main)))
    return fail(INGOT_BAD_ARGUMENT, "these sizes do not go together: " + text);
  return Error::success();
}

Error requireDims(ArrayRef<InputInfo> inputs, const Dims &dims) {
  if (Error error = checkNames(inputs, dims))
    return error;
  std::string text;
  std::vector<std::string> open;
  for (const InputInfo &input : inputs)
    for (const std::string &name : input.dimNames)
      if (!name.empty() && !dims.count(name) && !is_contained(open, name)) {
        open.push_back(name);
        text += (text.empty() ? "dimension '" : ", '") + name + "' of input '" + input.name + "'";
      }
  if (open.empty())
    return Error::success();
  return fail(INGOT_UNSUPPORTED, text + (open.size() > 1 ? " are" : " is") +
                                     " open; give a value, or bounds for a program, such as --dim " + open.front() +
                                     "=4 or --dim " + open.front() + "=1..32");
}

Expected<Dims> matchDims(ArrayRef<InputInfo> inputs, ArrayRef<CallInput> call) {
  if (inputs.size() != call.size())
    return fail(INGOT_BAD_ARGUMENT, "got " + Twine(call.size()) + " inputs, want " + Twine(inputs.size()));
  Dims dims;
  std::map<std::string, std::string> source;
  for (auto [input, given] : zip_equal(inputs, call)) {
    ArrayRef<int64_t> shape = given.sizes;
    uint32_t dtype = given.dtype ? given.dtype : input.dtype;
    bool fits = dtype == input.dtype && shape.size() == input.dims.size();
    for (size_t axis = 0; fits && axis < shape.size(); ++axis)
      fits = input.dims[axis] < 0 || input.dims[axis] == shape[axis];
    if (!fits)
      return fail(INGOT_BAD_ARGUMENT,
                  "input '" + input.name + "': got " + typeText(dtype, shape) + ", want " + typeText(input));
    for (auto [name, size] : zip_equal(input.dimNames, shape)) {
      if (name.empty())
        continue;
      auto [at, isNew] = dims.try_emplace(name, size);
      if (isNew)
        source[name] = input.name;
      else if (at->second != size)
        return fail(INGOT_BAD_ARGUMENT, "input '" + input.name + "': got " + Twine(size) + " for dimension '" + name +
                                            "', want the " + Twine(at->second) + " of input '" + source[name] + "'");
    }
  }
  return dims;
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

/// What code depends on besides the model and its sizes.
static std::string describe(const Options &options) {
  std::string text = (Twine(INGOT_ABI_VERSION) + " " + options.target.triple + " " + options.target.cpu + " " +
                      options.target.features + " " + (options.oracle ? "oracle " : "") +
                      (options.sanitize ? "sanitize " : "") + Twine(int(options.mode)) + " " + Twine(options.maxMemory))
                         .str();
  if (options.keepParameters)
    text += " parameters '" + options.parameters + "'";
  return text;
}

Expected<OpenModel> OpenModel::open(const std::string &path, const Options &options, std::shared_ptr<JitCache> cache) {
  OpenModel result(options, std::move(cache));
  result.path = path;
  Expected<std::vector<InputInfo>> inputs = modelInputs(path);
  if (!inputs)
    return inputs.takeError();
  result.signature = std::move(*inputs);
  for (InputInfo &input : result.signature) {
    for (auto [size, name] : zip_equal(input.dims, input.dimNames))
      if (auto found = options.dims.find(name); !name.empty() && found != options.dims.end()) {
        size = found->second;
        name.clear();
      }
    if (!runtime::dtypeBytes(input.dtype)) {
      // No call can bring such an input. Loading lists it beside all else that is not supported.
      Options closed = options;
      closed.ranges.clear();
      std::unique_ptr<mlir::MLIRContext> context = createContext();
      Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModel(*context, path, closed);
      return module ? fail(INGOT_UNSUPPORTED, "the element type of input '" + input.name + "' is not supported")
                    : module.takeError();
    }
  }
  // A file that changes is another model; its bytes may be gigabytes, its time is enough.
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status))
    return fail(INGOT_BAD_ARGUMENT, "cannot read " + path + ": " + error.message());
  result.identity = (path + " " + Twine(status.getSize()) + " " +
                     Twine(status.getLastModificationTime().time_since_epoch().count()) + " " + describe(options))
                        .str();
  return result;
}

Expected<OpenModel> OpenModel::open(mlir::ModuleOp module, const Options &options, std::shared_ptr<JitCache> cache) {
  OpenModel result(options, std::move(cache));
  result.original = module.clone();
  if (Error error = bindDims(*result.original, options.dims))
    return error;
  result.options.dims.clear();
  Expected<std::vector<InputInfo>> inputs = readInputs(*result.original);
  if (!inputs)
    return inputs.takeError();
  result.signature = std::move(*inputs);
  std::string text;
  raw_string_ostream stream(text);
  result.original->print(stream);
  result.identity = (utohexstr(xxh3_64bits(text)) + " " + describe(options));
  return result;
}

Expected<Variant> OpenModel::match(ArrayRef<CallInput> call, bool bindsAll) const {
  Expected<Dims> dims = matchDims(signature, call);
  if (!dims)
    return dims.takeError();
  Variant variant{std::move(*dims), {}};
  for (auto &[name, range] : options.ranges) {
    auto found = variant.dims.find(name);
    if (found == variant.dims.end())
      return fail(INGOT_BAD_ARGUMENT, "the model has no open dimension '" + name + "'");
    if (found->second < range.low || found->second > range.high)
      return fail(INGOT_BAD_ARGUMENT, "dimension '" + name + "' is " + Twine(found->second) + ", want " +
                                          Twine(range.low) + " to " + Twine(range.high));
    if (!bindsAll)
      variant.dims.erase(found);
  }
  for (unsigned input : wanted)
    variant.values[input] = std::string(call[input].bytes.data(), call[input].bytes.size());
  return variant;
}

Expected<mlir::OwningOpRef<mlir::ModuleOp>> OpenModel::load(mlir::MLIRContext &context, Variant &variant,
                                                            ArrayRef<CallInput> call) {
  if (original) {
    mlir::OwningOpRef<mlir::ModuleOp> module = original->clone();
    if (Error error = bindDims(*module, variant.dims))
      return error;
    return module;
  }
  // Shapes, axes, counts: what has more elements than this is data.
  constexpr size_t byteLimit = 8 << 10;
  Options bound = options;
  bound.dims.insert(variant.dims.begin(), variant.dims.end());
  for (auto &[name, size] : variant.dims)
    bound.ranges.erase(name);
  while (true) {
    bound.values = variant.values;
    Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModel(context, path, bound);
    if (module)
      return module;
    bool learned = false;
    Error error = handleErrors(module.takeError(), [&](std::unique_ptr<UnsupportedModel> unsupported) -> Error {
      for (unsigned input : unsupported->wanted) {
        ArrayRef<char> bytes = call[input].bytes;
        bool isGiven = !bytes.empty() || is_contained(call[input].sizes, 0);
        if (isGiven && bytes.size() <= byteLimit)
          learned |=
              variant.values.try_emplace(input, bytes.data(), bytes.size()).second && wanted.insert(input).second;
      }
      return Error(std::move(unsupported));
    });
    if (!learned)
      return error;
    consumeError(std::move(error));
  }
}

std::string textOf(const Dims &dims) {
  std::string text;
  for (auto &[name, size] : dims)
    text += " " + name + "=" + std::to_string(size);
  return text;
}

std::string OpenModel::keyOf(const Variant &variant) const {
  std::string key = identity + textOf(variant.dims);
  for (auto &[input, bytes] : variant.values)
    key += " " + std::to_string(input) + "=" + toHex(bytes);
  return key;
}

Expected<std::shared_ptr<JitModel>> OpenModel::specialize(ArrayRef<CallInput> call) {
  Expected<Variant> variant = match(call);
  if (!variant)
    return variant.takeError();
  if (std::shared_ptr<JitModel> known = cache->lookup(keyOf(*variant)))
    return known;
  std::unique_ptr<mlir::MLIRContext> context = original ? nullptr : createContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module =
      load(context ? *context : *original.get().getContext(), *variant, call);
  if (!module)
    return module.takeError();
  Expected<std::unique_ptr<JitModel>> compiled = compileAndLoad(**module, options);
  if (!compiled)
    return compiled.takeError();
  std::shared_ptr<JitModel> model = std::move(*compiled);
  cache->insert(keyOf(*variant), model);
  return model;
}

} // namespace ingot
