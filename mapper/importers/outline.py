"""What a network's file holds, whether or not it can be imported: for `sim.inspect`.

Nothing is checked beyond what a sound file needs; shapes and constants are as the file has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tilewright.mapper.importers import is_tflite, read_model_file
from tilewright.mapper.importers.onnx.importer import ONNX_OPERATORS
from tilewright.mapper.importers.onnx.model import Model, read_model
from tilewright.mapper.importers.tflite.flatbuffer import FileNetwork, FileOperator, read_network
from tilewright.mapper.importers.tflite.importer import TFLITE_OPERATORS

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class OutlinedOp:
    """An operator as the file has it.

    ``name`` is that of messages, ``known`` whether the importer has a rule for its kind, ``shape``
    the first output's where the file tells it. ``stored`` has the bytes of its constants by name.
    """

    name: str
    kind: str
    known: bool
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    shape: Shape | None
    stored: dict[str, int]


def outline(path: Path) -> tuple[OutlinedOp, ...]:
    """The operators of a file, in its order.

    Raises RequestError where the file is damaged beyond reading.
    """
    content = read_model_file(path)
    if is_tflite(path, content):
        network = read_network(str(path), content)
        return tuple(_tflite_op(network, operator) for operator in network.operators)
    return _onnx_ops(read_model(str(path), content))


def _tflite_op(network: FileNetwork, operator: FileOperator) -> OutlinedOp:
    read = [index for index in operator.inputs if index >= 0]
    tensors = {index: network.tensors[index] for index in read}
    first = network.tensors[operator.outputs[0]] if operator.outputs else None
    label = f"{operator.index}: {first.name}" if first else str(operator.index)
    return OutlinedOp(
        name=label,
        kind=operator.name,
        known=operator.name in TFLITE_OPERATORS,
        # By number: names of tensors need not differ.
        inputs=tuple(str(index) for index in read),
        outputs=tuple(str(index) for index in operator.outputs),
        shape=first.shape if first else None,
        stored={t.name: t.data.nbytes for t in tensors.values() if t.data is not None},
    )


def _onnx_ops(model: Model) -> tuple[OutlinedOp, ...]:
    shapes = {interface.name: interface.shape for interface in model.outputs}
    return tuple(
        OutlinedOp(
            name=node.name,
            kind=node.op,
            known=node.op in ONNX_OPERATORS,
            inputs=tuple(name for name in node.inputs if name),
            outputs=node.outputs,
            shape=shapes.get(node.outputs[0]),
            stored={n: model.constants[n].nbytes for n in node.inputs if n in model.constants},
        )
        for node in model.nodes
    )
