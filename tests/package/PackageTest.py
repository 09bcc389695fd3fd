#!/usr/bin/env python3
#===- PackageTest.py - The installed package ------------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Installs Ingot into a folder of its own, and builds and runs what users build against it."""
import argparse
import array
import ast
import io
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import zipfile

parser = argparse.ArgumentParser()
for name in ("build", "source", "cmake"):
    parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
args = parser.parse_args()
project = args.source / "tests/package/project"


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def write_array(path, code, type_, shape, values):
    """A file in NumPy's format, which the test does without."""
    header = str({"descr": type_, "fortran_order": False, "shape": tuple(shape)}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        array.array(code, values).tofile(file)


def write_data(folder):
    """The shipped digits under the names and in the forms that the programs read."""
    def bundle(name, **arrays):
        with zipfile.ZipFile(folder / name, "w") as file:
            for part, (code, type_, shape, values) in arrays.items():
                write_array(folder / "part.npy", code, type_, shape, values)
                file.write(folder / "part.npy", part + ".npy")

    def elements(file, name):
        data = io.BytesIO(file.read(name + ".npy"))
        data.seek(8)
        header = ast.literal_eval(data.read(int.from_bytes(data.read(2), "little")).decode())
        values = array.array({"|u1": "B", "<i8": "q"}[header["descr"]])
        values.frombytes(data.read())
        return values

    with zipfile.ZipFile(args.source / "tests/data/digits.npz") as file:
        labels = elements(file, "y")
        pixels = elements(file, "x")
    pictures = [[v / 16 for v in pixels[64 * i:64 * i + 64]] for i in range(len(labels))]

    def large(picture):
        """Each pixel three times each way, and a margin of two."""
        rows = [[0.0] * 28] * 2
        for i in range(8):
            row = [0.0] * 2 + [v for v in picture[8 * i:8 * i + 8] for _ in range(3)] + [0.0] * 2
            rows += [row] * 3
        return [v for row in rows + [[0.0] * 28] * 2 for v in row]

    def flat(parts):
        return [v for part in parts for v in part]

    count = len(labels)
    bundle("digits.npz", x=("f", "<f4", (count, 1, 28, 28), flat(map(large, pictures))), y=("q", "<i8", (count,), labels))
    write_array(folder / "seven.npy", "f", "<f4", (1, 1, 28, 28), large(pictures[7]))
    # Digits from 0 to 4 are the flowers of five kinds; the others are what the network that is tuned has seen.
    for name, first in (("flowers.npz", 0), ("others.npz", 5)):
        rows = [i for i in range(count) if first <= labels[i] < first + 5]
        bundle(name, image=("f", "<f4", (len(rows), 1, 8, 8), flat(pictures[i] for i in rows)),
               label=("q", "<i8", (len(rows),), [labels[i] - first for i in rows]))


def write_readme_program(path):
    """The lines of the README in C++, in a function."""
    lines = re.search(r"```cpp\n(.*?)```", (args.source / "README.md").read_text(), re.S)[1]
    head, body = re.fullmatch(r"((?:#include.*\n)+using namespace ingot;\n)(.*)", lines, re.S).groups()
    path.write_text(f"{head}int main() {{\n{body}}}\n")


def last(name, text):
    return float(re.findall(name + r" ([0-9.]+)", text)[-1])


with tempfile.TemporaryDirectory(prefix="ingot-package-") as folder:
    folder = pathlib.Path(folder)
    prefix, build, readme = folder / "prefix", folder / "build", folder / "readme.cpp"
    write_data(folder)
    write_readme_program(readme)
    run(args.cmake, "--install", args.build, "--prefix", prefix)
    run(args.cmake, "-G", "Ninja", "-S", project, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
        "-DCMAKE_BUILD_TYPE=Release", f"-DREADME={readme}")
    run(args.cmake, "--build", build)

    run(build / "backbone", cwd=folder)
    text = run(build / "example", cwd=folder)
    print(text, end="")
    assert text.count("test accuracy") == 10 and last("test accuracy", text) >= 0.95, text
    assert last("val_accuracy", text) >= 0.9, text
    assert "class 7\n" in text, text
    assert "stroke-opacity" in (folder / "flowers.svg").read_text()
    print(run(folder / "flowers", "--input", "image=rand:1", cwd=folder), end="")

    # The README's program writes files of the same names.
    for name in ("digits.ckpt", "digits.onnx"):
        (folder / name).unlink()
    text = run(build / "readme", cwd=folder)
    print(text, end="")
    assert last("val_accuracy", text) >= 0.9, text
    assert "stroke-opacity" in (folder / "digits.svg").read_text()
    run(folder / "digits", "--input", f"x=@{folder / 'seven.npy'}", cwd=folder)

    # The installed compiler, and its library in hosts of C++ and of C.
    run(prefix / "bin/ingot", "compile", folder / "digits.onnx", "--dim", "N=1", "--emit=so", "-o", folder / "digits.so")
    print(run(build / "host", folder / "digits.so"), end="")
    if shutil.which("pkg-config"):
        # The file names the prefix of the configuration; a package that was moved says so with a switch.
        environment = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "lib/pkgconfig"))
        flags = run("pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "ingot-runtime",
                    env=environment).split()
        shutil.copy(project / "host.cpp", folder / "host.c")
        run("cc", "-std=c99", folder / "host.c", "-o", folder / "c-host", *flags)
        print(run(folder / "c-host", folder / "digits.so"), end="")
    else:
        print("no pkg-config: the C program is left out")
