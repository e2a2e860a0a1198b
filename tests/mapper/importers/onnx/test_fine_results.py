"""Results that are finer, or coarser, than what the operator works with: rounded once all the same.

Against onnxruntime: at most one step of the output's scale apart.
"""

from pathlib import Path

import numpy as np
import pytest

from tests.mapper.importers.onnx.single_operator import CASES, SEEDS, Network
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.onnx.importer import import_onnx


def image(net: Network, *, signal: bool = False) -> tuple[str, list[int]]:
    """An image or a signal, and its extents."""
    size = [net.integer(4, 12)] if signal else [net.integer(4, 10), net.integer(4, 12)]
    return net.operand(1, net.integer(1, 6), *size), size


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("axes", [1, 2])
def test_average_pools(axes, seed):
    for case in range(CASES):
        net = Network(seed, case, opset=19)
        x, size = image(net, signal=axes == 1)
        kernel = [net.integer(1, 4) for _ in size]
        pads = (
            [net.integer(0, (n - 1) // 2) for n in kernel * 2] if net.chance() else [0] * 2 * axes
        )
        attributes = {"kernel_shape": kernel, "strides": net.sizes(axes, 3), "pads": pads}
        attributes |= {"count_include_pad": net.integer(0, 1)}
        # onnxruntime counts what ceil_mode adds where the padding counts: no such networks here.
        if not attributes["count_include_pad"]:
            attributes["ceil_mode"] = net.integer(0, 1)
        high = float(net.rng.choice([0.6, 2, 4]))
        net.check(net.result(net.node("AveragePool", [x], **attributes), -high, high))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("axes", [1, 2])
def test_maximum_pools(axes, seed):
    for case in range(CASES):
        net = Network(seed, case)
        x, size = image(net, signal=axes == 1)
        if net.chance(0.3):
            value = net.node("GlobalMaxPool", [x])
        else:
            kernel = [net.integer(1, 4) for _ in size]
            pads = [net.integer(0, (n - 1) // 2) for n in kernel * 2]
            attributes = {"kernel_shape": kernel, "strides": net.sizes(axes, 3), "pads": pads}
            value = net.node("MaxPool", [x], ceil_mode=net.integer(0, 1), **attributes)
        net.check(net.result(value, -3, 3))


@pytest.mark.parametrize("seed", SEEDS)
def test_global_average_pools_of_signals(seed):
    for case in range(CASES):
        net = Network(seed, case)
        x, _ = image(net, signal=True)
        net.check(net.result(net.node("GlobalAveragePool", [x]), -0.7, 0.7))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_softmax(op, seed):
    for case in range(CASES):
        net = Network(seed, case, opset=int(np.random.default_rng([seed, case]).choice([11, 13])))
        shape = [1, *net.sizes(3, 8)] if net.chance() else [*net.sizes(2, 4), net.integer(2, 60)]
        axis = net.integer(-len(shape), len(shape) - 1)
        if op == "LogSoftmax" and net.opset < 13:
            axis = len(shape) - 1
        value = net.node(op, [net.operand(*shape, high=net.integer(1, 6))], axis=axis)
        if op == "Softmax":
            net.check(net.result(value, 0, float(net.rng.choice([0.1, 0.4, 1.0, 1.2]))))
        else:
            net.check(net.result(value, -float(net.rng.choice([4, 9, 16, 31])), 0))


@pytest.mark.parametrize("seed", SEEDS)
def test_gemm_with_factors(seed):
    for case in range(CASES):
        net = Network(seed, case)
        rows, depth, count = net.sizes(3, 20)
        turned, other = net.integer(0, 1), net.integer(0, 1)
        x = net.operand(*((depth, rows) if turned else (rows, depth)))
        weights = net.fixed(*((count, depth) if other else (depth, count)))
        bias = [net.real(count)] if net.chance() else []
        attributes = {"transA": turned, "transB": other}
        attributes |= {"alpha": float(net.rng.choice([0.3, -1.7])), "beta": net.rng.uniform(0, 2)}
        net.check(net.result(net.node("Gemm", [x, weights, *bias], **attributes), -9, 9))


@pytest.mark.parametrize("seed", SEEDS)
def test_negative_paddings_crop(seed):
    for case in range(CASES):
        net = Network(seed, case)
        x, size = image(net)
        pads = [net.integer(-1, 2) for _ in size * 2]
        mode = str(net.rng.choice(["constant", "edge"]))
        amounts = net.integers(0, 0, *pads[:2], 0, 0, *pads[2:])
        net.check(net.result(net.node("Pad", [x, amounts], mode=mode), -2.5, 2))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_vector_as_the_second_matrix(seed):
    for case in range(CASES):
        net = Network(seed, case)
        shape = [*net.sizes(net.integer(1, 2)), net.integer(2, 30)]
        value = net.node("MatMul", [net.operand(*shape), net.fixed(shape[-1])])
        net.check(net.result(value, -9, 9))


@pytest.mark.parametrize("seed", SEEDS)
def test_linear_resizes_of_signals(seed):
    for case in range(CASES):
        net = Network(seed, case)
        x, size = image(net, signal=True)
        sizes = net.integers(1, net.inputs[0].type.tensor_type.shape.dim[1].dim_value, 2 * size[0])
        value = net.node("Resize", [x, "", "", sizes], mode="linear")
        net.check(net.result(value, -2, 2))


def test_a_linear_resize_to_a_finer_scale_is_refused():
    net = Network(0, 0)
    x, size = image(net, signal=True)
    sizes = net.integers(1, net.inputs[0].type.tensor_type.shape.dim[1].dim_value, 2 * size[0])
    value = net.node("Resize", [x, "", "", sizes], mode="linear")
    with pytest.raises(RequestError, match="must not have a finer scale"):
        import_onnx(Path("net.onnx"), net.file(net.result(value, -0.2, 0.2)))


def test_a_network_that_only_takes_part_of_its_input():
    """The input's layout is open, but no order of axes has the result's size."""
    net = Network(0, 0)
    x = net.quantised(net.input("x", (1, 3, 6, 6)), 0.02, 3)
    net.low, net.high, net.scale = -2.0, 2.0, 0.02
    value = net.node("Slice", [x, net.integers(1), net.integers(3), net.integers(1)])
    net.check(net.quantised(value, 0.02, 3))


def test_indices_may_be_cast():
    net = Network(0, 0)
    found = net.node("ArgMax", [net.operand(3, 9)], axis=1)
    net.scale = 1e-9
    net.check(net.node("Cast", [found], to=1))
