"""SVDF and LSTM, a network each, over several inferences against TFLM."""

from __future__ import annotations

import numpy as np
import pytest

from tests.mapper.operators.lstm_of_one import lstm
from tests.mapper.operators.networks_of_one import NetworkOfOne
from tests.random_networks import random_config
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.planning.residency import _Planner

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

BLOCKS, EACH = 20, 15
"""Tests of a kind, and networks of each."""


def svdf(
    network: NetworkOfOne,
    *,
    variable: bool = True,
    rank: int | None = None,
    wide: bool | None = None,
):
    """``wide``: whether the state is int16; either if it is None."""
    builder, rng = network.builder, network.rng
    inputs, units, slots = network.sizes(3, 12)
    own_rank, batches = network.sizes(2, 3)
    rank = rank or own_rank
    filters = units * own_rank
    wide = network.chance() if wide is None else wide
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


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("kind", [svdf, lstm, wide_lstm])
def test_inferences_in_sequence(kind, block: int) -> None:
    for seed in range(block * EACH, (block + 1) * EACH):
        network = NetworkOfOne(seed)
        inputs, y = kind(network)
        config = random_config(seed) if seed % 3 else make_config({"npu": "none"})
        engine = network.check(inputs, y, config, inferences=3)
        npu = config.npu
        if config.soc.npu == "none":
            assert engine == "cpu"
        elif kind is lstm:
            assert engine == ("npu" if npu.wide_results else "cpu")


DESIGNS = {
    "8x8": {},
    "8x8, five lanes": {"requantiser_lanes": 5},
    "5x3, one lane": {"rows": 5, "cols": 3, "requantiser_lanes": 1, "port_bytes": 8},
    "4x4, little memory": {"rows": 4, "cols": 4, "scratchpad_bytes": 4096, "bus_bytes": 4},
    "6x2, small ring": {"rows": 6, "cols": 2, "weight_buffer_bytes": 1024, "port_bytes": 32},
    "16x4, little memory": {"rows": 16, "cols": 4, "port_bytes": 32, "scratchpad_bytes": 4096},
}


@pytest.mark.parametrize("name", DESIGNS)
def test_lstms_on_the_accelerator(name: str) -> None:
    """Weights that stay in the ring and that do not, all time steps at once and in parts."""
    for seed in range(1000, 1030):
        network = NetworkOfOne(seed)
        inputs, y = lstm(network, most=(8, 40))
        config = make_config(DESIGNS[name])
        assert network.check(inputs, y, config, inferences=2) == "npu"


@pytest.mark.parametrize("name", DESIGNS)
def test_svdfs_on_the_accelerator(name: str) -> None:
    for seed in range(1100, 1130):
        network = NetworkOfOne(seed)
        inputs, y = svdf(network, wide=False)
        config = make_config(DESIGNS[name])
        assert network.check(inputs, y, config, inferences=3) == "npu"


@pytest.mark.parametrize("kind", [svdf, lstm])
def test_states_that_have_no_place_of_their_own_in_the_scratchpad(
    kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All tensors are staged, in two copies where there is room for them."""
    monkeypatch.setattr(_Planner, "_shrink", lambda _, share: frozenset())
    for seed in range(1200, 1215):
        for name in ("8x8", "4x4, little memory"):
            network = NetworkOfOne(seed)
            inputs, y = svdf(network, wide=False) if kind is svdf else lstm(network, most=(8, 40))
            config = make_config(DESIGNS[name])
            assert network.check(inputs, y, config, inferences=2) == "npu"


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
