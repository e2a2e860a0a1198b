"""Reads a .tflite file into plain values, trusting nothing in it.

Every index, length and scale is checked here, so that the importer works on sound values. Damage
of whatever kind becomes one RequestError that names the file.
"""

import math
import struct
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import tflite
from numpy.typing import NDArray

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.tensor import Quant

Accessor = Any
"""One of flatbuffers' generated accessors, which carry no types."""

IDENTIFIER = b"TFL3"
_ITEM_BYTES = {
    tflite.TensorType.FLOAT32: 4,
    tflite.TensorType.INT32: 4,
    tflite.TensorType.UINT8: 1,
    tflite.TensorType.INT64: 8,
    tflite.TensorType.INT8: 1,
}
_MOST_OPERATORS = 10_000
_MOST_OPERANDS = 256
_MOST_AXES = 8
_CONVOLUTION = ("Padding", "StrideH", "StrideW", "FusedActivationFunction")
_DILATION = ("DilationHFactor", "DilationWFactor")
_POOL = (*_CONVOLUTION, "FilterHeight", "FilterWidth")
_OPTIONS: dict[int, tuple[int, Any, tuple[str, ...]]] = {
    code: (getattr(tflite.BuiltinOptions, name), getattr(tflite, name), fields)
    for code, name, fields in (
        (tflite.BuiltinOperator.CONV_2D, "Conv2DOptions", (*_CONVOLUTION, *_DILATION)),
        (
            tflite.BuiltinOperator.DEPTHWISE_CONV_2D,
            "DepthwiseConv2DOptions",
            (*_CONVOLUTION, *_DILATION),
        ),
        (
            tflite.BuiltinOperator.FULLY_CONNECTED,
            "FullyConnectedOptions",
            ("FusedActivationFunction", "WeightsFormat"),
        ),
        (tflite.BuiltinOperator.ADD, "AddOptions", ("FusedActivationFunction",)),
        (tflite.BuiltinOperator.SUB, "SubOptions", ("FusedActivationFunction",)),
        (tflite.BuiltinOperator.MUL, "MulOptions", ("FusedActivationFunction",)),
        (tflite.BuiltinOperator.DIV, "DivOptions", ("FusedActivationFunction",)),
        (tflite.BuiltinOperator.LEAKY_RELU, "LeakyReluOptions", ("Alpha",)),
        (tflite.BuiltinOperator.GELU, "GeluOptions", ("Approximate",)),
        (tflite.BuiltinOperator.AVERAGE_POOL_2D, "Pool2DOptions", _POOL),
        (tflite.BuiltinOperator.MAX_POOL_2D, "Pool2DOptions", _POOL),
        (tflite.BuiltinOperator.SOFTMAX, "SoftmaxOptions", ("Beta",)),
        (
            tflite.BuiltinOperator.CONCATENATION,
            "ConcatenationOptions",
            ("Axis", "FusedActivationFunction"),
        ),
    )
}
"""For each operator whose options matter: the union's tag, its accessor, the fields read."""

_OPERATOR_NAMES = {
    value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)
}
TYPE_NAMES = {
    value: name.lower() for name, value in vars(tflite.TensorType).items() if isinstance(value, int)
}


@dataclass(frozen=True, eq=False)
class FileTensor:
    """A tensor as the file declares it; `type` is a tflite.TensorType, `data` None if computed."""

    index: int
    name: str
    shape: tuple[int, ...]
    type: int
    quant: Quant | None
    data: NDArray[Any] | None


@dataclass(frozen=True)
class FileOperator:
    """An operator; inputs may hold -1 for one left out."""

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, float]


@dataclass(frozen=True)
class FileNetwork:
    """The main subgraph of a file."""

    tensors: tuple[FileTensor, ...]
    operators: tuple[FileOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_network(file: str, content: bytes) -> FileNetwork:
    """Read the first subgraph. Raises RequestError where the file is damaged."""
    if content[4:8] != IDENTIFIER:
        raise RequestError(
            f"{file}: not a TensorFlow Lite network (no '{IDENTIFIER.decode()}' mark at byte 4): "
            "give a .tflite or .onnx file"
        )
    with _accessors_guarded(file):
        model = tflite.Model.GetRootAs(content, 0)
        if model.SubgraphsLength() != 1:
            raise _damaged(file, f"{model.SubgraphsLength()} subgraphs; exactly 1 is supported")
        return _Reader(file, content, model).network()


@contextmanager
def _accessors_guarded(file: str) -> Generator[None, None, None]:
    """A wild offset makes flatbuffers' accessors fail in many ways; all mean a damaged file."""
    try:
        yield
    except (
        struct.error,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise _damaged(file, "an offset or a length in it is wrong") from error


def _damaged(file: str, what: str) -> RequestError:
    return RequestError(
        f"{file}: damaged TensorFlow Lite file: {what}; export or download it again"
    )


class _Reader:
    """Reads one model whose accessors may fail."""

    def __init__(self, file: str, content: bytes, model: Accessor) -> None:
        self._file = file
        self._size = len(content)
        self._model = model
        self._graph = model.Subgraphs(0)

    def network(self) -> FileNetwork:
        graph = self._graph
        codes = self._codes()
        buffers = self._count(self._model.BuffersLength(), self._size // 4, "buffers")
        count = self._count(graph.TensorsLength(), self._size // 4, "tensors")
        tensors = tuple(self._tensor(index, buffers) for index in range(count))
        count = self._count(graph.OperatorsLength(), _MOST_OPERATORS, "operators")
        operators = tuple(self._operator(index, codes, len(tensors)) for index in range(count))
        return FileNetwork(
            tensors,
            operators,
            self._indices(graph.InputsAsNumpy(), len(tensors), 0, "network inputs"),
            self._indices(graph.OutputsAsNumpy(), len(tensors), 0, "network outputs"),
        )

    def _count(self, count: int, most: int, what: str) -> int:
        if not 0 <= count <= most:
            raise _damaged(self._file, f"{count} {what} in a file of {self._size} bytes")
        return count

    def _indices(self, values: Accessor, end: int, least: int, what: str) -> tuple[int, ...]:
        indices = _vector(values)
        self._count(len(indices), _MOST_OPERANDS, what)
        for index in indices:
            if not least <= index < end:
                raise _damaged(self._file, f"{what} name tensor {index} of {end}")
        return indices

    def _codes(self) -> list[str]:
        count = self._count(self._model.OperatorCodesLength(), _MOST_OPERATORS, "operator codes")
        names: list[str] = []
        for index in range(count):
            code = self._model.OperatorCodes(index)
            # Files older than the wide field have the number in the narrow one only.
            number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            name = _OPERATOR_NAMES.get(number, f"operator code {number}")
            if name == "CUSTOM" and code.CustomCode():
                name = f"custom operator {limits.printable(code.CustomCode())}"
            names.append(name)
        return names

    def _tensor(self, index: int, buffers: int) -> FileTensor:
        source = self._graph.Tensors(index)
        name = limits.printable(source.Name() or b"") or f"tensor {index}"
        where = f"tensor {index} '{name}'"
        self._count(source.ShapeLength(), _MOST_AXES, f"axes of {where}")
        shape, signature = _vector(source.ShapeAsNumpy()), _vector(source.ShapeSignatureAsNumpy())
        # The leading -1 of a signature is a free batch, which the stored shape fixes at 1.
        if any(extent < 1 for extent in (*shape, *signature[1:])):
            raise RequestError(
                f"{self._file}: {where} has the dynamic or empty shape {list(signature or shape)}: "
                "export the network with a static input shape and batch 1"
            )
        if not limits.tensor_is_addressable(shape):
            raise RequestError(f"{self._file}: {where} of shape {list(shape)} is too large to run")
        number = source.Buffer()
        if not 0 <= number < buffers:
            raise _damaged(self._file, f"{where} refers to buffer {number} of {buffers}")
        quant = self._quant(source.Quantization(), shape, where)
        data = self._data(self._model.Buffers(number), source.Type(), shape, where)
        return FileTensor(index, name, shape, source.Type(), quant, data)

    def _quant(self, source: Accessor, shape: tuple[int, ...], where: str) -> Quant | None:
        if source is None or source.ScaleLength() == 0:
            return None
        self._count(source.ScaleLength(), self._size // 4, f"scales of {where}")
        self._count(source.ZeroPointLength(), self._size // 8, f"zero points of {where}")
        scales = tuple(float(scale) for scale in source.ScaleAsNumpy())
        zero_points = _vector(source.ZeroPointAsNumpy()) or (0,) * len(scales)
        if not limits.scales_are_sensible(scales):
            raise RequestError(f"{self._file}: {where}: {limits.scales_are_sensible.__doc__}")
        axis = source.QuantizedDimension()
        whole = len(scales) == 1
        if not whole and not 0 <= axis < len(shape):
            raise _damaged(self._file, f"{where} has no axis {axis} to be quantised along")
        channels = 1 if whole else shape[axis]
        if len(scales) != channels or len(zero_points) != channels:
            raise _damaged(
                self._file,
                f"{where} has {len(scales)} scales and {len(zero_points)} zero points "
                f"for {channels} channels",
            )
        return Quant(scales, zero_points, None if whole else axis)

    def _data(
        self, buffer: Accessor, type_: int, shape: tuple[int, ...], where: str
    ) -> NDArray[Any] | None:
        if buffer.DataLength() == 0:
            return None
        raw = cast("NDArray[np.uint8]", buffer.DataAsNumpy())
        item = _ITEM_BYTES.get(type_)
        if item is None:
            return raw
        wanted = math.prod(shape) * item
        if raw.size != wanted:
            raise _damaged(
                self._file, f"{where} of shape {list(shape)} needs {wanted} bytes, has {raw.size}"
            )
        # Little-endian whatever the host, and aligned, which the file does not promise.
        kind = {4: "<i4", 8: "<i8", 1: "i1"}[item]
        if type_ == tflite.TensorType.FLOAT32:
            kind = "<f4"
        native = np.dtype(kind).newbyteorder("=")
        return np.frombuffer(raw.tobytes(), dtype=kind).astype(native).reshape(shape)

    def _operator(self, index: int, codes: list[str], tensors: int) -> FileOperator:
        source = self._graph.Operators(index)
        if not 0 <= source.OpcodeIndex() < len(codes):
            raise _damaged(self._file, f"operator {index} has no operator code")
        name = codes[source.OpcodeIndex()]
        what = f"operator {index} ({name})"
        inputs = self._indices(source.InputsAsNumpy(), tensors, -1, f"inputs of {what}")
        outputs = self._indices(source.OutputsAsNumpy(), tensors, 0, f"outputs of {what}")
        if not outputs:
            raise _damaged(self._file, f"{what} has no output")
        return FileOperator(index, name, inputs, outputs, self._options(source, name, what))

    def _options(self, source: Accessor, name: str, what: str) -> dict[str, float]:
        known = _OPTIONS.get(getattr(tflite.BuiltinOperator, name, -1))
        if known is None:
            return {}
        tag, accessor, fields = known
        table = source.BuiltinOptions()
        if table is None or source.BuiltinOptionsType() != tag:
            raise _damaged(self._file, f"{what} lacks its options")
        options = accessor()
        options.Init(table.Bytes, table.Pos)
        return {field: getattr(options, field)() for field in fields}


def _vector(values: Accessor) -> tuple[int, ...]:
    """A vector of integers; flatbuffers gives 0 for one that is absent."""
    return tuple(int(value) for value in values) if isinstance(values, np.ndarray) else ()
