//===- Profile.cpp - Tells when kernels run -------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_PROFILE
#include "compiler/Passes.h.inc"

namespace {

constexpr unsigned mostNodes = 3; // in the name of a kernel

/// The nodes that a kernel computes, as far as they are worth a line.
std::string nodesOf(Location loc) {
  llvm::SmallSetVector<StringAttr, 4> names;
  loc->walk([&](Location part) {
    if (auto name = dyn_cast<NameLoc>(part)) {
      names.insert(name.getName());
      return WalkResult::skip(); // what is in it says which op the node is
    }
    return WalkResult::advance();
  });
  ArrayRef<StringAttr> shown = names.getArrayRef().take_front(mostNodes);
  std::string text = llvm::join(llvm::map_range(shown, [](StringAttr name) { return name.getValue(); }), " + ");
  return names.size() > mostNodes ? text + " + " + std::to_string(names.size() - mostNodes) + " more" : text;
}

struct Profile : impl::ProfileBase<Profile> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main)
      return;
    OpBuilder b(module.getBodyRegion());
    Type word = b.getI64Type();
    LLVM::LLVMFuncOp::create(b, module.getLoc(), "ingot_profile",
                             LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()), word));
    SmallVector<Attribute> kernels;
    auto mark = [&](Location loc, int64_t kernel) {
      Value number = LLVM::ConstantOp::create(b, loc, word, b.getI64IntegerAttr(kernel));
      LLVM::CallOp::create(b, loc, TypeRange(), "ingot_profile", number);
    };
    main.walk([&](func::CallOp call) {
      b.setInsertionPoint(call);
      mark(call.getLoc(), kernels.size());
      b.setInsertionPointAfter(call);
      mark(call.getLoc(), -1);
      std::string nodes = nodesOf(call.getLoc());
      kernels.push_back(b.getStrArrayAttr({nodes.empty() ? call.getCallee() : StringRef(nodes), call.getCallee()}));
    });
    module->setAttr("ingot.kernels", b.getArrayAttr(kernels));
  }
};

} // namespace
} // namespace ingot
