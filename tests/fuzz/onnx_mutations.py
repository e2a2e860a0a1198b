"""Changes of an .onnx file at the level of its schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    helper,
    numpy_helper,
)

from tests.fuzz.draws import INTEGERS, WIDE, Draws

_NAMES = (
    "axis", "axes", "auto_pad", "pads", "strides", "dilations", "kernel_shape", "group", "alpha",
    "beta", "transA", "transB", "keepdims", "ceil_mode", "count_include_pad", "perm", "mode", "to",
    "block_size", "output_padding", "output_shape", "allowzero", "value", "start", "end",
    "storage_order", "noop_with_empty_axes", "approximate", "gamma", "opset", "channels_last",
)  # fmt: skip
_OPERATORS = (
    "Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Sub", "Mul", "Div", "Max", "Min", "Concat",
    "Relu", "Clip", "MaxPool", "AveragePool", "GlobalAveragePool", "ReduceMean", "Pad", "Transpose",
    "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Shape", "Gather", "Slice", "Cast", "Softmax",
    "QuantizeLinear", "DequantizeLinear", "Sigmoid", "LeakyRelu", "PRelu", "Pow", "Identity",
    "Constant", "QLinearConv", "QLinearAdd", "QGemm", "LSTM", "If", "Mine",
)  # fmt: skip
_DTYPES = ("float32", "int8", "uint8", "int32", "int64", "bool", "float64", "int16", "float16")
_MOST_ELEMENTS = 1 << 18
"""Of a constant that is filled anew."""


def mutated(draws: Draws, model: ModelProto) -> ModelProto:
    """A copy of the network with some changes."""
    changed = ModelProto()
    changed.CopyFrom(model)
    for _ in range(draws.one_of((0, 1, 1, 1, 2, 2, 3))):
        if changed.graph.node:
            draws.one_of(_MUTATIONS)(draws, changed, changed.graph)
    return changed


def _attribute(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    """Another value, or another type of value, of an attribute that is there."""
    nodes = [node for node in graph.node if node.attribute]
    if not nodes:
        return _new_attribute(draws, model, graph)
    node = draws.one_of(nodes)
    at = draws.below(len(node.attribute))
    attribute = node.attribute[at]
    if draws.chance(0.3):
        return _set(draws, node, attribute.name)
    match attribute.type:
        case AttributeProto.INT:
            attribute.i = draws.one_of((attribute.i + 1, *WIDE[:-3], (1 << 63) - 1))
        case AttributeProto.FLOAT:
            with np.errstate(over="ignore"):
                attribute.f = float(np.float32(draws.real(attribute.f)))
        case AttributeProto.INTS:
            attribute.ints[:] = draws.changed(
                list(attribute.ints), lambda old: draws.one_of((old + 1, *INTEGERS))
            )
        case AttributeProto.STRING:
            attribute.s = draws.one_of((b"", b"SAME_UPPER", b"VALID", b"tanh", b"\xff"))
        case _ if draws.chance():
            attribute.type = draws.below(15)
        case _:
            del node.attribute[at]
    return None


def _new_attribute(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    _set(draws, draws.one_of(graph.node), draws.one_of(_NAMES))


def _set(draws: Draws, node: NodeProto, name: str) -> None:
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    values = (
        draws.one_of(INTEGERS),
        draws.between(-4, 4),
        float(np.float32(draws.one_of((0.5, -1.0, 1e30, 0.0)))),
        draws.one_of((b"SAME_UPPER", b"SAME_LOWER", b"reflect", b"constant", b"tanh", b"\xff")),
        [draws.between(-2, 4) for _ in range(draws.between(1, 6))],
        [1.5, 2.5],
        [b"a", b"b"],
        numpy_helper.from_array(draws.int8(2, 2)),
        numpy_helper.from_array(np.array(draws.between(-3, 3))),
    )
    del node.attribute[:]
    node.attribute.extend(kept)
    node.attribute.append(helper.make_attribute(name, draws.one_of(values)))


def _values(graph: GraphProto) -> list[str]:
    names = [name for node in graph.node for name in (*node.input, *node.output)]
    return [*names, *(value.name for value in graph.input), ""]


def _inputs(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    node = draws.one_of(graph.node)
    names = _values(graph)
    node.input[:] = draws.changed(list(node.input), lambda _: draws.one_of(names))


def _outputs(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    names = _values(graph)
    if draws.chance():
        node = draws.one_of(graph.node)
        node.output[:] = draws.changed(list(node.output), lambda _: draws.one_of(names))
    elif graph.output:
        draws.one_of(graph.output).name = draws.one_of(names)


def _operator(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    node = draws.one_of(graph.node)
    node.op_type = draws.one_of(_OPERATORS)
    if draws.chance(0.2):
        node.domain = draws.one_of(("com.microsoft", "mine", ""))


def _elements(dims: Sequence[int]) -> float:
    return float(np.prod([float(extent) for extent in dims]))


def _refilled(draws: Draws, tensor: TensorProto, dims: list[int], dtype: str) -> None:
    """New values of a shape and type."""
    if not 0 <= _elements(dims) <= _MOST_ELEMENTS:
        tensor.dims[:] = [extent for extent in dims if -(1 << 63) <= extent < 1 << 63]
        return
    kind = np.dtype(dtype)
    if kind.kind == "f":
        few = [draws.real(0.01) for _ in range(8)]
        with np.errstate(all="ignore"):
            data = np.resize(np.array(few), dims).astype(kind)
    else:
        low, high = draws.one_of(((0, 1), (-3, 4), (0, 9), (0, 127)))
        data = draws.rng.integers(low, high, dims, endpoint=True).astype(kind)
    tensor.CopyFrom(numpy_helper.from_array(data, tensor.name))


def _dtype(tensor: TensorProto) -> str:
    return np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).name


def _constant(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    """An initialiser's values, shape, type, name or bytes."""
    if not graph.initializer:
        return
    tensor = draws.one_of(graph.initializer)
    sound = tensor.data_type in (1, 2, 3, 5, 6, 7, 9, 10, 11)
    match draws.below(8):
        case 0 if sound:
            _refilled(draws, tensor, list(tensor.dims), draws.one_of(_DTYPES))
        case 1 | 2 if sound:
            dims = draws.changed(list(tensor.dims), draws.extent)
            _refilled(draws, tensor, dims, _dtype(tensor))
        case 3:
            tensor.dims[:] = draws.changed(list(tensor.dims), draws.extent)
        case 4:
            tensor.data_type = draws.below(27)
        case 5:
            tensor.raw_data = tensor.raw_data[: draws.below(9)]
        case 6 if draws.chance(0.3):
            tensor.name = draws.one_of(("", "x0", "other"))
        case _ if sound:
            _refilled(draws, tensor, list(tensor.dims), _dtype(tensor))


def _scale(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    """Scales alone: real initialisers of few values."""
    small = [t for t in graph.initializer if _elements(t.dims) <= _MOST_ELEMENTS]
    found = [t for t in small if t.data_type == TensorProto.FLOAT and len(t.dims) < 2]
    if found:
        tensor = draws.one_of(found)
        count = int(_elements(tensor.dims))
        with np.errstate(over="ignore"):
            data = np.array([draws.real(0.02) for _ in range(min(count, 64))], np.float32)
        shaped = np.resize(data, tuple(tensor.dims))
        tensor.CopyFrom(numpy_helper.from_array(shaped, tensor.name))


def _extents(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    """An extent is another one in all inputs and constants."""
    inputs = [value.type.tensor_type.shape.dim for value in graph.input]
    known = sorted({dim.dim_value for dims in inputs for dim in dims if dim.dim_value > 0})
    if not known:
        return
    old, new = draws.one_of(known), draws.between(1, 12)
    for dims in inputs:
        for dim in dims:
            if dim.dim_value == old:
                dim.dim_value = new
    for tensor in graph.initializer:
        if old in tensor.dims and tensor.data_type in (1, 2, 3, 6, 7):
            dims = [new if extent == old else extent for extent in tensor.dims]
            if not 0 <= _elements(dims) <= _MOST_ELEMENTS:
                continue
            data = np.resize(numpy_helper.to_array(tensor), dims)
            tensor.CopyFrom(numpy_helper.from_array(data, tensor.name))


def _interface(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    value = draws.one_of([*graph.input, *graph.output])
    kind = value.type.tensor_type
    match draws.below(6):
        case 0:
            kind.elem_type = draws.below(24)
        case 1 if kind.shape.dim:
            draws.one_of(kind.shape.dim).dim_param = draws.one_of(("batch", ""))
        case 2 if kind.shape.dim:
            draws.one_of(kind.shape.dim).Clear()
        case 3:
            kind.shape.dim.add().dim_value = draws.one_of((0, 1, 2, 3))
        case 4 if kind.shape.dim:
            kind.shape.dim.pop()
        case _ if kind.shape.dim:
            dim = draws.one_of(kind.shape.dim)
            dim.dim_value = draws.extent(dim.dim_value)


def _opset(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    if draws.chance(0.1):
        del model.opset_import[:]
    for entry in model.opset_import:
        entry.version = draws.one_of((*range(1, 25), 0, -1, (1 << 63) - 1))


def _nodes(draws: Draws, model: ModelProto, graph: GraphProto) -> None:
    nodes = list(graph.node)
    at = draws.below(len(nodes))
    match draws.below(4):
        case 0:
            del nodes[at]
        case 1:
            to = draws.below(len(nodes))
            nodes[at], nodes[to] = nodes[to], nodes[at]
        case 2:
            again = NodeProto()
            again.CopyFrom(nodes[at])
            nodes.insert(at, again)
        case _:
            # The same once more, behind itself.
            again = NodeProto()
            again.CopyFrom(nodes[at])
            if again.input and again.output:
                nodes[at].output[0] += "/before"
                again.input[0] = nodes[at].output[0]
                nodes.insert(at + 1, again)
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)


Mutation = Callable[[Draws, ModelProto, GraphProto], None]
_MUTATIONS: tuple[Mutation, ...] = (
    _attribute, _attribute, _new_attribute, _inputs, _inputs, _outputs, _operator, _constant,
    _constant, _constant, _scale, _extents, _extents, _interface, _interface, _opset, _nodes,
    _nodes,
)  # fmt: skip
