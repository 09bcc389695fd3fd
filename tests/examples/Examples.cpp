//===- Examples.cpp - The examples of the op records as modules -----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/examples/Examples.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <cstring>

using namespace mlir;

namespace ingot::tests {

static unsigned byteWidth(Type element) { return std::max(8u, element.getIntOrFloatBitWidth()) / 8; }

Bytes bytesOf(DenseElementsAttr value) {
  Type element = value.getElementType();
  unsigned width = byteWidth(value.getElementType());
  Bytes bytes(value.getNumElements() * width);
  auto store = [&](size_t index, const APInt &bits) {
    uint64_t word = bits.getZExtValue();
    std::memcpy(bytes.data() + index * width, &word, width);
  };
  if (isa<FloatType>(value.getElementType())) {
    for (auto [index, number] : llvm::enumerate(value.getValues<APFloat>()))
      store(index, number.bitcastToAPInt());
  } else {
    for (auto [index, number] : llvm::enumerate(value.getValues<APInt>()))
      store(index, element.isUnsignedInteger() || element.isInteger(1) ? number.zextOrTrunc(8 * width)
                                                                       : number.sextOrTrunc(8 * width));
  }
  return bytes;
}

static std::vector<DenseElementsAttr> valuesOf(func::FuncOp function, StringRef name) {
  std::vector<DenseElementsAttr> values;
  if (auto list = function->getAttrOfType<ArrayAttr>(name))
    for (Attribute value : list)
      values.push_back(cast<DenseElementsAttr>(value));
  return values;
}

std::vector<Example> examplesOf(ModuleOp module) {
  std::vector<Example> examples;
  for (auto function : module.getOps<func::FuncOp>())
    examples.push_back({function, valuesOf(function, "ingot.inputs"), valuesOf(function, "ingot.outputs")});
  return examples;
}

static Type erase(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(SmallVector<int64_t>(tensor.getRank(), ShapedType::kDynamic), tensor.getElementType());
}

static Value castTo(OpBuilder &builder, Location loc, Type type, Value value) {
  return value.getType() == type ? value : tensor::CastOp::create(builder, loc, type, value).getResult();
}

/// Clones an op onto operands of which the first `erased` have unknown sizes; false when it cannot infer its types so.
static bool cloneErased(OpBuilder &builder, Operation &old, const IRMapping &mapping, unsigned erased, Operation *&result) {
  IRMapping operands = mapping;
  for (auto [i, operand] : llvm::enumerate(old.getOperands())) {
    Type type = i < erased ? erase(operand.getType()) : operand.getType();
    operands.map(operand, castTo(builder, old.getLoc(), type, mapping.lookup(operand)));
  }
  result = builder.clone(old, operands);
  auto inference = dyn_cast<InferTypeOpInterface>(result);
  SmallVector<Type> types;
  if (!inference)
    return true;
  if (failed(inference.inferReturnTypes(result->getContext(), result->getLoc(), result->getOperands(),
                                        result->getDiscardableAttrDictionary(), result->getPropertiesStorage(),
                                        result->getRegions(), types)))
    return false;
  for (auto [value, type] : llvm::zip(result->getResults(), types))
    value.setType(type);
  return true;
}

/// Clones the body of an example behind `arguments` and returns its results, with the types that it states.
static SmallVector<Value> cloneBody(OpBuilder &builder, func::FuncOp function, ValueRange arguments, bool erased) {
  IRMapping mapping;
  mapping.map(function.getArguments(), arguments);
  Block &body = function.getBody().front();
  for (Operation &old : body.without_terminator()) {
    Operation *op = nullptr;
    {
      // The first try may be refused with an error, which is then nobody's.
      ScopedDiagnosticHandler quiet(builder.getContext(), [](Diagnostic &) { return success(); });
      if (erased && !cloneErased(builder, old, mapping, old.getNumOperands(), op)) {
        op->erase();
        op = nullptr;
      }
    }
    if (!op)
      cloneErased(builder, old, mapping, erased ? 1 : 0, op);
    op->setLoc(NameLoc::get(builder.getStringAttr(function.getName())));
    mapping.map(old.getResults(), op->getResults());
  }
  SmallVector<Value> results;
  for (auto [value, type] : llvm::zip(body.getTerminator()->getOperands(), function.getResultTypes()))
    results.push_back(castTo(builder, function.getLoc(), type, mapping.lookup(value)));
  return results;
}

std::string inputName(unsigned index) { return llvm::formatv("x{0}", index); }
std::string outputName(unsigned index) { return llvm::formatv("y{0}", index); }

OwningOpRef<ModuleOp> joinedModule(ArrayRef<Example> examples, bool erased, bool open) {
  MLIRContext *context = examples.front().function.getContext();
  OpBuilder builder(context);
  Location loc = NameLoc::get(builder.getStringAttr("examples"));
  OwningOpRef<ModuleOp> result(ModuleOp::create(loc));
  SmallVector<Type> ins, outs;
  for (const Example &example : examples) {
    llvm::append_range(ins, example.function.getArgumentTypes());
    llvm::append_range(outs, example.function.getResultTypes());
  }
  if (open)
    llvm::transform(ins, ins.begin(), erase);
  builder.setInsertionPointToEnd(result->getBody());
  auto main = func::FuncOp::create(builder, loc, "main", builder.getFunctionType(ins, outs));
  for (unsigned i = 0; i < ins.size(); ++i)
    main.setArgAttr(i, "ingot.name", builder.getStringAttr(inputName(i)));
  for (unsigned i = 0; i < outs.size(); ++i)
    main.setResultAttr(i, "ingot.name", builder.getStringAttr(outputName(i)));

  Block *body = main.addEntryBlock();
  builder.setInsertionPointToStart(body);
  SmallVector<Value> results;
  ValueRange rest = body->getArguments();
  for (const Example &example : examples) {
    unsigned count = example.inputs.size();
    llvm::append_range(results, cloneBody(builder, example.function, rest.take_front(count), erased));
    rest = rest.drop_front(count);
  }
  func::ReturnOp::create(builder, loc, results);
  return result;
}

OwningOpRef<ModuleOp> Example::module(bool erased) const { return joinedModule(*this, erased); }
OwningOpRef<ModuleOp> Example::openModule() const { return joinedModule(*this, /*erased=*/true, /*open=*/true); }

static double tolerance(FloatType type) {
  switch (type.getFPMantissaWidth()) {
  case 53:
    return 1e-9;
  case 24:
    return 1e-5;
  case 11:
    return 2e-3;
  default:
    return 2e-2;
  }
}

std::string difference(DenseElementsAttr want, const Bytes &got) {
  Bytes bytes = bytesOf(want);
  if (got.size() != bytes.size())
    return llvm::formatv("got {0} bytes, want {1}", got.size(), bytes.size());
  Type element = want.getElementType();
  unsigned width = byteWidth(element);
  for (size_t index = 0, count = want.getNumElements(); index < count; ++index) {
    uint64_t gotWord = 0, wantWord = 0;
    std::memcpy(&gotWord, got.data() + index * width, width);
    std::memcpy(&wantWord, bytes.data() + index * width, width);
    auto type = dyn_cast<FloatType>(element);
    if (!type) {
      if (gotWord != wantWord)
        return llvm::formatv("element {0}: got {1}, want {2}", index, int64_t(gotWord), int64_t(wantWord));
      continue;
    }
    auto number = [&](uint64_t word) {
      APFloat value(type.getFloatSemantics(), APInt(8 * width, word));
      bool losesInfo;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
      return value.convertToDouble();
    };
    double a = number(gotWord), b = number(wantWord), allowed = tolerance(type);
    bool same = a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= allowed * (1 + std::abs(b));
    if (!same)
      return llvm::formatv("element {0}: got {1}, want {2}", index, a, b);
  }
  return "";
}

} // namespace ingot::tests
