//===- MergeSamples.cpp - One module of several sizes ---------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The samples are walked side by side. Where they have the same ops, and types, views and constants that differ in
// numbers, the numbers become values that are computed from the open dimensions: main reads these from its arguments
// and passes them to the functions that need them.
//
//===----------------------------------------------------------------------===//

#include "compiler/sizes/MergeSamples.h"
#include "compiler/sizes/OpenFunction.h"
#include "dialects/ingot/Dialect.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace ingot;

namespace {

class Merger {
public:
  Merger(ArrayRef<ModuleOp> samples, SizeFunctions &functions, ArrayRef<InputInfo> inputs,
         llvm::function_ref<ModuleOp()> upper)
      : samples(samples), functions(functions), inputs(inputs), upper(upper), maps(samples.size()) {}

  LogicalResult run();

private:
  using Ops = SmallVector<Operation *>;

  // What the samples have in common.
  LogicalResult match(ArrayRef<Operation *> ops);
  LogicalResult matchRegions(ArrayRef<Operation *> ops);
  LogicalResult matchOperands(ArrayRef<Operation *> ops);
  LogicalResult matchValues(Operation *at, ArrayRef<Value> values);
  LogicalResult compareAttributes(ArrayRef<Operation *> ops);
  FailureOr<Type> mergeTypes(Operation *at, ArrayRef<Type> types);
  FailureOr<int64_t> mergeNumbers(Operation *at, ArrayRef<int64_t> numbers);
  InFlightDiagnostic differ(Operation *at);

  // The module of all sizes.
  void passSizes();
  LogicalResult rewrite(OpenFunction &function, ArrayRef<Operation *> ops);
  LogicalResult rewriteOp(OpenFunction &function, Operation *op);
  LogicalResult rewriteNumbers(OpenFunction &function);
  LogicalResult rewriteWeight(OpenFunction &main, BlockArgument argument);
  LogicalResult rewriteSignature(OpenFunction &main);
  FailureOr<SmallVector<OpFoldResult>> mixed(OpenFunction &function, Operation *op, ArrayRef<OpFoldResult> own,
                                             llvm::function_ref<SmallVector<OpFoldResult>(Operation *)> get);
  SmallVector<AffineExpr> shapeFunctions(Value value);
  SmallVector<OpFoldResult> dynamicShape(OpenFunction &function, Value value);

  ArrayRef<ModuleOp> samples;
  SizeFunctions &functions;
  ArrayRef<InputInfo> inputs;
  llvm::function_ref<ModuleOp()> upper;
  std::vector<DenseMap<Value, Value>> maps;                  ///< values of the first sample in each other
  DenseMap<Operation *, Ops> same;                           ///< an op of the first sample in all of them
  DenseMap<Value, Type> types;                               ///< of values whose types differ
  DenseMap<Value, SmallVector<SmallVector<int64_t>>> shapes; ///< of the same values, in each sample
  /// Operands of the first sample that are constants which differ.
  std::vector<std::pair<OpOperand *, SmallVector<TypedAttr>>> numbers;
  llvm::SetVector<func::FuncOp> open; ///< functions in which something differs
};

} // namespace

//===----------------------------------------------------------------------===//
// What the samples have in common
//===----------------------------------------------------------------------===//

InFlightDiagnostic Merger::differ(Operation *at) {
  std::string names;
  for (const OpenDim &dim : functions.dims())
    names += (names.empty() ? "'" : ", '") + dim.name + "'";
  return emitError(at->getLoc()) << "cannot be compiled for a range of " << names << ": ";
}

FailureOr<int64_t> Merger::mergeNumbers(Operation *at, ArrayRef<int64_t> numbers) {
  if (llvm::all_equal(numbers))
    return numbers.front();
  if (functions.fit(numbers))
    return ShapedType::kDynamic;
  return differ(at) << "a size that is " << numbers.front() << ", " << numbers[1] << " or " << numbers[2]
                    << " follows from it in an unknown way";
}

FailureOr<Type> Merger::mergeTypes(Operation *at, ArrayRef<Type> types) {
  if (llvm::all_equal(types))
    return types.front();
  SmallVector<SmallVector<int64_t>> shapes, strides;
  SmallVector<int64_t> offsets;
  for (Type type : types) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || memref.getElementType() != cast<MemRefType>(types.front()).getElementType() ||
        memref.getRank() != cast<MemRefType>(types.front()).getRank())
      return differ(at) << "its type is " << types.front() << " or " << type;
    shapes.emplace_back(memref.getShape());
    if (failed(memref.getStridesAndOffset(strides.emplace_back(), offsets.emplace_back())))
      return differ(at) << "its layout is no stride for each dimension";
  }
  auto first = cast<MemRefType>(types.front());
  auto mergeAll = [&](ArrayRef<SmallVector<int64_t>> lists) -> FailureOr<SmallVector<int64_t>> {
    SmallVector<int64_t> merged;
    for (size_t i = 0; i < lists.front().size(); ++i) {
      FailureOr<int64_t> number = mergeNumbers(at, llvm::map_to_vector(lists, [&](auto &list) { return list[i]; }));
      if (failed(number))
        return failure();
      merged.push_back(*number);
    }
    return merged;
  };
  FailureOr<SmallVector<int64_t>> shape = mergeAll(shapes);
  if (failed(shape))
    return failure();
  if (first.getLayout().isIdentity())
    return Type(MemRefType::get(*shape, first.getElementType(), MemRefLayoutAttrInterface(), first.getMemorySpace()));
  FailureOr<SmallVector<int64_t>> steps = mergeAll(strides);
  FailureOr<int64_t> offset = mergeNumbers(at, offsets);
  if (failed(steps) || failed(offset))
    return failure();
  return Type(MemRefType::get(*shape, first.getElementType(),
                              StridedLayoutAttr::get(first.getContext(), *offset, *steps), first.getMemorySpace()));
}

LogicalResult Merger::matchValues(Operation *at, ArrayRef<Value> values) {
  for (size_t k = 0; k < values.size(); ++k)
    maps[k][values[0]] = values[k];
  SmallVector<Type> each = llvm::map_to_vector(values, [](Value v) { return v.getType(); });
  if (llvm::all_equal(each))
    return success();
  FailureOr<Type> merged = mergeTypes(at, each);
  if (failed(merged))
    return failure();
  types[values[0]] = *merged;
  for (Type type : each)
    shapes[values[0]].emplace_back(cast<MemRefType>(type).getShape());
  auto function = dyn_cast<func::FuncOp>(at);
  open.insert(function ? function : at->getParentOfType<func::FuncOp>());
  return success();
}

/// Everything but the numbers that `rewriteOp` makes values.
LogicalResult Merger::compareAttributes(ArrayRef<Operation *> ops) {
  if (isa<func::FuncOp>(ops[0]) ||
      llvm::all_equal(llvm::map_range(ops, [](Operation *op) { return op->getAttrDictionary(); })))
    return success();
  open.insert(ops[0]->getParentOfType<func::FuncOp>());
  for (NamedAttribute attribute : ops[0]->getAttrDictionary()) {
    StringRef name = attribute.getName();
    bool isMixed =
        isa<memref::SubViewOp, memref::ReinterpretCastOp, memref::ExpandShapeOp>(ops[0]) && name.starts_with("static_");
    for (Operation *op : ops)
      if (!isMixed && op->getAttr(name) != attribute.getValue())
        return differ(ops[0]) << "the " << name << " of " << ops[0]->getName() << " depends on it";
  }
  return success();
}

LogicalResult Merger::matchRegions(ArrayRef<Operation *> ops) {
  for (unsigned r = 0; r < ops[0]->getNumRegions(); ++r) {
    for (Operation *op : ops)
      if (op->getRegion(r).getBlocks().size() != ops[0]->getRegion(r).getBlocks().size())
        return differ(ops[0]) << "its control flow depends on it";
    SmallVector<Region::iterator> blocks =
        llvm::map_to_vector(ops, [&](Operation *op) { return op->getRegion(r).begin(); });
    for (; blocks[0] != ops[0]->getRegion(r).end(); llvm::for_each(blocks, [](auto &block) { ++block; })) {
      for (unsigned i = 0; i < blocks[0]->getNumArguments(); ++i)
        if (failed(matchValues(
                ops[0], llvm::map_to_vector(blocks, [&](auto &block) -> Value { return block->getArgument(i); }))))
          return failure();
      // Constants are matched where they are used: which of them are one is a coincidence of sizes.
      SmallVector<Ops> lists;
      for (auto &block : blocks) {
        Ops &list = lists.emplace_back();
        for (Operation &op : *block)
          if (!isa<arith::ConstantOp>(op))
            list.push_back(&op);
        if (list.size() != lists[0].size() || block->getNumArguments() != blocks[0]->getNumArguments())
          return differ(ops[0]) << "the number of operations depends on it";
      }
      for (size_t i = 0; i < lists[0].size(); ++i)
        if (failed(match(llvm::map_to_vector(lists, [&](Ops &list) { return list[i]; }))))
          return failure();
    }
  }
  return success();
}

LogicalResult Merger::matchOperands(ArrayRef<Operation *> ops) {
  for (OpOperand &operand : ops[0]->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    SmallVector<TypedAttr> constants;
    for (Operation *op : ops)
      if (auto constant = op->getOperand(i).getDefiningOp<arith::ConstantOp>())
        constants.push_back(constant.getValue());
    if (constants.size() < ops.size()) {
      for (size_t k = 1; k < ops.size(); ++k)
        if (maps[k].lookup(operand.get()) != ops[k]->getOperand(i))
          return differ(ops[0]) << "what " << ops[0]->getName() << " reads depends on it";
    } else if (!llvm::all_equal(constants)) {
      numbers.emplace_back(&operand, constants);
      open.insert(ops[0]->getParentOfType<func::FuncOp>());
    }
  }
  return success();
}

LogicalResult Merger::match(ArrayRef<Operation *> ops) {
  if (isa<WeightOp>(ops[0])) // see rewriteWeight
    return success();
  same[ops[0]].assign(ops.begin(), ops.end());
  for (size_t k = 1; k < ops.size(); ++k) {
    if (ops[k]->getName() != ops[0]->getName() || ops[k]->getNumOperands() != ops[0]->getNumOperands() ||
        ops[k]->getNumResults() != ops[0]->getNumResults() || ops[k]->getNumRegions() != ops[0]->getNumRegions())
      return differ(ops[0]) << "it becomes " << ops[0]->getName() << " or " << ops[k]->getName();
  }
  if (failed(matchOperands(ops)))
    return failure();
  for (unsigned i = 0; i < ops[0]->getNumResults(); ++i)
    if (failed(matchValues(ops[0], llvm::map_to_vector(ops, [&](Operation *op) -> Value { return op->getResult(i); }))))
      return failure();
  if (failed(compareAttributes(ops)))
    return failure();
  return matchRegions(ops);
}

//===----------------------------------------------------------------------===//
// The module of all sizes
//===----------------------------------------------------------------------===//

/// Functions in which something differs get the open dimensions as arguments, and so does whoever calls them.
void Merger::passSizes() {
  ModuleOp module = samples[0];
  SymbolTable symbols(module);
  for (unsigned i = 0; i < open.size(); ++i)
    module.walk([&](func::CallOp call) {
      if (symbols.lookup<func::FuncOp>(call.getCallee()) == open[i])
        open.insert(call->getParentOfType<func::FuncOp>());
    });
}

SmallVector<AffineExpr> Merger::shapeFunctions(Value value) {
  ArrayRef<SmallVector<int64_t>> all = shapes[value];
  SmallVector<AffineExpr> result;
  for (size_t i = 0; i < all[0].size(); ++i)
    result.push_back(functions.fit(llvm::map_to_vector(all, [&](auto &shape) { return shape[i]; })));
  return result;
}

SmallVector<OpFoldResult> Merger::dynamicShape(OpenFunction &function, Value value) {
  return llvm::map_to_vector(shapeFunctions(value), [&](AffineExpr size) { return function.size(size); });
}

/// Offsets, sizes or strides, some of them constants that differ.
FailureOr<SmallVector<OpFoldResult>> Merger::mixed(OpenFunction &function, Operation *op, ArrayRef<OpFoldResult> own,
                                                   llvm::function_ref<SmallVector<OpFoldResult>(Operation *)> get) {
  SmallVector<SmallVector<OpFoldResult>> each = llvm::map_to_vector(same[op], get);
  SmallVector<OpFoldResult> result;
  for (auto [i, mine] : llvm::enumerate(own)) {
    SmallVector<int64_t> numbers;
    for (auto &list : each)
      if (std::optional<int64_t> number = getConstantIntValue(list[i]))
        numbers.push_back(*number);
    if (numbers.empty()) {
      result.push_back(mine);
      continue;
    }
    AffineExpr number = numbers.size() == each.size() ? functions.fit(numbers) : AffineExpr();
    if (!number)
      return differ(op) << "an offset follows from it in an unknown way";
    result.push_back(function.size(number));
  }
  return result;
}

LogicalResult Merger::rewriteNumbers(OpenFunction &function) {
  for (auto &[operand, values] : numbers) {
    Operation *op = operand->getOwner();
    if (op->getParentOfType<func::FuncOp>() != function.function())
      continue;
    Type type = values[0].getType();
    bool sameTypes = llvm::all_of(values, [&](TypedAttr value) { return value.getType() == type; });
    Value number = sameTypes ? function.number(functions, values) : Value();
    if (!number)
      return differ(op) << "a number that is " << values[0] << ", " << values[1] << " or " << values[2]
                        << " follows from it in an unknown way";
    operand->set(number);
  }
  return success();
}

LogicalResult Merger::rewriteOp(OpenFunction &function, Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  if (auto call = dyn_cast<func::CallOp>(op)) {
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, call.getCalleeAttr());
    if (open.contains(callee))
      call.getOperandsMutable().append(function.dims());
    return success();
  }
  if (auto alloc = dyn_cast<memref::AllocOp>(op); alloc && types.contains(alloc)) {
    auto type = cast<MemRefType>(types[alloc]);
    SmallVector<Value> sizes;
    SmallVector<int64_t> bounds;
    for (AffineExpr size : shapeFunctions(alloc)) {
      bounds.push_back(functions.upperBound(size));
      if (!isa<AffineConstantExpr>(size))
        sizes.push_back(cast<Value>(function.size(size)));
    }
    auto opened = memref::AllocOp::create(b, type, sizes, alloc.getAlignmentAttr());
    opened->setAttr("ingot.bounds", b.getDenseI64ArrayAttr(bounds));
    alloc.replaceAllUsesWith(opened.getResult());
    alloc.erase();
    return success();
  }
  if (auto view = dyn_cast<memref::SubViewOp>(op)) {
    auto offsets = mixed(function, op, view.getMixedOffsets(),
                         [](Operation *each) { return cast<memref::SubViewOp>(each).getMixedOffsets(); });
    auto sizes = mixed(function, op, view.getMixedSizes(),
                       [](Operation *each) { return cast<memref::SubViewOp>(each).getMixedSizes(); });
    auto strides = mixed(function, op, view.getMixedStrides(),
                         [](Operation *each) { return cast<memref::SubViewOp>(each).getMixedStrides(); });
    if (failed(offsets) || failed(sizes) || failed(strides))
      return failure();
    ArrayRef<int64_t> shape = cast<MemRefType>(types.contains(view) ? types[view] : Type(view.getType())).getShape();
    auto opened = memref::SubViewOp::create(
        b, memref::SubViewOp::inferRankReducedResultType(shape, view.getSourceType(), *offsets, *sizes, *strides),
        view.getSource(), *offsets, *sizes, *strides);
    view.replaceAllUsesWith(opened.getResult());
    view.erase();
    return success();
  }
  if (auto expand = dyn_cast<memref::ExpandShapeOp>(op)) {
    SmallVector<OpFoldResult> shape = types.contains(expand)
                                          ? dynamicShape(function, expand)
                                          : getAsIndexOpFoldResult(b.getContext(), expand.getResultType().getShape());
    SmallVector<int64_t> sizes;
    for (OpFoldResult size : shape)
      sizes.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    FailureOr<MemRefType> type = memref::ExpandShapeOp::computeExpandedType(cast<MemRefType>(expand.getSrc().getType()),
                                                                            sizes, expand.getReassociationIndices());
    if (failed(type))
      return differ(op) << "a reshape of its buffer depends on it";
    auto opened = memref::ExpandShapeOp::create(b, *type, expand.getSrc(), expand.getReassociationIndices(), shape);
    expand.replaceAllUsesWith(opened.getResult());
    expand.erase();
    return success();
  }
  if (auto collapse = dyn_cast<memref::CollapseShapeOp>(op)) {
    auto opened = memref::CollapseShapeOp::create(b, collapse.getSrc(), collapse.getReassociationIndices());
    collapse.replaceAllUsesWith(opened.getResult());
    collapse.erase();
    return success();
  }
  if (auto slice = dyn_cast<kernel::SliceOp>(op); slice && types.contains(slice.getSlice())) {
    auto type = cast<MemRefType>(types[slice.getSlice()]);
    if (type.getRank() == cast<MemRefType>(slice.getSource().getType()).getRank() && type.isDynamicDim(0))
      return differ(op) << "the number of steps of a loop depends on it";
  }
  for (Value result : op->getResults())
    if (types.contains(result))
      result.setType(types[result]);
  return success();
}

/// The largest of a weight that is part of its larger selves: a mask, positions, a table of sines.
LogicalResult Merger::rewriteWeight(OpenFunction &main, BlockArgument argument) {
  func::FuncOp function = main.function();
  unsigned index = argument.getArgNumber();
  auto weightAt = [&](ModuleOp module) -> WeightOp {
    auto other = module.lookupSymbol<func::FuncOp>("main");
    auto name = index < other.getNumArguments() ? other.getArgAttrOfType<FlatSymbolRefAttr>(index, "ingot.weight")
                                                : FlatSymbolRefAttr();
    return name ? module.lookupSymbol<WeightOp>(name.getValue()) : WeightOp();
  };
  SmallVector<WeightOp> weights;
  for (ModuleOp sample : samples)
    weights.push_back(weightAt(sample));
  if (llvm::is_contained(weights, WeightOp()))
    return differ(function) << "which weights are read depends on it";
  WeightStore &store = function.getContext()->getLoadedDialect<IngotDialect>()->getWeights();
  bool sameTypes = !types.contains(argument);
  if (sameTypes && llvm::all_equal(llvm::map_range(weights, [](WeightOp op) { return op.getKey(); })))
    return success();
  ModuleOp whole = upper();
  WeightOp largest = whole ? weightAt(whole) : WeightOp();
  if (sameTypes || !largest)
    return differ(weights[0]) << "the values of a constant depend on it";
  for (WeightOp weight : weights)
    if (!isCorner(weight.getTensorType(), store.lookup(weight.getKey()), largest.getTensorType(),
                  store.lookup(largest.getKey())))
      return differ(weight) << "the values of a constant depend on it";
  OpBuilder atModule(weights[0]);
  SymbolTable symbols(samples[0]);
  auto copy = cast<WeightOp>(atModule.clone(*largest));
  function.setArgAttr(index, "ingot.weight", FlatSymbolRefAttr::get(symbols.insert(copy)));
  auto merged = cast<MemRefType>(types[argument]);
  auto type = MemRefType::get(largest.getTensorType().getShape(), merged.getElementType());
  main.takeCorner(argument, type, merged, shapeFunctions(argument), functions);
  return success();
}

/// What the host is told of inputs and outputs.
LogicalResult Merger::rewriteSignature(OpenFunction &main) {
  func::FuncOp function = main.function();
  Builder b(function.getContext());
  SmallVector<Attribute> open;
  for (const OpenDim &dim : functions.dims())
    open.push_back(b.getDictionaryAttr({b.getNamedAttr("name", b.getStringAttr(dim.name)),
                                        b.getNamedAttr("low", b.getI64IntegerAttr(dim.range.low)),
                                        b.getNamedAttr("high", b.getI64IntegerAttr(dim.range.high))}));
  samples[0]->setAttr("ingot.open_dims", b.getArrayAttr(open));
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    if (!types.contains(argument) || function.getArgAttr(i, "ingot.weight"))
      continue;
    SmallVector<AffineExpr> sizes = shapeFunctions(argument);
    SmallVector<int64_t> shape, bounds;
    SmallVector<StringRef> names;
    for (AffineExpr size : sizes) {
      bounds.push_back(functions.upperBound(size));
      shape.push_back(isa<AffineConstantExpr>(size) ? bounds.back() : ShapedType::kDynamic);
      auto symbol = dyn_cast<AffineSymbolExpr>(size);
      names.push_back(symbol ? StringRef(functions.dims()[symbol.getPosition()].name) : "");
    }
    if (auto type = function.getArgAttrOfType<TypeAttr>(i, "ingot.type"))
      function.setArgAttr(i, "ingot.type", TypeAttr::get(cast<RankedTensorType>(type.getValue()).clone(shape)));
    function.setArgAttr(i, "ingot.dims", b.getStrArrayAttr(names));
    function.setArgAttr(i, "ingot.bounds", b.getDenseI64ArrayAttr(bounds));
    function.setArgAttr(i, "ingot.sizes",
                        AffineMapAttr::get(AffineMap::get(0, functions.dims().size(), sizes, b.getContext())));
  }
  return success();
}

LogicalResult Merger::rewrite(OpenFunction &function, ArrayRef<Operation *> ops) {
  func::FuncOp func = function.function();
  bool isMain = !func.isPrivate();
  if (isMain) {
    for (BlockArgument argument : func.getArguments())
      if (func.getArgAttr(argument.getArgNumber(), "ingot.weight") && failed(rewriteWeight(function, argument)))
        return failure();
    if (failed(rewriteSignature(function)))
      return failure();
  }
  if (failed(rewriteNumbers(function)))
    return failure();
  for (Operation *op : ops)
    if (failed(rewriteOp(function, op)))
      return failure();
  return success();
}

LogicalResult Merger::run() {
  ModuleOp result = samples[0];
  for (ModuleOp sample : samples)
    if (sample.getBody()->getOperations().size() != result.getBody()->getOperations().size())
      return differ(samples[0]) << "the number of its parts depends on it";
  if (failed(matchRegions(llvm::map_to_vector(samples, [](ModuleOp sample) { return sample.getOperation(); }))))
    return failure();
  passSizes();
  std::vector<OpenFunction> functionsToRewrite;
  for (func::FuncOp func : open) {
    // Arguments first: views of them take their types.
    for (BlockArgument argument : func.getArguments())
      if (types.contains(argument) && !func.getArgAttr(argument.getArgNumber(), "ingot.weight"))
        argument.setType(types[argument]);
    functionsToRewrite.emplace_back(func, functions.dims().size());
    if (!func.isPrivate() && failed(functionsToRewrite.back().readDims(functions, inputs)))
      return failure();
  }
  // What is made from now on may lie where what is erased lay.
  std::vector<Ops> opsToRewrite(functionsToRewrite.size());
  for (auto [function, ops] : llvm::zip_equal(functionsToRewrite, opsToRewrite))
    function.function().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isa<func::FuncOp>(op) && same.contains(op))
        ops.push_back(op);
    });
  for (auto [function, ops] : llvm::zip_equal(functionsToRewrite, opsToRewrite))
    if (failed(rewrite(function, ops)))
      return failure();
  for (func::FuncOp func : open)
    func.setFunctionType(FunctionType::get(func.getContext(), func.getBody().front().getArgumentTypes(),
                                           func.getBody().front().getTerminator()->getOperandTypes()));
  return verify(samples[0]);
}

LogicalResult ingot::mergeSamples(ArrayRef<ModuleOp> samples, SizeFunctions &functions, ArrayRef<InputInfo> inputs,
                                  llvm::function_ref<ModuleOp()> upper) {
  return Merger(samples, functions, inputs, upper).run();
}
