"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from tflite import ActivationFunctionType

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import INT8_OR_INT16, INT32, INT64, Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators.recurrent import GATES, Svdf, UnidirectionalSequenceLstm

_STATE = 4
"""The input of SVDF that is its state."""
_PEEPHOLES, _BIASES, _PROJECTION, _HIDDEN, _CELL, _NORMS = 9, 12, 16, 18, 19, 20
"""Where an LSTM's inputs begin behind its input and 8 weights."""


def _svdf(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    place = operands.place(operator)
    features = _weights(operands, operator, 1)
    times = _weights(operands, operator, 2, wide=True)
    state, left = operands.state(operator, _STATE, ("int8", "int16"))
    require(place, limits.state_has_type_of_weights, (state.dtype, times.dtype))
    rank = int(operator.options["Rank"])
    require(place, limits.filters_are_whole_units, (times.shape[0], rank))
    inputs = (x, features, times, operands.bias(operator, times.shape[0] // rank, 3), state)
    return operands.op(operator, Svdf(rank=rank), inputs, result, left)


def _lstm(operands: Operands, operator: FileOperator) -> Op:
    result = operands.result(operator, INT8_OR_INT16)
    x = operands.activation(operator, 0, (result.dtype,))
    place, options = operands.place(operator), operator.options
    parts = (
        ("peepholes", range(_PEEPHOLES, _BIASES)),
        ("a projection", range(_PROJECTION, _HIDDEN)),
        ("layer normalisation", range(_NORMS, _NORMS + GATES)),
    )
    present = {
        what for what, at in parts if any(operands.has(operator, position) for position in at)
    }
    require(place, limits.lstm_is_plain, sorted(present))
    activation = int(options["FusedActivationFunction"])
    require(place, limits.lstm_function_is_tanh, activation == ActivationFunctionType.TANH)
    hidden, left_hidden = operands.state(operator, _HIDDEN, (result.dtype,))
    cell, left_cell = operands.state(operator, _CELL, ("int16",))
    require(place, limits.cell_is_symmetric, (cell.scale, cell.zero_point))
    weights = [_weights(operands, operator, position) for position in range(1, _PEEPHOLES)]
    units = weights[0].shape[0]
    types = INT64 if result.dtype == "int16" else INT32
    biases = [operands.bias(operator, units, _BIASES + gate, types) for gate in range(GATES)]
    clip = float(options["CellClip"]) / cell.scale
    require(place, limits.clip_is_expressible, clip)
    time_major = bool(options["TimeMajor"])
    computed = UnidirectionalSequenceLstm(time_major=time_major, cell_clip=int(min(clip, 32767.0)))
    inputs = (x, *weights, *biases, hidden, cell)
    return operands.op(operator, computed, inputs, result, left_hidden, left_cell)


def _weights(
    operands: Operands, operator: FileOperator, position: int, *, wide: bool = False
) -> Tensor:
    """Constant weights of two axes with one scale; ``wide``: int16 is taken too."""
    weights = operands.weights(operator, 2, 0, position, wide=wide)
    assert weights.quant is not None
    place = operands.place(operator)
    require(place, limits.weights_are_symmetric, weights.quant.zero_point)
    require(place, limits.weights_have_one_scale, np.shape(weights.quant.scale))
    return operands.enter(weights)


RULES: Mapping[str, Rule] = {"SVDF": _svdf, "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm}
