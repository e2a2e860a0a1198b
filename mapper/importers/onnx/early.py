"""QuantizeLinear moves in front of what it makes no difference to.

A maximum, a join and whatever moves elements give the same whether they come before or behind a
rounding to the same steps. Quantisers leave such operators in floating point where the one before
them is; here they get operands that are quantised as their result is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tilewright.mapper.importers.onnx.model import Array, Node
from tilewright.mapper.limits import Place

_MONOTONE = (
    "MaxPool", "GlobalMaxPool", "ReduceMax", "ReduceMin", "Concat", "Flatten", "Identity",
    "Dropout", "Reshape", "Squeeze", "Transpose", "Unsqueeze", "Slice", "Split",
)  # fmt: skip
_REAL = ("DequantizeLinear", "QuantizeLinear")


def quantise_early(nodes: Iterable[Node], constants: Mapping[str, Array]) -> tuple[Node, ...]:
    """Add a QuantizeLinear and a DequantizeLinear to operands that have none yet."""
    known = list(nodes)
    producers = {name: node for node in known for name in node.outputs}
    readers: dict[str, list[Node]] = {}
    for node in known:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    result: list[Node] = []
    for node in reversed(known):
        parameters = _parameters(node, readers) if node.op in _MONOTONE else None
        if parameters is None:
            result.append(node)
            continue
        count = len(node.inputs) if node.op == "Concat" else 1
        replaced = list(node.inputs)
        added: list[Node] = []
        for position, name in enumerate(node.inputs[:count]):
            producer = producers.get(name)
            if name in constants or (producer is not None and producer.op in _REAL):
                continue
            integers, real = (f"{node.outputs[0]}/{what}_{position}" for what in ("q", "dq"))
            made = [
                Node(_place(node, op), op, (source, *parameters), (target,), {})
                for op, source, target in zip(
                    _REAL[::-1], (name, integers), (integers, real), strict=True
                )
            ]
            # What is read now is what the operator before may be moved behind.
            readers[name] = [made[0] if reader is node else reader for reader in readers[name]]
            replaced[position] = real
            added += made
        result.append(Node(node.place, node.op, tuple(replaced), node.outputs, node.attrs))
        result += added[::-1]
    return tuple(reversed(result))


def _place(node: Node, op: str) -> Place:
    return Place(node.place.file, node.place.layer, op)


def _parameters(node: Node, readers: Mapping[str, list[Node]]) -> tuple[str, ...] | None:
    """Scale and zero point of all that reads the results; None where something else does."""
    found = [reader for name in node.outputs if name for reader in readers.get(name, [])]
    parameters = {reader.inputs[1:] for reader in found}
    if not found or len(parameters) > 1 or any(r.op != "QuantizeLinear" for r in found):
        return None
    return parameters.pop()
