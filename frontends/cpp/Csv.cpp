//===- Csv.cpp - Tables of numbers ----------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <ingot/data.h>

namespace ingot::data {

namespace {
/// The lines of a table, each cut into cells.
struct Table {
  const std::string &path;
  std::ifstream file;
  uint64_t number = 0; ///< of the line, from 1

  explicit Table(const std::string &path) : path(path), file(path, std::ios::binary) {
    if (!file)
      throw Error(Code::bad_argument, "cannot read " + path);
  }
  [[noreturn]] void complain(const std::string &text) const {
    throw Error(Code::bad_argument, path + ":" + std::to_string(number) + ": " + text);
  }
  /// False at the end; empty lines are passed over.
  bool next(char separator, std::vector<std::string> &cells) {
    std::string line;
    do {
      if (!std::getline(file, line))
        return false;
      if (++number == 1 && line.starts_with("\xef\xbb\xbf"))
        line.erase(0, 3); // the mark of UTF-8
      if (line.ends_with('\r'))
        line.pop_back();
    } while (line.find_first_not_of(" \t") == std::string::npos);
    cells.assign(1, "");
    bool isQuoted = false;
    for (char c : line) {
      if (c == '"')
        isQuoted = !isQuoted;
      else if (c == separator && !isQuoted)
        cells.emplace_back();
      else
        cells.back() += c;
    }
    if (isQuoted)
      complain("a quote is not closed");
    for (std::string &cell : cells) {
      size_t first = std::min(cell.find_first_not_of(" \t"), cell.size());
      cell = cell.substr(first, cell.find_last_not_of(" \t") + 1 - first);
    }
    return true;
  }
};
} // namespace

static std::string columnText(const std::vector<std::string> &names, size_t column) {
  std::string number = std::to_string(column + 1);
  return names[column] == std::to_string(column) ? "column " + number
                                                 : "column " + number + " ('" + names[column] + "')";
}

Dataset csv(const std::string &path, const CsvSettings &settings) {
  Table table(path);
  std::vector<std::string> cells, names;
  bool more = table.next(settings.separator, cells);
  if (!more)
    throw Error(Code::bad_argument, path + ": the table is empty");
  if (settings.header) {
    names = cells;
    more = table.next(settings.separator, cells);
  } else {
    for (size_t i = 0; i < cells.size(); ++i)
      names.push_back(std::to_string(i));
  }
  std::vector<bool> isTarget(names.size(), false);
  for (const std::string &target : settings.targets) {
    auto found = std::find(names.begin(), names.end(), target);
    if (found == names.end())
      throw Error(Code::bad_argument, path + ": there is no column '" + target + "'");
    isTarget[size_t(found - names.begin())] = true;
  }
  std::vector<float> x, y;
  int64_t lines = 0;
  for (; more; more = table.next(settings.separator, cells), ++lines) {
    if (cells.size() != names.size())
      table.complain("got " + std::to_string(cells.size()) + " cells, want " + std::to_string(names.size()));
    for (size_t i = 0; i < cells.size(); ++i) {
      double value = 0;
      const char *end = cells[i].data() + cells[i].size();
      auto [stop, code] = std::from_chars(cells[i].data() + cells[i].starts_with('+'), end, value);
      if (code != std::errc() || stop != end || !std::isfinite(float(value)))
        table.complain(columnText(names, i) + ": got '" + cells[i] + "', want a number");
      (isTarget[i] ? y : x).push_back(float(value));
    }
  }
  auto targets = int64_t(std::count(isTarget.begin(), isTarget.end(), true));
  Arrays arrays = {{"x", Array({lines, int64_t(names.size()) - targets}, x)}};
  if (targets)
    arrays["y"] = Array({lines, targets}, y);
  return Dataset(std::move(arrays));
}

} // namespace ingot::data
