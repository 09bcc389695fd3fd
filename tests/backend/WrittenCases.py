#===- WrittenCases.py - Tests that ONNX's own do not have -----------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Cases of operators that have no backend test of one node between tensors, or none that older versions know: pools
over everything and over regions, control flow, sequences, optionals and gradients; and of those whose own tests
leave an input out, or whose evaluator is not exact."""
import collections
import math

import ml_dtypes
import numpy
import onnx
from onnx import TensorProto, helper

from Cases import Case

FLOAT, BOOL, INT64 = TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64
TRAINING = "ai.onnx.preview.training"


def numbers(*shape):
    return numpy.random.default_rng(len(shape)).uniform(-2, 2, shape).astype(numpy.float32)


def body(nodes, inputs, outputs):
    """A graph from (name, type, shape) of what goes in and out."""
    return helper.make_graph([helper.make_node(op, ins.split(), outs.split()) for op, ins, outs in nodes], "body",
                             [helper.make_tensor_value_info(*v) for v in inputs],
                             [helper.make_tensor_value_info(*v) for v in outputs])


def constant(name, value):
    return helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(numpy.asarray(value)))


def control_flow(add):
    a, b = numbers(3, 4), numbers(1, 4)
    branches = {f"{which}_branch": body([(op, "a b", f"{which}_y")], [], [(f"{which}_y", FLOAT, [3, 4])])
                for which, op in (("then", "Add"), ("else", "Mul"))}
    # The branches read what is around them: a graph of one node has to bring it along.
    around = (helper.make_node("Neg", ["x"], ["a"]), helper.make_node("Abs", ["z"], ["b"]))
    for name, condition, y in (("true", True, -a + abs(b)), ("false", False, -a * abs(b))):
        add(helper.make_node("If", ["c"], ["y"], **branches), {"c": numpy.array(condition), "x": a, "z": b}, {"y": y},
            name=f"if_{name}", before=around)

    # v is multiplied by w each time; its values are scanned.
    step = body([("Mul", "v w", "v_next"), ("Identity", "c", "c_next"), ("Sub", "v_next v", "d")],
                [("i", INT64, []), ("c", BOOL, []), ("v", FLOAT, [2, 3])],
                [("c_next", BOOL, []), ("v_next", FLOAT, [2, 3]), ("d", FLOAT, [2, 3])])
    v, w = numbers(2, 3), numpy.float32([0.5, -1.5, 2])
    values = [v * w**k for k in range(5)]
    add(helper.make_node("Loop", ["m", "c", "v"], ["last", "ds"], body=step),
        {"m": numpy.int64(4), "c": numpy.array(True), "v": v, "x": -w},
        {"last": values[4], "ds": numpy.stack([q - p for p, q in zip(values, values[1:])])}, name="loop_trips",
        before=(helper.make_node("Neg", ["x"], ["w"]),))
    # As long as the number is less than 20.
    step = body([("Add", "v v", "v_next"), ("Less", "v_next limit", "c_next")],
                [("i", INT64, []), ("c", BOOL, []), ("v", FLOAT, [])], [("c_next", BOOL, []), ("v_next", FLOAT, [])])
    add(helper.make_node("Loop", ["", "c", "v"], ["last"], body=step),
        {"c": numpy.array(True), "v": numpy.float32(1.5), "x": numpy.float32(-20)}, {"last": numpy.float32(24)},
        name="loop_while", before=(helper.make_node("Neg", ["x"], ["limit"]),))

    # Sums so far. Before version 9 there is a batch, and maybe how long each of its sequences is.
    step = body([("Add", "s x", "s_next"), ("Identity", "s_next", "y")],
                [("s", FLOAT, [2]), ("x", FLOAT, [2])], [("s_next", FLOAT, [2]), ("y", FLOAT, [2])])
    start, x = numbers(3, 2), numbers(3, 5, 2)
    sums = start[:, None] + numpy.cumsum(x, axis=1)
    add(helper.make_node("Scan", ["start", "x"], ["last", "sums"], body=step, num_scan_inputs=1),
        {"start": start[0], "x": x[0]}, {"last": sums[0, -1], "sums": sums[0]}, name="scan_sums", least=9)
    add(helper.make_node("Scan", ["", "start", "x"], ["last", "sums"], body=step, num_scan_inputs=1),
        {"start": start, "x": x}, {"last": sums[:, -1], "sums": sums}, name="scan_batch", most=8)


def sequences(add):
    x, y = numbers(6, 4), numbers(2, 3)
    at = helper.make_node("SequenceAt", ["s", "i"], ["y"])
    add(at, {"a": x, "b": y}, {"y": y}, name="sequence_at",
        before=(constant("i", numpy.int64(-1)), helper.make_node("SequenceConstruct", ["a", "b"], ["s"])))
    add(helper.make_node("SequenceConstruct", ["a", "b"], ["s"]), {"a": x, "b": y}, {"y": y}, name="sequence_construct",
        after=(constant("i", numpy.int64(1)), at))
    add(helper.make_node("SequenceEmpty", [], ["e"]), {"a": x}, {"y": x}, name="sequence_empty",
        after=(helper.make_node("SequenceInsert", ["e", "a"], ["s"]), constant("i", numpy.int64(0)), at))
    two = helper.make_node("SequenceConstruct", ["a", "b"], ["t"])
    add(helper.make_node("SequenceInsert", ["t", "b", "i"], ["s"]), {"a": x, "b": y}, {"y": y}, name="sequence_insert",
        before=(constant("i", numpy.int64(0)), two), after=(at,))
    add(helper.make_node("SequenceErase", ["t", "i"], ["s"]), {"a": x, "b": y}, {"y": y}, name="sequence_erase",
        before=(constant("i", numpy.int64(0)), two), after=(at,))
    add(helper.make_node("SequenceLength", ["t"], ["n"]), {"a": x, "b": y}, {"n": numpy.int64(2)},
        name="sequence_length", before=(two,))
    add(helper.make_node("ConcatFromSequence", ["t"], ["y"], axis=1), {"a": x, "b": x[:, :1]},
        {"y": numpy.concatenate([x, x[:, :1]], axis=1)}, name="concat_from_sequence", before=(two,))
    add(helper.make_node("ConcatFromSequence", ["t"], ["y"], axis=0, new_axis=1), {"a": x, "b": -x},
        {"y": numpy.stack([x, -x])}, name="concat_from_sequence_new", before=(two,))
    add(helper.make_node("SplitToSequence", ["x", "sizes"], ["s"], axis=1), {"x": x}, {"y": x[:, 1:]},
        name="split_to_sequence", before=(constant("sizes", numpy.int64([1, 3])), constant("i", numpy.int64(1))),
        after=(at,))
    add(helper.make_node("SplitToSequence", ["x"], ["s"], keepdims=0), {"x": x}, {"y": x[2]},
        name="split_to_sequence_rows", before=(constant("i", numpy.int64(2)),), after=(at,))
    twice = body([("Add", "v v", "w")], [("v", FLOAT, None)], [("w", FLOAT, None)])
    add(helper.make_node("SequenceMap", ["t"], ["s"], body=twice), {"a": x, "b": y}, {"y": y + y}, name="sequence_map",
        before=(constant("i", numpy.int64(1)), two), after=(at,))
    optional, get = helper.make_node("Optional", ["x"], ["o"]), helper.make_node("OptionalGetElement", ["o"], ["y"])
    add(optional, {"x": x}, {"y": x}, name="optional", after=(get,), formula=lambda x: [x])
    add(get, {"x": x}, {"y": x}, name="optional_get_element", before=(optional,),
        formula=lambda x: [x])
    add(helper.make_node("OptionalHasElement", ["o"], ["y"]), {"x": x}, {"y": numpy.array(True)},
        name="optional_has_element", before=(optional,))


def elements(add):
    x = numbers(2, 3, 4, 5)
    for p in (None, 1, 3):
        norms = lambda x, p=p or 2: [(abs(x)**p).sum(axis=(2, 3), keepdims=True)**(1 / p)]
        add(helper.make_node("GlobalLpPool", ["x"], ["y"], **({"p": p} if p else {})), {"x": x}, {"y": norms(x)[0]},
            name=f"global_lp_pool_{p or 'default'}", formula=norms)
    x = 3 + numbers(2, 3, 4, 5)
    normal = lambda x: [(x - x.mean((0, 2, 3), keepdims=True)) / x.std((0, 2, 3), keepdims=True)]
    add(helper.make_node("MeanVarianceNormalization", ["x"], ["y"]), {"x": x}, {"y": normal(x)[0]},
        name="mean_variance_normalization", formula=normal)
    # In f64, which ONNX's evaluator computes in f32.
    x = x.astype(numpy.float64)
    erf = lambda x: [numpy.vectorize(math.erf)(x)]
    add(helper.make_node("Erf", ["x"], ["y"]), {"x": x - 3}, {"y": erf(x - 3)[0]}, name="erf", formula=erf)

    def group_normalization(x, scale, b):
        groups = x.reshape(2, 2, -1)
        centred = groups - groups.mean(2, keepdims=True)
        groups = centred / numpy.sqrt((centred**2).mean(2, keepdims=True) + 0.01)
        return [groups.reshape(x.shape) * scale[:, None] + b[:, None]]

    inputs = {name: numbers(*shape).astype(numpy.float64) for name, shape in {"x": (2, 6, 5), "scale": (6,), "b": (6,)}.items()}
    add(helper.make_node("GroupNormalization", list(inputs), ["y"], num_groups=2, epsilon=0.01), inputs,
        {"y": group_normalization(*inputs.values())[0]}, name="group_normalization", least=21, formula=group_normalization)
    for of, to in ((numpy.float16, numpy.int16), (ml_dtypes.bfloat16, numpy.uint16), (numpy.float64, numpy.uint64)):
        data = numbers(3, 4).astype(of)
        add(helper.make_node("BitCast", ["x"], ["y"], to=helper.np_dtype_to_tensor_dtype(numpy.dtype(to))), {"x": data},
            {"y": data.view(to)}, name=f"bitcast_{numpy.dtype(of).name}")
    # Half a pixel further than half_pixel: a setting that only Resize 11 has.
    x = numbers(1, 1, 3, 4)
    rows, columns = (numpy.floor((numpy.arange(n) + 0.5) / s).astype(int) for n, s in ((5, 5 / 3), (6, 1.5)))
    add(helper.make_node("Resize", ["x", "roi", "scales"], ["y"], mode="nearest", nearest_mode="floor",
                         coordinate_transformation_mode="tf_half_pixel_for_nn"),
        {"x": x, "roi": numpy.zeros(0, numpy.float32), "scales": numpy.float32([1, 1, 5 / 3, 1.5])},
        {"y": x[:, :, rows][..., columns]}, name="resize_tf_half_pixel", least=11, most=11)


def max_roi_pool(x, regions, pooled, scale):
    """Fast R-CNN's pooling, bin by bin."""
    y = numpy.zeros((len(regions), x.shape[1], *pooled), x.dtype)
    for r, (image, *places) in enumerate(regions):
        left, top, right, bottom = (int(numpy.sign(p) * numpy.floor(abs(p * scale) + 0.5)) for p in places)
        height, width = (max(length, 1) / bins for length, bins in zip((bottom - top + 1, right - left + 1), pooled))
        for i, j in numpy.ndindex(*pooled):
            rows, columns = (slice(max(start + int(numpy.floor(bin * size)), 0),
                                   max(start + int(numpy.ceil((bin + 1) * size)), 0))
                             for bin, start, size in ((i, top, height), (j, left, width)))
            covered = x[int(image), :, rows, columns]
            if covered.size:
                y[r, :, i, j] = covered.max((1, 2))
    return y


def regions(add):
    # Inside, across the borders, outside, of no size, and the wrong way round.
    places = numpy.float32([[0, 1, 1, 9, 12], [1, -7, 3, 4, 30], [0, 40, 40, 50, 60], [1, 5, 5, 5, 5], [0, 9, 9, 3, 2]])
    for pooled, scale in ((2, 3), 0.5), ((5, 4), 1.0), ((1, 1), 0.25):
        pool = lambda x, r, pooled=pooled, scale=scale: [max_roi_pool(x, r, pooled, scale)]
        x = numbers(2, 3, 7, 11)
        add(helper.make_node("MaxRoiPool", ["x", "regions"], ["y"], pooled_shape=pooled, spatial_scale=scale),
            {"x": x, "regions": places}, {"y": pool(x, places)[0]}, name=f"max_roi_pool_{pooled[0]}x{pooled[1]}",
            formula=pool)


def linear_attention(add):
    """In each head a state, decayed, corrected towards the value and read; ONNX's evaluator computes it in f32."""
    heads, readers = 2, 4

    def formula(query, key, value, state, decay, beta):
        batch, steps, _ = query.shape
        query, key, value, decay = (x.reshape(batch, steps, n, -1) for x, n in
                                    ((query, readers), (key, heads), (value, heads), (decay, heads)))
        results = []
        for t in range(steps):
            state = state * numpy.exp(decay[:, t])[..., None]
            change = beta[:, t, :, None] * (value[:, t] - numpy.einsum("nhkv,nhk->nhv", state, key[:, t]))
            state = state + key[:, t, :, :, None] * change[:, :, None]
            read = numpy.einsum("nhkv,nhgk->nhgv", state, query[:, t].reshape(batch, heads, readers // heads, -1))
            results.append(read.reshape(batch, -1) / math.sqrt(query.shape[-1]))
        return [numpy.stack(results, 1), state]

    shapes = {"query": (2, 3, 12), "key": (2, 3, 6), "value": (2, 3, 10), "state": (2, 2, 3, 5), "decay": (2, 3, 6),
              "beta": (2, 3, 2)}
    inputs = {name: numbers(*shape) / 2 for name, shape in shapes.items()}
    node = helper.make_node("LinearAttention", list(inputs), ["y", "state_next"], q_num_heads=readers, kv_num_heads=heads,
                            update_rule="gated_delta")
    add(node, inputs, dict(zip(node.output, formula(*inputs.values()))), name="linear_attention", formula=formula)


def sampled(x, rows, columns):
    """Between the four elements around; there are zeros around all."""
    result = 0
    for r in (numpy.floor(rows), numpy.floor(rows) + 1):
        for c in (numpy.floor(columns), numpy.floor(columns) + 1):
            inside = (r >= 0) & (r < x.shape[0]) & (c >= 0) & (c < x.shape[1])
            at = x[r.clip(0, x.shape[0] - 1).astype(int), c.clip(0, x.shape[1] - 1).astype(int)]
            result = result + numpy.where(inside, at, 0) * (1 - abs(rows - r)) * (1 - abs(columns - c))
    return result


def windows(add):
    """In f64: where ONNX's evaluator rounds to f32, and with the bias that its tests leave out."""
    wide = lambda *shape: numbers(*shape).astype(numpy.float64)

    def grid_sample(x, grid):
        columns, rows = (((grid[..., i] + 1) * x.shape[3 - i] - 1) / 2 for i in (0, 1))
        return [numpy.stack([[sampled(plane, r, c) for plane in planes] for planes, r, c in zip(x, rows, columns)])]

    inputs = {"x": wide(2, 3, 5, 4), "grid": wide(2, 3, 7, 2) * 0.7}
    add(helper.make_node("GridSample", ["x", "grid"], ["y"], mode="linear"), inputs, {"y": grid_sample(*inputs.values())[0]},
        name="grid_sample", least=20, formula=grid_sample)

    def affine_grid(theta, size):
        rows, columns = ((2 * numpy.arange(n) + 1) / n - 1 for n in size[2:])
        columns, rows = numpy.meshgrid(columns, rows)
        return [numpy.einsum("nab,bij->nija", theta, numpy.stack([columns, rows, numpy.ones_like(rows)]))]

    inputs = {"theta": wide(2, 2, 3), "size": numpy.int64([2, 1, 5, 4])}
    add(helper.make_node("AffineGrid", ["theta", "size"], ["y"]), inputs, {"y": affine_grid(*inputs.values())[0]},
        name="affine_grid", formula=affine_grid)

    def deform_conv(x, w, offset, b, mask):
        places = numpy.stack(numpy.meshgrid(*map(numpy.arange, (2, 3, 4, 3)), indexing="ij"))
        rows, columns = places[2] + places[0] - 1, places[3] + places[1] - 1  # the pads are 1
        moves = offset.reshape(-1, 2, 3, 2, 4, 3)
        taps = [[sampled(plane, rows + move[:, :, 0], columns + move[:, :, 1]) for plane in planes]
                for planes, move in zip(x, moves)]
        return [numpy.einsum("ocpq,ncpqij,npqij->noij", w, taps, mask.reshape(-1, 2, 3, 4, 3)) + b[:, None, None]]

    inputs = {"x": wide(2, 3, 3, 3), "w": wide(5, 3, 2, 3), "offset": wide(2, 12, 4, 3), "b": wide(5),
              "mask": wide(2, 6, 4, 3)}
    add(helper.make_node("DeformConv", list(inputs), ["y"], pads=[1] * 4), inputs,
        {"y": deform_conv(*inputs.values())[0]}, name="deform_conv", formula=deform_conv)

    x = wide(2, 4, 7, 5)
    for op, group, w, b in (("Conv", 2, wide(6, 2, 3, 2), wide(6)), ("ConvTranspose", 1, wide(4, 3, 3, 2), wide(3))):
        node = helper.make_node(op, ["x", "w", "b"], ["y"], strides=[2, 1], dilations=[1, 2], group=group, pads=[1, 0, 2, 1])
        inputs = {"x": x, "w": w, "b": b}
        add(node, inputs, Case("", node, inputs, {"y": x}, 11).evaluate(), name=f"{op.lower()}_bias")


def training(add):
    x = numbers(3, 2)
    add(helper.make_node("Gradient", ["x"], ["dx"], domain=TRAINING, xs=["x"], y="y"), {"x": x}, {"dx": 2 * x},
        name="gradient", before=(helper.make_node("Mul", ["x", "x"], ["y"]),), formula=lambda x: [2 * x])


def written_cases():
    """By domain and operator: the case, and the first and last version that it is for."""
    cases = collections.defaultdict(list)

    def add(node, inputs, outputs, name, least=0, most=1000, **around):
        inputs, outputs = ({n: numpy.asarray(v) for n, v in values.items()} for values in (inputs, outputs))
        cases[node.domain, node.op_type].append((Case(f"written_{name}", node, inputs, outputs, 0, **around), least, most))

    for family in (control_flow, sequences, elements, linear_attention, windows, regions, training):
        family(add)
    return cases
