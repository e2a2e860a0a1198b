"""GRU: a layer of gated units over a sequence, int8 in and int16 out, in integers of our own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic.sigmoid_int16 import sigmoid
from tilewright.hw.spec.exact import exact_matmul
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values

GATES = 3
"""Update, reset and new: the order in which weights, biases and factors lie in memory."""
UPDATE, RESET, NEW = range(GATES)


def _gru(v: Values, memory: MainMemory) -> None:
    units, inputs, batches = v["units"], v["inputs"], v["batches"]
    weights = memory.read(v["input_weights"], GATES * units * inputs).reshape(GATES, units, inputs)
    recurrent = memory.read(v["recurrent_weights"], GATES * units * units)
    recurrent = recurrent.reshape(GATES, units, units)
    input_bias = memory.int32(v["input_bias"], GATES * units).reshape(GATES, units)
    recurrent_bias = memory.int64(v["recurrent_bias"], GATES * units).reshape(GATES, units)
    factors = memory.int32(v["factors"], 4 * GATES).reshape(2, GATES, 2)
    entries = memory.int16(v["table"], 256).view("<u2")
    hidden = memory.int16(v["hidden"], batches * units).reshape(batches, units).astype(np.int32)
    scratch = np.zeros((batches, units), np.int16)

    def of_input(x: NDArray[Any], gate: int) -> nm.Int32Array:
        sums = exact_matmul(x.astype(np.int32) - v["input_zero_point"], weights[gate].T, 1 << 15)
        total = nm.wrap_int32(sums + input_bias[gate])
        return _saturated(nm.multiply_by_quantized_multiplier(total, *factors[0, gate]))

    def of_hidden(state: NDArray[Any], gate: int) -> nm.Int32Array:
        sums = exact_matmul(state, recurrent[gate].T, 1 << 22) + recurrent_bias[gate]
        return _saturated(nm.multiply_by_quantized_multiplier_64(sums, *factors[1, gate]))

    def gate_of(value: NDArray[Any], symmetric: bool) -> nm.Int32Array:
        return sigmoid(_saturated(value), entries, 3, 0, symmetric).astype(np.int32)

    for step in range(v["time_steps"]):
        rows = step * v["step_rows"] + np.arange(batches) * v["batch_rows"]
        x = np.stack([memory.read(v["input"] + inputs * int(row), inputs) for row in rows])
        reset = gate_of(of_input(x, RESET) + of_hidden(hidden, RESET), False)
        update = gate_of(of_input(x, UPDATE) + of_hidden(hidden, UPDATE), False)
        if v["linear_before_reset"]:
            part = _scaled_by(reset, of_hidden(hidden, NEW))
        else:
            kept = _scaled_by(reset, hidden)
            scratch = kept.astype(np.int16)
            part = of_hidden(kept, NEW)
        new = gate_of(of_input(x, NEW) + part, True)
        hidden = new + _scaled_by(update, hidden - new)
        for row, values in zip(rows, hidden, strict=True):
            memory.write(v["output"] + 2 * units * int(row), values.astype(np.int16))
    if not v["linear_before_reset"]:
        # One row serves all batches in turn; the last one's stays.
        memory.write(v["scratch"], scratch[-1])


def _saturated(values: NDArray[Any]) -> nm.Int32Array:
    return np.clip(values, -32768, 32767).astype(np.int32)


def _scaled_by(gate: nm.Int32Array, values: NDArray[Any]) -> nm.Int32Array:
    """Values times a gate of 15 fraction bits, rounded, ties upwards."""
    return ((gate * values.astype(np.int64) + (1 << 14)) >> 15).astype(np.int32)


def _gru_bound(v: Values) -> Bound:
    steps = v["batches"] * v["time_steps"] * v["units"]
    return Bound(16 * steps, 8 * steps * (v["inputs"] + v["units"]))


GRU = StepKind(
    "GRU",
    # input rows int8 [inputs], output rows int16 [units] of 15 fraction bits, which are the hidden
    # state too: step t of batch b is row t * step_rows + b * batch_rows. hidden [batches][units]
    # int16: the state before the first row. scratch [units] int16: nothing that lasts.
    # Gates in the order update, reset, new: input_weights [3][units][inputs] and
    # recurrent_weights [3][units][units] int8, input_bias [3][units] int32, recurrent_bias
    # [3][units] int64. factors [6][2] int32 (multiplier, shift) to 12 fraction bits: 3 of inputs, 3
    # of the state. table: as of SIGMOID_INT16. linear_before_reset 1: the reset gate multiplies the
    # state's product with its bias, not the state.
    (
        "input*",
        "output*",
        "hidden*",
        "scratch*",
        "input_weights*",
        "recurrent_weights*",
        "input_bias*",
        "recurrent_bias*",
        "factors*",
        "table*",
        "batches",
        "time_steps",
        "batch_rows",
        "step_rows",
        "inputs",
        "units",
        "input_zero_point",
        "linear_before_reset",
    ),
    _gru,
    _gru_bound,
)
