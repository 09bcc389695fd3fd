//===- SequenceLosses.cpp - Losses over sets and sequences ----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/cpp/GraphState.h"
#include <cmath>
#include <ingot/nn.h>

namespace ingot::nn {

using namespace detail;

static void demandRank(const char *what, const Tensor &x, int64_t rank, const char *wanted, Where where) {
  if (x.rank() != rank)
    fail(where, std::string(what) + ": got " + x.text() + ", want " + wanted);
}

Tensor nt_xent(const Tensor &a, const Tensor &b, double temperature, Where where) {
  demandRank("nt_xent", a, 2, "[N, features]", where);
  demandRank("nt_xent", b, 2, "[N, features]", where);
  if (!(temperature > 0))
    fail(where, "nt_xent: got a temperature of " + std::to_string(temperature) + ", want one above 0");
  auto unit = [&](const Tensor &x) { return x / sqrt(maximum(sum(x * x, {-1}, true, where), 1e-24), where); };
  Tensor left = unit(a), right = unit(b);
  Tensor all = concat({left, right}, 0, where);
  Tensor likeness = matmul(all, transpose(all, {1, 0}, where), where) / temperature;
  // A sample is not among its own alternatives.
  Tensor self = equal(apply("EyeLike", {likeness}, {}, where), 1.0);
  Tensor others = log_sum_exp(ingot::where(self, -1e30, likeness), {-1}, false, where);
  Tensor likenessOfPairs = sum(left * right, {-1}, false, where) / temperature;
  return mean(others, {}, false, where) - mean(likenessOfPairs, {}, false, where);
}

//===----------------------------------------------------------------------===//
// CTC
//===----------------------------------------------------------------------===//

/// The logarithm of a probability of 0: finite, so that its differences and gradients are numbers.
static constexpr double never = -1e30;

/// 0, 1, 2, ... along `axis` of the shape of `x`.
static Tensor places(const Tensor &x, int64_t axis, Where where) {
  Tensor ones = cast(equal(x, x), i64, where);
  Tensor along = GraphState::of(x)->addConstant(Array::scalar(axis));
  return apply("CumSum", {ones, along}, {{"exclusive", int64_t(1)}}, where);
}

/// The columns of [N, L] moved by `distance` to the right; `value` comes in.
static Tensor shifted(const Tensor &x, int64_t distance, const Tensor &value, Where where) {
  std::vector<Tensor> parts(distance, value);
  parts.push_back(slice(x, 1, 0, -distance, where));
  return concat(parts, 1, where);
}

/// Zeros, [N, 1], of the type of x [N, ...].
static Tensor zeroColumn(const Tensor &x, Where where) {
  Tensor column = slice(x, 1, 0, 1, where);
  return cast(less(column, column), x.dtype(), where);
}

Tensor ctc(const Tensor &logits, const Tensor &labels, const Tensor &steps, const Tensor &label_counts, int64_t blank,
           Where where) {
  demandRank("ctc", logits, 3, "logits [N, steps, classes]", where);
  demandRank("ctc", labels, 2, "labels [N, most]", where);
  demandRank("ctc", steps, 1, "a number of steps for each sample, [N]", where);
  demandRank("ctc", label_counts, 1, "a number of labels for each sample, [N]", where);
  for (const Tensor &integer : {labels, steps, label_counts})
    if (integer.dtype() != i64)
      fail(where, "ctc: got " + integer.text() + ", want i64");
  Tensor stepCount = unsqueeze(steps, {1}, where), labelCount = unsqueeze(label_counts, {1}, where);

  // A path goes through the labels with a blank before, between and after them: [N, L], L = 2 most + 1. What is beyond
  // a sample's labels is blank, whatever the caller has put there.
  Tensor known = ingot::where(less(places(labels, 1, where), labelCount), labels, double(blank));
  Tensor separator = known * 0 + double(blank), first = slice(separator, 1, 0, 1, where);
  Tensor pairs = concat({unsqueeze(separator, {2}, where), unsqueeze(known, {2}, where)}, 2, where);
  Tensor stations = concat({reshape(pairs, {0, -1}, where), first}, 1, where);
  Tensor place = places(stations, 1, where);

  // The logarithm of each station's probability at each step, [N, steps, L].
  Tensor likelihood = maximum(log_softmax(logits, -1, where), never);
  Tensor column = slice(likelihood, 2, 0, 1, where);
  Tensor index = unsqueeze(stations, {1}, where) + cast(less(column, column), i64, where);
  Tensor emitted = apply("GatherElements", {likelihood, index}, {{"axis", int64_t(2)}}, where);
  Tensor isActive = less(places(column, 1, where), unsqueeze(stepCount, {1}, where)); // [N, steps, 1]

  // A step stays, goes on to the next station, or passes over a blank between two labels that differ.
  Tensor isPassing = equal(stations, shifted(stations, 2, first, where));
  Tensor passing = ingot::where(isPassing, never, cast(zeroColumn(place, where), f32, where));
  Tensor none = cast(zeroColumn(place, where), f32, where) + never;
  Tensor begin = ingot::where(equal(place, 0), cast(zeroColumn(place, where), f32, where), never);
  std::vector<Tensor> last = scan(
      {begin, passing, none}, {transpose(emitted, {1, 0, 2}, where), transpose(isActive, {1, 0, 2}, where)},
      [&](const std::vector<Tensor> &states, const std::vector<Tensor> &slices) -> ScanStep {
        const Tensor &alpha = states[0], &allowed = states[1], &outside = states[2];
        Tensor ways = concat({unsqueeze(alpha, {0}, where), unsqueeze(shifted(alpha, 1, outside, where), {0}, where),
                              unsqueeze(shifted(alpha, 2, outside, where) + allowed, {0}, where)},
                             0, where);
        Tensor next = log_sum_exp(ways, {0}, false, where) + slices[0];
        return {{ingot::where(slices[1], next, alpha), allowed, outside}, {}};
      },
      where);

  // It ends at the last label or at the blank after it.
  Tensor end = labelCount * 2;
  Tensor isEnd = apply("Or", {equal(place, end), equal(place, end - 1)}, {}, where);
  Tensor loss = -log_sum_exp(ingot::where(isEnd, last[0], never), {1}, false, where);
  loss = ingot::where(less(loss, -never / 10), loss, double(INFINITY));
  return mean(loss / cast(maximum(label_counts, 1), f32, where), {}, false, where);
}

} // namespace ingot::nn
