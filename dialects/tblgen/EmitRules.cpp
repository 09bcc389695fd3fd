//===- EmitRules.cpp - Scalar, gradient and decompose rules as C++ --------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/tblgen/Records.h"
#include "mlir/TableGen/GenInfo.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/TableGen/Error.h"

using namespace llvm;
using namespace ingot::tblgen;
using mlir::tblgen::NamedAttribute;
using mlir::tblgen::Operator;

namespace {

/// Prints a dag as statements of C++ that leave its value in a local.
class RulePrinter {
public:
  RulePrinter(raw_ostream &os, const Record &record, bool scalar) : os(os), record(record), op(record), scalar(scalar) {}

  std::string print(const DagInit *dag) {
    const Record &head = *cast<DefInit>(dag->getOperator())->getDef();
    if (head.getName() == "None")
      return "Value()";
    // A number takes its type from the first value beside it, so values come first.
    SmallVector<std::string> args(dag->getNumArgs());
    std::string like = scalar ? "args.front()" : "like";
    bool found = false;
    for (unsigned i = 0; i < dag->getNumArgs(); ++i) {
      const Init *arg = dag->getArg(i);
      if (isNumber(arg, dag->getArgNameStr(i)))
        continue;
      args[i] = value(arg, dag->getArgNameStr(i));
      if (!found && !isCondition(head, i)) {
        like = args[i];
        found = true;
      }
    }
    for (unsigned i = 0; i < dag->getNumArgs(); ++i)
      if (args[i].empty())
        args[i] = literal(number(dag->getArg(i), dag->getArgNameStr(i)), like);
    return build(head, args);
  }

private:
  /// The condition of a selection has a type of its own.
  static bool isCondition(const Record &head, unsigned i) {
    return i == 0 && (head.getName() == "SelectS" || head.getName() == "Select");
  }

  const NamedAttribute *attribute(StringRef name) const {
    for (const NamedAttribute &attr : op.getAttributes())
      if (attr.name == name)
        return &attr;
    return nullptr;
  }
  bool isFloatAttribute(StringRef name) const {
    const NamedAttribute *attr = attribute(name);
    return attr && attr->attr.getReturnType().contains("APFloat");
  }
  bool isNumber(const Init *arg, StringRef name) const {
    return isa<IntInit, StringInit>(arg) || (isa<UnsetInit>(arg) && isFloatAttribute(name));
  }
  std::string number(const Init *arg, StringRef name) const {
    if (auto *integer = dyn_cast<IntInit>(arg))
      return std::to_string(integer->getValue());
    if (auto *text = dyn_cast<StringInit>(arg))
      return text->getValue().str();
    return formatv("{0}().convertToDouble()", op.getGetterName(name)).str();
  }
  std::string literal(StringRef text, StringRef like) {
    std::string name = fresh();
    os << formatv(scalar ? "  Value {0} = s.literal({1}, {2});\n" : "  Value {0} = graphLiteral(builder, {1}, {2});\n", name,
                  text, like);
    return name;
  }

  std::string value(const Init *arg, StringRef name) {
    if (auto *dag = dyn_cast<DagInit>(arg)) {
      std::string result = print(dag);
      if (!name.empty())
        os << formatv("  Value {0} = {1};\n", name, result);
      return result;
    }
    if (!isa<UnsetInit>(arg) || name.empty())
      PrintFatalError(record.getLoc(), "a rule's argument must be a rule, a number or a name");
    if (attribute(name))
      return formatv("{0}Attr()", op.getGetterName(name));
    return name.str();
  }

  std::string build(const Record &head, ArrayRef<std::string> args) {
    if (head.getName() == "Id")
      return args.front();
    std::string name = fresh();
    if (head.isSubClassOf("Call")) {
      os << formatv("  Value {0} = s.{1}({2});\n", name, head.getValueAsString("function"), join(args, ", "));
    } else if (head.isSubClassOf("Inst")) {
      printInstruction(head, name, args);
    } else if (scalar) {
      os << formatv("  Value {0} = scalar{1}(s, {{{2}});\n", name, head.getValueAsString("cppOp"), join(args, ", "));
    } else {
      os << formatv("  Value {0} = builder.createOrFold<{1}>({2});\n", name, head.getValueAsString("cppOp"), join(args, ", "));
    }
    return name;
  }

  /// An instruction is chosen by the kind of its last operand, which is never a condition.
  void printInstruction(const Record &head, StringRef name, ArrayRef<std::string> args) {
    auto ops = head.getValueAsListOfStrings("cppOps");
    auto prefixes = head.getValueAsListOfStrings("prefixes");
    auto call = [&](unsigned kind) -> std::string {
      if (ops[kind].empty())
        return "Value()";
      std::string prefix = prefixes[kind].empty() ? "" : (prefixes[kind] + ", ").str();
      return formatv("s.build<{0}>({1}{2})", ops[kind], prefix, join(args, ", "));
    };
    std::string floats = call(0), ints = call(1), unsignedInts = call(2);
    if (ints != unsignedInts)
      ints = formatv("s.isUnsigned() ? {0} : {1}", unsignedInts, ints);
    if (ops[1].empty() && ops[2].empty())
      os << formatv("  Value {0} = {1};\n", name, floats);
    else if (floats == ints)
      os << formatv("  Value {0} = {1};\n", name, floats);
    else
      os << formatv("  Value {0} = s.isFloat({1}) ? {2} : {3};\n", name, args.back(), floats, ints);
  }

  std::string fresh() { return formatv("v{0}", next++); }

  raw_ostream &os;
  const Record &record;
  Operator op;
  bool scalar;
  unsigned next = 0;
};

void printOperands(const Operator &op, raw_ostream &os, StringRef source) {
  for (int i = 0; i < op.getNumOperands(); ++i)
    if (!op.getOperand(i).name.empty())
      os << formatv(source.data(), op.getOperand(i).name, i, op.getGetterName(op.getOperand(i).name));
}

void emitScalar(const Record &record, const DagInit *dag, raw_ostream &os) {
  Operator op(record);
  StringRef cls = op.getCppClassName();
  constexpr const char *locals = "  [[maybe_unused]] Value {0} = args[{1}];\n";
  if (op.getNumNativeAttributes() == 0) {
    os << formatv("\nstatic Value scalar{0}(ScalarBuilder &s, ArrayRef<Value> args) {{\n", cls);
    printOperands(op, os, locals);
    std::string result = RulePrinter(os, record, /*scalar=*/true).print(dag);
    os << formatv("  return {0};\n}\n", result);
    os << formatv("Value {0}::buildScalar(ImplicitLocOpBuilder &builder, ValueRange args) {{\n"
                  "  ScalarBuilder s(builder, isUnsignedType(getElementTypeOrSelf(getOperation()->getOperands().back())));\n"
                  "  return scalar{0}(s, llvm::to_vector(args));\n}\n", cls);
    return;
  }
  os << formatv("\nValue {0}::buildScalar(ImplicitLocOpBuilder &builder, ValueRange args) {{\n"
                "  ScalarBuilder s(builder, isUnsignedType(getElementTypeOrSelf(getOperation()->getOperands().back())));\n", cls);
  printOperands(op, os, locals);
  std::string result = RulePrinter(os, record, /*scalar=*/true).print(dag);
  os << formatv("  return {0};\n}\n", result);
}

void emitGradient(const Record &record, ArrayRef<const Init *> rules, raw_ostream &os) {
  Operator op(record);
  if (rules.size() != unsigned(op.getNumOperands()))
    PrintFatalError(record.getLoc(), "an op needs one gradient rule for each operand");
  os << formatv("\nSmallVector<Value> {0}::buildGradient(ImplicitLocOpBuilder &builder, ValueRange cotangents) {{\n",
                op.getCppClassName());
  printOperands(op, os, "  [[maybe_unused]] Value {0} = {2}();\n");
  for (int i = 0; i < op.getNumResults(); ++i)
    os << formatv("  [[maybe_unused]] Value {0} = {1}(), d{0} = cotangents[{2}];\n", op.getResult(i).name,
                  op.getGetterName(op.getResult(i).name), i);
  if (op.getNumResults() != 1)
    PrintFatalError(record.getLoc(), "a gradient rule needs an op with one result; write buildGradient in C++");
  os << "  [[maybe_unused]] Value like = cotangents.front();\n";
  RulePrinter printer(os, record, /*scalar=*/false);
  SmallVector<std::string> values;
  for (const Init *rule : rules)
    values.push_back(printer.print(cast<DagInit>(rule)));
  os << formatv("  return {{{0}};\n}\n", join(values, ", "));
}

void emitDecompose(const Record &record, const DagInit *dag, raw_ostream &os) {
  Operator op(record);
  os << formatv("\nFailureOr<SmallVector<Value>> {0}::decomposeOperation(OpBuilder &nested) {{\n"
                "  ImplicitLocOpBuilder builder(getLoc(), nested);\n", op.getCppClassName());
  printOperands(op, os, "  [[maybe_unused]] Value {0} = {2}();\n");
  os << "  [[maybe_unused]] Value like = getOperation()->getOperand(0);\n";
  std::string result = RulePrinter(os, record, /*scalar=*/false).print(dag);
  os << formatv("  return SmallVector<Value>{{{0}};\n}\n", result);
}

/// The reasons of ops without a gradient, by the ops' names.
void emitReasons(const RecordKeeper &records, raw_ostream &os) {
  os << "\nStringRef reasonForNoGradient(Operation *op) {\n"
        "  return llvm::StringSwitch<StringRef>(op->getName().getStringRef())\n";
  for (const Record *op : allOps(records))
    if (StringRef reason = op->getValueAsString("noGradient"); !reason.empty())
      os << formatv("      .Case(\"{0}\", \"{1}\")\n", Operator(*op).getOperationName(), reason);
  os << "      .Default(\"\");\n}\n";
}

bool emitRules(const RecordKeeper &records, raw_ostream &os) {
  // Rules may use each other in any order.
  for (const Record *op : allOps(records))
    if (rule(*op, "scalar") && Operator(*op).getNumNativeAttributes() == 0)
      os << formatv("static Value scalar{0}(ScalarBuilder &s, ArrayRef<Value> args);\n", Operator(*op).getCppClassName());
  for (const Record *op : allOps(records)) {
    if (op->getValueAsListOfDefs("examples").empty())
      PrintFatalError(op->getLoc(), "an op needs at least one example");
    bool differentiable = hasInterface(*op, "DifferentiableOpInterface") || hasInterface(*op, "AggregatedOpInterface");
    if (!differentiable && op->getValueAsString("noGradient").empty())
      PrintFatalError(op->getLoc(), "an op needs the Differentiable trait or a reason in noGradient");
    if (const DagInit *dag = rule(*op, "scalar"))
      emitScalar(*op, dag, os);
    ArrayRef<const Init *> gradient = op->getValueAsListInit("gradient")->getElements();
    if (!gradient.empty())
      emitGradient(*op, gradient, os);
    if (const DagInit *dag = rule(*op, "decompose"))
      emitDecompose(*op, dag, os);
  }
  emitReasons(records, os);
  return false;
}

mlir::GenRegistration registration("gen-ingot-rules", "scalar, gradient and decompose rules", emitRules);

} // namespace
