//===- InputInfo.h - What a model says of its inputs ------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_INPUTINFO_H
#define INGOT_DIALECTS_INGOT_INPUTINFO_H

#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

/// An input of a model as it is declared.
struct InputInfo {
  std::string name;
  uint32_t dtype = 0;                ///< an element type of ONNX
  std::vector<int64_t> dims;         ///< -1 for an open one
  std::vector<std::string> dimNames; ///< of open ones; one that has no name in the file is called INPUT.AXIS
};

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_INPUTINFO_H
