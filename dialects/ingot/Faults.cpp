//===- Faults.cpp - Values that make a run fail ---------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Faults.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace ingot {

void faultIf(ImplicitLocOpBuilder &b, Value isFault) {
  auto name = b.getLoc()->findInstanceOf<NameLoc>();
  Value yes = arith::ConstantOp::create(b, b.getBoolAttr(true));
  cf::AssertOp::create(b, arith::XOrIOp::create(b, isFault, yes),
                       name ? name.getName() : b.getStringAttr("without a name"));
}

void faultWhere(ImplicitLocOpBuilder &b, ValueRange inputs, ArrayRef<AffineMap> maps, int64_t loops, Body isFault) {
  Type word = b.getI32Type();
  Value init = filledTensor(b, {}, arith::ConstantOp::create(b, b.getI32IntegerAttr(0)));
  SmallVector<AffineMap> allMaps(maps);
  allMaps.push_back(AffineMap::get(loops, 0, b.getContext()));
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      b, TypeRange{init.getType()}, inputs, ValueRange{init}, allMaps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value found = arith::ExtUIOp::create(inner, word, isFault(inner, args.drop_back()));
        linalg::YieldOp::create(inner, arith::OrIOp::create(inner, args.back(), found).getResult());
      });
  Value found = tensor::ExtractOp::create(b, generic.getResult(0), ValueRange());
  Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  faultIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ne, found, none));
}

} // namespace ingot
