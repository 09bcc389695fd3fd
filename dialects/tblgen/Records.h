//===- Records.h - Reading op records ---------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_TBLGEN_RECORDS_H
#define INGOT_DIALECTS_TBLGEN_RECORDS_H

#include "mlir/TableGen/Operator.h"
#include "llvm/TableGen/Record.h"

namespace ingot::tblgen {

/// Every op of the ingot dialect, in the order of the records' names.
inline std::vector<const llvm::Record *> allOps(const llvm::RecordKeeper &records) {
  return records.getAllDerivedDefinitions("Ingot_Op");
}

/// Whether the op says `trait`, the C++ name of an op interface.
inline bool hasInterface(const llvm::Record &op, llvm::StringRef trait) {
  for (const llvm::Record *item : op.getValueAsListOfDefs("traits"))
    if (item->getValue("cppInterfaceName") && item->getValueAsString("cppInterfaceName") == trait)
      return true;
  return false;
}

/// The rule in field `name`, or null where it is unset.
inline const llvm::DagInit *rule(const llvm::Record &op, llvm::StringRef name) {
  const llvm::RecordVal *field = op.getValue(name);
  return field ? llvm::dyn_cast<llvm::DagInit>(field->getValue()) : nullptr;
}

} // namespace ingot::tblgen

#endif // INGOT_DIALECTS_TBLGEN_RECORDS_H
