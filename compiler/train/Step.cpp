//===- Step.cpp - A model as a step of training ---------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/train/Step.h"
#include "compiler/Compiler.h"
#include "compiler/train/Loss.h"
#include "dialects/ingot/Rule.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"

using namespace mlir;

namespace ingot {

static llvm::Error fault(const Twine &text) { return llvm::make_error<StatusError>(INGOT_BAD_ARGUMENT, text); }

static bool isFloat(Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }

/// Where the graph ends.
static func::ReturnOp returnOf(func::FuncOp main) {
  return cast<func::ReturnOp>(main.getBody().front().getTerminator());
}

static StringRef resultName(func::FuncOp main, unsigned index) {
  auto name = main.getResultAttrOfType<StringAttr>(index, "ingot.name");
  return name ? name.getValue() : "";
}

llvm::Expected<Objective> Objective::create(ModuleOp module, StringRef pattern, const Options &options) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return fault("the module has no function @main");
  std::string reason;
  if (llvm::Regex regex(pattern); !pattern.empty() && !regex.isValid(reason))
    return fault("got '" + pattern + "', want a regular expression: " + reason);
  Objective result(main);
  result.expose(pattern);
  Options infer = options;
  infer.compileTo = Phase::Infer;
  if (llvm::Error error = runPhases(module, infer))
    return std::move(error);
  return result;
}

BlockArgument Objective::addArgument(unsigned index, StringRef name, Type type, bool isState) {
  OpBuilder b(main);
  NamedAttrList attributes;
  attributes.set("ingot.name", b.getStringAttr(name));
  if (isState)
    attributes.set("ingot.state", b.getStringAttr(name));
  (void)main.insertArgument(index, type, attributes.getDictionary(b.getContext()), NameLoc::get(b.getStringAttr(name)));
  return main.getArgument(index);
}

/// Whether a value is nothing but the mean or the variance that a batch normalization was given. Such a statistic is no
/// parameter: what it should be is not what makes the loss smaller.
static bool isStatistic(ReadWeightOp read) {
  return !read->use_empty() && llvm::all_of(read->getUses(), [](OpOperand &use) {
    auto norm = dyn_cast<BatchNormOp>(use.getOwner());
    return norm && (&use == &norm.getMeanMutable() || &use == &norm.getVarMutable());
  });
}

/// The results of @main that weights take as their next values: running statistics.
static llvm::StringMap<unsigned> updatesOf(func::FuncOp main) {
  llvm::StringMap<unsigned> updates;
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    if (auto weight = main.getResultAttrOfType<StringAttr>(i, "ingot.updates"))
      updates[weight.getValue()] = i;
  return updates;
}

void Objective::expose(StringRef pattern) {
  llvm::StringMap<unsigned> updates = updatesOf(main);
  auto module = main->getParentOfType<ModuleOp>();
  WeightStore &store = module.getContext()->getLoadedDialect<IngotDialect>()->getWeights();
  llvm::Regex regex(pattern);
  llvm::MapVector<StringRef, SmallVector<ReadWeightOp>> reads;
  module.walk([&](ReadWeightOp read) { reads[read.getWeight()].push_back(read); });
  for (auto weight : llvm::make_early_inc_range(module.getOps<WeightOp>())) {
    bool isUpdated = updates.contains(weight.getSymName());
    if (!isFloat(weight.getTensorType()) || !(pattern.empty() || isUpdated || regex.match(weight.getSymName())))
      continue;
    ArrayRef<ReadWeightOp> uses = reads[weight.getSymName()];
    bool isParameter = !isUpdated && (uses.empty() || !llvm::all_of(uses, isStatistic));
    BlockArgument argument = addArgument(main.getNumArguments(), weight.getSymName(), weight.getTensorType(), true);
    llvm::ArrayRef<char> bytes = store.lookup(weight.getKey());
    state.push_back({weight.getSymName().str(), std::vector<char>(bytes.begin(), bytes.end()), isParameter, isParameter});
    for (ReadWeightOp read : reads[weight.getSymName()]) {
      read.replaceAllUsesWith(Value(argument));
      read.erase();
    }
    weight.erase();
  }
}

llvm::Error Objective::setLoss(StringRef text) {
  func::ReturnOp ret = returnOf(main);
  auto outputNamed = [&](StringRef name) -> Value {
    for (unsigned i = 0; i < main.getNumResults(); ++i)
      if (resultName(main, i) == name)
        return ret.getOperand(i);
    return Value();
  };
  auto outputNames = [&] {
    return llvm::join(
        llvm::map_range(llvm::seq(main.getNumResults()), [&](unsigned i) { return resultName(main, i).str(); }), ", ");
  };
  if (Value output = outputNamed(text)) {
    auto type = cast<RankedTensorType>(output.getType());
    if (!isFloat(type) || !type.hasStaticShape() || type.getNumElements() != 1) {
      std::string found;
      llvm::raw_string_ostream(found) << type;
      return fault("loss '" + text + "': got " + found +
                   ", want one float; KIND(OUTPUT,TARGET) compares an output with a target");
    }
    ImplicitLocOpBuilder b(output.getLoc(), ret);
    loss = type.getRank() == 0 ? output : reshaped(b, output, {});
    return llvm::Error::success();
  }
  auto [kind, rest] = text.split('(');
  if (!rest.consume_back(")"))
    return fault("loss '" + text + "': no such output, only " + outputNames() +
                 "; a loss is one of them or KIND(OUTPUT,TARGET)");
  const Loss *found = findLoss(kind);
  if (!found)
    return fault("loss '" + text + "': got '" + kind + "', want one of " +
                 llvm::join(llvm::map_range(losses(), [](const Loss &loss) { return loss.name; }), ", "));
  auto [outputName, targetName] = rest.split(',');
  outputName = outputName.trim(), targetName = targetName.trim();
  Value output = outputNamed(outputName);
  if (!output)
    return fault("loss '" + text + "': no output '" + outputName + "', only " + outputNames());
  if (targetName.empty())
    return fault("loss '" + text + "': want KIND(OUTPUT,TARGET)");
  auto type = cast<RankedTensorType>(output.getType());
  if (!isFloat(type))
    return fault("loss '" + text + "': output '" + outputName + "' is no float");
  RankedTensorType targetType = found->targetType(type);
  if (!targetType)
    return fault("loss '" + text + "': output '" + outputName + "' has " + Twine(type.getRank()) +
                 " dimensions, want [batch, classes, ...]");
  BlockArgument target = addArgument(inputs++, targetName, targetType, false);
  ImplicitLocOpBuilder b(NameLoc::get(StringAttr::get(main.getContext(), "loss")), returnOf(main));
  loss = found->build(b, output, target);
  return llvm::Error::success();
}

void Objective::setResults(ArrayRef<std::pair<std::string, Value>> results, unsigned stateResults) {
  Builder b(main.getContext());
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> attributes;
  for (auto &[name, value] : results) {
    NamedAttrList list;
    list.set("ingot.name", b.getStringAttr(name));
    if (values.size() >= results.size() - stateResults)
      list.set("ingot.state", b.getStringAttr(name));
    values.push_back(value);
    attributes.push_back(list.getDictionary(main.getContext()));
  }
  returnOf(main)->setOperands(values);
  main.setFunctionType(b.getFunctionType(main.getArgumentTypes(), ValueRange(values).getTypes()));
  main.setAllResultAttrs(attributes);
}

std::vector<std::string> Objective::buildTrace() {
  std::vector<std::pair<std::string, Value>> results;
  std::vector<std::string> nodes;
  for (Operation &op : main.getBody().front().without_terminator()) {
    for (Value value : op.getResults()) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type || !isFloat(type) || !type.hasStaticShape() || op.hasTrait<OpTrait::ConstantLike>())
        continue;
      // The location of a node is its name, and in that its operator and opset.
      auto name = op.getLoc()->findInstanceOf<NameLoc>();
      auto kind = name ? dyn_cast<NameLoc>(name.getChildLoc()) : NameLoc();
      nodes.push_back("'" + (name ? name.getName().str() : "loss") + "' (" +
                      (kind ? kind.getName().strref().split('-').first : op.getName().stripDialect()).str() + ")");
      results.push_back({"trace." + std::to_string(results.size()), value});
    }
  }
  setResults(results, 0);
  return nodes;
}

void Objective::buildForward() {
  std::vector<std::pair<std::string, Value>> results = {{"loss", loss}};
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    results.push_back({resultName(main, i).str(), returnOf(main).getOperand(i)});
  setResults(results, 0);
}

llvm::Error Objective::buildGradients(StringRef pattern) {
  llvm::Regex regex(pattern);
  SmallVector<Value> wrt;
  std::vector<std::string> names;
  for (BlockArgument argument : main.getArguments()) {
    auto name = main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "ingot.name");
    bool isInput = argument.getArgNumber() < inputs;
    if (!isFloat(argument.getType()) || !name ||
        (isInput ? pattern.empty() || !regex.match(name.getValue())
                 : !state[argument.getArgNumber() - inputs].isParameter))
      continue;
    if (main.getArgAttr(argument.getArgNumber(), "ingot.known"))
      return llvm::make_error<StatusError>(INGOT_UNSUPPORTED,
                                           "there is no gradient by input '" + name.getValue() +
                                               "': sizes or choices depend on it, so it is a constant of what is compiled");
    wrt.push_back(argument);
    names.push_back(name.str());
  }
  if (wrt.empty())
    return fault(pattern.empty() ? "the model has no float initializers"
                                 : "no float initializer or input matches '" + pattern + "'");
  ImplicitLocOpBuilder b(main.getLoc(), returnOf(main));
  auto gradient = GradientOp::create(b, loss, wrt);
  std::vector<std::pair<std::string, Value>> results = {{"loss", loss}};
  for (auto [name, value] : llvm::zip_equal(names, gradient.getGradients()))
    results.push_back({name, value});
  setResults(results, 0);
  return llvm::Error::success();
}

Value Objective::addState(StringRef name, RankedTensorType type) {
  uint64_t bytes = type.getNumElements() * (type.getElementTypeBitWidth() / 8);
  state.push_back({name.str(), std::vector<char>(bytes), /*isParameter=*/false});
  return addArgument(main.getNumArguments(), name, type, true);
}

static Value squareSum(ImplicitLocOpBuilder &b, Value x) {
  return ReduceSumSquareOp::create(b, x, llvm::to_vector(llvm::seq<int64_t>(0, rankOf(x))), /*keepdims=*/false);
}

/// The gradients scaled down to a norm of at most `limit` together, as torch.nn.utils.clip_grad_norm_ does.
static SmallVector<Value> clip(ImplicitLocOpBuilder &b, ValueRange gradients, double limit) {
  Rule r(b, b.getF32Type());
  Value total;
  for (Value gradient : gradients) {
    Value square = squareSum(b, r.wide(gradient));
    total = total ? r.add(total, square) : square;
  }
  Value factor = r.div(r.number(limit), r.add(b.createOrFold<SqrtOp>(total), r.number(1e-6)));
  factor = b.createOrFold<MinOp>(factor, r.number(1));
  return llvm::map_to_vector(gradients, [&](Value gradient) {
    return r.mul(gradient, castTo(b, factor, getElementTypeOrSelf(gradient)));
  });
}

llvm::Error Objective::buildStep(const Optimizer &optimizer, const StepOptions &options) {
  ImplicitLocOpBuilder b(NameLoc::get(StringAttr::get(main.getContext(), "optimizer")), returnOf(main));
  auto resultNamed = [&](StringRef name) -> Value {
    for (unsigned i = 0; i < main.getNumResults(); ++i)
      if (resultName(main, i) == name)
        return returnOf(main).getOperand(i);
    return Value();
  };
  std::vector<std::pair<std::string, Value>> results = {{"loss", loss}}, parameters, slots;
  for (const std::string &name : options.results)
    results.push_back({name, resultNamed(name)});
  SmallVector<Value> moved;
  SmallVector<size_t> places; // in the state
  llvm::StringMap<unsigned> updates = updatesOf(main);
  for (size_t i = 0; i < state.size(); ++i) {
    auto update = updates.find(state[i].name);
    state[i].changes = update != updates.end() ||
                       (state[i].isParameter && (!options.moves || options.moves(state[i].name)));
    if (update != updates.end()) {
      parameters.push_back({state[i].name, returnOf(main).getOperand(update->second)});
    } else if (state[i].changes) {
      moved.push_back(main.getArgument(inputs + i));
      places.push_back(i);
      parameters.push_back({state[i].name, Value()});
    }
  }
  if (moved.empty())
    return fault("the model has no parameters to train");
  SmallVector<Value> gradients(GradientOp::create(b, loss, moved).getGradients());
  if (options.gradientNorms)
    for (auto [place, gradient] : llvm::zip_equal(places, gradients)) {
      Rule r(b, getElementTypeOrSelf(gradient));
      Value square = squareSum(b, r.wide(gradient));
      results.push_back({"gradient_norm." + state[place].name, b.createOrFold<SqrtOp>(square)});
    }
  if (options.clipNorm != 0)
    gradients = clip(b, gradients, options.clipNorm);
  auto scalar = [&](Type element) { return RankedTensorType::get({}, element); };
  Value lr = addArgument(inputs++, "learning_rate", scalar(b.getF64Type()), false);
  Value done = addState("step", scalar(b.getI64Type()));
  Value step = b.createOrFold<AddOp>(done, literal(b, 1, b.getI64Type()));
  slots.push_back({"step", step});
  Optimizer::Shared shared{lr, castTo(b, step, b.getF64Type())};
  auto entry = parameters.begin();
  for (auto [place, parameter, gradient] : llvm::zip_equal(places, moved, gradients)) {
    std::string name = state[place].name;
    auto type = cast<RankedTensorType>(parameter.getType());
    SmallVector<Value> values;
    for (const std::string &slot : optimizer.slots())
      values.push_back(addState("optimizer." + slot + "." + name, type.clone(computeType(type.getElementType()))));
    while (entry->first != name)
      ++entry;
    ParameterRule rule = options.rules ? options.rules(name) : ParameterRule();
    Optimizer own = optimizer;
    own.weightDecay = rule.weightDecay.value_or(optimizer.weightDecay);
    Optimizer::Shared ownShared = shared;
    if (rule.rate != 1)
      ownShared.lr = b.createOrFold<MulOp>(lr, literal(b, rule.rate, b.getF64Type()));
    entry->second = own.update(b, ownShared, parameter, gradient, values);
    for (auto [slot, value] : llvm::zip_equal(optimizer.slots(), values))
      slots.push_back({"optimizer." + slot + "." + name, value});
  }
  size_t first = results.size();
  llvm::append_range(results, parameters);
  llvm::append_range(results, slots);
  for (auto &[name, value] : results)
    if (!value)
      return fault("the model has no output '" + name + "'");
  setResults(results, results.size() - first);
  return llvm::Error::success();
}

} // namespace ingot
