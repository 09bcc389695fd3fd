#!/usr/bin/env python3
#===- WriteGraphs.py - Random graphs, with what they compute ---------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Writes random graphs as test folders: NNSmith makes them; PyTorch, ONNX Runtime and ONNX's reference evaluator
compute them.

    pip install nnsmith torch onnx onnxruntime onnxscript
    WriteGraphs.py --folder FOLDER [--count 2000] [--seed 1] [--nodes 12] [--elements 4096]

Only outputs that have one answer are written: the engines must agree, and so must they with themselves after a relative
change of 1e-6 to every float that goes in, or to every float that an operator rounds. They differ where ONNX leaves the
result open (an integer divided by zero, a number cast to a type that cannot hold it), where rounding decides (a
comparison of nearly equal numbers, the largest of equal ones), and beside poles. Ingot has no say in it, and what is
written it must compute. The same seed and versions give the same graphs, where no limit of time was reached."""
import argparse
import functools
import pathlib
import random
import shutil
import signal
import warnings

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

# NNSmith relies on the exporter that traces; it has no way to say so.
torch.onnx.export = functools.partial(torch.onnx.export, dynamo=False)

from nnsmith.graph_gen import model_gen
from nnsmith.materialize import Model
from nnsmith.narrow_spec import auto_opset

DTYPES = ["float32", "float64", "int32", "int64", "bool"]
LARGEST = 16 << 20  # bytes of a model: NNSmith bounds the activations, and some of its weights have a gigabyte
SECONDS = 20  # for an engine: the reference evaluator needs minutes for some graphs
DRAWS = 3  # of rounding errors; one alone leaves half of the decisions between two equal numbers as they are
# Operators whose results are exact: they move or choose numbers, or make integers of them.
EXACT = set("Abs ArgMax ArgMin Cast Ceil Clip Concat Constant ConstantOfShape Expand Flatten Floor Gather Identity Max "
            "MaxPool Min Neg Pad ReduceMax ReduceMin Relu Reshape Round Sign Slice Split Squeeze Tile Transpose Trilu "
            "Unsqueeze Where".split())


def run_onnxruntime(model, inputs):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def run_reference(model, inputs):
    return ReferenceEvaluator(model).run(None, inputs)


def moved(values, generator):
    """The same with small errors in the floats."""
    return [numpy.asarray(v * (1 + generator.choice([-1e-6, 1e-6], v.shape)), v.dtype) if v.dtype.kind == "f" else v
            for v in map(numpy.asarray, values)]


def rounded(model, seed):
    """The model with small errors in what its operators round."""
    changed = shape_inference.infer_shapes(model)
    kinds = {v.name: v.type.tensor_type.elem_type for v in [*changed.graph.value_info, *changed.graph.output]}
    nodes = []
    for node in changed.graph.node:
        nodes.append(node)
        for place, name in enumerate(node.output):
            if node.op_type in EXACT or kinds.get(name) not in (TensorProto.FLOAT, TensorProto.DOUBLE):
                continue
            exact, factor = f"{name}/exact", f"{name}/factor"
            node.output[place] = exact
            nodes += [helper.make_node("RandomUniformLike", [exact], [factor], low=1 - 1e-6, high=1 + 1e-6,
                                       seed=float(seed * 1000 + len(nodes))),
                      helper.make_node("Mul", [exact, factor], [name])]
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del changed.graph.node[:]
    changed.graph.node.extend(nodes)
    return changed


def disturbed(model, inputs):
    """Pairs of a model and inputs that compute the same but for rounding."""
    generator = numpy.random.default_rng(0)
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    weights = [numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    for tensor, weight in zip(changed.graph.initializer, moved(weights, generator)):
        tensor.CopyFrom(numpy_helper.from_array(weight, tensor.name))
    yield model, inputs
    yield changed, dict(zip(inputs, moved(inputs.values(), generator)))
    for seed in range(DRAWS):
        yield rounded(model, seed), inputs


def stop(*_):
    raise TimeoutError


def answers(model, inputs):
    """What each engine that has kernels for the model computes, in time."""
    signal.signal(signal.SIGALRM, stop)
    for engine in (run_onnxruntime, run_reference):
        try:
            signal.alarm(SECONDS)
            results = [numpy.asarray(value) for value in engine(model, inputs)]
        except Exception:  # each engine has its own ways to say that it cannot
            continue
        finally:
            signal.alarm(0)
        yield results


def agree(first, second):
    return (first.dtype == second.dtype and first.shape == second.shape and
            numpy.allclose(first, second, rtol=3e-4, atol=3e-6, equal_nan=True))


def decided(model, inputs, expected):
    """The places of the outputs that have one answer."""
    places = range(len(expected))
    for case in disturbed(model, inputs):
        results = list(answers(*case))
        places = [i for i in places if results and all(agree(result[i], expected[i]) for result in results)]
    return places


def write(folder, model, inputs, outputs):
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    onnx.save(model, folder / "model.onnx")
    for role, infos, values in (("input", model.graph.input, inputs), ("output", model.graph.output, outputs)):
        for place, (info, value) in enumerate(zip(infos, values, strict=True)):
            proto = numpy_helper.from_array(numpy.asarray(value, order="C"), info.name)
            (data / f"{role}_{place}.pb").write_bytes(proto.SerializeToString())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=12, help="largest number of operators")
    parser.add_argument("--elements", type=int, default=4096, help="largest number of elements of a tensor")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    kind = Model.init("onnx", backend_target="cpu")
    kind.add_seed_setter()
    operators = auto_opset(kind, None)
    shutil.rmtree(args.folder, ignore_errors=True)

    written = generated = large = without = dropped = 0
    while written < args.count:
        seed = args.seed * 1000000 + generated
        generated += 1
        for library in (random, numpy.random, torch):
            getattr(library, "manual_seed", getattr(library, "seed", None))(seed % 2**32)
        try:
            graph = model_gen(opset=operators, method="symbolic-cinit", seed=seed, dtype_choices=DTYPES,
                              max_elem_per_tensor=args.elements, max_nodes=random.randint(2, args.nodes),
                              timeout_ms=10000)
            case = kind.from_gir(graph.make_concrete())
            case.refine_weights()
            model, oracle = case.native_model, case.make_oracle()
        except Exception:  # its exporter refuses some of its own graphs
            continue
        if model.ByteSize() > LARGEST:
            large += 1
            continue
        inputs = {info.name: oracle.input[info.name] for info in model.graph.input}
        expected = [oracle.output[info.name] for info in model.graph.output]
        with numpy.errstate(all="ignore"):
            places = decided(model, inputs, expected)
        if not places:
            without += 1
            continue
        dropped += len(expected) - len(places)
        for place in sorted(set(range(len(expected))) - set(places), reverse=True):
            del model.graph.output[place]
        write(args.folder / f"graph_{seed}", model, inputs.values(), [expected[i] for i in places])
        written += 1
    print(f"{generated} graphs: {written} written, {dropped} of their outputs left out because they have more than one "
          f"answer, {without} with no other outputs, {large} too large, "
          f"{generated - written - without - large} that NNSmith did not finish")


if __name__ == "__main__":
    main()
