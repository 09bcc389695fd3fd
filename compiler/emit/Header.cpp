//===- Header.cpp - The C header of a compiled model ----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Link.h"
#include "compiler/emit/Names.h"
#include "compiler/emit/RuntimeHeaders.inc"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace ingot {

std::string generateHeader(const CompiledModel &model, OutputKind kind, StringRef path) {
  const ModelInfo &info = model.info;
  const std::string &symbol = model.symbols.modelSymbol;
  std::string prefix = StringRef(cIdentifier(info.name)).upper();
  std::string text;
  raw_string_ostream os(text);
  os << "/* " << sys::path::filename(path) << ": the model '" << info.name << "', compiled by Ingot.\n *\n"
     << " *     ingot_executable *model;\n"
     << " *     ingot_context *context;\n"
     << " *     if (ingot_executable_open(&" << symbol << ", NULL, &model) ||\n"
     << " *         ingot_context_create(model, NULL, &context))\n"
     << " *       return puts(ingot_last_error());\n";
  for (const ValueInfo &input : info.inputs)
    os << " *     ... fill ingot_context_input(context, " << prefix << "_INPUT_"
       << StringRef(cIdentifier(input.name)).upper() << ") ...\n";
  os << " *     ingot_context_run(context);\n"
     << " *     ... read ingot_context_output(context, 0) ...\n *\n"
     << (kind == OutputKind::Library
             ? " * The library holds the runtime; link with the library alone.\n"
             : " * Link the object with Ingot's runtime, libingot_runtime.a.\n")
     << " */\n"
     << "#ifndef " << prefix << "_INGOT_MODEL_H\n#define " << prefix << "_INGOT_MODEL_H\n\n"
     << runtimeHeaders << "\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\nextern const ingot_model " << symbol
     << ";\n#ifdef __cplusplus\n}\n#endif\n\n";
  auto list = [&](ArrayRef<ValueInfo> values, StringRef what) {
    for (auto [i, value] : enumerate(values)) {
      std::string name = formatv("{0}_{1}_{2}", prefix, what, StringRef(cIdentifier(value.name)).upper());
      os << formatv("#define {0} {1} /* {2}: {3} */\n#define {0}_BYTES {4}\n", name, i, value.name, typeText(value),
                    value.bytes);
    }
  };
  list(info.inputs, "INPUT");
  list(info.outputs, "OUTPUT");
  os << "\n#endif\n";
  return text;
}

} // namespace ingot
