#===- overlap.py - A chain whose values live long -------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""overlap.py LENGTH REACH: sums of the value before and the one REACH before it, so that groups wait for each other."""
import sys

length, reach = map(int, sys.argv[1:])
print('<ir_version: 8, opset_import: ["" : 17]>')
print(f"g (float[4,4] v0) => (float[4,4] v{length}) {{")
for i in range(length):
    print(f"v{i + 1} = Add(v{i}, v{max(0, i - reach)})")
print("}")
