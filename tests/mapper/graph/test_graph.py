"""The graph: order, links, counts, and what verification says."""

from collections.abc import Callable

import numpy as np
import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.operators.concatenation import Concatenation
from tilewright.mapper.operators.convolution import Conv2d
from tilewright.mapper.operators.elementwise import Add
from tilewright.mapper.operators.images import Padding
from tilewright.mapper.operators.matrix import FullyConnected
from tilewright.mapper.operators.moves import Reshape
from tilewright.mapper.operators.pooling import MaxPool2d
from tilewright.mapper.operators.reductions import Mean
from tilewright.mapper.operators.requantise import Relu
from tilewright.mapper.operators.softmax import Softmax

Q = Quant((0.5,), (3,))


def activation(name: str, *shape: int, quant: Quant = Q) -> Tensor:
    return Tensor(name, shape, "int8", quant)


def relu(name: str, source: str, result: str) -> Op:
    return Op(name, Relu(lo=3, hi=127), (source,), (result,))


def add(name: str, a: str, b: str, result: str) -> Op:
    return Op(name, Add(), (a, b), (result,))


def diamond(**changes) -> Graph:
    """x -> a; a -> b, c; b + c -> y, with the operators given in reverse."""
    tensors = [activation(name, 1, 4, 5, 6) for name in ("x", "a", "b", "c", "y", "unused")]
    ops = [add("join", "b", "c", "y"), relu("right", "a", "c"), relu("left", "a", "b")]
    ops.append(relu("first", "x", "a"))
    arguments = {"tensors": tensors, "ops": ops, "inputs": ["x"], "outputs": ["y"], **changes}
    return Graph.build("diamond", **arguments)


def conv_net(weights_shape=(5, 3, 2, 6), bias=5, result=(1, 2, 4, 5), **attributes) -> Graph:
    weights = np.zeros(weights_shape, np.int8)
    tensors = [
        activation("x", 1, 4, 5, 6),
        Tensor("w", weights_shape, "int8", Quant((0.1,) * 5, (0,) * 5, 0), weights),
        Tensor("b", (bias,), "int32", None, np.zeros(bias, np.int32)),
        activation("y", *result),
    ]
    attrs = Conv2d(**{"stride": (1, 1), "padding": Padding(), **attributes})
    op = Op("conv", attrs, ("x", "w", "b"), ("y",))
    return Graph.build("net", tensors, [op], ["x"], ["y"])


def test_operators_are_sorted_and_otherwise_keep_their_order():
    assert [op.name for op in diamond().ops] == ["first", "right", "left", "join"]


def test_unused_tensors_are_dropped_and_ports_made():
    graph = diamond()
    assert set(graph.tensors) == {"x", "a", "b", "c", "y"}
    assert {name: port.shape for name, port in graph.ports.items()} == {
        "x": (1, 4, 5, 6),
        "y": (1, 4, 5, 6),
    }


def test_links_between_operators():
    graph = diamond()
    assert graph.producer("x") is None
    assert graph.producer("b").name == "left"
    assert [op.name for op in graph.consumers("a")] == ["right", "left"]
    assert [t.name for t in graph.operands(graph.ops[-1])] == ["b", "c"]
    assert graph.result(graph.ops[-1]).name == "y"
    assert set(graph.digraph.edges) == {
        ("first", "left"),
        ("first", "right"),
        ("left", "join"),
        ("right", "join"),
    }
    assert graph.digraph.edges["left", "join"]["tensors"] == ("b",)
    assert graph.digraph.nodes["left"]["op"] is graph.ops[2]


def test_products_and_parameters():
    graph = conv_net()
    assert graph.macs() == 2 * 4 * 5 * (3 * 2 * 6)
    assert graph.parameters() == 5 * 3 * 2 * 6 + 5


def test_constants_are_read_only():
    weights = conv_net().tensors["w"].data
    with pytest.raises(ValueError, match="read-only"):
        weights[0] = 1


def test_replaced_graphs_are_sorted_and_verified_again():
    graph = diamond()
    shorter = graph.replace(ops=[op for op in graph.ops if op.name != "join"], outputs=["b"])
    assert shorter.outputs == ("b",)
    assert len(graph.ops) == 4
    with pytest.raises(RequestError, match="'y' of network 'diamond' is never computed"):
        graph.replace(ops=graph.ops[:-1])


def test_scale_of_a_tensor_quantised_per_channel_is_refused():
    with pytest.raises(RequestError, match="'w' has no per-tensor quantisation"):
        _ = conv_net().tensors["w"].scale


SECOND = relu("second", "a", "y")
FAULTS: dict[str, tuple[Callable[[], object], str]] = {
    "cycle": (lambda: diamond(ops=[relu("p", "a", "b"), relu("q", "b", "a")]), "form a cycle"),
    "names": (lambda: diamond(ops=[relu("p", "x", "a"), relu("p", "a", "y")]), "are named 'p'"),
    "no tensor": (lambda: diamond(ops=[relu("p", "x", "z")]), "'z', which does not exist"),
    "interface": (lambda: diamond(inputs=["z"]), "no tensor 'z' for its interface"),
    "no output": (lambda: diamond(outputs=[]), "at least one input and one output"),
    "not computed": (lambda: diamond(ops=[SECOND]), "'a', which nothing computes"),
    "two writers": (
        lambda: diamond(ops=[relu("p", "x", "y"), relu("q", "x", "y")]),
        "'y', which already has a value",
    ),
    "inputs": (
        lambda: diamond(ops=[Op("p", Add(), ("x",), ("y",))]),
        "ADD 'p' has 1 inputs",
    ),
    "clamp": (
        lambda: diamond(ops=[Op("p", Relu(lo=5, hi=4), ("x",), ("y",))]),
        "clamps to 5..4",
    ),
    "extent": (lambda: diamond(tensors=[activation("x", 1, 0)]), "every extent must be at least 1"),
    "no scale": (lambda: diamond(tensors=[Tensor("x", (1,), "int8")]), "'x' is int8 but has no"),
    "scale count": (
        lambda: diamond(tensors=[activation("x", 1, 4, quant=Quant((1.0,) * 3, (0,) * 3, 1))]),
        "3 scales for 4 channels",
    ),
    "scale": (
        lambda: diamond(tensors=[activation("x", 1, quant=Quant((0.0,), (0,)))]),
        "not a positive number",
    ),
    "per channel": (
        lambda: diamond(
            tensors=[
                activation("x", 1, 2, quant=Quant((1.0, 2.0), (0, 0), 1)),
                activation("y", 1, 2),
            ],
            ops=[relu("p", "x", "y")],
        ),
        "'x' is not int8 of one scale",
    ),
    "data shape": (
        lambda: diamond(tensors=[Tensor("x", (1, 3), "int8", Q, np.zeros(3, np.int8))]),
        "data \\(3,\\) against shape",
    ),
    "data type": (
        lambda: diamond(tensors=[Tensor("x", (3,), "int8", Q, np.zeros(3, np.int16))]),
        "data int16 against type int8",
    ),
    "conv result": (lambda: conv_net(result=(1, 2, 2, 5)), "'y' has shape .* its inputs give"),
    "conv weights": (lambda: conv_net(weights_shape=(5, 3, 2, 4)), "a constant int8 .* is needed"),
    "conv bias": (lambda: conv_net(bias=4), "a constant int32 \\(5,\\) is needed"),
    "stride": (lambda: conv_net(stride=(0, 1)), "CONV_2D 'conv' has stride \\(0, 1\\)"),
    "add shapes": (
        lambda: diamond(
            tensors=[activation("x", 1, 6), activation("b", 1, 5), activation("y", 1, 6)],
            ops=[add("p", "x", "b", "y")],
            inputs=["x", "b"],
        ),
        "ADD 'p' has operands of shapes",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named(fault: str):
    build, words = FAULTS[fault]
    with pytest.raises(RequestError, match=words):
        build()


def one_op(operator, x_shape, y_shape, y_quant=Q) -> Graph:
    tensors = [activation("x", *x_shape), activation("y", *y_shape, quant=y_quant)]
    return Graph.build("net", tensors, [Op("op", operator, ("x",), ("y",))], ["x"], ["y"])


POOL = MaxPool2d(window=(2, 2), stride=(2, 2), padding=Padding())


@pytest.mark.parametrize(
    ("operator", "x_shape", "y_shape"),
    [
        (POOL, (1, 4, 5, 6), (1, 2, 2, 6)),
        (Mean(), (1, 4, 5, 6), (1, 6)),
        (Mean(), (1, 4, 5, 6), (1, 1, 1, 6)),
        (Reshape(), (1, 4, 5, 6), (1, 120)),
        (Softmax(), (1, 6), (1, 6)),
        (Concatenation(axis=1), (1, 6), (1, 6)),
    ],
)
def test_shapes_follow_from_operators(operator, x_shape, y_shape):
    one_op(operator, x_shape, y_shape)
    with pytest.raises(RequestError, match=f"{operator.kind} 'op'"):
        one_op(operator, x_shape, (*y_shape[:-1], y_shape[-1] + 1))


def test_images_have_four_axes():
    with pytest.raises(RequestError, match=r"needs a \[1,H,W,C\] input"):
        one_op(POOL, (1, 6), (1, 6))


def test_pools_and_reshapes_keep_the_quantisation():
    with pytest.raises(RequestError, match="must share one quantisation"):
        one_op(Reshape(), (1, 6), (1, 6), Quant((0.25,), (3,)))


def test_a_fully_connected_result_may_have_leading_axes():
    tensors = [
        activation("x", 1, 2, 3),
        Tensor("w", (4, 6), "int8", Quant((0.1,), (0,)), np.zeros((4, 6), np.int8)),
        Tensor("b", (4,), "int32", None, np.zeros(4, np.int32)),
        activation("y", 1, 1, 4),
    ]
    op = Op("fc", FullyConnected(), ("x", "w", "b"), ("y",))
    assert Graph.build("net", tensors, [op], ["x"], ["y"]).macs() == 24
