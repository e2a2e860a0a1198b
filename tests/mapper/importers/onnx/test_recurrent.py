"""LSTM and GRU against onnxruntime, which computes them in floating point between DQ and Q.

At most one step of the output's scale apart, in every time step.
"""

from pathlib import Path

import numpy as np
import pytest

from tests.mapper.importers.onnx.single_operator import CASES, SEEDS, Network
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.interface import decode_output, encode_input
from tilewright.sim.functional.backend import run_functional

GATES = {"LSTM": 4, "GRU": 3}
DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}


def layer(net: Network, op: str, sizes, direction="forward", **attributes) -> tuple[str, str]:
    """Results Y and Y_h of a layer of sizes (time steps, batches, inputs, units)."""
    steps, batches, inputs, units = sizes
    count, gates = DIRECTIONS[direction], GATES[op]
    size = float(net.rng.uniform(0.5, 1.5)) / (40 * units**0.5)

    def weights(*shape: int) -> str:
        data = np.clip(np.rint(net.rng.normal(size=shape) * 40), -127, 127).astype(np.int8)
        return net.weights(f"w{len(net.initializers)}", data, size)

    x = net.operand(steps, batches, inputs)
    operands = [x, weights(count, gates * units, inputs), weights(count, gates * units, units)]
    kind = net.integer(0, 2)
    if kind == 0:
        data = net.rng.integers(-3000, 3000, (count, 2 * gates * units)).astype(np.int32)
        operands.append(net.weights("bias", data, 3e-4))
    else:
        operands.append("" if kind == 1 else net.real(count, 2 * gates * units))
    if net.chance():
        operands += ["", net.real(count, batches, units)]
        if op == "LSTM" and net.chance():
            operands.append(net.real(count, batches, units, low=-3, high=3))
    y = net.node(op, operands, hidden_size=units, direction=direction, **attributes)
    return y, net.second(y)


def random_sizes(net: Network) -> tuple[int, int, int, int]:
    return net.integer(1, 30), net.integer(1, 3), net.integer(1, 20), net.integer(1, 24)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("op", ["LSTM", "GRU", "GRU, linear"])
def test_layers(op, seed):
    op, linear = op.split(",")[0], {"linear_before_reset": 1} if "," in op else {}
    for case in range(CASES):
        net = Network(seed, case)
        direction = str(net.rng.choice(list(DIRECTIONS), p=[0.6, 0.2, 0.2]))
        y, last = layer(net, op, random_sizes(net), direction, **linear)
        outputs = [net.result(y, -1, 1), net.result(last, -0.8, 0.7)]
        net.check(*outputs[: net.integer(1, 2)][:: net.rng.choice([-1, 1])])


@pytest.mark.parametrize("op", list(GATES))
def test_long_sequences_do_not_drift(op):
    net = Network(5, 0)
    y, last = layer(net, op, (400, 1, 12, 40))
    net.check(net.result(y, -1, 1), net.result(last, -1, 1))


@pytest.mark.parametrize("op", list(GATES))
def test_computed_initial_states(op):
    """A network that is called step by step, with its state as an input and an output."""
    for case in range(CASES):
        net = Network(0, case)
        units = net.integer(1, 12)
        layer(net, op, (1, 1, 5, units))
        node = net.nodes[-1]
        while len(node.input) < 6:
            node.input.append("")
        state = net.input("h", (1, 1, units))
        node.input[5] = net.quantised(state, 1 / 127, 0)
        # What computes the state has to come first.
        net.nodes.append(net.nodes.pop(net.nodes.index(node)))
        net.low, net.high = -1.0, 1.0
        net.check(net.result(node.output[0], -1, 1))


def test_the_layout_with_batches_first():
    """onnxruntime has no such layout: the same layer with its axes exchanged."""
    results = []
    data = np.random.default_rng(0).uniform(-2, 2, (7, 2, 5)).astype(np.float32)
    for layout in (0, 1):
        net = Network(3, 0)
        y, last = layer(net, "GRU", (7, 2, 5, 6), "bidirectional", layout=layout)
        node = net.nodes[-1]
        del node.input[4:]
        if layout:
            first, second, _ = net.inputs[0].type.tensor_type.shape.dim
            first.dim_value, second.dim_value = 2, 7
        content = net.file(net.result(y, -1, 1), net.result(last, -1, 1))
        graph = import_onnx(Path("net.onnx"), content)
        given = data.swapaxes(0, 1) if layout else data
        encoded = encode_input(graph, graph.inputs[0], np.ascontiguousarray(given))
        found = run_functional(compile_model(graph, net.config), {graph.inputs[0]: encoded}).outputs
        results.append([decode_output(graph, name, found[name]) for name in graph.outputs])
    (y, last), (turned, turned_last) = results
    assert np.array_equal(y.transpose(2, 0, 1, 3), turned)
    assert np.array_equal(last.transpose(1, 0, 2), turned_last)


def refusal(net: Network, value: str) -> str:
    with pytest.raises(RequestError) as caught:
        import_onnx(Path("net.onnx"), net.file(net.result(value, -1, 1)))
    return str(caught.value)


def test_what_is_refused():
    sizes = (3, 1, 4, 5)
    for attributes, words in (
        ({"clip": 2.0}, "must not clip"),
        ({"activations": ["Relu", "Tanh"]}, "default functions"),
    ):
        net = Network(0, 0)
        y, _ = layer(net, "GRU", sizes, **attributes)
        assert words in refusal(net, y)
    net = Network(0, 0)
    y, _ = layer(net, "LSTM", sizes, input_forget=1)
    assert "must not be coupled" in refusal(net, y)
    net = Network(0, 0)
    y, _ = layer(net, "GRU", sizes)
    lengths = net.constant("lengths", np.array([2], np.int32))
    net.nodes[-1].input[:] = [*net.nodes[-1].input[:3], "", lengths]
    assert "must have all time steps" in refusal(net, y)
    net = Network(0, 0)
    y, _ = layer(net, "GRU", sizes)
    net.nodes[-1].input[1] = net.real(1, 15, 4)
    assert "weights are not quantised" in refusal(net, y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("op", list(GATES))
def test_a_bias_that_is_no_number(op, value):
    net = Network(0, 0)
    y, _ = layer(net, op, (3, 1, 4, 5))
    bias = np.zeros((1, 2 * GATES[op] * 5), np.float32)
    bias[0, 7] = value
    net.nodes[-1].input[:] = [*net.nodes[-1].input[:3], net.constant("bias", bias)]
    assert "the bias is not a finite number" in refusal(net, y)
