"""Convolutions of every kind, a network each, on random accelerators against TFLM.

The functional backend runs their Programs, so that works, tiles, commands and weights are tested,
and that no command overtakes what it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.random_networks import random_config, random_microcode_config
from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec.config import Config, make_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.sim.functional.backend import run_functional

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

BLOCKS, EACH = 20, 15
"""Tests of a kind, and networks of each."""


class Axis(NamedTuple):
    size: int
    kernel: int
    stride: int
    dilation: int
    output: int


class Network:
    """A random operator: its file, and an input."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng([seed, 11])
        self.builder = TfliteBuilder()
        self.same = bool(self.rng.integers(2))

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def axis(self, dilation: int, stride: int = 3, kernel: int = 4) -> Axis:
        taps, step = self.integer(1, kernel), self.integer(1, stride)
        spread = self.integer(1, dilation)
        reach = (taps - 1) * spread + 1
        size = self.integer(1, 12) if self.same else reach + self.integer(0, 9)
        output = -(-size // step) if self.same else (size - reach) // step + 1
        return Axis(size, taps, step, spread, output)

    def tensors(self, image: tuple[int, ...], weights: tuple[int, ...], axis: int, result) -> None:
        """The operands: x, weights, bias (or none), y."""
        builder, outputs = self.builder, weights[axis]
        x_scale = float(np.float32(self.rng.uniform(0.01, 0.2)))
        count = outputs if self.rng.integers(2) else 1
        scales = self.rng.uniform(0.001, 0.02, count).astype(np.float32)
        self.x = builder.tensor("x", image, scale=x_scale, zero_point=self.integer(-128, 127))
        data = self.rng.integers(-128, 128, weights).astype(np.int8)
        self.weights = builder.constant("w", data, scale=scales.tolist(), axis=axis)
        self.bias = None
        if self.rng.integers(4):
            values = self.rng.integers(-5000, 5000, outputs).astype(np.int32)
            units = [float(np.float32(x_scale * scale)) for scale in scales]
            self.bias = builder.constant("b", values, scale=units)
        scale = float(np.float32(self.rng.uniform(0.05, 0.6)))
        self.y = builder.tensor("y", result, scale=scale, zero_point=self.integer(-128, 127))

    def windows(self, rows: Axis, cols: Axis) -> dict:
        return {
            "stride": (rows.stride, cols.stride),
            "dilation": (rows.dilation, cols.dilation),
            "same": self.same,
            "activation": str(self.rng.choice(["NONE", "RELU", "RELU6"])),
        }

    def check(self, config: Config) -> str:
        """The result equals TFLM's; returns the engine that computed it."""
        content = self.builder.finish([self.x], [self.y])
        shape = self.builder.tensors[self.x].shape
        x = self.rng.integers(-128, 128, shape).astype(np.int8)
        program = compile_model(import_tflite(Path("network.tflite"), content), config)
        found = run_functional(program, {program.inputs[0].name: x}).outputs
        (wanted,) = run_tflm(content, x)
        assert np.array_equal(next(iter(found.values())).reshape(wanted.shape), wanted)
        return program.layers[0].engine


def convolution(network: Network, groups: int, channels: tuple[int, int], dilation: int) -> None:
    rows, cols = network.axis(dilation), network.axis(dilation)
    if network.rng.random() < 0.2:
        cols = Axis(1, 1, 1, 1, 1)  # along one axis
    inputs, outputs = groups * channels[0], groups * channels[1]
    weights = (outputs, rows.kernel, cols.kernel, channels[0])
    result = (1, rows.output, cols.output, outputs)
    network.tensors((1, rows.size, cols.size, inputs), weights, 0, result)
    operands = network.x, network.weights, network.bias, network.y
    network.builder.conv_2d(*operands, **network.windows(rows, cols))


def dilated(network: Network) -> None:
    convolution(network, 1, (network.integer(1, 20), network.integer(1, 40)), 4)


def grouped(network: Network) -> None:
    channels = network.integer(1, 9), network.integer(1, 9)
    convolution(network, network.integer(2, 6), channels, 2)


def depthwise(network: Network, multiplier: int, dilation: int) -> None:
    rows, cols = network.axis(dilation), network.axis(dilation)
    channels = network.integer(1, 40 if multiplier == 1 else 14)
    weights = (1, rows.kernel, cols.kernel, channels * multiplier)
    result = (1, rows.output, cols.output, channels * multiplier)
    network.tensors((1, rows.size, cols.size, channels), weights, 3, result)
    operands = network.x, network.weights, network.bias, network.y
    windows = network.windows(rows, cols)
    network.builder.depthwise_conv_2d(*operands, multiplier=multiplier, **windows)


def dilated_depthwise(network: Network) -> None:
    depthwise(network, 1, 4)


def multiplied(network: Network) -> None:
    depthwise(network, network.integer(2, 12), network.integer(1, 2))


def transposed(network: Network) -> None:
    axes = []
    for _ in range(2):
        taps, step = network.integer(1, 5), network.integer(1, 3)
        size = network.integer(1, 7)
        # What the input's pixels reach, or less, and in the case of SAME any size that has as many.
        reach = (size - 1) * step + taps
        output = network.integer(max(1, reach - 3), reach)
        if network.same:
            output = size * step - network.integer(0, step - 1)
        axes.append(Axis(size, taps, step, 1, output))
    rows, cols = axes
    channels, outputs = network.integer(1, 20), network.integer(1, 20)
    weights = (outputs, rows.kernel, cols.kernel, channels)
    result = (1, rows.output, cols.output, outputs)
    network.tensors((1, rows.size, cols.size, channels), weights, 0, result)
    operands = network.x, network.weights, network.bias, network.y
    windows = network.windows(rows, cols)
    del windows["dilation"]
    network.builder.transpose_conv(*operands, **windows)


KINDS = [dilated, grouped, dilated_depthwise, multiplied, transposed]


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("kind", KINDS)
def test_on_the_accelerator(kind, block: int) -> None:
    engines = []
    for seed in range(block * EACH, (block + 1) * EACH):
        network = Network(seed)
        kind(network)
        engines.append(network.check(random_config(seed)))
    assert engines.count("npu") > EACH // 2


@pytest.mark.parametrize("block", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_with_microcode(kind, block: int) -> None:
    for seed in range(1000 + block * EACH, 1000 + (block + 1) * EACH):
        network = Network(seed)
        kind(network)
        network.check(random_microcode_config(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_on_the_cpu(kind) -> None:
    config = make_config({"npu": "none"})
    for seed in range(2000, 2000 + EACH):
        network = Network(seed)
        kind(network)
        assert network.check(config) == "cpu"
