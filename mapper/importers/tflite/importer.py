"""TensorFlow Lite networks into graphs: int8 activations, int8 weights per tensor or per channel.

The operators of a `FileNetwork` are visited in the file's order; each kind has a function that
checks its limits and adds one operator to the graph. What converts the interface (QUANTIZE from
float or uint8, DEQUANTIZE at the end) has become ports before that.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path

from tflite import TensorType

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.graph import Graph
from mapper.graph.op import Op
from mapper.importers.tflite import (
    convolution,
    elementwise,
    functions,
    matrix,
    moves,
    pooling,
    softmax,
)
from mapper.importers.tflite.flatbuffer import TYPE_NAMES, FileNetwork, read_network
from mapper.importers.tflite.interface import strip_interface
from mapper.importers.tflite.operands import Operands, Rule

_FAMILIES = (convolution, elementwise, functions, matrix, moves, pooling, softmax)
_RULES: Mapping[str, Rule] = ChainMap(*(dict(family.RULES) for family in _FAMILIES))
"""For each operator of the format the function that checks it and adds it to the graph."""


def import_tflite(path: Path, content: bytes) -> Graph:
    """Turn the bytes of a .tflite file into a verified graph.

    Raises RequestError naming the file, and where known the layer, the limit and the remedy.
    """
    file = str(path)
    try:
        return _graph(file, path.stem, read_network(file, content))
    except RequestError as error:
        if str(error).startswith(file):
            raise
        raise RequestError(f"{file}: {error}") from error


def _graph(file: str, name: str, network: FileNetwork) -> Graph:
    _refuse_float(file, network)
    interface = strip_interface(file, network)
    operands = Operands(file, network)
    ops: list[Op] = []
    for operator in interface.operators:
        add = _RULES.get(operator.name)
        if add is None:
            limits.unsupported(operands.place(operator))
        ops.append(add(operands, operator))
    for index in (*interface.inputs, *interface.outputs):
        operands.activation_at(index, f"{file}: interface tensor")
    return Graph.build(
        name,
        operands.tensors.values(),
        ops,
        [operands.name(index) for index in interface.inputs],
        [operands.name(index) for index in interface.outputs],
        [port.named(operands.name(port.index)) for port in interface.ports],
    )


def _refuse_float(file: str, network: FileNetwork) -> None:
    """A network without a single int8 tensor has not been quantised at all."""
    types = {tensor.type for tensor in network.tensors}
    if TensorType.INT8 not in types:
        found = sorted(TYPE_NAMES.get(type_, f"type {type_}") for type_ in types)
        limits.float_network(file, f"the network computes in {', '.join(found) or 'nothing'}")
