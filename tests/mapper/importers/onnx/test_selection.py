"""ArgMax, ArgMin, TopK and CumSum against onnxruntime: indices are equal, sums a step apart."""

from pathlib import Path

import pytest

from tests.mapper.importers.onnx.single_operator import CASES, SEEDS, Network
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.onnx.importer import import_onnx


def shape_of(net: Network) -> list[int]:
    return [1, *net.sizes(3, 7)] if net.chance() else net.sizes(net.integer(1, 3), 9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
def test_argument(op, seed):
    for case in range(CASES):
        net = Network(seed, case)
        shape = shape_of(net)
        axis = net.integer(-len(shape), len(shape) - 1)
        # Few steps, so that elements are equal.
        x = net.operand(*shape, low=-20, high=20) if net.chance() else net.operand(*shape)
        found = net.node(op, [x], axis=axis, keepdims=net.integer(0, 1))
        net.check(indices=(found,))


@pytest.mark.parametrize("seed", SEEDS)
def test_top_k(seed):
    for case in range(CASES):
        net = Network(seed, case)
        shape = shape_of(net)
        axis = net.integer(-len(shape), len(shape) - 1)
        k = net.integers(net.integer(1, shape[axis]))
        x = net.operand(*shape)
        values = net.node("TopK", [x, k], axis=axis, largest=net.integer(0, 1))
        indices = net.second(values)
        kind = net.integer(0, 2)
        if kind == 0:
            net.check(values, indices=(indices,))
        elif kind == 1:
            net.check(indices=(indices,))
        else:
            net.check(net.result(values, -3, 3))


@pytest.mark.parametrize("seed", SEEDS)
def test_cumsum(seed):
    for case in range(CASES):
        net = Network(seed, case)
        shape = shape_of(net)
        axis = net.integer(-len(shape), len(shape) - 1)
        # Long sums, which do not overflow, and offset ones.
        shape[axis] = net.integer(1, 300)
        x = net.operand(*shape, low=-2, high=net.integer(0, 3))
        options = {"exclusive": net.integer(0, 1), "reverse": net.integer(0, 1)}
        value = net.node("CumSum", [x, net.integers(axis)], **options)
        net.check(net.result(value, -60, 100))


def refusal(net: Network, *outputs: str, indices: tuple[str, ...] = ()) -> str:
    with pytest.raises(RequestError) as caught:
        import_onnx(Path("net.onnx"), net.file(*outputs, indices=indices))
    return str(caught.value)


def test_what_is_refused():
    net = Network(0, 0)
    last = net.node("ArgMax", [net.operand(1, 9)], select_last_index=1)
    assert "first of equal elements" in refusal(net, indices=(last,))
    net = Network(0, 0)
    many = net.node("TopK", [net.operand(1, 9), net.integers(10)])
    assert "1 to all elements of its axis" in refusal(net, many)
    net = Network(0, 0)
    found = net.node("ArgMax", [net.operand(1, 9)])
    real = net.result(net.node("Cast", [found], to=1), 0, 9)
    assert "can only be results" in refusal(net, real)
