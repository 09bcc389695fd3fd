//===- Recurrent.cpp - Inference and decompositions of Recurrent.td -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Inference.h"
#include "dialects/ingot/Ops.h"
#include "dialects/ingot/Rule.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace ingot {

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

namespace {

/// The functions that ONNX lets a cell apply.
enum class Function { Affine, Elu, HardSigmoid, LeakyRelu, Relu, ScaledTanh, Sigmoid, Softplus, Softsign, Tanh, ThresholdedRelu };

struct Activation {
  Function function;
  float alpha = 0, beta = 0;
};

} // namespace

static std::optional<Function> functionOf(StringRef name) {
  return llvm::StringSwitch<std::optional<Function>>(name.lower())
      .Case("affine", Function::Affine)
      .Case("elu", Function::Elu)
      .Case("hardsigmoid", Function::HardSigmoid)
      .Case("leakyrelu", Function::LeakyRelu)
      .Case("relu", Function::Relu)
      .Case("scaledtanh", Function::ScaledTanh)
      .Case("sigmoid", Function::Sigmoid)
      .Case("softplus", Function::Softplus)
      .Case("softsign", Function::Softsign)
      .Case("tanh", Function::Tanh)
      .Case("thresholdedrelu", Function::ThresholdedRelu)
      .Default(std::nullopt);
}

/// The activations of all directions; the numbers of those that take some come from the lists, then from the defaults
/// of the operators of these names.
static SmallVector<Activation> activationsOf(ArrayRef<StringRef> names, ArrayRef<float> alphas, ArrayRef<float> betas) {
  SmallVector<Activation> activations;
  auto take = [](ArrayRef<float> &list, float otherwise) {
    if (list.empty())
      return otherwise;
    float value = list.front();
    list = list.drop_front();
    return value;
  };
  for (StringRef name : names) {
    Activation a{*functionOf(name)};
    switch (a.function) {
    case Function::Affine:
    case Function::ScaledTanh:
      a.alpha = take(alphas, 1);
      a.beta = take(betas, a.function == Function::Affine ? 0 : 1);
      break;
    case Function::HardSigmoid:
      a.alpha = take(alphas, 0.2f);
      a.beta = take(betas, 0.5f);
      break;
    case Function::Elu:
    case Function::ThresholdedRelu:
      a.alpha = take(alphas, 1);
      break;
    case Function::LeakyRelu:
      a.alpha = take(alphas, 0.01f);
      break;
    default:
      break;
    }
    activations.push_back(a);
  }
  return activations;
}

static Value apply(Rule &r, const Activation &a, Value x) {
  auto number = [&](float value) { return r.b.getF32FloatAttr(value); };
  switch (a.function) {
  case Function::Affine:
    return r.add(r.mul(x, r.number(a.alpha)), r.number(a.beta));
  case Function::Elu:
    return r.b.createOrFold<EluOp>(x, number(a.alpha));
  case Function::HardSigmoid:
    return r.b.createOrFold<HardSigmoidOp>(x, number(a.alpha), number(a.beta));
  case Function::LeakyRelu:
    return r.b.createOrFold<LeakyReluOp>(x, number(a.alpha));
  case Function::Relu:
    return r.b.createOrFold<ReluOp>(x);
  case Function::ScaledTanh:
    return r.mul(r.b.createOrFold<TanhOp>(r.mul(x, r.number(a.beta))), r.number(a.alpha));
  case Function::Sigmoid:
    return r.b.createOrFold<SigmoidOp>(x);
  case Function::Softplus:
    return r.b.createOrFold<SoftplusOp>(x);
  case Function::Softsign:
    return r.b.createOrFold<SoftsignOp>(x);
  case Function::Tanh:
    return r.b.createOrFold<TanhOp>(x);
  case Function::ThresholdedRelu:
    return r.select(r.b.createOrFold<GreaterOp>(x, r.number(a.alpha)), x, r.number(0));
  }
  llvm_unreachable("every function has a case");
}

//===----------------------------------------------------------------------===//
// Inference
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(Value x) { return cast<RankedTensorType>(x.getType()); }

static LogicalResult checkShape(MaybeLoc loc, StringRef name, Value value, ArrayRef<int64_t> shape) {
  if (!value || succeeded(verifyCompatibleShape(typeOf(value).getShape(), shape)))
    return success();
  return emitOptionalError(loc, "expected '", name, "' of shape [", shape, "], but found ", typeOf(value));
}

/// Checks what all cells have and infers the first two results. A cell has `gates` matrices, and `functions` activations
/// for each direction.
template <typename Adaptor>
static LogicalResult inferCell(MaybeLoc loc, Adaptor op, int64_t gates, size_t functions, Types &types,
                               SmallVectorImpl<int64_t> &stateShape) {
  RankedTensorType x = typeOf(op.getX()), w = typeOf(op.getW()), r = typeOf(op.getR());
  if (x.getRank() != 3 || w.getRank() != 3 || r.getRank() != 3)
    return emitOptionalError(loc, "expected an input and weights of three dimensions, but found ", x, ", ", w, " and ", r);
  StringRef direction = op.getDirection();
  if (!llvm::is_contained({"forward", "reverse", "bidirectional"}, direction))
    return emitOptionalError(loc, "direction must be forward, reverse or bidirectional, but is ", direction);
  int64_t directions = direction == "bidirectional" ? 2 : 1, hidden = r.getDimSize(2);
  if (ShapedType::isDynamic(hidden))
    return emitOptionalError(loc, "the size of the state must be known, but the weights are ", r);
  if (op.getHiddenSize() && int64_t(*op.getHiddenSize()) != hidden)
    return emitOptionalError(loc, "hidden_size is ", *op.getHiddenSize(), ", but the weights are ", r);
  int64_t batch = x.getDimSize(op.getLayout() ? 0 : 1), steps = x.getDimSize(op.getLayout() ? 1 : 0);
  stateShape.assign({directions, batch, hidden});
  if (op.getLayout())
    std::swap(stateShape[0], stateShape[1]);
  if (failed(checkShape(loc, "w", op.getW(), {directions, gates * hidden, x.getDimSize(2)})) ||
      failed(checkShape(loc, "r", op.getR(), {directions, gates * hidden, hidden})) ||
      failed(checkShape(loc, "b", op.getB(), {directions, 2 * gates * hidden})) ||
      failed(checkShape(loc, "sequence_lens", op.getSequenceLens(), {batch})) ||
      failed(checkShape(loc, "initial_h", op.getInitialH(), stateShape)))
    return failure();
  if (std::optional<ArrayAttr> names = op.getActivations()) {
    if (names->size() != functions * directions)
      return emitOptionalError(loc, "expected ", functions * directions, " activations, but found ", names->size());
    for (StringRef name : names->template getAsValueRange<StringAttr>())
      if (!functionOf(name))
        return emitOptionalError(loc, "there is no activation '", name, "'");
  }
  SmallVector<int64_t> all = op.getLayout() ? SmallVector<int64_t>{batch, steps, directions, hidden}
                                            : SmallVector<int64_t>{steps, directions, batch, hidden};
  types.assign({x.clone(all), x.clone(stateShape)});
  return success();
}

LogicalResult RNNOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor op, Types &types) {
  SmallVector<int64_t> state;
  return inferCell(loc, op, 1, 1, types, state);
}

LogicalResult GRUOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor op, Types &types) {
  SmallVector<int64_t> state;
  return inferCell(loc, op, 3, 2, types, state);
}

LogicalResult LSTMOp::inferReturnTypes(MLIRContext *, MaybeLoc loc, Adaptor op, Types &types) {
  SmallVector<int64_t> state;
  if (failed(inferCell(loc, op, 4, 3, types, state)) || failed(checkShape(loc, "initial_c", op.getInitialC(), state)))
    return failure();
  int64_t hidden = state[2];
  types.push_back(typeOf(op.getX()).clone(state));
  return checkShape(loc, "p", op.getP(), {state[op.getLayout() ? 1 : 0], 3 * hidden});
}

//===----------------------------------------------------------------------===//
// Decompositions
//===----------------------------------------------------------------------===//

namespace {

/// What a cell's decomposition works with: one direction at a time, the batch second.
class Cell {
public:
  using Step = llvm::function_ref<SmallVector<Value>(ValueRange states, ValueRange projected)>;

  template <typename Op>
  Cell(OpBuilder &builder, Op op, ArrayRef<StringRef> standard)
      : op(op), r(builder, op), input(r.wide(op.getX())), lengths(op.getSequenceLens()), hidden(sizeAt(op.getR(), 2)),
        layout(op.getLayout()) {
    if (layout)
      input = transposed(r.b, input, {1, 0, 2});
    direction = op.getDirection();
    directions = direction == "bidirectional" ? 2 : 1;
    SmallVector<StringRef> names;
    if (std::optional<ArrayAttr> given = op.getActivations())
      llvm::append_range(names, given->template getAsValueRange<StringAttr>());
    else
      for (int64_t i = 0; i < directions; ++i)
        llvm::append_range(names, standard);
    activations = activationsOf(names, op.getActivationAlpha().value_or(ArrayRef<float>()),
                                op.getActivationBeta().value_or(ArrayRef<float>()));
    functions = standard.size();
    if (std::optional<APFloat> bound = op.getClip())
      clip = bound->convertToDouble();
  }

  /// Direction `d` of a parameter, without that dimension; null where there is none.
  Value parameter(Value all, int64_t d) {
    return all ? squeezed(r.b, sliced(r.b, r.wide(all), 0, d, d + 1), {0}) : Value();
  }
  /// The state that direction `d` starts from.
  Value initial(Value all, int64_t d) {
    if (!all) {
      auto type = RankedTensorType::get({sizeAt(input, 1), hidden}, computeType(r.element));
      return type.hasStaticShape() ? splat(r.b, 0, type) : Value();
    }
    return layout ? squeezed(r.b, sliced(r.b, r.wide(all), 1, d, d + 1), {1}) : parameter(all, d);
  }
  Value product(Value a, Value w) { return r.b.createOrFold<MatMulOp>(a, w, false, /*transpose_b=*/true); }
  /// Gate number `index` of values whose last dimension has all gates.
  Value gate(Value all, int64_t index) { return gates(all, index, 1); }
  Value gates(Value all, int64_t first, int64_t count) {
    return sliced(r.b, all, rankOf(all) - 1, first * hidden, (first + count) * hidden);
  }
  /// Activation number `index`. `clip` bounds what comes from products, as in ONNX Runtime, and not the cell's state.
  Value activate(int64_t d, unsigned index, Value x, bool clips = true) {
    if (clip && clips)
      x = r.b.createOrFold<MinOp>(r.b.createOrFold<MaxOp>(x, r.number(-*clip)), r.number(*clip));
    return apply(r, activations[d * functions + index], x);
  }

  /// Runs direction `d` over the steps of `projected`; returns the first state of all steps, then the last states.
  FailureOr<SmallVector<Value>> run(int64_t d, ArrayRef<Value> projected, ArrayRef<Value> initials, Step step) {
    if (llvm::is_contained(initials, Value()) || !typeOf(projected.front()).hasStaticShape())
      return op->emitOpError("needs to know the sizes of its input, but found ") << op->getOperandTypes().front();
    bool isReverse = direction == "reverse" || d == 1;
    int64_t steps = sizeAt(projected.front(), 0);
    SmallVector<Value> xs(projected);
    if (lengths)
      xs.push_back(r.b.createOrFold<IotaOp>(ArrayRef<int64_t>{steps}, 0, getElementTypeOrSelf(lengths)));
    SmallVector<bool> backwards(xs.size() + 1, isReverse);
    SmallVector<Type> types, slices;
    for (Value value : initials)
      types.push_back(value.getType());
    RankedTensorType state = typeOf(initials.front());
    slices = types;
    types.push_back(state.clone({steps, state.getDimSize(0), hidden}));
    for (Value x : xs)
      slices.push_back(typeOf(x).clone(typeOf(x).getShape().drop_front()));
    auto scan = ScanOp::create(r.b, types, initials, xs, std::nullopt, backwards);
    {
      OpBuilder::InsertionGuard guard(r.b);
      Block *body = r.b.createBlock(&scan.getBody(), {}, slices, SmallVector<Location>(slices.size(), r.b.getLoc()));
      ValueRange states = body->getArguments().take_front(initials.size());
      SmallVector<Value> next = step(states, body->getArguments().slice(initials.size(), projected.size()));
      Value stacked = next.front();
      if (lengths) {
        // Behind its last step, an element keeps its states and puts out zeros.
        Value goesOn = r.b.createOrFold<LessOp>(body->getArguments().back(), unsqueezed(r.b, lengths, {1}));
        stacked = r.select(goesOn, stacked, r.number(0));
        for (auto [value, state] : llvm::zip_equal(next, states))
          value = r.select(goesOn, value, state);
      }
      next.push_back(stacked);
      YieldOp::create(r.b, next);
    }
    SmallVector<Value> results = {scan.getStacks().front()};
    llvm::append_range(results, scan.getFinals());
    return results;
  }

  /// Puts the directions together: the states of all steps, then the last states. `parts` has what `run` returned.
  SmallVector<Value> finish(ArrayRef<SmallVector<Value>> parts) {
    SmallVector<Value> results;
    for (size_t i = 0; i < parts.front().size(); ++i) {
      // [steps, directions, batch, hidden] or [batch, steps, directions, hidden]; a last state lacks the steps.
      int64_t axis = i == 0 ? (layout ? 2 : 1) : (layout ? 1 : 0);
      SmallVector<Value> all;
      for (const SmallVector<Value> &part : parts) {
        Value value = part[i];
        if (layout && i == 0)
          value = transposed(r.b, value, {1, 0, 2});
        all.push_back(unsqueezed(r.b, value, {axis}));
      }
      results.push_back(r.round(all.size() == 1 ? all.front() : r.b.createOrFold<ConcatOp>(all, axis)));
    }
    return results;
  }

  Operation *op;
  Rule r;
  Value input, lengths;
  int64_t hidden, directions;

private:
  bool layout;
  StringRef direction;
  SmallVector<Activation> activations;
  size_t functions;
  std::optional<double> clip;
};

} // namespace

FailureOr<SmallVector<Value>> RNNOp::decomposeOperation(OpBuilder &builder) {
  Cell cell(builder, *this, {"Tanh"});
  Rule &r = cell.r;
  SmallVector<SmallVector<Value>> parts;
  for (int64_t d = 0; d < cell.directions; ++d) {
    Value recurrent = cell.parameter(getR(), d), x = cell.product(cell.input, cell.parameter(getW(), d));
    if (Value bias = cell.parameter(getB(), d))
      x = r.add(x, r.add(cell.gate(bias, 0), cell.gate(bias, 1)));
    auto step = [&](ValueRange states, ValueRange projected) -> SmallVector<Value> {
      return {cell.activate(d, 0, r.add(cell.product(states[0], recurrent), projected[0]))};
    };
    FailureOr<SmallVector<Value>> results = cell.run(d, x, cell.initial(getInitialH(), d), step);
    if (failed(results))
      return failure();
    parts.push_back(*results);
  }
  return cell.finish(parts);
}

FailureOr<SmallVector<Value>> GRUOp::decomposeOperation(OpBuilder &builder) {
  Cell cell(builder, *this, {"Sigmoid", "Tanh"});
  Rule &r = cell.r;
  int64_t hidden = cell.hidden;
  SmallVector<SmallVector<Value>> parts;
  for (int64_t d = 0; d < cell.directions; ++d) {
    Value w = cell.parameter(getW(), d), recurrent = cell.parameter(getR(), d), bias = cell.parameter(getB(), d);
    auto rows = [&](Value all, int64_t from, int64_t to) { return sliced(r.b, all, 0, from * hidden, to * hidden); };
    // The gates and the candidate are apart from the start, so that no step has to take them apart.
    Value ofGates = cell.product(cell.input, rows(w, 0, 2)), ofCandidate = cell.product(cell.input, rows(w, 2, 3));
    Value stateBias;
    if (bias) {
      ofGates = r.add(ofGates, r.add(rows(bias, 0, 2), rows(bias, 3, 5)));
      Value own = rows(bias, 2, 3), ofState = rows(bias, 5, 6);
      // The reset gate multiplies the state's part where it comes after the product.
      if (getLinearBeforeReset())
        stateBias = ofState;
      ofCandidate = r.add(ofCandidate, stateBias ? own : r.add(own, ofState));
    }
    auto step = [&](ValueRange states, ValueRange projected) -> SmallVector<Value> {
      Value h = states[0], gates, candidate;
      auto reset = [&] { return cell.activate(d, 0, cell.gate(gates, 1)); };
      if (getLinearBeforeReset()) {
        Value all = cell.product(h, recurrent), own = cell.gate(all, 2);
        gates = r.add(cell.gates(all, 0, 2), projected[0]);
        candidate = r.mul(reset(), stateBias ? r.add(own, stateBias) : own);
      } else {
        gates = r.add(cell.product(h, rows(recurrent, 0, 2)), projected[0]);
        candidate = cell.product(r.mul(reset(), h), rows(recurrent, 2, 3));
      }
      Value z = cell.activate(d, 0, cell.gate(gates, 0));
      candidate = cell.activate(d, 1, r.add(candidate, projected[1]));
      return {r.add(r.mul(r.sub(r.number(1), z), candidate), r.mul(z, h))};
    };
    FailureOr<SmallVector<Value>> results =
        cell.run(d, {ofGates, ofCandidate}, cell.initial(getInitialH(), d), step);
    if (failed(results))
      return failure();
    parts.push_back(*results);
  }
  return cell.finish(parts);
}

FailureOr<SmallVector<Value>> LSTMOp::decomposeOperation(OpBuilder &builder) {
  Cell cell(builder, *this, {"Sigmoid", "Tanh", "Tanh"});
  Rule &r = cell.r;
  SmallVector<SmallVector<Value>> parts;
  for (int64_t d = 0; d < cell.directions; ++d) {
    Value recurrent = cell.parameter(getR(), d), x = cell.product(cell.input, cell.parameter(getW(), d));
    if (Value bias = cell.parameter(getB(), d))
      x = r.add(x, r.add(cell.gates(bias, 0, 4), cell.gates(bias, 4, 4)));
    Value peepholes = cell.parameter(getP(), d);
    auto step = [&](ValueRange states, ValueRange projected) -> SmallVector<Value> {
      Value z = r.add(cell.product(states[0], recurrent), projected[0]), c = states[1];
      auto peep = [&](int64_t index, Value cellState) {
        Value sum = cell.gate(z, index);
        return peepholes ? r.add(sum, r.mul(cell.gate(peepholes, index), cellState)) : sum;
      };
      Value i = cell.activate(d, 0, peep(0, c));
      Value f = getInputForget() ? r.sub(r.number(1), i) : cell.activate(d, 0, peep(2, c));
      Value next = r.add(r.mul(f, c), r.mul(i, cell.activate(d, 1, cell.gate(z, 3))));
      Value o = cell.activate(d, 0, peep(1, next));
      return {r.mul(o, cell.activate(d, 2, next, /*clips=*/false)), next};
    };
    SmallVector<Value> initials = {cell.initial(getInitialH(), d), cell.initial(getInitialC(), d)};
    FailureOr<SmallVector<Value>> results = cell.run(d, x, initials, step);
    if (failed(results))
      return failure();
    parts.push_back(*results);
  }
  return cell.finish(parts);
}

} // namespace ingot
