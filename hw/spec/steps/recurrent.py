"""Steps that keep state in main memory from inference to inference."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic import lstm_cell
from tilewright.hw.spec.exact import exact_matmul
from tilewright.hw.spec.steps.images import CLAMP
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _svdf(v: Values, memory: MainMemory) -> None:
    wide = v["state_bytes"] == 2
    units, rank, slots = v["units"], v["rank"], v["memory"]
    filters = units * rank
    read = memory.int16 if wide else memory.read
    state = read(v["state"], v["batches"] * filters * slots).reshape(-1, filters, slots)
    newest = _features(v, memory, filters).astype(state.dtype)
    state = np.concatenate((state[..., 1:], newest[..., None]), axis=2)
    memory.write(v["next_state"], state.reshape(-1))

    times = read(v["time_weights"], filters * slots).reshape(filters, slots)
    products = (state.astype(np.int64) - v["state_zero_point"]) * times
    sums = products.sum(axis=2).reshape(-1, units, rank).sum(axis=2)
    total = nm.wrap_int32(sums + memory.int32(v["bias"], units))
    factor = v["output_multiplier"], v["output_shift"]
    limits = v["clamp_low"], v["clamp_high"]
    result = nm.requantise(total, *factor, v["output_zero_point"], *limits)
    memory.write(v["output"], result.reshape(-1))


def _features(v: Values, memory: MainMemory, filters: int) -> nm.Int32Array:
    """Return what enters the state: [batches, filters]."""
    inputs = v["inputs"]
    x = memory.read(v["input"], v["batches"] * inputs).reshape(-1, inputs).astype(np.int32)
    weights = memory.read(v["feature_weights"], filters * inputs).reshape(filters, inputs)
    sums = exact_matmul(x - v["input_zero_point"], weights.T, 255 * 128)
    scaled = nm.multiply_by_quantized_multiplier(
        nm.wrap_int32(sums), v["feature_multiplier"], v["feature_shift"]
    )
    range_ = np.iinfo(np.int16 if v["state_bytes"] == 2 else np.int8)
    # The zero point comes behind the clamp, and an int8 state takes the low bits of the sum.
    return np.clip(scaled, range_.min, range_.max) + np.int32(v["state_zero_point"])


def _svdf_bound(v: Values) -> Bound:
    filters = v["batches"] * v["units"] * v["rank"]
    return Bound(2 * filters, filters * (v["inputs"] + 4 * v["memory"]))


SVDF = StepKind(
    "SVDF",
    # input [batches][inputs], feature_weights [units * rank][inputs], output [batches][units] int8.
    # state [batches][units * rank][memory], which moves by one place in each inference, next_state,
    # which may be the same place, and time_weights [units * rank][memory] have state_bytes, 1 or 2.
    # bias [units] int32.
    (
        "input*",
        "output*",
        "state*",
        "next_state*",
        "feature_weights*",
        "time_weights*",
        "bias*",
        "batches",
        "inputs",
        "units",
        "rank",
        "memory",
        "input_zero_point",
        "state_zero_point",
        "output_zero_point",
        "feature_multiplier",
        "feature_shift",
        "output_multiplier",
        "output_shift",
        *CLAMP,
        "state_bytes",
    ),
    _svdf,
    _svdf_bound,
)


_GATES = ("forget", "input", "cell", "output")
"""The gates of an LSTM in the order in which its weights and factors lie in memory."""

LSTM_FACTORS = 2 * len(_GATES) + 3
"""Pairs (multiplier, shift) of an LSTM: for each gate that of the inputs and that of the recurrent
part, then those of the old cell state, of what enters it, and of the result."""


def _lstm(v: Values, memory: MainMemory) -> None:
    units, inputs, size = v["units"], v["inputs"], v["element_bytes"]
    read = memory.int16 if size == 2 else memory.read
    factors = memory.int32(v["factors"], 2 * LSTM_FACTORS).reshape(-1, 2)
    entries = memory.int16(v["table"], 256).view("<u2")
    weights = memory.read(v["input_weights"], 4 * units * inputs).reshape(4, units, inputs)
    bias = (memory.int64 if size == 2 else memory.int32)(v["bias"], 4 * units).reshape(4, units)
    recurrent = memory.read(v["recurrent_weights"], 4 * units * units).reshape(4, units, units)
    hidden = read(v["hidden"], v["batches"] * units).reshape(-1, units).copy()
    cell = memory.int16(v["cell"], v["batches"] * units).reshape(-1, units).copy()
    for step in range(v["time_steps"]):
        rows = step * v["step_rows"] + np.arange(v["batches"]) * v["batch_rows"]
        x = np.stack([read(v["input"] + size * inputs * int(row), inputs) for row in rows])
        sums = {
            name: lstm_cell.saturated(
                _gate_part(x, v["input_zero_point"], weights[gate], bias[gate], factors, gate)
                + _gate_part(
                    hidden, v["hidden_zero_point"], recurrent[gate], None, factors, 4 + gate
                )
            )
            for gate, name in enumerate(_GATES)
        }
        limits = (-v["cell_clip"], v["cell_clip"]) if v["cell_clip"] > 0 else (-32768, 32767)
        kept, entering, result = factors[8:].tolist()
        tanh = v["tanh_multiplier"], v["tanh_shift"]
        step = lstm_cell.Factors(kept, entering, result, tanh)
        cell, active = lstm_cell.update(sums, cell, entries, step, limits)
        result = active + v["hidden_zero_point"]
        hidden = np.clip(result, v["clamp_low"], v["clamp_high"]).astype(hidden.dtype)
        for row, values in zip(rows, hidden, strict=True):
            memory.write(v["output"] + size * units * int(row), values)
    memory.write(v["next_hidden"], hidden.reshape(-1))
    memory.write(v["next_cell"], cell.reshape(-1).astype(np.int16))


def _gate_part(
    x: NDArray[Any],
    zero_point: int,
    weights: nm.Int8Array,
    bias: NDArray[Any] | None,
    factors: NDArray[Any],
    factor: int,
) -> nm.Int32Array:
    """Return the int16 products of a gate, as int32 [batches, units]."""
    wide = x.dtype == np.int16
    sums = exact_matmul(x.astype(np.int32) - zero_point, weights.T, 1 << 22 if wide else 1 << 15)
    if bias is not None:
        sums = sums + bias
    multiplier, shift = factors[factor]
    if wide:
        scaled = nm.multiply_by_quantized_multiplier_64(sums, multiplier, shift)
    else:
        scaled = nm.multiply_by_quantized_multiplier(nm.wrap_int32(sums), multiplier, shift)
    return lstm_cell.saturated(scaled)


def _lstm_bound(v: Values) -> Bound:
    steps = v["batches"] * v["time_steps"] * v["units"]
    return Bound(16 * steps, 8 * steps * (v["inputs"] + v["units"]))


LSTM = StepKind(
    "LSTM",
    # input rows [inputs], output rows [units]: step t of batch b is row t * step_rows +
    # b * batch_rows. hidden [batches][units] as the output, cell [batches][units] int16: the state,
    # of which the next may take the same place.
    # Gates in the order forget, input, cell, output: input_weights [4][units][inputs] and
    # recurrent_weights [4][units][units] int8, bias [4][units]. factors [11][2] int32 (multiplier,
    # shift): 4 gates' inputs, 4 gates' recurrent parts, old cell, what enters the cell, result.
    # table: as of SIGMOID_INT16, with tanh_multiplier and tanh_shift for the cell.
    # element_bytes 1: input and output int8, bias int32. 2: int16, bias int64.
    (
        "input*",
        "output*",
        "hidden*",
        "next_hidden*",
        "cell*",
        "next_cell*",
        "input_weights*",
        "recurrent_weights*",
        "bias*",
        "factors*",
        "table*",
        "batches",
        "time_steps",
        "batch_rows",
        "step_rows",
        "inputs",
        "units",
        "input_zero_point",
        "hidden_zero_point",
        "cell_clip",
        "tanh_multiplier",
        "tanh_shift",
        *CLAMP,
        "element_bytes",
    ),
    _lstm,
    _lstm_bound,
)
