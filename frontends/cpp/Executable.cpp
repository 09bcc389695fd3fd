//===- Executable.cpp - Compiled graphs -----------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize.h"
#include "compiler/emit/Link.h"
#include "frontends/cpp/GraphState.h"
#include "frontends/cpp/Native.h"
#include "frontends/onnx/Importer.h"
#include <algorithm>
#include <cstring>
#include <ingot/executable.h>

namespace ingot {

using namespace detail;

//===----------------------------------------------------------------------===//
// Executables
//===----------------------------------------------------------------------===//

struct Executable::State {
  onnx::ModelProto model;
  std::string folder;
  CompileSettings settings;
  std::vector<InputInfo> inputs;
  std::shared_ptr<GraphState> parameters; ///< where calls find them, or null where they are constants

  std::mutex mutex;
  /// The code for each set of open sizes, with the contexts that no call uses at the moment.
  struct Variant {
    std::unique_ptr<Native> native;
    std::vector<Native::ContextPointer> idle;
  };
  CompiledCache<Variant> variants;

  /// Compiles, and gives `use` the code while the weights that it refers to are there.
  void compileWith(const std::map<std::string, int64_t> &dims, const EmitOptions &emit,
                   llvm::function_ref<void(CompiledModel &, const Options &)> use);
  std::shared_ptr<Variant> variant(const std::map<std::string, int64_t> &dims);
};

void Executable::State::compileWith(const std::map<std::string, int64_t> &dims, const EmitOptions &emit,
                                    llvm::function_ref<void(CompiledModel &, const Options &)> use) {
  Options options = optionsFor(settings.target, settings.max_memory, dims);
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  ImportOptions import;
  import.dims = dims;
  auto module = take(importOnnx(*context, model, folder, import));
  CompiledModel compiled = take(ingot::compile(*module, options, emit));
  use(compiled, options);
}

/// Wants the mutex.
std::shared_ptr<Executable::State::Variant> Executable::State::variant(const std::map<std::string, int64_t> &dims) {
  std::string key = textOf(dims);
  std::shared_ptr<Variant> found = variants.lookup(key);
  if (!found) {
    found = std::make_shared<Variant>();
    compileWith(dims, {}, [&](CompiledModel &compiled, const Options &) {
      found->native = std::make_unique<Native>(take(JitModel::load(std::move(compiled.objects), compiled.info)));
    });
    variants.insert(key, found);
  }
  return found;
}

static Array arrayOf(const ingot_value_info &info, const void *data) {
  Array array(Dtype(info.dtype), std::vector<int64_t>(info.dims, info.dims + info.rank));
  std::memcpy(array.data(), data, array.bytes());
  return array;
}

Arrays Executable::operator()(const Arrays &arrays) const {
  std::map<std::string, int64_t> dims = bindDims(state->inputs, arrays);
  for (auto &[name, array] : arrays)
    if (std::none_of(state->inputs.begin(), state->inputs.end(),
                     [&](const InputInfo &info) { return info.name == name; }))
      throw Error(Code::bad_argument, "the model has no input '" + name + "'");
  dims.insert(state->settings.dims.begin(), state->settings.dims.end());
  std::shared_ptr<State::Variant> variant;
  Native::ContextPointer context;
  {
    std::lock_guard<std::mutex> lock(state->mutex);
    variant = state->variant(dims);
    if (!variant->idle.empty()) {
      context = std::move(variant->idle.back());
      variant->idle.pop_back();
    }
  }
  if (!context)
    context = variant->native->context(state->settings.threads);
  const ingot_model &model = variant->native->model();
  for (uint32_t i = 0; i < model.num_inputs; ++i) {
    auto given = arrays.find(model.inputs[i].name);
    const Array &array =
        given != arrays.end() ? given->second : state->parameters->parameters.at(model.inputs[i].name).value;
    if (ingot_status status = ingot_context_set_input(context.get(), i, array.data(), array.bytes()))
      throwStatus(status, ingot_last_error());
  }
  run(context.get());
  Arrays outputs;
  for (uint32_t i = 0; i < model.num_outputs; ++i)
    outputs[model.outputs[i].name] = arrayOf(model.outputs[i], ingot_context_output(context.get(), i));
  std::lock_guard<std::mutex> lock(state->mutex);
  variant->idle.push_back(std::move(context));
  return outputs;
}

/// Throws where sizes are still open, or parameters those of a graph.
static void demandBound(const std::vector<InputInfo> &inputs, bool isLive) {
  if (isLive)
    throw Error(Code::bad_argument, "an executable with live parameters has no contexts and no files");
  for (const InputInfo &input : inputs)
    for (size_t i = 0; i < input.dims.size(); ++i)
      if (input.dims[i] < 0)
        throw Error(Code::bad_argument, "size " + std::to_string(i) + " of input '" + input.name + "' is open; bind '" +
                                            input.dimNames[i] + "' when compiling");
}

void Executable::save(const std::string &path) const {
  demandBound(state->inputs, state->settings.live);
  llvm::StringRef name = path;
  OutputKind kind = name.ends_with(".so")  ? OutputKind::Library
                    : name.ends_with(".o") ? OutputKind::Object
                                           : OutputKind::Program;
  state->compileWith(state->settings.dims, emitOptions(kind, state->model.graph().name()),
                     [&](CompiledModel &compiled, const Options &options) {
                       if (llvm::Error error = writeOutput(compiled, options, kind, path))
                         raise(std::move(error));
                     });
}

/// Makes the parameters of a model inputs.
static void exposeParameters(onnx::GraphProto &model, const GraphState &graph) {
  auto &tensors = *model.mutable_initializer();
  for (const onnx::TensorProto &tensor : tensors) {
    if (!graph.parameters.count(tensor.name()))
      continue;
    onnx::ValueInfoProto *input = model.add_input();
    input->set_name(tensor.name());
    *input->mutable_type() = graph.types.at(tensor.name());
  }
  auto isParameter = [&](const onnx::TensorProto &tensor) { return graph.parameters.count(tensor.name()) != 0; };
  tensors.erase(std::remove_if(tensors.begin(), tensors.end(), isParameter), tensors.end());
}

Executable compile(const std::vector<Tensor> &outputs, const CompileSettings &settings) {
  std::shared_ptr<GraphState> graph = graphOf(outputs, Where::current());
  std::vector<std::string> names;
  for (const Tensor &output : outputs)
    names.push_back(output.name());
  Executable result;
  result.state = std::make_shared<Executable::State>();
  Executable::State &state = *result.state;
  state.model = graph->extract(names, /*withValues=*/!settings.live);
  state.folder = graph->folder;
  state.settings = settings;
  state.inputs = take(readInputs(state.model, settings.dims));
  if (settings.live) {
    exposeParameters(*state.model.mutable_graph(), *graph);
    state.parameters = graph;
  }
  // Everything is bound: errors show here, and the first call is as fast as the others.
  if (std::all_of(state.inputs.begin(), state.inputs.end(), [](const InputInfo &input) {
        return std::all_of(input.dims.begin(), input.dims.end(), [](int64_t size) { return size >= 0; });
      }))
    state.variant(settings.dims);
  return result;
}

Executable compile(const Graph &graph, const CompileSettings &settings) {
  std::vector<Tensor> outputs;
  for (const std::string &name : graph.outputs())
    outputs.push_back(graph[name]);
  if (outputs.empty())
    throw Error(Code::bad_argument, "the graph has no outputs of its own; compile({tensors...}) names them");
  return compile(outputs, settings);
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

struct Context::State {
  std::shared_ptr<void> code; ///< kept alive
  const ingot_model *model = nullptr;
  Native::ContextPointer context;

  int find(const std::string &name, bool isInput) const {
    uint32_t count = isInput ? model->num_inputs : model->num_outputs;
    for (uint32_t i = 0; i < count; ++i)
      if (name == (isInput ? model->inputs : model->outputs)[i].name)
        return int(i);
    throw Error(Code::bad_argument,
                "the model has no " + std::string(isInput ? "input" : "output") + " '" + name + "'");
  }
};

Context Executable::context() const {
  demandBound(state->inputs, state->settings.live);
  Context result;
  result.state = std::make_shared<Context::State>();
  std::lock_guard<std::mutex> lock(state->mutex);
  std::shared_ptr<State::Variant> variant = state->variant(state->settings.dims);
  result.state->code = variant;
  result.state->model = &variant->native->model();
  result.state->context = variant->native->context(state->settings.threads);
  return result;
}

void *Context::find(const std::string &name, bool isInput, Dtype dtype) {
  int index = state->find(name, isInput);
  const ingot_value_info &info = (isInput ? state->model->inputs : state->model->outputs)[index];
  if (info.dtype != uint32_t(dtype))
    throw Error(Code::bad_argument, "'" + name + "' has elements of type " + name_of(Dtype(info.dtype)) + ", not " +
                                        std::string(name_of(dtype)));
  return isInput ? ingot_context_input(state->context.get(), index) : ingot_context_output(state->context.get(), index);
}

size_t Context::elements(const std::string &name, bool isInput) const {
  const ingot_value_info &info = (isInput ? state->model->inputs : state->model->outputs)[state->find(name, isInput)];
  return info.bytes / size_of(Dtype(info.dtype));
}

Code Context::run() noexcept { return codeOf(ingot_context_run(state->context.get())); }

const char *Context::error() const noexcept { return ingot_context_error(state->context.get()); }

} // namespace ingot
