//===- Module.cpp - Layers and their parameters ---------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/GraphState.h"
#include <cmath>
#include <ingot/nn.h>
#include <numbers>
#include <random>

namespace ingot::nn {

using namespace detail;

struct Module::State {
  std::string kind, name;
  BuildWithMemory build;
  std::shared_ptr<GraphState> graph;        ///< of the first call
  std::map<std::string, Tensor> parameters; ///< by their names in the module
  std::set<std::string> statistics;         ///< those of them that gradients do not move
  std::vector<Module> parts;                ///< those that calls have reached
  std::string prefix;                       ///< of the first call
};

Module::Module(std::string kind, Build build, std::string name)
    : Module(
          kind,
          [kind, build](Scope &scope, const Tensor &x, const Tensor &memory) {
            if (memory)
              fail(scope.where, kind + ": got " + x.text() + " and " + memory.text() + ", want one operand");
            return build(scope, x);
          },
          std::move(name)) {}

Module::Module(std::string kind, BuildWithMemory build, std::string name) : state(std::make_shared<State>()) {
  state->kind = std::move(kind);
  state->build = std::move(build);
  state->name = std::move(name);
}

/// The name of a module that no other contains.
static std::string topName(GraphState &graph, const std::string &name, const std::string &kind, Where where) {
  auto isTaken = [&](const std::string &prefix) {
    auto next = graph.parameters.lower_bound(prefix + ".");
    return next != graph.parameters.end() && next->first.starts_with(prefix + ".");
  };
  if (!name.empty() && isTaken(name))
    fail(where, "there is already a layer '" + name + "'");
  std::string found = name.empty() ? kind : name;
  for (unsigned number = 1; isTaken(found); ++number)
    found = kind + "_" + std::to_string(number);
  return found;
}

Tensor Module::operator()(const Tensor &x, Where where) const { return (*this)(x, Tensor(), where); }

Tensor Module::operator()(const Tensor &x, const Tensor &memory, Where where) const {
  std::shared_ptr<GraphState> graph = graphOf({x, memory}, where);
  if (state->graph && state->graph != graph)
    fail(where, "a layer of another graph");
  if (!state->graph) {
    state->graph = graph;
    if (state->prefix.empty())
      state->prefix = topName(*graph, state->name, state->kind, where);
  }
  Scope scope(GraphState::asGraph(graph), state->prefix, *state, where);
  return state->build(scope, x, memory);
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> all;
  for (auto &[name, tensor] : state->parameters)
    if (!state->statistics.count(name))
      all.push_back(tensor);
  for (const Module &part : state->parts)
    for (const Tensor &tensor : part.parameters())
      all.push_back(tensor);
  return all;
}

Scope::Scope(Graph graph, std::string prefix, Module::State &module, Where where)
    : graph(std::move(graph)), where(where), prefix(std::move(prefix)), module(module) {}

/// FNV-1a: a parameter's initial value depends on the graph's seed and on its own name alone.
static uint64_t seedOf(uint64_t seed, const std::string &name) {
  uint64_t hash = 14695981039346656037u ^ seed;
  for (unsigned char c : name)
    hash = (hash ^ c) * 1099511628211u;
  return hash;
}

Tensor Scope::parameter(const std::string &name, const std::vector<int64_t> &shape, const Initializer &initial) {
  auto found = module.parameters.find(name);
  if (found == module.parameters.end()) {
    std::string full = prefix + "." + name;
    Tensor made = graph.parameter(full, initial(shape, seedOf(GraphState::of(graph)->seed, full)), where);
    return module.parameters[name] = made;
  }
  Shape known = found->second.shape();
  if (known != Shape(shape.begin(), shape.end())) {
    std::string text;
    for (int64_t size : shape)
      text += (text.empty() ? "" : ",") + std::to_string(size);
    fail(where,
         module.kind + ": this call wants a " + name + " of [" + text + "], but the layer has " + found->second.text());
  }
  return found->second;
}

Tensor Scope::statistic(const std::string &name, const std::vector<int64_t> &shape, const Initializer &initial) {
  module.statistics.insert(name);
  return parameter(name, shape, initial);
}

Tensor Scope::call(const Module &part, const std::string &name, const Tensor &x, const Tensor &memory) {
  if (!part.state->graph) {
    part.state->prefix = prefix + "." + (part.state->name.empty() ? name : part.state->name);
    module.parts.push_back(part);
  }
  return part(x, memory, where);
}

Module sequential(std::vector<Module> parts, std::string name) {
  return Module(
      "net",
      [parts](Scope &scope, const Tensor &x) {
        Tensor value = x;
        for (size_t i = 0; i < parts.size(); ++i)
          value = scope.call(parts[i], std::to_string(i), value);
        return value;
      },
      std::move(name));
}

//===----------------------------------------------------------------------===//
// Initial values
//===----------------------------------------------------------------------===//

/// Uniform in [0, 1) from the generator's upper bits: the standard library's distributions differ between libraries.
static double unit(std::mt19937_64 &generator) { return double(generator() >> 11) * 0x1p-53; }

static Array filled(const std::vector<int64_t> &shape, const std::function<double()> &next) {
  Array array(f32, shape);
  for (float &element : array.as<float>())
    element = float(next());
  return array;
}

Initializer constant(double value) {
  return [value](const std::vector<int64_t> &shape, uint64_t) { return filled(shape, [&] { return value; }); };
}
Initializer zeros() { return constant(0); }
Initializer ones() { return constant(1); }

Initializer uniform(double low, double high) {
  return [=](const std::vector<int64_t> &shape, uint64_t seed) {
    std::mt19937_64 generator(seed);
    return filled(shape, [&] { return low + (high - low) * unit(generator); });
  };
}

/// Box and Muller 1958.
Initializer normal(double mean, double deviation) {
  return [=](const std::vector<int64_t> &shape, uint64_t seed) {
    std::mt19937_64 generator(seed);
    return filled(shape, [&] {
      double radius = std::sqrt(-2 * std::log(1 - unit(generator)));
      return mean + deviation * radius * std::cos(2 * std::numbers::pi * unit(generator));
    });
  };
}

/// The inputs and outputs of weights [out, in, ...] that meet in one sum.
static std::pair<double, double> fans(const std::vector<int64_t> &shape) {
  double field = 1;
  for (size_t i = 2; i < shape.size(); ++i)
    field *= double(shape[i]);
  double out = shape.empty() ? 1 : double(shape[0]), in = shape.size() < 2 ? out : double(shape[1]);
  return {in * field, out * field};
}

Initializer xavier_uniform(double gain) {
  return [=](const std::vector<int64_t> &shape, uint64_t seed) {
    auto [in, out] = fans(shape);
    double bound = gain * std::sqrt(6 / (in + out));
    return uniform(-bound, bound)(shape, seed);
  };
}
Initializer xavier_normal(double gain) {
  return [=](const std::vector<int64_t> &shape, uint64_t seed) {
    auto [in, out] = fans(shape);
    return normal(0, gain * std::sqrt(2 / (in + out)))(shape, seed);
  };
}
Initializer he_uniform() {
  return [](const std::vector<int64_t> &shape, uint64_t seed) {
    double bound = std::sqrt(6 / fans(shape).first);
    return uniform(-bound, bound)(shape, seed);
  };
}
Initializer he_normal() {
  return [](const std::vector<int64_t> &shape, uint64_t seed) {
    return normal(0, std::sqrt(2 / fans(shape).first))(shape, seed);
  };
}

} // namespace ingot::nn
