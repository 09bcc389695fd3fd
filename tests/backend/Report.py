#===- Report.py - What is tested, and what is not -------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Runs the variants of operators, versions or types, and says which are tested. A variant is tested when one of its tests
passes and none fails; one whose tests are all refused, or that has none, must have a stated reason."""
import argparse
import json
import os
import pathlib
import shutil

from BackendTest import is_refused, reason, verify_all


def arguments(description, each):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ingot", required=True)
    parser.add_argument("--tests", required=True, type=pathlib.Path)
    parser.add_argument("--folder", required=True, type=pathlib.Path)
    parser.add_argument("--each", type=int, default=each)
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--filter", default="")
    parser.add_argument("--results", type=pathlib.Path, help="write which variants are tested, for SupportTable.py")
    return parser.parse_args()


class Variants:
    """The variants of operators, each with the tests that are to run and those that stand in when all are refused, made
    when they are needed."""

    def __init__(self, args, name, reasons):
        self.args, self.name, self.reasons = args, name, reasons
        self.tests, self.spare, self.tolerance = {}, {}, {}
        first, self.step = map(int, args.part.split("/"))
        self.skipped = first - 1
        shutil.rmtree(args.folder, ignore_errors=True)
        args.folder.mkdir(parents=True)

    def add(self, operator, variant, tests, spare=(), tolerance=()):
        key = operator, variant
        self.tests[key], self.spare[key], self.tolerance[key] = tests, spare, tolerance

    def part(self):
        return list(self.tests)[self.skipped::self.step]

    def run(self):
        part = self.part()
        self.rows = {key: [] for key in part}
        self.verify([(key, case) for key in part for case in self.tests[key]])
        self.verify([(key, case) for key in part if self.rows[key] and all(is_refused(r) for _, r in self.rows[key])
                     for case in self.spare[key]])
        return self.report()

    def verify(self, chosen):
        for tolerance in sorted(set(self.tolerance.values())):
            batch = [(key, case) for key, case in chosen if self.tolerance[key] == tolerance]
            folders = [self.args.folder / f"{key[0]}-{key[1]}-{case.name}" for key, case in batch]
            for (_, case), folder in zip(batch, folders):
                case.write(folder)
            for (key, case), row in zip(batch, verify_all(self.args, folders, "jit", tolerance)):
                self.rows[key].append((case.name, row))

    def verdict(self, key):
        rows = self.rows[key]
        failed = [f"{test}: {reason(row)}" for test, row in rows if row["status"] != "passed" and not is_refused(row)]
        passed = [test for test, row in rows if row["status"] == "passed"]
        if failed:
            return "FAILS: " + "; ".join(failed)
        if passed:
            return "yes: " + ", ".join(passed)
        why = self.reasons.get(" ".join(map(str, key))) or self.reasons.get(key[0])
        refused = "; ".join(f"{test}: {reason(row)}" for test, row in rows)
        return f"no: {why}" if why else f"NOT TESTED: {refused or 'there is no test'}"

    def report(self):
        verdicts = {key: self.verdict(key) for key in self.rows}
        lines = [f"{operator} {variant}: {verdict}\n" for (operator, variant), verdict in verdicts.items()]
        (self.args.folder / "report.txt").write_text("".join(lines))
        if self.args.results:
            results = {}
            for (operator, variant), verdict in verdicts.items():
                results.setdefault(operator, {})[variant] = verdict.startswith("yes")
            self.args.results.write_text(json.dumps(results))
        wrong = [line for line in lines if line.split(": ")[1].isupper()]
        print("".join(wrong), end="")
        print(f"{len(self.rows)} of {len(self.tests)} {self.name} with {sum(map(len, self.rows.values()))} tests: "
              f"{sum(v.startswith('yes') for v in verdicts.values())} are tested, "
              f"{sum(v.startswith('no') for v in verdicts.values())} are not for a reason, {len(wrong)} are wrong; see "
              f"{self.args.folder / 'report.txt'}")
        return 1 if wrong else 0
