#!/usr/bin/env python3
#===- GradientTest.py - Every operator's gradients ------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Compares the gradients of each operator with differences of ONNX's reference evaluator.

    PYTHONPATH=ONNX GradientTest.py --ingot PATH --tests FOLDER --folder FOLDER [--each COUNT] [--part K/N] [--jobs J]
                                    [--filter REGEX] [--results FILE.json]

The tests are those of TypeTest.py in f64, at other inputs where the result is not smooth at their own; the loss is the
mean of squares of each float output less a random target, and the gradients are those by all float inputs. --each is how
many run for an operator, and more until each input that ONNX calls differentiable has a gradient that is not zero; 0
stands for all. An operator is tested when there is such a gradient by each of these inputs, or by one where ONNX says
nothing, and no gradient is wrong; the others must have their reason below. --part 1/3 runs every third operator. --folder
takes the tests, and `report.txt` with a line for each operator."""
import concurrent.futures
import itertools
import multiprocessing
import re
import subprocess
import sys
import warnings
import zlib

from BackendTest import SECONDS, SKIPPED, is_refused
from FormTest import RANDOM, fitting_written, operators
from Report import Variants, arguments

try:
    import onnx
except ImportError:
    onnx = None
if onnx:
    import numpy
    from onnx import numpy_helper
    from onnx.defs import OpSchema
    from Cases import Unfit, parameter
    from Differences import derivatives
    from TypeTest import IN_F32, of_types, takes
    from Types import FLOATS

MOST = 12  # tests of one operator, if --each does not say so
NARROW = 2e-5  # of the sum of what a derivative is the sum of, in f32
HELD = "its operands are constants of what is compiled"
UNTESTED = {
    "Bernoulli": RANDOM,
    "BitCast": "what it makes of bits has no derivative",
    "DynamicQuantizeLinear": "its scale is the largest float less the smallest, which its evaluator rounds to f32",
    "MelWeightMatrix": HELD,
    "RandomNormalLike": RANDOM,
    "RandomUniformLike": RANDOM,
    "Range": HELD,
    "Unique": "ONNX calls its input not differentiable",
}
# What is constant where it is smooth: its gradients are zero.
CONSTANT = {"Ceil", "EyeLike", "Floor", "Hardmax", "Round", "Sign"}
# Inputs that are read when the model is compiled, or choose elements.
CHOICES = {"MaxRoiPool": {"rois"}, "MelWeightMatrix": {"lower_edge_hertz", "upper_edge_hertz"},
           "OneHot": {"indices", "depth"}, "Range": {"start", "limit", "delta"}, "Resize": {"roi", "scales"},
           "Unique": {"X"}, "Upsample": {"scales"}}


def is_differentiable(formal):
    return formal.differentiation_category == OpSchema.DifferentiationCategory.Differentiable


def has_floats(formals):
    return any(re.search(r"tensor\((float|double)\)|seq\(tensor\(float", word) for v in formals for word in v.types)


def inputs_of(case, schema):
    """The float inputs, each with its formal parameter or, around other nodes, none."""
    formals = {name: parameter(schema.inputs, i) for i, name in enumerate(case.node.input)}
    return {name: formals.get(name) for name, value in case.inputs.items()
            if value.dtype in (FLOATS["f32"], FLOATS["f64"]) and value.size
            and not (formals.get(name) and formals[name].name in CHOICES.get(schema.name, ()))}


def derivatives_of(case, schema, names):
    """By all the inputs or, where the result is not smooth in others, by those that ONNX calls differentiable."""
    seed, called = zlib.crc32(case.name.encode()), [name for name, formal in names.items() if formal and is_differentiable(formal)]
    try:
        return derivatives(case, schema, list(names), seed)
    except Unfit:
        if not called or len(called) == len(names):
            raise
        return derivatives(case, schema, called, seed)


def grad(args, found, output, folder):
    """The gradients by an output's loss, or what went wrong."""
    found.case.write(folder)
    data, out = folder / "test_data_set_0", folder / "gradients"
    proto = numpy_helper.from_array(numpy.asarray(found.targets[output]), "target")
    (data / f"input_{len(found.case.inputs)}.pb").write_bytes(proto.SerializeToString())
    names = {name for name, *_ in found.wanted}
    pattern = "|".join("^" + re.sub(r"([^A-Za-z0-9_])", r"\\\1", name) + "$" for name in names)
    command = [args.ingot, "grad", folder / "model.onnx", "--loss", f"mse({output},target)", "--wrt", pattern,
               "--inputs", data, "-o", out, "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    detail = done.stderr.removeprefix("error: ") or f"exit code {done.returncode}"
    if done.returncode == 2 and "has no gradient" in detail:
        detail = "1 of 1 nodes are unsupported\n\n" + detail  # as if the import had refused it
    if done.returncode:
        return {"status": "unsupported" if done.returncode == 2 else "failed", "detail": detail}
    return {name: numpy.load(out / (name.replace("/", "%2F") + ".npy")) for name in names}


def compare(found, output, gradients):
    """One line for each gradient that differs."""
    place = list(found.targets).index(output)
    for name, direction, values, tolerances in found.wanted:
        gradient, wanted, tolerance = gradients[name], values[place], tolerances[place]
        if gradient.shape != direction.shape or gradient.dtype != found.case.inputs[name].dtype:
            yield f"the gradient by {name} is {gradient.dtype}{list(gradient.shape)}"
            continue
        terms = gradient * direction
        if gradient.dtype == FLOATS["f32"] or found.targets[output].dtype == FLOATS["f32"] or found.case.node.op_type in IN_F32:
            tolerance += NARROW * (abs(terms).sum() + abs(wanted))
        if not abs(terms.sum() - wanted) <= tolerance:
            yield f"the derivative by {name} is {terms.sum()}, want {wanted} to {tolerance}"


class Gradients(Variants):
    def is_enough(self, seen, ran, schema):
        """Whether so many tests have run, and by each input that ONNX calls differentiable there is a gradient."""
        wanted = {v.name for v in schema.inputs if is_differentiable(v)}
        return 0 < self.args.each <= ran and (seen and seen >= wanted or schema.name in CONSTANT)

    def run_one(self, key):
        """The rows of an operator's tests, and the inputs by which there is a gradient that is not zero."""
        schema, written, cases = self.tests[key]
        name = "f64" if takes(schema, "f64") else "f32"
        rows, seen, ran, tried = [], set(), 0, 0
        for case in itertools.chain(of_types(schema, written, name), of_types(schema, cases, name)):
            names = inputs_of(case, schema)
            # What is still to be seen has to be there.
            if not names or self.args.each and ran >= self.args.each and not {v.name for v in names.values() if v} - seen:
                continue
            if self.is_enough(seen, ran, schema) or self.args.each and tried == MOST:
                break
            tried += 1
            try:
                found = derivatives_of(case, schema, names)
            except Unfit:
                continue
            tests = [self.row(key, found, output, place) for place, output in enumerate(found.targets)]
            rows += tests
            ran += not all(is_refused(row) for _, row in tests)
            for name_, _, values, tolerances in found.wanted:
                if (abs(values) > 100 * tolerances).any():
                    seen.add(names[name_].name if names[name_] else name_)
        return rows, seen

    def row(self, key, found, output, place):
        result = grad(self.args, found, output, self.args.folder / f"{key[0]}-{found.case.name}-{place}")
        if "status" not in result:
            wrong = list(compare(found, output, result))
            result = {"status": "failed" if wrong else "passed", "detail": "; ".join(wrong)}
        return f"{found.case.name} {output}", result

    @staticmethod
    def share(gradients):
        Gradients.shared = gradients

    @staticmethod
    def run_shared(key):
        return Gradients.shared.run_one(key)

    def run(self):
        self.rows, self.seen = {}, {}
        forked = multiprocessing.get_context("fork")  # which takes over schemas, that cannot be sent
        with concurrent.futures.ProcessPoolExecutor(self.args.jobs, forked, Gradients.share, (self,)) as pool:
            for key, (rows, seen) in zip(self.part(), pool.map(Gradients.run_shared, self.part())):
                self.rows[key], self.seen[key] = rows, seen
        return self.report()

    def verdict(self, key):
        verdict, schema = super().verdict(key), self.tests[key][0]
        missing = {v.name for v in schema.inputs if is_differentiable(v)} - self.seen[key]
        if verdict.startswith("yes") and key[0] not in CONSTANT and (missing or not self.seen[key]):
            return f"NOT TESTED: each gradient is zero by {', '.join(sorted(missing)) or 'all'}"
        return verdict


def main():
    args = arguments(__doc__, each=2)
    if not onnx:
        print("no onnx package; tests/setup.sh installs it")
        return SKIPPED
    warnings.filterwarnings("ignore")  # of numbers that overflow, as they should
    variants = Gradients(args, "operators", UNTESTED)
    for operator, schemas, cases, written in operators(args):
        schema = [s for s in schemas if not s.deprecated][-1]
        captures = any(a.type == OpSchema.AttrType.GRAPH for a in schema.attributes.values())
        if (captures or has_floats(schema.inputs)) and has_floats(schema.outputs):
            variants.add(operator, "f64", (schema, fitting_written(schema, written), cases))
    return variants.run()


if __name__ == "__main__":
    sys.exit(main())
