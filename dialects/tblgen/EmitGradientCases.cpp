//===- EmitGradientCases.cpp - What tests differentiate -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/tblgen/Records.h"
#include "mlir/TableGen/GenInfo.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/TableGen/Error.h"

using namespace llvm;
using namespace ingot::tblgen;
using mlir::tblgen::NamedAttribute;
using mlir::tblgen::Operator;

namespace {

/// One function to differentiate: `values` has "unit" where the test draws random numbers.
struct Case {
  SmallVector<std::string> ins, values, outs;
  std::string attributes;
};

/// The same with f64 for every float.
std::string widened(StringRef type) {
  std::string text = type.str();
  for (StringRef narrow : {"bf16", "f16", "f32"})
    for (size_t at; (at = text.find(narrow.str() + ">")) != std::string::npos;)
      text.replace(at, narrow.size(), "f64");
  return text;
}
bool isFloatType(StringRef type) { return type.ends_with("f64>"); }

class Emitter {
public:
  Emitter(const Record &record, raw_ostream &os) : record(record), op(record), os(os) {}

  void run() {
    for (const Record *example : record.getValueAsListOfDefs("examples"))
      emit(fromExample(*example));
    for (const Record *given : record.getValueAsListOfDefs("gradientCases"))
      emit(fromRecord(*given));
    if (hasInterface(record, "PointwiseOpInterface") && !needsAttributes())
      for (const Case &broadcast : broadcasts())
        emit(broadcast);
  }

  unsigned count() const { return index; }
  /// Whether a case draws floats for an operand.
  bool draws(unsigned operand) const { return drawn.contains(operand); }

private:
  static std::pair<std::string, std::string> split(StringRef constant) {
    size_t colon = constant.rfind(" : ");
    return {constant.str(), widened(constant.substr(colon + 3))};
  }

  Case fromExample(const Record &example) {
    Case result;
    for (StringRef in : example.getValueAsListOfStrings("inputs")) {
      auto [value, type] = split(in);
      result.ins.push_back(type);
      result.values.push_back(isFloatType(type) ? "unit" : value);
    }
    for (StringRef out : example.getValueAsListOfStrings("outputs"))
      result.outs.push_back(split(out).second);
    result.attributes = example.getValueAsString("attributes");
    return result;
  }

  /// An input is a type, or a constant for what is not differentiated.
  Case fromRecord(const Record &given) {
    Case result;
    for (StringRef in : given.getValueAsListOfStrings("inputs")) {
      bool isType = in.starts_with("tensor");
      result.ins.push_back(isType ? in.str() : split(in).second);
      result.values.push_back(isType ? "unit" : in.str());
    }
    for (StringRef out : given.getValueAsListOfStrings("outputs"))
      result.outs.push_back(out.str());
    result.attributes = given.getValueAsString("attributes");
    return result;
  }

  bool needsAttributes() const {
    return any_of(op.getAttributes(),
                  [](const NamedAttribute &attr) { return !attr.attr.hasDefaultValue() && !attr.attr.isOptional(); });
  }

  /// Operands that stretch in every way, and sizes that are no power of two.
  std::vector<Case> broadcasts() const {
    static const std::vector<std::vector<StringRef>> shapes[] = {{{"3x5x"}, {"7x"}, {""}},
                                                                 {{"3x5x", "5x"}, {"3x1x", "1x5x"}, {"", "3x5x"}},
                                                                 {{"3x5x", "1x5x", "3x1x"}, {"5x", "3x1x", ""}}};
    std::vector<Case> result;
    unsigned count = op.getNumOperands();
    if (count == 0 || count > std::size(shapes))
      return result;
    for (const std::vector<StringRef> &row : shapes[count - 1]) {
      Case broadcast;
      for (auto [i, shape] : enumerate(row)) {
        bool isBool = op.getOperand(i).constraint.getDefName() == "Ingot_BoolTensor";
        broadcast.ins.push_back(formatv("tensor<{0}{1}>", shape, isBool ? "i1" : "f64"));
        broadcast.values.push_back("unit");
      }
      broadcast.outs.push_back(formatv("tensor<{0}f64>", count == 1 ? row.front() : "3x5x"));
      result.push_back(broadcast);
    }
    return result;
  }

  /// The operand that value number `index` of a case belongs to.
  unsigned operandOf(unsigned index, StringRef attributes) const {
    StringRef sizes = attributes.split("operandSegmentSizes = array<i32:").second.split('>').first;
    if (sizes.empty())
      return std::min<unsigned>(index, op.getNumOperands() - 1); // the last operand may be several
    SmallVector<StringRef> segments;
    sizes.split(segments, ',');
    unsigned operand = 0;
    for (unsigned end = 0, size; operand + 1 < segments.size(); ++operand)
      if (segments[operand].trim().getAsInteger(10, size) || index < (end += size))
        break;
    return operand;
  }

  void emit(const Case &given) {
    if (none_of(given.ins, isFloatType) || none_of(given.outs, isFloatType))
      return;
    SmallVector<std::string> args, names, ranges;
    std::vector<StringRef> domain = record.getValueAsListOfStrings("domain");
    if (domain.size() > 1 && domain.size() < given.ins.size())
      PrintFatalError(record.getLoc(), "a domain has one range, or one for each operand");
    for (auto [i, type] : enumerate(given.ins)) {
      names.push_back(formatv("%{0}", i));
      args.push_back(formatv("%{0}: {1}", i, type));
      if (isFloatType(type) && given.values[i] == "unit")
        drawn.insert(operandOf(i, given.attributes));
      StringRef range = domain.empty() ? "-2.0, 2.0" : domain.size() == 1 ? domain.front() : domain[i];
      ranges.push_back(formatv("dense<[{0}]> : tensor<2xf64>", range));
    }
    StringRef mnemonic = record.getValueAsString("opName");
    os << formatv("func.func @{0}_{1}({2}) -> ({3}) attributes {{ingot.inputs = [{4}], ingot.domain = [{5}]} {{\n",
                  mnemonic, index++, join(args, ", "), join(given.outs, ", "), join(given.values, ", "),
                  join(ranges, ", "));
    os << formatv("  %y:{0} = ingot.{1} {2}{3} : ({4}) -> ({5})\n  return ", given.outs.size(), mnemonic,
                  join(names, ", "), given.attributes.empty() ? "" : " {" + given.attributes + "}",
                  join(given.ins, ", "), join(given.outs, ", "));
    for (size_t i = 0; i < given.outs.size(); ++i)
      os << (i ? ", " : "") << "%y#" << i;
    os << formatv(" : {0}\n}\n", join(given.outs, ", "));
  }

  const Record &record;
  Operator op;
  raw_ostream &os;
  unsigned index = 0;
  SmallSet<unsigned, 4> drawn; ///< operands that a case draws floats for
};

} // namespace

/// Each example, each gradient case and, of a pointwise op, broadcasts become functions of f64. The attribute
/// `ingot.domain` holds the ranges that inputs are drawn from.
static bool emitGradientCases(const RecordKeeper &records, raw_ostream &os) {
  for (const Record *record : allOps(records))
    if (hasInterface(*record, "DifferentiableOpInterface") || hasInterface(*record, "AggregatedOpInterface"))
      Emitter(*record, os).run();
  return false;
}

/// The op, where its rule is, the operands that tests differentiate, those of floats that they do not, and the number
/// of cases.
static void writeRow(const Record &record, raw_ostream &os) {
  Emitter cases(record, nulls());
  cases.run();
  Operator op(record);
  std::vector<const Record *> rules;
  for (const Init *rule : record.getValueAsListInit("gradient")->getElements())
    rules.push_back(cast<DagInit>(rule)->getOperatorAsDef(record.getLoc()));
  SmallVector<std::string> tested, untested;
  for (unsigned i = 0, e = op.getNumOperands(); i < e; ++i) {
    if (i < rules.size() && rules[i]->getName() == "None")
      continue;
    std::string name = formatv("`{0}`", op.getOperand(i).name);
    if (cases.draws(i))
      tested.push_back(name);
    else if (op.getOperand(i).constraint.getDefName() == "Ingot_FloatTensor")
      untested.push_back(name);
  }
  os << formatv("| `{0}` | {1} | {2} | {3} | {4} |\n", record.getValueAsString("opName"),
                rules.empty() ? "C++" : "record", join(tested, ", "), join(untested, ", "), cases.count());
}

/// Which gradients there are and what of them is tested, or why there is none.
static bool emitGradientDoc(const RecordKeeper &records, raw_ostream &os) {
  auto isDifferentiable = [](const Record *op) {
    return hasInterface(*op, "DifferentiableOpInterface") || hasInterface(*op, "AggregatedOpInterface");
  };
  os << "# Gradients\n\n"
        "Each case is a function of f64 whose gradient, and the gradient of that, is compared with central "
        "differences; "
        "an operand counts as tested when a case draws numbers for it. `gradients.mutants` damages the rule of every "
        "such operand and demands that a case notices.\n\n"
        "| op | rule | tested operands | untested float operands | cases |\n|---|---|---|---|--:|\n";
  for (const Record *record : allOps(records))
    if (isDifferentiable(record))
      writeRow(*record, os);
  os << "\nOps that decompose have the gradients of their parts. Others have none:\n\n| op | why |\n|---|---|\n";
  for (const Record *record : allOps(records))
    if (StringRef reason = record->getValueAsString("noGradient"); !isDifferentiable(record) && !reason.empty())
      os << formatv("| `{0}` | {1} |\n", record->getValueAsString("opName"), reason);
  return false;
}

static mlir::GenRegistration docRegistration("gen-ingot-gradient-doc", "the table of gradients", emitGradientDoc);
static mlir::GenRegistration registration("gen-ingot-gradient-cases", "functions to differentiate in tests",
                                          emitGradientCases);
