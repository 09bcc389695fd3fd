//===- OutlineGroups.cpp - Makes each group a private function ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "dialects/ingot/Ops.h"
#include "mlir/IR/IRMapping.h"

namespace ingot {
#define GEN_PASS_DEF_OUTLINEGROUPS
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

struct OutlineGroups : ingot::impl::OutlineGroupsBase<OutlineGroups> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    for (auto func : llvm::to_vector(module.getOps<func::FuncOp>())) {
      SmallVector<GroupOp> groups;
      func.walk([&](GroupOp group) { groups.push_back(group); });
      for (GroupOp group : groups)
        outline(group, func.getName(), symbols);
      func.walk([](OpaqueOp op) { // calls are not merged
        op.replaceAllUsesWith(op.getX());
        op.erase();
      });
    }
  }

  void outline(GroupOp group, StringRef caller, SymbolTable &symbols) {
    ImplicitLocOpBuilder b(group.getLoc(), group);
    auto type = b.getFunctionType(group.getInputs().getTypes(), group.getResultTypes());
    auto callee = func::FuncOp::create(group.getLoc(), (caller + "_group").str(), type);
    callee.setPrivate();
    symbols.insert(callee); // makes the name unique
    callee.getBody().takeBody(group.getBody());
    auto yield = cast<YieldOp>(callee.getBody().front().getTerminator());
    OpBuilder end(yield);
    func::ReturnOp::create(end, yield.getLoc(), yield.getValues());
    yield.erase();
    auto call = func::CallOp::create(b, callee, group.getInputs());
    group.replaceAllUsesWith(call.getResults());
    group.erase();
  }
};

} // namespace
