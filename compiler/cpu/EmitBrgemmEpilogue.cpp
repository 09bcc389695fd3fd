//===- EmitBrgemmEpilogue.cpp - Pointwise epilogues on vectors ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/EmitBrgemm.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ingot;

/// Instructions that an epilogue may have and still be cloned for every row of a tile.
constexpr int64_t shortEpilogue = 8;

static Type vectorOf(int64_t lanes, Type element) { return VectorType::get(lanes, element); }

Epilogue::Epilogue(Region &region, Type outputElement, int64_t lanes)
    : body(region.front()), outputElement(outputElement), lanes(lanes) {
  int64_t instructions = 0;
  for (Operation &op : body.without_terminator())
    // A function of the math dialect becomes a polynomial of tens of instructions.
    instructions += isa_and_nonnull<math::MathDialect>(op.getDialect()) ? shortEpilogue : 1;
  longRegion = instructions > shortEpilogue;
}

Value Epilogue::apply(KernelBuilder &b, SmallVector<Value> arguments) {
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  auto vectorize = [&](Value value) -> Value {
    if (Value known = mapping.lookupOrNull(value))
      return known;
    // A scalar from above the op.
    Value splat = vector::BroadcastOp::create(b, vectorOf(lanes, value.getType()), value);
    mapping.map(value, splat);
    return splat;
  };
  for (Operation &op : body.without_terminator()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      auto type = cast<VectorType>(vectorOf(lanes, constant.getType()));
      Value splat = arith::ConstantOp::create(b, DenseElementsAttr::get(type, constant.getValue()));
      mapping.map(constant.getResult(), splat);
      continue;
    }
    OperationState state(op.getLoc(), op.getName());
    state.addOperands(llvm::map_to_vector(op.getOperands(), vectorize));
    state.addAttributes(op.getAttrs());
    for (Type type : op.getResultTypes())
      state.addTypes(vectorOf(lanes, type));
    mapping.map(op.getResults(), b.create(state)->getResults());
  }
  return vectorize(cast<kernel::YieldOp>(body.getTerminator()).getValue());
}

Value Epilogue::loadExtra(KernelBuilder &b, const Steps &steps, unsigned extra, Value pointer, int64_t column,
                          Value mask) {
  Type element = steps.elements[extra];
  if (steps.wide[extra])
    return b.load(vectorOf(lanes, element), b.advance(pointer, column, element), mask);
  Value scalar = b.load(element, pointer);
  return vector::BroadcastOp::create(b, vectorOf(lanes, scalar.getType()), scalar);
}

void Epilogue::emitRow(KernelBuilder &b, const Position &position, const Steps &steps, Value row,
                       ValueRange accumulators, ArrayRef<int64_t> columns, ArrayRef<Value> masks,
                       ArrayRef<SmallVector<Value>> shared) {
  Value output = b.advance(position.output, b.mul(row, steps.output), outputElement);
  SmallVector<Value> rows;
  for (auto [pointer, step, element] : llvm::zip_equal(position.extras, steps.extras, steps.elements))
    rows.push_back(b.advance(pointer, b.mul(row, step), element));
  for (auto [v, column] : llvm::enumerate(columns)) {
    SmallVector<Value> arguments = {accumulators[v]};
    for (unsigned extra = 0; extra < rows.size(); ++extra)
      arguments.push_back(shared[extra].empty() ? loadExtra(b, steps, extra, rows[extra], column, masks[v])
                                                : shared[extra][v]);
    b.store(apply(b, arguments), b.advance(output, column, outputElement), outputElement, masks[v]);
  }
}

void Epilogue::emit(KernelBuilder &b, const Position &position, const Steps &steps, ValueRange accumulators,
                    ArrayRef<int64_t> columns, ArrayRef<Value> masks, Value scratch, Value validRows) {
  // What is the same for all rows is loaded once: the stores between rows could change it for all that LLVM knows.
  SmallVector<SmallVector<Value>> shared(steps.extras.size());
  for (unsigned extra = 0; extra < shared.size(); ++extra)
    if (constantOf(steps.extras[extra]) == 0)
      for (auto [v, column] : llvm::enumerate(columns))
        shared[extra].push_back(loadExtra(b, steps, extra, position.extras[extra], column, masks[v]));

  int64_t vectors = columns.size(), rows = accumulators.size() / vectors;
  if (!longRegion && !validRows) {
    for (int64_t row = 0; row < rows; ++row)
      emitRow(b, position, steps, b.constant(row), accumulators.slice(row * vectors, vectors), columns, masks, shared);
    return;
  }
  Type type = accumulators[0].getType(), element = getElementTypeOrSelf(type);
  for (auto [index, accumulator] : llvm::enumerate(accumulators))
    b.store(accumulator, b.advance(scratch, index * lanes, element), element);
  b.loop(b.constant(0), validRows ? validRows : b.constant(rows), 1, [&](Value row) {
    Value source = b.advance(scratch, b.mul(row, vectors * lanes), element);
    SmallVector<Value> loaded;
    for (int64_t v = 0; v < vectors; ++v)
      loaded.push_back(b.load(type, b.advance(source, v * lanes, element)));
    emitRow(b, position, steps, row, loaded, columns, masks, shared);
  });
}
