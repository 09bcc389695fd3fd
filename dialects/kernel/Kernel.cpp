//===- Kernel.cpp - Builders and verifiers of the kernel dialect ----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace ingot::kernel;

#include "dialects/kernel/KernelDialect.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/Kernel.cpp.inc"

void KernelDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/kernel/Kernel.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

bool Window::isPointwise() const {
  auto all = [](ArrayRef<int64_t> values, int64_t wanted) {
    return llvm::all_of(values, [&](int64_t value) { return value == wanted; });
  };
  return all(kernel, 1) && all(strides, 1) && all(pads, 0) && all(inputDilations, 1);
}

int64_t Window::outputExtent(unsigned dim, int64_t extent) const {
  if (ShapedType::isDynamic(extent))
    return extent;
  int64_t spread = extent == 0 ? 0 : (extent - 1) * inputDilations[dim] + 1;
  int64_t room = spread + pads[dim] + pads[dim + 2] - ((kernel[dim] - 1) * dilations[dim] + 1);
  return room < 0 ? 0 : room / strides[dim] + 1;
}

SmallVector<int64_t> ingot::kernel::panelShape(ArrayRef<int64_t> lead, int64_t groups, int64_t taps, int64_t channels,
                                               int64_t columns, int64_t width) {
  SmallVector<int64_t> shape(lead);
  shape.append({groups, (columns + width - 1) / width, taps, channels, width});
  return shape;
}

Type ingot::kernel::accumulatorType(Type type) {
  auto floatType = dyn_cast<FloatType>(type);
  return floatType && floatType.getWidth() < 32 ? Float32Type::get(type.getContext()) : type;
}

static bool sameExtent(int64_t a, int64_t b) { return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b; }

static Type elementType(Value value) { return cast<ShapedType>(value.getType()).getElementType(); }

//===----------------------------------------------------------------------===//
// What the ops share
//===----------------------------------------------------------------------===//

static void addEffects(DestinationStyleOpInterface op,
                       SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

static LogicalResult verifyDestination(DestinationStyleOpInterface op) {
  bool buffers = isa<MemRefType>(op->getOperands().back().getType());
  for (Value operand : op->getOperands())
    if (isa<MemRefType>(operand.getType()) != buffers)
      return op.emitOpError("mixes tensors and memrefs");
  if (op->getNumResults() != (buffers ? 0 : 1))
    return op.emitOpError("expected ") << (buffers ? "no result" : "one result") << ", found " << op->getNumResults();
  return success();
}

static LogicalResult verifyLength(Operation *op, StringRef name, ArrayRef<int64_t> values, size_t length,
                                  int64_t least) {
  if (values.size() != length)
    return op->emitOpError() << name << " needs " << length << " numbers, found " << values.size();
  for (int64_t value : values)
    if (value < least)
      return op->emitOpError() << name << " must be at least " << least << ", found " << value;
  return success();
}

static LogicalResult verifyPermutation(Operation *op, StringRef name, ArrayRef<int64_t> dims) {
  llvm::SmallBitVector seen(4);
  for (int64_t dim : dims) {
    if (dim < 0 || dim > 3 || seen.test(dim))
      return op->emitOpError() << name << " must be a permutation of 0 to 3";
    seen.set(dim);
  }
  if (dims.size() != 4)
    return op->emitOpError() << name << " must be a permutation of 0 to 3";
  return success();
}

static LogicalResult verifyWindow(Operation *op, const Window &window) {
  constexpr int64_t anyNumber = std::numeric_limits<int64_t>::min();
  if (failed(verifyLength(op, "kernel", window.kernel, 2, 1)) ||
      failed(verifyLength(op, "strides", window.strides, 2, 1)) ||
      failed(verifyLength(op, "pads", window.pads, 4, anyNumber)) ||
      failed(verifyLength(op, "dilations", window.dilations, 2, 1)) ||
      failed(verifyLength(op, "input_dilations", window.inputDilations, 2, 1)) ||
      failed(verifyPermutation(op, "input_dims", window.inputDims)) ||
      failed(verifyPermutation(op, "output_dims", window.outputDims)))
    return failure();
  if (window.groups < 1)
    return op->emitOpError("groups must be at least 1, found ") << window.groups;
  return success();
}

/// The sizes of the logical dimensions of a value of rank 4.
static SmallVector<int64_t> logicalShape(Value value, ArrayRef<int64_t> dims) {
  ArrayRef<int64_t> shape = cast<ShapedType>(value.getType()).getShape();
  return llvm::map_to_vector(dims, [&](int64_t dim) { return shape[dim]; });
}

/// The logical shape of the input of a brgemm or depthwise op.
template <typename WindowOp> static SmallVector<int64_t> inputShape(WindowOp op, const Window &window) {
  if constexpr (std::is_same_v<WindowOp, BrgemmOp>)
    if (op.hasPackedRows()) {
      int64_t width = logicalShape(op.getOutput(), window.outputDims)[2];
      return {1, 1, width, cast<ShapedType>(op.getInput().getType()).getDimSize(3)};
    }
  return logicalShape(op.getInput(), window.inputDims);
}

static LogicalResult verifyRank(Operation *op, StringRef name, Value value, int64_t rank) {
  int64_t found = cast<ShapedType>(value.getType()).getRank();
  if (found != rank)
    return op->emitOpError() << name << " must have rank " << rank << ", found " << found;
  return success();
}

/// Vectors are loaded and stored along the last dimension.
static LogicalResult verifyContiguous(Operation *op, StringRef name, Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  if (type && type.getDimSize(type.getRank() - 1) != 1 && !type.isLastDimUnitStride())
    return op->emitOpError() << name << " must be contiguous in its last dimension";
  return success();
}

/// Checks the output's spatial extents, the extra operands and the epilogue of a brgemm or depthwise op.
template <typename WindowOp> static LogicalResult verifyWindowOp(WindowOp op, const Window &window, Value weights) {
  if (failed(verifyDestination(op)) || failed(verifyRank(op, "output", op.getOutput(), 4)))
    return failure();
  if (failed(verifyContiguous(op, "output", op.getOutput())) || failed(verifyContiguous(op, "weights", weights)))
    return failure();
  Type type = elementType(op.getInput());
  if (!isa<FloatType>(type) || elementType(weights) != type)
    return op.emitOpError("input and weights must have the same float type");
  Type accumulator = accumulatorType(type);
  if (accumulatorType(elementType(op.getOutput())) != accumulator)
    return op.emitOpError("output must accumulate in ") << accumulator;

  SmallVector<int64_t> input = inputShape(op, window);
  SmallVector<int64_t> output = logicalShape(op.getOutput(), window.outputDims);
  if (!sameExtent(input[0], output[0]))
    return op.emitOpError("input has batch ") << input[0] << ", output " << output[0];
  for (unsigned dim : {0u, 1u}) {
    int64_t wanted = window.outputExtent(dim, input[dim + 1]);
    if (!sameExtent(wanted, output[dim + 1]))
      return op.emitOpError("expected output ")
             << (dim == 0 ? "height " : "width ") << wanted << ", found " << output[dim + 1];
  }

  Block &body = op.getEpilogue().front();
  if (body.getNumArguments() != op.getExtras().size() + 1)
    return op.emitOpError("epilogue needs ")
           << op.getExtras().size() + 1 << " arguments, found " << body.getNumArguments();
  if (body.getArgument(0).getType() != accumulator)
    return op.emitOpError("epilogue must take the accumulator as ") << accumulator;
  for (auto [index, extra] : llvm::enumerate(op.getExtras())) {
    if (failed(verifyRank(op, "extra operand", extra, 4)) || failed(verifyContiguous(op, "extra operand", extra)))
      return failure();
    for (auto [dim, extent] : llvm::enumerate(cast<ShapedType>(extra.getType()).getShape()))
      if (extent != 1 && !sameExtent(extent, output[dim]))
        return op.emitOpError("extra operand ")
               << index << " has extent " << extent << " in dimension " << dim << ", wanted 1 or " << output[dim];
    Type wanted = accumulatorType(elementType(extra));
    if (body.getArgument(index + 1).getType() != wanted)
      return op.emitOpError("epilogue must take extra operand ") << index << " as " << wanted;
  }
  for (Operation &inner : body.without_terminator())
    if (!isa<arith::ConstantOp>(inner) && !OpTrait::hasElementwiseMappableTraits(&inner))
      return inner.emitOpError("is not pointwise, so it cannot be in an epilogue");
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getValue().getType() != accumulator)
    return op.emitOpError("epilogue must yield ") << accumulator;
  return success();
}

static void buildEpilogue(OpBuilder &builder, OperationState &state, Type accumulator, ValueRange extras,
                          EpilogueBuilder epilogue) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Type> types = {accumulatorType(accumulator)};
  for (Value extra : extras)
    types.push_back(accumulatorType(elementType(extra)));
  Block *body = builder.createBlock(state.addRegion(), {}, types, SmallVector<Location>(types.size(), state.location));
  Value result = epilogue ? epilogue(builder, state.location, body->getArguments()) : body->getArgument(0);
  YieldOp::create(builder, state.location, result);
}

/// Adds operands and result of a window op, and the attributes that differ from their defaults.
static void addWindow(OpBuilder &builder, OperationState &state, ValueRange ins, ValueRange extras, Value output,
                      const Window &window, bool depthwise) {
  state.addOperands(ins);
  state.addOperands(extras);
  state.addOperands(output);
  if (isa<RankedTensorType>(output.getType()))
    state.addTypes(output.getType());
  Window defaults;
  auto add = [&](StringRef name, ArrayRef<int64_t> values, ArrayRef<int64_t> standard) {
    if (values != standard)
      state.addAttribute(name, builder.getDenseI64ArrayAttr(values));
  };
  add("strides", window.strides, defaults.strides);
  add("pads", window.pads, defaults.pads);
  add("dilations", window.dilations, defaults.dilations);
  if (depthwise)
    return;
  add("kernel", window.kernel, defaults.kernel);
  add("input_dilations", window.inputDilations, defaults.inputDilations);
  add("input_dims", window.inputDims, defaults.inputDims);
  add("output_dims", window.outputDims, defaults.outputDims);
  if (window.groups != 1)
    state.addAttribute("groups", builder.getI64IntegerAttr(window.groups));
}

//===----------------------------------------------------------------------===//
// BrgemmOp
//===----------------------------------------------------------------------===//

void BrgemmOp::build(OpBuilder &builder, OperationState &state, Value input, Value panels, ValueRange extras,
                     Value output, const Window &window, EpilogueBuilder epilogue) {
  addWindow(builder, state, {input, panels}, extras, output, window, /*depthwise=*/false);
  buildEpilogue(builder, state, elementType(input), extras, epilogue);
}

Window BrgemmOp::getWindow() {
  Window window;
  window.kernel.assign(getKernel().begin(), getKernel().end());
  window.strides.assign(getStrides().begin(), getStrides().end());
  window.pads.assign(getPads().begin(), getPads().end());
  window.dilations.assign(getDilations().begin(), getDilations().end());
  window.inputDilations.assign(getInputDilations().begin(), getInputDilations().end());
  window.inputDims.assign(getInputDims().begin(), getInputDims().end());
  window.outputDims.assign(getOutputDims().begin(), getOutputDims().end());
  window.groups = getGroups();
  return window;
}

void BrgemmOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  addEffects(*this, effects);
}

/// Packed rows are those of one plain matrix.
static LogicalResult verifyPackedRows(BrgemmOp op, const Window &window) {
  ArrayRef<int64_t> rows = cast<ShapedType>(op.getInput().getType()).getShape();
  SmallVector<int64_t> output = logicalShape(op.getOutput(), window.outputDims);
  if (!window.isPointwise() || window.groups != 1 || output[0] != 1 || output[1] != 1)
    return op.emitOpError("packed rows need a pointwise window, one group, one batch and one row of pixels");
  if (ShapedType::isDynamicShape(rows) || ShapedType::isDynamic(output[2]) || rows.back() < 1)
    return op.emitOpError("packed rows must be static");
  SmallVector<int64_t> wanted = {1, int64_t(llvm::divideCeil(output[2], rows.back())), 1, rows[3], rows.back()};
  if (rows != ArrayRef(wanted))
    return op.emitOpError("expected packed rows of shape [") << wanted << "], found [" << rows << "]";
  return success();
}

LogicalResult BrgemmOp::verify() {
  Window window = getWindow();
  if (failed(hasPackedRows() ? verifyPackedRows(*this, window) : verifyRank(*this, "input", getInput(), 4)) ||
      failed(verifyWindow(*this, window)) || failed(verifyWindowOp(*this, window, getPanels())))
    return failure();
  SmallVector<int64_t> input = inputShape(*this, window);
  SmallVector<int64_t> output = logicalShape(getOutput(), window.outputDims);
  if (window.outputDims[3] != 3)
    return emitOpError("the channels must be the last physical dimension of the output");
  if (ShapedType::isDynamic(input[3]) || ShapedType::isDynamic(output[3]))
    return emitOpError("channels must be static");
  if (input[3] % window.groups != 0 || output[3] % window.groups != 0)
    return emitOpError("groups must divide the ") << input[3] << " input and " << output[3] << " output channels";

  ArrayRef<int64_t> panels = cast<ShapedType>(getPanels().getType()).getShape();
  if (panels.size() < 5 || panels.size() > 7)
    return emitOpError("panels must have rank 5 to 7, found ") << panels.size();
  ArrayRef<int64_t> lead = panels.drop_back(5);
  if (lead.size() == 2 && !window.isPointwise())
    return emitOpError("a panel for each row of pixels needs a pointwise window");
  for (auto [dim, extent] : llvm::enumerate(lead))
    if (extent != 1 && !sameExtent(extent, output[dim]))
      return emitOpError("panels have extent ") << extent << " in dimension " << dim << ", wanted 1 or " << output[dim];
  SmallVector<int64_t> wanted = panelShape(lead, window.groups, window.kernel[0] * window.kernel[1],
                                           input[3] / window.groups, output[3] / window.groups);
  if (panels != ArrayRef(wanted))
    return emitOpError("expected panels of shape [") << wanted << "], found [" << panels << "]";
  if (std::optional<ArrayRef<int64_t>> tile = getTile())
    if (failed(verifyLength(*this, "tile", *tile, 2, 1)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// DepthwiseOp
//===----------------------------------------------------------------------===//

void DepthwiseOp::build(OpBuilder &builder, OperationState &state, Value input, Value weights, ValueRange extras,
                        Value output, const Window &window, EpilogueBuilder epilogue) {
  addWindow(builder, state, {input, weights}, extras, output, window, /*depthwise=*/true);
  buildEpilogue(builder, state, elementType(input), extras, epilogue);
}

Window DepthwiseOp::getWindow() {
  Window window;
  ArrayRef<int64_t> weights = cast<ShapedType>(getWeights().getType()).getShape();
  window.kernel.assign({weights[0], weights[1]});
  window.strides.assign(getStrides().begin(), getStrides().end());
  window.pads.assign(getPads().begin(), getPads().end());
  window.dilations.assign(getDilations().begin(), getDilations().end());
  return window;
}

void DepthwiseOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  addEffects(*this, effects);
}

LogicalResult DepthwiseOp::verify() {
  if (failed(verifyRank(*this, "weights", getWeights(), 3)))
    return failure();
  auto weights = cast<ShapedType>(getWeights().getType());
  if (!weights.hasStaticShape())
    return emitOpError("weights must have a static shape");
  Window window = getWindow();
  if (failed(verifyWindow(*this, window)) || failed(verifyWindowOp(*this, window, getWeights())))
    return failure();
  if (failed(verifyContiguous(*this, "input", getInput())))
    return failure();
  for (Value value : {getInput(), getOutput()})
    if (int64_t channels = cast<ShapedType>(value.getType()).getDimSize(3); channels != weights.getDimSize(2))
      return emitOpError("expected ") << weights.getDimSize(2) << " channels, found " << channels;
  return success();
}

//===----------------------------------------------------------------------===//
// PackOp
//===----------------------------------------------------------------------===//

void PackOp::build(OpBuilder &builder, OperationState &state, Value source, Value output, ArrayRef<int64_t> dims,
                   bool flip, bool rows) {
  Type result = isa<RankedTensorType>(output.getType()) ? output.getType() : Type();
  build(builder, state, result ? TypeRange(result) : TypeRange(), source, output, dims, flip, rows);
}

void PackOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  addEffects(*this, effects);
}

/// The extent of source dimension `dim`, or 1 where there is none.
static int64_t sourceExtent(PackOp op, int64_t dim) {
  return dim < 0 ? 1 : cast<ShapedType>(op.getSource().getType()).getDimSize(dim);
}

bool PackOp::splitsK() {
  ArrayRef<int64_t> panels = cast<ShapedType>(getOutput().getType()).getShape();
  int64_t groups = panels[panels.size() - 5], channels = panels[panels.size() - 2];
  return groups > 1 && sourceExtent(*this, getDims().back()) == groups * channels;
}

int64_t PackOp::getColumns() {
  ArrayRef<int64_t> panels = cast<ShapedType>(getOutput().getType()).getShape();
  int64_t columns = sourceExtent(*this, getDims()[getDims().size() - 4]);
  return splitsK() ? columns : columns / panels[panels.size() - 5];
}

LogicalResult PackOp::verify() {
  if (failed(verifyDestination(*this)))
    return failure();
  auto source = cast<ShapedType>(getSource().getType());
  ArrayRef<int64_t> panels = cast<ShapedType>(getOutput().getType()).getShape();
  if (elementType(getSource()) != elementType(getOutput()))
    return emitOpError("source and panels must have the same element type");
  if (getRows() ? panels.size() != 5 || panels[0] != 1 || panels.back() < 1
                : panels.size() < 5 || panels.size() > 7 || panels.back() != panelWidth)
    return emitOpError("expected panels ")
           << (getRows() ? "[1, rows / h, taps, channels, h]" : "[lead..., groups, columns / 16, taps, channels, 16]")
           << ", found [" << panels << "]";
  ArrayRef<int64_t> dims = getDims(), lead = panels.drop_back(5);
  if (dims.size() != lead.size() + 4)
    return emitOpError("dims needs ") << lead.size() + 4 << " numbers, found " << dims.size();
  llvm::SmallBitVector seen(source.getRank());
  for (int64_t dim : dims) {
    if (dim < -1 || dim >= source.getRank() || (dim >= 0 && seen.test(dim)))
      return emitOpError("dims must name each source dimension at most once, or be -1");
    if (dim >= 0)
      seen.set(dim);
  }
  for (int64_t dim = 0; dim < source.getRank(); ++dim)
    if (!seen.test(dim) && source.getDimSize(dim) != 1)
      return emitOpError("dims leaves out source dimension ") << dim;
  for (auto [dim, extent] : llvm::enumerate(lead))
    if (!sameExtent(sourceExtent(*this, dims[dim]), extent))
      return emitOpError("source has extent ")
             << sourceExtent(*this, dims[dim]) << ", panels " << extent << " in dimension " << dim;
  for (int64_t dim : dims.drop_front(lead.size()))
    if (ShapedType::isDynamic(sourceExtent(*this, dim)))
      return emitOpError("columns, taps and channels must be static");
  ArrayRef<int64_t> inner = dims.drop_front(lead.size());
  int64_t groups = panels[lead.size()];
  int64_t channels = sourceExtent(*this, inner[3]) / (splitsK() ? groups : 1);
  SmallVector<int64_t> wanted = panelShape(
      lead, groups, sourceExtent(*this, inner[1]) * sourceExtent(*this, inner[2]), channels, getColumns(), panels.back());
  if (panels != ArrayRef(wanted))
    return emitOpError("expected panels of shape [") << wanted << "], found [" << panels << "]";
  return success();
}

//===----------------------------------------------------------------------===//
// SliceOp
//===----------------------------------------------------------------------===//

LogicalResult SliceOp::verify() {
  auto source = cast<ShapedType>(getSource().getType()), slice = cast<ShapedType>(getSlice().getType());
  bool isOne = slice.getRank() + 1 == source.getRank();
  if (source.getRank() == 0 || (!isOne && slice.getRank() != source.getRank()) ||
      slice.getShape().drop_front(isOne ? 0 : 1) != source.getShape().drop_front() ||
      slice.getElementType() != source.getElementType() || isa<MemRefType>(slice) != isa<MemRefType>(source))
    return emitOpError("cannot see ") << source << " as " << slice;
  for (ShapedType type : {source, slice})
    if (auto buffer = dyn_cast<MemRefType>(type); buffer && !buffer.getLayout().isIdentity())
      return emitOpError("wants dense buffers, but found ") << buffer;
  return success();
}
