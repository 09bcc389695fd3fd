#===- Differences.py - Derivatives by differences -------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""The derivatives of a test's losses in random directions, from differences of ONNX's reference evaluator in f64."""
import dataclasses

import numpy

from Cases import Unfit
from Types import FLOATS, evaluated, retyped

STEP = 1e-5
DIRECTIONS = 2  # for each input
TRIES = 5  # of other inputs, where the result is not smooth at the test's own


@dataclasses.dataclass
class Derivatives:
    case: object
    targets: dict  # of each float output, the target of its loss, the mean of squares
    wanted: list  # input, direction, and the derivative and its tolerance for each target


def others(rng, value):
    """Random numbers of an array's range."""
    finite = value[numpy.isfinite(value)]
    low, high = (finite.min(), finite.max()) if finite.size else (0, 0)
    slack = max(1, abs(low)) / 2 if low == high else 0
    return rng.uniform(low - slack, high + slack, value.shape).astype(value.dtype)


def losses(case, inputs, targets):
    outputs = evaluated(dataclasses.replace(case, inputs={**case.inputs, **inputs}))
    if any(outputs[name].shape != target.shape for name, target in targets.items()):
        raise Unfit("the result's shape depends on data")
    return numpy.array([numpy.mean((outputs[name] - target)**2) for name, target in targets.items()])


def derivative(case, targets, name, direction):
    """By each target's loss; raises Unfit where two steps, or the two sides, do not agree."""
    here = losses(case, {}, targets)
    central, uneven = [], []
    for step in (STEP, STEP / 4):
        up, down = (losses(case, {name: case.inputs[name] + sign * step * direction}, targets) for sign in (1, -1))
        central.append((up - down) / (2 * step))
        uneven.append(abs(up - 2 * here + down) / step)  # shrinks with the step, unless there is a kink
    tolerance = 1e-5 * abs(central[0]) + 1e-8 * numpy.maximum(1, abs(here))
    if not (numpy.isfinite(here).all() and (abs(central[0] - central[1]) < tolerance / 2).all()):
        raise Unfit("the result is not smooth")
    if ((uneven[1] > tolerance) & (uneven[1] > uneven[0] / 2)).any():
        raise Unfit("the result has a kink")
    return central[0], tolerance


def derivatives(case, schema, names, seed):
    """By the inputs of these names, at the case's values or, where the result is not smooth there, others like them."""
    rng, why = numpy.random.default_rng(seed), None
    for attempt in range(TRIES):
        if attempt:
            case = case.copy()
            case.inputs.update({name: others(rng, case.inputs[name]) for name in names})
        is_f64 = any(value.dtype == FLOATS["f64"] for value in case.inputs.values())
        exact = case if is_f64 else retyped(case, schema, FLOATS["f64"], FLOATS["f32"])
        try:
            outputs = evaluated(exact)
            targets = {}
            for name, value in outputs.items():
                dtype = case.outputs[name].dtype
                if dtype in (FLOATS["f32"], FLOATS["f64"]) and value.size:
                    targets[name] = numpy.asarray(value + rng.normal(size=value.shape)).astype(dtype)
            wanted = []
            for name in names:
                for _ in range(DIRECTIONS):
                    direction = rng.normal(size=case.inputs[name].shape)
                    wanted.append((name, direction, *derivative(exact, targets, name, direction)))
            return Derivatives(case, targets, wanted)
        except Unfit as error:
            why = error
    raise why
