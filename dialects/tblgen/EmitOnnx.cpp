//===- EmitOnnx.cpp - The importer's table --------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/tblgen/Records.h"
#include "mlir/TableGen/GenInfo.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace ingot::tblgen;

/// One row for each op that imports one to one: INGOT_ONNX_OP(domain, name, first opset, C++ class, number of operands).
static bool emitOnnx(const RecordKeeper &records, raw_ostream &os) {
  for (const Record *op : allOps(records)) {
    const Record *onnx = op->getValueAsDef("onnx");
    if (onnx->getValueAsInt("since"))
      os << formatv("INGOT_ONNX_OP(\"{0}\", \"{1}\", {2}, {3}, {4})\n", onnx->getValueAsString("domain"),
                    onnx->getValueAsString("name"), onnx->getValueAsInt("since"),
                    mlir::tblgen::Operator(*op).getCppClassName(), mlir::tblgen::Operator(*op).getNumOperands());
  }
  return false;
}

static mlir::GenRegistration registration("gen-ingot-onnx", "the ONNX import table", emitOnnx);
