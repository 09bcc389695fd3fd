#!/usr/bin/env python3
#===- StyleTest.py - Rules that every file keeps --------------------------===#
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""StyleTest.py ROOT: checks the include rule and the rules of CONTRIBUTING.md that a machine can check."""
import os
import pathlib
import re
import subprocess
import sys

# Who may include whom: frontends -> dialects <- compiler -> runtime.
MAY_INCLUDE = {
    "runtime": {"runtime"},
    "dialects": {"dialects"},
    "frontends": {"frontends", "dialects"},
    "compiler": {"compiler", "dialects", "runtime"},
}
# What joins the two ends: the command line and what compiles a file.
JOINS = ("compiler/tools/", "compiler/Compiler.", "compiler/Specialize.")
# The interface for hosts stands on everything.
HOST_INTERFACE = "frontends/cpp/"
# Headers that users of a compiled model or of the C++ interface include.
PUBLIC_HEADERS = re.compile(r"^(runtime/.*|frontends/cpp/include/.*)$")
COMPILER_LIBRARIES = re.compile(r"^(llvm|llvm-c|mlir|mlir-c|clang|lld)/")
SOURCES = {".cpp", ".h", ".c", ".S", ".td", ".py", ".sh"}
TEXT = SOURCES | {".mlir", ".md", ".txt", ".json", ".in", ".cfg", ".cmake", ""}
SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
MAX_LINES = 600
MAX_COLUMNS = 140  # clang-format breaks lines at 120; the rest is for what it cannot break
# Folders of one machine, which nobody else has.
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|work|Users|tmp/(peers|models|team))/")
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]')


def files(root):
    """Every file of the project, by git where it is there."""
    if (root / ".git").exists():
        # Work trees made by another user are still ours to read.
        listed = subprocess.run(["git", "-c", f"safe.directory={root}", "-C", root, "ls-files", "-z", "--cached",
                                 "--others", "--exclude-standard"], capture_output=True, text=True)
        if listed.returncode == 0:
            return [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", "build")]
        found += [str((pathlib.Path(folder) / name).relative_to(root)) for name in names]
    return found


def check_includes(name, lines, complain):
    owner = name.split("/")[0]
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        included = match[1]
        if PUBLIC_HEADERS.match(name) and COMPILER_LIBRARIES.match(included):
            complain(name, number, f"includes {included}; the runtime and public headers know neither MLIR nor LLVM")
        target = included.split("/")[0]
        if owner not in MAY_INCLUDE or target not in MAY_INCLUDE:
            continue
        joins = (name.startswith(JOINS) and target == "frontends") or name.startswith(HOST_INTERFACE)
        if target not in MAY_INCLUDE[owner] and not joins:
            allowed = ", ".join(sorted(MAY_INCLUDE[owner]))
            complain(name, number, f"includes {included}; {owner} may include only {allowed}")


def check_text(name, lines, complain):
    suffix = pathlib.PurePath(name).suffix
    if len(lines) > MAX_LINES and name != "LICENSE":
        complain(name, len(lines), f"has {len(lines)} lines, want at most {MAX_LINES}: split it by idea")
    if suffix in SOURCES and not any(SPDX in line for line in lines[:15]):
        complain(name, 1, "has no SPDX line")
    if suffix == ".h":
        # Public headers are <ingot/NAME.h>.
        path = name.removeprefix("frontends/cpp/include/ingot/")
        guard = "INGOT_" + re.sub(r"[^A-Za-z0-9]", "_", path).upper()
        if f"#ifndef {guard}" not in lines:
            complain(name, 1, f"has no include guard {guard}")
    for number, line in enumerate(lines, 1):
        if suffix in SOURCES and len(line) > MAX_COLUMNS:
            complain(name, number, f"has {len(line)} columns, want at most {MAX_COLUMNS}")
        if line != line.rstrip():
            complain(name, number, "ends in blanks")
        if MACHINE_PATH.search(line) and name != "tests/style/StyleTest.py":
            complain(name, number, "names a folder of one machine")


def check_commands(root, complain):
    """The two commands stand first in the README, and .ci/run runs them as they stand there."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (sh tests/\w+\.sh)\b", readme, re.M)[:2]
    if commands != ["sh tests/demo.sh", "sh tests/run.sh"]:
        complain("README.md", 1, f"begins with the commands {commands}, want sh tests/demo.sh and sh tests/run.sh")
    ci = [line for line in (root / ".ci/run").read_text().splitlines() if line.startswith("sh ")]
    if ci != commands:
        complain(".ci/run", 1, f"runs {ci}, want the README's {commands}")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    faults = []

    def complain(name, number, what):
        faults.append(f"{name}:{number}: error: {what}")

    names = files(root)
    for name in sorted(names):
        if pathlib.PurePath(name).suffix not in TEXT:
            continue
        try:
            lines = (root / name).read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            continue
        if lines and not lines[-1]:
            lines.pop()
        check_text(name, lines, complain)
        check_includes(name, lines, complain)
    check_commands(root, complain)
    print("\n".join(faults))
    print(f"{len(names)} files, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
