"""SVDF and LSTM, a network each, over several inferences against TFLM."""

from __future__ import annotations

import numpy as np
import pytest

from hw.spec.config import make_config
from hw.spec.errors import RequestError
from tests.mapper.operators.networks_of_one import NetworkOfOne
from tests.random_networks import random_config

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

BLOCKS, EACH = 20, 15
"""Tests of a kind, and networks of each."""


def svdf(network: NetworkOfOne, *, variable: bool = True, rank: int | None = None):
    builder, rng = network.builder, network.rng
    inputs, units, slots = network.sizes(3, 12)
    own_rank, batches = network.sizes(2, 3)
    rank = rank or own_rank
    filters = units * own_rank
    wide = network.chance()
    largest, kind = (32768, np.int16) if wide else (128, np.int8)
    x = network.tensor("x", (batches, inputs))
    feature_scale, time_scale = network.scale(0.001, 0.02), network.scale(0.01, 0.1) / largest
    unit = builder.tensors[x].scale[0]
    state_scale = float(np.float32(unit * feature_scale * 8000 * np.sqrt(inputs) / largest))
    times = rng.integers(-largest, largest, (filters, slots)).astype(kind)
    bias = rng.integers(-(1 << 20), 1 << 20, units).astype(np.int32)
    state = {"scale": state_scale, "zero_point": 0 if wide else network.zero_point()}
    operands = [
        x,
        builder.constant("features", network.int8(filters, inputs), scale=feature_scale),
        builder.constant("times", times, scale=time_scale),
        builder.constant("bias", bias, scale=state_scale * time_scale),
        builder.tensor(
            "state", (batches, filters * slots), dtype=kind.__name__, variable=variable, **state
        ),
    ]
    scale = float(np.float32(state_scale * time_scale * largest * largest / 100))
    y = builder.tensor("y", (batches, units), scale=scale, zero_point=network.zero_point())
    builder.svdf(operands, y, rank=rank)
    return [x], y


def wide_lstm(network: NetworkOfOne):
    """Input, hidden state and result of int16."""
    return lstm(network, wide=True)


def lstm(network: NetworkOfOne, *, wide: bool = False, **changed):
    """``changed``: operands by number that are others than usual; options of the operator."""
    builder, rng = network.builder, network.rng
    batches, steps = network.sizes(2, 3)
    inputs, units = network.sizes(2, 12)
    time_major = network.chance()
    outer = (steps, batches) if time_major else (batches, steps)
    kind, largest = ("int16", 1 << 15) if wide else ("int8", 1 << 7)
    x = network.tensor("x", (*outer, inputs))
    if wide:
        scale = network.scale(2.0**-14, 2.0**-10)
        x = builder.tensor("x", (*outer, inputs), dtype=kind, scale=scale)
    hidden = {"scale": 1 / largest, "zero_point": 0, "dtype": kind}
    if network.chance() and not wide:
        hidden |= {"scale": network.scale(0.004, 0.012), "zero_point": network.integer(-20, 20)}
    operands = [x] + [-1] * 23
    for gate in range(4):
        for place, width, unit in (
            (1 + gate, inputs, builder.tensors[x].scale[0]),
            (5 + gate, units, hidden["scale"]),
        ):
            # Sums of a few units, where the functions bend.
            scale = float(np.float32(2.0 ** rng.uniform(-1, 1) / (unit * 40 * largest)))
            operands[place] = builder.constant(f"w{place}", network.int8(units, width), scale=scale)
        bias = rng.integers(-5000, 5000, units).astype(np.int64 if wide else np.int32)
        operands[12 + gate] = builder.constant(f"b{gate}", bias, scale=1e-4)
    operands[18] = builder.tensor("hidden", (batches, units), variable=True, **hidden)
    cell = {"dtype": "int16", "scale": 2.0 ** network.integer(-14, -9)}
    operands[19] = builder.tensor("cell", (batches, units), variable=True, **cell)
    y = builder.tensor("y", (*outer, units), **hidden)
    for name, make in changed.items():
        if name.startswith("operand_"):
            operands[int(name[8:])] = make(builder, units)
    clip = changed.get("cell_clip", float(rng.choice([0.0, 0.0, 1.5])))
    builder.lstm(operands, y, time_major=time_major, cell_clip=clip)
    return [x], y


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("kind", [svdf, lstm, wide_lstm])
def test_inferences_in_sequence(kind, block: int) -> None:
    for seed in range(block * EACH, (block + 1) * EACH):
        network = NetworkOfOne(seed)
        inputs, y = kind(network)
        config = random_config(seed) if seed % 3 else make_config({"npu": "none"})
        assert network.check(inputs, y, config, inferences=3) == "cpu"


def test_state_must_be_variable() -> None:
    network = NetworkOfOne(0)
    inputs, y = svdf(network, variable=False)
    with pytest.raises(RequestError, match="must be a variable tensor"):
        network.imported(inputs, [y])


def test_rank_must_divide_the_filters() -> None:
    network = NetworkOfOne(0)
    inputs, y = svdf(network, rank=1000)
    with pytest.raises(RequestError, match="rank must divide"):
        network.imported(inputs, [y])


def _int8(builder, units: int) -> int:
    return builder.constant("extra", np.ones(units, np.int8), scale=0.1)


def _scales(builder, units: int) -> int:
    data = np.ones((units, units), np.int8)
    return builder.constant("extra", data, scale=[0.1] * units, axis=0)


def _cell(builder, units: int) -> int:
    return builder.tensor("c", (3, units), dtype="int16", scale=4.0, variable=True)


def _int8_cell(builder, units: int) -> int:
    return builder.tensor("c", (3, units), scale=0.1, variable=True)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"operand_9": _int8}, r"no peepholes.*Here: \['peepholes'\]"),
        ({"operand_16": _int8}, r"Here: \['a projection'\]"),
        ({"operand_20": _int8}, r"Here: \['layer normalisation'\]"),
        ({"operand_6": _scales}, "one scale for each tensor"),
        ({"operand_19": _cell}, "int16 with zero point 0 and a scale"),
        ({"operand_19": _int8_cell}, "'c' is int8.*int16 with one scale and zero point is needed"),
        ({"cell_clip": 1e-9}, "at least one unit"),
    ],
)
def test_an_lstm_that_tflm_has_not(changed, message: str) -> None:
    for seed in range(40):
        network = NetworkOfOne(seed)
        inputs, y = lstm(network, **changed)
        if network.builder.tensors[y].shape[2] > 1:  # one scale for one unit is one scale
            break
    with pytest.raises(RequestError, match=message):
        network.imported(inputs, [y])
