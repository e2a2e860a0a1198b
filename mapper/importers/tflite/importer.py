"""TensorFlow Lite networks into graphs: int8 activations, int8 weights per tensor or per channel.

The operators of a `FileNetwork` are visited in the file's order; each kind has a function that
checks its limits and adds one operator to the graph. What converts the interface (QUANTIZE from
float or uint8, DEQUANTIZE at the end) has become ports before that.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tflite import TensorType

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.numerics import Int8Array
from tilewright.mapper import limits
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op, State
from tilewright.mapper.importers.tflite import (
    blocks,
    convolution,
    elementwise,
    functions,
    gathers,
    logic,
    matrix,
    moves,
    normalisation,
    pads,
    pooling,
    recurrent,
    reductions,
    resize,
    slices,
    softmax,
)
from tilewright.mapper.importers.tflite.flatbuffer import (
    TYPE_NAMES,
    FileNetwork,
    FileOperator,
    read_network,
)
from tilewright.mapper.importers.tflite.folding import fold_constants
from tilewright.mapper.importers.tflite.interface import FLOATS, floating_tensors, strip_interface
from tilewright.mapper.importers.tflite.islands import replace_islands
from tilewright.mapper.importers.tflite.operands import Operands, Rule
from tilewright.mapper.importers.tflite.variables import FileState, resolve_variables
from tilewright.mapper.limits import Obstacles
from tilewright.mapper.operators.lookup import Table
from tilewright.mapper.operators.moves import MOVABLE

_FAMILIES = (
    blocks,
    convolution,
    elementwise,
    functions,
    gathers,
    logic,
    matrix,
    moves,
    normalisation,
    pads,
    pooling,
    recurrent,
    reductions,
    resize,
    slices,
    softmax,
)
_RULES: Mapping[str, Rule] = ChainMap(*(dict(family.RULES) for family in _FAMILIES))
"""For each operator of the format the function that checks it and adds it to the graph."""


TFLITE_OPERATORS = frozenset(_RULES)
"""Kinds of operators that can be imported."""


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
    resolved = resolve_variables(file, network)
    folded = fold_constants(resolved.network, resolved.constants)
    folded, tables = replace_islands(folded)
    interface = strip_interface(folded)
    operands, obstacles = Operands(file, folded), Obstacles(file)
    ops: list[Op] = []
    floating = [o for o in interface.operators if floating_tensors(folded, o)[0]]
    islands = [o for o in interface.operators if o.index in tables]
    if floating:
        with obstacles.noted():
            limits.floating_point_between(file, [operands.place(o) for o in floating])
    for operator in interface.operators:
        if operator in floating:
            continue
        with obstacles.noted():
            if operator in islands:
                ops.append(_table(operands, operator, tables[operator.index]))
            else:
                ops.extend(_converted(operands, operator))
    obstacles.check()
    if interface.remarks and not ops:
        limits.float_network(file, "nothing but floating point and custom operators is in it")
    for index in (*interface.inputs, *interface.outputs):
        operands.activation_at(index, f"{file}: interface tensor", MOVABLE)
    operands.states.extend(_state(file, operands, state) for state in resolved.states)
    return Graph.build(
        name,
        operands.tensors.values(),
        [*ops, *operands.views],
        [operands.name(index) for index in interface.inputs],
        [operands.name(index) for index in interface.outputs],
        [port.named(operands.name(port.index)) for port in interface.ports],
        operands.states,
        (*interface.remarks, *_free_extents(folded, interface.inputs), *operands.remarks),
    )


def _free_extents(network: FileNetwork, inputs: Sequence[int]) -> list[str]:
    """What a user should know of inputs whose extents the file leaves open."""
    given = [network.tensors[index] for index in inputs]
    return [
        f"Input '{tensor.name}' has free extents; it is taken as {list(tensor.shape)}, as the file "
        "stores it."
        for tensor in given
        if tensor.free
    ]


def _table(operands: Operands, operator: FileOperator, results: Int8Array) -> Op:
    """The operator of an island of floating point."""
    x, result = operands.activation(operator, 0), operands.result(operator)
    operands.remarks.append(
        f"Floating point between '{x.name}' and '{result.name}' is a function of one int8: its "
        "results are computed beforehand and looked up."
    )
    return operands.op(operator, Table(values=results.tobytes()), (x,), result)


def _converted(operands: Operands, operator: FileOperator) -> Sequence[Op]:
    rule = _RULES.get(operator.name)
    if rule is None:
        limits.unsupported(operands.place(operator), _RULES)
    found = rule(operands, operator)
    return [found] if isinstance(found, Op) else found


def _state(file: str, operands: Operands, state: FileState) -> State:
    """A variable's tensors in the graph, and its first value."""
    reads, writes = (
        operands.activation_at(index, f"{file}: variable", MOVABLE)
        for index in (state.reads, state.writes)
    )
    if reads.shape != writes.shape or reads.dtype != writes.dtype:
        raise RequestError(
            f"{file}: variable '{reads.name}' is {reads.dtype} {list(reads.shape)}, but "
            f"{writes.dtype} {list(writes.shape)} is assigned to it: export the network again"
        )
    initial = state.initial
    if initial is None:
        zero = reads.zero_point if reads.quant is not None else 0
        initial = np.full(reads.shape, zero)
    if initial.size != reads.elements:
        raise RequestError(
            f"{file}: variable '{reads.name}' of shape {list(reads.shape)} is initialised with "
            f"{initial.size} values: export the network again"
        )
    return State(reads.name, writes.name, initial.reshape(reads.shape).astype(reads.dtype))


def _refuse_float(file: str, network: FileNetwork) -> None:
    """A network of floating point without a quantised tensor has not been quantised at all."""
    indices = {i for o in network.operators for i in (*o.inputs, *o.outputs) if i >= 0}
    types = {network.tensors[index].type for index in sorted(indices)}
    if types & FLOATS and not types & {TensorType.INT8, TensorType.UINT8, TensorType.INT16}:
        found = sorted(TYPE_NAMES.get(type_, f"type {type_}") for type_ in types)
        limits.float_network(file, f"the network computes in {', '.join(found) or 'nothing'}")
