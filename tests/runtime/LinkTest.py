#!/usr/bin/env python3
#===- LinkTest.py - What a model in C links to ----------------------------===#
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""LinkTest.py --clang CLANG --lld LLD --bundle FOLDER --arch ARCH [--emulator COMMAND]

Links twice.c with nothing but the files of a bundle, as a program and as a library, and runs the program.
"""
import argparse
import ctypes
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


def compile_and_link(args, out, kind, *flags):
    model = out.with_suffix(".o")
    subprocess.run([args.clang, f"--target={args.arch}-linux-gnu", "-O2", "-fPIC", f"-I{HERE.parent.parent}", *flags, "-x", "c",
                    "-c", HERE / "twice.c", "-o", model], check=True)
    bundle = pathlib.Path(args.bundle)
    command = [args.lld]
    for line in (bundle / f"manifest-{kind}").read_text().splitlines():
        command.append(str(model) if line == "@objects" else line if line.startswith("-") else str(bundle / line))
    subprocess.run([*command, "-o", out], check=True)
    return out


def read_npy(path):
    """The header and the bytes of the data."""
    file = path.read_bytes()
    size = struct.unpack_from("<H", file, 8)[0]
    return file[10:10 + size].decode(), file[10 + size:]


def main():
    parser = argparse.ArgumentParser()
    for name in ("clang", "lld", "bundle", "arch"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--emulator", default="")
    args = parser.parse_args()
    emulator = args.emulator.split()
    if emulator and not shutil.which(emulator[0]):
        print(f"{emulator[0]} is missing")
        return SKIPPED

    def call(program, *arguments, code=0):
        done = subprocess.run([*emulator, program, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == code, (arguments, done)
        return done.stderr if code else done.stdout

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        program = compile_and_link(args, folder / "twice", "exe")
        # Static and position-independent: type DYN, and no INTERP among the program headers.
        elf = program.read_bytes()
        offset, size, count = struct.unpack_from("<Q", elf, 32)[0], *struct.unpack_from("<HH", elf, 54)
        types = [struct.unpack_from("<I", elf, offset + i * size)[0] for i in range(count)]
        assert struct.unpack_from("<H", elf, 16)[0] == 3 and 3 not in types

        assert call(program, "--input", "x=8x16xf32=1.5", "--threads", 2).startswith("y: f32[8,16], from 3 to 3\n")
        assert "--output-dir DIR" in call(program, "--help")
        assert call(program, "--selftest").startswith("selftest passed")
        assert json.loads(call(program, "--describe", "--json"))["inputs"] == [
            {"name": "x", "dtype": "f32", "shape": [8, 16], "bytes": 512}]
        assert json.loads(call(program, "--bench", "--seconds=0.01", "--json", "--threads=2"))["threads"] == 2
        call(program, "--input=x=iota", "--output-dir", folder / "out")
        header, data = read_npy(folder / "out" / "y.npy")
        assert "'<f4'" in header and "(8, 16)" in header, header
        assert struct.unpack("<128f", data) == tuple(2.0 * i for i in range(128))
        header, data = read_npy(folder / "out" / "half%2Fx.npy")
        assert "'<V2'" in header and struct.unpack_from("<2H", data, 2) == (0x3f80, 0x4000)  # 1 and 2

        errors = [
            (["--input", "x=3xf32=1"], "input 'x': got f32[3] from the command line, want f32[8,16]"),
            ([], "input 'x': got nothing, want f32[8,16]; give --input x=@FILE or --inputs DIR"),
            (["--inptus", "d"], "unknown option '--inptus'; did you mean '--inputs'?"),
            (["--threads", "0"], "option --threads: got '0', want 1 to 1024"),
            (["--input"], "option --input: got nothing, want NAME=VALUE"),
            (["--bench", "--describe"], "got two of --describe, --bench and --selftest, want one"),
            (["--json=1"], "option --json: got '1', want no value"),
            (["model.onnx"], "got argument 'model.onnx', want options only; see --help"),
            (["--inputs", "/nowhere"], "input 'x': cannot read /nowhere/input_0.pb: No such file or directory"),
            (["--input=x=1", "--output-dir=/proc/none"],
             "cannot make the folder /proc/none: No such file or directory"),
        ]
        for arguments, message in errors:
            assert call(program, *arguments, code=1) == f"error: {message}\n", arguments

        # A processor lacks what another architecture has.
        feature, name = ("SVE", "sve") if args.arch == "x86_64" else ("AVX512F", "avx512f")
        lacking = compile_and_link(args, folder / "lacking", "exe", f"-DCPU_FEATURES=INGOT_CPU_{feature}")
        message = f"error: this processor lacks {name}, which 'twice' was compiled for (any)\n"
        assert call(lacking, "--input=x=1", code=1) == message
        assert "needs " + name in call(lacking, "--describe")

        library = compile_and_link(args, folder / "twice.so", "so")
        if not emulator:
            loaded = ctypes.CDLL(str(library))
            executable, context = ctypes.c_void_p(), ctypes.c_void_p()
            loaded.ingot_context_input.restype = loaded.ingot_context_output.restype = ctypes.POINTER(ctypes.c_float)
            symbol = ctypes.byref(ctypes.c_char.in_dll(loaded, "ingot_model_main"))
            assert loaded.ingot_executable_open(symbol, None, ctypes.byref(executable)) == 0
            assert loaded.ingot_context_create(executable, None, ctypes.byref(context)) == 0
            loaded.ingot_context_input(context, 0)[5] = 21
            assert loaded.ingot_context_run(context) == 0
            assert loaded.ingot_context_output(context, 0)[5] == 42
            assert not hasattr(loaded, "_ZN5ingot7runtime4failE12ingot_statusPKcz")
    return 0


if __name__ == "__main__":
    sys.exit(main())
