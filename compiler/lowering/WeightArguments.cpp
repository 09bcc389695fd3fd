//===- WeightArguments.cpp - Weights as arguments of the function ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "dialects/ingot/Dialect.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"

namespace ingot {
#define GEN_PASS_DEF_WEIGHTARGUMENTS
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

/// The bytes of a constant as its buffer holds them.
std::vector<char> storedBytes(DenseElementsAttr value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.getElementType().isInteger(1) && !value.isSplat())
    return std::vector<char>(value.getRawData().begin(), value.getRawData().end());
  std::vector<char> bytes;
  if (type.getElementType().isInteger(1)) {
    for (bool flag : value.getValues<bool>())
      bytes.push_back(flag);
    return bytes;
  }
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    bytes.insert(bytes.end(), value.getRawData().begin(), value.getRawData().end());
  return bytes;
}

struct WeightArguments : ingot::impl::WeightArgumentsBase<WeightArguments> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    WeightStore &store = module.getContext()->getLoadedDialect<IngotDialect>()->getWeights();
    SymbolTable symbols(module);
    for (auto func : module.getOps<func::FuncOp>()) {
      if (func.isPrivate() || func.isExternal())
        continue;
      // The types that a caller knows, before they become those of buffers.
      for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
        func.setArgAttr(i, "ingot.type", TypeAttr::get(type));
      for (auto [i, type] : llvm::enumerate(func.getResultTypes()))
        func.setResultAttr(i, "ingot.type", TypeAttr::get(type));
      llvm::MapVector<StringAttr, SmallVector<Operation *>> reads;
      func.walk([&](Operation *op) {
        if (auto read = dyn_cast<ReadWeightOp>(op)) {
          reads[read.getWeightAttr().getAttr()].push_back(read);
          return;
        }
        DenseElementsAttr value;
        if (op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType()) || !matchPattern(op, m_Constant(&value)))
          return;
        // A constant would become a global of the module, and globals are what weights are there to avoid.
        auto b = ImplicitLocOpBuilder::atBlockBegin(op->getLoc(), module.getBody());
        auto weight = WeightOp::create(b, "constant", cast<RankedTensorType>(value.getType()), store.add(storedBytes(value)));
        reads[symbols.insert(weight)].push_back(op);
      });
      for (auto &[name, ops] : reads) {
        auto attribute = DictionaryAttr::get(
            &getContext(), NamedAttribute(StringAttr::get(&getContext(), "ingot.weight"), FlatSymbolRefAttr::get(name)));
        unsigned index = func.getNumArguments();
        if (failed(func.insertArgument(index, ops.front()->getResult(0).getType(), attribute, ops.front()->getLoc())))
          return signalPassFailure();
        for (Operation *op : ops) {
          op->getResult(0).replaceAllUsesWith(func.getArgument(index));
          op->erase();
        }
      }
      // What a caller passes, and what is part of the program, is read only: an op that works in place gets a copy.
      for (unsigned i = 0; i < func.getNumArguments(); ++i)
        func.setArgAttr(i, "bufferization.writable", BoolAttr::get(&getContext(), false));
    }
  }
};

} // namespace
