//===- OpenContractions.cpp - Contractions that no kernel can do ----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/OpenContractions.h"
#include "dialects/ingot/Ops.h"

using namespace mlir;

namespace ingot {

LogicalResult markOpenContractions(ArrayRef<ModuleOp> samples) {
  SmallVector<SmallVector<ContractionOpInterface>> all;
  for (ModuleOp sample : samples)
    sample->walk([&, &list = all.emplace_back()](ContractionOpInterface op) { list.push_back(op); });
  for (auto &list : all)
    if (list.size() != all[0].size())
      return samples.front()->emitError("the number of contractions depends on open dimensions");
  for (size_t i = 0; i < all[0].size(); ++i) {
    auto numbers = llvm::map_to_vector(all, [&](auto &list) {
      std::optional<Contraction> contraction = list[i].getContraction();
      return contraction ? std::pair(contraction->channels, contraction->columns) : std::pair<int64_t, int64_t>(-1, -1);
    });
    if (!llvm::all_equal(numbers))
      for (auto &list : all)
        list[i]->setAttr("ingot.open_contraction", UnitAttr::get(list[i]->getContext()));
  }
  return success();
}

} // namespace ingot
