//===- Term.h - Arithmetic in import rules ----------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_FRONTENDS_ONNX_TERM_H
#define INGOT_FRONTENDS_ONNX_TERM_H

#include "frontends/onnx/Node.h"

namespace ingot::onnx_import {

/// A value that knows the node it is built for, so that rules can be written as formulas. Everything broadcasts as in
/// NumPy, and a number takes the element type of the term beside it.
struct Term {
  Node &n;
  mlir::Value value;

  Term(Node &n, mlir::Value value) : n(n), value(value) {}
  Term &operator=(const Term &other) {
    value = other.value;
    return *this;
  }
  Term(const Term &) = default;
  operator mlir::Value() const { return value; }

  mlir::RankedTensorType type() const { return Node::typeOf(value); }
  /// What could not be built has been reported, and is nothing: any type does for what would follow it.
  mlir::Type element() const { return value ? type().getElementType() : n.b.getF32Type(); }
  Term number(double x) const { return {n, value ? n.scalar(x, element()) : mlir::Value()}; }
  Term with(llvm::StringRef op, const Term &other) const { return {n, n.build(op, {value, other.value}, {})}; }
  Term apply(llvm::StringRef op, llvm::ArrayRef<mlir::NamedAttribute> attrs = {}) const {
    return {n, n.build(op, value, attrs)};
  }

  Term to(mlir::Type type) const { return {n, n.cast(value, type)}; }
  Term reshape(llvm::ArrayRef<int64_t> shape) const { return {n, n.reshape(value, shape)}; }
  Term transpose(llvm::ArrayRef<int64_t> perm) const { return {n, n.transpose(value, perm)}; }
  Term slice(int64_t axis, int64_t start, int64_t end) const { return {n, n.slice(value, axis, start, end)}; }
  Term expand(llvm::ArrayRef<int64_t> shape) const { return apply("expand", n.attr("shape", shape)); }
  Term reduce(llvm::StringRef op, llvm::ArrayRef<int64_t> axes, bool keepdims) const {
    return apply(op, {n.attr("axes", axes), n.attr("keepdims", keepdims)});
  }
  /// Slices along `axis`, chosen by `indices`.
  Term gather(const Term &indices, int64_t axis) const {
    return {n, n.build("gather", {value, indices.value}, n.attr("axis", axis))};
  }
  Term clamp(double low, double high) const { return with("max", number(low)).with("min", number(high)); }

  Term operator-() const { return apply("neg"); }
  Term operator!() const { return apply("not"); }
};

inline Term operator+(const Term &a, const Term &b) { return a.with("add", b); }
inline Term operator-(const Term &a, const Term &b) { return a.with("sub", b); }
inline Term operator*(const Term &a, const Term &b) { return a.with("mul", b); }
inline Term operator/(const Term &a, const Term &b) { return a.with("div", b); }
inline Term operator<(const Term &a, const Term &b) { return a.with("less", b); }
inline Term operator>(const Term &a, const Term &b) { return a.with("greater", b); }
inline Term operator<=(const Term &a, const Term &b) { return a.with("less_or_equal", b); }
inline Term operator>=(const Term &a, const Term &b) { return a.with("greater_or_equal", b); }
inline Term operator==(const Term &a, const Term &b) { return a.with("equal", b); }
inline Term operator&(const Term &a, const Term &b) { return a.with("and", b); }
inline Term operator+(const Term &a, double b) { return a + a.number(b); }
inline Term operator-(const Term &a, double b) { return a - a.number(b); }
inline Term operator-(double a, const Term &b) { return b.number(a) - b; }
inline Term operator*(const Term &a, double b) { return a * a.number(b); }
inline Term operator/(const Term &a, double b) { return a / a.number(b); }
inline Term operator<(const Term &a, double b) { return a < a.number(b); }
inline Term operator>(const Term &a, double b) { return a > a.number(b); }
inline Term operator<=(const Term &a, double b) { return a <= a.number(b); }
inline Term operator>=(const Term &a, double b) { return a >= a.number(b); }
inline Term operator==(const Term &a, double b) { return a == a.number(b); }
inline Term select(const Term &condition, const Term &a, const Term &b) {
  return {a.n, a.n.build("where", {condition.value, a.value, b.value}, {})};
}

} // namespace ingot::onnx_import

#endif // INGOT_FRONTENDS_ONNX_TERM_H
