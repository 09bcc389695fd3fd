//===- Plot.cpp - Curves of training as a picture -------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/train/Plot.h"
#include "compiler/emit/WriteFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;

namespace ingot {

namespace {
constexpr double width = 760, height = 420, left = 76, right = 24, top = 52, bottom = 56;

/// Values along one direction of the picture.
struct Axis {
  double low, high, from, to; ///< values, and the places of both
  bool isLogarithmic = false;

  double place(double value) const {
    auto scaled = [&](double v) { return isLogarithmic ? std::log10(v) : v; };
    double span = scaled(high) - scaled(low);
    return from + (to - from) * (span == 0 ? 0.5 : (scaled(value) - scaled(low)) / span);
  }
  std::vector<double> ticks() const;
};
} // namespace

/// A step of 1, 2 or 5 times a power of ten that divides `span` into about `parts`.
static double niceStep(double span, double parts) {
  double raw = span / parts, power = std::pow(10, std::floor(std::log10(raw))), share = raw / power;
  return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
}

std::vector<double> Axis::ticks() const {
  std::vector<double> result;
  if (isLogarithmic) {
    for (double power = std::pow(10, std::floor(std::log10(low))); power <= high * 1.0001; power *= 10)
      for (double part : {1.0, 2.0, 5.0})
        if (double tick = power * part;
            tick >= low * 0.9999 && tick <= high * 1.0001 && (part == 1 || high / low < 1e4))
          result.push_back(tick);
    return result;
  }
  double step = niceStep(high - low, 5);
  for (double tick = std::ceil(low / step - 1e-9) * step; tick <= high + step * 1e-9; tick += step)
    result.push_back(std::abs(tick) < step * 1e-9 ? 0 : tick);
  return result;
}

static std::string numberText(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.4g", value);
  return text;
}

static std::string escaped(StringRef text) {
  std::string result;
  raw_string_ostream stream(result);
  printHTMLEscaped(text, stream);
  return result;
}

/// At most about 2000 points: of more, the least and the greatest of each stretch, so that no peak is lost.
static std::vector<std::pair<double, double>> thinned(ArrayRef<std::pair<double, double>> points) {
  constexpr size_t limit = 2000;
  if (points.size() <= limit)
    return points.vec();
  std::vector<std::pair<double, double>> result;
  size_t stretch = divideCeil(points.size(), limit / 2);
  auto less = [](auto &a, auto &b) { return a.second < b.second; };
  for (size_t i = 0; i < points.size(); i += stretch) {
    ArrayRef<std::pair<double, double>> part = points.slice(i, std::min(stretch, points.size() - i));
    auto [low, high] = std::minmax_element(part.begin(), part.end(), less);
    result.push_back(*std::min(low, high));
    if (low != high)
      result.push_back(*std::max(low, high));
  }
  return result;
}

static void drawPlot(raw_ostream &out, const Plot &plot, double offset) {
  static const char *colours[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf"};
  double lowX = INFINITY, highX = -INFINITY, lowY = INFINITY, highY = -INFINITY;
  for (const Curve &curve : plot.curves)
    for (auto [x, y] : curve.points)
      if (std::isfinite(y)) {
        lowX = std::min(lowX, x), highX = std::max(highX, x);
        lowY = std::min(lowY, y), highY = std::max(highY, y);
      }
  if (lowX > highX)
    lowX = lowY = 0, highX = highY = 1;
  bool isLogarithmic = lowY > 0 && highY / lowY > 100;
  double room = isLogarithmic ? 0 : highY > lowY ? (highY - lowY) * 0.05 : std::max(std::abs(highY), 1.0) * 0.05;
  // Zero is a good end of an axis whose values come near it.
  double begin = lowY >= 0 && lowY < highY * 0.3 && !isLogarithmic ? 0 : lowY - room;
  if (highX == lowX)
    lowX -= 0.5, highX += 0.5;
  Axis x{lowX, highX, left, width - right};
  Axis y{isLogarithmic ? lowY / 1.1 : begin, isLogarithmic ? highY * 1.1 : highY + room, offset + height - bottom,
         offset + top, isLogarithmic};

  out << formatv("<text x=\"{0}\" y=\"{1}\" font-size=\"15\" font-weight=\"600\" fill=\"#222\">{2}</text>\n", left,
                 offset + 24, escaped(plot.title));
  for (double tick : y.ticks())
    out << formatv("<path d=\"M{0} {1:f1}H{2}\" stroke=\"#e3e3e3\"/><text x=\"{3}\" y=\"{4:f1}\" "
                   "text-anchor=\"end\">{5}</text>\n",
                   left, y.place(tick), width - right, left - 8, y.place(tick) + 4, numberText(tick));
  for (double tick : x.ticks())
    out << formatv("<path d=\"M{0:f1} {1}v5\" stroke=\"#888\"/><text x=\"{0:f1}\" y=\"{2}\" "
                   "text-anchor=\"middle\">{3}</text>\n",
                   x.place(tick), y.from, y.from + 19, numberText(tick));
  out << formatv("<path d=\"M{0} {1}V{2}H{3}\" fill=\"none\" stroke=\"#888\"/>\n", left, y.to, y.from, width - right);
  out << formatv("<text x=\"{0}\" y=\"{1}\" text-anchor=\"middle\">{2}</text>\n", (left + width - right) / 2,
                 offset + height - 14, escaped(plot.xLabel));
  out << formatv("<text transform=\"translate(18 {0}) rotate(-90)\" text-anchor=\"middle\">{1}</text>\n",
                 (y.from + y.to) / 2, escaped(plot.yLabel) + (isLogarithmic ? " (logarithmic)" : ""));

  double labelAt = width - right;
  for (auto [number, curve] : enumerate(plot.curves)) {
    const char *colour = colours[number % std::size(colours)];
    std::string path;
    bool draws = false;
    std::vector<std::pair<double, double>> points = thinned(curve.points);
    for (auto [px, py] : points) {
      // A value that is none leaves a gap.
      if (!std::isfinite(py) || (isLogarithmic && py <= 0)) {
        draws = false;
        continue;
      }
      path += formatv("{0}{1:f1} {2:f1}", draws ? "L" : "M", x.place(px), y.place(py)).str();
      draws = true;
    }
    out << formatv("<path d=\"{0}\" fill=\"none\" stroke=\"{1}\" stroke-width=\"{2}\" stroke-opacity=\"{3}\" "
                   "stroke-linejoin=\"round\"/>\n",
                   path, colour, curve.isPale ? "1" : "2", curve.isPale ? "0.4" : "1");
    if (points.size() <= 40 && !curve.isPale)
      for (auto [px, py] : points)
        if (std::isfinite(py) && (!isLogarithmic || py > 0))
          out << formatv(
              "<circle cx=\"{0:f1}\" cy=\"{1:f1}\" r=\"2.5\" fill=\"{2}\"><title>{3}: {4}</title></circle>\n",
              x.place(px), y.place(py), colour, escaped(curve.name), numberText(py));
  }
  // The names, from the right.
  for (size_t i = plot.curves.size(); i--;) {
    const Curve &curve = plot.curves[i];
    double textWidth = double(curve.name.size()) * 6.6;
    out << formatv("<text x=\"{0:f1}\" y=\"{1}\" text-anchor=\"end\">{2}</text>"
                   "<path d=\"M{3:f1} {4}h18\" stroke=\"{5}\" stroke-width=\"{6}\" stroke-opacity=\"{7}\"/>\n",
                   labelAt, offset + 42, escaped(curve.name), labelAt - textWidth - 24, offset + 38,
                   colours[i % std::size(colours)], curve.isPale ? "1" : "2.5", curve.isPale ? "0.4" : "1");
    labelAt -= textWidth + 40;
  }
}

std::string plotSvg(const std::vector<Plot> &plots) {
  std::string text;
  raw_string_ostream out(text);
  double total = height * double(std::max<size_t>(plots.size(), 1));
  out << formatv("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
                 "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#444\">\n"
                 "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
                 width, total);
  for (auto [i, plot] : enumerate(plots))
    drawPlot(out, plot, height * double(i));
  out << "</svg>\n";
  return text;
}

static std::string plotHtml(const std::vector<Plot> &plots) {
  std::string text;
  raw_string_ostream out(text);
  out << "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>"
      << escaped(plots.empty() ? "training" : plots.front().title)
      << "</title>\n<style>body{font-family:system-ui,sans-serif;max-width:800px;margin:2em auto;color:#222}"
         "svg{max-width:100%;height:auto}table{border-collapse:collapse;font-size:13px}"
         "td,th{padding:2px 12px;text-align:right;border-bottom:1px solid #e3e3e3}</style>\n"
      << plotSvg(plots);
  // The numbers behind the lines, but for single steps.
  for (const Plot &plot : plots) {
    std::map<double, std::map<size_t, double>> rows;
    for (auto [i, curve] : enumerate(plot.curves))
      if (!curve.isPale)
        for (auto [x, y] : curve.points)
          rows[x][i] = y;
    if (rows.empty() || rows.size() > 2000)
      continue;
    out << "<details><summary>" << escaped(plot.title) << ": numbers</summary>\n<table><tr><th>" << escaped(plot.xLabel)
        << "</th>";
    for (const Curve &curve : plot.curves)
      if (!curve.isPale)
        out << "<th>" << escaped(curve.name) << "</th>";
    out << "</tr>\n";
    for (auto &[x, values] : rows) {
      out << "<tr><td>" << numberText(x) << "</td>";
      for (size_t i = 0; i < plot.curves.size(); ++i)
        if (!plot.curves[i].isPale)
          out << "<td>" << (values.count(i) ? numberText(values[i]) : "") << "</td>";
      out << "</tr>\n";
    }
    out << "</table></details>\n";
  }
  out << "</html>\n";
  return text;
}

Error writePlots(const std::string &path, const std::vector<Plot> &plots) {
  return writeFile(path, [&](raw_ostream &stream) {
    stream << (StringRef(path).ends_with(".html") ? plotHtml(plots) : plotSvg(plots));
  });
}

} // namespace ingot
