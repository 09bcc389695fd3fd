//===- RulesControl.cpp - Rules for branches and loops -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace ingot::onnx_import {

/// A loop with more steps runs on a condition; one with fewer counts.
static constexpr int64_t stepLimit = int64_t(1) << 24;

/// A graph of the node as the one block of `body`, with arguments of `types`; gives what its outputs stand for. The
/// builder is left at the end of the block.
static FailureOr<SmallVector<Value>> importBody(Node &n, StringRef attribute, Region &body, ArrayRef<Type> types,
                                                function_ref<SmallVector<Bound>(Block &)> inputs) {
  Block *block = n.b.createBlock(&body, {}, types, SmallVector<Location>(types.size(), n.loc));
  FailureOr<SmallVector<Bound>> outputs = n.inlineGraph(attribute, inputs(*block));
  if (failed(outputs))
    return n.unsupported("'" + Twine(attribute) + "' has what is not supported");
  SmallVector<Value> values;
  for (auto [i, output] : llvm::enumerate(*outputs)) {
    if (!output.value())
      return n.unsupported("output " + Twine(i) + " of '" + attribute + "' is no tensor");
    values.push_back(output.value());
  }
  return values;
}

/// The truth value of `condition`, if it is known.
static std::optional<bool> knownTruth(Value condition) {
  DenseElementsAttr value = Node::constant(condition);
  if (!value || value.getNumElements() != 1 || !value.getElementType().isInteger(1))
    return std::nullopt;
  return *value.value_begin<bool>();
}

static Value truth(Node &n, bool value) { return n.scalar(value, n.b.getI1Type()); }

/// An op with regions. What goes wrong with it is reported as with any other.
static Operation *create(Node &n, StringRef name, ValueRange operands, TypeRange types, ArrayRef<NamedAttribute> attrs,
                         MutableArrayRef<std::unique_ptr<Region>> regions) {
  OperationState state(n.loc, name, operands, types, attrs);
  for (std::unique_ptr<Region> &region : regions)
    state.addRegion(std::move(region));
  return n.b.create(state);
}

static void yield(Node &n, ValueRange values) { YieldOp::create(n.b, n.loc, values); }

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

static LogicalResult importIf(Node &n) {
  auto type = n.type(0);
  if (!type.getElementType().isInteger(1) || (type.hasStaticShape() && type.getNumElements() != 1))
    return n.invalid("the condition must be one truth value");
  if (std::optional<bool> condition = knownTruth(n.in(0))) {
    // A branch that is known takes the place of the node.
    auto results = n.inlineGraph(*condition ? "then_branch" : "else_branch", {});
    if (failed(results))
      return n.unsupported("the branch is not supported");
    n.outputs.assign(results->begin(), results->end());
    return success();
  }
  std::unique_ptr<Region> bodies[] = {std::make_unique<Region>(), std::make_unique<Region>()};
  SmallVector<Type> types;
  for (unsigned branch : {0, 1}) {
    OpBuilder::InsertionGuard guard(n.b);
    StringRef attribute = branch == 0 ? "then_branch" : "else_branch";
    auto values = importBody(n, attribute, *bodies[branch], {}, [](Block &) { return SmallVector<Bound>(); });
    if (failed(values)) {
      (void)n.need(n.in(0)); // the other branch may do
      if (n.fault != Fault::Invalid)
        return failure();
      // For the other branch's inputs this one may well make no sense.
      n.fault = Fault::None;
      return n.unsupported("'" + Twine(attribute) + "' cannot be computed: " + std::string(std::move(n.reason)));
    }
    yield(n, *values);
    SmallVector<Type> own(ValueRange(*values).getTypes());
    if (branch == 0)
      types = own;
    else if (types.size() != own.size())
      return n.invalid("the branches have " + Twine(types.size()) + " and " + Twine(own.size()) + " outputs");
    for (auto [i, first, second] : llvm::enumerate(types, own))
      if (first != second) {
        std::string text;
        llvm::raw_string_ostream(text) << "output " << i << " is '" << first << "' in one branch and '" << second << "' in the other";
        (void)n.need(n.in(0));
        return n.unsupported(text);
      }
  }
  Value condition = n.reshape(n.in(0), {});
  if (!condition)
    return failure();
  return n.results(llvm::to_vector_of<Value>(create(n, IfOp::getOperationName(), condition, types, {}, bodies)->getResults()));
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// What a body carries must keep its type.
static LogicalResult checkCarried(Node &n, ValueRange inits, ValueRange next) {
  for (auto [i, init, value] : llvm::enumerate(inits, next))
    if (init.getType() != value.getType()) {
      std::string text;
      llvm::raw_string_ostream(text) << "carried value " << i << " is '" << init.getType() << "' at first and '" << value.getType()
                                     << "' after a step; its type must stay the same";
      return n.unsupported(text);
    }
  return success();
}

static RankedTensorType stackOf(Value slice, int64_t steps) {
  auto type = cast<RankedTensorType>(slice.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(shape.begin(), steps);
  return type.clone(shape);
}

/// A loop whose body has been imported: a block with a counter, and with the condition and carried values next.
struct LoopBody {
  std::unique_ptr<Region> region = std::make_unique<Region>();
  SmallVector<Value> inits, next, slices; ///< carried values and what is stacked
  Value goesOn;
};

/// A fixed number of steps: a scan over their numbers.
static LogicalResult finishCounted(Node &n, LoopBody &body, int64_t steps) {
  Value counter = n.build("iota", {}, {n.attr("shape", ArrayRef(steps)), n.attr("axis", int64_t(0)), n.attr("type", n.b.getI64Type())});
  if (!counter)
    return failure();
  // A scan has its slices last.
  Block &block = body.region->front();
  Value last = block.addArgument(block.getArgument(0).getType(), n.loc);
  block.getArgument(0).replaceAllUsesWith(last);
  block.eraseArgument(0);
  SmallVector<Value> operands(body.inits), yielded(body.next);
  operands.push_back(counter);
  llvm::append_range(yielded, body.slices);
  SmallVector<Type> types(ValueRange(body.inits).getTypes());
  for (Value slice : body.slices)
    types.push_back(stackOf(slice, steps));
  {
    OpBuilder::InsertionGuard guard(n.b);
    n.b.setInsertionPointToEnd(&block);
    yield(n, yielded);
  }
  int32_t segments[] = {int32_t(body.inits.size()), 1};
  NamedAttribute attrs[] = {n.attr("steps", steps), {"operandSegmentSizes", n.b.getDenseI32ArrayAttr(segments)}};
  return n.results(llvm::to_vector_of<Value>(create(n, ScanOp::getOperationName(), operands, types, attrs, body.region)->getResults()));
}

/// As long as a condition holds, and at most `limit` steps where there is a limit, which is `most` where it is known.
static LogicalResult finishConditional(Node &n, LoopBody &body, Value condition, Value limit, std::optional<int64_t> most) {
  if (!body.slices.empty()) {
    for (unsigned input : {0, 1})
      (void)n.need(n.in(input));
    return n.unsupported("what the loop stacks has a length that is not known at compile time");
  }
  Block &block = body.region->front();
  Type counterType = block.getArgument(0).getType();
  Value zero = n.scalar(0, n.b.getI64Type()), goesOn = body.goesOn, next;
  {
    OpBuilder::InsertionGuard guard(n.b);
    n.b.setInsertionPointToEnd(&block);
    next = n.build("add", {block.getArgument(0), n.scalar(1, n.b.getI64Type())}, {});
    if (limit)
      goesOn = n.build("and", {goesOn, n.build("less", {next, limit}, {})}, {});
    if (!goesOn)
      return failure();
    SmallVector<Value> yielded = {goesOn, next};
    llvm::append_range(yielded, body.next);
    yield(n, yielded);
  }
  if (limit)
    condition = n.build("and", {condition, n.build("less", {zero, limit}, {})}, {});
  if (!condition)
    return failure();
  SmallVector<Value> operands = {condition, zero};
  llvm::append_range(operands, body.inits);
  SmallVector<Type> types = {counterType};
  llvm::append_range(types, ValueRange(body.inits).getTypes());
  SmallVector<NamedAttribute> attrs;
  if (most)
    attrs.push_back(n.attr("max_steps", *most));
  Operation *loop = create(n, WhileOp::getOperationName(), operands, types, attrs, body.region);
  return n.results(llvm::to_vector_of<Value>(loop->getResults().drop_front()));
}

/// The number in a tensor of one integer, if it is known.
static std::optional<int64_t> knownNumber(DenseElementsAttr value) {
  if (!value || value.getNumElements() != 1 || !isa<IntegerType>(value.getElementType()))
    return std::nullopt;
  return (*value.value_begin<APInt>()).getSExtValue();
}

/// The body once for each step, where their number is known: for bodies that change the types of what they carry, or
/// that carry sequences.
static LogicalResult unrollLoop(Node &n) {
  constexpr int64_t unrollLimit = 64;
  std::optional<int64_t> most = n.has(0) ? knownNumber(n.need(n.in(0))) : std::optional<int64_t>(unrollLimit + 1);
  if (n.has(1))
    (void)n.need(n.in(1));
  std::optional<bool> goesOn = n.has(1) ? knownTruth(n.in(1)) : true;
  if (!most || !goesOn || (n.has(0) && *most > unrollLimit))
    return failure();
  SmallVector<Bound> carried(n.inputs.begin() + std::min<size_t>(2, n.inputs.size()), n.inputs.end());
  size_t carries = carried.size();
  SmallVector<SmallVector<Value>> stacks(n.outputNames.size() - std::min(n.outputNames.size(), carries));
  for (int64_t step = 0; *goesOn && step < *most; ++step) {
    SmallVector<Bound> inputs = {n.scalar(double(step), n.b.getI64Type()), truth(n, true)};
    llvm::append_range(inputs, carried);
    FailureOr<SmallVector<Bound>> outputs = n.inlineGraph("body", inputs);
    if (failed(outputs) || step == unrollLimit || outputs->size() < carries + 1 + stacks.size())
      return failure();
    goesOn = knownTruth(outputs->front().value());
    if (!goesOn)
      return failure();
    carried.assign(outputs->begin() + 1, outputs->begin() + 1 + carries);
    for (auto [i, stack] : llvm::enumerate(stacks)) {
      Value slice = (*outputs)[1 + carries + i].value();
      if (!slice || (!stack.empty() && Node::typeOf(stack.front()).getRank() != Node::typeOf(slice).getRank() + 1))
        return failure();
      SmallVector<int64_t> shape = {1};
      for (auto [dim, size] : llvm::enumerate(Node::typeOf(slice).getShape()))
        shape.push_back(ShapedType::isDynamic(size) ? -2 - int64_t(dim) : size);
      stack.push_back(n.reshape(slice, shape));
    }
  }
  for (ArrayRef<Value> stack : stacks) {
    Value whole = stack.empty() ? Value() : n.build("concat", stack, n.attr("axis", int64_t(0)));
    if (!whole)
      return failure();
    carried.push_back(whole);
  }
  n.outputs.assign(carried.begin(), carried.end());
  return success();
}

/// One op for the whole loop.
static LogicalResult importWholeLoop(Node &n) {
  LoopBody body;
  SmallVector<Type> types = {RankedTensorType::get({}, n.b.getI64Type())};
  for (unsigned i = 2; i < n.numInputs(); ++i) {
    if (!n.has(i))
      return n.unsupported("carried value " + Twine(i - 2) + " is no tensor");
    body.inits.push_back(n.in(i));
    types.push_back(n.in(i).getType());
  }
  Value limit = n.in(0), condition = n.in(1);
  std::optional<int64_t> most = knownNumber(Node::constant(limit));
  if (most)
    most = std::max<int64_t>(0, *most);
  if (limit)
    limit = n.reshape(limit, {});
  condition = condition ? n.reshape(condition, {}) : truth(n, true);
  if (!condition || (n.has(0) && !limit))
    return failure();

  {
    OpBuilder::InsertionGuard guard(n.b);
    auto values = importBody(n, "body", *body.region, types, [&](Block &block) {
      SmallVector<Bound> inputs = {block.getArgument(0), truth(n, true)}; // a step runs because the condition holds
      llvm::append_range(inputs, block.getArguments().drop_front());
      return inputs;
    });
    if (failed(values))
      return failure();
    size_t carries = body.inits.size();
    if (values->size() < carries + 1)
      return n.invalid("the body has " + Twine(values->size()) + " outputs, want at least " + Twine(carries + 1));
    body.goesOn = n.reshape(values->front(), {});
    if (!body.goesOn)
      return failure();
    body.next.assign(values->begin() + 1, values->begin() + 1 + carries);
    body.slices.assign(values->begin() + 1 + carries, values->end());
  }
  if (failed(checkCarried(n, body.inits, body.next)))
    return failure();
  std::optional<bool> runs = knownTruth(condition), goesOn = knownTruth(body.goesOn);
  if (runs == false)
    return finishCounted(n, body, 0);
  bool isLimited = !limit || most; // by a known number, or by conditions alone
  if (runs == true && goesOn == false && isLimited)
    return finishCounted(n, body, std::min<int64_t>(most.value_or(1), 1));
  if (runs == true && goesOn == true && !limit)
    return n.unsupported("the loop has no end");
  if (runs == true && goesOn == true && most && *most <= stepLimit)
    return finishCounted(n, body, *most);
  return finishConditional(n, body, condition, limit, most);
}

static LogicalResult importLoop(Node &n) {
  if (succeeded(importWholeLoop(n)))
    return success();
  if (n.fault != Fault::Unsupported)
    return failure();
  std::string reason = std::move(n.reason);
  n.fault = Fault::None;
  n.forgetReports();
  if (succeeded(unrollLoop(n)) && n.fault == Fault::None)
    return success();
  if (n.fault == Fault::Invalid || n.fault == Fault::Limit)
    return failure();
  n.fault = Fault::None;
  return n.unsupported(reason);
}

/// The axes or directions of `count` scanned inputs or stacked outputs.
static SmallVector<int64_t> listOf(Node &n, StringRef attribute, size_t count) {
  SmallVector<int64_t> list = n.integers(attribute).value_or(SmallVector<int64_t>());
  list.resize(count, 0);
  return list;
}

/// The order of `rank` dimensions that brings dimension `from` to place `to`.
static SmallVector<int64_t> moving(int64_t rank, int64_t from, int64_t to) {
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  perm.erase(perm.begin() + from);
  perm.insert(perm.begin() + to, from);
  return perm;
}

static LogicalResult importScan(Node &n) {
  int64_t scanned = n.integer("num_scan_inputs", 0), carries = int64_t(n.numInputs()) - scanned;
  if (scanned < 1 || carries < 0)
    return n.invalid("num_scan_inputs is " + Twine(scanned) + ", but there are " + Twine(n.numInputs()) + " inputs");
  SmallVector<int64_t> axes = listOf(n, "scan_input_axes", scanned), directions = listOf(n, "scan_input_directions", scanned);
  SmallVector<Value> operands;
  SmallVector<Type> types;
  SmallVector<bool> backwards;
  int64_t steps = ShapedType::kDynamic;
  for (auto [i, input] : llvm::enumerate(n.inputs)) {
    Value value = input.value();
    if (!value)
      return n.unsupported("input " + Twine(i) + " must be a tensor");
    if (int64_t(i) < carries) {
      operands.push_back(value);
      types.push_back(value.getType());
      continue;
    }
    RankedTensorType type = Node::typeOf(value);
    int64_t axis = axes[i - carries], rank = type.getRank();
    axis = axis < 0 ? axis + rank : axis;
    if (axis < 0 || axis >= rank)
      return n.invalid("scanned axis " + Twine(axes[i - carries]) + " lies outside rank " + Twine(rank));
    if (int64_t size = type.getDimSize(axis); !ShapedType::isDynamic(size)) {
      if (!ShapedType::isDynamic(steps) && steps != size)
        return n.invalid("scanned inputs have " + Twine(steps) + " and " + Twine(size) + " slices");
      steps = size;
    }
    value = n.transpose(value, moving(rank, axis, 0));
    if (!value)
      return failure();
    operands.push_back(value);
    types.push_back(type.clone(Node::typeOf(value).getShape().drop_front()));
    backwards.push_back(directions[i - carries] != 0);
  }
  if (ShapedType::isDynamic(steps))
    return n.unsupported("the number of steps is not known at compile time");

  std::unique_ptr<Region> body[] = {std::make_unique<Region>()};
  SmallVector<Value> yielded;
  {
    OpBuilder::InsertionGuard guard(n.b);
    auto values = importBody(n, "body", *body[0], types, [](Block &block) {
      return llvm::map_to_vector(block.getArguments(), [](BlockArgument argument) { return Bound(argument); });
    });
    if (failed(values))
      return failure();
    yielded = *values;
    if (int64_t(yielded.size()) < carries)
      return n.invalid("the body has " + Twine(yielded.size()) + " outputs, want at least " + Twine(carries));
    yield(n, yielded);
  }
  ValueRange inits = ValueRange(operands).take_front(carries);
  if (failed(checkCarried(n, inits, ValueRange(yielded).take_front(carries))))
    return failure();
  size_t stacks = yielded.size() - carries;
  SmallVector<int64_t> outAxes = listOf(n, "scan_output_axes", stacks), outDirections = listOf(n, "scan_output_directions", stacks);
  SmallVector<Type> results(inits.getTypes());
  for (size_t i = 0; i < stacks; ++i) {
    results.push_back(stackOf(yielded[carries + i], steps));
    backwards.push_back(outDirections[i] != 0);
  }
  int32_t segments[] = {int32_t(carries), int32_t(scanned)};
  NamedAttribute attrs[] = {{"operandSegmentSizes", n.b.getDenseI32ArrayAttr(segments)},
                            {"backwards", n.b.getDenseBoolArrayAttr(backwards)}};
  Operation *scan = create(n, ScanOp::getOperationName(), operands, results, attrs, body);
  SmallVector<Value> values(scan->getResults());
  for (size_t i = 0; i < stacks; ++i) {
    Value &stack = values[carries + i];
    int64_t rank = Node::typeOf(stack).getRank(), axis = outAxes[i] < 0 ? outAxes[i] + rank : outAxes[i];
    if (axis < 0 || axis >= rank)
      return n.invalid("stacked axis " + Twine(outAxes[i]) + " lies outside rank " + Twine(rank));
    stack = n.transpose(stack, moving(rank, 0, axis));
  }
  return n.results(values);
}

/// The form of opset 8 scans each row of a batch by itself.
static LogicalResult importBatchedScan(Node &n) {
  if (n.has(0))
    return n.unsupported("sequences of different lengths are not supported");
  SmallVector<Bound> operands(llvm::drop_begin(n.inputs));
  if (Attribute directions = n.attributes.erase("directions"))
    n.attributes.set("scan_input_directions", directions);
  int64_t batch = n.has(1) && n.type(1).getRank() ? n.type(1).getDimSize(0) : ShapedType::kDynamic;
  if (batch == 0)
    return n.unsupported("a batch of nothing is not supported");
  for (auto [i, operand] : llvm::enumerate(operands)) {
    auto type = operand.value() ? Node::typeOf(operand.value()) : RankedTensorType();
    if (!type || !type.hasStaticShape())
      return n.unsupported("the size of input " + Twine(i + 1) + " is not known at compile time");
    if (!type.getRank() || type.getDimSize(0) != batch)
      return n.invalid("input " + Twine(i + 1) + " must have the batch as its first dimension");
  }
  SmallVector<SmallVector<Value>> rows(n.outputNames.size());
  for (int64_t row = 0; row < batch; ++row) {
    n.inputs.clear();
    n.outputs.clear();
    for (const Bound &operand : operands)
      n.inputs.push_back(
          n.reshape(n.slice(operand.value(), 0, row, row + 1), Node::typeOf(operand.value()).getShape().drop_front()));
    if (failed(importScan(n)))
      return failure();
    for (auto [values, output] : llvm::zip(rows, n.outputs)) {
      SmallVector<int64_t> shape(Node::typeOf(output.value()).getShape());
      shape.insert(shape.begin(), 1);
      values.push_back(n.reshape(output.value(), shape));
    }
  }
  SmallVector<Value> results;
  for (ArrayRef<Value> values : rows)
    results.push_back(n.build("concat", values, n.attr("axis", int64_t(0))));
  n.outputs.clear();
  return n.results(results);
}

void addControlRules(RuleMap &rules) {
  rules[".If"] = importIf;
  rules[".Loop"] = importLoop;
  rules[".Scan"] = [](Node &n) { return n.version < 9 ? importBatchedScan(n) : importScan(n); };
}

} // namespace ingot::onnx_import
