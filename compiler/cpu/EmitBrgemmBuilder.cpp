//===- EmitBrgemmBuilder.cpp - Loops, addresses and memory accesses -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/EmitBrgemm.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace ingot;

std::optional<int64_t> ingot::constantOf(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value KernelBuilder::constant(int64_t value) { return arith::ConstantOp::create(*this, getI64IntegerAttr(value)); }

Value KernelBuilder::add(Value a, Value b) {
  if (constantOf(a) && !constantOf(b))
    std::swap(a, b);
  return createOrFold<arith::AddIOp>(a, b);
}
Value KernelBuilder::mul(Value a, Value b) {
  if (constantOf(a) && !constantOf(b))
    std::swap(a, b);
  return createOrFold<arith::MulIOp>(a, b);
}
Value KernelBuilder::sub(Value a, Value b) { return createOrFold<arith::SubIOp>(a, b); }
Value KernelBuilder::div(Value a, Value b) { return createOrFold<arith::DivUIOp>(a, b); }
Value KernelBuilder::rem(Value a, Value b) { return createOrFold<arith::RemUIOp>(a, b); }
Value KernelBuilder::min(Value a, Value b) { return createOrFold<arith::MinSIOp>(a, b); }
Value KernelBuilder::max(Value a, Value b) { return createOrFold<arith::MaxSIOp>(a, b); }
Value KernelBuilder::compare(arith::CmpIPredicate predicate, Value a, Value b) {
  return createOrFold<arith::CmpIOp>(predicate, a, b);
}
Value KernelBuilder::select(Value condition, Value a, Value b) {
  return createOrFold<arith::SelectOp>(condition, a, b);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value KernelBuilder::size(Value memref, int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(dim))
    return constant(type.getDimSize(dim));
  Value size = memref::DimOp::create(*this, memref, dim);
  return arith::IndexCastOp::create(*this, getI64Type(), size);
}

View KernelBuilder::view(Value memref, ArrayRef<int64_t> dims) {
  auto type = cast<MemRefType>(memref.getType());
  View view;
  view.memref = memref;
  view.element = type.getElementType();
  view.dims.assign(dims.begin(), dims.end());
  SmallVector<int64_t> strides;
  int64_t offset;
  LogicalResult strided = type.getStridesAndOffset(strides, offset);
  assert(succeeded(strided) && "the verifier wants strided memrefs");
  (void)strided;

  memref::ExtractStridedMetadataOp metadata;
  auto dynamic = [&](function_ref<Value(memref::ExtractStridedMetadataOp)> field) {
    if (!metadata)
      metadata = memref::ExtractStridedMetadataOp::create(*this, memref);
    return arith::IndexCastOp::create(*this, getI64Type(), field(metadata));
  };
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(*this, memref);
  address = arith::IndexCastOp::create(*this, getI64Type(), address);
  view.pointer = LLVM::IntToPtrOp::create(*this, LLVM::LLVMPointerType::get(getContext()), address);
  if (offset != 0) {
    Value elements = ShapedType::isDynamic(offset) ? dynamic([](auto op) { return op.getOffset(); }) : constant(offset);
    view.pointer = advance(view.pointer, elements, view.element);
  }
  for (int64_t dim : dims) {
    view.shape.push_back(type.getDimSize(dim));
    view.staticStrides.push_back(strides[dim]);
    view.strides.push_back(ShapedType::isDynamic(strides[dim]) ? dynamic([&](auto op) { return op.getStrides()[dim]; })
                                                               : constant(strides[dim]));
  }
  return view;
}

Value KernelBuilder::advance(Value pointer, Value elements, Type element) {
  if (std::optional<int64_t> count = constantOf(elements))
    return advance(pointer, *count, element);
  return LLVM::GEPOp::create(*this, pointer.getType(), element, pointer, ValueRange(elements));
}

Value KernelBuilder::advance(Value pointer, int64_t elements, Type element) {
  if (elements == 0)
    return pointer;
  if (!llvm::isInt<32>(elements))
    return LLVM::GEPOp::create(*this, pointer.getType(), element, pointer, ValueRange(constant(elements)));
  return LLVM::GEPOp::create(*this, pointer.getType(), element, pointer, ArrayRef<LLVM::GEPArg>{int32_t(elements)});
}

static Type withElement(Type type, Type element) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? VectorType::get(vector.getShape(), element) : element;
}

static unsigned alignmentOf(Type element) { return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8); }

Value KernelBuilder::load(Type type, Value pointer, Value mask) {
  Type element = getElementTypeOrSelf(type);
  Value value;
  if (mask)
    value = LLVM::MaskedLoadOp::create(*this, type, pointer, mask, arith::ConstantOp::create(*this, getZeroAttr(type)),
                                       alignmentOf(element),
                                       /*nontemporal=*/false);
  else
    value = LLVM::LoadOp::create(*this, type, pointer, alignmentOf(element));
  Type computed = kernel::accumulatorType(element);
  return computed == element ? value : arith::ExtFOp::create(*this, withElement(type, computed), value);
}

void KernelBuilder::store(Value value, Value pointer, Type element, Value mask) {
  if (getElementTypeOrSelf(value.getType()) != element)
    value = arith::TruncFOp::create(*this, withElement(value.getType(), element), value);
  if (mask)
    LLVM::MaskedStoreOp::create(*this, value, pointer, mask, alignmentOf(element));
  else
    LLVM::StoreOp::create(*this, value, pointer, alignmentOf(element));
}

Value KernelBuilder::laneMask(int64_t lanes, int64_t active) {
  if (active >= lanes)
    return {};
  SmallVector<bool> bits(lanes);
  std::fill_n(bits.begin(), active, true);
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(VectorType::get(lanes, getI1Type()), bits));
}

Value KernelBuilder::zeros(int64_t lanes, Type element) {
  return arith::ConstantOp::create(*this, getZeroAttr(VectorType::get(lanes, element)));
}

Value KernelBuilder::reserve(int64_t count, Type element) {
  OpBuilder::InsertionGuard guard(*this);
  Operation *scope = getInsertionBlock()->getParentOp();
  while (!isa<scf::ForallOp>(scope) && !scope->hasTrait<OpTrait::IsIsolatedFromAbove>())
    scope = scope->getParentOp();
  setInsertionPointToStart(&scope->getRegion(0).front());
  return LLVM::AllocaOp::create(*this, LLVM::LLVMPointerType::get(getContext()), element, constant(count),
                                /*alignment=*/64);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

SmallVector<Value> KernelBuilder::loop(Value from, Value to, int64_t step, ValueRange carried,
                                       function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  std::optional<int64_t> first = constantOf(from), last = constantOf(to);
  if (first && last && *first >= *last)
    return SmallVector<Value>(carried);
  if (first && last && *first + step >= *last)
    return body(from, carried);
  auto loop = scf::ForOp::create(*this, from, to, constant(step), carried);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  SmallVector<Value> results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  setInsertionPointToEnd(loop.getBody());
  if (loop.getBody()->empty() || !loop.getBody()->back().hasTrait<OpTrait::IsTerminator>())
    scf::YieldOp::create(*this, results);
  return SmallVector<Value>(loop.getResults());
}

void KernelBuilder::loop(Value from, Value to, int64_t step, function_ref<void(Value)> body) {
  loop(from, to, step, ValueRange(), [&](Value index, ValueRange) {
    body(index);
    return SmallVector<Value>();
  });
}

void KernelBuilder::choose(Value condition, function_ref<void()> then, function_ref<void()> otherwise) {
  auto choice = scf::IfOp::create(*this, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(&choice.getThenRegion().front());
  then();
  setInsertionPointToStart(&choice.getElseRegion().front());
  otherwise();
}

void KernelBuilder::chunks(int64_t count, function_ref<void(Value)> body) {
  if (count <= 1)
    return body(constant(0));
  auto forall = scf::ForallOp::create(*this, ArrayRef<OpFoldResult>{getIndexAttr(count)}, ValueRange(), std::nullopt);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(forall.getTerminator());
  body(arith::IndexCastOp::create(*this, getI64Type(), forall.getInductionVar(0)));
}

std::pair<Value, Value> KernelBuilder::range(Value size, Value piece, int64_t count) {
  if (count == 1)
    return {constant(0), size};
  Value from = div(mul(size, piece), constant(count));
  Value to = div(mul(size, add(piece, 1)), constant(count));
  return {from, to};
}
