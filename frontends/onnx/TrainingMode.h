//===- TrainingMode.h - Models as they run in training ----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_FRONTENDS_ONNX_TRAININGMODE_H
#define INGOT_FRONTENDS_ONNX_TRAININGMODE_H

#include "frontends/onnx/Importer.h"
#include <map>
#include <string>

namespace onnx {
class GraphProto;
}

namespace ingot::onnx_import {

/// The name of the argument that what is random in a step depends on.
inline constexpr const char *randomKey = "ingot.random_key";

/// Puts the nodes of a graph into `options.mode`. Gives the values that weights take after a step, by the weights'
/// names.
std::map<std::string, std::string> setRunMode(onnx::GraphProto &graph, const ImportOptions &options);

} // namespace ingot::onnx_import

#endif // INGOT_FRONTENDS_ONNX_TRAININGMODE_H
