//===- Ops.h - The ops of graphs ------------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_INGOT_OPS_H
#define INGOT_DIALECTS_INGOT_OPS_H

#include "dialects/ingot/Dialect.h"

#define GET_OP_CLASSES
#include "dialects/ingot/Ops.h.inc"

#endif // INGOT_DIALECTS_INGOT_OPS_H
