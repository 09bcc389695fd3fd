#!/usr/bin/env python3
#===- ProgramTest.py - Compiled programs on this and on other processors --===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Compiles the models of the given folders and runs the programs.

    ProgramTest.py agree   --ingot PATH [--target T] [--emulator COMMAND] DIR...   outputs are those of test_data_set_0
    ProgramTest.py refuse  --ingot PATH --target T --emulator COMMAND DIR          exits 1 and names what is missing
    ProgramTest.py threads --ingot PATH DIR...                                     the same bits with 1, 2 and 3 threads
    ProgramTest.py library --ingot PATH --host PATH [--sanitize] DIR...            LibraryHost.cpp finds no fault
    ProgramTest.py caught  --ingot PATH --host PATH FILE.mlir                      bufferized; the sanitizer stops it

Without the emulator the test is skipped (exit code 77). Needs only Python."""
import argparse
import ast
import math
import pathlib
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile

RTOL, ATOL = 1e-3, 1e-5
SKIPPED = 77
# struct's letters, by ONNX's number and by NumPy's name.
ONNX_TYPES = {1: "f", 2: "B", 3: "b", 5: "h", 6: "i", 7: "q", 9: "?", 11: "d"}
NUMPY_TYPES = {"<f4": "f", "|u1": "B", "|i1": "b", "<i2": "h", "<i4": "i", "<i8": "q", "|b1": "?", "<f8": "d"}


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def read_pb(path):
    """(name, shape, values) of a TensorProto that has raw_data."""
    data, at = path.read_bytes(), 0
    dims, dtype, raw, name = [], 1, b"", ""
    while at < len(data):
        tag, at = varint(data, at)
        field, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = varint(data, at)
            if field == 1:
                dims.append(value)
            elif field == 2:
                dtype = value
            continue
        if wire != 2:
            raise ValueError(f"{path}: wire type {wire}")
        size, at = varint(data, at)
        part, at = data[at:at + size], at + size
        if field == 1:
            place = 0
            while place < size:
                value, place = varint(part, place)
                dims.append(value)
        elif field == 9:
            raw = part
        elif field == 8:
            name = part.decode()
    letter = ONNX_TYPES[dtype]
    return name, tuple(dims), struct.unpack(f"<{len(raw) // struct.calcsize(letter)}{letter}", raw)


def read_npy(path):
    data = path.read_bytes()
    wide = data[6] > 1
    size = struct.unpack_from("<I" if wide else "<H", data, 8)[0]
    start = (12 if wide else 10) + size
    header = ast.literal_eval(data[start - size:start].decode("latin1"))
    letter = NUMPY_TYPES[header["descr"]]
    return header["shape"], struct.unpack_from(f"<{(len(data) - start) // struct.calcsize(letter)}{letter}", data, start)


def close(got, want):
    if isinstance(want, float) and (math.isnan(want) or math.isinf(want)):
        return got == want or (math.isnan(got) and math.isnan(want))
    return abs(got - want) <= ATOL + RTOL * abs(want)


def run(command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=900)


def compile_model(args, folder, scratch, *more):
    program = scratch / folder.name
    target = ["--target=" + args.target] if args.target else []
    model = folder / "model.onnx" if folder.is_dir() else folder
    done = run([args.ingot, "compile", model, "-o", program, *target, *more])
    return program, "" if done.returncode == 0 else f"compile exited {done.returncode}: {done.stderr.strip()[-300:]}"


def outputs_of(args, program, folder, out, *more):
    done = run([*args.emulator, program, "--inputs", folder / "test_data_set_0", "--output-dir", out, *more])
    return "" if done.returncode == 0 else f"the program exited {done.returncode}: {done.stderr.strip()[-300:]}"


def agree(args, folder, scratch):
    program, fault = compile_model(args, folder, scratch)
    fault = fault or outputs_of(args, program, folder, scratch / "out")
    if fault:
        return fault
    for file in sorted((folder / "test_data_set_0").glob("output_*.pb")):
        name, shape, want = read_pb(file)
        got_shape, got = read_npy(scratch / "out" / (name.replace("/", "%2F") + ".npy"))
        if got_shape != shape:
            return f"{name}: got shape {got_shape}, want {shape}"
        wrong = [i for i in range(len(want)) if not close(got[i], want[i])]
        if wrong:
            return f"{name}: {len(wrong)} of {len(want)} elements differ, first {got[wrong[0]]}, want {want[wrong[0]]}"
    return ""


def refuse(args, folder, scratch):
    program, fault = compile_model(args, folder, scratch)
    if fault:
        return fault
    done = run([*args.emulator, program, "--inputs", folder / "test_data_set_0"])
    if done.returncode != 1 or "avx512" not in done.stderr.lower().replace("-", ""):
        return f"got exit code {done.returncode} and {done.stderr.strip()!r}, want 1 and the name of what is missing"
    return ""


def threads(args, folder, scratch):
    program, fault = compile_model(args, folder, scratch)
    seen = None
    for count in (1, 2, 3):
        out = scratch / f"out{count}"
        fault = fault or outputs_of(args, program, folder, out, "--threads", count)
        if fault:
            return fault
        bits = {file.name: file.read_bytes() for file in out.iterdir()}
        if seen is not None and bits != seen:
            return f"{count} threads give other bits than one"
        seen = bits
    return ""


def library(args, folder, scratch):
    path, fault = compile_model(args, folder, scratch, "--emit=so", *["--sanitize"] * args.sanitize)
    if fault:
        return fault
    done = run([args.host, path, folder / "test_data_set_0"])
    return "" if done.returncode == 0 else f"the host exited {done.returncode}: {done.stderr.strip()[:3000]}"


def caught(args, file, scratch):
    path, fault = compile_model(args, file, scratch, "--emit=so", "--sanitize", "--compile-from=plan")
    if fault:
        return fault
    done = run([args.host, path])
    if done.returncode == 0 or "AddressSanitizer: heap-buffer-overflow" not in done.stderr:
        return f"got exit code {done.returncode} and {done.stderr.strip()[:3000]!r}, want the sanitizer's report"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["agree", "refuse", "threads", "library", "caught"])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--ingot", required=True)
    parser.add_argument("--target")
    parser.add_argument("--host")
    parser.add_argument("--sanitize", action="store_true")
    parser.add_argument("--emulator", type=shlex.split, default=[])
    args = parser.parse_args()
    if args.emulator and not shutil.which(args.emulator[0]):
        print(f"skipped: {args.emulator[0]} is not installed")
        sys.exit(SKIPPED)
    check, failed = globals()[args.what], 0
    for folder in args.folders:
        with tempfile.TemporaryDirectory() as scratch:
            fault = check(args, folder, pathlib.Path(scratch))
        if fault:
            failed += 1
            print(f"{folder.name}: {fault}")
    print(f"{len(args.folders) - failed} passed, {failed} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
