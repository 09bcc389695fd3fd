#===- Forms.py - Older forms of operators ---------------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Rewrites a test of an operator's newest form to an older one. What an older form cannot say is Unfit; where the same
node meant something else, the outputs are computed anew."""
import numpy
from onnx import defs, helper

from Cases import Unfit, check_fits, form, opset_of

REDUCTIONS = ["ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
              "ReduceProd", "ReduceSumSquare"]
# The words that an attribute takes, and since when, where they came after the attribute.
WORDS = {("Pad", "mode"): {"wrap": 19},
         ("Resize", "coordinate_transformation_mode"): {"half_pixel_symmetric": 19},
         ("ScatterElements", "reduction"): {"max": 18, "min": 18},
         ("ScatterND", "reduction"): {"max": 18, "min": 18}}
STEPS = []  # (operators, the version that brought the newer form, what rewrites to the form before)


def below(version, *operators):
    def register(function):
        STEPS.append((operators, version, function))
        return function
    return register


def input_to_attribute(case, place, name, convert=lambda v: [int(i) for i in v.reshape(-1)]):
    value = case.input(place)
    case.keep_inputs(place)
    if value is not None:
        case.set(**{name: convert(value)})


@below(18, *REDUCTIONS)
@below(13, "ReduceSum")
def reduce_axes(case):
    axes = case.input(1)
    if axes is not None and axes.size == 0:
        case.keep_inputs(1)
        axes = None
    if axes is None and case.attribute("noop_with_empty_axes"):
        raise Unfit("nothing reduced")
    case.drop("noop_with_empty_axes")
    input_to_attribute(case, 1, "axes")


@below(13, "Squeeze", "Unsqueeze")
def squeeze_axes(case):
    input_to_attribute(case, 1, "axes")


@below(18, "Split")
def split_evenly(case):
    parts = case.attribute("num_outputs")
    if parts and case.input(0).shape[case.attribute("axis", 0)] % parts:
        raise Unfit("parts of different sizes")
    case.drop("num_outputs")


@below(13, "Split")
def split_attribute(case):
    input_to_attribute(case, 1, "split")


@below(10, "Slice")
def slice_attributes(case):
    steps = case.input(4)
    if steps is not None and (steps != 1).any():
        raise Unfit("steps")
    case.keep_inputs(4)
    for place, name in ((3, "axes"), (2, "ends"), (1, "starts")):
        input_to_attribute(case, place, name)


@below(11, "Clip")
def clip_attributes(case):
    for place, name in ((2, "max"), (1, "min")):
        input_to_attribute(case, place, name, float)


@below(18, "Pad")
def pad_all_axes(case):
    if case.input(3) is not None:
        raise Unfit("axes")


@below(11, "Pad")
def pad_attributes(case):
    input_to_attribute(case, 2, "value", float)
    input_to_attribute(case, 1, "pads")


@below(11, "TopK")
def topk_order(case):
    if not case.attribute("largest", 1) or not case.attribute("sorted", 1):
        raise Unfit("order")
    case.drop("largest", "sorted")


@below(10, "TopK")
def topk_attribute(case):
    input_to_attribute(case, 1, "k", lambda v: int(v.item()))


@below(12, "Dropout")
def dropout_ratio(case):
    if case.input(2) is not None and case.input(2):
        raise Unfit("training")
    case.keep_inputs(2)
    case.keep_outputs(1)  # what the mask holds is open
    case.drop("seed")
    input_to_attribute(case, 1, "ratio", float)


@below(13, "Resize")
def resize_empty_inputs(case):
    for place in (1, 2):
        if case.input(place) is None:
            case.place(place, numpy.zeros(0, numpy.float32))


@below(11, "Resize")
def resize_by_scales(case):
    scales = case.input(2)
    if not scales.size or case.attribute("mode") == b"cubic" or case.attribute("antialias") or case.attribute("axes"):
        raise Unfit("other settings")
    mode = case.attribute("mode", b"nearest").decode()
    case.drop(*(a.name for a in case.node.attribute))
    case.set(mode=mode, coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    case.keep_inputs(3)
    case.opset = 13
    case.outputs = case.evaluate()
    case.drop("coordinate_transformation_mode", "nearest_mode")
    case.keep_inputs(1)
    case.place(1, scales)


@below(9, "Upsample")
def upsample_attribute(case):
    input_to_attribute(case, 1, "scales", lambda v: v.tolist())


@below(13, "Softmax", "LogSoftmax", "Hardmax")
def softmax_over_the_rest(case):
    """All dimensions from `axis` on, 1 by default, are one."""
    x = case.input(0)
    axis = case.attribute("axis", 1)
    rows = x.reshape(int(numpy.prod(x.shape[:axis % max(x.ndim, 1)])), -1).astype(numpy.float64)
    if case.node.op_type == "Hardmax":
        y = numpy.eye(rows.shape[1])[rows.argmax(axis=1)]
    else:
        shifted = rows - rows.max(axis=1, keepdims=True)
        sums = numpy.exp(shifted).sum(axis=1, keepdims=True)
        y = shifted - numpy.log(sums) if case.node.op_type == "LogSoftmax" else numpy.exp(shifted) / sums
    case.outputs = {case.node.output[0]: y.reshape(x.shape).astype(x.dtype)}


@below(20, "DFT")
def dft_axis(case):
    axis = -2 if case.input(2) is None else int(case.input(2))
    case.keep_inputs(2)
    case.set(axis=axis % case.input(0).ndim)


@below(21, "GroupNormalization")
def groupnorm_parameters(case):
    """A scale and a bias for each group, not each channel."""
    groups, channels = case.attribute("num_groups"), case.input(0).shape[1]
    for place in (1, 2):
        case.place(place, numpy.repeat(case.input(place)[:groups], channels // groups))
    case.outputs = case.evaluate()
    for place in (1, 2):
        case.place(place, case.input(place)[::channels // groups])
    case.drop("stash_type")


@below(20, "GridSample")
def gridsample_words(case):
    if case.input(0).ndim != 4:
        raise Unfit("number of dimensions")
    mode = case.attribute("mode", b"linear").decode()
    case.set(mode={"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode))


@below(16, "RoiAlign")
def roialign_coordinates(case):
    case.set(coordinate_transformation_mode="output_half_pixel")
    case.outputs = case.evaluate()
    case.drop("coordinate_transformation_mode")


@below(11, "DepthToSpace")
def depth_to_space_order(case):
    if case.attribute("mode", b"DCR") != b"DCR":
        raise Unfit("order")
    case.drop("mode")


@below(13, "QuantizeLinear", "DequantizeLinear")
def quantize_whole_tensors(case):
    if case.input(1).ndim:
        raise Unfit("a scale for each row")


@below(8, "Max", "Min", "Mean", "Sum")
def same_shapes(case):
    if len({value.shape for value in case.inputs.values()}) > 1:
        raise Unfit("broadcast")


@below(11, "OneHot")
def onehot_indices(case):
    if (case.input(0) < 0).any():
        raise Unfit("negative indices")


@below(11, "Compress", "ArgMax", "ArgMin", "Concat", "Flatten", "Gather", "Hardmax", "LogSoftmax", "OneHot", "Softmax",
       "Split", "Slice", "Squeeze", "Unsqueeze", "ReduceSum", *REDUCTIONS)
def axes_from_the_front(case):
    """Negative axes came with opset 11."""
    for name in ("axis", "axes"):
        value = case.attribute(name)
        if value is not None:
            rank = case.input(0).ndim + {"OneHot": 1, "Unsqueeze": numpy.size(value)}.get(case.node.op_type, 0)
            case.set(**{name: value % rank if name == "axis" else [v % rank for v in value]})


@below(11, "Gather")
def gather_indices(case):
    if (case.input(1) < 0).any():
        raise Unfit("negative indices")


def adapt(case, schema, newest):
    """The case in the form of a schema's version; raises Unfit."""
    own = defs.get_schema(case.node.op_type, case.opset, case.node.domain)
    if own.since_version < schema.since_version and form(own) != form(schema):
        raise Unfit("an older form")
    case = case.copy()
    for operators, version, step in sorted(STEPS, key=lambda s: -s[1]):
        if case.node.op_type in operators and schema.since_version < version <= own.since_version:
            step(case)
    for attribute in list(case.node.attribute):
        value = helper.get_attribute_value(attribute)
        known = newest.attributes.get(attribute.name)
        if attribute.name not in schema.attributes and known and known.default_value.name and \
                value == helper.get_attribute_value(known.default_value):
            case.drop(attribute.name)
        words = WORDS.get((case.node.op_type, attribute.name), {})
        if isinstance(value, bytes) and words.get(value.decode(), 0) > schema.since_version:
            raise Unfit(f"no {value.decode()}")
    case.opset = opset_of(schema)
    check_fits(case, schema)
    return case
