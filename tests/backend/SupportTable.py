#!/usr/bin/env python3
#===- SupportTable.py - Which operators, and how far ----------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Writes frontends/onnx/SUPPORT.md: every operator of ONNX, its versions, and what the tests here showed of it.

    BackendTest.py --ingot INGOT --folder TESTS --onnx ONNX --results tests.json
    PYTHONPATH=ONNX FormTest.py --ingot INGOT --tests TESTS --folder FORMS --results forms.json
    PYTHONPATH=ONNX TypeTest.py --ingot INGOT --tests TESTS --folder TYPES --results types.json
    PYTHONPATH=ONNX GradientTest.py --ingot INGOT --tests TESTS --folder GRADIENTS --results gradients.json
    PYTHONPATH=ONNX SupportTable.py --folder TESTS --results tests.json --forms forms.json --types types.json
                                    --gradients gradients.json

An operator's tests are those whose model is that one node; its types are those of the first inputs of the tests that
pass, and the float types in which it is tested. It is differentiable where its gradients agree with differences, and
otherwise the reason stands that it is not tested."""
import argparse
import collections
import json
import pathlib

import onnx
from onnx import defs

from GradientTest import UNTESTED

TARGET = pathlib.Path(__file__).resolve().parents[2] / "frontends/onnx/SUPPORT.md"
NAMES = {1: "f32", 2: "u8", 3: "i8", 4: "u16", 5: "i16", 6: "i32", 7: "i64", 8: "string", 9: "bool", 10: "f16", 11: "f64",
         12: "u32", 13: "u64", 14: "c64", 15: "c128", 16: "bf16", 17: "f8e4m3fn", 18: "f8e4m3fnuz", 19: "f8e5m2",
         20: "f8e5m2fnuz", 21: "u4", 22: "i4", 23: "f4e2m1", 24: "f8e8m0", 25: "u2", 26: "i2"}


def versions():
    """The versions of each operator that is not withdrawn, by domain and name."""
    found = collections.defaultdict(dict)
    for schema in defs.get_all_schemas_with_history():
        if schema.domain in ("", "ai.onnx.preview.training"):
            found[schema.domain, schema.name][schema.since_version] = schema.deprecated
    return {key: {version for version in since if version != max(since) or not since[version]} for key, since in found.items()}


def tensor_type(value):
    return value.type.tensor_type.elem_type


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True, type=pathlib.Path)
    for results in ("--results", "--forms", "--types", "--gradients"):
        parser.add_argument(results, required=True, type=pathlib.Path)
    args = parser.parse_args()
    forms, types_tested, gradients = (json.loads(path.read_text()) for path in (args.forms, args.types, args.gradients))

    tests = collections.defaultdict(list)  # of an operator: folder, model, whether it passes
    for name, status in json.loads(args.results.read_text()).items():
        folder = args.folder / name
        if "_expanded" in name or not folder.exists():
            continue
        model = onnx.load(folder / "model.onnx")
        if len(model.graph.node) == 1 and not model.functions:
            node = model.graph.node[0]
            tests[node.domain, node.op_type].append((folder, model, status == "passed"))
    lines, supported = [], 0
    for (domain, name), since in sorted(versions().items()):
        rows = tests[domain, name]
        passing = [(folder, model) for folder, model, passes in rows if passes]
        operator = ".".join(filter(None, (domain, name)))
        types = {tensor_type(model.graph.input[0]) for _, model in passing if model.graph.input}
        types |= {number for number, word in NAMES.items() if types_tested.get(operator, {}).get(word)}
        tested = [version for version, is_tested in forms.get(operator, {}).items() if is_tested]
        if tested and not passing and operator in types_tested:
            types.add(1)  # the tests of WrittenCases.py are f32
        if not tested:
            derivative = ""
        elif operator in gradients:
            derivative = "yes" if gradients[operator]["f64"] else f"no: {UNTESTED.get(operator, 'a test fails')}"
        else:
            derivative = "no float operand or result"
        supported += bool(tested)
        lines.append(f"| {operator} | {', '.join(map(str, sorted(since)))} | {', '.join(tested)} | "
                     f"{', '.join(NAMES.get(t, '') for t in sorted(types))} | {len(passing)} of {len(rows)} | {derivative} |\n")
    TARGET.write_text(
        "# Operators\n\n"
        f"ONNX {onnx.__version__} has {len(lines)} operators; {supported} of them are supported. This table is written by\n"
        "`tests/backend/SupportTable.py`: the versions of each operator; those of them, in force from opset 7 on, whose form a\n"
        "test passes in; the types of the first inputs of the backend tests that pass, and the float types that a test of the\n"
        "operator passes in; how many of its own backend tests pass; and whether a test of its gradients passes. What does not\n"
        "pass is refused when a model is imported, with exit code 2.\n\n"
        "| operator | versions | forms tested | types | tests | differentiable |\n|---|---|---|---|--:|---|\n" + "".join(lines))


if __name__ == "__main__":
    main()
