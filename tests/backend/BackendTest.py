#!/usr/bin/env python3
#===- BackendTest.py - ONNX's backend tests ----------------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Runs ONNX's backend tests in the process, and every tenth that passes as a program too.

    BackendTest.py --ingot PATH --folder FOLDER --onnx FOLDER [--part K/N] [--jobs J] [--least COUNT] [--filter REGEX]
                   [--results FILE.json]

A test passes, or its model is refused at import: anything else (a wrong value, shape or type, a crash, a model that is
accepted but does not compile) fails the run. --folder takes the tests, which are generated when they are not there, and
after each run `refused.txt`, the tests that are refused and why. --onnx is where the package onnx is installed; without
it the run is skipped (exit code 77). --part 1/3 takes every third test, from the first. --least is how many must pass;
tests of the same operators written with others, `_expanded` in their names, count apart."""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77
SECONDS = 120  # for one test; all but a few take less than one
AT_ONCE = 16
# What cannot agree to ONNX's tolerance: numbers whose spacing is wider, where the definition leaves the order of sums
# open, pass beside their neighbours (of bfloat16 ONNX's own runner takes two units in the last place); and sums that
# cancel to rounding errors, of other sums, pass near zero.
LOOSER = {r"_(bf16|bfloat16)(_expanded)?$": ["--rtol", str(2**-6)],
          r"_(fp16|float16)(_expanded)?$": ["--rtol", "8e-3"],
          r"(^|-)test_dft_inverse": ["--atol", "1e-5"]}


def write_tests(folder, onnx):
    """The tests' folders, in order."""
    complete = folder / "complete"
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        subprocess.run([sys.executable, pathlib.Path(__file__).parent / "WriteTests.py", folder], check=True,
                       env={**os.environ, "PYTHONPATH": str(onnx)})
        complete.touch()
    return sorted(model.parent for model in folder.glob("*/*/model.onnx"))


def verify(ingot, folders, via, tolerance=()):
    """One row for each folder; a batch that takes too long is run again, one by one."""
    command = [ingot, "verify", "--json", "--threads", "1", "--via", via, *tolerance, *map(str, folders)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        rows = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        rows = [{"status": "error", "detail": f"took more than {SECONDS} seconds"}]
    except ValueError:
        rows = [{"status": "error", "detail": f"exit code {done.returncode}: {done.stderr[-500:]}"}]
    if len(rows) == len(folders) and tolerance:
        return rows
    if len(rows) == len(folders):
        return [again(ingot, f, row, via) if row["status"] == "failed" else row for f, row in zip(folders, rows)]
    return [row for folder in folders for row in verify(ingot, [folder], via, tolerance)] if len(folders) > 1 else rows[:1]


def again(ingot, folder, row, via):
    """The result with the tolerance that the test has to have."""
    options = [word for name, words in LOOSER.items() if re.search(name, folder.name) for word in words]
    if not options:
        return row
    command = [ingot, "verify", "--json", "--threads", "1", "--via", via, *options, folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    return json.loads(done.stdout)[0] if done.returncode == 0 else row


def verify_all(args, folders, via, tolerance=()):
    batches = [folders[i:i + AT_ONCE] for i in range(0, len(folders), AT_ONCE)]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        return [row for rows in pool.map(lambda batch: verify(args.ingot, batch, via, tolerance), batches) for row in rows]


def is_refused(row):
    return row["status"] == "unsupported" and re.match(r"\d+ of \d+ nodes are unsupported\n", row["detail"])


def reason(row):
    return " ".join(row["detail"].splitlines()[2].split()) if is_refused(row) else row["detail"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ingot", required=True)
    parser.add_argument("--folder", required=True, type=pathlib.Path)
    parser.add_argument("--onnx", required=True, type=pathlib.Path)
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--least", type=int, default=0)
    parser.add_argument("--filter", default="")
    parser.add_argument("--results", type=pathlib.Path, help="write the tests and how they end, for SupportTable.py")
    args = parser.parse_args()
    if not (args.onnx / ".complete").exists():
        print(f"no onnx package in {args.onnx}; tests/setup.sh installs it")
        return SKIPPED
    first, step = map(int, args.part.split("/"))
    folders = [f for f in write_tests(args.folder, args.onnx) if re.search(args.filter, f.name)][first - 1::step]

    rows = verify_all(args, folders, "jit")
    passing = [f for f, row in zip(folders, rows) if row["status"] == "passed"]
    refused = [(f, row) for f, row in zip(folders, rows) if is_refused(row)]
    failures = [(f, row) for f, row in zip(folders, rows) if row["status"] != "passed" and not is_refused(row)]
    programs = passing[::10]
    failures += [(f, row) for f, row in zip(programs, verify_all(args, programs, "exe")) if row["status"] != "passed"]

    lines = [f"{f.parent.name}/{f.name}: {reason(row)}\n" for f, row in refused]
    (args.folder / "refused.txt").write_text("".join(lines))
    if args.results:
        args.results.write_text(json.dumps({f"{f.parent.name}/{f.name}": row["status"] if not is_refused(row) else "refused"
                                            for f, row in zip(folders, rows)}))
    for f, row in failures:
        print(f"{f.parent.name}/{f.name}: {row['status']}: {row['detail']}")
    counts = collections.Counter("_expanded" in f.name for f in passing)
    print(f"{len(folders)} tests: {len(passing)} pass ({counts[False]}, and {counts[True]} expanded), {len(refused)} are "
          f"refused, {len(failures)} fail; {len(programs)} ran as programs too")
    if len(passing) < args.least:
        print(f"want {args.least} that pass")
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
