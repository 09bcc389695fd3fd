//===- SizeFunction.cpp - Numbers that follow from open dimensions --------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sizes/SizeFunction.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;

namespace ingot {

/// Enough for the four coefficients of a bilinear function and for those of a sum, and for two tests of it.
static unsigned countSamples(size_t dims) { return std::max<size_t>(6, dims + 3); }

/// Sizes of one dimension at the samples: inside of the bounds where there is room, not 0 or 1, which mean something
/// else to broadcasting, and no multiples of 8, which are sizes that models have anyway. `turn` keeps dimensions apart.
static std::vector<int64_t> samplesOf(Range range, unsigned turn, unsigned numSamples, unsigned least) {
  std::vector<int64_t> candidates;
  for (int64_t size = std::max<int64_t>(range.low, 2); size <= range.high && candidates.size() < 4096; ++size)
    if (size % 8 != 0)
      candidates.push_back(size);
  for (int64_t size = std::max<int64_t>(range.high, 4) + 1; candidates.size() < least; ++size)
    if (size % 8 != 0)
      candidates.push_back(size); // a model that cannot have them says so
  // Spread over the candidates, with steps that are not even.
  std::vector<int64_t> sizes;
  for (unsigned i = 0; i < numSamples; ++i) {
    unsigned place = (i * (2 * turn + 1) + turn) % numSamples;
    uint64_t at = (candidates.size() - 1) * (place * 17 + turn % 5) / (numSamples * 17 - 8);
    while (llvm::is_contained(sizes, candidates[at % candidates.size()]))
      ++at;
    sizes.push_back(candidates[at % candidates.size()]);
  }
  return sizes;
}

SizeFunctions::SizeFunctions(MLIRContext *context, std::vector<OpenDim> dims)
    : context(context), open(std::move(dims)), points(countSamples(open.size())) {
  for (auto [i, dim] : llvm::enumerate(open)) {
    // Dimensions that are sampled together need room to differ.
    size_t least = open.size() > 1 ? 2 * points.size() : points.size();
    std::vector<int64_t> sizes = samplesOf(dim.range, i, points.size(), least);
    for (unsigned sample = 0; sample < points.size(); ++sample)
      points[sample].push_back(sizes[sample]);
  }
  constexpr unsigned numChecks = 8;
  for (unsigned check = 0; check < numChecks; ++check) {
    std::vector<int64_t> &sizes = checks.emplace_back();
    for (auto [i, dim] : llvm::enumerate(open)) {
      // The bounds, and then what is spread between them, in another order for each dimension.
      unsigned place = check < 2 ? check * (numChecks - 1) : (check * (2 * i + 3) + i) % (numChecks - 2) + 1;
      sizes.push_back(dim.range.low + (dim.range.high - dim.range.low) * int64_t(place) / (numChecks - 1));
    }
  }
  for (unsigned i = 0; i < open.size(); ++i)
    found.push_back(getAffineSymbolExpr(i, context));
  for (unsigned i = 0; i < open.size(); ++i)
    monomials.push_back(found[i]);
  for (unsigned i = 0; i < open.size(); ++i)
    for (unsigned j = i; j < open.size(); ++j)
      monomials.push_back(found[i] * found[j]);
  for (unsigned i = 0; i < open.size(); ++i)
    for (unsigned j = 0; j < open.size(); ++j)
      if (i != j)
        monomials.push_back(found[i] * found[j] * found[j]);
}

std::vector<int64_t> SizeFunctions::largest() const {
  std::vector<int64_t> sizes;
  for (auto [i, dim] : llvm::enumerate(open)) {
    sizes.push_back(dim.range.high);
    for (const std::vector<int64_t> &point : points)
      sizes.back() = std::max(sizes.back(), point[i]);
  }
  return sizes;
}

int64_t SizeFunctions::evaluate(AffineExpr function, ArrayRef<int64_t> dims) {
  if (auto constant = dyn_cast<AffineConstantExpr>(function))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(function))
    return dims[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(function);
  int64_t left = evaluate(binary.getLHS(), dims), right = evaluate(binary.getRHS(), dims);
  switch (function.getKind()) {
  case AffineExprKind::Add:
    return left + right;
  case AffineExprKind::Mul:
    return left * right;
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(left, right);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(left, right);
  default:
    return llvm::mod(left, right);
  }
}

int64_t SizeFunctions::upperBound(AffineExpr function) const {
  // All functions are monotonic in each dimension, so an extreme is at a corner. Those that fall are rare: many
  // dimensions are tried at their ends together.
  int64_t most = 0;
  unsigned free = std::min<size_t>(open.size(), 10);
  for (unsigned corner = 0; corner < 1u << free; ++corner) {
    std::vector<int64_t> dims;
    for (auto [i, dim] : llvm::enumerate(open))
      dims.push_back(i < free && (corner >> i & 1) ? dim.range.low : dim.range.high);
    most = std::max(most, evaluate(function, dims));
  }
  return most;
}

bool SizeFunctions::agrees(AffineExpr function, ArrayRef<int64_t> values) const {
  auto isValueAt = [&](auto pair) { return evaluate(function, std::get<0>(pair)) == std::get<1>(pair); };
  if (!llvm::all_of(llvm::zip_equal(points, values), isValueAt))
    return false;
  auto more = observed.find(values.vec());
  return more == observed.end() || llvm::all_of(llvm::zip(checks, more->second), isValueAt);
}

bool SizeFunctions::observe(ArrayRef<int64_t> values, ArrayRef<int64_t> atChecks) {
  if (llvm::all_equal(values))
    return llvm::all_of(atChecks, [&](int64_t size) { return size == values.front(); });
  auto [entry, isNew] = observed.try_emplace(values.vec(), atChecks.vec());
  if (!isNew && ArrayRef(entry->second) != atChecks)
    entry->second.clear();
  return true;
}

/// A number times `term` plus another.
AffineExpr SizeFunctions::fitLinear(AffineExpr term, ArrayRef<int64_t> values) {
  int64_t first = evaluate(term, points[0]);
  for (size_t k = 1; k < points.size(); ++k) {
    int64_t step = evaluate(term, points[k]) - first, change = values[k] - values[0];
    if (step == 0)
      continue;
    AffineExpr function = term * (change / step) + (values[0] - change / step * first);
    return change % step == 0 && agrees(function, values) ? function : AffineExpr();
  }
  return {};
}

/// The same of the first of several terms that fits.
AffineExpr SizeFunctions::fitLinear(ArrayRef<AffineExpr> terms, ArrayRef<int64_t> values) {
  for (AffineExpr term : terms)
    if (AffineExpr function = fitLinear(term, values))
      return function;
  return {};
}

/// The combination of `basis`, with whole factors, that has these values.
AffineExpr SizeFunctions::fitBasis(ArrayRef<AffineExpr> basis, ArrayRef<int64_t> values) {
  size_t count = basis.size();
  if (count >= points.size())
    return {}; // nothing would be left to test it
  std::vector<std::vector<double>> rows(count);
  for (size_t row = 0; row < count; ++row) {
    for (AffineExpr term : basis)
      rows[row].push_back(double(evaluate(term, points[row])));
    rows[row].push_back(double(values[row]));
  }
  for (size_t column = 0; column < count; ++column) {
    size_t pivot = column;
    for (size_t row = column + 1; row < count; ++row)
      if (std::abs(rows[row][column]) > std::abs(rows[pivot][column]))
        pivot = row;
    std::swap(rows[column], rows[pivot]);
    if (std::abs(rows[column][column]) < 1e-9)
      return {};
    for (size_t row = 0; row < count; ++row)
      if (row != column) {
        double factor = rows[row][column] / rows[column][column];
        for (size_t k = column; k <= count; ++k)
          rows[row][k] -= factor * rows[column][k];
      }
  }
  AffineExpr function = constant(0);
  for (auto [row, term] : llvm::enumerate(basis))
    function = function + term * std::llround(rows[row][count] / rows[row][row]);
  return agrees(function, values) ? function : AffineExpr();
}

/// a + b*x + c*y + d*x*y of two of the terms.
AffineExpr SizeFunctions::fitBilinear(ArrayRef<AffineExpr> terms, ArrayRef<int64_t> values) {
  for (auto [i, x] : llvm::enumerate(terms))
    for (AffineExpr y : terms.drop_front(i + 1))
      if (AffineExpr function = fitBasis({constant(1), x, y, x * y}, values))
        return function;
  return {};
}

/// A bilinear function of two dimensions, a sum of all dimensions, or one dimension times such a sum.
AffineExpr SizeFunctions::fitPolynomial(ArrayRef<int64_t> values) {
  ArrayRef<AffineExpr> symbols = ArrayRef(monomials).take_front(open.size());
  SmallVector<AffineExpr> sum = {constant(1)};
  llvm::append_range(sum, symbols);
  if (AffineExpr function = fitBasis(sum, values))
    return function;
  for (AffineExpr x : symbols) {
    auto product = llvm::map_to_vector(sum, [&](AffineExpr term) { return x * term; });
    if (AffineExpr function = fitBasis(product, values))
      return function;
  }
  return fitBilinear(symbols, values);
}

/// (f + d) floordiv q of a function f that was found before, such as the size of what a stride leaves over. Several q
/// and d may agree with the samples; they are one function only if they agree everywhere.
AffineExpr SizeFunctions::fitQuotient(ArrayRef<int64_t> values) {
  SmallVector<AffineExpr> candidates;
  for (AffineExpr function : found)
    for (int64_t divisor = 2; divisor <= 32; ++divisor)
      for (int64_t shift = -16; shift <= divisor + 16; ++shift)
        if (AffineExpr base = function + shift;
            llvm::divideFloorSigned(evaluate(base, points[0]), divisor) == values[0])
          if (AffineExpr quotient = base.floorDiv(divisor); agrees(quotient, values))
            candidates.push_back(quotient);
  if (candidates.empty())
    return {};
  for (AffineExpr other : ArrayRef(candidates).drop_front())
    for (auto [i, dim] : llvm::enumerate(open))
      for (int64_t size = dim.range.low; size <= std::min(dim.range.high, dim.range.low + 4096); ++size)
        for (const std::vector<int64_t> &point : points) {
          std::vector<int64_t> place = point;
          place[i] = size;
          if (evaluate(candidates.front(), place) != evaluate(other, place))
            return {};
        }
  return candidates.front();
}

/// What follows from functions that were found before, such as the stride over a padded image.
AffineExpr SizeFunctions::fitProduct(ArrayRef<int64_t> values) {
  if (AffineExpr function = fitLinear(found, values))
    return function;
  for (size_t i = 0; i < found.size(); ++i)
    for (size_t j = i; j < found.size(); ++j) {
      SmallVector<AffineExpr> products = {found[i] * found[j]};
      for (size_t dim = 0; dim < open.size(); ++dim)
        products.push_back(products.front() * found[dim]);
      if (AffineExpr function = fitLinear(products, values))
        return function;
    }
  return fitBilinear(found, values);
}

AffineExpr SizeFunctions::fit(ArrayRef<int64_t> values) {
  if (llvm::all_equal(values))
    return constant(values.front());
  auto [entry, isNew] = known.try_emplace(values.vec());
  if (!isNew)
    return entry->second;
  if (auto seen = observed.find(values.vec()); seen != observed.end() && seen->second.empty())
    return {}; // it may be either
  AffineExpr function = fitLinear(monomials, values);
  if (!function)
    function = fitPolynomial(values);
  if (!function)
    function = fitProduct(values);
  if (!function)
    function = fitQuotient(values);
  if (function)
    found.push_back(function);
  return entry->second = function;
}

} // namespace ingot
