//===- Table.cpp - From an ONNX operator to ops ---------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;

namespace ingot::onnx_import {

/// An op that imports one to one.
struct Row {
  StringRef op;
  unsigned operands;    ///< that the op declares
  bool leavesOut;       ///< any of its optional operands may be missing, not just the last ones
};

/// The ops that import one to one, by "domain.operator".
static const llvm::StringMap<Row> &rows() {
  static const llvm::StringMap<Row> table = [] {
    llvm::StringMap<Row> map;
#define INGOT_ONNX_OP(domain, name, since, Class, operands) \
  map[domain "." name] = {Class::getOperationName(), operands, Class::hasTrait<OpTrait::AttrSizedOperandSegments>()};
#include "dialects/ingot/OnnxOps.inc"
#undef INGOT_ONNX_OP
    return map;
  }();
  return table;
}

/// The rules, by the same key.
static const RuleMap &rules() {
  static const RuleMap table = [] {
    RuleMap map;
    addContractRules(map);
    addControlRules(map);
    addEinsumRules(map);
    addElementRules(map);
    addFeatureRules(map);
    addMovementRules(map);
    addNormalizeRules(map);
    addQuantizeRules(map);
    addReduceRules(map);
    addResizeRules(map);
    addSampleRules(map);
    addSelectRules(map);
    addSequenceRules(map);
    addShapeRules(map);
    addSignalRules(map);
    addTrainingRules(map);
    addWindowRules(map);
    return map;
  }();
  return table;
}

static std::string keyOf(StringRef domain, StringRef op) { return (domain + "." + op).str(); }

bool isKnown(StringRef domain, StringRef op) {
  std::string key = keyOf(domain, op);
  return rules().contains(key) || rows().contains(key);
}

LogicalResult importNode(Node &node) {
  std::string key = keyOf(node.domain, node.op);
  if (auto rule = rules().find(key); rule != rules().end())
    return rule->second(node);
  SmallVector<Value> operands, results;
  while (!node.inputs.empty() && !node.inputs.back().isSequence && !node.inputs.back().value())
    node.inputs.pop_back();
  const Row &row = rows().find(key)->second;
  SmallVector<int32_t> present(std::max<size_t>(row.operands, node.inputs.size()), 0);
  for (const auto &[i, input] : llvm::enumerate(node.inputs)) {
    present[i] = bool(input.value());
    if (present[i])
      operands.push_back(input.value());
    else if (input.isSequence || !row.leavesOut)
      return node.unsupported("input " + Twine(i) + " must be a tensor");
  }
  if (row.leavesOut)
    node.attributes.set("operandSegmentSizes", node.b.getDenseI32ArrayAttr(present));
  StringRef name = row.op;
  name.consume_front("ingot.");
  node.build(name, operands, node.attributes.getAttrs(), &results);
  return node.results(results);
}

} // namespace ingot::onnx_import
