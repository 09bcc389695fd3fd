//===- Plot.h - Curves of training as a picture -----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TRAIN_PLOT_H
#define INGOT_COMPILER_TRAIN_PLOT_H

#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace ingot {

/// A line of a plot. What is not finite is left out.
struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;
  bool isPale = false; ///< behind the others, such as the losses of single steps
};

/// Axes with their labels and units, and the curves in them.
struct Plot {
  std::string title, xLabel, yLabel;
  std::vector<Curve> curves;
};

/// A picture as SVG: the y axis is logarithmic where positive values span more than two powers of ten.
std::string plotSvg(const std::vector<Plot> &plots);

/// Writes plots, one below the other, as SVG, or as a page with the picture and its numbers when the name ends in
/// .html.
llvm::Error writePlots(const std::string &path, const std::vector<Plot> &plots);

} // namespace ingot

#endif // INGOT_COMPILER_TRAIN_PLOT_H
