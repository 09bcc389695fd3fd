#===- Cases.py - Tests of one node, to derive others from -----------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""A test of one node with what goes in and comes out; and whether a node fits a version of its operator."""
import collections
import copy
import dataclasses
from collections.abc import Callable

import numpy
import onnx
from onnx import TensorProto, checker, defs, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

DOMAINS = ("", "ai.onnx.preview.training")
FIRST = 7  # the oldest opset that counts


class Unfit(Exception):
    """The node cannot be written, or computed, as is asked."""


@dataclasses.dataclass
class Case:
    name: str
    node: onnx.NodeProto
    inputs: dict  # arrays, by name
    outputs: dict
    opset: int  # of the node's domain
    before: tuple = ()  # nodes that make inputs of other kinds than tensors
    after: tuple = ()  # nodes that make tensors of its outputs
    formula: Callable = None  # computes the outputs from the inputs where ONNX's evaluator cannot

    def copy(self, **changes):
        return dataclasses.replace(self, node=copy.deepcopy(self.node), inputs=dict(self.inputs),
                                   outputs=dict(self.outputs), **changes)

    @property
    def is_written(self):
        return self.name.startswith("written_")

    def attribute(self, name, otherwise=None):
        found = [a for a in self.node.attribute if a.name == name]
        return helper.get_attribute_value(found[0]) if found else otherwise

    def drop(self, *names):
        kept = [a for a in self.node.attribute if a.name not in names]
        del self.node.attribute[:]
        self.node.attribute.extend(kept)

    def set(self, **values):
        self.drop(*values)
        self.node.attribute.extend(helper.make_attribute(n, v) for n, v in values.items() if v is not None)

    def input(self, place):
        """The array of an input, or nothing where it is left out."""
        name = self.node.input[place] if place < len(self.node.input) else ""
        return self.inputs.get(name)

    def place(self, place, value):
        """Gives an input another value; nothing leaves it out."""
        while len(self.node.input) <= place:
            self.node.input.append("")
        name = self.node.input[place]
        self.inputs.pop(name, None)
        self.node.input[place] = "" if value is None else name or f"input_{place}"
        if value is not None:
            self.inputs[self.node.input[place]] = value
        while self.node.input and not self.node.input[-1]:
            del self.node.input[-1]

    def keep_inputs(self, count):
        for place in reversed(range(count, len(self.node.input))):
            self.place(place, None)

    def keep_outputs(self, count):
        for name in self.node.output[count:]:
            self.outputs.pop(name, None)
        del self.node.output[count:]

    def model(self):
        infos = [[helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
                  for n, v in values.items()] for values in (self.inputs, self.outputs)]
        nodes = [*self.before, self.node, *self.after]
        imports = [helper.make_opsetid(self.node.domain, self.opset)]
        if self.node.domain:
            imports.append(helper.make_opsetid("", 20))
        return helper.make_model_gen_version(helper.make_graph(nodes, self.name, *infos), opset_imports=imports)

    def evaluate(self):
        """What ONNX's reference evaluator computes; it knows the newest forms."""
        if self.formula:
            return dict(zip(self.outputs, self.formula(*self.inputs.values()), strict=True))
        model = self.model()
        for node in model.graph.node:
            if node.op_type == "Scatter":  # which it does not know by its old name
                node.op_type, model.opset_import[0].version = "ScatterElements", 11
        with numpy.errstate(all="ignore"):
            results = ReferenceEvaluator(model).run(None, self.inputs)
        return {name: numpy.asarray(value) for name, value in zip(self.outputs, results, strict=True)}

    def write(self, folder):
        data = folder / "test_data_set_0"
        data.mkdir(parents=True, exist_ok=True)
        onnx.save(self.model(), folder / "model.onnx")
        for role, values in (("input", self.inputs), ("output", self.outputs)):
            for place, (name, value) in enumerate(values.items()):
                proto = numpy_helper.from_array(numpy.asarray(value, order="C"), name)
                (data / f"{role}_{place}.pb").write_bytes(proto.SerializeToString())


def read_cases(folder):
    """The backend tests of one node between tensors, by domain and operator."""
    cases = collections.defaultdict(list)
    for path in sorted((folder / "node").iterdir()):
        if "_expanded" in path.name:
            continue
        model = onnx.load(path / "model.onnx")
        graph = model.graph
        if len(graph.node) != 1 or model.functions or graph.initializer or not all(
                v.type.HasField("tensor_type") for v in [*graph.input, *graph.output]):
            continue
        inputs, outputs = ({v.name: numpy_helper.to_array(TensorProto.FromString(
            (path / "test_data_set_0" / f"{role}_{i}.pb").read_bytes())) for i, v in enumerate(values)}
                           for role, values in (("input", graph.input), ("output", graph.output)))
        node = graph.node[0]
        opset = next(o.version for o in model.opset_import if o.domain == node.domain)
        cases[node.domain, node.op_type].append(Case(path.name, node, inputs, outputs, opset))
    return cases


def versions():
    """The schemas of each operator in force from FIRST on, the oldest first, by domain and operator."""
    found = collections.defaultdict(list)
    for schema in sorted(defs.get_all_schemas_with_history(), key=lambda s: s.since_version):
        if schema.domain in DOMAINS:
            found[schema.domain, schema.name].append(schema)
    return {key: [s for i, s in enumerate(all_) if i + 1 == len(all_) or all_[i + 1].since_version > FIRST]
            for key, all_ in sorted(found.items())}


def opset_of(schema):
    """The first opset that counts in which a version is in force."""
    return schema.since_version if schema.domain else max(schema.since_version, FIRST)


def form(schema):
    """What tells a version from another but its types."""
    attributes = sorted((a.name, int(a.type), a.required, a.default_value.SerializeToString())
                        for a in schema.attributes.values())
    return attributes, *([(v.name, int(v.option)) for v in values] for values in (schema.inputs, schema.outputs))


def parameter(formals, place):
    """The formal parameter of an input or output; the last one may be variadic."""
    if place < len(formals):
        return formals[place]
    last = formals[-1] if formals else None
    return last if last and last.option == defs.OpSchema.FormalParameterOption.Variadic else None


def values_of(case, schema):
    """Each input and output that there is: its formal parameter, name and array."""
    for names, formals, values in ((case.node.input, schema.inputs, case.inputs),
                                   (case.node.output, schema.outputs, case.outputs)):
        for place, name in enumerate(names):
            formal = parameter(formals, place)
            if name and not formal:
                raise Unfit(f"there is no operand {place}")
            if name:
                yield formal, name, values[name]


def type_string(array):
    return "tensor(" + TensorProto.DataType.Name(helper.np_dtype_to_tensor_dtype(array.dtype)).lower() + ")"


def check_fits(case, schema):
    """Raises Unfit unless the case's node is one of the schema's version, as far as the schema and the checker know."""
    known = schema.attributes
    for attribute in case.node.attribute:
        if attribute.name not in known or int(known[attribute.name].type) != attribute.type:
            raise Unfit(f"no attribute {attribute.name}")
    for names, least, most in ((case.node.input, schema.min_input, schema.max_input),
                               (case.node.output, schema.min_output, schema.max_output)):
        if not least <= len(names) <= most:
            raise Unfit("number of operands")
    bound = {}
    for formal, name, value in [] if case.before or case.after else values_of(case, schema):
        written = type_string(value)
        if written not in formal.types:
            raise Unfit(f"no {written}")
        if formal.is_homogeneous and bound.setdefault(formal.type_str, written) != written:
            raise Unfit(f"{formal.type_str} is {written} and {bound[formal.type_str]}")
    if schema.deprecated:
        return  # the checker refuses what old models still have
    try:
        # The type inference of an old function, MeanVarianceNormalization-13, has a fault of its own.
        checker.check_model(case.model(), full_check=not schema.has_function)
    except Exception as error:  # the checker and shape inference have kinds of their own
        raise Unfit(str(error).splitlines()[-1]) from error
