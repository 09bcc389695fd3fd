//===- Graph.cpp - The walk over an ONNX graph ----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Graph.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/ScopeExit.h"
#include <onnx/defs/data_type_utils.h>

using namespace mlir;

namespace ingot::onnx_import {

/// Larger constants are weights rather than attributes; the limit of folding.
static constexpr int64_t attributeLimit = 1024;
/// Functions that call functions can stand for any number of nodes.
static constexpr uint64_t nodeLimit = 200000;
static constexpr unsigned depthLimit = 64;

static std::string functionKey(const std::string &domain, const std::string &name, const std::string &overload) {
  return normalizedDomain(domain) + "." + name + "." + overload;
}

GraphImporter::GraphImporter(OpBuilder &builder, std::shared_ptr<Model> model, ModuleOp module,
                             const ImportOptions &options)
    : builder(builder), model(std::move(model)), options(options), symbols(module) {
  for (const onnx::FunctionProto &function : this->model->proto.functions())
    functions[functionKey(function.domain(), function.name(), function.overload())] = &function;
}

static const Bound *lookup(const Scope *scope, StringRef name) {
  for (; scope; scope = scope->parent)
    if (auto found = scope->values.find(name); found != scope->values.end())
      return &found->second;
  return nullptr;
}

static bool isUnknown(const Scope *scope, StringRef name) {
  for (; scope; scope = scope->parent) {
    if (scope->values.contains(name))
      return false;
    if (scope->unknown.contains(name))
      return true;
  }
  return false;
}

static std::string displayName(const Node &node) {
  return node.domain.empty() ? node.op : node.domain + "." + node.op;
}

static StringRef nodeName(const Node &node) { return cast<NameLoc>(node.loc).getName(); }

static int64_t opsetOf(const Scope &scope, const std::string &domain) {
  auto found = scope.opsets.find(domain);
  return found == scope.opsets.end() ? 0 : found->second;
}

void GraphImporter::report(const Node &node, const Scope &scope, const Twine &reason) {
  std::string dtypes;
  llvm::raw_string_ostream os(dtypes);
  llvm::interleaveComma(node.inputs, os, [&](const Bound &input) {
    if (input.isSequence)
      os << "sequence";
    else if (Value value = input.value())
      os << cast<RankedTensorType>(value.getType()).getElementType();
    else
      os << "-";
  });
  wanted.insert(node.wanted.begin(), node.wanted.end());
  unsupported.push_back({nodeName(node).str(), displayName(node), opsetOf(scope, node.domain), dtypes, reason.str()});
}

llvm::Expected<Value> GraphImporter::constant(llvm::Expected<TensorData> data, StringRef name, bool isParameter) {
  if (!data)
    return data.takeError();
  Location loc = NameLoc::get(builder.getStringAttr(name));
  isParameter &= isa<FloatType>(data->type.getElementType()) &&
                 (data->type.getRank() > 0 || (options.keepsWeight && options.keepsWeight(name)));
  if (!isParameter && data->type.getNumElements() <= attributeLimit)
    return arith::ConstantOp::create(builder, loc, elementsOf(*data)).getResult();
  WeightStore &store = builder.getContext()->getLoadedDialect<IngotDialect>()->getWeights();
  std::string key = store.add(data->bytes, data->owner);
  OperationState state(loc, WeightOp::getOperationName());
  WeightOp::build(builder, state, builder.getStringAttr(name), TypeAttr::get(data->type), builder.getStringAttr(key));
  auto symbol = symbols.insert(Operation::create(state)); // another name when it is taken
  OperationState read(loc, ReadWeightOp::getOperationName());
  ReadWeightOp::build(builder, read, data->type, FlatSymbolRefAttr::get(symbol));
  return builder.create(read)->getResult(0);
}

/// Why a tensor cannot be a constant, or nothing. What makes no sense is found when it is read.
static StringRef unsupportedElements(MLIRContext *context, const onnx::TensorProto &tensor) {
  bool isKnown = onnx::TensorProto_DataType_IsValid(tensor.data_type()) && tensor.data_type() != 0;
  return isKnown && !elementType(context, tensor.data_type()) ? "the element type is not supported" : "";
}

llvm::Error GraphImporter::importGraph(const onnx::GraphProto &graph, Scope &scope) {
  auto initialize = [&](const auto &tensor, const onnx::TensorProto &values) -> llvm::Error {
    const std::string &name = values.name();
    if (StringRef reason = unsupportedElements(builder.getContext(), values); !reason.empty()) {
      unsupported.push_back({scope.prefix + name, "initializer", opsetOf(scope, ""), "", reason.str()});
      scope.unknown.insert(name);
      return llvm::Error::success();
    }
    auto data = tensorData(builder.getContext(), model, tensor);
    auto value = constant(std::move(data), scope.prefix + name, /*isParameter=*/true);
    if (!value)
      return value.takeError();
    scope.values[name] = *value;
    return llvm::Error::success();
  };
  for (const onnx::TensorProto &tensor : graph.initializer())
    if (llvm::Error error = initialize(tensor, tensor))
      return error;
  for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer())
    if (llvm::Error error = initialize(tensor, tensor.values()))
      return error;
  return importNodes(graph.node(), scope);
}

static llvm::Error tooDeep() {
  return llvm::make_error<LimitExceeded>("graphs and functions are nested more than " + Twine(depthLimit) + " deep");
}

static llvm::Error tooManyNodes() {
  return llvm::make_error<LimitExceeded>("the model has more than " + Twine(nodeLimit) +
                                         " nodes when its functions are expanded");
}

llvm::Expected<GraphImporter::Extent> GraphImporter::extentOf(const Nodes &nodes, unsigned depth) {
  if (depth > depthLimit)
    return tooDeep();
  Extent extent;
  auto add = [&](const Extent &inner) {
    extent.nodes += inner.nodes;
    extent.depth = std::max(extent.depth, inner.depth + 1);
  };
  for (const onnx::NodeProto &proto : nodes) {
    ++extent.nodes;
    auto function = functions.find(functionKey(proto.domain(), proto.op_type(), proto.overload()));
    if (function != functions.end()) {
      auto known = extents.find(function->second);
      if (known == extents.end()) {
        llvm::Expected<Extent> inner = extentOf(function->second->node(), depth + 1);
        if (!inner)
          return inner.takeError();
        known = extents.try_emplace(function->second, *inner).first;
      }
      add(known->second);
    }
    for (const onnx::AttributeProto &attribute : proto.attribute()) {
      if (attribute.type() != onnx::AttributeProto::GRAPH)
        continue;
      llvm::Expected<Extent> inner = extentOf(attribute.g().node(), depth + 1);
      if (!inner)
        return inner.takeError();
      add(*inner);
    }
    if (depth + extent.depth > depthLimit)
      return tooDeep();
    if (extent.nodes > nodeLimit)
      return tooManyNodes();
  }
  return extent;
}

llvm::Error GraphImporter::checkExtent(const onnx::GraphProto &graph) { return extentOf(graph.node(), 0).takeError(); }

llvm::Error GraphImporter::importNodes(const Nodes &nodes, Scope &scope) {
  if (scope.depth > depthLimit)
    return tooDeep();
  for (const onnx::NodeProto &proto : nodes) {
    if (++visited > nodeLimit)
      return tooManyNodes();
    if (llvm::Error error = importNode(proto, scope))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error GraphImporter::convertAttributes(const onnx::NodeProto &proto, Scope &scope, Node &node) {
  for (const onnx::AttributeProto &attribute : proto.attribute()) {
    const onnx::AttributeProto *meant = &attribute;
    if (!attribute.ref_attr_name().empty()) {
      auto given = scope.attributes.find(attribute.ref_attr_name());
      if (given == scope.attributes.end())
        continue;
      meant = given->second;
    }
    Attribute converted = convertAttribute(builder, *meant);
    bool isTensor =
        meant->type() == onnx::AttributeProto::TENSOR || meant->type() == onnx::AttributeProto::SPARSE_TENSOR;
    if (isTensor && node.op == "Constant")
      continue; // may be large; see importConstant
    if (meant->type() == onnx::AttributeProto::TENSOR) {
      auto data = tensorData(builder.getContext(), model, meant->t());
      if (!data)
        return data.takeError();
      if (data->type.getNumElements() <= attributeLimit)
        converted = elementsOf(*data);
    }
    if (converted)
      node.attributes.set(attribute.name(), converted);
    else if (meant->type() != onnx::AttributeProto::GRAPH)
      (void)node.unsupported("attribute '" + Twine(attribute.name()) + "' is not supported");
  }
  return llvm::Error::success();
}

/// Binds the outputs, or marks them as coming from an unsupported node.
static void bindOutputs(const onnx::NodeProto &proto, const Node &node, bool isDone, Scope &scope) {
  for (const auto &[i, name] : llvm::enumerate(proto.output())) {
    if (name.empty())
      continue;
    if (isDone && i < node.outputs.size())
      scope.values[name] = node.outputs[i];
    else
      scope.unknown.insert(name);
  }
}

/// An element type as ONNX's schemas write it, tensor(float).
static std::string schemaType(Type element) {
  onnx::TypeProto type;
  type.mutable_tensor_type()->set_elem_type(dataTypeOf(element));
  return *onnx::Utils::DataTypeUtils::ToType(type);
}

/// Rules rely on inputs that an operator must have and on element types that it takes, and on tensors where it does not
/// speak of sequences.
static void checkInputs(Node &node, const onnx::OpSchema &schema) {
  bool takesSequences = StringRef(node.op).contains("Sequence") || StringRef(node.op).starts_with("Optional") ||
                        node.op == "Identity" || node.op == "Loop";
  llvm::StringMap<Type> bound; // of the schema's type variables
  size_t formal = 0;
  for (const auto &[i, input] : llvm::enumerate(node.inputs)) {
    bool isThere = input.isSequence || input.value();
    const onnx::OpSchema::FormalParameter *parameter =
        formal < schema.inputs().size() ? &schema.inputs()[formal] : nullptr;
    if (parameter && parameter->GetOption() != onnx::OpSchema::Optional && !isThere)
      (void)node.invalid("input " + Twine(i) + " is missing");
    if (input.isSequence && !takesSequences)
      (void)node.unsupported("input " + Twine(i) + " is a sequence");
    Type element = input.value() ? node.type(i).getElementType() : Type();
    if (parameter && element) {
      std::string type = schemaType(element);
      if (llvm::none_of(parameter->GetTypes(), [&](const std::string *allowed) {
            return *allowed == type || *allowed == "optional(" + type + ")"; // which is there
          }))
        (void)node.invalid("input " + Twine(i) + " is a " + type + ", which the operator does not take");
      bool isAlike = parameter->GetOption() != onnx::OpSchema::Variadic || parameter->GetIsHomogeneous();
      auto [variable, isFirst] = bound.try_emplace(parameter->GetTypeStr(), element);
      if (isAlike && !isFirst && variable->second != element)
        (void)node.invalid("input " + Twine(i) + " is a " + type + ", another of the same type is a " +
                           schemaType(variable->second));
    }
    formal += formal + 1 < schema.inputs().size();
  }
  if (node.inputs.size() < size_t(schema.min_input()))
    (void)node.invalid("has " + Twine(node.inputs.size()) + " inputs, want " + Twine(schema.min_input()));
}

llvm::Error GraphImporter::importConstant(const onnx::NodeProto &proto, Scope &scope, Node &node) {
  for (const onnx::AttributeProto &attribute : proto.attribute()) {
    const onnx::AttributeProto *meant = &attribute;
    if (auto given = scope.attributes.find(attribute.ref_attr_name()); given != scope.attributes.end())
      meant = given->second;
    bool isSparse = meant->type() == onnx::AttributeProto::SPARSE_TENSOR;
    if (isSparse || meant->type() == onnx::AttributeProto::TENSOR) {
      MLIRContext *context = builder.getContext();
      StringRef reason = unsupportedElements(context, isSparse ? meant->sparse_tensor().values() : meant->t());
      if (!reason.empty()) {
        (void)node.unsupported(reason);
        return llvm::Error::success();
      }
      auto value = constant(isSparse ? tensorData(context, model, meant->sparse_tensor())
                                     : tensorData(context, model, meant->t()),
                            scope.prefix + proto.output(0), /*isParameter=*/false);
      if (!value)
        return value.takeError();
      node.outputs = {*value};
      return llvm::Error::success();
    }
  }
  (void)onnx_import::importNode(node);
  return llvm::Error::success();
}

llvm::Error GraphImporter::importNode(const onnx::NodeProto &proto, Scope &scope) {
  std::string domain = normalizedDomain(proto.domain());
  int64_t opset = opsetOf(scope, domain);
  std::string name = scope.prefix + (proto.name().empty() && proto.output_size() ? proto.output(0) : proto.name());
  std::string kind = (domain.empty() ? "" : domain + ".") + proto.op_type() + "-" + std::to_string(opset);
  Node node(builder, NameLoc::get(builder.getStringAttr(name), NameLoc::get(builder.getStringAttr(kind))));
  node.op = proto.op_type();
  node.domain = domain;
  node.outputNames.assign(proto.output().begin(), proto.output().end());

  bool isBehindUnsupported = false;
  for (const std::string &input : proto.input()) {
    const Bound *bound = input.empty() ? nullptr : lookup(&scope, input);
    if (!input.empty() && !bound) {
      if (!isUnknown(&scope, input))
        return fault("node '" + name + "' (" + kind + "): nothing computes its input '" + input + "'");
      isBehindUnsupported = true;
    }
    node.inputs.push_back(bound ? *bound : Bound());
  }

  auto function = functions.find(functionKey(domain, proto.op_type(), proto.overload()));
  const onnx::OpSchema *schema = onnx::OpSchemaRegistry::Schema(proto.op_type(), int(opset), domain);
  if (function == functions.end() && !schema) {
    report(node, scope, "there is no such operator");
    bindOutputs(proto, node, /*isDone=*/false, scope);
    return llvm::Error::success();
  }
  if (isBehindUnsupported) {
    // Its inputs are missing, so all that can be told is whether there is a way to import it at all.
    if (function == functions.end() && !isKnown(domain, node.op) && node.op != "Constant" && !schema->HasFunction() &&
        !schema->HasContextDependentFunction())
      report(node, scope, "the operator is not supported");
    bindOutputs(proto, node, /*isDone=*/false, scope);
    return llvm::Error::success();
  }

  if (schema)
    checkInputs(node, *schema);

  onnx::FunctionProto body;
  llvm::Error error = llvm::Error::success();
  size_t before = unsupported.size();
  if (function != functions.end()) {
    error = inlineFunction(*function->second, proto, nullptr, scope, node);
  } else {
    node.version = schema->since_version();
    llvm::Error wrong = convertAttributes(proto, scope, node);
    if (wrong)
      return wrong;
    node.inlineGraph = [&](StringRef attribute, ArrayRef<Bound> inputs) -> FailureOr<SmallVector<Bound>> {
      for (const onnx::AttributeProto &each : proto.attribute()) {
        if (attribute != each.name() || each.type() != onnx::AttributeProto::GRAPH)
          continue;
        Scope inner;
        inner.parent = &scope;
        inner.opsets = scope.opsets;
        inner.attributes = scope.attributes;
        inner.prefix = name + "/";
        inner.depth = scope.depth + 1;
        for (auto [formal, actual] : llvm::zip(each.g().input(), inputs))
          inner.values[formal.name()] = actual;
        if (llvm::Error failed = importGraph(each.g(), inner)) {
          bool isLimit = failed.isA<LimitExceeded>();
          std::string why = llvm::toString(std::move(failed));
          return isLimit ? node.limit(why) : node.invalid(why);
        }
        SmallVector<Bound> results;
        for (const onnx::ValueInfoProto &output : each.g().output()) {
          const Bound *bound = lookup(&inner, output.name());
          if (!bound)
            return failure();
          results.push_back(*bound);
        }
        return results;
      }
      (void)node.invalid("the graph '" + Twine(attribute) + "' is missing");
      return failure();
    };
    node.forgetReports = [&] { unsupported.erase(unsupported.begin() + before, unsupported.end()); };
    node.named = [&](StringRef given) {
      const Bound *bound = lookup(&scope, given);
      return bound ? *bound : Bound();
    };
    if (node.fault != Fault::None || failed(upgrade(node))) {
    } else if (node.op == "Constant" && domain.empty()) {
      error = importConstant(proto, scope, node);
    } else if (isKnown(domain, node.op)) {
      (void)onnx_import::importNode(node);
    } else {
      (void)node.asFunction("the operator is not supported");
    }
    if (node.fault == Fault::Deferred) {
      node.fault = Fault::None;
      if (functionBody(*schema, proto, scope, node, body))
        error = inlineFunction(body, proto, schema, scope, node);
      else
        (void)node.unsupported(std::string(std::move(node.reason)));
    }
  }
  if (error)
    return error;
  if (node.fault == Fault::Invalid)
    return fault("node '" + name + "' (" + kind + "): " + node.reason);
  if (node.fault == Fault::Limit)
    return llvm::make_error<LimitExceeded>("node '" + name + "' (" + kind + "): " + node.reason);
  if (node.fault == Fault::Unsupported)
    report(node, scope, node.reason);
  bindOutputs(proto, node, node.fault == Fault::None && unsupported.size() == before, scope);
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

bool GraphImporter::functionBody(const onnx::OpSchema &schema, const onnx::NodeProto &proto, const Scope &scope,
                                 const Node &node, onnx::FunctionProto &body) {
  int opset = int(opsetOf(scope, node.domain));
  if (schema.HasFunction()) {
    const onnx::FunctionProto *function = schema.GetFunction(opset);
    if (function)
      body = *function;
    return function;
  }
  if (!schema.HasContextDependentFunction())
    return false;
  std::vector<onnx::TypeProto> types;
  for (const Bound &input : node.inputs) {
    onnx::TypeProto &type = types.emplace_back();
    if (!input.value())
      continue;
    auto tensor = cast<RankedTensorType>(input.value().getType());
    type.mutable_tensor_type()->set_elem_type(dataTypeOf(tensor.getElementType()));
    auto *shape = type.mutable_tensor_type()->mutable_shape();
    for (int64_t size : tensor.getShape()) {
      auto *dim = shape->add_dim();
      if (!ShapedType::isDynamic(size))
        dim->set_dim_value(size);
    }
  }
  onnx::FunctionBodyBuildContextImpl context(proto, types);
  return schema.BuildContextDependentFunction(context, body, opset);
}

llvm::Error GraphImporter::inlineFunction(const onnx::FunctionProto &function, const onnx::NodeProto &call,
                                          const onnx::OpSchema *schema, Scope &scope, Node &node) {
  Scope inner;
  inner.depth = scope.depth + 1;
  inner.prefix = (nodeName(node) + "/").str();
  inner.opsets = scope.opsets;
  for (const onnx::OperatorSetIdProto &opset : function.opset_import())
    inner.opsets[normalizedDomain(opset.domain())] = opset.version();
  // Defaults first; what the call says replaces them.
  if (schema)
    for (const auto &[name, attribute] : schema->attributes())
      if (attribute.default_value.type() != onnx::AttributeProto::UNDEFINED)
        inner.attributes[name] = &attribute.default_value;
  for (const onnx::AttributeProto &attribute : function.attribute_proto())
    inner.attributes[attribute.name()] = &attribute;
  for (const onnx::AttributeProto &attribute : call.attribute()) {
    if (attribute.ref_attr_name().empty())
      inner.attributes[attribute.name()] = &attribute;
    else if (auto given = scope.attributes.find(attribute.ref_attr_name()); given != scope.attributes.end())
      inner.attributes[attribute.name()] = given->second;
  }
  if (node.inputs.size() > size_t(function.input_size()))
    return fault("node '" + nodeName(node) + "' passes too many inputs to the function '" + function.name() + "'");
  for (const auto &[i, formal] : llvm::enumerate(function.input()))
    inner.values[formal] = i < node.inputs.size() ? node.inputs[i] : Bound();
  if (llvm::Error error = importNodes(function.node(), inner))
    return error;
  for (unsigned i = 0, e = node.outputNames.size(); i < e; ++i) {
    const Bound *bound = i < unsigned(function.output_size()) ? lookup(&inner, function.output(i)) : nullptr;
    if (!bound && node.wants(i) && !(i < unsigned(function.output_size()) && isUnknown(&inner, function.output(i))))
      return fault("node '" + nodeName(node) + "': the function '" + function.name() + "' computes no output " +
                   Twine(i));
    node.outputs.push_back(bound ? *bound : Bound());
  }
  return llvm::Error::success();
}

} // namespace ingot::onnx_import
