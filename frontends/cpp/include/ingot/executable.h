//===- executable.h - Compiled graphs ---------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_EXECUTABLE_H
#define INGOT_EXECUTABLE_H

#include <ingot/graph.h>

namespace ingot {

struct CompileSettings {
  std::map<std::string, int64_t> dims = {}; ///< values of open sizes; those left open are bound by each call
  unsigned threads = 0;                     ///< of a run; 0: the processor's cores
  std::string target = "host";              ///< as --target
  uint64_t max_memory = 0;                  ///< bytes of arena and weights; more is Code::limit
  bool live = false; ///< calls take the parameters' values from the graph as they are then: for use between steps
};

/// Inputs and outputs in memory for runs that neither allocate nor throw. For one thread at a time; keeps its
/// executable alive.
class Context {
public:
  /// The elements of an input to fill or of an output to read; throws where there is none of that name or T is not its
  /// type. Stays valid as long as the context.
  template <typename T = float> std::span<T> input(const std::string &name) {
    return {static_cast<T *>(find(name, true, DtypeOf<T>::value)), elements(name, true)};
  }
  template <typename T = float> std::span<const T> output(const std::string &name) {
    return {static_cast<const T *>(find(name, false, DtypeOf<T>::value)), elements(name, false)};
  }
  /// Runs the model once, from the inputs' buffers to the outputs'.
  Code run() noexcept;
  /// Why the last run failed.
  const char *error() const noexcept;

private:
  friend class Executable;
  void *find(const std::string &name, bool isInput, Dtype dtype);
  size_t elements(const std::string &name, bool isInput) const;

  struct State;
  std::shared_ptr<State> state;
};

/// A graph as native code in this process. May be called from several threads.
class Executable {
public:
  /// Runs on arrays by the names of the inputs, and gives those of the outputs. Throws where one is missing, unknown or
  /// of another type. A new set of open sizes is compiled at its first call.
  Arrays operator()(const Arrays &inputs) const;
  /// Buffers of its own; every size must be bound.
  Context context() const;
  /// Writes a native program, or by the extension a library (.so) or an object (.o) with a C header.
  void save(const std::string &path) const;

private:
  friend Executable compile(const std::vector<Tensor> &outputs, const CompileSettings &settings);
  struct State;
  std::shared_ptr<State> state;
};

/// Compiles what `outputs` depend on, for inference, with the parameters' present values.
Executable compile(const std::vector<Tensor> &outputs, const CompileSettings &settings = {});
/// Compiles an imported model with its own outputs.
Executable compile(const Graph &graph, const CompileSettings &settings = {});

} // namespace ingot

#endif // INGOT_EXECUTABLE_H
