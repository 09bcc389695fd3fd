#===- list.py - A long list of calls --------------------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""list.py LENGTH: four operators over and over that share no loops, one of them with a value of 50 operators before."""
import sys

length = int(sys.argv[1])
print('<ir_version: 8, opset_import: ["" : 17]>')
print(f"g (float[4,4] v0) => (float[4,4] v{length}) {{")
for i in range(length):
    rule = ["Softmax(v{0})", "Add(v{0}, v{1})", "Transpose<perm = [1, 0]>(v{0})", "Relu(v{0})"][i % 4]
    print(f"v{i + 1} = {rule.format(i, max(0, i - 50))}")
print("}")
