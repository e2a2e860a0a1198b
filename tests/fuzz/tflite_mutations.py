"""Changes of a .tflite file at the level of its schema."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import tflite

from tests.fuzz.draws import INTEGERS, WIDE, Draws
from tests.fuzz.tflite_file import TABLES, Code, File, Operator, Subgraph, Tensor, code_of

_TYPES = {
    tflite.TensorType.FLOAT32: "<f4",
    tflite.TensorType.INT32: "<i4",
    tflite.TensorType.UINT8: "u1",
    tflite.TensorType.INT64: "<i8",
    tflite.TensorType.BOOL: "?",
    tflite.TensorType.INT16: "<i2",
    tflite.TensorType.INT8: "i1",
}


def mutated(draws: Draws, file: File) -> File:
    """A copy of the file with some changes."""
    changed = copy.deepcopy(file)
    for _ in range(draws.one_of((0, 1, 1, 1, 2, 2, 3))):
        if not changed.subgraphs:
            break
        graph = changed.subgraphs[0] if draws.chance(0.9) else draws.one_of(changed.subgraphs)
        if graph.tensors and graph.operators:
            draws.one_of(_MUTATIONS)(draws, changed, graph)
    return changed


def _some_tensor(draws: Draws, graph: Subgraph) -> Tensor:
    """Most often one that an operator has."""
    used = [i for o in graph.operators for i in (*o.inputs, *o.outputs)]
    used = [i for i in used if 0 <= i < len(graph.tensors)]
    return graph.tensors[draws.one_of(used)] if used else draws.one_of(graph.tensors)


def _shape(draws: Draws, file: File, graph: Subgraph) -> None:
    tensor = _some_tensor(draws, graph)
    tensor.shape = draws.changed(tensor.shape, draws.extent)
    if draws.chance(0.7):
        _refill(draws, file, tensor)


def _extents(draws: Draws, file: File, graph: Subgraph) -> None:
    """An extent is another one everywhere, with the constants to fit."""
    known = sorted({extent for tensor in graph.tensors for extent in tensor.shape})
    if not known:
        return
    old = draws.one_of(known)
    new = draws.between(1, 12) if draws.chance(0.8) else draws.extent(old)
    for tensor in graph.tensors:
        if old not in tensor.shape:
            continue
        tensor.shape = [new if extent == old else extent for extent in tensor.shape]
        _refill(draws, file, tensor)
        if len(tensor.scale) == old and old > 1 and 0 < new < 5000:
            tensor.scale = np.resize(tensor.scale, new).tolist()
            tensor.zero_point = np.resize(tensor.zero_point or [0], new).tolist()


def _refill(draws: Draws, file: File, tensor: Tensor) -> None:
    """New data of a constant for its shape and type."""
    if not 0 <= tensor.buffer < len(file.buffers) or file.buffers[tensor.buffer] is None:
        return
    count = float(np.prod([float(extent) for extent in tensor.shape]))
    dtype = _TYPES.get(tensor.type)
    if dtype is None or not 0 <= count <= 1 << 20:
        return
    file.buffers.append(_values(draws, int(count), dtype))
    tensor.buffer = len(file.buffers) - 1


def _values(draws: Draws, count: int, dtype: str) -> bytes:
    kind = np.dtype(dtype)
    if kind.kind == "f":
        data = np.array([draws.real(1.0) for _ in range(min(count, 64))] or [1.0])
        with np.errstate(over="ignore"):
            return np.resize(data, count).astype(kind).tobytes()
    if kind.kind == "b":
        return draws.rng.integers(0, 2, count).astype(kind).tobytes()
    bounds = np.iinfo(kind)
    match draws.below(4):
        case 0:
            data = np.full(count, draws.one_of((bounds.min, bounds.max, 0, 1)))
        case 1:
            data = draws.rng.integers(bounds.min, bounds.max, count, endpoint=True, dtype=kind)
        case 2 if bounds.min < 0:
            data = draws.rng.integers(-4, 5, count)
        case _:
            data = draws.rng.integers(0, 5, count)
    return data.astype(kind).tobytes()


def _type(draws: Draws, file: File, graph: Subgraph) -> None:
    tensor = _some_tensor(draws, graph)
    tensor.type = draws.one_of(tuple(_TYPES)) if draws.chance(0.8) else draws.below(24)
    if draws.chance(0.7):
        _refill(draws, file, tensor)


def _all_of_a_type(draws: Draws, file: File, graph: Subgraph) -> None:
    old = draws.one_of(graph.tensors).type
    new = draws.one_of(tuple(_TYPES))
    for tensor in graph.tensors:
        if tensor.type == old:
            tensor.type = new
            _refill(draws, file, tensor)


def _scale(draws: Draws, file: File, graph: Subgraph) -> None:
    tensor = _some_tensor(draws, graph)
    match draws.below(6):
        case 0:
            tensor.scale, tensor.zero_point = [], []
        case 1 if tensor.shape:
            tensor.axis = draws.below(len(tensor.shape))
            count = max(0, min(tensor.shape[tensor.axis], 4096))
            tensor.scale = draws.rng.uniform(0.001, 0.1, count).tolist()
            tensor.zero_point = [0] * count
        case 2:
            tensor.scale = draws.changed(tensor.scale, draws.real)
        case _:
            tensor.scale = [draws.real(scale) for scale in tensor.scale[:1]] + tensor.scale[1:]


def _zero_point(draws: Draws, file: File, graph: Subgraph) -> None:
    tensor = _some_tensor(draws, graph)
    if draws.chance(0.2):
        tensor.zero_point = draws.changed(tensor.zero_point, lambda _: draws.one_of(WIDE[:-3]))
    elif tensor.zero_point:
        near = draws.between(-130, 130)
        tensor.zero_point[0] = near if draws.chance(0.8) else draws.one_of((*INTEGERS, 2**63 - 1))


def _axis(draws: Draws, file: File, graph: Subgraph) -> None:
    _some_tensor(draws, graph).axis = draws.between(-2, 5)


def _data(draws: Draws, file: File, graph: Subgraph) -> None:
    """A constant with other values or of another length, or a constant that was computed."""
    stored = [t for t in graph.tensors if 0 <= t.buffer < len(file.buffers)]
    constants = [t for t in stored if file.buffers[t.buffer] is not None]
    match draws.below(6):
        case 0:
            tensor = _some_tensor(draws, graph)
            file.buffers.append(b"")
            file.buffers[-1] = bytes(16)
            tensor.buffer = len(file.buffers) - 1
            _refill(draws, file, tensor)
        case 1 if constants:
            draws.one_of(constants).buffer = 0
        case 2 if constants:
            at = draws.one_of(constants).buffer
            file.buffers[at] = (file.buffers[at] or b"")[: draws.below(64)]
        case 3:
            _some_tensor(draws, graph).buffer = draws.below(len(file.buffers) + 2)
        case _ if constants:
            _refill(draws, file, draws.one_of(constants))


def _indices(draws: Draws, file: File, graph: Subgraph) -> None:
    count = len(graph.tensors)

    def other(index: int) -> int:
        return draws.between(-1, count - 1) if draws.chance(0.9) else draws.one_of((-2, count))

    operator = draws.one_of(graph.operators)
    match draws.below(8):
        case 0:
            graph.inputs = draws.changed(graph.inputs, other)
        case 1:
            graph.outputs = draws.changed(graph.outputs, other)
        case 2:
            operator.outputs = draws.changed(operator.outputs, other)
        case 3:
            operator.inputs = [draws.one_of((index, index, -1)) for index in operator.inputs]
        case _:
            operator.inputs = draws.changed(operator.inputs, other)


def _option(draws: Draws, file: File, graph: Subgraph) -> None:
    operator = draws.one_of([o for o in graph.operators if o.options] or graph.operators)
    if not operator.options:
        return
    name = draws.one_of(sorted(operator.options))
    value = operator.options[name]
    if isinstance(value, bool):
        operator.options[name] = not value
    elif isinstance(value, float):
        operator.options[name] = draws.real(value)
    elif isinstance(value, int):
        operator.options[name] = draws.one_of((0, 1, 2, 3, -1, 4, 127, value + 1, *INTEGERS))
    elif isinstance(value, tuple | list):
        operator.options[name] = draws.changed(list(value), lambda _: draws.one_of(INTEGERS))
    else:
        operator.options[name] = draws.one_of((b"", b"a", b"\xff\xfe", None))


def _table(draws: Draws, file: File, graph: Subgraph) -> None:
    operator = draws.one_of(graph.operators)
    operator.table = draws.one_of((None, draws.one_of(sorted(TABLES.values()))))
    operator.options = {}


def _code(draws: Draws, file: File, graph: Subgraph) -> None:
    code = file.codes[draws.below(len(file.codes))] if file.codes else Code(0, 0)
    if draws.chance(0.3):
        draws.one_of(graph.operators).code = draws.below(len(file.codes) + 1)
    elif draws.chance(0.2):
        code.builtin, code.narrow, code.custom = 32, 32, draws.one_of((b"Mine", b"\xff", None))
    else:
        code.builtin = draws.below(210)
        code.narrow = min(code.builtin, 127)


def _operators(draws: Draws, file: File, graph: Subgraph) -> None:
    at = draws.below(len(graph.operators))
    match draws.below(4):
        case 0 if len(graph.operators) > 1:
            del graph.operators[at]
        case 1:
            graph.operators.insert(at, copy.deepcopy(graph.operators[at]))
        case 2:
            draws.rng.shuffle(graph.operators)  # type: ignore[arg-type]
        case _:
            _appended(draws, file, graph)


def _appended(draws: Draws, file: File, graph: Subgraph) -> None:
    """The operator once more, behind itself."""
    again: Operator = copy.deepcopy(draws.one_of(graph.operators))
    if not again.outputs or not 0 <= again.outputs[0] < len(graph.tensors):
        return
    before = again.outputs[0]
    graph.tensors.append(copy.deepcopy(graph.tensors[before]))
    graph.tensors[-1].name += b"/again"
    after = len(graph.tensors) - 1
    if again.inputs:
        again.inputs[0] = before
    again.outputs[0] = after
    graph.operators.append(again)
    graph.outputs = [after if index == before else index for index in graph.outputs]


def _followed(draws: Draws, file: File, graph: Subgraph) -> None:
    """Another operator reads a tensor, or two alike, and its result is an output, too."""
    index = draws.below(len(graph.tensors))
    source = graph.tensors[index]
    alike = [i for i, tensor in enumerate(graph.tensors) if tensor.shape == source.shape]
    name = draws.one_of(("RELU", "RELU6", "QUANTIZE", "LOGISTIC", "RESHAPE", "ADD", "MUL", "ABS"))
    graph.tensors.append(copy.deepcopy(source))
    result = graph.tensors[-1]
    result.name, result.buffer, result.variable = b"followed", 0, False
    if name == "LOGISTIC":
        result.scale, result.zero_point = [1 / 256], [-128]
    file.codes.append(code_of(name))
    inputs = [index, draws.one_of(alike)] if name in ("ADD", "MUL") else [index]
    last = len(graph.tensors) - 1
    graph.operators.append(Operator(len(file.codes) - 1, inputs, [last], None, {}))
    if draws.chance():
        graph.outputs = [*graph.outputs, last]
    else:
        graph.outputs = [last]


def _subgraphs(draws: Draws, file: File, graph: Subgraph) -> None:
    if draws.chance() or len(file.subgraphs) == 1:
        file.subgraphs.append(copy.deepcopy(graph))
    else:
        file.subgraphs.pop(draws.below(len(file.subgraphs)))


def _flags(draws: Draws, file: File, graph: Subgraph) -> None:
    tensor = _some_tensor(draws, graph)
    match draws.below(3):
        case 0:
            tensor.variable = not tensor.variable
        case 1:
            tensor.name = draws.one_of((b"", b"\xff\xfe", b"x", b"a\nb", b"/bias"))
        case _:
            tensor.signature = draws.changed(tensor.shape, lambda old: draws.one_of((-1, 0, old)))


Mutation = Callable[[Draws, File, Subgraph], None]
_MUTATIONS: tuple[Mutation, ...] = (
    _shape, _shape, _extents, _extents, _extents, _type, _all_of_a_type, _scale, _scale,
    _zero_point, _axis, _data, _data, _indices, _indices, _option, _option, _table, _code,
    _operators, _operators, _followed, _followed, _subgraphs, _flags,
)  # fmt: skip
