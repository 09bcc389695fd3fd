//===- Parallelize.cpp - Loops to tasks of the runtime --------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each outermost scf.forall becomes three things:
//   @NAME_body(captures..., chunk, scratch, context)   the loop's body; pointer arguments say what is known of aliasing
//   @NAME_chunk(env, chunk, scratch)                   what the runtime calls: loads the captures, calls the body
//   stores of the captures to `env` on the stack and a call of ingot_parallel_for, where the loop was
// Every function gets the run's context (Context.h) as its last argument; LLVM drops it again where nothing needs it.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/cpu/Context.h"
#include "compiler/cpu/PointerArguments.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/RegionUtils.h"
#include "runtime/abi.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_PARALLELIZE
#include "compiler/Passes.h.inc"

namespace {

class Parallelize : public impl::ParallelizeBase<Parallelize> {
public:
  using ParallelizeBase::ParallelizeBase;
  void runOnOperation() override;

private:
  LogicalResult outline(scf::ForallOp loop);
  LogicalResult placeScratch(func::FuncOp body, Value scratch);

  const LLVMTypeConverter *converter = nullptr;
  llvm::DenseMap<Value, PointerFacts> facts;
  llvm::StringMap<unsigned> loopsOf; // loops outlined from each function
  uint64_t scratchBytes = 0;
};

} // namespace

/// The number of iterations of one dimension of `loop`.
static Value tripCount(ImplicitLocOpBuilder &b, OpFoldResult lower, OpFoldResult upper, OpFoldResult step) {
  auto value = [&](OpFoldResult ofr) { return getValueOrCreateConstantIndexOp(b, b.getLoc(), ofr); };
  if (isConstantIntValue(step, 1) && isConstantIntValue(lower, 0))
    return value(upper);
  return b.createOrFold<arith::CeilDivSIOp>(b.createOrFold<arith::SubIOp>(value(upper), value(lower)), value(step));
}

/// Whether an op may be built again where it is used rather than captured.
static bool isCheap(Operation *op) { return op->hasTrait<OpTrait::ConstantLike>() || isa<memref::GetGlobalOp>(op); }

LogicalResult Parallelize::outline(scf::ForallOp loop) {
  // Nested loops run in their chunk.
  SmallVector<scf::ForallOp> nested;
  loop.getBody()->walk([&](scf::ForallOp inner) { nested.push_back(inner); });
  IRRewriter rewriter(loop);
  for (scf::ForallOp inner : nested) {
    rewriter.setInsertionPoint(inner);
    if (failed(scf::forallToForLoop(rewriter, inner)))
      return failure();
  }
  if (loop.getNumResults() != 0)
    return loop.emitOpError("still has tensor results");

  auto parent = loop->getParentOfType<func::FuncOp>();
  MLIRContext *context = &getContext();
  Type pointer = LLVM::LLVMPointerType::get(context), word = IntegerType::get(context, 64);
  std::string name = (parent.getSymName() + "_loop" + Twine(loopsOf[parent.getSymName()]++)).str();

  // What the body needs from around it: cheap ops are repeated inside, everything else is captured.
  ImplicitLocOpBuilder inside(loop.getLoc(), loop.getBody(), loop.getBody()->begin());
  SetVector<Value> used;
  getUsedValuesDefinedAbove(loop.getRegion(), used);
  for (Value value : used)
    if (Operation *op = value.getDefiningOp(); op && isCheap(op))
      replaceAllUsesInRegionWith(value, inside.clone(*op)->getResult(0), loop.getRegion());

  // One index for all dimensions.
  ImplicitLocOpBuilder before(loop.getLoc(), loop);
  Block *body = loop.getBody();
  Value chunk = body->addArgument(inside.getIndexType(), loop.getLoc());
  Value chunks, rest = chunk;
  inside.setInsertionPointToStart(body);
  SmallVector<OpFoldResult> lower = loop.getMixedLowerBound(), upper = loop.getMixedUpperBound(),
                            step = loop.getMixedStep();
  for (int64_t i = loop.getRank() - 1; i >= 0; --i) {
    Value count = tripCount(before, lower[i], upper[i], step[i]);
    chunks = chunks ? before.createOrFold<arith::MulIOp>(chunks, count) : count;
    Value index = rest;
    if (i > 0) {
      Value size = count;
      if (Operation *op = count.getDefiningOp(); op && isCheap(op))
        size = inside.clone(*op)->getResult(0);
      index = arith::RemUIOp::create(inside, rest, size);
      rest = arith::DivUIOp::create(inside, rest, size);
    }
    if (!isConstantIntValue(step[i], 1))
      index = arith::MulIOp::create(inside, index, getValueOrCreateConstantIndexOp(inside, inside.getLoc(), step[i]));
    if (!isConstantIntValue(lower[i], 0))
      index = arith::AddIOp::create(inside, index, getValueOrCreateConstantIndexOp(inside, inside.getLoc(), lower[i]));
    body->getArgument(i).replaceAllUsesWith(index);
  }
  body->eraseArguments(0, loop.getRank());

  used.clear();
  getUsedValuesDefinedAbove(loop.getRegion(), used);
  used.remove(contextOf(parent));
  SmallVector<Value> captures(used.begin(), used.end());
  SmallVector<PointerFacts> captureFacts = comparePointers(captures, facts);

  // The body function.
  SmallVector<Type> bodyTypes;
  SmallVector<DictionaryAttr> bodyAttributes;
  SmallVector<SmallVector<Value>> captured;
  auto none = DictionaryAttr::get(context);
  for (auto [value, fact] : llvm::zip(captures, captureFacts)) {
    SmallVector<Type> parts = pointerTypes(value.getType(), *converter);
    auto memref = dyn_cast<MemRefType>(value.getType());
    for (unsigned i = 0; i < parts.size(); ++i)
      bodyAttributes.push_back(memref && i == 0 ? pointerAttributes(memref, fact) : none);
    llvm::append_range(bodyTypes, parts);
    captured.push_back(unpackPointers(before, value, *converter));
  }
  size_t envSize = bodyTypes.size();
  bodyTypes.append({word, pointer, pointer});
  bodyAttributes.append({none,
                         before.getDictionaryAttr(
                             {before.getNamedAttr(LLVM::LLVMDialect::getNoAliasAttrName(), before.getUnitAttr()),
                              before.getNamedAttr(LLVM::LLVMDialect::getAlignAttrName(),
                                                  before.getI64IntegerAttr(INGOT_ALIGNMENT))}),
                         none});
  OpBuilder moduleBuilder(parent);
  auto function = func::FuncOp::create(moduleBuilder, loop.getLoc(), name + "_body",
                                       FunctionType::get(context, bodyTypes, {}));
  function.setPrivate();
  function.setAllArgAttrs(bodyAttributes);
  Block *entry = function.addEntryBlock();
  ImplicitLocOpBuilder b(loop.getLoc(), entry, entry->begin());
  ValueRange arguments = entry->getArguments();
  unsigned at = 0;
  for (auto [value, parts] : llvm::zip(captures, captured)) {
    replaceAllUsesInRegionWith(value, packPointers(b, value.getType(), arguments.slice(at, parts.size()), *converter),
                               loop.getRegion());
    at += parts.size();
  }
  replaceAllUsesInRegionWith(contextOf(parent), arguments.back(), loop.getRegion());
  chunk.replaceAllUsesWith(UnrealizedConversionCastOp::create(b, b.getIndexType(), arguments[at]).getResult(0));
  loop.getTerminator()->erase();
  entry->getOperations().splice(entry->end(), body->getOperations());
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b);
  if (failed(placeScratch(function, arguments[at + 1])))
    return failure();

  // What the runtime calls.
  SmallVector<Type> envTypes(bodyTypes.begin(), bodyTypes.begin() + envSize);
  envTypes.push_back(pointer);
  auto envType = LLVM::LLVMStructType::getLiteral(context, envTypes);
  auto entryType = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), {pointer, word, pointer});
  auto chunkFunction = LLVM::LLVMFuncOp::create(moduleBuilder, loop.getLoc(), name + "_chunk", entryType,
                                                LLVM::Linkage::Internal);
  b.setInsertionPointToStart(chunkFunction.addEntryBlock(b));
  SmallVector<Value> operands;
  auto field = [&](ImplicitLocOpBuilder &builder, Value env, size_t i) -> Value {
    return LLVM::GEPOp::create(builder, pointer, envType, env, ArrayRef<LLVM::GEPArg>{0, int32_t(i)});
  };
  Block &chunkEntry = chunkFunction.getBody().front();
  for (size_t i = 0; i <= envSize; ++i)
    operands.push_back(LLVM::LoadOp::create(b, envTypes[i], field(b, chunkEntry.getArgument(0), i)));
  operands.insert(operands.end() - 1, {chunkEntry.getArgument(1), chunkEntry.getArgument(2)});
  func::CallOp::create(b, function, operands);
  LLVM::ReturnOp::create(b, ValueRange());

  // The launch; its environment lies on the stack of the function, not of a loop around the launch.
  Value env;
  {
    OpBuilder::InsertionGuard guard(before);
    before.setInsertionPointToStart(&parent.getBody().front());
    Value one = LLVM::ConstantOp::create(before, word, before.getI64IntegerAttr(1));
    env = LLVM::AllocaOp::create(before, pointer, envType, one);
  }
  SmallVector<Value> stored;
  for (ArrayRef<Value> parts : captured)
    llvm::append_range(stored, parts);
  stored.push_back(contextOf(parent));
  for (auto [i, value] : llvm::enumerate(stored))
    LLVM::StoreOp::create(before, value, field(before, env, i));
  Value pool = loadPool(before, contextOf(parent));
  Value address = LLVM::AddressOfOp::create(before, chunkFunction);
  Value count = UnrealizedConversionCastOp::create(before, word, chunks).getResult(0);
  LLVM::CallOp::create(before, TypeRange(), "ingot_parallel_for", ValueRange{pool, address, env, count});
  loop.erase();
  return success();
}

/// Buffers of a chunk lie side by side in the scratch buffer of the worker that runs it, unless each is to be separate.
LogicalResult Parallelize::placeScratch(func::FuncOp function, Value scratch) {
  function.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });
  SmallVector<memref::AllocOp> allocs;
  function.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  uint64_t used = 0;
  for (memref::AllocOp alloc : allocs) {
    if (separate) {
      alloc.removeAlignmentAttr();
      OpBuilder end(alloc->getBlock()->getTerminator());
      memref::DeallocOp::create(end, alloc.getLoc(), alloc);
      continue;
    }
    MemRefType type = alloc.getType();
    if (!type.hasStaticShape() || !type.getLayout().isIdentity())
      return alloc.emitOpError("in a parallel loop has no size that is known at compile time: ") << type;
    ImplicitLocOpBuilder b(alloc.getLoc(), alloc);
    Value place =
        LLVM::GEPOp::create(b, scratch.getType(), b.getI8Type(), scratch, ArrayRef<LLVM::GEPArg>{int32_t(used)});
    used += llvm::alignTo(type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8), INGOT_ALIGNMENT);
    alloc.replaceAllUsesWith(packPointers(b, type, place, *converter));
    alloc.erase();
  }
  scratchBytes = std::max(scratchBytes, used);
  return success();
}

void Parallelize::runOnOperation() {
  ModuleOp module = getOperation();
  LLVMTypeConverter types(&getContext());
  converter = &types;
  Type pointer = LLVM::LLVMPointerType::get(&getContext());
  facts = analyzePointers(module);

  auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
  llvm::StringSet<> defined;
  for (func::FuncOp function : functions) {
    if (function.isExternal())
      continue;
    defined.insert(function.getSymName());
    (void)function.insertArgument(function.getNumArguments(), pointer, DictionaryAttr(), function.getLoc());
  }
  module.walk([&](func::CallOp call) {
    if (defined.contains(call.getCallee()))
      call->insertOperands(call->getNumOperands(), contextOf(call->getParentOfType<func::FuncOp>()));
  });

  SmallVector<scf::ForallOp> loops;
  module.walk<WalkOrder::PreOrder>([&](scf::ForallOp loop) {
    loops.push_back(loop);
    return WalkResult::skip();
  });
  if (!loops.empty() && !module.lookupSymbol("ingot_parallel_for")) {
    OpBuilder b(module.getBodyRegion());
    Type word = b.getI64Type();
    LLVM::LLVMFuncOp::create(b, module.getLoc(), "ingot_parallel_for",
                             LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                                         {pointer, pointer, pointer, word}));
  }
  for (scf::ForallOp loop : loops)
    if (failed(outline(loop)))
      return signalPassFailure();

  WalkResult result = module.walk([&](memref::AllocOp alloc) {
    if (separate)
      return WalkResult::advance();
    alloc.emitOpError("is outside of parallel loops and was not placed in the arena");
    return WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return signalPassFailure();
  module->setAttr("ingot.scratch_bytes", IntegerAttr::get(IntegerType::get(&getContext(), 64), scratchBytes));
}

} // namespace ingot
