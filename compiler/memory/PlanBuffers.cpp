//===- PlanBuffers.cpp - One arena, every offset fixed --------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "dialects/ingot/Dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace ingot {
#define GEN_PASS_DEF_PLANBUFFERS
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

int64_t alignTo(int64_t value, int64_t alignment) { return (value + alignment - 1) / alignment * alignment; }

/// Size in bytes of a buffer of static shape.
int64_t sizeOf(MemRefType type) {
  return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
}

/// Size in bytes of what `alloc` may need, or -1 where that is not known.
int64_t boundOf(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  if (type.hasStaticShape())
    return sizeOf(type);
  auto bounds = alloc->getAttrOfType<DenseI64ArrayAttr>("ingot.bounds");
  return bounds ? sizeOf(MemRefType::get(bounds, type.getElementType())) : -1;
}

/// Computes again, before `call`, what the callee computes from its arguments.
Value computeInCaller(OpBuilder &b, Value value, func::CallOp call, IRMapping &known) {
  if (Value found = known.lookupOrNull(value))
    return found;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return call.getOperand(argument.getArgNumber());
  for (Value operand : value.getDefiningOp()->getOperands())
    known.map(operand, computeInCaller(b, operand, call, known));
  return b.clone(*value.getDefiningOp(), known)->getResult(cast<OpResult>(value).getResultNumber());
}

struct Buffer {
  memref::AllocOp alloc;
  int64_t size, first, last;       ///< bytes; numbers of the first and last op that touches it
  int64_t offset = 0;
  Operation *begin = nullptr, *end = nullptr; ///< the first and last op beside the allocation that touches it
};

/// Places buffers greedily by size; returns the size of the arena.
int64_t place(MutableArrayRef<Buffer> buffers, int64_t alignment) {
  SmallVector<Buffer *> order = llvm::map_to_vector(buffers, [](Buffer &b) { return &b; });
  llvm::sort(order, [](Buffer *a, Buffer *b) { return std::tuple(-a->size, a) < std::tuple(-b->size, b); });
  SmallVector<Buffer *> placed; // by offset
  int64_t total = 0;
  for (Buffer *buffer : order) {
    int64_t offset = 0;
    for (Buffer *other : placed) {
      if (other->last < buffer->first || buffer->last < other->first)
        continue;
      if (offset + buffer->size <= other->offset)
        break;
      offset = std::max(offset, alignTo(other->offset + other->size, alignment));
    }
    buffer->offset = offset;
    total = std::max(total, offset + buffer->size);
    placed.insert(llvm::upper_bound(placed, buffer, [](Buffer *a, Buffer *b) { return a->offset < b->offset; }), buffer);
  }
  return alignTo(total, alignment);
}

struct PlanBuffers : ingot::impl::PlanBuffersBase<PlanBuffers> {
  using PlanBuffersBase::PlanBuffersBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto func : llvm::to_vector(module.getOps<func::FuncOp>()))
      if (func.isPrivate() && !func.isExternal() && failed(liftAllocations(func, module)))
        return signalPassFailure();
    for (auto func : module.getOps<func::FuncOp>())
      if (!func.isPrivate() && !func.isExternal() && failed(plan(func, module)))
        return signalPassFailure();
  }

  /// Makes the buffers of a private function arguments, which each caller allocates.
  LogicalResult liftAllocations(func::FuncOp func, ModuleOp module) {
    auto allocs = llvm::to_vector(func.getBody().front().getOps<memref::AllocOp>());
    for (auto dealloc : llvm::to_vector(func.getBody().front().getOps<memref::DeallocOp>()))
      dealloc.erase();
    if (allocs.empty())
      return success();
    auto uses = SymbolTable::getSymbolUses(func, module);
    for (const SymbolTable::SymbolUse &use : *uses) {
      auto call = dyn_cast<func::CallOp>(use.getUser());
      if (!call)
        return use.getUser()->emitOpError("refers to a function with buffers of its own");
      OpBuilder b(call);
      SmallVector<Value> memory;
      for (memref::AllocOp alloc : allocs) {
        IRMapping known;
        for (Value size : alloc.getDynamicSizes())
          known.map(size, computeInCaller(b, size, call, known));
        memory.push_back(b.clone(*alloc, known)->getResult(0));
      }
      call.getOperandsMutable().append(memory);
    }
    for (memref::AllocOp alloc : allocs) {
      unsigned index = func.getNumArguments();
      if (failed(func.insertArgument(index, alloc.getType(), DictionaryAttr::getWithSorted(&getContext(), {}),
                                     alloc.getLoc())))
        return failure();
      alloc.replaceAllUsesWith(func.getArgument(index));
      alloc.erase();
    }
    return success();
  }

  LogicalResult plan(func::FuncOp func, ModuleOp module) {
    Block &body = func.getBody().front();
    func.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });
    llvm::DenseMap<Operation *, Extent> extents;
    number(body, extents);
    SmallVector<memref::AllocOp> allocs;
    func.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
    SmallVector<Buffer> live;
    for (memref::AllocOp alloc : allocs) {
      Buffer buffer{alloc, boundOf(alloc), INT64_MAX, -1};
      if (buffer.size < 0)
        return alloc.emitOpError("has an open size: ") << alloc.getType();
      if (failed(visitUses(alloc, *alloc->getBlock(), extents, buffer)))
        return alloc.emitOpError("leaves the region that it is in");
      live.push_back(buffer);
    }
    int64_t arenaBytes = separate ? 0 : place(live, alignment);

    // What the function returned are the destinations that it was passed.
    auto ret = cast<func::ReturnOp>(body.getTerminator());
    for (Value result : ret.getOperands()) {
      auto argument = dyn_cast<BlockArgument>(result);
      if (!argument || !func.getArgAttr(argument.getArgNumber(), "ingot.output"))
        return ret.emitOpError("returns a buffer that the caller did not pass: ") << result;
    }
    llvm::BitVector results(func.getNumResults(), true);
    ret->setOperands({});
    if (failed(func.eraseResults(results)))
      return failure();
    if (separate) {
      separateBuffers(live);
      separateArguments(func);
    }

    MLIRContext *context = &getContext();
    auto bytes = MemRefType::get({ShapedType::kDynamic}, IntegerType::get(context, 8));
    auto empty = DictionaryAttr::getWithSorted(context, {});
    if (failed(func.insertArgument(0, bytes, empty, func.getLoc())) || failed(func.insertArgument(1, bytes, empty, func.getLoc())))
      return failure();
    auto b = ImplicitLocOpBuilder::atBlockBegin(func.getLoc(), &body);
    auto view = [&](Value base, MemRefType type, int64_t offset) -> Value {
      b.setInsertionPointToStart(&body);
      return memref::ViewOp::create(b, type, base, arith::ConstantIndexOp::create(b, offset), ValueRange());
    };
    for (Buffer &buffer : separate ? MutableArrayRef<Buffer>() : live) {
      memref::AllocOp alloc = buffer.alloc;
      if (alloc.getDynamicSizes().empty()) {
        alloc.replaceAllUsesWith(view(func.getArgument(0), alloc.getType(), buffer.offset));
      } else {
        b.setInsertionPoint(alloc);
        Value offset = arith::ConstantIndexOp::create(b, buffer.offset);
        alloc.replaceAllUsesWith(
            memref::ViewOp::create(b, alloc.getType(), func.getArgument(0), offset, alloc.getDynamicSizes())
                .getResult());
      }
      alloc.erase();
    }

    // Weights: arguments that carry a symbol become views of the one blob.
    SmallVector<Attribute> layout;
    int64_t weightBytes = 0;
    llvm::BitVector erased(func.getNumArguments());
    for (BlockArgument argument : func.getArguments()) {
      auto symbol = func.getArgAttrOfType<FlatSymbolRefAttr>(argument.getArgNumber(), "ingot.weight");
      if (!symbol)
        continue;
      auto type = cast<MemRefType>(argument.getType());
      argument.replaceAllUsesWith(view(func.getArgument(1), type, weightBytes));
      layout.push_back(b.getDictionaryAttr({b.getNamedAttr("symbol", symbol), b.getNamedAttr("offset", b.getI64IntegerAttr(weightBytes)),
                                            b.getNamedAttr("bytes", b.getI64IntegerAttr(sizeOf(type)))}));
      weightBytes = alignTo(weightBytes + sizeOf(type), alignment);
      erased.set(argument.getArgNumber());
    }
    if (failed(func.eraseArguments(erased)))
      return failure();
    module->setAttr("ingot.arena_bytes", b.getI64IntegerAttr(arenaBytes));
    module->setAttr("ingot.weight_bytes", b.getI64IntegerAttr(weightBytes));
    module->setAttr("ingot.weight_layout", b.getArrayAttr(layout));
    return success();
  }

  /// Leaves each buffer memory of its own from its first use to its last. An alignment would leave room that no red zone
  /// covers, so there is none.
  static void separateBuffers(ArrayRef<Buffer> live) {
    for (const Buffer &buffer : live) {
      memref::AllocOp alloc = buffer.alloc;
      if (alloc.use_empty()) {
        alloc.erase();
        continue;
      }
      ImplicitLocOpBuilder b(alloc.getLoc(), buffer.begin);
      Value memory = memref::AllocOp::create(b, alloc.getType(), alloc.getDynamicSizes());
      alloc.replaceAllUsesWith(memory);
      b.setInsertionPointAfter(buffer.end);
      memref::DeallocOp::create(b, memory);
      alloc.erase();
    }
  }

  /// Copies weights and inputs, which lie side by side, to memory of their own, and outputs back from theirs.
  static void separateArguments(func::FuncOp func) {
    Block &body = func.getBody().front();
    for (BlockArgument argument : func.getArguments()) {
      auto type = dyn_cast<MemRefType>(argument.getType());
      if (!type || !type.hasStaticShape() || argument.use_empty())
        continue;
      auto b = ImplicitLocOpBuilder::atBlockBegin(argument.getLoc(), &body);
      Value memory = memref::AllocOp::create(b, type);
      argument.replaceAllUsesWith(memory);
      bool isOutput = bool(func.getArgAttr(argument.getArgNumber(), "ingot.output"));
      if (!isOutput)
        memref::CopyOp::create(b, argument, memory);
      b.setInsertionPoint(body.getTerminator());
      if (isOutput)
        memref::CopyOp::create(b, memory, argument);
      memref::DeallocOp::create(b, memory);
    }
  }

  /// The numbers of an op and of the last op in its regions, in order of appearance.
  using Extent = std::pair<int64_t, int64_t>;

  static int64_t number(Block &block, llvm::DenseMap<Operation *, Extent> &extents, int64_t next = 0) {
    for (Operation &op : block) {
      int64_t first = next++;
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          next = number(inner, extents, next);
      extents[&op] = {first, next - 1};
    }
    return next;
  }

  /// Widens the life of `buffer`, which is allocated in `home`, to every use of `value` and of what is a view of it. A
  /// use in a loop or branch is one by the whole of it, and buffers of one iteration share places with each other.
  static LogicalResult visitUses(Value value, Block &home, const llvm::DenseMap<Operation *, Extent> &extents,
                                 Buffer &buffer) {
    for (Operation *user : value.getUsers()) {
      Operation *top = home.findAncestorOpInBlock(*user);
      if (!top || (user->hasTrait<OpTrait::IsTerminator>() && !isa<func::ReturnOp>(user)))
        return failure();
      auto [first, last] = extents.lookup(top);
      if (first < buffer.first)
        std::tie(buffer.first, buffer.begin) = std::pair(first, top);
      if (last > buffer.last)
        std::tie(buffer.last, buffer.end) = std::pair(last, top);
      for (Value result : user->getResults())
        if (isa<MemRefType>(result.getType()) && failed(visitUses(result, home, extents, buffer)))
          return failure();
    }
    return success();
  }
};

} // namespace
