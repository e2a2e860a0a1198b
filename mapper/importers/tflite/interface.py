"""Conversions at the edges of a TensorFlow Lite network become ports of the graph.

A QUANTIZE of a float or uint8 network input, and a DEQUANTIZE (or QUANTIZE to uint8) that makes a
network output, are dropped: the int8 tensor on their inner side is the graph's input or output.
"""

from dataclasses import dataclass
from typing import Literal

from tflite import TensorType

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.op import Port
from mapper.importers.tflite.flatbuffer import FileNetwork, FileOperator, FileTensor

Outside = Literal["float32", "uint8"]


@dataclass(frozen=True)
class FilePort:
    """A port whose graph tensor is the file's tensor `index`."""

    index: int
    outside: FileTensor
    dtype: Outside

    def named(self, tensor: str) -> Port:
        """The port, given the name of its tensor in the graph."""
        return Port(tensor, self.outside.name, self.outside.shape, self.dtype)


@dataclass(frozen=True)
class Interface:
    """The network between its ports; inputs and outputs are indices of int8 tensors."""

    operators: tuple[FileOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ports: tuple[FilePort, ...]


def strip_interface(file: str, network: FileNetwork) -> Interface:
    """Separate conversions from the network.

    Raises RequestError where a conversion is inside, or needs more than a shift of the zero point.
    """
    inputs, outputs = list(network.inputs), list(network.outputs)
    inner: list[FileOperator] = []
    ports: list[FilePort] = []
    for operator in network.operators:
        if operator.name not in ("QUANTIZE", "DEQUANTIZE") or len(operator.inputs) != 1:
            inner.append(operator)
            continue
        place = limits.Place(file, f"{operator.index}", operator.name)
        source, target = (network.tensors[(*operator.inputs, *operator.outputs)[i]] for i in (0, 1))
        if source.type == target.type == TensorType.INT8:
            inner.append(operator)
        elif source.type == TensorType.INT8:
            ports.append(FilePort(source.index, target, _outside(place, target, source)))
            _move(place, outputs, target, source)
        else:
            ports.append(FilePort(target.index, source, _outside(place, source, target)))
            _move(place, inputs, source, target)
    return Interface(tuple(inner), tuple(inputs), tuple(outputs), tuple(ports))


def _outside(place: limits.Place, outside: FileTensor, inside: FileTensor) -> Outside:
    if outside.type == TensorType.FLOAT32:
        return "float32"
    a, b = outside.quant, inside.quant
    shifted = a and b and a.scale == b.scale and a.zero_point[0] - b.zero_point[0] == 128
    if outside.type != TensorType.UINT8 or not shifted:
        raise RequestError(
            f"{place}: interface tensor '{outside.name}' must be float32, int8, or uint8 with the "
            "scale of the int8 tensor and a zero point 128 higher: export with an int8 interface"
        )
    return "uint8"


def _move(place: limits.Place, ends: list[int], outside: FileTensor, inside: FileTensor) -> None:
    """Put the inner tensor where the outer one is among the network's inputs or outputs."""
    if outside.index not in ends:
        limits.float_network(str(place), f"'{outside.name}' is not int8 inside the network")
    ends[ends.index(outside.index)] = inside.index
