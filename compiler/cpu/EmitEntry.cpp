//===- EmitEntry.cpp - The C entry of a model -----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds `int32_t ingot_run_NAME(const ingot_frame *)` around @main, turns every memref argument into pointers, and
// every cf.assert into a status that names its node.
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/cpu/Context.h"
#include "compiler/cpu/PointerArguments.h"
#include "compiler/emit/Names.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "runtime/abi.h"
#include "llvm/ADT/MapVector.h"
#include <map>

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_EMITENTRY
#include "compiler/Passes.h.inc"

namespace {
class EmitEntry : public impl::EmitEntryBase<EmitEntry> {
public:
  void runOnOperation() override;
};
} // namespace

/// Stores the number of the assertion's node and leaves the function: a run goes on with values that are undefined,
/// every use of which is checked again where it matters.
static void lowerAssertions(ModuleOp module) {
  llvm::MapVector<StringRef, int32_t> nodes;
  SmallVector<cf::AssertOp> assertions;
  module.walk([&](cf::AssertOp op) { assertions.push_back(op); });
  for (cf::AssertOp op : assertions) {
    int32_t node = nodes.try_emplace(op.getMsg(), nodes.size()).first->second;
    auto function = op->getParentOfType<func::FuncOp>();
    Block *before = op->getBlock(), *after = before->splitBlock(op);
    ImplicitLocOpBuilder b(op.getLoc(), op.getContext());
    Block *fault = b.createBlock(&function.getBody());
    Value none = LLVM::ConstantOp::create(b, b.getI32Type(), b.getI32IntegerAttr(INGOT_OK));
    Value status = LLVM::ConstantOp::create(b, b.getI32Type(), b.getI32IntegerAttr(INGOT_FAULT + node));
    // The first fault stays: later ones may be its consequences.
    LLVM::AtomicCmpXchgOp::create(b, statusAddress(b, contextOf(function)), none, status,
                                  LLVM::AtomicOrdering::monotonic, LLVM::AtomicOrdering::monotonic);
    SmallVector<Value> results;
    for (Type type : function.getResultTypes())
      results.push_back(ub::PoisonOp::create(b, type));
    func::ReturnOp::create(b, results);
    b.setInsertionPointToEnd(before);
    cf::CondBranchOp::create(b, op.getArg(), after, fault);
    op.erase();
  }
  SmallVector<StringRef> names;
  for (auto &[name, number] : nodes)
    names.push_back(name);
  module->setAttr("ingot.nodes", Builder(module.getContext()).getStrArrayAttr(names));
}

/// Ends the run before it begins where a dimension is not within its bounds.
static void checkBounds(ImplicitLocOpBuilder &b, ArrayAttr bounds, ArrayRef<Value> dims) {
  Value outside;
  for (auto [bound, dim] : llvm::zip_equal(bounds.getAsRange<DictionaryAttr>(), dims))
    for (bool high : {false, true}) {
      Value limit = LLVM::ConstantOp::create(b, dim.getType(), bound.getAs<IntegerAttr>(high ? "high" : "low"));
      Value beyond = LLVM::ICmpOp::create(b, high ? LLVM::ICmpPredicate::sgt : LLVM::ICmpPredicate::slt, dim, limit);
      outside = outside ? LLVM::OrOp::create(b, outside, beyond).getResult() : beyond;
    }
  Block *here = b.getInsertionBlock(), *go = here->splitBlock(b.getInsertionPoint());
  Block *refuse = b.createBlock(here->getParent());
  LLVM::ReturnOp::create(b,
                         Value(LLVM::ConstantOp::create(b, b.getI32Type(), b.getI32IntegerAttr(INGOT_BAD_ARGUMENT))));
  b.setInsertionPointToEnd(here);
  LLVM::CondBrOp::create(b, outside, refuse, go);
  b.setInsertionPointToEnd(go);
}

/// The value of a size that follows from the open dimensions.
static Value computeSize(ImplicitLocOpBuilder &b, AffineExpr size, ArrayRef<Value> dims) {
  Type word = b.getI64Type();
  if (auto constant = dyn_cast<AffineConstantExpr>(size))
    return LLVM::ConstantOp::create(b, word, b.getI64IntegerAttr(constant.getValue()));
  if (auto symbol = dyn_cast<AffineSymbolExpr>(size))
    return dims[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(size);
  Value left = computeSize(b, binary.getLHS(), dims), right = computeSize(b, binary.getRHS(), dims);
  if (size.getKind() == AffineExprKind::Add)
    return LLVM::AddOp::create(b, left, right);
  if (size.getKind() == AffineExprKind::Mul)
    return LLVM::MulOp::create(b, left, right);
  assert(size.getKind() == AffineExprKind::FloorDiv && "sizes are polynomials and quotients of them");
  return LLVM::UDivOp::create(b, left, right);
}

/// The run's pointers and sizes, taken from the frame.
static LogicalResult emitEntry(ModuleOp module, func::FuncOp main, const LLVMTypeConverter &converter) {
  MLIRContext *context = module.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context), status = IntegerType::get(context, 32),
       word = IntegerType::get(context, 64);
  OpBuilder moduleBuilder = OpBuilder::atBlockEnd(module.getBody());
  auto entry = LLVM::LLVMFuncOp::create(moduleBuilder, main.getLoc(), entryName(module),
                                        LLVM::LLVMFunctionType::get(status, {pointer}));
  ImplicitLocOpBuilder b(main.getLoc(), context);
  b.setInsertionPointToStart(entry.addEntryBlock(moduleBuilder));
  Value frame = entry.getBody().front().getArgument(0);
  auto load = [&](Value array, unsigned i, Type type) -> Value {
    Value address = LLVM::GEPOp::create(b, pointer, type, array, ArrayRef<LLVM::GEPArg>{int32_t(i)});
    return LLVM::LoadOp::create(b, type, address);
  };
  // ingot_frame is seven pointers: arena, weights, inputs, outputs, pool, dims, output_dims.
  Value arrays[] = {load(frame, 2, pointer), load(frame, 3, pointer)};
  Value dims = load(frame, 5, pointer);
  Value one = LLVM::ConstantOp::create(b, word, b.getI64IntegerAttr(1));
  Value zero = LLVM::ConstantOp::create(b, status, b.getI32IntegerAttr(0));
  Value runContext = LLVM::AllocaOp::create(b, pointer, contextType(context), one);
  LLVM::StoreOp::create(b, load(frame, 4, pointer), runContext);
  LLVM::StoreOp::create(b, zero, statusAddress(b, runContext));

  llvm::StringMap<Value> namedDims;
  SmallVector<Value> boundedDims;
  if (auto bounded = module->getAttrOfType<ArrayAttr>("ingot.open_dims")) {
    for (auto [i, dim] : llvm::enumerate(bounded.getAsRange<DictionaryAttr>())) {
      boundedDims.push_back(load(dims, i, word));
      namedDims[dim.getAs<StringAttr>("name").getValue()] = boundedDims.back();
    }
    checkBounds(b, bounded, boundedDims);
  }
  std::map<int64_t, SmallVector<Value>> outputDims;
  unsigned openDims = 0, inputs = 0;
  SmallVector<Value> operands;
  for (auto [number, argument] : llvm::enumerate(main.getArguments().drop_back())) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (!type)
      return main.emitOpError("argument ") << number << " is " << argument.getType() << ", want a memref";
    auto output = main.getArgAttrOfType<IntegerAttr>(number, "ingot.output");
    SmallVector<Value> parts = {number < 2 ? load(frame, number, pointer)
                                : output   ? load(arrays[1], output.getInt(), pointer)
                                           : load(arrays[0], inputs++, pointer)};
    auto names = main.getArgAttrOfType<ArrayAttr>(number, "ingot.dims");
    auto sizes = main.getArgAttrOfType<AffineMapAttr>(number, "ingot.sizes");
    if (number < 2 && !type.hasStaticShape()) {
      StringRef size = number == 0 ? "ingot.arena_bytes" : "ingot.weight_bytes";
      auto bytes = module->getAttrOfType<IntegerAttr>(size);
      parts.push_back(LLVM::ConstantOp::create(b, word, b.getI64IntegerAttr(bytes ? bytes.getInt() : 0)));
    } else {
      for (int64_t i = 0; i < type.getRank(); ++i) {
        if (!type.isDynamicDim(i))
          continue;
        if (sizes) {
          parts.push_back(computeSize(b, sizes.getValue().getResult(i), boundedDims));
          if (output)
            outputDims[output.getInt()].push_back(parts.back());
          continue;
        }
        StringRef name = names && i < int64_t(names.size()) ? cast<StringAttr>(names[i]).getValue() : "";
        Value size = name.empty() ? Value() : namedDims.lookup(name);
        if (!size)
          size = load(dims, openDims++, word);
        if (!name.empty())
          namedDims[name] = size;
        parts.push_back(size);
      }
    }
    operands.push_back(packPointers(b, type, parts, converter));
  }
  Value outputDimArray = outputDims.empty() ? Value() : load(frame, 6, pointer);
  int32_t place = 0;
  for (auto &[output, sizes] : outputDims)
    for (Value size : sizes)
      LLVM::StoreOp::create(b, size,
                            LLVM::GEPOp::create(b, pointer, word, outputDimArray, ArrayRef<LLVM::GEPArg>{place++}));
  operands.push_back(runContext);
  func::CallOp::create(b, main, operands);
  LLVM::ReturnOp::create(b, Value(LLVM::LoadOp::create(b, status, statusAddress(b, runContext))));
  return success();
}

/// Keeps what the host is told about inputs and outputs: the types of the buffers no longer show it.
static void keepSignature(ModuleOp module, func::FuncOp main) {
  Builder b(module.getContext());
  SmallVector<Attribute> inputs;
  std::map<int64_t, Attribute> outputs;
  for (unsigned i = 2; i + 1 < main.getNumArguments(); ++i) {
    auto output = main.getArgAttrOfType<IntegerAttr>(i, "ingot.output");
    SmallVector<NamedAttribute> entries;
    Attribute name = main.getArgAttr(i, "ingot.name"), type = main.getArgAttr(i, "ingot.type"),
              dims = main.getArgAttr(i, "ingot.dims");
    if (!type) {
      auto buffer = cast<MemRefType>(main.getArgumentTypes()[i]);
      type = TypeAttr::get(RankedTensorType::get(buffer.getShape(), buffer.getElementType()));
    }
    entries.push_back(b.getNamedAttr("name", name ? name : b.getStringAttr("arg" + std::to_string(i - 2))));
    entries.push_back(b.getNamedAttr("type", type));
    if (dims)
      entries.push_back(b.getNamedAttr("dims", dims));
    if (Attribute bounds = main.getArgAttr(i, "ingot.bounds"))
      entries.push_back(b.getNamedAttr("bounds", bounds));
    Attribute entry = b.getDictionaryAttr(entries);
    if (output)
      outputs[output.getInt()] = entry;
    else
      inputs.push_back(entry);
  }
  module->setAttr("ingot.inputs", b.getArrayAttr(inputs));
  module->setAttr("ingot.outputs",
                  b.getArrayAttr(llvm::map_to_vector(outputs, [](auto &entry) { return entry.second; })));
}

void EmitEntry::runOnOperation() {
  ModuleOp module = getOperation();
  LLVMTypeConverter converter(&getContext());
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.getNumArguments() == 0 || !isa<LLVM::LLVMPointerType>(main.getArgumentTypes().back())) {
    module.emitError("expected a function @main that went through parallelize");
    return signalPassFailure();
  }
  lowerAssertions(module);
  keepSignature(module, main);
  if (failed(emitEntry(module, main, converter)))
    return signalPassFailure();
  lowerSignatures(module, converter);
  lowerSlices(module, converter);
  main.setPrivate();
}

} // namespace ingot
