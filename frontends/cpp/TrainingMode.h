//===- TrainingMode.h - Models as they run in training ----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_FRONTENDS_CPP_TRAININGMODE_H
#define INGOT_FRONTENDS_CPP_TRAININGMODE_H

#include "frontends/cpp/GraphState.h"

namespace ingot::detail {

/// The input of a model in training mode that dropout's masks depend on: u32, another one for each step, which
/// runtime::keyOfStep draws. Masks are a function of it, of the node and of the place of an element, so they are the same
/// forward and backward, with any number of threads and on every target. In u32, with the bijection `mixed` of
/// lowbias32, the n-th dropout of the graph, from 1 on, keeps element i of its operand in row-major order where
///
///     mixed(i ^ mixed(key + n * 0x9e3779b9)) >= floor(ratio * 2^32)
inline constexpr const char *dropoutKey = "ingot.dropout_key";

/// Puts a model into training mode: batch normalization uses the statistics of the batch and moves the running ones,
/// unless they are frozen, and dropout drops. Returns the values that parameters take after a step, by their names.
std::map<std::string, std::string> setTrainingMode(onnx::ModelProto &model, const GraphState &graph);

} // namespace ingot::detail

#endif // INGOT_FRONTENDS_CPP_TRAININGMODE_H
