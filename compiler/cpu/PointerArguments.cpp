//===- PointerArguments.cpp - Memrefs as plain pointers -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/PointerArguments.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "runtime/abi.h"
#include <numeric>

using namespace mlir;

namespace ingot {

static Type wordType(MLIRContext *context) { return IntegerType::get(context, 64); }

/// The layout parts that travel beside the pointer: strides of an identity layout follow from its sizes.
static void countOpenParts(MemRefType type, bool &openOffset, SmallVector<unsigned> &openSizes,
                           SmallVector<unsigned> &openStrides) {
  auto [strides, offset] = type.getStridesAndOffset();
  bool identity = type.getLayout().isIdentity();
  openOffset = !identity && ShapedType::isDynamic(offset);
  for (unsigned i = 0; i < type.getRank(); ++i) {
    if (type.isDynamicDim(i))
      openSizes.push_back(i);
    if (!identity && ShapedType::isDynamic(strides[i]))
      openStrides.push_back(i);
  }
}

SmallVector<Type> pointerTypes(Type type, const LLVMTypeConverter &converter) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref)
    return {converter.convertType(type)};
  bool openOffset;
  SmallVector<unsigned> openSizes, openStrides;
  countOpenParts(memref, openOffset, openSizes, openStrides);
  SmallVector<Type> types = {LLVM::LLVMPointerType::get(type.getContext())};
  types.append(openOffset + openSizes.size() + openStrides.size(), wordType(type.getContext()));
  return types;
}

SmallVector<Value> unpackPointers(ImplicitLocOpBuilder &b, Value value, const LLVMTypeConverter &converter) {
  auto cast = [&](Type type) -> Value {
    return type == value.getType() ? value : UnrealizedConversionCastOp::create(b, type, value).getResult(0);
  };
  Type converted = converter.convertType(value.getType());
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type)
    return {cast(converted)};
  bool openOffset;
  SmallVector<unsigned> openSizes, openStrides;
  countOpenParts(type, openOffset, openSizes, openStrides);
  MemRefDescriptor descriptor(cast(converted));
  SmallVector<Value> parts = {descriptor.alignedPtr(b, b.getLoc())};
  if (openOffset)
    parts.push_back(descriptor.offset(b, b.getLoc()));
  for (unsigned i : openSizes)
    parts.push_back(descriptor.size(b, b.getLoc(), i));
  for (unsigned i : openStrides)
    parts.push_back(descriptor.stride(b, b.getLoc(), i));
  return parts;
}

Value packPointers(ImplicitLocOpBuilder &b, Type valueType, ValueRange parts, const LLVMTypeConverter &converter) {
  auto cast = [&](Value value) -> Value {
    return valueType == value.getType() ? value : UnrealizedConversionCastOp::create(b, valueType, value).getResult(0);
  };
  auto type = dyn_cast<MemRefType>(valueType);
  if (!type)
    return cast(parts.front());
  auto word = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(b, wordType(b.getContext()), b.getI64IntegerAttr(value));
  };
  bool openOffset;
  SmallVector<unsigned> openSizes, openStrides;
  countOpenParts(type, openOffset, openSizes, openStrides);
  auto [strides, offset] = type.getStridesAndOffset();

  MemRefDescriptor descriptor = MemRefDescriptor::poison(b, b.getLoc(), converter.convertType(type));
  auto next = parts.begin();
  Value pointer = *next++;
  descriptor.setAllocatedPtr(b, b.getLoc(), pointer);
  descriptor.setAlignedPtr(b, b.getLoc(), pointer);
  descriptor.setOffset(b, b.getLoc(), openOffset ? Value(*next++) : word(offset));
  SmallVector<Value> sizes;
  for (unsigned i = 0; i < type.getRank(); ++i) {
    sizes.push_back(type.isDynamicDim(i) ? Value(*next++) : word(type.getDimSize(i)));
    descriptor.setSize(b, b.getLoc(), i, sizes.back());
  }
  Value running;
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    Value stride;
    if (!ShapedType::isDynamic(strides[i]))
      stride = word(strides[i]);
    else if (type.getLayout().isIdentity())
      stride = LLVM::MulOp::create(b, running, sizes[i + 1]);
    else
      stride = *(next + (llvm::find(openStrides, unsigned(i)) - openStrides.begin()));
    descriptor.setStride(b, b.getLoc(), i, stride);
    running = stride;
  }
  return cast(descriptor);
}

namespace {

/// Bytes [begin, end) of a root value; all of it when nothing better is known. The value itself begins there, or a
/// multiple of `step` further.
struct Range {
  Value root;
  int64_t begin = 0, end = INT64_MAX;
  bool exact = true;
  int64_t step = 0;
};

} // namespace

static int64_t elementBytes(MemRefType type) { return llvm::divideCeil(type.getElementTypeBitWidth(), 8); }

/// Bytes from the first element of a buffer to the end of the last, or INT64_MAX where that is open.
static int64_t spanOf(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type.hasStaticShape() || failed(type.getStridesAndOffset(strides, offset)) ||
      llvm::any_of(strides, ShapedType::isDynamic))
    return INT64_MAX;
  int64_t span = elementBytes(type);
  for (auto [size, stride] : llvm::zip(type.getShape(), strides))
    span += (size - 1) * stride * elementBytes(type);
  return span;
}

/// Bytes from one place along dimension 0 to the next, where all sizes are known.
static std::optional<int64_t> sliceBytes(MemRefType type) {
  ArrayRef<int64_t> sizes = type.getShape().drop_front();
  if (llvm::any_of(sizes, ShapedType::isDynamic))
    return std::nullopt;
  return ShapedType::getNumElements(sizes) * elementBytes(type);
}

static Range findRange(Value value) {
  // Walk to the root, then add up the offsets on the way.
  int64_t begin = 0, step = 0;
  bool exact = true;
  int64_t span = spanOf(cast<MemRefType>(value.getType()));
  while (Operation *op = value.getDefiningOp()) {
    if (auto view = dyn_cast<memref::ViewOp>(op)) {
      APInt shift;
      if (matchPattern(view.getByteShift(), m_ConstantInt(&shift)))
        begin += shift.getSExtValue();
      else
        exact = false;
      value = view.getSource();
    } else if (auto subview = dyn_cast<memref::SubViewOp>(op)) {
      SmallVector<int64_t> sourceStrides;
      int64_t sourceOffset;
      bool known = succeeded(subview.getSourceType().getStridesAndOffset(sourceStrides, sourceOffset));
      for (auto [at, stride] : llvm::zip(subview.getStaticOffsets(), sourceStrides))
        if (!known || ShapedType::isDynamic(at) || ShapedType::isDynamic(stride))
          exact = false;
        else
          begin += at * stride * elementBytes(subview.getSourceType());
      value = subview.getSource();
    } else if (auto slice = dyn_cast<kernel::SliceOp>(op)) {
      // A slice at an open place may be anywhere in its source.
      auto source = cast<MemRefType>(slice.getSource().getType());
      std::optional<int64_t> index = getConstantIntValue(slice.getIndex()), bytes = sliceBytes(source);
      if (index && (bytes || *index == 0)) {
        begin += *index * bytes.value_or(0);
      } else {
        exact &= bytes.has_value();
        step = std::gcd(step, bytes.value_or(0));
        step = std::gcd(step, begin);
        begin = 0;
        span = spanOf(source);
      }
      value = slice.getSource();
    } else if (isa<memref::CastOp, memref::ExpandShapeOp, memref::CollapseShapeOp>(op)) {
      value = op->getOperand(0);
    } else {
      break;
    }
  }
  Range range = {value, 0, INT64_MAX, exact, step};
  if (exact) {
    range.begin = begin;
    range.end = span == INT64_MAX ? INT64_MAX : begin + span;
  }
  return range;
}

static bool mayOverlap(const Range &a, const Range &b, const llvm::DenseMap<Value, PointerFacts> &facts) {
  if (a.root == b.root)
    return a.begin < b.end && b.begin < a.end;
  auto fresh = [&](Value root) {
    return facts.lookup(root).unaliased || root.getDefiningOp<memref::AllocOp>() ||
           root.getDefiningOp<memref::AllocaOp>();
  };
  return !fresh(a.root) && !fresh(b.root);
}

static uint64_t alignmentOf(const Range &range, const llvm::DenseMap<Value, PointerFacts> &facts) {
  uint64_t alignment = std::max<uint64_t>(facts.lookup(range.root).alignment, 1);
  if (!range.exact)
    return 1;
  for (int64_t offset : {range.begin, range.step})
    if (offset != 0)
      alignment = std::min<uint64_t>(alignment, offset & -offset);
  return alignment;
}

SmallVector<PointerFacts> comparePointers(ValueRange values, const llvm::DenseMap<Value, PointerFacts> &known) {
  SmallVector<std::optional<Range>> ranges;
  for (Value value : values)
    ranges.push_back(isa<MemRefType>(value.getType()) ? std::optional<Range>(findRange(value)) : std::nullopt);
  SmallVector<PointerFacts> facts(values.size());
  for (auto [i, range] : llvm::enumerate(ranges)) {
    if (!range)
      continue;
    facts[i].alignment = alignmentOf(*range, known);
    facts[i].unaliased = true;
    for (auto [j, other] : llvm::enumerate(ranges))
      if (i != j && other && mayOverlap(*range, *other, known))
        facts[i].unaliased = false;
  }
  return facts;
}

llvm::DenseMap<Value, PointerFacts> analyzePointers(ModuleOp module) {
  llvm::DenseMap<Value, PointerFacts> known;
  // The ABI's promises about the arguments of @main: arena, weights, inputs, outputs.
  if (auto main = module.lookupSymbol<func::FuncOp>("main"))
    for (BlockArgument argument : main.getArguments())
      if (isa<MemRefType>(argument.getType()))
        known[argument] = {argument.getArgNumber() < 2 ? INGOT_ALIGNMENT : uint64_t(1), /*unaliased=*/true};
  // Callers before callees: a call inside a group sees what is known of that group's arguments.
  llvm::DenseMap<func::FuncOp, SmallVector<func::CallOp>> callers;
  SymbolTable symbols(module);
  for (auto func : module.getOps<func::FuncOp>())
    func.walk([&](func::CallOp call) {
      if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()))
        callers[callee].push_back(call);
    });
  llvm::DenseSet<func::FuncOp> done;
  std::function<void(func::FuncOp)> visit = [&](func::FuncOp func) {
    if (!done.insert(func).second || func.isExternal() || func.getSymName() == "main")
      return;
    bool first = true;
    for (func::CallOp call : callers[func]) {
      visit(call->getParentOfType<func::FuncOp>());
      SmallVector<PointerFacts> facts = comparePointers(call.getOperands(), known);
      for (auto [argument, fact] : llvm::zip(func.getArguments(), facts)) {
        if (!isa<MemRefType>(argument.getType()))
          continue;
        PointerFacts &all = known[argument];
        all.alignment = first ? fact.alignment : std::min(all.alignment, fact.alignment);
        all.unaliased = first ? fact.unaliased : all.unaliased && fact.unaliased;
      }
      first = false;
    }
  };
  for (auto func : module.getOps<func::FuncOp>())
    visit(func);
  return known;
}

DictionaryAttr pointerAttributes(MemRefType type, PointerFacts facts) {
  Builder b(type.getContext());
  SmallVector<NamedAttribute> attributes;
  uint64_t alignment = std::max<uint64_t>(facts.alignment, 1);
  if (type.getElementType().isIntOrFloat())
    alignment = std::max<uint64_t>(alignment, llvm::bit_floor(uint64_t(elementBytes(type))));
  attributes.push_back(b.getNamedAttr(LLVM::LLVMDialect::getAlignAttrName(), b.getI64IntegerAttr(alignment)));
  if (facts.unaliased)
    attributes.push_back(b.getNamedAttr(LLVM::LLVMDialect::getNoAliasAttrName(), b.getUnitAttr()));
  if (type.hasStaticShape() && type.getLayout().isIdentity() && type.getElementType().isIntOrFloat() &&
      type.getNumElements() > 0)
    attributes.push_back(b.getNamedAttr(LLVM::LLVMDialect::getDereferenceableAttrName(),
                                        b.getI64IntegerAttr(type.getNumElements() * elementBytes(type))));
  return b.getDictionaryAttr(attributes);
}

void lowerSignatures(ModuleOp module, const LLVMTypeConverter &converter) {
  llvm::DenseMap<Value, PointerFacts> facts = analyzePointers(module);
  SmallVector<func::CallOp> calls;
  module.walk([&](func::CallOp call) { calls.push_back(call); });
  for (func::CallOp call : calls) {
    ImplicitLocOpBuilder b(call.getLoc(), call);
    SmallVector<Value> operands;
    for (Value operand : call.getOperands())
      llvm::append_range(operands, isa<MemRefType>(operand.getType()) ? unpackPointers(b, operand, converter)
                                                                      : SmallVector<Value>{operand});
    call->setOperands(operands);
  }
  for (auto func : module.getOps<func::FuncOp>()) {
    if (func.isExternal())
      continue;
    Block &entry = func.getBody().front();
    ImplicitLocOpBuilder b(func.getLoc(), &entry, entry.begin());
    SmallVector<Type> types;
    SmallVector<DictionaryAttr> attributes;
    for (BlockArgument argument : llvm::to_vector(entry.getArguments())) {
      DictionaryAttr old = func.getArgAttrDict(argument.getArgNumber());
      auto type = dyn_cast<MemRefType>(argument.getType());
      if (!type) {
        types.push_back(argument.getType());
        attributes.push_back(old ? old : b.getDictionaryAttr({}));
        BlockArgument moved = entry.addArgument(argument.getType(), argument.getLoc());
        argument.replaceAllUsesWith(moved);
        continue;
      }
      SmallVector<Value> parts;
      for (Type part : pointerTypes(type, converter)) {
        types.push_back(part);
        attributes.push_back(parts.empty() ? pointerAttributes(type, facts.lookup(argument)) : b.getDictionaryAttr({}));
        parts.push_back(entry.addArgument(part, argument.getLoc()));
      }
      argument.replaceAllUsesWith(packPointers(b, type, parts, converter));
    }
    entry.eraseArguments(0, entry.getNumArguments() - types.size());
    func.setType(FunctionType::get(module.getContext(), types, func.getResultTypes()));
    func.setAllArgAttrs(attributes);
  }
}

void lowerSlices(ModuleOp module, const LLVMTypeConverter &converter) {
  SmallVector<kernel::SliceOp> slices;
  module.walk([&](kernel::SliceOp slice) { slices.push_back(slice); });
  for (kernel::SliceOp slice : slices) {
    ImplicitLocOpBuilder b(slice.getLoc(), slice);
    auto source = cast<MemRefType>(slice.getSource().getType()), type = cast<MemRefType>(slice.getSlice().getType());
    // The pointer, and the sizes that are open: those of the slice are its source's.
    SmallVector<Value> parts = unpackPointers(b, slice.getSource(), converter);
    SmallVector<Value> sizes(llvm::drop_begin(parts, source.isDynamicDim(0) ? 2 : 1));
    int64_t known = elementBytes(source);
    for (int64_t size : source.getShape().drop_front())
      known *= ShapedType::isDynamic(size) ? 1 : size;
    Value bytes = LLVM::ConstantOp::create(b, wordType(b.getContext()), b.getI64IntegerAttr(known));
    for (Value size : sizes)
      bytes = LLVM::MulOp::create(b, bytes, size);
    Value index = arith::IndexCastOp::create(b, wordType(b.getContext()), slice.getIndex());
    Value offset = LLVM::MulOp::create(b, index, bytes);
    Value moved = LLVM::GEPOp::create(b, parts[0].getType(), b.getI8Type(), parts[0], ArrayRef<LLVM::GEPArg>{offset});
    sizes.insert(sizes.begin(), moved);
    slice.replaceAllUsesWith(packPointers(b, type, sizes, converter));
    slice.erase();
  }
}

} // namespace ingot
