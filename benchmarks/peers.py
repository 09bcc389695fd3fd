#!/usr/bin/env python3
#===- peers.py - Times ONNX Runtime on a model or on the kernels ----------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""One process, one measurement: scripts that compare engines start it in turn with Ingot's program.

    peers.py time MODEL.onnx [--inputs DIR] [--outputs DIR] [--threads N] [--seconds S]   {"min_ms": .., "median_ms": ..}
    peers.py kernels [--filter REGEX] [--threads N] [--seconds S]                         {NAME: {"min_ms": ..}}

Needs numpy, onnx and onnxruntime."""
import argparse
import json
import pathlib
import re
import statistics
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)


def session(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def measure(engine, feeds, seconds):
    """Run times in milliseconds; the first runs, which allocate and spin threads up, do not count."""
    names = [o.name for o in engine.get_outputs()]
    for _ in range(3):
        engine.run(names, feeds)
    times, end = [], time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        engine.run(names, feeds)
        times.append((time.perf_counter() - start) * 1e3)
    return {"min_ms": min(times), "median_ms": statistics.median(times), "runs": len(times)}


def read_tensors(folder, kind):
    files = sorted(pathlib.Path(folder).glob(f"{kind}_*.pb"), key=lambda f: int(f.stem.split("_")[1]))
    return [numpy_helper.to_array(onnx.load_tensor(f)) for f in files]


def time_model(args):
    engine = session(args.model, args.threads)
    inputs = read_tensors(args.inputs or pathlib.Path(args.model).parent / "test_data_set_0", "input")
    feeds = {i.name: value for i, value in zip(engine.get_inputs(), inputs)}
    if args.outputs:
        folder = pathlib.Path(args.outputs)
        folder.mkdir(parents=True, exist_ok=True)
        for output, value in zip(engine.get_outputs(), engine.run(None, feeds)):
            np.save(folder / (output.name.replace("/", "%2F") + ".npy"), value)
    return measure(engine, feeds, args.seconds)


class Graph:
    """The few lines that it takes to write a model by hand."""

    def __init__(self):
        self.nodes, self.weights, self.inputs = [], [], {}

    def input(self, name, *shape):
        self.inputs[name] = shape
        return name

    def weight(self, *shape):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(random.uniform(0.01, 0.11, shape).astype(np.float32), name))
        return name

    def ints(self, *values):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def node(self, op, *operands, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, operands, [name], **attributes))
        return name

    def model(self, result):
        value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, "kernel", [value(n, s) for n, s in self.inputs.items()],
                                  [value(result, None)], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


# The engine reorders its activations at the ends of a graph, so the convolutions below come as chains of eight, and
# the time is divided by eight: what one costs in the middle of a network.
CHAIN = 8


def conv_bn_relu(size, channels):
    g = Graph()
    x = g.input("x", 1, channels, size, size)
    for _ in range(CHAIN):
        x = g.node("Conv", x, g.weight(channels, channels, 3, 3), pads=[1, 1, 1, 1])
        x = g.node("Relu", g.node("BatchNormalization", x, *(g.weight(channels) for _ in range(4))))
    return g.model(x), CHAIN


def depthwise_relu6(size, channels):
    g = Graph()
    x = g.input("x", 1, channels, size, size)
    for _ in range(CHAIN):
        x = g.node("Conv", x, g.weight(channels, 1, 3, 3), g.weight(channels), pads=[1, 1, 1, 1], group=channels)
        low, high = (numpy_helper.from_array(np.float32(v), f"c{len(g.weights)}_{v}") for v in (0, 6))
        g.weights += [low, high]
        x = g.node("Clip", x, low.name, high.name)
    return g.model(x), CHAIN


def gemm_gelu(m, k, n):
    g = Graph()
    y = g.node("MatMul", g.input("x", m, k), g.weight(k, n))
    return g.model(g.node("Gelu", g.node("Add", y, g.weight(n)))), 1


def gemm_relu(m, k, n):
    g = Graph()
    y = g.node("MatMul", g.input("x", m, k), g.weight(k, n))
    return g.model(g.node("Relu", g.node("Add", y, g.weight(n)))), 1


def attention(tokens, heads=12, depth=64):
    g = Graph()
    shape = (1, heads, tokens, depth)
    q, k, v = (g.input(n, *shape) for n in "qkv")
    scale = numpy_helper.from_array(np.float32(depth ** -0.5), "scale")
    g.weights.append(scale)
    scores = g.node("Mul", g.node("MatMul", q, g.node("Transpose", k, perm=[0, 1, 3, 2])), "scale")
    return g.model(g.node("MatMul", g.node("Softmax", scores, axis=-1), v)), 1


def softmax(rows, columns):
    g = Graph()
    return g.model(g.node("Softmax", g.input("x", rows, columns), axis=-1)), 1


def layer_norm(rows, columns):
    g = Graph()
    x = g.input("x", rows, columns)
    return g.model(g.node("LayerNormalization", x, g.weight(columns), g.weight(columns), axis=-1)), 1


# The names are those of Kernels.cpp.
KERNELS = {
    "conv_bn_relu/56x56x64": lambda: conv_bn_relu(56, 64),
    "conv_bn_relu/28x28x128": lambda: conv_bn_relu(28, 128),
    "conv_bn_relu/14x14x256": lambda: conv_bn_relu(14, 256),
    "depthwise_relu6/112x112x32": lambda: depthwise_relu6(112, 32),
    "depthwise_relu6/28x28x192": lambda: depthwise_relu6(28, 192),
    "gemm_relu/128x768x3072": lambda: gemm_relu(128, 768, 3072),
    "gemm_gelu/128x768x3072": lambda: gemm_gelu(128, 768, 3072),
    "attention/128": lambda: attention(128),
    "attention/512": lambda: attention(512),
    "attention/1024": lambda: attention(1024),
    "attention/2048": lambda: attention(2048),
    "softmax/1536x512": lambda: softmax(1536, 512),
    "layer_norm/128x768": lambda: layer_norm(128, 768),
}


def time_kernels(args):
    result = {}
    for name, build in KERNELS.items():
        if not re.search(args.filter, name):
            continue
        model, count = build()
        engine = session(model.SerializeToString(), args.threads)
        feeds = {i.name: random.standard_normal(i.shape).astype(np.float32) for i in engine.get_inputs()}
        times = measure(engine, feeds, args.seconds)
        result[name] = {key: times[key] / count for key in ("min_ms", "median_ms")}
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    model = commands.add_parser("time")
    model.add_argument("model")
    model.add_argument("--inputs")
    model.add_argument("--outputs")
    model.set_defaults(run=time_model)
    kernels = commands.add_parser("kernels")
    kernels.add_argument("--filter", default="")
    kernels.set_defaults(run=time_kernels)
    for command in (model, kernels):
        command.add_argument("--threads", type=int, default=1)
        command.add_argument("--seconds", type=float, default=1.0)
    args = parser.parse_args()
    json.dump(args.run(args), sys.stdout)
    print()


if __name__ == "__main__":
    main()
