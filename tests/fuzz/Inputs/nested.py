#===- nested.py - Functions in functions ----------------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""nested.py DEPTH CALLS: a model of functions that call each other, DEPTH deep, each the one below CALLS times."""
import sys

depth, calls = map(int, sys.argv[1:])
print('<ir_version: 8, opset_import: ["" : 17, "local" : 1]>')
print(f"g (float[2] x) => (float[2] y) {{ y = local.F{depth - 1}(x) }}")
for level in range(depth):
    callee = f"local.F{level - 1}" if level else "Relu"
    chain = " ".join(f"v{call + 1} = {callee}(v{call})" for call in range(calls))
    print(f'<domain: "local", opset_import: ["" : 17, "local" : 1]>\nF{level} (v0) => (v{calls}) {{ {chain} }}')
