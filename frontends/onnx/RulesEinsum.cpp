//===- RulesEinsum.cpp - Rules for Einsum -------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Term.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ingot::onnx_import {

namespace {

/// A label is a letter, or a number below zero for a dimension of the ellipsis, counted from its last.
using Labels = SmallVector<int>;

/// An operand on its way through the sum, with a label for each dimension.
struct Operand {
  Term x;
  Labels labels;

  int64_t size(int label) const { return x.type().getDimSize(llvm::find(labels, label) - labels.begin()); }
  bool has(int label) const { return llvm::is_contained(labels, label); }
};

} // namespace

/// The labels of one operand of the equation, or of the result; `ellipsis` is the number of dimensions that dots stand
/// for.
static FailureOr<Labels> parseLabels(Node &n, StringRef text, int64_t ellipsis) {
  Labels labels;
  while (!text.empty()) {
    if (text.consume_front("...")) {
      for (int64_t i = ellipsis; i > 0; --i)
        labels.push_back(-int(i));
      continue;
    }
    if (!llvm::isAlpha(text.front()))
      return n.invalid("the equation has the unexpected '" + Twine(text.front()) + "'");
    labels.push_back(text.front());
    text = text.drop_front();
  }
  return labels;
}

/// Dimensions in the order of `labels`; all of them must be there.
static Term inOrder(const Operand &a, ArrayRef<int> labels) {
  SmallVector<int64_t> perm;
  for (int label : labels)
    perm.push_back(llvm::find(a.labels, label) - a.labels.begin());
  return a.x.transpose(perm);
}

/// A label that is there twice names the diagonal of its two dimensions.
static void takeDiagonals(Node &n, Operand &a) {
  for (size_t i = 0; i < a.labels.size(); ++i) {
    size_t j = i + 1;
    while (j < a.labels.size() && a.labels[j] != a.labels[i])
      ++j;
    if (j == a.labels.size())
      continue;
    SmallVector<int64_t> perm, shape;
    Labels rest;
    for (size_t d = 0; d < a.labels.size(); ++d)
      if (d != i && d != j) {
        perm.push_back(int64_t(d));
        shape.push_back(a.x.type().getDimSize(int64_t(d)));
        rest.push_back(a.labels[d]);
      }
    int64_t axis = int64_t(perm.size()), size = a.x.type().getDimSize(int64_t(i));
    if (size != a.x.type().getDimSize(int64_t(j))) {
      (void)n.invalid("a label stands for sizes that differ");
      return;
    }
    perm.append({int64_t(i), int64_t(j)});
    shape.push_back(size * size);
    rest.push_back(a.labels[i]);
    // In row-major order the diagonal is every size + 1st element.
    Value flat = a.x.transpose(perm).reshape(shape);
    a.x = Term(n, n.build("slice", flat,
                          {n.attr("starts", ArrayRef<int64_t>(0)), n.attr("ends", ArrayRef<int64_t>(size * size)),
                           n.attr("axes", ArrayRef<int64_t>(axis)), n.attr("steps", ArrayRef<int64_t>(size + 1))}));
    a.labels = rest;
    if (n.fault != Fault::None)
      return;
    --i;
  }
}

/// Sums over the labels that neither `other` nor `kept` has.
static void sumAlone(Operand &a, const Operand *other, ArrayRef<int> kept) {
  SmallVector<int64_t> axes;
  Labels rest;
  for (auto [i, label] : llvm::enumerate(a.labels))
    if ((other && other->has(label)) || llvm::is_contained(kept, label))
      rest.push_back(label);
    else
      axes.push_back(int64_t(i));
  if (!axes.empty())
    a.x = a.x.reduce("reduce_sum", axes, false);
  a.labels = rest;
}

/// The sum over the labels that both have and that are not kept.
static Operand contract(Node &n, Operand a, Operand b, ArrayRef<int> kept) {
  sumAlone(a, &b, kept);
  sumAlone(b, &a, kept);
  // A size of 1 broadcasts where the ellipsis stands for it.
  Labels batch, summed, left, right;
  for (int label : a.labels)
    if (!b.has(label))
      left.push_back(label);
    else
      (llvm::is_contained(kept, label) || a.size(label) != b.size(label) ? batch : summed).push_back(label);
  for (int label : b.labels)
    if (!a.has(label))
      right.push_back(label);
  auto arrange = [&](const Operand &x, std::initializer_list<ArrayRef<int>> parts) {
    Labels order;
    for (ArrayRef<int> part : parts)
      llvm::append_range(order, part);
    return inOrder(x, order);
  };
  auto product = [](const Operand &x, ArrayRef<int> labels) {
    int64_t total = 1;
    for (int label : labels)
      total *= x.size(label);
    return total;
  };
  auto sizes = [&](const Operand &x, ArrayRef<int> labels) {
    return llvm::map_to_vector(labels, [&](int label) { return x.size(label); });
  };
  Term x = arrange(a, {batch, left, summed}), y = arrange(b, {batch, summed, right});
  SmallVector<int64_t> xShape = sizes(a, batch), yShape = sizes(b, batch), result;
  for (auto [s, t] : llvm::zip_equal(xShape, yShape))
    result.push_back(std::max(s, t));
  for (int label : left)
    result.push_back(a.size(label));
  for (int label : right)
    result.push_back(b.size(label));
  Labels labels(batch);
  llvm::append_range(labels, left);
  llvm::append_range(labels, right);
  xShape.append({product(a, left), summed.empty() ? 1 : product(a, summed)});
  yShape.append({summed.empty() ? 1 : product(b, summed), product(b, right)});
  Term product2 = x.reshape(xShape).with(summed.empty() ? "mul" : "matmul", y.reshape(yShape));
  Operand y2{product2.reshape(result), labels};
  sumAlone(y2, nullptr, kept); // what was broadcast before it is summed
  return y2;
}

static LogicalResult einsum(Node &n) {
  std::string equation = n.text("equation", "");
  llvm::erase(equation, ' ');
  auto [left, right] = StringRef(equation).split("->");
  SmallVector<StringRef> texts;
  left.split(texts, ',');
  if (texts.size() != n.numInputs())
    return n.invalid("the equation has " + Twine(texts.size()) + " operands, the node " + Twine(n.numInputs()));
  SmallVector<Operand> operands;
  int64_t ellipsis = 0;
  std::map<int, int> counts;
  for (auto [i, text] : llvm::enumerate(texts)) {
    RankedTensorType type = n.type(unsigned(i));
    if (!type.hasStaticShape())
      return n.unsupported("the sizes are not known at compile time");
    int64_t letters = llvm::count_if(text, [](char c) { return llvm::isAlpha(c); });
    bool hasDots = text.contains("...");
    if (hasDots ? letters > type.getRank() : letters != type.getRank())
      return n.invalid("an operand of rank " + Twine(type.getRank()) + " has " + Twine(letters) + " labels");
    auto labels = parseLabels(n, text, type.getRank() - letters);
    if (failed(labels))
      return failure();
    ellipsis = std::max(ellipsis, type.getRank() - letters);
    Operand operand{Term(n, n.in(unsigned(i))), *labels};
    for (int label : operand.labels)
      ++counts[label];
    takeDiagonals(n, operand);
    if (n.fault != Fault::None)
      return failure();
    operands.push_back(operand);
  }
  Labels result;
  if (StringRef(equation).contains("->")) {
    auto labels = parseLabels(n, right, ellipsis);
    if (failed(labels))
      return failure();
    result = *labels;
  } else {
    // The letters that are there once, in the order of the alphabet, behind the ellipsis.
    for (auto [label, count] : counts)
      if (label < 0 || count == 1)
        result.push_back(label);
  }
  std::map<int, int64_t> sizes;
  for (const Operand &operand : operands)
    for (int label : operand.labels) {
      int64_t &size = sizes.emplace(label, 1).first->second, own = operand.size(label);
      if (size != 1 && own != 1 && size != own)
        return n.invalid("a label stands for the sizes " + Twine(size) + " and " + Twine(own));
      size = std::max(size, own);
    }
  for (auto [i, label] : llvm::enumerate(result))
    if (!sizes.contains(label) || llvm::is_contained(ArrayRef(result).take_front(i), label))
      return n.invalid("the result's labels must be those of operands, each once");
  Operand total = operands.front();
  for (size_t i = 1; i < operands.size(); ++i) {
    Labels kept(result);
    for (const Operand &later : ArrayRef(operands).drop_front(i + 1))
      llvm::append_range(kept, later.labels);
    total = contract(n, total, operands[i], kept);
    if (n.fault != Fault::None)
      return failure();
  }
  sumAlone(total, nullptr, result);
  return n.result(inOrder(total, result));
}

void addEinsumRules(RuleMap &rules) { rules[".Einsum"] = einsum; }

} // namespace ingot::onnx_import
