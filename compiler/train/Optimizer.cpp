//===- Optimizer.cpp - How a step moves a parameter -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/train/Optimizer.h"
#include "dialects/ingot/Rule.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ingot {

namespace {

/// A field of Optimizer that a key sets.
struct Key {
  StringRef name;
  double Optimizer::*field;
};

struct Family {
  StringRef name;
  Optimizer::Kind kind;
  std::vector<Key> keys;
  double lr, eps, weightDecay;
  bool nesterov = false; ///< takes this key too
};

} // namespace

static ArrayRef<Family> families() {
  using O = Optimizer;
  static const Key lr{"lr", &O::lr}, momentum{"momentum", &O::momentum}, decay{"weight_decay", &O::weightDecay},
      eps{"eps", &O::eps}, alpha{"alpha", &O::alpha}, beta1{"beta1", &O::beta1}, beta2{"beta2", &O::beta2};
  static const std::vector<Family> table = {
      {"sgd", O::Kind::Sgd, {lr, momentum, decay}, 1e-3, 0, 0, /*nesterov=*/true},
      {"rmsprop", O::Kind::RmsProp, {lr, alpha, eps, momentum}, 1e-2, 1e-8, 0},
      {"adagrad", O::Kind::Adagrad, {lr, eps}, 1e-2, 1e-10, 0},
      {"adam", O::Kind::Adam, {lr, beta1, beta2, eps, decay}, 1e-3, 1e-8, 0},
      {"adamw", O::Kind::AdamW, {lr, beta1, beta2, eps, decay}, 1e-3, 1e-8, 1e-2}};
  return table;
}

static const Family &familyOf(Optimizer::Kind kind) {
  return *llvm::find_if(families(), [&](const Family &family) { return family.kind == kind; });
}

std::vector<std::string> Optimizer::names() {
  std::vector<std::string> names;
  for (const Family &family : families())
    names.push_back(family.name.str());
  return names;
}

std::vector<std::string> Optimizer::keys() const {
  std::vector<std::string> names;
  for (const Key &key : familyOf(kind).keys)
    names.push_back(key.name.str());
  if (familyOf(kind).nesterov)
    names.push_back("nesterov");
  return names;
}

std::vector<std::string> Optimizer::slots() const {
  switch (kind) {
  case Kind::Sgd:
    return momentum != 0 ? std::vector<std::string>{"momentum_buffer"} : std::vector<std::string>();
  case Kind::RmsProp:
    return momentum != 0 ? std::vector<std::string>{"square_avg", "momentum_buffer"}
                         : std::vector<std::string>{"square_avg"};
  case Kind::Adagrad:
    return {"sum"};
  case Kind::Adam:
  case Kind::AdamW:
    return {"exp_avg", "exp_avg_sq"};
  }
  llvm_unreachable("a kind that is not listed");
}

llvm::Expected<Optimizer> Optimizer::create(StringRef name) {
  for (const Family &family : families()) {
    if (family.name != name)
      continue;
    Optimizer result;
    result.kind = family.kind;
    result.lr = family.lr;
    result.eps = family.eps;
    result.weightDecay = family.weightDecay;
    return result;
  }
  return llvm::createStringError("got optimizer '" + name + "', want one of " + llvm::join(names(), ", "));
}

llvm::Error Optimizer::set(StringRef key, StringRef value) {
  const Family &family = familyOf(kind);
  double number;
  bool isNumber = !value.getAsDouble(number);
  if (key == "nesterov" && family.nesterov) {
    bool isTrue = value == "true" || (isNumber && number == 1);
    if (!isTrue && value != "false" && !(isNumber && number == 0))
      return llvm::createStringError("got nesterov=" + value + ", want 0 or 1");
    nesterov = isTrue;
    return llvm::Error::success();
  }
  for (const Key &known : family.keys) {
    if (known.name != key)
      continue;
    if (!isNumber || !(number >= 0))
      return llvm::createStringError("got " + key + "=" + value + ", want a number of at least 0");
    this->*known.field = number;
    return llvm::Error::success();
  }
  return llvm::createStringError("optimizer " + family.name + " has no '" + key + "', only " +
                                 llvm::join(keys(), ", "));
}

llvm::Expected<Optimizer> Optimizer::parse(StringRef text) {
  auto [name, rest] = text.split(':');
  llvm::Expected<Optimizer> result = create(name);
  if (!result)
    return result;
  SmallVector<StringRef> settings;
  rest.split(settings, ',', -1, /*KeepEmpty=*/false);
  for (StringRef setting : settings) {
    auto [key, value] = setting.split('=');
    if (llvm::Error error = result->set(key, value))
      return std::move(error);
  }
  if (result->nesterov && result->momentum == 0)
    return llvm::createStringError("nesterov needs a momentum other than 0");
  return result;
}

Value Optimizer::update(ImplicitLocOpBuilder &b, const Shared &shared, Value parameter, Value gradient,
                        MutableArrayRef<Value> state) const {
  Rule r(b, getElementTypeOrSelf(parameter));
  Value p = r.wide(parameter), g = r.wide(gradient);
  Type compute = getElementTypeOrSelf(p);
  auto scaled = [&](double factor, Value x) { return r.mul(r.number(factor), x); };
  auto narrow = [&](Value x) { return castTo(b, x, compute); };
  auto root = [&](Value x) { return b.createOrFold<SqrtOp>(x); };
  /// before * decay + now * (1 - decay)
  auto average = [&](Value &before, double decay, Value now) {
    return before = r.add(scaled(decay, before), scaled(1 - decay, now));
  };
  if (weightDecay != 0 && kind != Kind::AdamW)
    g = r.add(g, scaled(weightDecay, p));
  switch (kind) {
  case Kind::Sgd:
    if (momentum != 0) {
      state[0] = r.add(scaled(momentum, state[0]), g);
      g = nesterov ? r.add(g, scaled(momentum, state[0])) : state[0];
    }
    return r.round(r.sub(p, r.mul(narrow(shared.lr), g)));
  case Kind::RmsProp: {
    Value move = r.div(g, r.add(root(average(state[0], alpha, r.mul(g, g))), r.number(eps)));
    if (momentum != 0)
      move = state[1] = r.add(scaled(momentum, state[1]), move);
    return r.round(r.sub(p, r.mul(narrow(shared.lr), move)));
  }
  case Kind::Adagrad:
    state[0] = r.add(state[0], r.mul(g, g));
    return r.round(r.sub(p, r.mul(narrow(shared.lr), r.div(g, r.add(root(state[0]), r.number(eps))))));
  case Kind::Adam:
  case Kind::AdamW: {
    // The corrections for the zeros that averages begin with, 1 - beta^step, are small differences: in f64.
    Type wide = b.getF64Type();
    auto correction = [&](double beta) {
      return r.sub(literal(b, 1, wide), b.createOrFold<PowOp>(literal(b, beta, wide), shared.step));
    };
    Value size = narrow(r.div(shared.lr, correction(beta1)));
    Value stretch = narrow(root(correction(beta2)));
    if (kind == Kind::AdamW && weightDecay != 0)
      p = r.mul(p, narrow(r.sub(literal(b, 1, wide), r.mul(shared.lr, literal(b, weightDecay, wide)))));
    Value mean = average(state[0], beta1, g), square = average(state[1], beta2, r.mul(g, g));
    return r.round(r.sub(p, r.mul(size, r.div(mean, r.add(r.div(root(square), stretch), r.number(eps))))));
  }
  }
  llvm_unreachable("a kind that is not listed");
}

} // namespace ingot
