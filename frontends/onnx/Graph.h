//===- Graph.h - The walk over an ONNX graph --------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_FRONTENDS_ONNX_GRAPH_H
#define INGOT_FRONTENDS_ONNX_GRAPH_H

#include "frontends/onnx/Importer.h"
#include "frontends/onnx/Model.h"
#include "llvm/ADT/StringSet.h"
#include <onnx/defs/schema.h>

namespace ingot::onnx_import {

/// ONNX's own domain has two spellings.
inline std::string normalizedDomain(llvm::StringRef domain) { return domain == "ai.onnx" ? "" : domain.str(); }

/// What names mean in a graph or in the body of a function.
struct Scope {
  llvm::StringMap<Bound> values;
  llvm::StringSet<> unknown; ///< names that come from a node that is unsupported
  std::map<std::string, int64_t> opsets;
  llvm::StringMap<const onnx::AttributeProto *> attributes; ///< those that a function was called with
  const Scope *parent = nullptr;                            ///< where a subgraph finds names of its surroundings
  std::string prefix;                                       ///< goes before the names of nodes
  unsigned depth = 0;
};

/// Imports graphs node by node. Nodes that are unsupported are gathered, and the walk goes on behind them to find all.
class GraphImporter {
public:
  GraphImporter(mlir::OpBuilder &builder, std::shared_ptr<Model> model, mlir::ModuleOp module,
                const ImportOptions &options);

  /// Imports the initializers and nodes of a graph whose inputs `scope` has. Fails when the model is at fault.
  llvm::Error importGraph(const onnx::GraphProto &graph, Scope &scope);

  /// Fails where functions that call functions would make of the graph more than is taken on, before any is expanded.
  llvm::Error checkExtent(const onnx::GraphProto &graph);

  std::vector<UnsupportedNode> unsupported;
  std::set<unsigned> wanted; ///< arguments of the function whose elements unsupported nodes want to know

private:
  using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

  /// What nodes are with the functions that they call and the graphs that they hold.
  struct Extent {
    uint64_t nodes = 0;
    unsigned depth = 0;
  };

  llvm::Expected<Extent> extentOf(const Nodes &nodes, unsigned depth);
  llvm::Error importNodes(const Nodes &nodes, Scope &scope);
  llvm::Error importNode(const onnx::NodeProto &proto, Scope &scope);
  llvm::Error importConstant(const onnx::NodeProto &proto, Scope &scope, Node &node);
  /// Imports the body of a function in the place of a call.
  llvm::Error inlineFunction(const onnx::FunctionProto &function, const onnx::NodeProto &call,
                             const onnx::OpSchema *schema, Scope &scope, Node &node);
  /// The body of an operator that ONNX defines by others, if it is one.
  bool functionBody(const onnx::OpSchema &schema, const onnx::NodeProto &proto, const Scope &scope, const Node &node,
                    onnx::FunctionProto &body);
  llvm::Error convertAttributes(const onnx::NodeProto &proto, Scope &scope, Node &node);
  /// Small constants become attributes. Parameters stay weights whatever their size, because training finds them by
  /// name.
  llvm::Expected<mlir::Value> constant(llvm::Expected<TensorData> data, llvm::StringRef name, bool isParameter);
  void report(const Node &node, const Scope &scope, const llvm::Twine &reason);

  mlir::OpBuilder &builder;
  std::shared_ptr<Model> model;
  const ImportOptions &options;
  mlir::SymbolTable symbols;
  std::map<std::string, const onnx::FunctionProto *> functions; ///< by "domain.name.overload"
  std::map<const onnx::FunctionProto *, Extent> extents;
  uint64_t visited = 0;                                         ///< nodes, with those of functions at each call
};

} // namespace ingot::onnx_import

#endif // INGOT_FRONTENDS_ONNX_GRAPH_H
