//===- Metadata.cpp - The description of a compiled model -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Metadata.h"
#include "compiler/emit/Names.h"
#include "dialects/ingot/Dialect.h"
#include "runtime/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"

using namespace llvm;

namespace ingot {

uint32_t dtypeOf(mlir::Type type) {
  if (auto integer = dyn_cast<mlir::IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return INGOT_BOOL;
    case 2:
      return isUnsigned ? INGOT_U2 : INGOT_I2;
    case 4:
      return isUnsigned ? INGOT_U4 : INGOT_I4;
    case 8:
      return isUnsigned ? INGOT_U8 : INGOT_I8;
    case 16:
      return isUnsigned ? INGOT_U16 : INGOT_I16;
    case 32:
      return isUnsigned ? INGOT_U32 : INGOT_I32;
    case 64:
      return isUnsigned ? INGOT_U64 : INGOT_I64;
    }
  }
  return TypeSwitch<mlir::Type, uint32_t>(type)
      .Case<mlir::Float32Type>([](auto) { return INGOT_F32; })
      .Case<mlir::Float64Type>([](auto) { return INGOT_F64; })
      .Case<mlir::Float16Type>([](auto) { return INGOT_F16; })
      .Case<mlir::BFloat16Type>([](auto) { return INGOT_BF16; })
      .Case<mlir::Float8E4M3FNType>([](auto) { return INGOT_F8E4M3FN; })
      .Case<mlir::Float8E4M3FNUZType>([](auto) { return INGOT_F8E4M3FNUZ; })
      .Case<mlir::Float8E5M2Type>([](auto) { return INGOT_F8E5M2; })
      .Case<mlir::Float4E2M1FNType>([](auto) { return INGOT_F4E2M1; })
      .Case<mlir::Float8E5M2FNUZType>([](auto) { return INGOT_F8E5M2FNUZ; })
      .Default([](auto) { return INGOT_UNDEFINED; });
}

std::string typeText(uint32_t dtype, ArrayRef<int64_t> dims, ArrayRef<std::string> dimNames) {
  std::vector<const char *> names(dims.size(), nullptr);
  for (auto [name, text] : zip(names, dimNames))
    name = text.empty() ? nullptr : text.c_str();
  runtime::Text text;
  runtime::appendType(text, dtype, dims.data(), dims.size(), names.data());
  return text.c_str();
}

static Expected<ValueInfo> readValue(mlir::DictionaryAttr attributes) {
  ValueInfo info;
  info.name = attributes.getAs<mlir::StringAttr>("name").str();
  auto type = cast<mlir::ShapedType>(attributes.getAs<mlir::TypeAttr>("type").getValue());
  info.dtype = dtypeOf(type.getElementType());
  if (info.dtype == INGOT_UNDEFINED)
    return createStringError("'" + info.name + "' has an element type that programs cannot exchange");
  uint64_t elements = 1;
  auto bounds = attributes.getAs<mlir::DenseI64ArrayAttr>("bounds");
  for (auto [i, size] : enumerate(type.getShape())) {
    bool open = mlir::ShapedType::isDynamic(size);
    info.dims.push_back(open ? -1 : size);
    elements *= !open ? size : bounds ? bounds[i] : 0;
  }
  unsigned bits = type.getElementType().isInteger(1) ? 8 : type.getElementTypeBitWidth();
  info.bytes = elements * divideCeil(bits, 8);
  if (auto names = attributes.getAs<mlir::ArrayAttr>("dims"))
    for (mlir::Attribute name : names)
      info.dimNames.push_back(cast<mlir::StringAttr>(name).str());
  info.dimNames.resize(info.dims.size());
  return info;
}

Expected<ModelInfo> readModelInfo(mlir::ModuleOp module) {
  ModelInfo info;
  info.name = modelName(module);
  auto number = [&](StringRef name) -> uint64_t {
    auto attribute = module->getAttrOfType<mlir::IntegerAttr>(name);
    return attribute ? attribute.getInt() : 0;
  };
  info.arenaBytes = number("ingot.arena_bytes");
  info.weightBytes = number("ingot.weight_bytes");
  info.scratchBytes = number("ingot.scratch_bytes");
  for (auto [attribute, values] : {std::pair("ingot.inputs", &info.inputs), std::pair("ingot.outputs", &info.outputs)}) {
    auto list = module->getAttrOfType<mlir::ArrayAttr>(attribute);
    if (!list)
      return createStringError(Twine("the module has no attribute '") + attribute + "'");
    for (mlir::Attribute value : list) {
      Expected<ValueInfo> read = readValue(cast<mlir::DictionaryAttr>(value));
      if (!read)
        return read.takeError();
      values->push_back(std::move(*read));
    }
  }
  if (auto dims = module->getAttrOfType<mlir::ArrayAttr>("ingot.open_dims"))
    for (auto dim : dims.getAsRange<mlir::DictionaryAttr>())
      info.dims.push_back({dim.getAs<mlir::StringAttr>("name").str(), dim.getAs<mlir::IntegerAttr>("low").getInt(),
                           dim.getAs<mlir::IntegerAttr>("high").getInt()});
  if (auto nodes = module->getAttrOfType<mlir::ArrayAttr>("ingot.nodes"))
    for (mlir::Attribute node : nodes)
      info.nodes.push_back(cast<mlir::StringAttr>(node).str());
  if (auto kernels = module->getAttrOfType<mlir::ArrayAttr>("ingot.kernels"))
    for (auto kernel : kernels.getAsRange<mlir::ArrayAttr>())
      info.kernels.push_back({cast<mlir::StringAttr>(kernel[0]).str(), cast<mlir::StringAttr>(kernel[1]).str()});
  if (auto layout = module->getAttrOfType<mlir::ArrayAttr>("ingot.weight_layout")) {
    const WeightStore &store = module.getContext()->getLoadedDialect<IngotDialect>()->getWeights();
    mlir::SymbolTable symbols(module);
    for (mlir::Attribute attribute : layout) {
      auto entry = cast<mlir::DictionaryAttr>(attribute);
      WeightPiece piece;
      piece.symbol = entry.getAs<mlir::FlatSymbolRefAttr>("symbol").getValue().str();
      piece.offset = entry.getAs<mlir::IntegerAttr>("offset").getInt();
      auto weight = symbols.lookup<WeightOp>(piece.symbol);
      if (!weight)
        return createStringError("the module has no weight @" + piece.symbol);
      piece.bytes = store.lookup(weight.getKey());
      uint64_t wanted = entry.getAs<mlir::IntegerAttr>("bytes").getInt();
      if (piece.bytes.size() != wanted)
        return createStringError("weight @" + piece.symbol + " has " + Twine(piece.bytes.size()) + " bytes, want " +
                                 Twine(wanted));
      info.weights.push_back(piece);
    }
  }
  return info;
}

namespace {

/// Builds constants that other constants point to.
class Constants {
public:
  explicit Constants(Module &module)
      : module(module), context(module.getContext()), pointer(PointerType::get(context, 0)),
        word(Type::getInt64Ty(context)), half(Type::getInt32Ty(context)) {}

  Constant *null() { return ConstantPointerNull::get(pointer); }
  Constant *u32(uint64_t value) { return ConstantInt::get(half, value); }
  Constant *u64(uint64_t value) { return ConstantInt::get(word, value); }
  Constant *text(StringRef value) { return place(ConstantDataArray::getString(context, value)); }
  Constant *pointers(ArrayRef<Constant *> values) {
    return values.empty() ? null() : place(ConstantArray::get(ArrayType::get(pointer, values.size()), values));
  }
  Constant *words(ArrayRef<int64_t> values) {
    if (values.empty())
      return null();
    return place(ConstantDataArray::get(context, ArrayRef<uint64_t>(reinterpret_cast<const uint64_t *>(values.data()),
                                                                    values.size())));
  }

  /// ingot_value_info
  Constant *valueInfo(const ValueInfo &info) {
    SmallVector<Constant *> names;
    for (const std::string &name : info.dimNames)
      names.push_back(name.empty() ? null() : text(name));
    bool named = any_of(info.dimNames, [](const std::string &name) { return !name.empty(); });
    return ConstantStruct::getAnon({text(info.name), u32(info.dtype), u32(info.dims.size()), words(info.dims),
                                    named ? pointers(names) : null(), u64(info.bytes)});
  }
  Constant *valueInfos(ArrayRef<ValueInfo> infos) {
    if (infos.empty())
      return null();
    SmallVector<Constant *> values;
    for (const ValueInfo &info : infos)
      values.push_back(valueInfo(info));
    return place(ConstantArray::get(ArrayType::get(values.front()->getType(), values.size()), values));
  }
  Constant *dimInfos(ArrayRef<DimInfo> dims) {
    SmallVector<Constant *> values;
    for (const DimInfo &dim : dims)
      values.push_back(ConstantStruct::getAnon({text(dim.name), u64(dim.low), u64(dim.high)}));
    if (values.empty())
      return null();
    return place(ConstantArray::get(ArrayType::get(values.front()->getType(), values.size()), values));
  }

private:
  Constant *place(Constant *value) {
    return new GlobalVariable(module, value->getType(), /*isConstant=*/true, GlobalValue::PrivateLinkage, value,
                              "ingot.info");
  }

  Module &module;
  LLVMContext &context;
  PointerType *pointer;
  Type *word, *half;
};

} // namespace

void emitModel(Module &code, const ModelInfo &info, const CpuTarget &target, StringRef symbol,
               StringRef weightsSymbol) {
  Constants c(code);
  Constant *weights = c.null();
  if (!weightsSymbol.empty() && info.weightBytes != 0) {
    auto *variable = new GlobalVariable(code, Type::getInt8Ty(code.getContext()), /*isConstant=*/true,
                                        GlobalValue::ExternalLinkage, nullptr, weightsSymbol);
    variable->setVisibility(GlobalValue::HiddenVisibility);
    weights = variable;
  }
  SmallVector<Constant *> nodes;
  for (const std::string &node : info.nodes)
    nodes.push_back(c.text(node));
  Constant *model = ConstantStruct::getAnon(
      {c.u32(INGOT_ABI_VERSION), c.u32(sizeof(ingot_model)), c.text(info.name), c.text(target.level),
       c.u64(target.cpuFeatures), c.u32(info.inputs.size()), c.u32(info.outputs.size()), c.valueInfos(info.inputs),
       c.valueInfos(info.outputs), c.u64(info.arenaBytes), c.u64(info.weightBytes), c.u64(info.scratchBytes), weights,
       c.u32(info.nodes.size()), c.pointers(nodes), c.u32(info.dims.size()), c.dimInfos(info.dims),
       code.getFunction("ingot_run_" + info.name)});
  auto *variable = new GlobalVariable(code, model->getType(), /*isConstant=*/true, GlobalValue::ExternalLinkage, model,
                                      symbol);
  variable->setAlignment(Align(8));
  // LLVM's structure must be what C makes of ingot_model.
  assert(code.getDataLayout().getTypeAllocSize(model->getType()) == sizeof(ingot_model));
}

} // namespace ingot
