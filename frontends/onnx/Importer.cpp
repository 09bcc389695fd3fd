//===- Importer.cpp - From an ONNX file to a module -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Importer.h"
#include "frontends/onnx/Graph.h"
#include "frontends/onnx/TrainingMode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

using namespace mlir;
using namespace ingot::onnx_import;

namespace ingot {

char UnsupportedModel::ID, LimitExceeded::ID;

void UnsupportedModel::log(llvm::raw_ostream &os) const {
  os << nodes.size() << " of " << total << " nodes are unsupported";
  auto width = [&](auto field, size_t least) {
    for (const UnsupportedNode &node : nodes)
      least = std::max(least, field(node).size());
    return unsigned(least);
  };
  unsigned name = width([](auto &n) { return n.node; }, 4), op = width([](auto &n) { return n.op; }, 2);
  unsigned dtypes = width([](auto &n) { return n.dtypes; }, 6);
  auto row = [&](StringRef a, StringRef b, StringRef c, StringRef d, StringRef e) {
    os << "\n  " << llvm::left_justify(a, name) << "  " << llvm::left_justify(b, op) << "  " << llvm::left_justify(c, 5)
       << "  " << llvm::left_justify(d, dtypes) << "  " << e;
  };
  row("node", "op", "opset", "dtypes", "reason");
  for (const UnsupportedNode &node : nodes)
    row(node.node, node.op, std::to_string(node.opset), node.dtypes, node.reason);
}

int64_t newestOpset() { return onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second; }

/// Whether a size is known; some exporters write -1 for one that is not.
static bool hasSize(const onnx::TensorShapeProto::Dimension &dim) {
  return dim.has_dim_value() && dim.dim_value() != -1;
}

/// The name of a dimension, by which callers can give it a value.
static std::string dimName(const onnx::ValueInfoProto &info, int axis) {
  const onnx::TensorShapeProto::Dimension &dim = info.type().tensor_type().shape().dim(axis);
  // Exporters write "?" for any size that they do not know: it names none.
  bool isNamed = !dim.dim_param().empty() && dim.dim_param() != "?";
  return isNamed ? dim.dim_param() : info.name() + "." + std::to_string(axis);
}

/// Why an input's type is not supported, or nothing where it is.
static StringRef unsupportedInput(MLIRContext *context, const onnx::ValueInfoProto &info) {
  if (!info.type().has_tensor_type())
    return "an input that is no tensor is not supported";
  return elementType(context, info.type().tensor_type().elem_type()) ? "" : "the element type is not supported";
}

/// A tensor as it is declared; sizes that `given` has are no longer open.
static llvm::Expected<InputInfo> inputInfo(const onnx::ValueInfoProto &info,
                                           const std::map<std::string, int64_t> &given) {
  auto complain = [&](const Twine &what) { return fault("input '" + info.name() + "' " + what); };
  const onnx::TypeProto::Tensor &tensor = info.type().tensor_type();
  if (!tensor.has_shape())
    return complain("has no shape; the number of its dimensions must be known");
  InputInfo result{info.name(), uint32_t(tensor.elem_type()), {}, {}};
  for (int axis = 0; axis < tensor.shape().dim_size(); ++axis) {
    const onnx::TensorShapeProto::Dimension &dim = tensor.shape().dim(axis);
    bool isKnown = hasSize(dim);
    if (isKnown && (dim.dim_value() < 0 || dim.dim_value() > int64_t(1) << 40))
      return complain("has the impossible size " + Twine(dim.dim_value()));
    auto found = given.find(dimName(info, axis));
    bool isOpen = !isKnown && found == given.end();
    result.dims.push_back(isKnown ? dim.dim_value() : isOpen ? -1 : found->second);
    result.dimNames.push_back(isOpen ? dimName(info, axis) : "");
  }
  return result;
}

/// The constant that stands for an input with known elements, or null where they do not fit it.
static Value constantInput(OpBuilder &builder, const std::string &bytes, RankedTensorType type) {
  unsigned width = std::max(8u, type.getElementTypeBitWidth()) / 8;
  if (!type.hasStaticShape() || bytes.size() != uint64_t(type.getNumElements()) * width)
    return {};
  TensorData data{type, ArrayRef(bytes.data(), bytes.size()), nullptr};
  return arith::ConstantOp::create(builder, builder.getUnknownLoc(), elementsOf(data));
}

/// A dimension that the caller gives a value must be there.
static llvm::Error checkDims(const onnx::GraphProto &graph, const ImportOptions &options) {
  std::set<std::string> known;
  for (const onnx::ValueInfoProto &input : graph.input())
    for (int axis = 0; axis < input.type().tensor_type().shape().dim_size(); ++axis)
      if (!hasSize(input.type().tensor_type().shape().dim(axis)))
        known.insert(dimName(input, axis));
  for (auto &[name, value] : options.dims) {
    if (!known.contains(name))
      return fault("the model has no dimension '" + name + "'; " +
                   (known.empty() ? "none is open" : "its dimensions are " + llvm::join(known, ", ")));
    if (value < 0 || value > int64_t(1) << 40)
      return fault("dimension '" + name + "' cannot be " + Twine(value));
  }
  return llvm::Error::success();
}

/// The inputs that a caller passes: models of old have one for each initializer too.
static std::vector<onnx::ValueInfoProto> realInputs(const onnx::GraphProto &graph) {
  llvm::StringSet<> initialized;
  for (const onnx::TensorProto &tensor : graph.initializer())
    initialized.insert(tensor.name());
  for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer())
    initialized.insert(tensor.values().name());
  std::vector<onnx::ValueInfoProto> inputs;
  for (const onnx::ValueInfoProto &info : graph.input())
    if (!initialized.contains(info.name()))
      inputs.push_back(info);
  return inputs;
}

llvm::Expected<OnnxFile> OnnxFile::read(llvm::StringRef path) {
  auto model = loadModel(path);
  if (!model)
    return model.takeError();
  return OnnxFile(std::move(*model));
}

llvm::Expected<std::vector<InputInfo>> readInputs(const onnx::ModelProto &proto,
                                                  const std::map<std::string, int64_t> &dims) {
  std::vector<InputInfo> inputs;
  for (const onnx::ValueInfoProto &info : realInputs(proto.graph())) {
    if (!info.type().has_tensor_type()) {
      inputs.push_back({info.name(), onnx::TensorProto::UNDEFINED, {}, {}});
      continue;
    }
    llvm::Expected<InputInfo> input = inputInfo(info, dims);
    if (!input)
      return input.takeError();
    inputs.push_back(std::move(*input));
  }
  return inputs;
}

llvm::Expected<std::vector<InputInfo>> OnnxFile::inputs() const { return readInputs(model->proto); }

llvm::Expected<std::vector<InputInfo>> readInputs(llvm::StringRef path) {
  llvm::Expected<OnnxFile> file = OnnxFile::read(path);
  return file ? file->inputs() : file.takeError();
}

/// Removes what folding left behind, and weights that nothing reads.
static void removeDead(ModuleOp module, Block &body, const ImportOptions &options) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  llvm::StringSet<> used;
  body.walk([&](ReadWeightOp read) { used.insert(read.getWeight()); });
  for (auto weight : llvm::make_early_inc_range(module.getOps<WeightOp>()))
    if (!used.contains(weight.getSymName()) && !(options.keepsWeight && options.keepsWeight(weight.getSymName())))
      weight.erase();
}

static llvm::Expected<OwningOpRef<ModuleOp>> import(MLIRContext &context, std::shared_ptr<Model> model,
                                                    const ImportOptions &options) {
  // The nodes of a shared model stay as they are.
  if (options.mode != RunMode::AsGiven)
    model = std::make_shared<Model>(*model);
  const onnx::GraphProto &graph = model->proto.graph();
  if (llvm::Error error = checkDims(graph, options))
    return std::move(error);

  OpBuilder builder(&context);
  Location top = NameLoc::get(builder.getStringAttr(graph.name().empty() ? "model" : graph.name()));
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, top);
  builder.setInsertionPointToStart(module->getBody());
  auto main = func::FuncOp::create(builder, top, "main", builder.getFunctionType({}, {}));
  Block *body = main.addEntryBlock();
  builder.setInsertionPointToStart(body);

  GraphImporter importer(builder, model, *module, options);
  if (llvm::Error error = importer.checkExtent(graph))
    return std::move(error);
  Scope scope;
  for (const onnx::OperatorSetIdProto &opset : model->proto.opset_import())
    scope.opsets[normalizedDomain(opset.domain())] = opset.version();
  SmallVector<DictionaryAttr> argAttrs, resultAttrs;
  for (const onnx::ValueInfoProto &info : realInputs(graph)) {
    if (StringRef reason = unsupportedInput(&context, info); !reason.empty()) {
      importer.unsupported.push_back({info.name(), "input", scope.opsets[""], "", reason.str()});
      scope.unknown.insert(info.name());
      argAttrs.push_back(builder.getDictionaryAttr({}));
      continue;
    }
    llvm::Expected<InputInfo> input = inputInfo(info, options.dims);
    if (!input)
      return input.takeError();
    NamedAttrList attrs;
    attrs.set("ingot.name", builder.getStringAttr(info.name()));
    if (llvm::is_contained(input->dims, -1))
      attrs.set("ingot.dims",
                builder.getStrArrayAttr(SmallVector<StringRef>(input->dimNames.begin(), input->dimNames.end())));
    auto known = options.values.find(argAttrs.size());
    auto sizes = llvm::map_to_vector(input->dims, [](int64_t size) { return size < 0 ? ShapedType::kDynamic : size; });
    auto type = RankedTensorType::get(sizes, elementType(&context, int(input->dtype)));
    Value argument = body->addArgument(type, NameLoc::get(builder.getStringAttr(info.name())));
    Value constant = known == options.values.end() ? Value() : constantInput(builder, known->second, type);
    scope.values[info.name()] = constant ? constant : argument;
    if (constant)
      attrs.set("ingot.known", builder.getUnitAttr()); // nothing reads the argument
    argAttrs.push_back(attrs.getDictionary(&context));
  }
  bool trains = options.mode == RunMode::Train || options.mode == RunMode::TrainAll;
  std::map<std::string, std::string> updates = setRunMode(*model->proto.mutable_graph(), options);
  if (trains) {
    Value key = body->addArgument(RankedTensorType::get({}, builder.getIntegerType(32, /*isSigned=*/false)),
                                  NameLoc::get(builder.getStringAttr(randomKey)));
    scope.values[randomKey] = key;
    argAttrs.push_back(
        builder.getDictionaryAttr(builder.getNamedAttr("ingot.name", builder.getStringAttr(randomKey))));
  }
  if (llvm::Error error = importer.importGraph(graph, scope))
    return std::move(error);
  if (trains && body->getArguments().back().use_empty()) {
    body->eraseArgument(body->getNumArguments() - 1);
    argAttrs.pop_back();
  }

  SmallVector<Value> results;
  for (const onnx::ValueInfoProto &info : graph.output()) {
    Bound bound = scope.values.lookup(info.name());
    if (bound.isSequence)
      importer.unsupported.push_back({info.name(), "output", scope.opsets[""], "", "a result must be a tensor"});
    results.push_back(bound.value());
    resultAttrs.push_back(builder.getDictionaryAttr(builder.getNamedAttr("ingot.name", builder.getStringAttr(info.name()))));
  }
  for (auto &[weight, name] : updates) {
    Value value = scope.values.lookup(name).value();
    if (!value)
      continue;
    results.push_back(value);
    resultAttrs.push_back(builder.getDictionaryAttr({builder.getNamedAttr("ingot.name", builder.getStringAttr(name)),
                                                     builder.getNamedAttr("ingot.updates", builder.getStringAttr(weight))}));
  }
  if (!importer.unsupported.empty())
    return llvm::make_error<UnsupportedModel>(graph.node_size(), std::move(importer.unsupported),
                                              std::move(importer.wanted));
  if (llvm::is_contained(results, Value()))
    return fault("an output of the graph is computed nowhere");
  func::ReturnOp::create(builder, top, results);
  main.setFunctionType(builder.getFunctionType(body->getArgumentTypes(), ValueRange(results).getTypes()));
  main.setAllArgAttrs(argAttrs);
  main.setAllResultAttrs(resultAttrs);
  removeDead(*module, *body, options);
  return module;
}

static llvm::Expected<OwningOpRef<ModuleOp>> importChecked(MLIRContext &context, std::shared_ptr<Model> model,
                                                           const ImportOptions &options) {
  context.loadDialect<IngotDialect, arith::ArithDialect, func::FuncDialect>();
  std::string complaint, prefix = model->path.empty() ? "" : model->path + ": ";
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (complaint.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      complaint = diagnostic.str();
  });
  try {
    auto module = import(context, std::move(model), options);
    if (module && failed(verify(**module)))
      return fault(prefix + "the imported module is wrong: " + complaint);
    if (!module && !module.errorIsA<UnsupportedModel>() && !module.errorIsA<LimitExceeded>())
      return fault(prefix + llvm::toString(module.takeError()));
    return module;
  } catch (const std::exception &exception) {
    return fault(prefix + exception.what());
  }
}

llvm::Expected<OwningOpRef<ModuleOp>> OnnxFile::import(MLIRContext &context, const ImportOptions &options) const {
  return importChecked(context, model, options);
}

llvm::Expected<OwningOpRef<ModuleOp>> importOnnx(MLIRContext &context, llvm::StringRef path,
                                                 const ImportOptions &options) {
  llvm::Expected<OnnxFile> file = OnnxFile::read(path);
  return file ? file->import(context, options) : file.takeError();
}

llvm::Expected<OwningOpRef<ModuleOp>> importOnnx(MLIRContext &context, const onnx::ModelProto &proto,
                                                 llvm::StringRef folder, const ImportOptions &options) {
  auto model = std::make_shared<Model>();
  model->proto = proto;
  model->folder = folder.str();
  return importChecked(context, std::move(model), options);
}

} // namespace ingot
