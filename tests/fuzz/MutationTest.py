#!/usr/bin/env python3
#===- MutationTest.py - Damaged models get an answer -----------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Damages models and demands an answer for each: it runs, or there is an error; in 10 seconds and 2 GB, with no signal
and no report of a sanitizer.

    MutationTest.py --ingot PATH --folder FOLDER --models FOLDER_OR_ARCHIVE... [--count 500] [--seed 1] [--asan]

The models are those of the test folders (model.onnx beside test_data_set_0) below each of --models. What fails stays in
--folder. The same seed and models give the same mutants. With --asan the memory is bounded by the sanitizer."""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tarfile

import Mutate

SECONDS = 10
BYTES = 2 << 30
AT_ONCE = 20


def limits(asan):
    def set_limits():
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if not asan:
            resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    return set_limits


def find_models(paths, scratch):
    found = []
    for number, path in enumerate(paths):
        if path.is_file():
            folder = scratch / f"models_{number}"
            with tarfile.open(path) as archive:
                archive.extractall(folder)
            path = folder
        found += sorted(model for model in path.glob("**/model.onnx") if (model.parent / "test_data_set_0").is_dir())
    return found


def verify(args, folders):
    """A row for each folder. Each has a process of its own, forked by one that has loaded the libraries."""
    command = [args.ingot, "verify", "--json", "--threads", "1", "--max-memory", "1G", *map(str, folders)]
    environment = {**os.environ, "ASAN_OPTIONS": f"detect_leaks=0:max_allocation_size_mb={BYTES >> 20}:"
                   f"hard_rss_limit_mb={BYTES >> 20}:quarantine_size_mb=64",
                   "UBSAN_OPTIONS": "halt_on_error=1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment,
                              preexec_fn=limits(args.asan), timeout=3 * SECONDS * len(folders))
        rows = json.loads(done.stdout)
        report = done.stderr
    except subprocess.TimeoutExpired:
        rows, report = [], "timeout"
    except ValueError:
        rows, report = [], f"exit code {done.returncode}: {done.stderr}"
    if len(rows) == len(folders):
        return [(row["status"], row["detail"], report) for row in rows]
    if len(folders) == 1:
        return [("error", "ended without a result", report)]
    return [row for folder in folders for row in verify(args, [folder])]


def is_answer(status, detail):
    return not ("crashed with signal" in detail or "ended without a result" in detail)


def run_batch(args, models, numbers):
    counts, failures, folders = collections.Counter(), [], []
    for number in numbers:
        generator = random.Random(args.seed * 1000003 + number)
        model = generator.choice(models)
        folder = args.folder / f"mutant_{args.seed}_{number}"
        folder.mkdir()
        (folder / "model.onnx").write_bytes(Mutate.mutate(model.read_bytes(), generator))
        (folder / "test_data_set_0").symlink_to((model.parent / "test_data_set_0").resolve())
        folders.append((folder, model))
    for (folder, model), (status, detail, report) in zip(folders, verify(args, [folder for folder, _ in folders])):
        counts[status] += 1
        if is_answer(status, detail):
            shutil.rmtree(folder)
        else:
            failures.append(f"{folder} of {model}: {detail}")
            (folder / "report.txt").write_text(report)
    return counts, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ingot", required=True)
    parser.add_argument("--folder", required=True, type=pathlib.Path)
    parser.add_argument("--models", required=True, nargs="+", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--asan", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    shutil.rmtree(args.folder, ignore_errors=True)
    args.folder.mkdir(parents=True)
    models = find_models(args.models, args.folder)

    batches = [range(first, min(first + AT_ONCE, args.count)) for first in range(0, args.count, AT_ONCE)]
    counts, failures = collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for batch_counts, batch_failures in pool.map(lambda batch: run_batch(args, models, batch), batches):
            counts += batch_counts
            failures += batch_failures
            for failure in batch_failures:
                print(failure, flush=True)
    print(f"{args.count} mutants of {len(models)} models: {dict(sorted(counts.items()))}, {len(failures)} without an answer")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
