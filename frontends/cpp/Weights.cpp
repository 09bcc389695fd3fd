//===- Weights.cpp - Averages and pruning of parameters -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/GraphState.h"
#include <algorithm>
#include <cmath>
#include <ingot/weights.h>
#include <numeric>
#include <regex>

namespace ingot {

using namespace detail;

/// Calls `use` with the parameters whose names contain a match; throws where there are none.
static void forMatches(const Graph &graph, const std::string &pattern,
                       const std::function<void(const std::string &, Parameter &)> &use) {
  demandRegex(pattern);
  std::regex regex(pattern, std::regex::extended);
  bool any = false;
  for (auto &[name, parameter] : GraphState::of(graph)->parameters) {
    if (!pattern.empty() && !std::regex_search(name, regex))
      continue;
    use(name, parameter);
    any = true;
  }
  if (!any)
    throw Error(Code::bad_argument, "the graph has no parameter that matches '" + pattern + "'");
}

static void demandShare(const char *what, double value) {
  if (!(value >= 0 && value <= 1))
    throw Error(Code::bad_argument,
                "got a " + std::string(what) + " of " + std::to_string(value) + ", want one from 0 to 1");
}

/// average = decay * average + (1 - decay) * value
static void moveTowards(Array &average, const Array &value, double decay) {
  if (average.dtype() == f32) {
    std::span<const float> from = value.as<float>();
    std::span<float> to = average.as<float>();
    for (size_t i = 0; i < to.size(); ++i)
      to[i] = float(decay * to[i] + (1 - decay) * from[i]);
    return;
  }
  for (int64_t i = 0; i < average.size(); ++i)
    average.set(i, decay * average.at(i) + (1 - decay) * value.at(i));
}

//===----------------------------------------------------------------------===//
// Averages
//===----------------------------------------------------------------------===//

AveragedWeights::AveragedWeights(const Graph &graph, double decay, const std::string &pattern)
    : graph(graph), decay(decay) {
  demandShare("decay", decay);
  forMatches(graph, pattern, [&](const std::string &name, Parameter &parameter) { averages[name] = parameter.value; });
}

void AveragedWeights::update() {
  for (auto &[name, average] : averages)
    moveTowards(average, graph.value(name), decay);
}

void AveragedWeights::swap() {
  for (auto &[name, average] : averages)
    std::swap(average, GraphState::of(graph)->parameters.at(name).value);
}

const Array &AveragedWeights::operator[](const std::string &parameter) const {
  auto found = averages.find(parameter);
  if (found == averages.end())
    throw Error(Code::bad_argument, "there is no average of '" + parameter + "'");
  return found->second;
}

void follow(Graph graph, const std::string &teacher, const std::string &student, double decay) {
  demandShare("decay", decay);
  bool any = false;
  for (auto &[name, parameter] : GraphState::of(graph)->parameters) {
    if (!name.starts_with(teacher + "."))
      continue;
    std::string leader = student + name.substr(teacher.size());
    const Array &value = graph.value(leader);
    if (value.dtype() != parameter.value.dtype() || value.shape() != parameter.value.shape())
      throw Error(Code::bad_argument, "parameter '" + name + "' is " + parameter.value.type_text() + ", and '" +
                                          leader + "' " + value.type_text());
    moveTowards(parameter.value, value, decay);
    any = true;
  }
  if (!any)
    throw Error(Code::bad_argument, "the graph has no parameter '" + teacher + ".*'");
}

//===----------------------------------------------------------------------===//
// Pruning
//===----------------------------------------------------------------------===//

void Parameter::applyMask() {
  for (size_t i = 0; i < mask.size(); ++i)
    if (!mask[i])
      value.set(int64_t(i), 0);
}

void prune(Graph graph, const std::string &pattern, double share) {
  demandShare("share", share);
  forMatches(graph, pattern, [&](const std::string &, Parameter &parameter) {
    std::vector<int64_t> order(parameter.value.size());
    std::iota(order.begin(), order.end(), 0);
    // Among equals, the first.
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      double x = std::abs(parameter.value.at(a)), y = std::abs(parameter.value.at(b));
      return x != y ? x < y : a < b;
    });
    parameter.mask.assign(order.size(), true);
    auto count = size_t(std::lround(share * double(order.size())));
    for (size_t i = 0; i < count; ++i)
      parameter.mask[order[i]] = false;
    parameter.applyMask();
  });
}

void unprune(Graph graph, const std::string &pattern) {
  forMatches(graph, pattern, [](const std::string &, Parameter &parameter) { parameter.mask.clear(); });
}

} // namespace ingot
