#!/usr/bin/env python3
#===- WriteTests.py - ONNX's backend tests as folders ----------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""WriteTests.py FOLDER: writes every backend test of the installed onnx package but its light models, whose weights are
constants. The tests of single operators are generated, the others are part of the package."""
import pathlib
import shutil
import sys
import warnings

import numpy
import onnx
import onnx.backend.test
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases


def proto(value, info):
    """A value of a test as what its file holds."""
    if not isinstance(value, (onnx.TensorProto, onnx.SequenceProto, onnx.OptionalProto)):
        kind = info.type.WhichOneof("value")
        if kind == "optional_type":
            value = numpy_helper.from_optional(value, info.name, *([onnx.OptionalProto.TENSOR] if value is None else []))
        elif kind == "sequence_type":
            value = numpy_helper.from_list([numpy.asarray(item) for item in value], info.name)
        else:
            value = numpy_helper.from_array(numpy.asarray(value, order="C"), info.name)
    value.name = info.name
    return value


def main():
    root = pathlib.Path(sys.argv[1])
    warnings.filterwarnings("ignore")
    numpy.random.seed(0)  # the same numbers every time
    for case in collect_testcases(None):
        folder = root / "node" / case.name
        folder.mkdir(parents=True)
        onnx.save(case.model, folder / "model.onnx")
        for number, data in enumerate(case.data_sets):
            files = folder / f"test_data_set_{number}"
            files.mkdir()
            for role, values, infos in zip(("input", "output"), data, (case.model.graph.input, case.model.graph.output)):
                for place, (value, info) in enumerate(zip(values, infos)):
                    (files / f"{role}_{place}.pb").write_bytes(proto(value, info).SerializeToString())
    package = pathlib.Path(onnx.backend.test.__file__).parent / "data"
    for suite in ("simple", "pytorch-converted", "pytorch-operator"):
        shutil.copytree(package / suite, root / suite)


if __name__ == "__main__":
    main()
