"""Reads an .onnx file into plain nodes and arrays, trusting nothing in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx
import onnx.shape_inference
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.limits import Place

Array = NDArray[Any]
_MOST_NODES = 50_000
_MOST_AXES = 8
DType = Literal["float32", "int8", "uint8", "int32", "int64"]
"""Types of interface tensors; the last two are those of indices."""
ELEMENT_TYPES: Mapping[int, DType] = {
    TensorProto.FLOAT: "float32",
    TensorProto.UINT8: "uint8",
    TensorProto.INT8: "int8",
    TensorProto.INT32: "int32",
    TensorProto.INT64: "int64",
}


@dataclass(frozen=True, eq=False)
class Node:
    """One operator. An optional input that is left out has the name ''."""

    place: Place
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.place.layer

    def has(self, position: int) -> bool:
        """Whether the optional input at a position is there."""
        return position < len(self.inputs) and self.inputs[position] != ""

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        value = self.attrs.get(name, default)
        if not isinstance(value, int):
            raise RequestError(f"{self.place}: attribute '{name}' must be an integer")
        return value

    def number(self, name: str, default: float | None) -> float | None:
        """A real attribute."""
        value = self.attrs.get(name, default)
        if value is not None and not isinstance(value, int | float):
            raise RequestError(f"{self.place}: attribute '{name}' must be a number")
        return value

    def text(self, name: str, default: str) -> str:
        """A string attribute."""
        value = self.attrs.get(name, default)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def integers(self, name: str) -> tuple[int, ...] | None:
        """A list of integers; None where the attribute is not there."""
        value = self.attrs.get(name)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not all(isinstance(item, int) for item in value):
            raise RequestError(f"{self.place}: attribute '{name}' must be a list of integers")
        return tuple(value)


@dataclass(frozen=True)
class Interface:
    """A declared input or output; `shape` holds -1 where it is not a fixed number."""

    name: str
    dtype: DType
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Model:
    """The main graph of a file."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    inputs: tuple[Interface, ...]
    outputs: tuple[Interface, ...]
    opset: int
    proto: onnx.ModelProto

    def shape_of(self, name: str) -> tuple[int, ...] | None:
        """The shape of a value as ONNX's rules give it, -1 where it is free; None: not known."""
        try:
            inferred = onnx.shape_inference.infer_shapes(self.proto)
        except (onnx.shape_inference.InferenceError, RuntimeError, ValueError):
            return None
        for value in inferred.graph.value_info:
            kind = value.type.tensor_type
            if limits.printable(value.name) == name and kind.HasField("shape"):
                return _extents(kind)
        return None


def read_model(file: str, content: bytes) -> Model:
    """Parse the bytes of a file. Raises RequestError where it is no sound ONNX network."""
    try:
        proto = onnx.ModelProto.FromString(content)
    except DecodeError as error:
        raise RequestError(
            f"{file}: neither a TensorFlow Lite nor an ONNX network, or a damaged one: give a "
            ".tflite or .onnx file, exported or downloaded again"
        ) from error
    graph = proto.graph
    if not graph.node or not graph.output:
        raise RequestError(f"{file}: an ONNX file without operators or outputs; export it again")
    if len(graph.node) > _MOST_NODES:
        raise RequestError(
            f"{file}: {len(graph.node)} operators; at most {_MOST_NODES} can be read"
        )
    constants = {limits.printable(t.name): _array(file, t) for t in graph.initializer}
    if graph.sparse_initializer:
        raise RequestError(f"{file}: sparse weights are not supported; export dense ones")
    inputs = [v for v in graph.input if limits.printable(v.name) not in constants]
    opsets = [entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")]
    return Model(
        tuple(_node(file, index, node) for index, node in enumerate(graph.node)),
        constants,
        tuple(_interface(file, value) for value in inputs),
        tuple(_interface(file, value) for value in graph.output),
        max(opsets, default=1),
        proto,
    )


def _array(file: str, tensor: TensorProto) -> Array:
    where = f"{file}: constant '{limits.printable(tensor.name)}'"
    if tensor.data_location == TensorProto.EXTERNAL:
        raise RequestError(
            f"{where} is stored outside the file: save the network with save_as_external_data=False"
        )
    if len(tensor.dims) > _MOST_AXES or any(extent < 0 for extent in tensor.dims):
        raise RequestError(f"{where} has the impossible shape {list(tensor.dims)[:_MOST_AXES]}")
    if not limits.tensor_is_addressable(tensor.dims):
        raise RequestError(f"{where} of shape {list(tensor.dims)} is too large to run")
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (TypeError, ValueError, LookupError) as error:
        raise RequestError(
            f"{where} of shape {list(tensor.dims)} is damaged ({error}): export the network again"
        ) from error


def _node(file: str, index: int, proto: onnx.NodeProto) -> Node:
    # Text that is not UTF-8 arrives as bytes.
    inputs, outputs = (
        [limits.printable(n) for n in names] for names in (proto.input, proto.output)
    )
    op = limits.printable(proto.op_type)
    name = limits.printable(proto.name) or (outputs[0] if outputs else "") or f"{op} {index}"
    place = Place(file, name, op)
    attrs: dict[str, Any] = {}
    for attribute in proto.attribute:
        if attribute.type == onnx.AttributeProto.TENSOR:
            attrs[attribute.name] = _array(file, attribute.t)
        elif attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
            raise RequestError(
                f"{place}: operators with graphs inside (If, Loop, Scan) are not supported; export "
                "the network without control flow"
            )
        else:
            try:
                attrs[attribute.name] = helper.get_attribute_value(attribute)
            except (ValueError, TypeError) as error:
                raise RequestError(
                    f"{place}: attribute '{attribute.name}' is damaged: export the network again"
                ) from error
    if not outputs or not outputs[0]:
        raise RequestError(f"{place} has no output: export the network again")
    attrs = {name: list(v) if _is_repeated(v) else v for name, v in attrs.items()}
    return Node(place, op, tuple(inputs), tuple(outputs), attrs)


def _is_repeated(value: object) -> bool:
    return not isinstance(value, int | float | str | bytes | np.ndarray) and hasattr(
        value, "__len__"
    )


def _extents(kind: onnx.TypeProto.Tensor) -> tuple[int, ...]:
    return tuple(d.dim_value if d.HasField("dim_value") else -1 for d in kind.shape.dim)


def _interface(file: str, value: onnx.ValueInfoProto) -> Interface:
    kind, name = value.type.tensor_type, limits.printable(value.name)
    shape = _extents(kind)
    dtype = ELEMENT_TYPES.get(kind.elem_type)
    if dtype is None:
        raise RequestError(
            f"{file}: interface tensor '{name}' must be float32, int8 or uint8, or int64 or int32 "
            "where indices come out: export the network with one of these"
        )
    if len(shape) > _MOST_AXES:
        raise RequestError(f"{file}: interface tensor '{name}' has {len(shape)} axes")
    return Interface(name, dtype, shape)
