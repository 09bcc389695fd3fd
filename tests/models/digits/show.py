#!/usr/bin/env python3
#===- show.py - Shows a digit and what the model makes of it --------------===#
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""show.py PICTURE.npy PROBABILITIES.npy: draws the picture and one bar for each digit in the terminal."""
import ast
import struct
import sys


def load(path):
    """The shape and the floats of a little-endian f32 .npy file."""
    with open(path, "rb") as file:
        data = file.read()
    wide = data[6] > 1
    size = struct.unpack_from("<I" if wide else "<H", data, 8)[0]
    start = (12 if wide else 10) + size
    header = ast.literal_eval(data[start - size:start].decode("latin1"))
    if header["descr"] != "<f4" or header["fortran_order"]:
        sys.exit(f"error: {path}: got {header['descr']}, want row-major <f4")
    return header["shape"], struct.unpack_from(f"<{(len(data) - start) // 4}f", data, start)


def paint(level, colour):
    """One pixel, two characters wide."""
    level = min(max(level, 0.0), 1.0)
    if colour:
        return f"\x1b[48;5;{232 + round(level * 23)}m  \x1b[0m"
    return " ░▒▓█"[min(int(level * 5), 4)] * 2


def main():
    sys.stdout.reconfigure(encoding="utf-8")
    shape, picture = load(sys.argv[1])
    _, probabilities = load(sys.argv[2])
    width, colour = shape[-1], sys.stdout.isatty()
    answer = max(range(len(probabilities)), key=probabilities.__getitem__)
    rows = max(len(picture) // width, len(probabilities))
    for row in range(rows):
        pixels = picture[row * width:(row + 1) * width]
        line = "  " + ("".join(paint(p, colour) for p in pixels) if pixels else "  " * width)
        if row < len(probabilities):
            p = probabilities[row]
            mark = "◀" if row == answer else ""
            line += f"    {row} {'█' * round(p * 30):30s} {p:6.1%} {mark}"
        print(line.rstrip())
    print(f"\n  It is {'an' if answer == 8 else 'a'} {answer}.")


if __name__ == "__main__":
    main()
