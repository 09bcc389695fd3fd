//===- Contract.cpp - Inference and lowering of Contract.td ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Inference.h"
#include "dialects/ingot/LinalgBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

constexpr auto parallel = utils::IteratorType::parallel;
constexpr auto reduction = utils::IteratorType::reduction;

//===----------------------------------------------------------------------===//
// Sums of products
//===----------------------------------------------------------------------===//

/// The sum, over the reduction loops, of the products of two operands. The sum is kept in compute type and rounded once.
static Value sumOfProducts(ImplicitLocOpBuilder &b, ValueRange operands, ArrayRef<AffineMap> maps,
                           ArrayRef<utils::IteratorType> loops, ArrayRef<OpFoldResult> sizes, Type storage) {
  Type compute = computeType(storage);
  Value init = filledTensor(b, sizes, scalarConstant(b, compute, 0));
  auto body = [&](OpBuilder &nested, Location loc, ValueRange args) {
    ImplicitLocOpBuilder b(loc, nested);
    Value x = fromStorage(b, args[0], storage), y = fromStorage(b, args[1], storage), sum;
    if (isa<FloatType>(compute)) {
      // The processor may fuse the two: one rounding fewer.
      auto contract = arith::FastMathFlagsAttr::get(b.getContext(), arith::FastMathFlags::contract);
      sum = arith::AddFOp::create(b, args[2], arith::MulFOp::create(b, x, y, contract), contract);
    } else {
      sum = arith::AddIOp::create(b, args[2], arith::MulIOp::create(b, x, y));
    }
    linalg::YieldOp::create(b, sum);
  };
  Value result = linalg::GenericOp::create(b, init.getType(), operands, init, maps, loops, body).getResult(0);
  return roundTensor(b, result, storage);
}

//===----------------------------------------------------------------------===//
// MatMulOp
//===----------------------------------------------------------------------===//

static LogicalResult sameElements(MaybeLoc loc, Value a, Value b) {
  if (getElementTypeOrSelf(a) != getElementTypeOrSelf(b))
    return emitOptionalError(loc, "element types differ: ", getElementTypeOrSelf(a), " and ", getElementTypeOrSelf(b));
  return success();
}

/// The larger of two sizes that broadcast together.
static FailureOr<int64_t> broadcastSize(int64_t a, int64_t b) {
  if (a == 1 || a == b)
    return b;
  if (b == 1)
    return a;
  if (ShapedType::isDynamic(a))
    return b;
  if (ShapedType::isDynamic(b))
    return a;
  return failure();
}

LogicalResult MatMulOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor adaptor, Types &types) {
  auto a = cast<RankedTensorType>(adaptor.getA().getType()), b = cast<RankedTensorType>(adaptor.getB().getType());
  if (failed(sameElements(loc, adaptor.getA(), adaptor.getB())))
    return failure();
  bool transposeA = adaptor.getTransposeA(), transposeB = adaptor.getTransposeB();
  if (a.getRank() < 1 + transposeA || b.getRank() < 1 + transposeB)
    return emitOptionalError(loc, "matmul needs matrices, but found ", a, " and ", b);
  int64_t depthA = a.getShape()[transposeA ? a.getRank() - 2 : a.getRank() - 1];
  int64_t depthB = b.getShape()[b.getRank() == 1 || transposeB ? b.getRank() - 1 : b.getRank() - 2];
  if (!ShapedType::isDynamic(depthA) && !ShapedType::isDynamic(depthB) && depthA != depthB)
    return emitOptionalError(loc, "inner dimensions differ: ", depthA, " in ", a, " and ", depthB, " in ", b);
  SmallVector<int64_t> shape;
  ArrayRef<int64_t> batchA = a.getShape().drop_back(std::min<int64_t>(2, a.getRank()));
  ArrayRef<int64_t> batchB = b.getShape().drop_back(std::min<int64_t>(2, b.getRank()));
  size_t batches = std::max(batchA.size(), batchB.size());
  for (size_t i = 0; i < batches; ++i) {
    auto at = [&](ArrayRef<int64_t> sizes) { return i + sizes.size() < batches ? 1 : sizes[i + sizes.size() - batches]; };
    FailureOr<int64_t> size = broadcastSize(at(batchA), at(batchB));
    if (failed(size))
      return emitOptionalError(loc, "batch dimensions do not broadcast together: ", a, " and ", b);
    shape.push_back(*size);
  }
  if (a.getRank() > 1)
    shape.push_back(a.getShape()[transposeA ? a.getRank() - 1 : a.getRank() - 2]);
  if (b.getRank() > 1)
    shape.push_back(b.getShape()[transposeB ? b.getRank() - 2 : b.getRank() - 1]);
  types.push_back(RankedTensorType::get(shape, a.getElementType()));
  return success();
}

SmallVector<Value> MatMulOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  auto result = cast<RankedTensorType>(getY().getType());
  auto rankOf = [](Value v) { return cast<RankedTensorType>(v.getType()).getRank(); };
  bool rows = rankOf(getA()) > 1, columns = rankOf(getB()) > 1;
  int64_t batches = result.getRank() - rows - columns;
  // Loops: the batches, then the row and the column where there are any, then the depth.
  unsigned depth = result.getRank();
  SmallVector<AffineExpr> dims;
  for (unsigned i = 0; i <= depth; ++i)
    dims.push_back(b.getAffineDimExpr(i));
  SmallVector<OpFoldResult> sizes(result.getRank());
  auto mapOf = [&](Value operand, bool transposed, bool hasOther, unsigned other, bool depthFirst) {
    auto type = cast<RankedTensorType>(operand.getType());
    SmallVector<AffineExpr> exprs;
    int64_t own = type.getRank() - 1 - hasOther;
    for (int64_t i = 0; i < own; ++i) {
      int64_t loop = batches - own + i;
      bool spread = type.getShape()[i] == 1 && result.getShape()[loop] != 1;
      exprs.push_back(spread ? b.getAffineConstantExpr(0) : dims[loop]);
      if (!spread && (!sizes[loop] || !type.isDynamicDim(i)))
        sizes[loop] = sizeOf(b, operand, i);
    }
    SmallVector<AffineExpr, 2> matrix = {dims[depth]};
    if (hasOther) {
      matrix.insert(depthFirst != transposed ? matrix.end() : matrix.begin(), dims[other]);
      sizes[other] = sizeOf(b, operand, depthFirst != transposed ? type.getRank() - 1 : type.getRank() - 2);
    }
    llvm::append_range(exprs, matrix);
    return AffineMap::get(depth + 1, 0, exprs, b.getContext());
  };
  AffineMap mapA = mapOf(operands[0], getTransposeA(), rows, batches, /*depthFirst=*/false);
  AffineMap mapB = mapOf(operands[1], getTransposeB(), columns, batches + rows, /*depthFirst=*/true);
  AffineMap mapY = AffineMap::get(depth + 1, 0, ArrayRef(dims).drop_back(), b.getContext());
  SmallVector<utils::IteratorType> loops(depth, parallel);
  loops.push_back(reduction);
  return {sumOfProducts(b, operands, {mapA, mapB, mapY}, loops, sizes, storageType(result.getElementType()))};
}

//===----------------------------------------------------------------------===//
// ConvOp: its numbers
//===----------------------------------------------------------------------===//

ConvNumbers::ConvNumbers(size_t spatial) : window(spatial), x(llvm::to_vector(llvm::seq<int64_t>(0, spatial + 2))), w(x), y(x) {}

static ConvNumbers numbersOf(ConvOp::Adaptor op) {
  ConvNumbers n(std::max<int64_t>(0, cast<RankedTensorType>(op.getX().getType()).getRank() - 2));
  auto take = [](SmallVector<int64_t> &list, ArrayRef<int64_t> given) {
    if (!given.empty())
      list.assign(given.begin(), given.end());
  };
  take(n.window.strides, op.getStrides());
  take(n.window.dilations, op.getDilations());
  take(n.window.inputDilations, op.getInputDilations());
  take(n.window.low, op.getPads().take_front(op.getPads().size() / 2));
  take(n.window.high, op.getPads().drop_front(op.getPads().size() / 2));
  take(n.x, op.getXDims());
  take(n.w, op.getWDims());
  take(n.y, op.getYDims());
  n.groups = op.getGroups();
  n.batchGroups = op.getBatchGroups();
  n.flip = op.getFlip();
  return n;
}

ConvNumbers ConvOp::getNumbers() { return numbersOf(*this); }

void ConvOp::build(OpBuilder &b, OperationState &state, Value x, Value w, const ConvNumbers &n) {
  ConvNumbers plain(n.window.rank());
  auto list = [&](ArrayRef<int64_t> given, ArrayRef<int64_t> standard) {
    return given == standard ? ArrayRef<int64_t>() : given;
  };
  SmallVector<int64_t> pads(n.window.low), zeros(2 * n.window.rank(), 0);
  llvm::append_range(pads, n.window.high);
  build(b, state, x, w, list(n.window.strides, plain.window.strides), list(pads, zeros),
        list(n.window.dilations, plain.window.dilations), list(n.window.inputDilations, plain.window.inputDilations),
        n.groups, n.batchGroups, n.flip, list(n.x, plain.x), list(n.w, plain.w), list(n.y, plain.y));
}

static bool isPermutation(ArrayRef<int64_t> dims, int64_t rank) {
  SmallVector<int64_t> sorted(dims);
  llvm::sort(sorted);
  return llvm::equal(sorted, llvm::seq<int64_t>(0, rank));
}

LogicalResult ConvOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor adaptor, Types &types) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType()), w = cast<RankedTensorType>(adaptor.getW().getType());
  int64_t rank = x.getRank();
  if (failed(sameElements(loc, adaptor.getX(), adaptor.getW())))
    return failure();
  if (rank < 3 || w.getRank() != rank)
    return emitOptionalError(loc, "convolution needs an input and a kernel of one rank of at least 3, but found ", x, " and ", w);
  ConvNumbers n = numbersOf(adaptor);
  if (adaptor.getPads().size() % 2 || failed(n.window.verify(loc, rank - 2)))
    return emitOptionalError(loc, "convolution over ", rank - 2,
                             " dimensions needs as many strides and dilations, and twice as many pads");
  for (ArrayRef<int64_t> dims : {ArrayRef<int64_t>(n.x), ArrayRef<int64_t>(n.w), ArrayRef<int64_t>(n.y)})
    if (!isPermutation(dims, rank))
      return emitOptionalError(loc, "dimension numbers must name each of ", rank, " dimensions once, but found [", dims,
                               "]");
  int64_t batch = x.getDimSize(n.x[0]), features = x.getDimSize(n.x[1]), out = w.getDimSize(n.w[0]), in = w.getDimSize(n.w[1]);
  auto known = [](int64_t size) { return !ShapedType::isDynamic(size); };
  if (n.groups < 1 || n.batchGroups < 1 || (n.groups > 1 && n.batchGroups > 1))
    return emitOptionalError(loc, "groups must be positive, and of features or of batch, but found ", n.groups, " and ",
                             n.batchGroups);
  if (known(features) && known(in) && features != in * n.groups)
    return emitOptionalError(loc, "the input has ", features, " features, but the kernel reads ", in, " in ", n.groups, " groups");
  if (known(out) && out % (n.groups * n.batchGroups))
    return emitOptionalError(loc, out, " output features do not divide into ", n.groups * n.batchGroups, " groups");
  if (n.batchGroups > 1) {
    if (!known(batch) || batch % n.batchGroups)
      return emitOptionalError(loc, "a batch of ", x, " does not divide into ", n.batchGroups, " groups");
    batch /= n.batchGroups;
  }
  ArrayRef<int64_t> taps = w.getShape();
  if ((n.groups > 1 || n.batchGroups > 1 || n.flip) && llvm::any_of(taps, ShapedType::isDynamic))
    return emitOptionalError(loc, "groups and flipped taps need a kernel of static size, but found ", w);
  SmallVector<int64_t> shape(rank);
  shape[n.y[0]] = batch;
  shape[n.y[1]] = out;
  for (int64_t i = 0; i < rank - 2; ++i) {
    int64_t size = n.window.outputSize(i, x.getDimSize(n.x[i + 2]), w.getDimSize(n.w[i + 2]));
    if (size < 0 && known(size))
      return emitOptionalError(loc, "the kernel ", w, " does not fit in the padded input ", x);
    shape[n.y[i + 2]] = size;
  }
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// ConvOp: lowering
//===----------------------------------------------------------------------===//

SmallVector<Value> ConvOp::lowerToLinalg(ImplicitLocOpBuilder &b, ValueRange operands) {
  ConvNumbers n = getNumbers();
  auto result = cast<RankedTensorType>(getY().getType());
  auto w = cast<RankedTensorType>(getW().getType());
  int64_t rank = result.getRank(), spatial = rank - 2;
  // The window over all of x's dimensions, so that padding is one step.
  WindowNumbers padding(rank);
  for (int64_t i = 0; i < spatial; ++i) {
    padding.low[n.x[i + 2]] = n.window.low[i];
    padding.high[n.x[i + 2]] = n.window.high[i];
    padding.inputDilations[n.x[i + 2]] = n.window.inputDilations[i];
  }
  Type storage = storageType(result.getElementType());
  Value x = padForWindow(b, operands[0], padding, scalarConstant(b, storage, 0));

  // Loops: y's dimensions in y's order, then the kernel's input feature and taps.
  SmallVector<utils::IteratorType> loops(rank, parallel);
  loops.append(rank - 1, reduction);
  unsigned count = loops.size();
  SmallVector<AffineExpr> d;
  for (unsigned i = 0; i < count; ++i)
    d.push_back(b.getAffineDimExpr(i));
  AffineExpr batch = d[n.y[0]], out = d[n.y[1]], in = d[rank];
  SmallVector<AffineExpr> xs(rank), ws(rank);
  int64_t outSize = w.getDimSize(n.w[0]);
  if (n.batchGroups > 1)
    batch = out.floorDiv(outSize / n.batchGroups) * result.getDimSize(n.y[0]) + batch;
  xs[n.x[0]] = batch;
  xs[n.x[1]] = n.groups > 1 ? out.floorDiv(outSize / n.groups) * w.getDimSize(n.w[1]) + in : in;
  ws[n.w[0]] = out;
  ws[n.w[1]] = in;
  SmallVector<OpFoldResult> sizes(rank);
  sizes[n.y[1]] = sizeOf(b, operands[1], n.w[0]);
  sizes[n.y[0]] = n.batchGroups > 1 ? OpFoldResult(b.getIndexAttr(result.getDimSize(n.y[0])))
                                    : sizeOf(b, x, n.x[0]);
  for (int64_t i = 0; i < spatial; ++i) {
    AffineExpr tap = d[rank + 1 + i];
    ws[n.w[i + 2]] = tap;
    if (n.flip)
      tap = (w.getDimSize(n.w[i + 2]) - 1) - tap;
    xs[n.x[i + 2]] = d[n.y[i + 2]] * n.window.strides[i] + tap * n.window.dilations[i];
    sizes[n.y[i + 2]] = n.window.outputSizeOf(b, i, x, n.x[i + 2], sizeOf(b, operands[1], n.w[i + 2]));
  }
  MLIRContext *context = b.getContext();
  AffineMap maps[] = {AffineMap::get(count, 0, xs, context), AffineMap::get(count, 0, ws, context),
                      AffineMap::get(count, 0, ArrayRef(d).take_front(rank), context)};
  return {sumOfProducts(b, {x, operands[1]}, maps, loops, sizes, storage)};
}

} // namespace ingot
