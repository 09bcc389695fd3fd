#!/usr/bin/env python3
#===- TypeTest.py - Every float operator in every float type --------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Runs each operator in f16, bf16 and f64, as far as its newest version takes them.

    PYTHONPATH=ONNX TypeTest.py --ingot PATH --tests FOLDER --folder FOLDER [--each COUNT] [--part K/N] [--jobs J]
                                [--filter REGEX] [--results FILE.json]

The tests are those of BackendTest.py (--tests is its folder) and of WrittenCases.py, rewritten by Types.py; --each is how
many run for an operator and type, 0 stands for all. A type is tested when one passes and none fails; the others must have
their reason below. --part 1/3 runs every third. --folder takes the tests, and `report.txt` with a line for each operator
and type."""
import itertools
import sys
import warnings

from BackendTest import SKIPPED
from FormTest import RANDOM, fitting_written, operators, spread
from Report import Variants, arguments

try:
    import onnx
except ImportError:
    onnx = None
if onnx:
    import numpy
    from Cases import Unfit
    from Types import FLOATS, of_type

# Against results in f64 that are rounded once. The narrow types are computed in f32 and rounded at each op's result, of
# which a composite operator has several: a few units in the last place (2^-10, 2^-7), and as much of 1 where sums cancel.
TOLERANCES = {"f16": (4e-3, 2e-3), "bf16": (3.2e-2, 1.6e-2), "f64": (1e-7, 1e-9)}
# What ONNX defines with steps or constants in f32 whatever the type is.
IN_F32 = {"BlackmanWindow", "GroupNormalization", "HammingWindow", "HannWindow", "HardSwish"}
IN_F32_TOLERANCE = 1e-5, 1e-6
UNTESTED = {
    "Bernoulli": RANDOM,
    "Multinomial": RANDOM,
    "RandomNormal": RANDOM,
    "RandomNormalLike": RANDOM,
    "RandomUniform": RANDOM,
    "RandomUniformLike": RANDOM,
    "SplitToSequence bf16": "no operator takes a sequence of it",
}


def takes(schema, name):
    """Whether an operand may be a tensor of a float type."""
    word = {"f16": "tensor(float16)", "bf16": "tensor(bfloat16)", "f64": "tensor(double)"}[name]
    return any(word in formal.types for formal in [*schema.inputs, *schema.outputs])


def of_types(schema, cases, name):
    """The cases in a float type, one by one: f32 ones before others, those that compute something before others, and
    those that say most and least first."""
    def rank(case):
        inputs, outputs = case.inputs.values(), case.outputs.values()
        computes = all(y.size and not any(numpy.array_equal(x, y) for x in inputs) for y in outputs)
        return any(v.dtype == FLOATS["f32"] for v in inputs), computes and all(x.size or x.ndim == 1 for x in inputs)

    for case in sorted(spread(cases, len(cases)), key=rank, reverse=True):
        try:
            yield of_type(case, schema, name)
        except Unfit:
            continue


def main():
    args = arguments(__doc__, each=1)
    if not onnx:
        print("no onnx package; tests/setup.sh installs it")
        return SKIPPED
    warnings.filterwarnings("ignore")  # of numbers that overflow, as they should
    variants = Variants(args, "operators in a float type", UNTESTED)
    for operator, schemas, cases, written in operators(args):
        schema = [s for s in schemas if not s.deprecated][-1]
        for name, tolerance in TOLERANCES.items():
            if takes(schema, name):
                found = of_types(schema, fitting_written(schema, written) + cases, name)
                rtol, atol = IN_F32_TOLERANCE if name == "f64" and operator in IN_F32 else tolerance
                variants.add(operator, name, itertools.islice(found, args.each or None), found,
                             ("--rtol", str(rtol), "--atol", str(atol)))
    return variants.run()


if __name__ == "__main__":
    sys.exit(main())
