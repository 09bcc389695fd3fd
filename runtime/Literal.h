//===- Literal.h - Tensors written on the command line -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_LITERAL_H
#define INGOT_RUNTIME_LITERAL_H

#include "runtime/Tensor.h"

namespace ingot::runtime {

/// Reads a literal, `[TYPE=]VALUES`:
///
///     TYPE    dimensions and element type joined by x: 1x3x224x224xf32, 2xi64, f32 (a scalar)
///     VALUES  one value for each element, or one for all: 1,5 or 0.5 or inf or true,false
///             rand[:SEED[:LOW..HIGH]]   see fillRandom
///             iota                      0, 1, 2, ...
///
/// Without TYPE it is `expected`'s, whose open dimensions then make the literal an error.
ingot_status parseLiteral(const char *text, const ingot_value_info *expected, Tensor &result, Text &error);

/// Fills a tensor with numbers that depend only on seed, element type and place. With G = 0x9E3779B97F4A7C15, element i
/// comes from output i of the splitmix64 generator whose state is seed * G * G: floats are its upper 53 bits scaled to
/// [low, high) and rounded to the element type, integers are uniform in [low, high], booleans are its top bit. The
/// default range is [-1, 1) for floats and 0..1 for integers, which any table of two rows can take for an index.
void fillRandom(Tensor &tensor, uint64_t seed);
void fillRandom(Tensor &tensor, uint64_t seed, double low, double high);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_LITERAL_H
