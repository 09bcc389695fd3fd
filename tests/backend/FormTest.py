#!/usr/bin/env python3
#===- FormTest.py - Every form that an operator has had -------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Runs each operator in the form of each of its versions in force from opset 7 on.

    PYTHONPATH=ONNX FormTest.py --ingot PATH --tests FOLDER --folder FOLDER [--each COUNT] [--part K/N] [--jobs J]
                                [--filter REGEX] [--results FILE.json]

The tests are those of BackendTest.py (--tests is its folder), rewritten by Forms.py, and those of WrittenCases.py. A
version is tested when one passes and none fails; the others must have their reason below. --each is how many run for a
form that differs from the next (others have one), 0 stands for all. --part 1/3 runs every third version. --folder takes
the tests, and `report.txt` with a line for each version."""
import pathlib
import re
import sys

from BackendTest import SKIPPED, write_tests
from Report import Variants, arguments

try:
    import onnx
except ImportError:
    onnx = None
if onnx:
    from Cases import Unfit, check_fits, form, opset_of, read_cases, versions
    from Forms import adapt
    from WrittenCases import written_cases

# Why an operator, or a version of it, has no test that passes.
RANDOM = "refused: its results are random"
STRINGS = "refused: tensors of strings"
UNTESTED = {
    "Bernoulli": RANDOM,
    "ImageDecoder": "refused: it decodes files",
    "Multinomial": RANDOM,
    "NonMaxSuppression": "refused: the size of its result depends on data",
    "RandomNormal": RANDOM,
    "RandomNormalLike": RANDOM,
    "RandomUniform": RANDOM,
    "RandomUniformLike": RANDOM,
    "RegexFullMatch": STRINGS,
    "StringConcat": STRINGS,
    "StringNormalizer": STRINGS,
    "StringSplit": STRINGS,
}


def spread(cases, count):
    """So many of the cases: the one that says most, the one that says least, and others."""
    size = lambda case: len(case.node.attribute) + len(case.inputs) + len(case.outputs)
    ranked = sorted(cases, key=size, reverse=True)
    return ranked[:1] + (ranked[:0:-1])[:count - 1] if count else ranked


def fitting(schema, newest, cases):
    """The cases in a version's form."""
    found = []
    for case in cases:
        try:
            found.append(adapt(case, schema, newest))
        except Unfit:
            continue
    return found


def fitting_written(schema, written):
    found = [case.copy(opset=opset_of(schema)) for case, least, most in written if least <= schema.since_version <= most]
    for case in found:
        check_fits(case, schema)
    return found


def operators(args):
    """Each operator that --filter lets through: its name, its schemas, and its backend and written cases."""
    write_tests(args.tests, pathlib.Path(onnx.__file__).parents[1])
    cases, written = read_cases(args.tests), written_cases()
    for key, schemas in versions().items():
        operator = ".".join(filter(None, key))
        if re.search(args.filter, operator):
            yield operator, schemas, cases[key], written[key]


def main():
    args = arguments(__doc__, each=2)
    if not onnx:
        print("no onnx package; tests/setup.sh installs it")
        return SKIPPED
    variants = Variants(args, "forms", UNTESTED)
    for operator, schemas, cases, written in operators(args):
        for schema, later in zip(schemas, [*schemas[1:], None]):
            if schema.deprecated and not later:
                continue  # the operator was taken out
            found = fitting(schema, schemas[-1], cases)
            own = fitting_written(schema, written)
            picked = spread(found, args.each if later and form(schema) != form(later) or not args.each else 1)
            variants.add(operator, schema.since_version, own + picked, [c for c in found if c not in picked])
    return variants.run()


if __name__ == "__main__":
    sys.exit(main())
