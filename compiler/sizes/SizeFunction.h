//===- SizeFunction.h - Numbers that follow from open dimensions -*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_SIZES_SIZEFUNCTION_H
#define INGOT_COMPILER_SIZES_SIZEFUNCTION_H

#include "compiler/Options.h"
#include "mlir/IR/AffineExpr.h"
#include <vector>

namespace ingot {

/// A dimension that is open between bounds.
struct OpenDim {
  std::string name;
  Range range;
};

/// Finds the functions of the open dimensions that numbers are, from their values at a few samples. A function is a
/// polynomial with whole coefficients, a rounded quotient of one, or a product of such. It is accepted only if it
/// agrees with every sample, of which there are more than it has coefficients, and no other candidate that agrees has
/// another value anywhere. Sizes of the graph are known at more points, the bounds among them, and have to agree there
/// too.
class SizeFunctions {
public:
  SizeFunctions(mlir::MLIRContext *context, std::vector<OpenDim> dims);

  llvm::ArrayRef<OpenDim> dims() const { return open; }
  /// What the dimensions are at each sample; sizes in between, and unlike one another.
  llvm::ArrayRef<std::vector<int64_t>> samples() const { return points; }

  /// The largest sizes of the bounds and of the samples.
  std::vector<int64_t> largest() const;
  /// More points within the bounds, the least and the largest sizes first.
  llvm::ArrayRef<std::vector<int64_t>> checkPoints() const { return checks; }
  /// Leaves only these, before anything is observed.
  void setCheckPoints(std::vector<std::vector<int64_t>> points) { checks = std::move(points); }
  /// Tells that a number with these values at the samples has those at the check points. Fails where it seems constant
  /// and is not.
  bool observe(llvm::ArrayRef<int64_t> values, llvm::ArrayRef<int64_t> atChecks);

  /// The function with these values at the samples, over symbols in the order of `dims`; null where none is found.
  mlir::AffineExpr fit(llvm::ArrayRef<int64_t> values);
  /// The function's value.
  static int64_t evaluate(mlir::AffineExpr function, llvm::ArrayRef<int64_t> dims);
  /// The largest value within the bounds.
  int64_t upperBound(mlir::AffineExpr function) const;

private:
  mlir::AffineExpr fitLinear(mlir::AffineExpr term, llvm::ArrayRef<int64_t> values);
  mlir::AffineExpr fitLinear(llvm::ArrayRef<mlir::AffineExpr> terms, llvm::ArrayRef<int64_t> values);
  mlir::AffineExpr fitBilinear(llvm::ArrayRef<mlir::AffineExpr> terms, llvm::ArrayRef<int64_t> values);
  mlir::AffineExpr fitPolynomial(llvm::ArrayRef<int64_t> values);
  mlir::AffineExpr fitBasis(llvm::ArrayRef<mlir::AffineExpr> basis, llvm::ArrayRef<int64_t> values);
  mlir::AffineExpr fitQuotient(llvm::ArrayRef<int64_t> values);
  mlir::AffineExpr fitProduct(llvm::ArrayRef<int64_t> values);
  bool agrees(mlir::AffineExpr function, llvm::ArrayRef<int64_t> values) const;
  mlir::AffineExpr constant(int64_t value) { return mlir::getAffineConstantExpr(value, context); }

  mlir::MLIRContext *context;
  std::vector<OpenDim> open;
  std::vector<std::vector<int64_t>> points, checks;
  std::vector<mlir::AffineExpr> monomials;
  std::vector<mlir::AffineExpr> found; ///< functions so far, which others may be quotients of
  std::map<std::vector<int64_t>, mlir::AffineExpr> known;
  std::map<std::vector<int64_t>, std::vector<int64_t>> observed; ///< no values where numbers differ at check points
};

} // namespace ingot

#endif // INGOT_COMPILER_SIZES_SIZEFUNCTION_H
