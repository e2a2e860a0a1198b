"""Operators that commute with a rounding have it in front, against onnxruntime."""

import numpy as np
import pytest

from tests.mapper.importers.onnx.single_operator import CASES, SEEDS, Network


def pooled(net, value):
    return net.node("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2])


def joined(net, value):
    other = net.node("Conv", [net.operand(1, 3, 8, 8), net.fixed(2, 3, 1, 1)])
    return net.node("Concat", [other, value], axis=1)


def part(net, value):
    turned = net.node("Transpose", [value], perm=[0, 2, 1, 3])
    return net.node("Slice", [turned, *(net.integers(n) for n in (1, 3, 2))])


def largest_of_rows(net, value):
    return net.node("Flatten", [pooled(net, net.node("ReduceMax", [value], axes=[1]))])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("behind", [pooled, joined, part, largest_of_rows])
def test_operators_behind_a_layer(behind, seed):
    for case in range(CASES):
        net = Network(seed, case)
        value = net.node("Conv", [net.operand(1, 2, 8, 8), net.fixed(4, 2, 1, 1)])
        if net.chance():
            value = net.node("PRelu", [net.quantised(value, 0.04, 3), net.real(4, 1, 1)])
        graph = net.check(net.result(behind(net, value), -4, 4))
        assert graph.remarks == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pool_of_the_network_input(seed):
    for case in range(CASES):
        net = Network(seed, case)
        net.low, net.high = -2.0, 2.0
        x = net.input("x0", (1, 3, 8, 6))
        value = net.quantised(pooled(net, x), 4 / 255, 0)
        scale = np.full(3, 0.01, np.float32)
        weights = net.weights("w", net.rng.integers(-127, 128, (3, 3, 1, 1)).astype(np.int8), scale)
        graph = net.check(net.result(net.node("Conv", [value, weights]), -4, 4))
        assert [op.kind for op in graph.ops] == ["MAX_POOL_2D", "CONV_2D"]
