//===- Node.cpp - One ONNX node as import rules see it --------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"
#include "dialects/ingot/Ops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ingot::onnx_import {

//===----------------------------------------------------------------------===//
// What the node says
//===----------------------------------------------------------------------===//

int64_t Node::integer(StringRef name, int64_t otherwise) const {
  auto attr = dyn_cast_or_null<IntegerAttr>(attributes.get(name));
  return attr ? attr.getInt() : otherwise;
}

double Node::number(StringRef name, double otherwise) const {
  auto attr = dyn_cast_or_null<FloatAttr>(attributes.get(name));
  return attr ? attr.getValueAsDouble() : double(float(otherwise)); // defaults are f32 too
}

std::string Node::text(StringRef name, StringRef otherwise) const {
  auto attr = dyn_cast_or_null<StringAttr>(attributes.get(name));
  return (attr ? attr.getValue() : otherwise).str();
}

std::optional<SmallVector<int64_t>> Node::integers(StringRef name) const {
  auto attr = dyn_cast_or_null<DenseI64ArrayAttr>(attributes.get(name));
  if (!attr)
    return std::nullopt;
  return SmallVector<int64_t>(attr.asArrayRef());
}

DenseElementsAttr Node::constant(Value value) {
  DenseElementsAttr elements;
  if (!value || matchPattern(value, m_Constant(&elements)))
    return elements;
  auto read = value.getDefiningOp<ReadWeightOp>();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!read || !type.hasStaticShape() || type.getNumElements() > 1024 || type.getElementType().isInteger(1))
    return {};
  auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(read, read.getWeightAttr());
  auto *dialect = value.getContext()->getLoadedDialect<IngotDialect>();
  bool splat = false;
  if (!weight || !DenseElementsAttr::isValidRawBuffer(type, dialect->getWeights().lookup(weight.getKey()), splat))
    return {};
  return DenseElementsAttr::getFromRawBuffer(type, dialect->getWeights().lookup(weight.getKey()));
}

DenseElementsAttr Node::need(Value value) {
  DenseElementsAttr elements = constant(value);
  if (elements || !value)
    return elements;
  SmallVector<Value> work{value};
  llvm::SmallPtrSet<Operation *, 16> seen;
  while (!work.empty()) {
    Value next = work.pop_back_val();
    Operation *op = next.getDefiningOp();
    if (auto argument = dyn_cast<BlockArgument>(next)) {
      // The block of a body that is being imported has no parent yet.
      Operation *parent = argument.getOwner()->getParentOp();
      if (parent && isa<FunctionOpInterface>(parent) && argument.getOwner()->isEntryBlock())
        wanted.push_back(argument.getArgNumber());
    } else if (seen.insert(op).second && !isa<ShapeOp, SizeOp>(op)) {
      llvm::append_range(work, op->getOperands());
    }
  }
  return {};
}

LogicalResult Node::constantIntegers(unsigned input, StringRef what, std::optional<SmallVector<int64_t>> &values) {
  values.reset();
  if (!has(input))
    return success();
  if (type(input).hasStaticShape() && type(input).getNumElements() == 0) {
    values.emplace(); // known without being a constant
    return success();
  }
  DenseElementsAttr elements = need(in(input));
  if (!elements)
    return unsupported("'" + what + "' is not known at compile time");
  auto element = dyn_cast<IntegerType>(elements.getElementType());
  if (!element || element.getWidth() > 64)
    return invalid("'" + what + "' holds no integers");
  values.emplace();
  for (const APInt &value : elements.getValues<APInt>())
    values->push_back(isUnsignedType(element) ? int64_t(value.getZExtValue()) : value.getSExtValue());
  return success();
}

FailureOr<SmallVector<int64_t>> Node::constantIntegers(unsigned input, StringRef what) {
  std::optional<SmallVector<int64_t>> values;
  if (failed(constantIntegers(input, what, values)))
    return failure();
  if (!values)
    return invalid("'" + what + "' is missing");
  return *values;
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

namespace {
/// Catches what inference and verification have to say.
struct Listener : ScopedDiagnosticHandler {
  Listener(MLIRContext *context)
      : ScopedDiagnosticHandler(context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error && text.empty())
            text = diagnostic.str();
          return success();
        }) {}
  std::string text;
};

/// The properties of an op before there is an op.
struct Properties {
  Properties(RegisteredOperationName name) : name(name), storage(std::max(1, name.getOpPropertyByteSize())) {
    name.initOpProperties(get(), nullptr);
  }
  ~Properties() { name.destroyOpProperties(get()); }
  Properties(const Properties &) = delete;
  OpaqueProperties get() { return OpaqueProperties(storage.data()); }

  RegisteredOperationName name;
  std::vector<std::max_align_t> storage; // more than enough room, and aligned
};
} // namespace

/// No tensor may be larger: sizes in bytes stay far from overflow.
static constexpr uint64_t elementLimit = uint64_t(1) << 44;

static bool isReasonable(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  uint64_t total = 1;
  bool overflow = false;
  for (int64_t size : tensor ? tensor.getShape() : ArrayRef<int64_t>())
    if (!ShapedType::isDynamic(size) && size != 0) {
      total = llvm::SaturatingMultiply<uint64_t>(total, size, &overflow);
      if (overflow || total > elementLimit)
        return false;
    }
  return true;
}

Value Node::build(StringRef opName, ValueRange operands, ArrayRef<NamedAttribute> attrs,
                  SmallVectorImpl<Value> *results) {
  if (results)
    results->clear();
  if (llvm::is_contained(operands, Value()) || fault != Fault::None)
    return {};
  MLIRContext *context = b.getContext();
  std::string fullName = ("ingot." + opName).str();
  auto name = RegisteredOperationName::lookup(fullName, context);
  if (!name) {
    (void)unsupported("there is no '" + Twine(fullName) + "'");
    return {};
  }

  Listener listener(context);
  auto complain = [&] { return mlir::emitError(loc); };
  NamedAttrList converted;
  for (NamedAttribute attr : attrs) {
    if (!llvm::is_contained(name->getAttributeNames(), attr.getName())) {
      (void)unsupported("attribute '" + Twine(attr.getName().strref()) + "' is not supported");
      return {};
    }
    NamedAttrList alone(attr);
    auto number = dyn_cast<IntegerAttr>(attr.getValue());
    if (number && failed(name->verifyInherentAttrs(alone, complain)))
      attr.setValue(b.getBoolAttr(number.getInt() != 0)); // ONNX has no truth values as attributes
    converted.push_back(attr);
  }

  listener.text.clear();
  OperationState state(loc, *name);
  state.addOperands(operands);
  state.addAttributes(converted.getAttrs());
  {
    Properties properties(*name);
    DictionaryAttr dictionary = converted.getDictionary(context);
    auto *inference = name->getInterface<InferTypeOpInterface>();
    bool fits = inference && succeeded(name->verifyInherentAttrs(converted, complain));
    if (fits && !converted.empty())
      fits = succeeded(name->setOpPropertiesFromAttribute(*name, properties.get(), dictionary, complain));
    if (!fits) {
      (void)unsupported(listener.text);
      return {};
    }
    if (!name->getAttributeNames().empty())
      name->populateDefaultProperties(properties.get());
    if (failed(inference->inferReturnTypes(context, loc, operands, dictionary, properties.get(), state.regions,
                                           state.types))) {
      (void)invalid(listener.text.empty() ? Twine("the operands do not fit together") : Twine(listener.text));
      return {};
    }
  }
  if (!llvm::all_of(state.types, isReasonable)) {
    (void)limit("a result has more than " + Twine(elementLimit) + " elements");
    return {};
  }

  Operation *made = b.create(state);
  if (failed(name->verifyInvariants(made))) {
    StringRef message = listener.text;
    message.consume_front(("'" + fullName + "' op ").c_str());
    (void)unsupported(message);
    made->erase();
    return {};
  }
  SmallVector<Value> values;
  if (succeeded(b.tryFold(made, values)) && !values.empty())
    made->erase();
  else
    values.assign(made->result_begin(), made->result_end());
  if (results)
    results->assign(values);
  return values.front();
}

Value Node::constant(TypedAttr elements) { return arith::ConstantOp::create(b, loc, elements); }

Value Node::integersConstant(ArrayRef<int64_t> values) {
  return constant(DenseElementsAttr::get(RankedTensorType::get({int64_t(values.size())}, b.getI64Type()), values));
}

Value Node::scalar(double value, Type element) {
  auto type = RankedTensorType::get({}, element);
  Attribute number;
  if (auto floating = dyn_cast<FloatType>(element))
    number = FloatAttr::get(floating, value);
  else
    number = IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(), int64_t(value), /*isSigned=*/true,
                                             /*implicitTrunc=*/true));
  return constant(DenseElementsAttr::get(type, number));
}

Value Node::reshape(Value x, ArrayRef<int64_t> shape) { return build("reshape", x, attr("shape", shape)); }

Value Node::transpose(Value x, ArrayRef<int64_t> perm) {
  if (llvm::equal(perm, llvm::seq<int64_t>(0, perm.size())))
    return x;
  return build("transpose", x, attr("perm", perm));
}

Value Node::cast(Value x, Type element) {
  if (!x || typeOf(x).getElementType() == element)
    return x;
  return build("cast", x, attr("to", element));
}

Value Node::slice(Value x, int64_t axis, int64_t start, int64_t end) {
  return build("slice", x,
               {attr("starts", ArrayRef(start)), attr("ends", ArrayRef(end)), attr("axes", ArrayRef(axis)),
                attr("steps", ArrayRef<int64_t>(1))});
}

LogicalResult Node::results(ArrayRef<Value> values) {
  if (fault != Fault::None)
    return failure();
  for (unsigned i = 0, e = outputNames.size(); i < e; ++i) {
    Value value = i < values.size() ? values[i] : Value();
    if (wants(i) && !value)
      return unsupported("output " + Twine(i) + " is not supported");
    outputs.push_back(value);
  }
  return success();
}

} // namespace ingot::onnx_import
