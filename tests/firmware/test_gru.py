"""GRU: C against NumPy on random sizes, and NumPy against the real equations."""

import numpy as np
import pytest

from tests.firmware.cases import random_int8, random_int16, random_scale, random_zero_point
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic.sigmoid_int16 import table
from tilewright.hw.spec.steps import GRU

UNIT = 2.0**-15


@pytest.fixture(params=range(100))
def rng(request):
    return np.random.default_rng(request.param)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def real_gru(x, state, weights, recurrent, biases, linear):
    """The states [T,B,U] of the equations; gates update, reset, new."""
    states = []
    for row in x:
        update, reset = (
            logistic(row @ weights[g].T + biases[0, g] + state @ recurrent[g].T + biases[1, g])
            for g in (0, 1)
        )
        part = (
            reset * (state @ recurrent[2].T + biases[1, 2])
            if linear
            else (reset * state) @ recurrent[2].T + biases[1, 2]
        )
        new = np.tanh(row @ weights[2].T + biases[0, 2] + part)
        state = (1 - update) * new + update * state
        states.append(state)
    return np.stack(states)


@pytest.mark.parametrize("linear", [0, 1])
def test_gru(kernels, rng, linear):
    batches, steps = (int(n) for n in rng.integers(1, [4, 6]))
    inputs, units = (int(n) for n in rng.integers(1, 14, 2))
    major = bool(rng.integers(2))
    shape = (steps, batches) if major else (batches, steps)
    x_scale, zero_point = random_scale(rng), random_zero_point(rng)
    scales = [2.0 ** rng.uniform(-1, 1) / (x_scale * 5000), 2.0 ** rng.uniform(-1, 1) / 300]
    x, start = random_int8(rng, *shape, inputs), random_int16(rng, batches, units)
    weights, recurrent = random_int8(rng, 3, units, inputs), random_int8(rng, 3, units, units)
    input_bias = rng.integers(-5000, 5000, (3, units)).astype(np.int32)
    recurrent_bias = rng.integers(-(1 << 22), 1 << 22, (3, units)).astype(np.int64)
    factors = [x_scale * scales[0] * 4096] * 3 + [UNIT * scales[1] * 4096] * 3
    pairs = np.array([nm.quantize_multiplier(factor) for factor in factors], np.int32)
    result = kernels.run(
        GRU,
        (*shape, units),
        dtype=np.int16,
        input=kernels.place(x),
        hidden=kernels.place(start),
        scratch=kernels.place(np.zeros(units, np.int16)),
        input_weights=kernels.place(weights),
        recurrent_weights=kernels.place(recurrent),
        input_bias=kernels.place(input_bias),
        recurrent_bias=kernels.place(recurrent_bias),
        factors=kernels.place(pairs),
        table=kernels.place(table()),
        batches=batches,
        time_steps=steps,
        batch_rows=1 if major else steps,
        step_rows=batches if major else 1,
        inputs=inputs,
        units=units,
        input_zero_point=zero_point,
        linear_before_reset=linear,
    )
    units_of = (x_scale * scales[0], UNIT * scales[1])
    wanted = real_gru(
        (x if major else x.swapaxes(0, 1)).astype(np.float64) * x_scale - zero_point * x_scale,
        start * UNIT,
        weights * scales[0],
        recurrent * scales[1],
        np.stack([input_bias * units_of[0], recurrent_bias * units_of[1]]),
        linear,
    )
    # Sums of a gate saturate at 8, where its functions are all but flat.
    found = (result if major else result.swapaxes(0, 1)) * UNIT
    assert np.abs(found - wanted).max() < 0.02
