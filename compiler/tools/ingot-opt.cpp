//===- ingot-opt.cpp - MLIR's opt with Ingot's dialects and passes --------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Passes.h"
#include "compiler/Pipeline.h"
#include "compiler/cpu/LowerToLLVM.h"
#include "dialects/ingot/Dialect.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllPasses();
  ingot::registerIngotPasses();
  ingot::registerPipeline();
  ingot::registerDialects(registry);
  ingot::registerLowerToLLVM();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Ingot's optimizer driver\n", registry));
}
