//===- Ops.td - Every op of the ingot dialect -----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_OPS
#define INGOT_OPS

include "dialects/ingot/Attention.td"
include "dialects/ingot/Contract.td"
include "dialects/ingot/Control.td"
include "dialects/ingot/Generate.td"
include "dialects/ingot/Gradient.td"
include "dialects/ingot/Group.td"
include "dialects/ingot/Index.td"
include "dialects/ingot/Loss.td"
include "dialects/ingot/Movement.td"
include "dialects/ingot/Normalize.td"
include "dialects/ingot/Pointwise.td"
include "dialects/ingot/Recurrent.td"
include "dialects/ingot/Reduce.td"
include "dialects/ingot/Sort.td"
include "dialects/ingot/Weights.td"
include "dialects/ingot/Window.td"

#endif
