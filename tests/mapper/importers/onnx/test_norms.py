"""Norms over axes, and what divides by them, against onnxruntime: at most one step apart."""

from pathlib import Path

import numpy as np
import pytest

from tests.mapper.importers.onnx.single_operator import CASES, SEEDS, Network
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.onnx.importer import import_onnx

NORMS = {"ReduceL1": 1.0, "ReduceL2": 0.6, "ReduceSumSquare": 1.4}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("op", list(NORMS))
def test_reduced_norms(op, seed):
    for case in range(CASES):
        net = Network(seed, case)
        shape = [1, *net.sizes(3, 9)] if net.chance() else net.sizes(2, 40)
        axes = sorted(
            net.rng.choice(len(shape), net.integer(1, len(shape)), replace=False).tolist()
        )
        x = net.operand(*shape, high=net.integer(0, 2))
        count = int(np.prod([shape[axis] for axis in axes]))
        high = 2 * NORMS[op] * (count**0.5 if op == "ReduceL2" else count)
        value = net.node(op, [x], axes=axes, keepdims=net.integer(0, 1))
        net.check(net.result(value, 0, high))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("power", [1, 2])
def test_lp_normalization(power, seed):
    for case in range(CASES):
        net = Network(seed, case)
        shape = [1, *net.sizes(3, 9)] if net.chance() else net.sizes(2, 40)
        axis = net.integer(-len(shape), len(shape) - 1)
        value = net.node("LpNormalization", [net.operand(*shape)], axis=axis, p=power)
        high = 2 / shape[axis] ** (1 / power)
        net.check(net.result(value, -high, high))


@pytest.mark.parametrize("seed", SEEDS)
def test_layer_normalization(seed):
    for case in range(CASES):
        net = Network(seed, case)
        shape = [*net.sizes(net.integer(0, 2), 4), net.integer(2, 200)]
        axis = net.integer(-len(shape), -1)
        own = shape[axis:]
        factors = net.real(*own) if net.chance() else net.fixed(*own)
        operands = [net.operand(*shape), factors, *([net.real(*own)] if net.chance() else [])]
        epsilon = float(10.0 ** net.rng.uniform(-7, -1))
        value = net.node("LayerNormalization", operands, axis=axis, epsilon=epsilon)
        net.check(net.result(value, -3, 3))


@pytest.mark.parametrize("seed", SEEDS)
def test_layer_normalization_of_the_channels_of_an_image(seed):
    for case in range(CASES):
        net = Network(seed, case)
        shape = (1, net.integer(2, 20), *net.sizes(2))
        last = net.node("Transpose", [net.operand(*shape)], perm=[0, 2, 3, 1])
        value = net.node("LayerNormalization", [last, net.real(shape[1]), net.real(shape[1])])
        value = net.node("Transpose", [net.result(value, -3, 3)], perm=[0, 3, 1, 2])
        net.steps[value] = 6 / 255
        graph = net.check(value)
        assert "TRANSPOSE" not in [op.kind for op in graph.ops]


@pytest.mark.parametrize("seed", SEEDS)
def test_root_mean_square_normalization(seed):
    """onnxruntime has it as an operator of its own domain."""
    for case in range(CASES):
        net = Network(seed, case)
        shape = [*net.sizes(2, 4), net.integer(2, 100)]
        operands = [net.operand(*shape), net.real(shape[-1])]
        value = net.node("SimplifiedLayerNormalization", operands, epsilon=1e-3)
        net.check(net.result(value, -3, 3))


@pytest.mark.parametrize("seed", SEEDS)
def test_instance_normalization(seed):
    for case in range(CASES):
        net = Network(seed, case)
        channels = net.integer(1, 7)
        shape = [1, channels, *net.sizes(2, 12)]
        if net.chance(0.3):
            shape = [net.integer(1, 3), channels, net.integer(2, 60)]
        operands = [net.operand(*shape), net.real(channels), net.real(channels)]
        value = net.node("InstanceNormalization", operands, epsilon=1e-4)
        net.check(net.result(value, -3, 3))


def test_what_is_refused():
    def refusal(net: Network, value: str) -> str:
        with pytest.raises(RequestError) as caught:
            import_onnx(Path("net.onnx"), net.file(net.result(value, -2, 2)))
        return str(caught.value)

    net = Network(0, 0)
    value = net.node("LayerNormalization", [net.operand(2, 9), net.real(9)])
    net.second(value)
    assert "Only this operator's first result" in refusal(net, value)
    net = Network(0, 0)
    value = net.node("LpNormalization", [net.operand(2, 9)], p=3)
    assert "p must be 1 or 2" in refusal(net, value)
    net = Network(0, 0)
    value = net.node("ReduceL2", [net.operand(300, 200)], keepdims=0)
    assert "squares can be summed up" in refusal(net, value)
