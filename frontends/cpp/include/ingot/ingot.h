//===- ingot.h - Ingot from C++ ---------------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that hosts use: graphs and layers to build, ONNX models to import, and what compiles, runs and trains
// them. No header here includes MLIR, LLVM, protobuf or ONNX. Functions throw ingot::Error; its text is what the
// command line prints, and its code what the command line exits with.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_INGOT_H
#define INGOT_INGOT_H

#include <ingot/array.h>
#include <ingot/data.h>
#include <ingot/error.h>
#include <ingot/executable.h>
#include <ingot/graph.h>
#include <ingot/image.h>
#include <ingot/metrics.h>
#include <ingot/nn.h>
#include <ingot/text.h>
#include <ingot/train.h>
#include <ingot/weights.h>

#endif // INGOT_INGOT_H
