"""Steps with state against TensorFlow Lite Micro, over several inferences, in C and in NumPy.

`HostKernels.run` compares the kernel in C, and the state that it leaves, with the step's meaning in
NumPy.
"""

import numpy as np
import pytest
from numpy.random import Generator

from tests.firmware.cases import random_int8, random_int16, random_scale, random_zero_point
from tests.tflite_builder import TfliteBuilder, run_tflm_sequence
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic.sigmoid_int16 import table
from tilewright.hw.spec.steps import LSTM, SVDF

pytest.importorskip("tflite_micro", reason="the reference kernels are published for x86-64 only")

SEEDS = range(300)


@pytest.fixture(params=SEEDS)
def rng(request) -> Generator:
    return np.random.default_rng(request.param)


def state_places(kernels, rng: Generator, state) -> list[int]:
    """Where a state is read and where its next value goes: one place, or two that take turns."""
    place = kernels.place(state)
    return [place, kernels.place(np.zeros_like(state)) if rng.integers(2) else place]


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
    places = state_places(kernels, rng, state)
    for data, (wanted,) in zip(sequence, expected, strict=True):
        values |= {"state": places[0], "next_state": places[1], "input": kernels.place(data)}
        result = kernels.run(SVDF, (batches, units), **values)
        assert np.array_equal(result, wanted)
        places.reverse()


def lstm_network(rng, dtype, batches, steps, inputs, units, time_major, clip):
    """(file, parameters of the step that are numbers, tables, initial states)."""
    wide = dtype is np.int16
    x = (random_scale(rng) / (256 if wide else 1), 0 if wide else random_zero_point(rng))
    hidden = (1 / 32768 if wide else 1 / 128, 0)
    if not wide and rng.random() < 0.5:
        hidden = (float(np.float32(rng.uniform(0.5, 1.5) / 128)), int(rng.integers(-20, 20)))
    cell_power = int(rng.integers(-14, -8))
    outer = (steps, batches) if time_major else (batches, steps)

    builder = TfliteBuilder()
    source = builder.tensor(
        "x", (*outer, inputs), dtype=dtype.__name__, scale=x[0], zero_point=x[1]
    )
    tables: dict[str, list] = {"input_weights": [], "recurrent_weights": [], "bias": []}
    factors: dict[str, list] = {"inputs": [], "recurrent": []}
    operands = [source] + [-1] * 23
    # The file's order of gates is input, forget, cell, output; the step's begins with forget.
    for gate in (1, 0, 2, 3):
        for place, name, width, scale in (
            (1 + gate, "input_weights", inputs, x[0]),
            (5 + gate, "recurrent_weights", units, hidden[0]),
        ):
            # Sums of a few units, where the functions bend.
            weight_scale = float(
                np.float32(2.0 ** rng.uniform(-1, 1) / (scale * 5000 * (256 if wide else 1)))
            )
            weights = random_int8(rng, units, width)
            operands[place] = builder.constant(f"w{place}", weights, scale=weight_scale)
            tables[name].append(weights)
            part = "inputs" if name == "input_weights" else "recurrent"
            factors[part].append(nm.quantize_multiplier(scale * weight_scale / 2.0**-12))
        bias = rng.integers(-5000, 5000, units).astype(np.int64 if wide else np.int32)
        operands[12 + gate] = builder.constant(f"b{gate}", bias, scale=1e-4)
        tables["bias"].append(bias)
    state = {"variable": True}
    operands[18] = builder.tensor(
        "hidden",
        (batches, units),
        dtype=dtype.__name__,
        scale=hidden[0],
        zero_point=hidden[1],
        **state,
    )
    operands[19] = builder.tensor(
        "cell", (batches, units), dtype="int16", scale=2.0**cell_power, **state
    )
    target = builder.tensor(
        "y", (*outer, units), dtype=dtype.__name__, scale=hidden[0], zero_point=hidden[1]
    )
    builder.lstm(operands, target, time_major=time_major, cell_clip=clip)
    unit, cell_scale = 2.0**-15, 2.0**cell_power
    pairs = [*factors["inputs"], *factors["recurrent"]]
    pairs += [nm.quantize_multiplier(f) for f in (unit, unit * unit / cell_scale)]
    pairs += [nm.quantize_multiplier(unit * unit / hidden[0])]
    tables["factors"] = np.array(pairs, np.int32)
    left = 12 + cell_power
    values = {
        "input_zero_point": x[1],
        "hidden_zero_point": hidden[1],
        "cell_clip": int(min(np.float32(clip) / cell_scale, 32767.0)),
        "tanh_multiplier": 3 << max(left, 0),
        "tanh_shift": max(-left, 0),
    }
    return builder.finish([source], [target]), values, tables, hidden[1]


@pytest.mark.parametrize("dtype", [np.int8, np.int16])
def test_lstm(kernels, rng, dtype):
    batches, steps = (int(n) for n in rng.integers(1, 4, 2))
    inputs, units = (int(n) for n in rng.integers(1, 12, 2))
    time_major = bool(rng.integers(2))
    clip = float(rng.choice([0.0, 0.0, 1.5]))
    content, values, tables, start = lstm_network(
        rng, dtype, batches, steps, inputs, units, time_major, clip
    )
    shape = (steps, batches) if time_major else (batches, steps)
    draw = random_int8 if dtype is np.int8 else random_int16
    sequence = [draw(rng, *shape, inputs) for _ in range(3)]
    expected = run_tflm_sequence(content, [[data] for data in sequence])
    range_ = np.iinfo(dtype)
    values |= {name: kernels.place(np.stack(table)) for name, table in tables.items()}
    values |= {
        "table": kernels.place(table()),
        "batches": batches,
        "time_steps": steps,
        "batch_rows": 1 if time_major else steps,
        "step_rows": batches if time_major else 1,
        "inputs": inputs,
        "units": units,
        "clamp_low": int(range_.min),
        "clamp_high": int(range_.max),
        "element_bytes": np.dtype(dtype).itemsize,
    }
    hidden = state_places(kernels, rng, np.full((batches, units), start, dtype))
    cell = state_places(kernels, rng, np.zeros((batches, units), np.int16))
    for data, (wanted,) in zip(sequence, expected, strict=True):
        values |= {"hidden": hidden[0], "next_hidden": hidden[1], "input": kernels.place(data)}
        values |= {"cell": cell[0], "next_cell": cell[1]}
        result = kernels.run(LSTM, (*shape, units), dtype=dtype, **values)
        assert np.array_equal(result, wanted)
        hidden.reverse()
        cell.reverse()
