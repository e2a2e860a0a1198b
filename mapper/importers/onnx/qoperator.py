"""ONNX operators on integers (QOperator form) as the same operators between DQ and Q (QDQ form).

QLinearConv(x, ...) is DequantizeLinear of its operands, Conv, QuantizeLinear of the result; so the
rest of the importer sees one form only.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.onnx.model import Array, Node
from tilewright.mapper.limits import Place


def to_qdq(
    nodes: Iterable[Node], constants: Mapping[str, Array]
) -> tuple[tuple[Node, ...], dict[str, Array]]:
    """Rewrite every QOperator node: (nodes, constants with those that the rewriting needs)."""
    rewriter = _Rewriter(constants)
    for node in nodes:
        rule = _RULES.get(node.op)
        if rule is None:
            rewriter.nodes.append(node)
        else:
            rule(rewriter, node)
    return tuple(rewriter.nodes), rewriter.constants


class _Rewriter:
    def __init__(self, constants: Mapping[str, Array]) -> None:
        self.nodes: list[Node] = []
        self.constants = dict(constants)

    def dequantised(self, node: Node, position: int, *, axis: int = 0) -> str:
        """A DequantizeLinear of the operand at a position, followed by its scale, zero point."""
        if not all(node.has(position + offset) for offset in range(2)):
            raise RequestError(f"{node.place} lacks inputs {position} and on: export it again")
        name = f"{node.outputs[0]}/dequantised_{position}"
        place = Place(node.place.file, node.name, "DequantizeLinear")
        inputs = node.inputs[position : position + 3]
        self.nodes.append(Node(place, "DequantizeLinear", inputs, (name,), {"axis": axis}))
        return name

    def bias(self, node: Node, position: int) -> tuple[str, ...]:
        """The int32 bias, whose scale is the product of those of operands 0 and 3."""
        if not node.has(position):
            return ()
        scales = [self.constants.get(node.inputs[index]) for index in (1, 4)]
        if scales[0] is None or scales[1] is None:
            raise RequestError(f"{node.place}: scales must be constants stored in the file")
        scale = f"{node.outputs[0]}/bias_scale"
        self.constants[scale] = (scales[0] * scales[1]).astype(np.float32)
        name = f"{node.outputs[0]}/dequantised_bias"
        place = Place(node.place.file, node.name, "DequantizeLinear")
        inputs = (node.inputs[position], scale)
        self.nodes.append(Node(place, "DequantizeLinear", inputs, (name,), {"axis": 0}))
        return (name,)

    def quantised(
        self, node: Node, op: str, operands: tuple[str, ...], scale: str, zero_point: str
    ) -> None:
        """The real operator and the QuantizeLinear of its result."""
        real = f"{node.outputs[0]}/real"
        self.nodes.append(Node(node.place, op, operands, (real,), node.attrs))
        place = Place(node.place.file, node.name, "QuantizeLinear")
        inputs = (real, scale, zero_point)
        self.nodes.append(Node(place, "QuantizeLinear", inputs, node.outputs, {}))


def _need(node: Node, count: int) -> None:
    if len(node.inputs) < count:
        raise RequestError(f"{node.place} has {len(node.inputs)} inputs; {count} are needed")


def _conv(rewriter: _Rewriter, node: Node) -> None:
    _need(node, 8)
    operands = (rewriter.dequantised(node, 0), rewriter.dequantised(node, 3))
    bias = rewriter.bias(node, 8)
    rewriter.quantised(node, "Conv", operands + bias, node.inputs[6], node.inputs[7])


def _matmul(rewriter: _Rewriter, node: Node) -> None:
    _need(node, 8)
    operands = (rewriter.dequantised(node, 0), rewriter.dequantised(node, 3, axis=-1))
    rewriter.quantised(node, "MatMul", operands, node.inputs[6], node.inputs[7])


def _gemm(rewriter: _Rewriter, node: Node) -> None:
    _need(node, 9)
    axis = 0 if node.integer("transB", 0) else 1
    operands = (rewriter.dequantised(node, 0), rewriter.dequantised(node, 3, axis=axis))
    bias = rewriter.bias(node, 6)
    rewriter.quantised(node, "Gemm", operands + bias, node.inputs[7], node.inputs[8])


def _binary(op: str) -> Callable[[_Rewriter, Node], None]:
    def rule(rewriter: _Rewriter, node: Node) -> None:
        _need(node, 8)
        operands = (rewriter.dequantised(node, 0), rewriter.dequantised(node, 3))
        rewriter.quantised(node, op, operands, node.inputs[6], node.inputs[7])

    return rule


def _concat(rewriter: _Rewriter, node: Node) -> None:
    _need(node, 5)
    operands = tuple(rewriter.dequantised(node, i) for i in range(2, len(node.inputs), 3))
    rewriter.quantised(node, "Concat", operands, node.inputs[0], node.inputs[1])


def _unary(op: str) -> Callable[[_Rewriter, Node], None]:
    def rule(rewriter: _Rewriter, node: Node) -> None:
        _need(node, 5)
        operand = rewriter.dequantised(node, 0)
        rewriter.quantised(node, op, (operand,), node.inputs[3], node.inputs[4])

    return rule


_RULES: dict[str, Callable[[_Rewriter, Node], None]] = {
    "QLinearConv": _conv,
    "QLinearMatMul": _matmul,
    "QGemm": _gemm,
    "QLinearAdd": _binary("Add"),
    "QLinearMul": _binary("Mul"),
    "QLinearSigmoid": _unary("Sigmoid"),
    "QLinearLeakyRelu": _unary("LeakyRelu"),
    "QLinearConcat": _concat,
    "QLinearGlobalAveragePool": _unary("GlobalAveragePool"),
    "QLinearAveragePool": _unary("AveragePool"),
    "QLinearReduceMean": _unary("ReduceMean"),
    "QLinearSoftmax": _unary("Softmax"),
}

QOPERATORS = frozenset(_RULES)
"""Kinds of nodes that are rewritten."""
