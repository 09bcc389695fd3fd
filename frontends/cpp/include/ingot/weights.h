//===- weights.h - Averages and pruning of parameters -----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_WEIGHTS_H
#define INGOT_WEIGHTS_H

#include <ingot/graph.h>

namespace ingot {

/// Exponential moving averages of parameters: average = decay * average + (1 - decay) * parameter at each update,
/// beginning with the parameters themselves.
class AveragedWeights {
public:
  /// Of the parameters whose names contain a match of the regular expression; "": of all.
  AveragedWeights(const Graph &graph, double decay, const std::string &pattern = "");
  /// After each step.
  void update();
  /// Exchanges averages and parameters: once before what is to be done with the averages, and once after it.
  void swap();
  const Array &operator[](const std::string &parameter) const;

private:
  Graph graph;
  double decay;
  std::map<std::string, Array> averages;
};

/// Moves the parameters "TEACHER.x" of a graph towards "STUDENT.x" of the same shapes: teacher = decay * teacher +
/// (1 - decay) * student. A decay of 0 copies. The teacher is to be frozen.
void follow(Graph graph, const std::string &teacher, const std::string &student, double decay);

/// Sets the smallest magnitudes of each parameter whose name contains a match to 0, `share` of all its elements,
/// rounded; training leaves them there.
void prune(Graph graph, const std::string &pattern, double share);
/// Lets training move them again.
void unprune(Graph graph, const std::string &pattern);

} // namespace ingot

#endif // INGOT_WEIGHTS_H
