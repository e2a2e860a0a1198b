"""What computes in floating point at a network's ends and cannot be run: it is cut off.

The head is what is in front of the first QuantizeLinear, the tail what is behind the last
DequantizeLinear. The network then begins or ends at the values beside it, with a remark. Layers
with weights are never cut off: a network without its last layer is another network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Interface, Model, Node
from tilewright.mapper.importers.onnx.values import Activation, Constant, Pending

_QUANTISE = "QuantizeLinear"
_WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU")
_VIEWS = ("Flatten", "Identity", "Dropout", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
"""Operators that a real input may pass: they move nothing."""


def without_head(model: Model, nodes: tuple[Node, ...]) -> tuple[Model, tuple[Node, ...], str]:
    """The network from its first quantised values on, and a remark where something was cut off."""
    raw = {interface.name for interface in model.inputs if interface.dtype == "float32"}
    moved = dict.fromkeys(raw, True)
    """Real values: whether they are still the input, moved at most."""
    head: list[Node] = []
    for node in nodes:
        computed = [name for name in node.inputs if name and name not in model.constants]
        real = [name for name in computed if name in moved]
        if node.op == _QUANTISE or node.op in _WEIGHTED or not real or len(real) < len(computed):
            continue
        same = node.op in _VIEWS and all(moved[name] for name in real)
        moved.update(dict.fromkeys(node.outputs, same))
        head.append(node)
    cut = {name for name, same in moved.items() if not same}
    inner = [node for node in nodes if node not in head]
    begins = list(dict.fromkeys(n for node in inner for n in node.inputs if n in cut))
    readers = [node for node in inner if any(name in cut for name in node.inputs)]
    if not begins or any(node.op != _QUANTISE for node in readers):
        return model, nodes, ""
    found = {name: model.shape_of(name) for name in begins}
    if any(shape is None for shape in found.values()):
        return model, nodes, ""
    kept = [node for node in nodes if not any(name in cut for name in node.outputs)]
    read = {name for node in kept for name in node.inputs}
    inputs = [interface for interface in model.inputs if interface.name in read]
    inputs += [Interface(name, "float32", shape) for name, shape in found.items() if shape]
    dropped = [node for node in nodes if node not in kept]
    return replace(model, inputs=tuple(inputs)), tuple(kept), _told(dropped)


def tail_of(nodes: tuple[Node, ...]) -> set[str]:
    """The names of values that no QuantizeLinear depends on, of operators that may be cut off."""
    read: set[str] = set()
    tail: set[str] = set()
    for node in reversed(nodes):
        if node.op == _QUANTISE or node.op in _WEIGHTED or read.intersection(node.outputs):
            read.update(node.inputs)
        elif node.op != "DequantizeLinear":
            tail.update(node.outputs)
    return tail


def ends_after_cut(
    builder: Builder, outputs: Iterable[Interface], nodes: Iterable[Node], tail: set[str]
) -> list[str]:
    """The names of the values that come out, and a remark where something was cut off."""
    producers: Mapping[str, Node] = {name: node for node in nodes for name in node.outputs}
    dropped: dict[str, Node] = {}

    def ends(name: str) -> list[str]:
        value, producer = builder.values.get(name), producers.get(name)
        real = isinstance(value, Pending) and value.own_quant() is None
        unquantised = isinstance(value, Activation) and not _is_known(value)
        if name not in tail or producer is None or not (value is None or real or unquantised):
            return [] if isinstance(value, Constant) else [name]
        dropped[producer.name] = producer
        return [end for operand in producer.inputs if operand for end in ends(operand)]

    names = list(dict.fromkeys(end for output in outputs for end in ends(output.name)))
    if dropped:
        builder.remarks.append(_told(list(dropped.values())))
    return names


def _is_known(value: Activation) -> bool:
    """Whether a tensor is quantised, or holds indices."""
    return value.draft.quant is not None or value.draft.dtype == "int32"


def _told(dropped: list[Node]) -> str:
    names = ", ".join(dict.fromkeys(node.op for node in dropped))
    return (
        f"{len(dropped)} operators in floating point at the network's ends are cut off ({names}): "
        "the network begins or ends at the quantised tensors beside them."
    )
