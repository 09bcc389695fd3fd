#===- inner-loops.py - The inner loops of an assembly file ----------------===#
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""inner-loops.py < FILE.s: prints the multiply-adds and the accesses to the stack of each block that jumps to itself
and multiplies."""
import re
import sys

MULTIPLY = re.compile(r"\t(vfmadd\w+|fmla)\t")
STACK = re.compile(r"\(%rsp|\[sp\b")
JUMP = re.compile(r"\t(?:j\w+|b\.\w+|cbn?z|tbn?z)\t(?:.*, )?(\.L\w+)")

lines = sys.stdin.read().splitlines()
starts = {line.split(":")[0]: number for number, line in enumerate(lines) if re.match(r"\.L\w+:", line)}
for number, line in enumerate(lines):
    jump = JUMP.match(line)
    if not jump or starts.get(jump[1], number) >= number:
        continue
    body = lines[starts[jump[1]] + 1:number]
    if any(re.match(r"\.L\w+:", inner) for inner in body):
        continue  # not the innermost loop
    multiplies = sum(bool(MULTIPLY.search(inner)) for inner in body)
    if multiplies:
        print(f"{multiplies} multiply-adds, {sum(bool(STACK.search(inner)) for inner in body)} stack accesses")
