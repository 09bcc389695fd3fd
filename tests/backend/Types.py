#===- Types.py - Tests of another element type ----------------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Rewrites a test of float tensors to another float type. The inputs are rounded to it; what comes out is computed in f64
from the rounded inputs, then rounded once."""
import copy

import ml_dtypes
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

from Cases import Unfit, check_fits, values_of

FLOATS = {"f16": numpy.dtype(numpy.float16), "bf16": numpy.dtype(ml_dtypes.bfloat16), "f32": numpy.dtype(numpy.float32),
          "f64": numpy.dtype(numpy.float64)}
# Attributes that name the element type of a result.
TYPE_ATTRIBUTES = {"to", "dtype", "output_datatype", "output_dtype"}


def number(dtype):
    return helper.np_dtype_to_tensor_dtype(dtype)


def is_close(a, b, rtol, atol):
    if "O" in (a.dtype.kind, b.dtype.kind) or a.dtype.kind in "biu" and b.dtype.kind in "biu":
        return a.shape == b.shape and (a == b).all()
    return a.shape == b.shape and numpy.allclose(a.astype(numpy.float64), b.astype(numpy.float64), rtol, atol, True)


def source(case):
    """The float type that a case is of."""
    for value in [*case.inputs.values(), *case.outputs.values()]:
        if value.dtype in FLOATS.values():
            return value.dtype
    for value in case.inputs.values():
        if value.dtype.kind in "iub":
            return value.dtype  # small integers and truth values are floats too
    raise Unfit("nothing is a number")


def retype_tensor(tensor, old, new):
    if tensor.data_type == number(old):
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(new), tensor.name))


def retype_node(node, old, new):
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.TENSOR:
            retype_tensor(attribute.t, old, new)
        elif attribute.type == onnx.AttributeProto.GRAPH:
            graph = attribute.g
            for inner in graph.node:
                retype_node(inner, old, new)
            for tensor in graph.initializer:
                retype_tensor(tensor, old, new)
            for value in [*graph.input, *graph.output, *graph.value_info]:
                if value.type.tensor_type.elem_type == number(old):
                    value.type.tensor_type.elem_type = number(new)
        elif attribute.name in TYPE_ATTRIBUTES and attribute.i == number(old):
            attribute.i = number(new)


def retyped(case, schema, new, allowed=None):
    """The case with inputs of the type that the schema allows to be of it, and of the result's types too."""
    old, allowed = source(case), allowed or new
    word = "tensor(" + TensorProto.DataType.Name(number(allowed)).lower() + ")"
    result = case.copy(before=copy.deepcopy(case.before), after=copy.deepcopy(case.after))
    for attribute in TYPE_ATTRIBUTES & set(schema.attributes):
        default = schema.attributes[attribute].default_value
        if default.name and result.attribute(attribute) is None:
            result.set(**{attribute: default.i})
    for node in [*result.before, result.node, *result.after]:
        retype_node(node, old, new)
    if case.before or case.after:
        names = set(case.inputs)
    else:
        names = {name for formal, name, value in values_of(case, schema) if word in formal.types}
    for name, value in case.inputs.items():
        if name in names and value.dtype == old:
            result.inputs[name] = value.astype(allowed).astype(new)
    return result


def result_types(case, old, new):
    """What type inference says of the outputs; where it says nothing, they change as the inputs do."""
    model = case.model()
    for output in model.graph.output:
        output.ClearField("type")
    try:
        inferred = shape_inference.infer_shapes(model, strict_mode=True).graph.output
    except Exception:  # it fails in ways of its own, and at the bodies of some functions
        inferred = model.graph.output
    for output in inferred:
        kind, known = output.type.tensor_type.elem_type, case.outputs[output.name].dtype
        yield output.name, helper.tensor_dtype_to_np_dtype(kind) if kind else new if known == old else known


def evaluated(case):
    try:
        return case.evaluate()
    except Exception as error:  # each operator of the evaluator has its own ways to fail
        raise Unfit(f"no reference: {error}") from error


def of_type(case, schema, name):
    """The case in the float type of that name; raises Unfit. It is computed in f64, which must agree with the case."""
    new, f64 = FLOATS[name], FLOATS["f64"]
    if source(case) == new:
        return case
    result = retyped(case, schema, new)
    for output, dtype in result_types(result, source(case), new):
        result.outputs[output] = result.outputs[output].astype(dtype)
    if not any(v.dtype == new for v in [*result.inputs.values(), *result.outputs.values()]):
        raise Unfit("nothing is of the type")
    check_fits(result, schema)
    known = evaluated(retyped(case, schema, f64, FLOATS["f32"] if source(case) == FLOATS["f32"] else f64))
    for output, value in case.outputs.items():
        if not is_close(known[output], value, 1e-4, 1e-5 * max(1, numpy.abs(value.astype(f64)).max(initial=0))):
            raise Unfit(f"the reference differs in {output}")
    # The same with the rounded inputs.
    exact = retyped(case, schema, f64, new)
    for output, value in evaluated(exact).items():
        result.outputs[output] = value.astype(result.outputs[output].dtype)
        if result.outputs[output].shape != case.outputs[output].shape:
            raise Unfit("the result has another shape")
    return result
