#===- Mutate.py - Damaged models -------------------------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Mutations of ONNX files: of their bytes, and of the fields of their messages, so that the file stays one that parses.
Knows the wire format of protobuf and which fields of ONNX are messages, and needs no package for it."""
import copy
import struct

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MESSAGES = {
    "Model": {7: "Graph", 8: "Opset", 14: "Entry", 20: "Training", 25: "Function"},
    "Graph": {1: "Node", 5: "Tensor", 11: "Value", 12: "Value", 13: "Value", 15: "Sparse"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 14: "Type", 22: "Sparse"},
    "Tensor": {13: "Entry"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Value": {2: "Type"},
    "Type": {1: "TensorType", 4: "Element", 8: "TensorType", 9: "Element"},
    "TensorType": {2: "Shape"},
    "Element": {1: "Type"},
    "Shape": {1: "Dim"},
    "Function": {7: "Node", 9: "Opset", 11: "Attribute", 12: "Value"},
    "Training": {1: "Graph", 2: "Graph"},
}
NUMBERS = [0, 1, 2, 3, 7, 255, 65536, 2**20, 2**30, 2**31 - 1, 2**31, 2**32, 2**40, 2**62, 2**63 - 1, -1, -2, -7, -2**31,
           -2**62, -2**63]
FLOATS = [0.0, -0.0, 1e-45, 1e38, float("inf"), float("-inf"), float("nan"), -1.0, 0.5]
TEXTS = [b"", b"x", b"../x", b"/etc/passwd", b"\xff\xfe", b"a" * 5000, b"%s%n", b"ai.onnx.ml", b"If", b"Loop", b"Reshape"]


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def varint(value):
    value %= 2**64
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


class Field:
    """One field of a message: a number, bytes, or the list of fields of the message that it holds."""

    def __init__(self, number, wire, value, message=None):
        self.number, self.wire, self.value, self.message = number, wire, value, message

    def write(self):
        if self.wire == VARINT:
            body = varint(self.value)
        elif self.wire == BYTES:
            body = self.value if self.message is None else b"".join(field.write() for field in self.value)
            body = varint(len(body)) + body
        else:
            body = self.value
        return varint(self.number << 3 | self.wire) + body


def parse(data, message="Model"):
    """The fields of a message, those of the messages in it included."""
    fields, at = [], 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = read_varint(data, at)
            fields.append(Field(number, wire, value))
            continue
        size = {FIXED64: 8, FIXED32: 4}.get(wire)
        if size is None:
            size, at = read_varint(data, at)
        value, at = data[at:at + size], at + size
        inner = MESSAGES.get(message, {}).get(number) if wire == BYTES else None
        if message in MESSAGES and inner:
            fields.append(Field(number, wire, parse(value, inner), inner))
        else:
            fields.append(Field(number, wire, value))
    return fields


def walk(fields):
    """Every field with the list that holds it."""
    for field in fields:
        yield field, fields
        if field.message is not None:
            yield from walk(field.value)


def mutate_bytes(data, random):
    data = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
        kind = random.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = random.randrange(256)
        elif kind == 2:
            data[at:at] = data[at:end][:64]
        elif kind == 3:
            del data[at:min(end, at + 64)]
        elif random.random() < 0.2:
            del data[at:]
    return bytes(data) or b"\0"


def mutate_leaf(field, same, random):
    if field.wire == VARINT:
        field.value = random.choice([random.choice(NUMBERS), field.value + 1, field.value - 1, field.value * 2,
                                     random.randrange(32), random.choice(same).value])
    elif field.wire != BYTES:
        form = "<f" if field.wire == FIXED32 else "<d"
        field.value = struct.pack(form, random.choice(FLOATS))
    else:
        other = random.choice(same).value
        field.value = random.choice([other, other, random.choice(TEXTS), mutate_bytes(field.value, random),
                                     field.value[:random.randrange(len(field.value) + 1)], field.value + other[:64]])


def mutate_fields(data, random):
    fields = parse(data)
    for _ in range(random.randint(1, 3)):
        places = list(walk(fields))
        if not places:
            break
        # Messages of each kind are as likely as each other: most fields of a model belong to its largest tensor.
        kinds = sorted({(f.message or "", f.number, f.wire) for f, _ in places})
        kind = random.choice(kinds)
        places = [place for place in places if (place[0].message or "", place[0].number, place[0].wire) == kind]
        field, holder = random.choice(places)
        same = [other for other, _ in places]
        action = random.random()
        if action < 0.15:
            holder.remove(field)
        elif action < 0.3:
            holder.insert(random.randrange(len(holder) + 1), copy.deepcopy(random.choice(same)))
        elif action < 0.4:
            random.shuffle(holder)
        elif field.message is not None:
            field.value = copy.deepcopy(random.choice(same).value)  # it may be what the field is in
        else:
            mutate_leaf(field, same, random)
        fields = parse(b"".join(f.write() for f in fields))  # what was shared is shared no more
    return b"".join(field.write() for field in fields)


def mutate(data, random):
    """A damaged copy: one of four has damaged bytes, the others damaged fields."""
    return mutate_bytes(data, random) if random.random() < 0.25 else mutate_fields(data, random)
