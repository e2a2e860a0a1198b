"""Random products of matrices against onnxruntime, run by the functional backend.

At most one step of the output's scale apart.
"""

from pathlib import Path

import numpy as np
import pytest

from tests.decoding import decode_output
from tests.onnx_builder import QdqBuilder, run_ort
from tests.random_networks import random_config
from tilewright.hw.spec.config import make_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.interface import encode_input
from tilewright.sim.functional.backend import run_functional

BLOCKS, EACH = 20, 15
"""Tests of a kind, and networks of each."""


class Network(QdqBuilder):
    """Random quantisation and data of one operator."""

    def __init__(self, seed: int) -> None:
        super().__init__(dtype="uint8" if seed % 2 else "int8")
        self.seed, self.rng = seed, np.random.default_rng([seed, 13])

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def sizes(self, count: int, high: int) -> list[int]:
        return [self.integer(1, high) for _ in range(count)]

    def data(self, name: str, *shape: int) -> str:
        """A quantised network input over about -2..2."""
        scale, zero = self.rng.uniform(0.01, 0.02), self.integer(-20, 20)
        return self.quantised(self.input(name, shape), scale, zero)

    def int8(self, *shape: int) -> np.ndarray:
        return self.rng.integers(-127, 128, shape).astype(np.int8)

    def asymmetric(self, *shape: int, channels: int = 0, axis: int = 0) -> str:
        """Weights of uint8 with a zero point, and scales along an axis if it has channels."""
        scale = self.rng.uniform(0.002, 0.006, channels or None)
        point = np.full(np.shape(scale), self.integer(60, 200), np.uint8)
        names = [
            self.constant("w", self.rng.integers(0, 256, shape).astype(np.uint8)),
            self.constant("w_scale", np.asarray(scale, np.float32)),
            self.constant("w_zero", point),
        ]
        return self.node("DequantizeLinear", names, axis=axis)

    def check(self, real: str, largest: float) -> str:
        """The result of a real operator is onnxruntime's; returns the last operator's engine."""
        step = float(np.float32(largest / 100))
        content = self.finish([self.quantised(real, step, self.integer(-40, 40))])
        graph = import_onnx(Path("layer.onnx"), content)
        data = {
            value.name: self.rng.normal(
                size=[extent.dim_value for extent in value.type.tensor_type.shape.dim]
            ).astype(np.float32)
            for value in self.inputs
        }
        (wanted,) = run_ort(content, data)
        config = random_config(self.seed) if self.seed % 3 else make_config({"npu": "none"})
        program = compile_model(graph, config)
        inputs = {n: encode_input(graph, n, data[graph.ports[n].name]) for n in graph.inputs}
        shapes = {port.name: port.shape for port in program.inputs}
        found = run_functional(program, {n: v.reshape(shapes[n]) for n, v in inputs.items()})
        got = decode_output(graph, graph.outputs[0], found.outputs[program.outputs[0].name])
        assert got.shape == wanted.shape
        assert np.abs(got - wanted).max() <= 1.01 * step
        return graph.ops[-1].kind


def rows(net: Network) -> str:
    outer, (ci, co) = net.sizes(net.integer(1, 3), 4), net.sizes(2, 20)
    x, channels = net.data("x", 1, *outer, ci), co if net.integer(0, 1) else 0
    if net.integer(0, 1):
        w = net.asymmetric(ci, co, channels=channels, axis=1)
    else:
        scales = net.rng.uniform(0.002, 0.006, channels or None)
        w = net.weights("w", net.int8(ci, co), scales, axis=1)
    y = net.node("MatMul", [x, w])
    bias = net.constant("b", net.rng.normal(size=co).astype(np.float32))
    return net.check(net.node("Add", [y, bias]), 1.5 * np.sqrt(ci))


def gemm_of_rows(net: Network) -> str:
    count, ci, co = net.sizes(3, 12)
    flipped = net.integer(0, 1)
    shape = (co, ci) if flipped else (ci, co)
    operands = [net.data("x", 1 if net.integer(0, 1) else count, ci), net.asymmetric(*shape)]
    if net.integer(0, 1):
        operands.append(net.constant("b", net.rng.normal(size=co).astype(np.float32)))
    return net.check(net.node("Gemm", operands, transB=flipped), 1.5 * np.sqrt(ci))


def computed(net: Network) -> str:
    m, k, n = net.sizes(3, 10)
    outer = net.sizes(net.integer(0, 2), 3)
    a = net.data("a", *outer, m, k)
    if len(outer) < 2 and net.integer(0, 1):  # transposed, as keys of an attention are
        axes = [*range(len(outer)), len(outer) + 1, len(outer)]
        b = net.node("Transpose", [net.data("b", *outer, n, k)], perm=axes)
    else:
        b = net.data("b", *outer[net.integer(0, len(outer)) :], k, n)
    return net.check(net.node("MatMul", [a, b]), 3 * np.sqrt(k))


def constant(net: Network) -> str:
    """A constant in front, or one of several matrices behind."""
    m, k, n = net.sizes(3, 10)
    outer = net.integer(1, 3)
    if net.integer(0, 1):
        operands = [net.asymmetric(m, k), net.data("x", outer, k, n)]
    else:
        operands = [net.data("x", outer, m, k), net.asymmetric(outer, k, n)]
    return net.check(net.node("MatMul", operands), 1.5 * np.sqrt(k))


def gemm_of_two(net: Network) -> str:
    m, k, n = net.sizes(3, 10)
    flips = net.integer(0, 1), net.integer(0, 1)
    a = net.data("a", *((k, m) if flips[0] else (m, k)))
    b = net.data("b", *((n, k) if flips[1] else (k, n)))
    return net.check(net.node("Gemm", [a, b], transA=flips[0], transB=flips[1]), 3 * np.sqrt(k))


def convolution(net: Network) -> str:
    """With weights of uint8 that have a zero point."""
    ci, co = net.sizes(2, 6)
    depthwise = net.integer(0, 1)
    shape = (ci, 1, 3, 2) if depthwise else (co, ci, 3, 2)
    w = net.asymmetric(*shape, channels=shape[0] if net.integer(0, 1) else 0)
    y = net.node("Conv", [net.data("x", 1, ci, 6, 5), w], group=ci if depthwise else 1)
    return net.check(y, 4 * np.sqrt(1 if depthwise else ci))


KINDS = {
    rows: "FULLY_CONNECTED",
    gemm_of_rows: "FULLY_CONNECTED",
    computed: "BATCH_MATMUL",
    constant: "BATCH_MATMUL",
    gemm_of_two: "BATCH_MATMUL",
    convolution: "CONV_2D",
}


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("kind", KINDS)
def test_against_onnxruntime(kind, block: int) -> None:
    for seed in range(block * EACH, (block + 1) * EACH):
        assert kind(Network(seed)).removeprefix("DEPTHWISE_") == KINDS[kind]
