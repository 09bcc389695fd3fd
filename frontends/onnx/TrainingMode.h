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

/// The name of the argument that what is random in a step depends on: u32, another one for each step, which
/// runtime::keyOfStep draws. A mask is a function of it, of the node and of the place of an element, so it is the same
/// forward and backward, with any number of threads and on every target. In u32, with the bijection `mixed` of
/// lowbias32, the n-th dropout of the graph, from 1 on, keeps element i of its operand in row-major order where
///
///     mixed(i ^ mixed(key + n * 0x9e3779b9)) >= floor(ratio * 2^32)
inline constexpr const char *randomKey = "ingot.random_key";

/// Puts the nodes of a graph into `options.mode`, where the seed of each dropout is its number. Gives the values that
/// weights take after a step, by the weights' names.
std::map<std::string, std::string> setRunMode(onnx::GraphProto &graph, const ImportOptions &options);

} // namespace ingot::onnx_import

#endif // INGOT_FRONTENDS_ONNX_TRAININGMODE_H
