"""ONNX LSTM and GRU whose input and weights are quantised: one operator a direction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.values import (
    Activation,
    Constant,
    Draft,
    Pending,
    Value,
    Vector,
    View,
    positions,
)
from tilewright.mapper.importers.onnx.weighted import stored_weights
from tilewright.mapper.limits import require
from tilewright.mapper.operators.concatenation import Concatenation
from tilewright.mapper.operators.gated import STATE_SCALE, Gru, Lstm
from tilewright.mapper.operators.requantise import Quantize

_STATE = Quant((STATE_SCALE,), (0,))
_SCRATCH = Quant((1.0,), (0,))
_BIAS, _LENGTHS, _HIDDEN, _CELL, _PEEPHOLES = range(3, 8)
"""Inputs behind x and both weights."""
_CELL_RANGE = 16.0
"""The largest magnitude that a cell's state keeps: beyond 4 its function is 1."""
_LSTM_ORDER = (2, 0, 3, 1)
"""Gates forget, input, cell, output in the file's order: input, output, forget, cell."""
_GRU_ORDER = (0, 1, 2)


@dataclass(frozen=True, eq=False)
class _Layer:
    """The input [T,B,I] and the weights of one direction, gates in the step's order."""

    x: Draft
    weights: Tensor
    recurrent: Tensor
    bias: Vector
    """[2,G,U]: of the inputs, of the state."""

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Time steps, batches and units."""
        return self.x.shape[0], self.x.shape[1], self.recurrent.shape[-1]


def _directions(node: Node) -> list[bool]:
    """For each direction whether it runs backwards."""
    found = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
    direction = node.text("direction", "forward")
    if direction not in found:
        raise RequestError(f"{node.place}: direction '{direction}' is not known")
    return found[direction]


def _check(builder: Builder, node: Node, functions: list[str], steps: int) -> None:
    """Raise RequestError for attributes and inputs that change the equations."""
    count = len(_directions(node))
    given = node.attrs.get("activations") or functions * count
    names = [n.decode("utf-8", "replace") if isinstance(n, bytes) else str(n) for n in given]
    require(node.place, limits.gates_have_default_functions, (names, functions * count))
    require(node.place, limits.gates_are_not_clipped, node.number("clip", 0.0) or 0.0)
    require(node.place, limits.gates_are_independent, node.integer("input_forget", 0))
    require(node.place, limits.has_no_peepholes, node.op == "LSTM" and node.has(_PEEPHOLES))
    if node.has(_LENGTHS):
        lengths = builder.constant(node, _LENGTHS).data.reshape(-1).tolist()
        require(node.place, limits.sequences_are_whole, (lengths, steps))


def _layers(
    builder: Builder, node: Node, order: tuple[int, ...], *, wide: bool
) -> list[tuple[_Layer, bool]]:
    """The layer of each direction; ``wide``: its input is int16."""
    x, quant = builder.quantised(node, 0)
    view = x.view.swapaxes(0, 1) if node.integer("layout", 0) else x.view
    if view.ndim != 3:
        raise RequestError(f"{node.place}: needs an input of three axes, not {x.view.shape}")
    directions, gates = _directions(node), len(order)
    weights, recurrent = (stored_weights(builder, node, at, 1) for at in (1, 2))
    units = recurrent.data.shape[-1]
    count = len(directions)
    shapes = (count, gates * units, view.shape[2]), (count, gates * units, units)
    if (weights.data.shape, recurrent.data.shape) != shapes:
        raise RequestError(
            f"{node.place}: weights {weights.data.shape} and {recurrent.data.shape} do not fit an "
            f"input {x.view.shape} in {count} direction(s)"
        )
    for found in (weights, recurrent):
        require(node.place, limits.weights_have_one_scale, found.scale.shape)
        require(node.place, limits.weights_are_symmetric, (found.zero_point,))
    bias = np.zeros((count, 2, gates, units))
    if node.has(_BIAS):
        bias = builder.constant(node, _BIAS).real().reshape(count, 2, gates, units)
        if not np.isfinite(bias).all():
            raise RequestError(f"{node.place}: the bias is not a finite number")
    result: list[tuple[_Layer, bool]] = []
    for number, backwards in enumerate(directions):
        turned = replace(x, view=view[::-1] if backwards else view)
        stored = builder.stored(node.place, turned)
        if wide:
            unit = Quant(quant.scale, (0,))
            stored = builder.add(node.place, Quantize(), (stored,), stored.shape, unit, "int16")
        tensors = [
            builder.stored_constant(
                f"{node.name}/{name}",
                np.ascontiguousarray(w.data[number].reshape(gates, units, -1)[[*order]]),
                w.quant(0),
            )
            for name, w in (("weights", weights), ("recurrent", recurrent))
        ]
        layer = _Layer(stored, tensors[0], tensors[1], bias[number][:, [*order]])
        result.append((layer, backwards))
    return result


def _start(
    builder: Builder, node: Node, position: int, number: int, shape: tuple[int, int], scale: float
) -> Draft | Tensor:
    """The state [B,U] of a direction before the first time step, as int16 of this scale."""
    quant = Quant((scale,), (0,))
    value = builder.value(node, position) if node.has(position) else Constant(np.zeros((1, 1, 1)))
    if isinstance(value, Constant):
        real = value.real()
        if real.ndim != 3:
            raise RequestError(f"{node.place}: an initial state must have three axes")
        own = (
            real[:, number % real.shape[1]]
            if node.integer("layout", 0)
            else real[number % len(real)]
        )
        steps = np.rint(np.broadcast_to(own, shape) / scale)
        require(node.place, limits.state_is_in_range, (float(np.abs(own).max()), 32768 * scale))
        data = np.clip(steps, -32768, 32767).astype(np.int16)
        return builder.stored_constant(f"{node.name}/state", data, quant)
    x, _ = builder.quantised(node, position)
    view = x.view[:, number] if node.integer("layout", 0) else x.view[number]
    if view.shape != shape:
        raise RequestError(f"{node.place}: an initial state of shape {x.view.shape} does not fit")
    stored = builder.stored(node.place, replace(x, view=view))
    return builder.add(node.place, Quantize(), (stored,), shape, quant, "int16")


def _factor(tensor: Draft | Tensor) -> float:
    assert tensor.quant is not None
    return tensor.quant.scale[0]


def _integers(
    values: Vector, unit: float, dtype: type[np.signedinteger]
) -> NDArray[np.signedinteger]:
    range_ = np.iinfo(np.int32)
    return np.clip(np.rint(values / unit), range_.min, range_.max).astype(dtype)


def _lstm(builder: Builder, node: Node) -> tuple[Value, ...]:
    rows: list[tuple[Draft, bool]] = []
    cells: list[Draft] = []
    for number, (layer, backwards) in enumerate(_layers(builder, node, _LSTM_ORDER, wide=True)):
        steps, batches, units = layer.sizes
        _check(builder, node, ["Sigmoid", "Tanh", "Tanh"], steps)
        # A cell grows by at most 1 in each step.
        most = min(_CELL_RANGE, max(float(steps), 1.0) + _largest(builder, node, _CELL))
        cell_scale = 2.0 ** (int(np.ceil(np.log2(most))) - 15)
        hidden = _start(builder, node, _HIDDEN, number, (batches, units), STATE_SCALE)
        cell = _start(builder, node, _CELL, number, (batches, units), cell_scale)
        unit = _factor(layer.x) * _factor(layer.weights)
        bias = builder.stored_constant(
            f"{node.name}/bias", _integers(layer.bias.sum(axis=0), unit, np.int64)
        )
        results = [
            builder.draft(node.name, (steps, batches, units), _STATE),
            builder.draft(f"{node.name}/hidden", (batches, units), _STATE),
            builder.draft(f"{node.name}/cell", (batches, units), Quant((cell_scale,), (0,))),
        ]
        for result in results:
            result.dtype = "int16"
        operands = (layer.x, layer.weights, layer.recurrent, bias, hidden, cell)
        builder.add_op(Lstm(), operands, tuple(results))
        rows.append((results[0], backwards))
        cells.append(results[2])
    last = [(cell, positions(cell.shape)) for cell in cells]
    return (*_results(node, builder, rows), _states(builder, node, last))


def _largest(builder: Builder, node: Node, position: int) -> float:
    """The largest magnitude of an initial state."""
    if not node.has(position):
        return 0.0
    value = builder.value(node, position)
    if isinstance(value, Constant):
        return float(np.abs(value.real()).max(initial=0))
    return _CELL_RANGE


def _gru(builder: Builder, node: Node) -> tuple[Value, ...]:
    rows: list[tuple[Draft, bool]] = []
    linear = bool(node.integer("linear_before_reset", 0))
    for number, (layer, backwards) in enumerate(_layers(builder, node, _GRU_ORDER, wide=False)):
        steps, batches, units = layer.sizes
        _check(builder, node, ["Sigmoid", "Tanh"], steps)
        hidden = _start(builder, node, _HIDDEN, number, (batches, units), STATE_SCALE)
        biases = [
            builder.stored_constant(f"{node.name}/bias", _integers(layer.bias[part], unit, dtype))
            for part, unit, dtype in (
                (0, _factor(layer.x) * _factor(layer.weights), np.int32),
                (1, STATE_SCALE * _factor(layer.recurrent), np.int64),
            )
        ]
        results = [
            builder.draft(node.name, (steps, batches, units), _STATE),
            builder.draft(f"{node.name}/scratch", (units,), _SCRATCH),
        ]
        for result in results:
            result.dtype = "int16"
        operands = (layer.x, layer.weights, layer.recurrent, *biases, hidden)
        builder.add_op(Gru(linear_before_reset=linear), operands, tuple(results))
        rows.append((results[0], backwards))
    return _results(node, builder, rows)


def _results(
    node: Node, builder: Builder, rows: list[tuple[Draft, bool]]
) -> tuple[Pending, Pending]:
    """Y and Y_h, of the results [T,B,U] of each direction."""
    views = [
        positions(draft.shape)[::-1] if back else positions(draft.shape) for draft, back in rows
    ]
    # [T,D,B,U], or [B,T,D,U].
    axes = (2, 0, 1, 3) if node.integer("layout", 0) else (0, 1, 2, 3)
    whole = [(draft, view[:, None]) for (draft, _), view in zip(rows, views, strict=True)]
    y = _joined(builder, node, whole, axes, 1)
    last = [(draft, positions(draft.shape)[-1]) for draft, _ in rows]
    return y, _states(builder, node, last)


def _states(builder: Builder, node: Node, parts: list[tuple[Draft, View]]) -> Pending:
    """The last states [D,B,U], or [B,D,U], of views [B,U] of each direction's."""
    axes = (1, 0, 2) if node.integer("layout", 0) else (0, 1, 2)
    return _joined(builder, node, [(draft, view[None]) for draft, view in parts], axes, 0)


def _joined(
    builder: Builder,
    node: Node,
    parts: list[tuple[Draft, View]],
    axes: tuple[int, ...],
    axis: int,
) -> Pending:
    """Views of int16 tensors, requantised to int8 and joined along an axis, then transposed."""
    shape = list(parts[0][1].shape)
    shape[axis] = len(parts)

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        found: list[Draft] = []
        for draft, view in parts:
            narrow = builder.add(node.place, Quantize(), (draft,), draft.shape, quant)
            found.append(builder.stored(node.place, Activation(narrow, view, "float32")))
        joined = found[0]
        if len(found) > 1:
            operator = Concatenation(axis=axis)
            joined = builder.add(node.place, operator, tuple(found), tuple(shape), quant)
        return builder.rescaled(node.place, joined, quant, lo, hi)

    view = positions(tuple(shape)).transpose(axes)
    return Pending(node.place, view, emit, Quant((1 / 128,), (0,)))


RULES: Mapping[str, Callable[[Builder, Node], Value | tuple[Value, ...]]] = {
    "LSTM": _lstm,
    "GRU": _gru,
}
