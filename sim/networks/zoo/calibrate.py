"""Seeded int8 weights, and the scales and biases that keep every layer's activations healthy.

Weights are drawn as int8 numbers. A float forward pass over a few natural signals then gives each
output channel the scale and the bias that batch normalisation would. Their means are positive, so
that ReLU cuts little: a deep random network that cuts half is chaotic, and one step of rounding in
its first layer changes its answer.

Everything that reaches the file is rounded to a few bits before it is used further on, so that the
bytes do not depend on the order in which a machine's BLAS adds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tilewright.sim.networks.natural import natural
from tilewright.sim.networks.zoo.topologies import (
    INPUT,
    Add,
    Conv,
    Dense,
    Pool,
    Softmax,
    Topology,
    same_padding,
)

Floats = NDArray[np.float64]

SAMPLES = 24
HEADROOM = 1.2
MANTISSA_BITS = 12


@dataclass(frozen=True)
class Quantisation:
    """real = scale * (integer - zero_point)."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Weights:
    """int8 [Co, ...] with one scale for each output channel, and the int32 bias [Co]."""

    values: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.int32]


@dataclass(frozen=True)
class Calibrated:
    """A topology with its weights (by layer) and activation scales (by layer, and the input)."""

    topology: Topology
    weights: Mapping[str, Weights]
    activations: Mapping[str, Quantisation]


def calibrate(topology: Topology) -> Calibrated:
    """Draw weights and calibrate every layer in order."""
    seed = sum(ord(letter) << (8 * place) for place, letter in enumerate(topology.name))
    rng = np.random.Generator(np.random.PCG64(seed))
    weights: dict[str, Weights] = {}
    activations = {INPUT: input_quantisation(topology)}
    values = {INPUT: np.stack([sample_input(topology, n) for n in range(SAMPLES)])}
    for layer in topology.layers:
        match layer:
            case Conv() | Dense():
                x = values[layer.source]
                drawn = _draw(rng, _weight_shape(layer, x.shape[1]))
                sums = _sums(layer, x, drawn)
                weights[layer.name] = _normalise(
                    rng, layer, drawn, sums, activations[layer.source].scale
                )
                y = _apply(sums, weights[layer.name], activations[layer.source].scale)
                values[layer.name] = np.maximum(y, 0) if layer.relu else y
                activations[layer.name] = _fit(values[layer.name])
            case Add():
                a, b = (values[source] for source in layer.sources)
                values[layer.name] = np.maximum(a + b, 0)
                activations[layer.name] = _fit(values[layer.name])
            case Pool():
                values[layer.name] = values[layer.source].mean(axis=(2, 3))
                activations[layer.name] = activations[layer.source]
            case Softmax():
                activations[layer.name] = Quantisation(1 / 256, -128)
    return Calibrated(topology, weights, activations)


def input_quantisation(topology: Topology) -> Quantisation:
    """The whole input range in 256 steps."""
    low, high = topology.input_range
    scale = float(np.float32((high - low) / 255))
    return Quantisation(scale, round(-128 - low / scale))


def sample_input(topology: Topology, seed: int) -> Floats:
    """A natural signal in the network's input range and layout, as its int8 form represents it."""
    low, high = topology.input_range
    channels, *rest = topology.input_shape
    shape = (*rest, channels) if rest else topology.input_shape
    signal = natural(shape, seed)
    if rest:
        signal = np.moveaxis(signal, -1, 0)
    quantisation = input_quantisation(topology)
    steps = np.round((low + (high - low) * signal) / quantisation.scale)
    clipped = np.clip(steps + quantisation.zero_point, -128, 127) - quantisation.zero_point
    return clipped * quantisation.scale


def _coarse(x: Floats) -> Floats:
    """Keep MANTISSA_BITS of each number, so that the last bits of a sum do not matter."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.round(np.ldexp(mantissa, MANTISSA_BITS)), exponent - MANTISSA_BITS)


def _draw(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """int8 weights, nearly normal, each output channel reaching 127 in magnitude."""
    raw = rng.uniform(-1, 1, (4, *shape)).sum(axis=0)
    largest = np.abs(raw).max(axis=tuple(range(1, raw.ndim)), keepdims=True)
    return np.round(raw / largest * 127).astype(np.int8)


def _weight_shape(layer: Conv | Dense, channels: int) -> tuple[int, ...]:
    """ONNX's order: [Co, Ci / groups, Kh, Kw] or [Co, Ci]."""
    if isinstance(layer, Dense):
        return (layer.features, channels)
    return (layer.channels, 1 if layer.depthwise else channels, *layer.kernel)


def _sums(layer: Conv | Dense, x: Floats, weights: NDArray[np.int8]) -> Floats:
    """Sums of products of [N, Ci, H, W] (or [N, Ci]) with the bare weights."""
    w = weights.astype(np.float64)
    if isinstance(layer, Dense):
        return x @ w.T
    pads = [same_padding(x.shape[2 + i], layer.kernel[i], layer.stride) for i in range(2)]
    padded = np.pad(x, ((0, 0), (0, 0), *pads))
    windows = sliding_window_view(padded, layer.kernel, axis=(2, 3))
    windows = windows[:, :, :: layer.stride, :: layer.stride]
    if not layer.depthwise:
        return np.moveaxis(np.tensordot(windows, w, axes=([1, 4, 5], [1, 2, 3])), -1, 1)
    total = np.zeros(windows.shape[:4])
    for row in range(layer.kernel[0]):
        for column in range(layer.kernel[1]):
            total += windows[..., row, column] * w[:, 0, row, column].reshape(-1, 1, 1)
    return total


def _normalise(
    rng: np.random.Generator,
    layer: Conv | Dense,
    drawn: NDArray[np.int8],
    sums: Floats,
    input_scale: float,
) -> Weights:
    """Scale and bias that give each channel a spread of 0.8..1.2 and a mean for its activation."""
    axes = (0, *range(2, sums.ndim))
    gain = rng.uniform(0.8, 1.2, drawn.shape[0])
    low, high = (0.5, 1.5) if layer.relu else (-0.25, 0.25)
    mean = rng.uniform(low, high, drawn.shape[0])
    if isinstance(layer, Dense):
        gain, mean = gain * layer.spread, mean * layer.spread
    scale = _coarse(gain / np.maximum(sums.std(axis=axes), 1e-9))
    offset = _coarse(mean - scale * sums.mean(axis=axes))
    bias = np.round(offset / (scale * input_scale)).astype(np.int32)
    return Weights(drawn, scale.astype(np.float32), bias)


def _apply(sums: Floats, weights: Weights, input_scale: float) -> Floats:
    """The layer's real result before the activation."""
    shape = (1, -1) + (1,) * (sums.ndim - 2)
    scale = weights.scale.astype(np.float64)
    return sums * scale.reshape(shape) + (weights.bias * scale * input_scale).reshape(shape)


def _fit(values: Floats) -> Quantisation:
    """The scale and zero point that cover the values seen, with some headroom, and zero."""
    low = min(float(values.min()), 0.0) * HEADROOM
    high = max(float(values.max()), 0.0) * HEADROOM
    scale = float(np.float32(_coarse(np.array((high - low) / 255))))
    return Quantisation(scale, round(-128 - low / scale))
