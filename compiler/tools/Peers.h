//===- Peers.h - Other engines, through Python ------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TOOLS_PEERS_H
#define INGOT_COMPILER_TOOLS_PEERS_H

#include "compiler/tools/Command.h"
#include <cstdio>

namespace ingot {

/// A model in another engine: a Python process that answers one line for each line it gets.
class Peer {
public:
  /// Starts `engine` (onnxruntime or openvino) on an ONNX model whose inputs lie in `folder` as input_I.npy.
  static llvm::Expected<std::unique_ptr<Peer>> start(const std::string &python, const std::string &engine,
                                                     const std::string &model, const std::string &folder,
                                                     unsigned threads);
  ~Peer();

  /// Runs once and writes output_I.npy to the folder.
  llvm::Error run();
  /// Runs for about `seconds`: the times in milliseconds.
  llvm::Expected<std::vector<double>> measure(double seconds);

private:
  Peer() = default;
  llvm::Expected<llvm::json::Value> ask(const std::string &line);

  std::string engine;
  int process = -1;
  FILE *input = nullptr, *output = nullptr;
};

/// Random inputs for a model, the same ones for each seed, also written as FOLDER/input_I.npy.
llvm::Error makeInputs(const ingot_model &model, uint64_t seed, const TemporaryFolder &folder,
                       runtime::Array<runtime::Tensor> &inputs);

} // namespace ingot

#endif // INGOT_COMPILER_TOOLS_PEERS_H
