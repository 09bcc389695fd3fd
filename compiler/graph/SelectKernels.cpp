//===- SelectKernels.cpp - Contractions become kernels --------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/cpu/KernelShapes.h"
#include "compiler/graph/OpenContractions.h"
#include "dialects/ingot/Movement.h"
#include "dialects/ingot/Values.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

namespace ingot {
#define GEN_PASS_DEF_SELECTKERNELS
#include "compiler/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {

RankedTensorType tensorOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Sees `v` with another shape; both are static and dense.
Value viewAs(ImplicitLocOpBuilder &b, Value v, ArrayRef<int64_t> shape) {
  RankedTensorType from = tensorOf(v), to = from.clone(shape);
  if (from == to)
    return v;
  if (auto groups = getReassociationIndicesForReshape(from, to)) {
    if (from.getRank() > to.getRank())
      return tensor::CollapseShapeOp::create(b, to, v, *groups);
    return tensor::ExpandShapeOp::create(b, to, v, *groups);
  }
  SmallVector<ReassociationIndices> all(1), none;
  for (int64_t i = 0; i < from.getRank(); ++i)
    all[0].push_back(i);
  Value flat = tensor::CollapseShapeOp::create(b, from.clone({from.getNumElements()}), v, all);
  all[0].clear();
  for (int64_t i = 0; i < to.getRank(); ++i)
    all[0].push_back(i);
  return tensor::ExpandShapeOp::create(b, to, flat, all);
}

/// The shape of a broadcast operand seen beside a result that has been reshaped to rank 4, in logical order. `dims` only
/// moves dimensions of size 1, so this is a view.
SmallVector<int64_t> broadcastShape(ArrayRef<int64_t> sizes, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> shape(4, 1);
  size_t trailing = std::min<size_t>(sizes.size(), 3);
  llvm::copy(sizes.take_back(trailing), shape.end() - trailing);
  for (int64_t size : sizes.drop_back(trailing))
    shape[0] *= size;
  return llvm::map_to_vector(dims, [&](int64_t dim) { return shape[dim]; });
}

/// Whether every value of the graph that `v` depends on is a weight or a constant.
bool isConstant(Value v) {
  Operation *op = v.getDefiningOp();
  return op && (isFree(op) ||
                (isPure(op) && !seesItsSurroundings(op) && op->getNumOperands() > 0 && llvm::all_of(op->getOperands(), isConstant)));
}

/// A permutation of the trailing dimensions of four.
SmallVector<int64_t> inFour(ArrayRef<int64_t> perm) {
  int64_t leading = 4 - perm.size();
  SmallVector<int64_t> four = llvm::to_vector(llvm::seq<int64_t>(0, leading));
  for (int64_t dim : perm)
    four.push_back(dim + leading);
  return four;
}

/// \p shape with leading dimensions of size 1 up to rank 4.
SmallVector<int64_t> shapeInFour(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> four(4 - shape.size(), 1);
  llvm::append_range(four, shape);
  return four;
}

class KernelBuilder {
public:
  KernelBuilder(GroupOp group, ContractionOpInterface anchor, const Contraction &contraction, const CpuTarget &target)
      : group(group), anchor(anchor), contraction(contraction), target(target), logicalDims(contraction.outputDims),
        inputValue(anchor->getOperand(contraction.input)), filterValue(anchor->getOperand(contraction.filter)),
        result(anchor->getResult(0)) {
    absorbTransposes();
  }

  /// Whether the filter comes from outside the group, where it can be packed.
  bool canBuild() const { return isa<BlockArgument>(filterValue); }

  void run() {
    ImplicitLocOpBuilder outside(anchor->getLoc(), group);
    BlockArgument filter = cast<BlockArgument>(filterValue);
    Value source = group.getInputs()[filter.getArgNumber()];
    Value packed = contraction.depthwise ? packDepthwise(outside, source) : packPanels(outside, source);
    group.getInputsMutable().append(packed);
    BlockArgument panels = group.getBody().addArgument(packed.getType(), filter.getLoc());

    kernel::Window window;
    window.kernel = contraction.kernel;
    window.strides = contraction.strides;
    window.pads = contraction.pads;
    window.dilations = contraction.dilations;
    window.inputDilations = contraction.inputDilations;
    window.groups = contraction.groups;
    window.inputDims = contraction.inputDims;
    window.outputDims = contraction.outputDims;
    auto yield = cast<YieldOp>(group.getBody().front().getTerminator());
    ImplicitLocOpBuilder b(anchor->getLoc(), yield);
    Value input = packRows(outside, window);
    if (!input)
      input = viewAs(b, inputValue, contraction.inputShape);
    SmallVector<Value> extras = loadExtras(b);
    Value output = tensor::EmptyOp::create(b, contraction.outputShape, tensorOf(anchor->getResult(0)).getElementType());

    auto epilogue = [&](OpBuilder &nested, Location loc, ValueRange args) {
      ImplicitLocOpBuilder body(loc, nested);
      return buildEpilogue(body, args);
    };
    Operation *kernel = contraction.depthwise
                            ? kernel::DepthwiseOp::create(b, b.getLoc(), input, panels, extras, output, window, epilogue)
                            : kernel::BrgemmOp::create(b, b.getLoc(), input, panels, extras, output, window, epilogue).getOperation();
    assert(yield.getValues().size() == 1 && "a contraction group has one result");
    yield->setOperand(0, viewAs(b, kernel->getResult(0), tensorOf(result).getShape()));
    eraseOldOps();
    // What has been packed is no longer read itself.
    for (unsigned index = group.getInputs().size(); index-- > 0;)
      if (group.getBody().getArgument(index).use_empty()) {
        group.getBody().eraseArgument(index);
        group.getInputsMutable().erase(index);
      }
  }

private:
  /// Reads and writes in the order of the group's own operands and result, so that no transpose runs.
  void absorbTransposes() {
    if (auto transpose = inputValue.getDefiningOp<TransposeOp>()) {
      SmallVector<int64_t> perm = inFour(transpose.getPerm());
      for (int64_t &dim : contraction.inputDims)
        dim = perm[dim];
      inputValue = transpose.getX();
      contraction.inputShape = shapeInFour(tensorOf(inputValue).getShape());
    }
    if (auto transpose = filterValue.getDefiningOp<TransposeOp>()) {
      for (int64_t &dim : contraction.filterDims)
        if (dim >= 0)
          dim = transpose.getPerm()[dim];
      filterValue = transpose.getX();
    }
    auto yield = cast<YieldOp>(group.getBody().front().getTerminator());
    if (auto transpose = yield.getValues().front().getDefiningOp<TransposeOp>()) {
      SmallVector<int64_t> inverse = invertPermutationVector(inFour(transpose.getPerm()));
      for (int64_t &dim : contraction.outputDims)
        dim = inverse[dim];
      result = transpose.getY();
      contraction.outputShape = shapeInFour(tensorOf(result).getShape());
    }
    // The depthwise kernel knows no order but features last; the general one takes groups of one feature too.
    contraction.depthwise &=
        isIdentityPermutation(contraction.inputDims) && isIdentityPermutation(contraction.outputDims);
  }

  Value packPanels(ImplicitLocOpBuilder &b, Value filter) {
    SmallVector<int64_t> shape = kernel::panelShape(contraction.leads, contraction.groups,
                                                    contraction.kernel[0] * contraction.kernel[1], contraction.channels,
                                                    contraction.columns);
    auto pack = [&](ImplicitLocOpBuilder &builder, Value source) -> Value {
      Value empty = tensor::EmptyOp::create(builder, shape, tensorOf(source).getElementType());
      return kernel::PackOp::create(builder, builder.getLoc(), source, empty, contraction.filterDims, contraction.flip)->getResult(0);
    };
    if (isConstant(filter))
      return pack(b, filter); // evaluated at compile time
    return packInGroup(b, filter, shape, pack);
  }

  /// A group of its own, which packs `source` to panels of `shape`.
  static Value packInGroup(ImplicitLocOpBuilder &b, Value source, ArrayRef<int64_t> shape,
                           function_ref<Value(ImplicitLocOpBuilder &, Value)> pack) {
    auto type = RankedTensorType::get(shape, tensorOf(source).getElementType());
    auto packing = GroupOp::create(b, TypeRange(type), ValueRange(source));
    OpBuilder::InsertionGuard guard(b);
    Block *body = b.createBlock(&packing.getBody());
    Value packed = pack(b, body->addArgument(source.getType(), source.getLoc()));
    YieldOp::create(b, packed);
    return packing.getResult(0);
  }

  /// The rows of the input, packed before the group runs; or no value where the kernel had better read them in place.
  Value packRows(ImplicitLocOpBuilder &b, const kernel::Window &window) {
    auto argument = dyn_cast<BlockArgument>(inputValue);
    ArrayRef<int64_t> shape = contraction.inputShape, dims = contraction.inputDims; // batch, height, width, channel
    if (!argument || contraction.depthwise || !window.isPointwise() || window.groups != 1 ||
        !contraction.leads.empty() || shape[dims[0]] != 1 || shape[dims[1]] != 1)
      return {};
    Type type = tensorOf(inputValue).getElementType();
    int64_t height = choosePackedRows(target, shape[dims[2]], contraction.channels, contraction.columns,
                                      type.getIntOrFloatBitWidth() / 8);
    if (height == 0)
      return {};
    SmallVector<int64_t> panels = kernel::panelShape({}, 1, 1, contraction.channels, shape[dims[2]], height);
    Value source = group.getInputs()[argument.getArgNumber()];
    Value packed = packInGroup(b, source, panels, [&](ImplicitLocOpBuilder &inner, Value value) -> Value {
      Value empty = tensor::EmptyOp::create(inner, panels, type);
      return kernel::PackOp::create(inner, inner.getLoc(), viewAs(inner, value, shape), empty,
                                    SmallVector<int64_t>{dims[2], dims[0], dims[1], dims[3]}, /*flip=*/false, /*rows=*/true)
          ->getResult(0);
    });
    group.getInputsMutable().append(packed);
    return group.getBody().addArgument(packed.getType(), argument.getLoc());
  }

  /// Weights as [kh, kw, channel].
  Value packDepthwise(ImplicitLocOpBuilder &b, Value filter) {
    ArrayRef<int64_t> dims = contraction.filterDims; // n, kh, kw, k
    SmallVector<int64_t> perm, shape{contraction.kernel[0], contraction.kernel[1], contraction.groups};
    for (int64_t dim : {dims[1], dims[2], dims[0], dims[3]})
      if (dim >= 0)
        perm.push_back(dim);
    return reshaped(b, transposed(b, filter, perm), shape);
  }

  /// Operands of the epilogue that are loaded beside the accumulators, in the order of first use.
  SmallVector<Value> loadExtras(ImplicitLocOpBuilder &b) {
    SmallVector<Value> extras;
    for (Operation &op : group.getBody().front().without_terminator()) {
      if (!isa<PointwiseOpInterface>(op) || &op == anchor)
        continue;
      for (Value operand : op.getOperands())
        if (isa<BlockArgument>(operand) && !extraIndex.contains(operand)) {
          extraIndex[operand] = extras.size();
          ArrayRef<int64_t> sizes = tensorOf(operand).getShape();
          extras.push_back(viewAs(b, operand, broadcastShape(sizes, logicalDims)));
        }
    }
    return extras;
  }

  /// Runs the group's pointwise ops on one element; `args` are the accumulator and the extras.
  Value buildEpilogue(ImplicitLocOpBuilder &b, ValueRange args) {
    IRMapping map;
    map.map(anchor->getResult(0), args.front());
    for (auto [value, index] : extraIndex)
      map.map(value, args[index + 1]);
    Value last = args.front();
    for (Operation &op : group.getBody().front().without_terminator()) {
      auto pointwise = dyn_cast<PointwiseOpInterface>(op);
      if (!pointwise)
        continue;
      SmallVector<Value> operands;
      for (Value operand : op.getOperands()) {
        if (!map.contains(operand)) {
          DenseElementsAttr value;
          bool found = matchPattern(operand, m_Constant(&value));
          assert(found && value.isSplat() && "an epilogue's operand is loaded, computed or a splat");
          (void)found;
          map.map(operand, arith::ConstantOp::create(b, cast<TypedAttr>(value.getSplatValue<Attribute>())));
        }
        operands.push_back(map.lookup(operand));
      }
      last = pointwise.buildScalar(b, operands);
      map.map(op.getResult(0), last);
    }
    return last;
  }

  /// Erases the ops that the kernel replaces: everything of the graph dialect in the body but its end.
  void eraseOldOps() {
    SmallVector<Operation *> ops;
    for (Operation &op : group.getBody().front().without_terminator())
      ops.push_back(&op);
    for (Operation *op : llvm::reverse(ops))
      if (op->use_empty() && isPure(op))
        op->erase();
  }

  GroupOp group;
  ContractionOpInterface anchor;
  Contraction contraction;
  const CpuTarget &target;
  SmallVector<int64_t> logicalDims; ///< the dims of the result before a transpose
  Value inputValue, filterValue, result;
  llvm::MapVector<Value, unsigned> extraIndex;
};

struct SelectKernels : ingot::impl::SelectKernelsBase<SelectKernels> {
  using SelectKernelsBase::SelectKernelsBase;

  void runOnOperation() override {
    CpuTarget target;
    target.vectorBits = vectorBits;
    target.registers = registers;
    target.l2Bytes = l2Bytes;
    SmallVector<GroupOp> groups;
    getOperation().walk([&](GroupOp group) { groups.push_back(group); });
    for (GroupOp group : groups) {
      for (Operation &op : group.getBody().front()) {
        auto anchor = dyn_cast<ContractionOpInterface>(op);
        std::optional<Contraction> contraction =
            anchor && !isOpenContraction(anchor) ? anchor.getContraction() : std::nullopt;
        if (!contraction)
          continue;
        KernelBuilder builder(group, anchor, *contraction, target);
        if (!builder.canBuild())
          continue;
        builder.run();
        break;
      }
    }
  }
};

} // namespace
