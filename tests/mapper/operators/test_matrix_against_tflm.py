"""Matrix products, a network each, on random accelerators and on the CPU against TFLM."""

from __future__ import annotations

import numpy as np
import pytest

from tests.mapper.operators.networks_of_one import NetworkOfOne
from tests.random_networks import random_config, random_microcode_config
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

BLOCKS, EACH = 20, 15
"""Tests of a kind, and networks of each."""


def fully_connected(network: NetworkOfOne, *, weights: str) -> tuple[list[int], int]:
    rows, channels, outputs = network.integer(1, 6), *network.sizes(2, 40)
    builder = network.builder
    outer = (network.integer(1, 3), rows) if network.chance(0.3) else (rows,)
    x = network.tensor("x", (*outer, channels))
    scales = network.rng.uniform(0.001, 0.02, outputs if weights == "channels" else 1)
    scales = scales.astype(np.float32).tolist()
    zero_point = network.zero_point() if weights in ("asymmetric", "computed") else 0
    common = {"scale": scales, "zero_point": zero_point}
    if weights == "computed":
        w = builder.tensor("w", (outputs, channels), **common)
    else:
        w = builder.constant("w", network.int8(outputs, channels), **common)
    b = None
    if network.chance(0.7):
        bias = network.rng.integers(-5000, 5000, outputs).astype(np.int32)
        unit = builder.tensors[x].scale[0]
        b = builder.constant("b", bias, scale=[unit * scale for scale in scales])
    # TFLM's kernel for scales by channel takes two axes alone.
    shape = (*outer, outputs) if len(scales) == 1 else (int(np.prod(outer)), outputs)
    scale = network.scale(0.05, 0.6)
    y = builder.tensor("y", shape, scale=scale, zero_point=network.zero_point())
    activation = str(network.rng.choice(["NONE", "RELU", "RELU6"]))
    builder.fully_connected(x, w, b, y, activation=activation)
    return [x, w] if weights == "computed" else [x], y


def batch_matmul(network: NetworkOfOne) -> tuple[list[int], int]:
    rows, depth, cols = network.sizes(3, 12)
    adj_x, adj_y = network.chance(), network.chance()
    full = network.sizes(network.integer(0, 3), 3)
    outers = [tuple(1 if network.chance(0.3) else n for n in full) for _ in range(2)]
    a_shape = (*outers[0], *((depth, rows) if adj_x else (rows, depth)))
    b_shape = (*outers[1], *((cols, depth) if adj_y else (depth, cols)))
    builder = network.builder
    a = network.tensor("a", a_shape)
    if network.chance(0.3):
        data = network.int8(*b_shape)
        b = builder.constant("b", data, scale=network.scale(), zero_point=network.zero_point())
    else:
        b = network.tensor("b", b_shape)
    shape = (*np.broadcast_shapes(*outers), rows, cols)
    scale = network.scale(0.5, 5.0)
    y = builder.tensor("y", shape, scale=scale, zero_point=network.zero_point())
    builder.batch_matmul(a, b, y, adj_x=adj_x, adj_y=adj_y)
    return [a] if builder.tensors[b].data is not None else [a, b], y


WEIGHTS = ["one scale", "channels", "asymmetric", "computed"]


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("weights", WEIGHTS)
def test_fully_connected(weights: str, block: int) -> None:
    engines = set()
    for seed in range(block * EACH, (block + 1) * EACH):
        network = NetworkOfOne(seed)
        inputs, y = fully_connected(network, weights=weights)
        engines.add(network.check(inputs, y, random_config(seed)))
    assert "npu" in engines or weights in ("asymmetric", "computed")


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("npu", ["microcode", "none"])
def test_fully_connected_elsewhere(weights: str, npu: str) -> None:
    for seed in range(1000, 1000 + EACH):
        network = NetworkOfOne(seed)
        inputs, y = fully_connected(network, weights=weights)
        config = make_config({"npu": "none"}) if npu == "none" else random_microcode_config(seed)
        network.check(inputs, y, config)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_batch_matmul(block: int) -> None:
    for seed in range(block * EACH, (block + 1) * EACH):
        network = NetworkOfOne(seed)
        inputs, y = batch_matmul(network)
        assert network.check(inputs, y, random_config(seed)) == "cpu"


def test_rows_must_be_whole() -> None:
    network = NetworkOfOne(0)
    x, y = network.tensor("x", (1, 7)), network.tensor("y", (1, 2))
    w = network.builder.constant("w", network.int8(2, 3), scale=0.1)
    network.builder.fully_connected(x, w, None, y)
    with pytest.raises(RequestError, match=r"whole rows.*Here: \(7, 3\)"):
        network.imported([x], [y])


def test_computed_weights_need_two_axes() -> None:
    network = NetworkOfOne(0)
    x, w = network.tensor("x", (1, 3)), network.tensor("w", (1, 2, 3))
    y = network.tensor("y", (1, 2))
    network.builder.fully_connected(x, w, None, y)
    with pytest.raises(RequestError, match="two axes: put a RESHAPE"):
        network.imported([x, w], [y])


def test_weights_by_channel_need_zero_point_0() -> None:
    network = NetworkOfOne(0)
    x, y = network.tensor("x", (1, 3)), network.tensor("y", (1, 2))
    common = {"scale": [0.1, 0.2], "zero_point": [3, 3]}
    w = network.builder.constant("w", network.int8(2, 3), **common)
    network.builder.fully_connected(x, w, None, y)
    with pytest.raises(RequestError, match="Weights must have zero point 0"):
        network.imported([x], [y])


@pytest.mark.parametrize(
    ("a_shape", "b_shape", "message"),
    [
        ((1, 3), (3,), "2 to 5 axes"),
        ((2, 3), (4, 5), r"cannot multiply shapes \(2, 3\) and \(4, 5\)"),
        ((2, 2, 3), (3, 3, 5), "do not broadcast"),
    ],
)
def test_matrices_that_do_not_fit(a_shape, b_shape, message: str) -> None:
    network = NetworkOfOne(0)
    a, b, y = (network.tensor(n, s) for n, s in zip("aby", (a_shape, b_shape, (2, 5)), strict=True))
    network.builder.batch_matmul(a, b, y)
    with pytest.raises(RequestError, match=message):
        network.imported([a, b], [y])


def test_a_product_of_two_constants() -> None:
    network = NetworkOfOne(0)
    x = network.tensor("x", (2, 2))
    a, b = (network.builder.constant(n, network.int8(2, 2), scale=0.1) for n in "ab")
    y = network.tensor("y", (2, 2))
    network.builder.batch_matmul(a, b, y)
    with pytest.raises(RequestError, match="store its result as a constant"):
        network.imported([x], [y])
