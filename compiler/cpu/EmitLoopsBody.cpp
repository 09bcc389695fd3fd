//===- EmitLoopsBody.cpp - One step of a loop nest ------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/EmitLoopsBody.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::loops {

Value BodyEmitter::constant(int64_t value) { return arith::ConstantIndexOp::create(b, value); }

Point BodyEmitter::origin() {
  Point point;
  point.variables.assign(nest.loops.size(), constant(0));
  flat.clear();
  for (Access &access : nest.accesses) {
    if (access.isScalar() || access.map) {
      flat.push_back(access.buffer);
      point.addresses.push_back(Value());
      continue;
    }
    auto type = cast<MemRefType>(access.buffer.getType());
    auto [strides, offset] = type.getStridesAndOffset();
    OpFoldResult base = b.getIndexAttr(offset);
    if (ShapedType::isDynamic(offset))
      base = memref::ExtractStridedMetadataOp::create(b, access.buffer).getOffset();
    // The length is not used by anything; one that covers the buffer is good to read. Strides may be negative.
    int64_t length = 1;
    for (auto [size, stride] : llvm::zip(type.getShape(), strides))
      length = ShapedType::isDynamic(size) || ShapedType::isDynamic(stride) || ShapedType::isDynamic(length)
                   ? ShapedType::kDynamic
                   : length + std::max<int64_t>(size - 1, 0) * std::abs(stride);
    OpFoldResult size = b.getIndexAttr(length);
    if (ShapedType::isDynamic(length))
      size = memref::DimOp::create(b, access.buffer, 0).getResult();
    auto viewType = MemRefType::get({length}, type.getElementType(),
                                    StridedLayoutAttr::get(b.getContext(), offset, {1}), type.getMemorySpace());
    flat.push_back(memref::ReinterpretCastOp::create(b, viewType, access.buffer, base, ArrayRef<OpFoldResult>{size},
                                                     ArrayRef<OpFoldResult>{b.getIndexAttr(1)}));
    point.addresses.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), access.start));
  }
  return point;
}

Point BodyEmitter::move(const Point &point, unsigned loop, Value variable) {
  Point moved = point;
  auto add = [&](Value base, Value step) -> Value {
    if (matchPattern(base, m_Zero()))
      return step;
    if (matchPattern(step, m_Zero()))
      return base;
    return arith::AddIOp::create(b, base, step, arith::IntegerOverflowFlags::nsw);
  };
  moved.variables[loop] = add(point.variables[loop], variable);
  for (auto [access, address] : llvm::zip(nest.accesses, moved.addresses)) {
    if (!address || access.isInvariant(loop))
      continue;
    Value step = variable;
    if (!access.isContiguous(loop))
      step = arith::MulIOp::create(b, variable, getValueOrCreateConstantIndexOp(b, b.getLoc(), access.strides[loop]),
                                   arith::IntegerOverflowFlags::nsw);
    address = add(address, step);
  }
  return moved;
}

Value BodyEmitter::broadcast(Value scalar, Lanes lanes) {
  if (isa<VectorType>(scalar.getType()) || lanes.count == 1)
    return scalar;
  auto type = cast<VectorType>(lanes.of(scalar.getType()));
  if (Attribute value; matchPattern(scalar, m_Constant(&value)))
    return arith::ConstantOp::create(b, DenseElementsAttr::get(type, value));
  return vector::BroadcastOp::create(b, type, scalar);
}

Value BodyEmitter::laneAddress(unsigned index, Value address, unsigned lane) {
  Access &access = nest.accesses[index];
  Value stride = getValueOrCreateConstantIndexOp(b, b.getLoc(), access.strides[schedule.vectorLoop]);
  return arith::AddIOp::create(b, address, arith::MulIOp::create(b, stride, constant(lane)));
}

Value BodyEmitter::loadRow(unsigned index, Value address, unsigned lanes) {
  auto type = VectorType::get({int64_t(lanes)}, nest.accesses[index].element);
  return vector::LoadOp::create(b, type, flat[index], address);
}

Value BodyEmitter::load(unsigned index, const Point &point, Lanes lanes) {
  Access &access = nest.accesses[index];
  if (access.isScalar())
    return broadcast(access.buffer, lanes);
  if (access.map) {
    auto indices = affine::expandAffineMap(b, b.getLoc(), access.map, point.variables);
    return memref::LoadOp::create(b, access.buffer, *indices);
  }
  Value address = point.addresses[index];
  if (lanes.count == 1 || access.isInvariant(schedule.vectorLoop))
    return broadcast(memref::LoadOp::create(b, flat[index], address), lanes);
  auto type = cast<VectorType>(lanes.of(access.element));
  if (!access.isContiguous(schedule.vectorLoop)) {
    Value result = arith::ConstantOp::create(b, b.getZeroAttr(type));
    for (unsigned lane = 0; lane < lanes.count; ++lane)
      result = vector::InsertOp::create(b, memref::LoadOp::create(b, flat[index], laneAddress(index, address, lane)),
                                        result, lane);
    return result;
  }
  if (!lanes.mask)
    return loadRow(index, address, lanes.count);
  Value rest = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return vector::MaskedLoadOp::create(b, type, flat[index], address, lanes.mask, rest);
}

void BodyEmitter::store(Value value, unsigned index, const Point &point, Lanes lanes) {
  Access &access = nest.accesses[index];
  if (access.map) {
    auto indices = affine::expandAffineMap(b, b.getLoc(), access.map, point.variables);
    memref::StoreOp::create(b, value, access.buffer, *indices);
    return;
  }
  Value address = point.addresses[index];
  if (lanes.count == 1) {
    memref::StoreOp::create(b, value, flat[index], address);
    return;
  }
  value = broadcast(value, lanes);
  if (!access.isContiguous(schedule.vectorLoop)) {
    for (unsigned lane = 0; lane < lanes.count; ++lane)
      memref::StoreOp::create(b, vector::ExtractOp::create(b, value, lane), flat[index],
                              laneAddress(index, address, lane));
    return;
  }
  if (lanes.mask)
    vector::MaskedStoreOp::create(b, flat[index], address, lanes.mask, value);
  else
    vector::StoreOp::create(b, value, flat[index], address);
}

IRMapping BodyEmitter::emitUniform(const Point &point) {
  IRMapping map;
  auto isUniform = [&](Value value) { return schedule.body.lanes.lookup(value) == Lane::Uniform; };
  for (auto [index, argument] : llvm::enumerate(nest.body().getArguments()))
    if (isUniform(argument) && !argument.use_empty() && !nest.accesses[index].output)
      map.map(argument, load(index, point, Lanes()));
  if (schedule.vectorLoop < 0)
    return map;
  for (Operation &op : nest.body().without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op); index && isUniform(index)) {
      int loop = nest.loopOfDim[index.getDim()];
      map.map(index.getResult(), loop < 0 ? constant(0) : point.variables[loop]);
      continue;
    }
    if (op.getNumResults() && llvm::all_of(op.getResults(), isUniform))
      b.clone(op, map);
  }
  return map;
}

Value BodyEmitter::emitRowLoad(Operation *op, llvm::function_ref<Value(Value)> scalarOf,
                               llvm::function_ref<Value(Value)> vectorOf, Lanes lanes) {
  auto load = cast<memref::LoadOp>(op);
  auto type = cast<VectorType>(lanes.of(load.getType()));
  auto laneOf = [&](Value value) { return schedule.body.lanes.lookup(value); };
  OperandRange indices = load.getIndices();
  bool isRow = laneOf(indices.back()) == Lane::Contiguous && load.getMemRefType().isLastDimUnitStride() &&
               llvm::all_of(indices.drop_back(), [&](Value v) { return laneOf(v) == Lane::Uniform; });
  if (isRow) {
    auto at = llvm::map_to_vector(indices, scalarOf);
    if (!lanes.mask)
      return vector::LoadOp::create(b, type, load.getMemRef(), at);
    Value rest = arith::ConstantOp::create(b, b.getZeroAttr(type));
    return vector::MaskedLoadOp::create(b, type, load.getMemRef(), at, lanes.mask, rest);
  }
  Value result = arith::ConstantOp::create(b, b.getZeroAttr(type));
  // An index that counts the lanes needs no vector, which would be wider than one of what is loaded.
  auto bases = llvm::map_to_vector(
      indices, [&](Value index) { return laneOf(index) == Lane::Varying ? vectorOf(index) : scalarOf(index); });
  for (unsigned lane = 0; lane < lanes.count; ++lane) {
    auto at = llvm::map_to_vector(llvm::zip_equal(indices, bases), [&](auto pair) -> Value {
      auto [index, base] = pair;
      if (isa<VectorType>(base.getType()))
        return vector::ExtractOp::create(b, base, lane);
      if (laneOf(index) == Lane::Uniform || lane == 0)
        return base;
      return b.createOrFold<arith::AddIOp>(base, constant(lane));
    });
    result = vector::InsertOp::create(b, memref::LoadOp::create(b, load.getMemRef(), at), result, lane);
  }
  return result;
}

void BodyEmitter::emitStep(const IRMapping &uniform, const Point &point, Lanes lanes,
                           MutableArrayRef<Value> accumulators, const DenseMap<unsigned, Value> &given) {
  // Scalar code treats every value as uniform, also in the remainder of a loop on vectors.
  bool scalar = lanes.count == 1;
  IRMapping map = uniform, vectors;
  unsigned firstOutput = nest.op.getNumDpsInputs();
  auto laneOf = [&](Value value) { return scalar ? Lane::Uniform : schedule.body.lanes.lookup(value); };
  auto scalarOf = [&](Value value) { return map.lookupOrDefault(value); };
  auto vectorOf = [&](Value value) -> Value {
    if (Value found = vectors.lookupOrNull(value))
      return found;
    Value result = broadcast(scalarOf(value), lanes);
    if (laneOf(value) == Lane::Contiguous) {
      auto type = cast<VectorType>(result.getType());
      SmallVector<Attribute> steps;
      for (unsigned lane = 0; lane < lanes.count; ++lane)
        steps.push_back(b.getIntegerAttr(type.getElementType(), lane));
      result = arith::AddIOp::create(b, result, arith::ConstantOp::create(b, DenseElementsAttr::get(type, steps)));
    }
    vectors.map(value, result);
    return result;
  };

  for (auto [index, argument] : llvm::enumerate(nest.body().getArguments())) {
    if (argument.use_empty() || map.contains(argument))
      continue;
    Value value = index >= firstOutput ? accumulators[index - firstOutput] : Value();
    if (auto found = given.find(index); found != given.end())
      value = found->second;
    if (!value)
      value = load(index, point, lanes);
    (scalar ? map : vectors).map(argument, value);
  }
  for (Operation &op : nest.body().without_terminator()) {
    if (op.getNumResults() && llvm::all_of(op.getResults(), [&](Value v) { return map.contains(v); }))
      continue;
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      int loop = nest.loopOfDim[index.getDim()];
      map.map(index.getResult(), loop < 0 ? constant(0) : point.variables[loop]);
      continue;
    }
    if (scalar || laneOf(op.getResult(0)) != Lane::Varying) {
      b.clone(op, map);
      continue;
    }
    if (isa<memref::LoadOp>(op)) {
      vectors.map(op.getResult(0), emitRowLoad(&op, scalarOf, vectorOf, lanes));
      continue;
    }
    Operation *wide = Operation::create(
        op.getLoc(), op.getName(), llvm::map_to_vector(op.getResultTypes(), [&](Type type) { return lanes.of(type); }),
        llvm::map_to_vector(op.getOperands(), [&](Value v) { return vectorOf(v); }), op.getDiscardableAttrDictionary(),
        op.getPropertiesStorage(), /*successors=*/{}, /*numRegions=*/0);
    b.insert(wide);
    vectors.map(op.getResults(), wide->getResults());
  }
  for (auto [output, yielded] : llvm::enumerate(nest.body().getTerminator()->getOperands())) {
    unsigned index = firstOutput + output;
    Value value = scalar ? scalarOf(yielded) : vectorOf(yielded);
    if (!accumulators[output]) {
      store(value, index, point, lanes);
      continue;
    }
    accumulators[output] =
        lanes.mask ? arith::SelectOp::create(b, lanes.mask, value, accumulators[output]).getResult() : value;
  }
}

SmallVector<Value> transposeSquare(ImplicitLocOpBuilder &b, ValueRange rows) {
  SmallVector<Value> result(rows);
  int64_t size = rows.size();
  // Exchanges off-diagonal blocks of 1, 2, 4, ... rows.
  for (int64_t block = 1; block < size; block *= 2)
    for (int64_t row = 0; row < size; ++row) {
      if (row & block)
        continue;
      SmallVector<int64_t> low, high;
      for (int64_t lane = 0; lane < size; ++lane) {
        low.push_back(lane & block ? size + lane - block : lane);
        high.push_back(lane & block ? size + lane : lane + block);
      }
      Value first = result[row], second = result[row + block];
      result[row] = vector::ShuffleOp::create(b, first, second, low);
      result[row + block] = vector::ShuffleOp::create(b, first, second, high);
    }
  return result;
}

} // namespace ingot::loops
