#===- wrong.py - Random graphs with a wrong answer -------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""wrong.py ARCHIVE FOLDER: unpacks two graphs for each element type of output 0, and changes its last element."""
import math
import pathlib
import struct
import sys
import tarfile

sys.path.append(str(pathlib.Path(__file__).parents[1]))
import Mutate

TYPES = {1: "<f", 11: "<d", 6: "<i", 7: "<q", 9: "<?"}  # as in TensorProto
WANTED = 2


def change(path, left):
    fields = Mutate.parse(path.read_bytes(), "Tensor")
    kind = next(field.value for field in fields if field.number == 2)
    data = next(field for field in fields if field.number == 9)
    if not left.get(kind) or not data.value:
        return False
    size = struct.calcsize(TYPES[kind])
    value, = struct.unpack(TYPES[kind], data.value[-size:])
    if not math.isfinite(value):
        return False
    left[kind] -= 1
    value = not value if kind == 9 else value + 1 if kind in (6, 7) else value * 1.002 + 2e-5
    data.value = data.value[:-size] + struct.pack(TYPES[kind], value)
    path.write_bytes(b"".join(field.write() for field in fields))
    return True


archive, folder = sys.argv[1:]
left = dict.fromkeys(TYPES, WANTED)
with tarfile.open(archive) as graphs:
    graphs.extractall(folder)
for model in sorted(pathlib.Path(folder).glob("*/model.onnx")):
    if not change(model.parent / "test_data_set_0/output_0.pb", left):
        model.rename(model.with_name("right.onnx"))
assert not any(left.values()), left
