//===- Diagnostics.h - What passes report, as one error ---------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_DIAGNOSTICS_H
#define INGOT_COMPILER_DIAGNOSTICS_H

#include "compiler/Compiler.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

namespace ingot {

/// Gathers what passes and parsers report, as the text of one error.
class Diagnostics {
public:
  explicit Diagnostics(mlir::MLIRContext *context)
      : handler(context, [this](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
            return mlir::failure(); // remarks and warnings go where they always go
          llvm::raw_string_ostream stream(text);
          if (!text.empty())
            stream << "\n";
          // A node's name says more than MLIR's spelling of its location.
          if (auto name = diagnostic.getLocation()->findInstanceOf<mlir::NameLoc>())
            stream << "node '" << name.getName().getValue() << "': ";
          else if (auto file = diagnostic.getLocation()->findInstanceOf<mlir::FileLineColLoc>())
            stream << file.getFilename().getValue() << ":" << file.getLine() << ":" << file.getColumn() << ": ";
          stream << diagnostic.str();
          for (mlir::Diagnostic &note : diagnostic.getNotes())
            stream << "\n  note: " << note.str();
          return mlir::success();
        }) {}

  llvm::Error take(ingot_status status, const llvm::Twine &otherwise) {
    return llvm::make_error<StatusError>(status, text.empty() ? otherwise : llvm::Twine(text));
  }

private:
  std::string text;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace ingot

#endif // INGOT_COMPILER_DIAGNOSTICS_H
