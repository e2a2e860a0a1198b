"""Steps that keep state in main memory from inference to inference."""

from __future__ import annotations

import numpy as np

from hw.spec import numerics as nm
from hw.spec.exact import exact_matmul
from hw.spec.steps.images import CLAMP
from hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _svdf(v: Values, memory: MainMemory) -> None:
    wide = v["state_bytes"] == 2
    units, rank, slots = v["units"], v["rank"], v["memory"]
    filters = units * rank
    read = memory.int16 if wide else memory.read
    state = read(v["state"], v["batches"] * filters * slots).reshape(-1, filters, slots)
    newest = _features(v, memory, filters).astype(state.dtype)
    state = np.concatenate((state[..., 1:], newest[..., None]), axis=2)
    memory.write(v["state"], state.reshape(-1))

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
    # state [batches][units * rank][memory], which moves by one place in each inference, and
    # time_weights [units * rank][memory] have state_bytes, 1 or 2. bias [units] int32.
    (
        "input*",
        "output*",
        "state*",
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
