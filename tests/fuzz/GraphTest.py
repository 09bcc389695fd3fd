#!/usr/bin/env python3
#===- GraphTest.py - Random graphs compute what they should ----------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Runs the random graphs of WriteGraphs.py: every one must compile and give what the other engines gave.

    GraphTest.py --ingot PATH --graphs FOLDER_OR_ARCHIVE [--folder FOLDER] [--jobs J]

An archive is unpacked in --folder. The one in this folder holds 200 graphs, kept because making them takes packages and
a network that a fresh machine does not have; `--count 200 --seed 2 --elements 256` wrote them."""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

AT_ONCE = 20
SECONDS = 600  # for so many


def verify(ingot, folders):
    # Sums cancel: their rounding errors are absolute.
    command = [ingot, "verify", "--json", "--threads", "1", "--rtol", "1e-3", "--atol", "1e-5", *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return [{"name": str(folders[0]), "status": "error", "detail": f"exit code {done.returncode}: {done.stderr}"}]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ingot", required=True)
    parser.add_argument("--graphs", required=True, type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    root = args.graphs
    if root.is_file():
        root = args.folder
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        with tarfile.open(args.graphs) as archive:
            archive.extractall(root)
    graphs = sorted(model.parent for model in root.glob("*/model.onnx"))
    batches = [graphs[i:i + AT_ONCE] for i in range(0, len(graphs), AT_ONCE)]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        rows = [row for rows in pool.map(lambda batch: verify(args.ingot, batch), batches) for row in rows]
    for row in rows:
        if row["status"] != "passed":
            print(f"{row['name']}: {row['status']}: {row['detail']}")
    counts = collections.Counter(row["status"] for row in rows)
    print(f"{len(graphs)} graphs: {dict(counts)}")
    return 0 if graphs and counts["passed"] == len(graphs) else 1


if __name__ == "__main__":
    sys.exit(main())
