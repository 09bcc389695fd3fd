//===- InspectCommand.cpp - ingot inspect ---------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline.h"
#include "compiler/tools/Command.h"
#include "dialects/ingot/Dialect.h"
#include "frontends/onnx/Importer.h"
#include "runtime/Report.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <map>

using namespace llvm;

namespace ingot {
namespace {

struct InspectOptions {
  CompileFlags compile;
  std::string model;
  bool check = false, json = false;
};

/// An input or an output, as its type says.
struct Port {
  std::string name, type;
};

} // namespace

static std::vector<Port> valuesOf(mlir::func::FuncOp main, bool inputs) {
  std::vector<Port> values;
  mlir::TypeRange types = inputs ? mlir::TypeRange(main.getArgumentTypes()) : mlir::TypeRange(main.getResultTypes());
  for (auto [i, type] : enumerate(types)) {
    mlir::DictionaryAttr attributes = inputs ? main.getArgAttrDict(i) : main.getResultAttrDict(i);
    auto name = attributes ? attributes.getAs<mlir::StringAttr>("ingot.name") : mlir::StringAttr();
    auto dims = attributes ? attributes.getAs<mlir::ArrayAttr>("ingot.dims") : mlir::ArrayAttr();
    std::string text;
    raw_string_ostream os(text);
    auto shaped = dyn_cast<mlir::RankedTensorType>(type);
    if (!shaped) {
      os << type;
    } else {
      os << shaped.getElementType() << "[";
      for (auto [d, size] : enumerate(shaped.getShape())) {
        os << (d ? "," : "");
        StringRef dim = dims && d < dims.size() ? cast<mlir::StringAttr>(dims[d]).getValue() : "";
        if (!mlir::ShapedType::isDynamic(size))
          os << size;
        else
          os << (dim.empty() ? "?" : dim);
      }
      os << "]";
    }
    values.push_back({name ? name.str() : std::to_string(i), text});
  }
  return values;
}

static std::map<std::string, int64_t> histogram(mlir::ModuleOp module) {
  std::map<std::string, int64_t> counts;
  module.walk([&](mlir::Operation *op) {
    if (op->getName().getDialectNamespace() == IngotDialect::getDialectNamespace() && !isa<WeightOp, ReadWeightOp>(op) &&
        !op->hasTrait<mlir::OpTrait::IsTerminator>())
      ++counts[op->getName().stripDialect().str()];
  });
  return counts;
}

static json::Array valuesJson(ArrayRef<Port> values) {
  json::Array rows;
  for (const Port &value : values)
    rows.push_back(json::Object{{"name", value.name}, {"type", value.type}});
  return rows;
}

/// The gaps of a model as JSON.
static int reportGaps(const UnsupportedModel &gaps) {
  json::Array rows;
  for (const UnsupportedNode &node : gaps.nodes)
    rows.push_back(json::Object{{"node", json::fixUTF8(node.node)},
                                {"op", node.op},
                                {"opset", node.opset},
                                {"dtypes", node.dtypes},
                                {"reason", node.reason}});
  printJson(json::Object{{"supported", false}, {"nodes", gaps.total}, {"unsupported", std::move(rows)}});
  return INGOT_UNSUPPORTED;
}

static Expected<int> run(const InspectOptions &options) {
  Expected<Options> compile = options.compile.options();
  if (!compile)
    return compile.takeError();
  compile->ranges.clear(); // such dimensions are open
  FileKind kind = fileKind(options.model);
  if (kind == FileKind::Library) {
    Expected<std::unique_ptr<LoadedModel>> loaded = LoadedModel::openLibrary(options.model, 1);
    if (!loaded)
      return loaded.takeError();
    runtime::Text text;
    runtime::appendDescription(text, (*loaded)->model(), options.json);
    outs() << text.c_str();
    return 0;
  }
  if (kind == FileKind::Program) {
    std::vector<std::string> command = {options.model, "--describe"};
    if (options.json)
      command.push_back("--json");
    return runProgram(command);
  }

  std::unique_ptr<mlir::MLIRContext> context = createContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModel(*context, options.model, *compile);
  if (!module) {
    Error error = module.takeError();
    if (!options.json || !error.isA<UnsupportedModel>())
      return error;
    int code = 0;
    handleAllErrors(std::move(error), [&](const UnsupportedModel &gaps) { code = reportGaps(gaps); });
    return code;
  }
  auto main = (*module)->lookupSymbol<mlir::func::FuncOp>("main");
  if (!main)
    return usageError(options.model + " has no function @main");
  std::map<std::string, int64_t> imported = histogram(**module);
  uint64_t weightBytes = 0, weights = 0;
  (*module)->walk([&](WeightOp weight) {
    mlir::RankedTensorType type = weight.getTensorType();
    weightBytes += type.getNumElements() * divideCeil(type.getElementTypeBitWidth(), 8);
    ++weights;
  });
  compile->compileTo = Phase::Infer;
  if (Error error = runPhases(**module, *compile))
    return error;
  main = (*module)->lookupSymbol<mlir::func::FuncOp>("main");
  std::vector<Port> inputs = valuesOf(main, true), outputs = valuesOf(main, false);

  int64_t nodes = 0;
  for (auto &[name, count] : imported)
    nodes += count;
  if (options.check) {
    // Everything that the importer or inference cannot do has been an error by now.
    if (options.json)
      printJson(json::Object{{"supported", true}, {"nodes", nodes}});
    else
      outs() << "supported: all " << nodes << " operations\n";
    return 0;
  }
  std::map<std::string, int64_t> folded = histogram(**module);
  if (options.json) {
    json::Object operations;
    for (auto &[name, count] : imported)
      operations[name] = count;
    printJson(json::Object{{"name", (*module)->getSymName().value_or("main")},
                           {"inputs", valuesJson(inputs)},
                           {"outputs", valuesJson(outputs)},
                           {"weights", weights},
                           {"weight_bytes", weightBytes},
                           {"operations", std::move(operations)}});
    return 0;
  }
  outs() << "model " << (*module)->getSymName().value_or("main") << "\n\ninputs:\n";
  for (const Port &value : inputs)
    outs() << "  " << value.name << ": " << value.type << "\n";
  outs() << "outputs:\n";
  for (const Port &value : outputs)
    outs() << "  " << value.name << ": " << value.type << "\n";
  outs() << "weights: " << weights << ", " << readableSize(weightBytes) << "\n";
  std::vector<std::pair<std::string, int64_t>> rows(imported.begin(), imported.end());
  llvm::sort(rows, [](auto &a, auto &b) { return std::pair(-a.second, a.first) < std::pair(-b.second, b.first); });
  outs() << "operations: " << nodes << "\n";
  for (auto &[name, count] : rows) {
    outs() << formatv("  {0,6}  {1}", count, name);
    if (folded[name] != count)
      outs() << " (" << folded[name] << " after folding)";
    outs() << "\n";
  }
  return 0;
}

Command addInspectCommand(CLI::App &root) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App *app = root.add_subcommand("inspect", "show what is in a model or in a compiled program");
  app->add_option("model", options->model, "an ONNX model, or a compiled program or library")->required()->type_name("MODEL");
  app->add_flag("--check", options->check, "say only whether the model is supported, or list every gap");
  app->add_flag("--json", options->json, "print as JSON");
  app->add_option("--dim", options->compile.dims, "value of a named dimension")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  return {app, [options] { return run(*options); }};
}

} // namespace ingot
