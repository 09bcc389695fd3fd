//===- EmitExamples.cpp - One test function for each example --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/tblgen/Records.h"
#include "mlir/TableGen/GenInfo.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/TableGen/Error.h"

using namespace llvm;
using namespace ingot::tblgen;
using mlir::tblgen::Operator;

/// The type of "dense<...> : type".
static StringRef typeOf(const Record &op, StringRef constant) {
  size_t colon = constant.rfind(" : ");
  if (colon == StringRef::npos)
    PrintFatalError(op.getLoc(), "an example's value needs a type: " + constant);
  return constant.substr(colon + 3);
}

static std::string list(ArrayRef<std::string> items) {
  std::string text;
  for (const std::string &item : items)
    text += (text.empty() ? "" : ", ") + item;
  return text;
}

/// Each example becomes a function of its inputs; the attributes `ingot.inputs` and `ingot.outputs` hold the values.
static bool emitExamples(const RecordKeeper &records, raw_ostream &os) {
  for (const Record *record : allOps(records)) {
    Operator op(*record);
    int index = 0;
    for (const Record *example : record->getValueAsListOfDefs("examples")) {
      SmallVector<std::string> args, names, inTypes, ins, outTypes, outs;
      for (StringRef in : example->getValueAsListOfStrings("inputs")) {
        names.push_back(formatv("%{0}", names.size()));
        inTypes.push_back(typeOf(*record, in).str());
        args.push_back(names.back() + ": " + inTypes.back());
        ins.push_back(in.str());
      }
      for (StringRef out : example->getValueAsListOfStrings("outputs")) {
        outTypes.push_back(typeOf(*record, out).str());
        outs.push_back(out.str());
      }
      StringRef attributes = example->getValueAsString("attributes");
      os << formatv("func.func @{0}_{1}({2}) -> ({3}) attributes {{ingot.inputs = [{4}], ingot.outputs = [{5}]} {{\n",
                    record->getValueAsString("opName"), index++, list(args), list(outTypes), list(ins), list(outs));
      os << formatv("  %y:{0} = ingot.{1} {2}{3} : ({4}) -> ({5})\n", outTypes.size(), record->getValueAsString("opName"),
                    list(names), attributes.empty() ? "" : (" {" + attributes + "}").str(), list(inTypes), list(outTypes));
      os << "  return ";
      for (size_t i = 0; i < outTypes.size(); ++i)
        os << (i ? ", " : "") << "%y#" << i;
      os << formatv(" : {0}\n}\n", list(outTypes));
    }
  }
  return false;
}

static mlir::GenRegistration registration("gen-ingot-examples", "one test function for each example", emitExamples);
