//===- Options.h - What a caller may ask of a compilation -------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_OPTIONS_H
#define INGOT_COMPILER_OPTIONS_H

#include "dialects/ingot/RunMode.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace ingot {

/// The phases of the pipeline in order; `--compile-to` takes their names.
enum class Phase { Import, Infer, Recompose, Autodiff, Layout, Group, Schedule, Lower, Bufferize, Plan, Target, LLVM };

/// A processor as code generation sees it.
struct CpuTarget {
  std::string triple;          ///< LLVM's target triple, such as x86_64-linux-gnu
  std::string cpu;             ///< LLVM's processor name for scheduling; never implies features beyond `features`
  std::string features;        ///< LLVM's feature string, "+avx2,+fma,..."
  std::string level;           ///< the name that people know: x86-64-v3, x86-64-v4, aarch64
  unsigned vectorBits = 256;   ///< width of a native vector
  unsigned registers = 16;     ///< number of vector registers
  uint64_t cpuFeatures = 0;    ///< INGOT_CPU_* bits that a program checks before it runs
  int64_t l2Bytes = 512 << 10; ///< size of a core's second-level cache that schedules assume
};

/// Bounds of a dimension, both included.
struct Range {
  int64_t low, high;
};

struct Options {
  CpuTarget target;
  Phase compileFrom = Phase::Import; ///< the module went through the phases before this one
  Phase compileTo = Phase::LLVM;
  bool oracle = false;                      ///< scalar loops, no fusion, no packing: the reference
  bool evaluates = false;                   ///< the module is constants only: evaluating them is its purpose
  bool profile = false;                     ///< for the JIT: tell when kernels run, see compiler/emit/Profile.h
  bool sanitize = false;                    ///< one allocation a buffer, instrumented with LLVM's address sanitizer
  std::string dumpDir;                      ///< numbered files after each phase, when not empty
  uint64_t maxMemory = 0;                   ///< limit on the arena, weights, inputs and outputs in bytes, or 0
  unsigned segments = 0;                    ///< see Recompute; 0: what a gradient needs is kept
  std::map<std::string, int64_t> dims;      ///< values of named dimensions
  std::map<std::string, Range> ranges;      ///< bounds of dimensions that stay open
  std::map<unsigned, std::string> values;   ///< elements of inputs that are constants, by the inputs' places
  bool keepParameters = false;              ///< weights whose names match `parameters` stay weights whatever their use
  RunMode mode = RunMode::AsGiven;          ///< of nodes that differ between training and inference
  std::string parameters;                   ///< a POSIX extended regex that is searched for; "" matches all
};

} // namespace ingot

#endif // INGOT_COMPILER_OPTIONS_H
