//===- RunMode.h - Nodes in training and in inference -----------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_RUNMODE_H
#define INGOT_DIALECTS_INGOT_RUNMODE_H

namespace ingot {

/// How nodes run that differ between training and inference: dropout and batch normalization.
enum class RunMode {
  AsGiven,  ///< as the model says, for a run
  Infer,    ///< all in inference
  Train,    ///< as the model says, for a step of training
  TrainAll, ///< all in training, for a step of training
};

} // namespace ingot

#endif // INGOT_DIALECTS_INGOT_RUNMODE_H
