"""Steps with state against TensorFlow Lite Micro, over several inferences, in C and in NumPy.

`HostKernels.run` compares the kernel in C, and the state that it leaves, with the step's meaning in
NumPy.
"""

import numpy as np
import pytest
from numpy.random import Generator

from hw.spec import numerics as nm
from hw.spec.steps import SVDF
from tests.firmware.cases import random_int8, random_scale, random_zero_point
from tests.tflite_builder import TfliteBuilder, run_tflm_sequence

pytest.importorskip("tflite_micro", reason="the reference kernels are published for x86-64 only")

SEEDS = range(300)


@pytest.fixture(params=SEEDS)
def rng(request) -> Generator:
    return np.random.default_rng(request.param)


@pytest.mark.parametrize("state_type", [np.int16, np.int8])
def test_svdf(kernels, rng, state_type):
    inputs, units, slots = (int(n) for n in rng.integers(1, 12, 3))
    rank, batches = (int(n) for n in rng.integers(1, 4, 2))
    filters = units * rank
    x, y = [(random_scale(rng), random_zero_point(rng)) for _ in range(2)]
    feature_scale, time_scale = random_scale(rng) / 8, random_scale(rng) / 256
    state_zero_point = 0 if state_type is np.int16 else random_zero_point(rng)
    largest = 32768 if state_type is np.int16 else 128
    state_scale = float(np.float32(x[0] * feature_scale * 8000 * np.sqrt(inputs) / largest))
    features = random_int8(rng, filters, inputs)
    range_ = np.iinfo(state_type)
    times = rng.integers(range_.min, range_.max, (filters, slots), endpoint=True, dtype=state_type)
    bias = rng.integers(-(1 << 20), 1 << 20, units).astype(np.int32)
    y_scale = float(np.float32(state_scale * time_scale * largest * largest / 100))
    sequence = [random_int8(rng, batches, inputs) for _ in range(4)]

    builder = TfliteBuilder()
    source = builder.tensor("x", (batches, inputs), scale=x[0], zero_point=x[1])
    operands = [
        source,
        builder.constant("features", features, scale=feature_scale),
        builder.constant("times", times, scale=time_scale),
        builder.constant("bias", bias, scale=state_scale * time_scale),
        builder.tensor(
            "state",
            (batches, filters * slots),
            dtype=state_type.__name__,
            scale=state_scale,
            zero_point=state_zero_point,
            variable=True,
        ),
    ]
    target = builder.tensor("y", (batches, units), scale=y_scale, zero_point=y[1])
    builder.svdf(operands, target, rank=rank)
    content = builder.finish([source], [target])
    expected = run_tflm_sequence(content, [[data] for data in sequence])

    feature_factor = x[0] * feature_scale / state_scale
    feature_multiplier, feature_shift = nm.quantize_multiplier(feature_factor)
    output_factor = state_scale * time_scale / y_scale
    output_multiplier, output_shift = nm.quantize_multiplier(output_factor)
    state = np.full((batches, filters * slots), state_zero_point, state_type)
    values = {
        "state": kernels.place(state),
        "feature_weights": kernels.place(features),
        "time_weights": kernels.place(times),
        "bias": kernels.place(bias),
        "batches": batches,
        "inputs": inputs,
        "units": units,
        "rank": rank,
        "memory": slots,
        "input_zero_point": x[1],
        "state_zero_point": state_zero_point,
        "output_zero_point": y[1],
        "feature_multiplier": feature_multiplier,
        "feature_shift": feature_shift,
        "output_multiplier": output_multiplier,
        "output_shift": output_shift,
        "clamp_low": -128,
        "clamp_high": 127,
        "state_bytes": np.dtype(state_type).itemsize,
    }
    for data, (wanted,) in zip(sequence, expected, strict=True):
        result = kernels.run(SVDF, (batches, units), input=kernels.place(data), **values)
        assert np.array_equal(result, wanted)
