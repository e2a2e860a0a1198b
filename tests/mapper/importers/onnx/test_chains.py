"""Chains of operators in floating point, and factors and summands for channels.

Against onnxruntime: at most one step of the output's scale apart.
"""

import numpy as np
import pytest

from tests.mapper.importers.onnx.single_operator import CASES, SEEDS, Network


def number(net: Network, value: float) -> str:
    return net.constant(f"n{len(net.initializers)}", np.float32(value))


def silu(net, x):
    return net.node("Mul", [x, net.node("Sigmoid", [x])])


def mish(net, x):
    return net.node("Mul", [x, net.node("Tanh", [net.node("Softplus", [x])])])


def hard_swish(net, x):
    six = net.node("Clip", [net.node("Add", [x, number(net, 3)]), number(net, 0), number(net, 6)])
    return net.node("Mul", [x, net.node("Div", [six, number(net, 6)])])


def gelu(net, x):
    error = net.node("Erf", [net.node("Div", [x, number(net, 2**0.5)])])
    product = net.node("Mul", [x, net.node("Add", [error, number(net, 1)])])
    return net.node("Mul", [product, number(net, 0.5)])


def gelu_by_tanh(net, x):
    cube = net.node("Mul", [net.node("Pow", [x, number(net, 3)]), number(net, 0.044715)])
    inner = net.node("Mul", [net.node("Add", [x, cube]), number(net, 0.7978845608)])
    outer = net.node("Add", [net.node("Tanh", [inner]), number(net, 1)])
    return net.node("Mul", [net.node("Mul", [x, number(net, 0.5)]), outer])


def clamp_between_steps(net, x):
    """The ends of the clamp lie between the steps of the operand."""
    clamped = net.node("Clip", [x, number(net, -0.0123), number(net, 0.7771)])
    return net.node("Mul", [clamped, number(net, 2.5)])


def absolute(net, x):
    return net.node("Sqrt", [net.node("Mul", [x, x])])


def relu_squared(net, x):
    rectified = net.node("Relu", [x])
    return net.node("Mul", [rectified, rectified])


def base_two(net, x):
    return net.node("Pow", [number(net, 2), x])


CHAINS = (
    silu, mish, hard_swish, gelu, gelu_by_tanh, clamp_between_steps, absolute, relu_squared,
    base_two,
)  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("chain", CHAINS)
def test_chains_are_one_table(chain, seed):
    for case in range(CASES):
        net = Network(seed, case)
        x = net.operand(*(1, *net.sizes(3)), low=-float(net.integer(1, 4)), high=net.integer(1, 4))
        graph = net.check(net.result(chain(net, x), -1, float(net.rng.uniform(2, 5))))
        kinds = [op.kind for op in graph.ops]
        assert [kind for kind in kinds if kind not in ("MAX_POOL_2D", "RESHAPE")] == ["FUNCTION"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_function_without_quantisation_has_its_whole_range(seed):
    """As a gate, and as the network's output."""
    for case in range(CASES):
        net = Network(seed, case)
        x = net.operand(1, 4, 3, 5)
        mean = net.quantised(net.node("GlobalAveragePool", [x]), 0.012, 3)
        gate = net.node("HardSigmoid", [mean], alpha=0.3)
        graph = net.check(net.result(net.node("Mul", [x, gate]), -2, 2))
        assert "in floating point; here it has 8 bits" in graph.remarks[0]
        net = Network(seed, case)
        value = net.node("Sigmoid", [net.operand(2, 30)])
        net.steps[value] = 1 / 255
        net.check(value)


@pytest.mark.parametrize("seed", SEEDS)
def test_batch_normalization(seed):
    for case in range(CASES):
        net = Network(seed, case)
        channels = net.integer(1, 9)
        shape = [net.integer(1, 2), channels, *net.sizes(net.integer(0, 2), 9)]
        value = net.node("BatchNormalization", [net.operand(*shape), *statistics(net, channels)])
        net.check(net.result(value, -4, 4))


def statistics(net: Network, channels: int) -> list[str]:
    scale, bias, mean = (net.real(channels) for _ in range(3))
    return [scale, bias, mean, net.real(channels, low=0.1, high=2)]


@pytest.mark.parametrize("seed", SEEDS)
def test_batch_normalization_behind_a_convolution_is_part_of_it(seed):
    for case in range(CASES):
        net = Network(seed, case)
        ci, co = net.sizes(2, 7)
        data = net.rng.integers(-127, 128, (co, ci, 3, 2)).astype(np.int8)
        scales = net.rng.uniform(0.001, 0.006, co if net.chance() else 1).astype(np.float32)
        weights = net.weights("w", data, scales if scales.size > 1 else scales[0])
        bias = [net.real(co)] if net.chance() else []
        value = net.node("Conv", [net.operand(1, ci, 8, 7), weights, *bias], pads=[1, 0, 1, 0])
        value = net.node("BatchNormalization", [value, *statistics(net, co)])
        if net.chance():
            value = net.node("Relu", [value])
        graph = net.check(net.result(value, -4, 4))
        assert graph.ops[-1].kind == "CONV_2D"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div"])
def test_a_real_number_for_each_channel(op, seed):
    for case in range(CASES):
        net = Network(seed, case)
        shape = [1, *net.sizes(3)] if net.chance() else net.sizes(2, 20)
        axis = net.integer(0, len(shape) - 1)
        shape[axis] = net.integer(2, 6)
        vector = net.real(*[shape[axis], *(1 for _ in shape[axis + 1 :])], low=0.2, high=2)
        operands = [net.operand(*shape), vector]
        if op != "Div" and net.chance():
            operands.reverse()
        net.check(net.result(net.node(op, operands), -4, 4))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("op", ["Mul", "Div"])
def test_a_factor_behind_a_matrix_product_is_part_of_it(op, seed):
    for case in range(CASES):
        net = Network(seed, case)
        rows, depth, count = net.sizes(3, 20)
        value = net.node("MatMul", [net.operand(rows, depth), net.fixed(depth, count)])
        factor = net.rng.uniform(0.1, 1) * net.rng.choice([-1, 1])
        value = net.node(op, [value, number(net, factor if op == "Mul" else 1 / factor)])
        graph = net.check(net.result(value, -6, 6))
        assert [op.kind for op in graph.ops] == ["FULLY_CONNECTED"]


@pytest.mark.parametrize("seed", SEEDS)
def test_where_a_number_takes_the_place_of_elements(seed):
    """As a causal mask does."""
    for case in range(CASES):
        net = Network(seed, case)
        shape = [1, *net.sizes(3)] if net.chance() else net.sizes(2, 9)
        mask = net.rng.integers(0, 2, [n if net.chance(0.8) else 1 for n in shape]).astype(bool)
        condition = net.constant("mask", mask[0] if net.chance() and len(shape) > 2 else mask)
        other = number(net, float(net.rng.choice([-1e9, -0.4, 0.0, 0.7, 50.0])))
        operands = [net.operand(*shape), other]
        if net.chance():
            operands.reverse()
        net.check(net.result(net.node("Where", [condition, *operands]), -1.5, 1.8))
