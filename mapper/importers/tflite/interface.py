"""Conversions at the edges of a TensorFlow Lite network become ports of the graph.

A QUANTIZE of a floating-point network input, and a DEQUANTIZE that makes a network output, are
dropped: the quantised tensor on their inner side is the graph's input or output. So are
conversions between uint8 and int8 that only shift the zero point. What computes in floating point
or is a custom operator, in front of the first QUANTIZE or behind the last DEQUANTIZE, is cut off
with a remark.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tflite import TensorType

from tilewright.mapper.graph.op import Port, PortType
from tilewright.mapper.importers.tflite.flatbuffer import FileNetwork, FileOperator, FileTensor

FLOATS = frozenset((TensorType.FLOAT32, TensorType.FLOAT16, TensorType.FLOAT64))
_PORT_TYPES: dict[int, PortType] = {
    TensorType.FLOAT32: "float32",
    TensorType.UINT8: "uint8",
    TensorType.INT8: "int8",
    TensorType.INT16: "int16",
    TensorType.INT32: "int32",
    TensorType.INT64: "int64",
    TensorType.BOOL: "bool",
}


@dataclass(frozen=True)
class FilePort:
    """A port whose graph tensor is the file's tensor `index`."""

    index: int
    outside: FileTensor

    def named(self, tensor: str) -> Port:
        """The port, given the name of its tensor in the graph."""
        dtype = _PORT_TYPES.get(self.outside.type, "int8")
        return Port(tensor, self.outside.name, self.outside.shape, dtype)


@dataclass(frozen=True)
class Interface:
    """The network between its ports; inputs and outputs are indices of quantised tensors."""

    operators: tuple[FileOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ports: tuple[FilePort, ...]
    remarks: tuple[str, ...] = ()


def strip_interface(network: FileNetwork) -> Interface:
    """Separate conversions, and what is in floating point at the ends, from the network."""
    tail, head = _tail(network), _head(network)
    cut = [o for o in network.operators if o.index in tail or o.index in head]
    inner = [o for o in network.operators if o.index not in tail and o.index not in head]
    inputs, outputs = _ends_after_cut(network, inner, cut)
    ports: dict[int, FilePort] = {}
    kept: list[FileOperator] = []
    for operator in inner:
        converts = operator.name in ("QUANTIZE", "DEQUANTIZE")
        if not converts or len(operator.inputs) != 1 or operator.inputs[0] < 0:
            kept.append(operator)
            continue
        source, target = (
            network.tensors[index] for index in (operator.inputs[0], operator.outputs[0])
        )
        if not _only_shifts(source, target) and not {source.type, target.type} & FLOATS:
            kept.append(operator)
        elif source.index in inputs and not _read_elsewhere(inner, operator, source.index):
            inputs[inputs.index(source.index)] = target.index
            ports[target.index] = FilePort(target.index, source)
        elif target.index in outputs and not _read_elsewhere(inner, operator, target.index):
            if source.index in outputs and target.index not in network.outputs:
                outputs.remove(target.index)  # What is cut off reads an output of the file.
                continue
            outputs[outputs.index(target.index)] = source.index
            ports[source.index] = FilePort(source.index, target)
        else:
            kept.append(operator)
    for index in (*inputs, *outputs):
        ports.setdefault(index, FilePort(index, network.tensors[index]))
    return Interface(tuple(kept), tuple(inputs), tuple(outputs), tuple(ports.values()), _told(cut))


def _only_shifts(source: FileTensor, target: FileTensor) -> bool:
    """Whether a conversion between int8 and uint8 only moves the zero point by 128."""
    a, b = source.quant, target.quant
    types = {source.type, target.type}
    if types != {TensorType.INT8, TensorType.UINT8} or not a or not b or a.scale != b.scale:
        return False
    shift = 128 if source.type == TensorType.UINT8 else -128
    return a.zero_point[0] - b.zero_point[0] == shift


def _read_elsewhere(inner: list[FileOperator], operator: FileOperator, index: int) -> bool:
    return any(index in other.inputs for other in inner if other is not operator)


def _is_outside(network: FileNetwork, operator: FileOperator) -> bool:
    """Whether an operator computes in floating point, or is one that nobody but its maker knows."""
    if operator.name.startswith("custom operator"):
        return True
    floats, others = floating_tensors(network, operator)
    converts = operator.name in ("QUANTIZE", "DEQUANTIZE")
    stored = all(network.tensors[i].data is not None for i in operator.inputs if i >= 0)
    return bool(floats) and not (others and converts and not stored)


def floating_tensors(network: FileNetwork, operator: FileOperator) -> tuple[int, int]:
    """How many of an operator's tensors are computed in floating point, and how many are not."""
    tensors = [network.tensors[i] for i in (*operator.inputs, *operator.outputs) if i >= 0]
    floats = sum(tensor.type in FLOATS and tensor.data is None for tensor in tensors)
    return floats, len(tensors) - floats


def _tail(network: FileNetwork) -> set[int]:
    """Numbers of the outside operators whose results only such operators or nobody reads."""
    readers = _readers(network)
    found: set[int] = set()
    for operator in reversed(network.operators):
        read_by = [reader for index in operator.outputs for reader in readers.get(index, [])]
        if _is_outside(network, operator) and found.issuperset(read_by):
            found.add(operator.index)
    return found


def _head(network: FileNetwork) -> set[int]:
    """Numbers of the outside operators that compute from network inputs and constants alone."""
    ready = set(network.inputs)
    found: set[int] = set()
    for operator in network.operators:
        computed = [i for i in operator.inputs if i >= 0 and network.tensors[i].data is None]
        if _is_outside(network, operator) and computed and ready.issuperset(computed):
            found.add(operator.index)
            ready.update(operator.outputs)
    return found


def _readers(network: FileNetwork) -> dict[int, list[int]]:
    readers: dict[int, list[int]] = {}
    for operator in network.operators:
        for index in operator.inputs:
            readers.setdefault(index, []).append(operator.index)
    return readers


def _ends_after_cut(
    network: FileNetwork, inner: list[FileOperator], cut: list[FileOperator]
) -> tuple[list[int], list[int]]:
    """Inputs and outputs of what stays: tensors that pass between it and what is cut off."""
    if not cut:
        return list(network.inputs), list(network.outputs)
    made = {index for operator in inner for index in operator.outputs}
    used = {index for operator in inner for index in operator.inputs}
    dropped = {index for operator in cut for index in operator.outputs}
    lost = {index for operator in cut for index in operator.inputs}
    keep: Callable[[int], bool] = lambda index: index not in dropped  # noqa: E731
    inputs = [i for i in network.inputs if i in used or i not in lost]
    inputs += sorted(dropped & used)
    outputs = list(filter(keep, network.outputs))
    outputs += [i for i in sorted(lost & (made | set(inputs))) if i in made and i not in outputs]
    return inputs, outputs


def _told(cut: list[FileOperator]) -> tuple[str, ...]:
    if not cut:
        return ()
    names = ", ".join(dict.fromkeys(operator.name for operator in cut))
    return (
        f"{len(cut)} operators in floating point or custom ones at the network's ends are cut off "
        f"({names}): the network begins or ends at the quantised tensors beside them.",
    )
