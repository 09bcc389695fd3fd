//===- RulesFeature.cpp - Rules for features of classic models ------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Term.h"
#include <map>

using namespace mlir;

namespace ingot::onnx_import {

static LogicalResult binarizer(Node &n) {
  Term x(n, n.in(0));
  return n.result((x > n.number("threshold", 0)).to(x.element()));
}

/// Elements along the last dimension; a vector counts as one row.
static LogicalResult featureExtractor(Node &n) {
  Term x(n, n.in(0)), y = x.gather(Term(n, n.in(1)).reshape({-1}), -1);
  return n.result(x.type().getRank() == 1 ? y.reshape({1, -1}) : y);
}

namespace {
/// Sequences of numbers by their length, each with its place in the result.
using Grams = std::map<std::vector<int64_t>, int64_t>;
} // namespace

/// The sequences of `length` numbers in the pool.
static FailureOr<Grams> readGrams(Node &n, ArrayRef<int64_t> pool, ArrayRef<int64_t> starts, ArrayRef<int64_t> places,
                                  int64_t length) {
  Grams grams;
  int64_t number = 0; // of sequences before
  for (auto [i, start] : llvm::enumerate(starts)) {
    int64_t end = i + 1 < starts.size() ? starts[i + 1] : int64_t(pool.size()), own = int64_t(i) + 1;
    if (start < 0 || end < start || end > int64_t(pool.size()))
      return n.invalid("'ngram_counts' does not fit the pool");
    for (int64_t at = start; at + own <= end; at += own, ++number) {
      if (number >= int64_t(places.size()))
        return n.invalid("'ngram_indexes' has " + Twine(places.size()) + " elements, which are too few");
      if (own == length)
        grams[std::vector<int64_t>(pool.begin() + at, pool.begin() + at + own)] = places[number];
    }
  }
  return grams;
}

/// How often each sequence of the pool is in a row, with up to `max_skip_count` numbers left out between any two: all
/// windows of a row are compared with all sequences of a length at once.
static LogicalResult tfIdf(Node &n) {
  constexpr int64_t poolLimit = 65536;
  RankedTensorType type = n.type(0);
  auto pool = n.integers("pool_int64s"), starts = n.integers("ngram_counts"), places = n.integers("ngram_indexes");
  int64_t shortest = n.integer("min_gram_length", 1), longest = n.integer("max_gram_length", 1),
          skips = n.integer("max_skip_count", 0);
  std::string mode = n.text("mode", "");
  if (!pool || !isa<IntegerType>(type.getElementType()))
    return n.unsupported("strings are not supported");
  if (!starts || !places || places->empty() || shortest < 1 || longest < shortest || skips < 0 ||
      llvm::any_of(
          *places, [](int64_t place) { return place < 0 || place >= poolLimit; }) ||
      !llvm::is_contained({"TF", "IDF", "TFIDF"}, mode))
    return n.invalid("the attributes do not fit together");
  if (!type.hasStaticShape() || type.getRank() > 2 || int64_t(pool->size()) > poolLimit || skips > 64)
    return n.unsupported("want a row or rows whose number is known at compile time, and at most " + Twine(poolLimit) +
                         " numbers to look for");
  int64_t columns = type.getRank() ? type.getShape().back() : 1, rows = type.getRank() == 2 ? type.getDimSize(0) : 1,
          size = *std::max_element(places->begin(), places->end()) + 1;
  Type i64 = n.b.getI64Type(), f32 = n.b.getF32Type();
  Term x = Term(n, n.in(0)).to(i64).reshape({rows, columns});
  Term counts = Term(n, n.scalar(0, f32)).expand({size, rows});
  for (int64_t length = shortest; length <= std::min(longest, columns); ++length) {
    auto grams = readGrams(n, *pool, *starts, *places, length);
    if (failed(grams))
      return failure();
    int64_t number = int64_t(grams->size());
    if (!number)
      continue;
    SmallVector<int64_t> values, targets;
    for (const auto &[gram, place] : *grams) {
      values.append(gram.begin(), gram.end());
      targets.push_back(place);
    }
    Term wanted = Term(n, n.integersConstant(values)).reshape({number, length});
    // Nothing can be left out of a single number.
    for (int64_t step = 1; step <= (length == 1 ? 1 : skips + 1) && (length - 1) * step < columns; ++step) {
      int64_t windows = columns - (length - 1) * step;
      std::optional<Term> found;
      for (int64_t i = 0; i < length; ++i) {
        Term item = x.slice(1, i * step, i * step + windows).reshape({1, rows, windows});
        Term same = item == wanted.slice(1, i, i + 1).reshape({number, 1, 1});
        found.emplace(found ? *found & same : same);
      }
      Term indices = Term(n, n.integersConstant(targets)).reshape({number, 1});
      Term sums = found->to(f32).reduce("reduce_sum", {2}, false);
      counts = Term(n, n.build("scatter_nd", {counts, indices, sums}, n.attr("reduction", StringRef("add"))));
    }
  }
  Term y = counts.transpose({1, 0});
  if (mode == "IDF")
    y = (y > 0.0).to(f32);
  if (auto weights = dyn_cast_or_null<DenseF32ArrayAttr>(n.attributes.get("weights")); weights && mode != "TF") {
    if (weights.size() != size)
      return n.invalid("'weights' has " + Twine(weights.size()) + " elements, want " + Twine(size));
    y = y * Term(n, n.constant(DenseElementsAttr::get(RankedTensorType::get({size}, f32), weights.asArrayRef())));
  }
  return n.result(type.getRank() == 2 ? y : y.reshape({size}));
}

void addFeatureRules(RuleMap &rules) {
  rules["ai.onnx.ml.ArrayFeatureExtractor"] = featureExtractor;
  rules["ai.onnx.ml.Binarizer"] = binarizer;
  rules[".TfIdfVectorizer"] = tfIdf;
}

} // namespace ingot::onnx_import
