//===- Permute.cpp - Ops on operands whose dimensions are in another order ===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Dialect.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Support.h"

using namespace mlir;

namespace ingot {

Operation *cloneWithOperands(ImplicitLocOpBuilder &b, Operation *op, ValueRange operands, ArrayRef<NamedAttribute> changed) {
  Operation *clone = op->cloneWithoutRegions();
  clone->setOperands(operands);
  for (NamedAttribute attribute : changed)
    clone->setAttr(attribute.getName(), attribute.getValue());
  SmallVector<Type> types;
  if (failed(cast<InferTypeOpInterface>(clone).inferReturnTypes(b.getContext(), b.getLoc(), operands,
                                                               clone->getAttrDictionary(), clone->getPropertiesStorage(),
                                                               clone->getRegions(), types)))
    llvm_unreachable("an op that was valid stays so with its dimensions in another order");
  for (auto [result, type] : llvm::zip_equal(clone->getResults(), types))
    result.setType(type);
  b.insert(clone);
  return clone;
}

Value buildTransposedByAttributes(ImplicitLocOpBuilder &b, Operation *op, ValueRange sources, ArrayRef<int64_t> perm,
                                  SmallVectorImpl<int64_t> &resultPerm) {
  int64_t rank = perm.size();
  auto mapped = [&](int64_t axis) { return perm[axis < 0 ? axis + rank : axis]; };
  SmallVector<NamedAttribute> changed;
  SmallVector<int64_t> axes;
  for (NamedAttribute attribute : op->getAttrDictionary()) {
    if (attribute.getName() == "axis") {
      axes = {mapped(cast<IntegerAttr>(attribute.getValue()).getInt())};
      changed.push_back(b.getNamedAttr("axis", b.getI64IntegerAttr(axes.front())));
      continue;
    }
    auto list = dyn_cast<DenseI64ArrayAttr>(attribute.getValue());
    if (!list)
      continue;
    SmallVector<int64_t> numbers(list.asArrayRef());
    if (attribute.getName() == "axes") {
      for (int64_t &axis : numbers)
        axis = mapped(axis);
      axes = numbers;
    } else if (op->getAttr("axes")) {
      continue; // one number for each axis named
    } else if (int64_t(numbers.size()) == rank) {
      for (int64_t i = 0; i < rank; ++i)
        numbers[perm[i]] = list[i];
    }
    changed.push_back(b.getNamedAttr(attribute.getName(), b.getDenseI64ArrayAttr(numbers)));
  }
  Operation *clone = cloneWithOperands(b, op, sources, changed);
  int64_t resultRank = cast<RankedTensorType>(clone->getResult(0).getType()).getRank();
  resultPerm.clear();
  for (int64_t dim : perm) {
    if (resultRank != rank && llvm::is_contained(axes, dim))
      continue; // the op drops it
    // Dropped dimensions before this one do not count.
    int64_t before = resultRank == rank ? 0 : llvm::count_if(axes, [&](int64_t axis) { return axis < dim; });
    resultPerm.push_back(dim - before);
  }
  return clone->getResult(0);
}

} // namespace ingot
