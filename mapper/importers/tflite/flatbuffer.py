"""Reads a .tflite file into plain values, trusting nothing in it.

Every index, length and scale is checked here, so that the importer works on sound values. Damage
of whatever kind becomes one RequestError that names the file.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast, overload

import numpy as np
import tflite
from numpy.typing import NDArray

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.tflite.options import operator_of, read_options, table_name, tag_of

Accessor = Any
"""One of flatbuffers' generated accessors, which carry no types."""

IDENTIFIER = b"TFL3"
_DTYPES = {
    tflite.TensorType.FLOAT32: "<f4",
    tflite.TensorType.INT32: "<i4",
    tflite.TensorType.UINT8: "u1",
    tflite.TensorType.INT64: "<i8",
    tflite.TensorType.INT8: "i1",
    tflite.TensorType.INT16: "<i2",
    tflite.TensorType.BOOL: "?",
    tflite.TensorType.INT4: "i1",
}
"""How the data of a constant is stored, by type; two int4 in a byte are taken apart first."""

_LOST_CODE = "ADD"
"""The operator of number 0, which a file that has lost a code shows; its options tell the truth."""

_WITHOUT_OUTPUT = ("CALL_ONCE", "ASSIGN_VARIABLE")
_MOST_SUBGRAPHS = 64
_MOST_OPERATORS = 10_000
_MOST_OPERANDS = 256
_MOST_AXES = 8

_OPERATOR_NAMES = {
    value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)
}
TYPE_NAMES = {
    value: name.lower() for name, value in vars(tflite.TensorType).items() if isinstance(value, int)
}


@dataclass(frozen=True, eq=False)
class FileTensor:
    """A tensor as the file declares it; `type` is a tflite.TensorType, `data` None if computed.

    A `variable` keeps its values from inference to inference. ``free``: the file's signature leaves
    an extent besides the batch open.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    type: int
    quant: Quant | None
    data: NDArray[Any] | None
    variable: bool = False
    free: bool = False


@dataclass(frozen=True)
class FileOperator:
    """An operator; inputs may hold -1 for one left out.

    ``options`` has every field of its table in the schema, with the schema's default where the
    file leaves it out.
    """

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class FileNetwork:
    """A subgraph of a file. Tensors are read and checked when they are asked for.

    ``subgraphs`` are all of the file, for operators that call one; the first is the network.
    """

    tensors: Sequence[FileTensor]
    names: tuple[str, ...]
    operators: tuple[FileOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: tuple[FileNetwork, ...] = ()


class _Tensors(Sequence[FileTensor]):
    """The tensors of a subgraph, each read once and only if it is asked for."""

    def __init__(self, count: int, read: Callable[[int], FileTensor]) -> None:
        self._count, self._read = count, read
        self._known: dict[int, FileTensor] = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> FileTensor: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FileTensor]: ...
    def __getitem__(self, index: int | slice) -> FileTensor | Sequence[FileTensor]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        if index not in self._known:
            self._known[index] = self._read(index)
        return self._known[index]


def read_network(file: str, content: bytes) -> FileNetwork:
    """Read all subgraphs. Raises RequestError where the file is damaged."""
    if content[4:8] != IDENTIFIER:
        raise RequestError(
            f"{file}: not a TensorFlow Lite network (no '{IDENTIFIER.decode()}' mark at byte 4): "
            "give a .tflite or .onnx file"
        )
    with _accessors_guarded(file):
        root = tflite.Model.GetRootAs(content, 0)
    model = _Guarded(file, root)
    count = model.SubgraphsLength()
    if not 1 <= count <= _MOST_SUBGRAPHS:
        raise _damaged(file, f"{count} subgraphs")
    found = tuple(_Reader(file, content, model, number).network() for number in range(count))
    return replace(found[0], subgraphs=found)


@contextmanager
def _accessors_guarded(file: str) -> Generator[None, None, None]:
    """A wild offset makes flatbuffers' accessors fail in many ways; all mean a damaged file.

    Nothing else may be read under this guard: it would hide our own mistakes.
    """
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


class _Guarded:
    """A table of the file, read through its accessors; so are the tables that it refers to."""

    def __init__(self, file: str, table: Accessor) -> None:
        self._file, self._table = file, table

    def __getattr__(self, name: str) -> Callable[..., Any]:
        accessor = getattr(self._table, name)

        def read(*arguments: int) -> Any:
            with _accessors_guarded(self._file):
                value = accessor(*arguments)
            return _Guarded(self._file, value) if hasattr(value, "Init") else value

        return read


def _damaged(file: str, what: str) -> RequestError:
    return RequestError(
        f"{file}: damaged TensorFlow Lite file: {what}; export or download it again"
    )


class _Reader:
    """Reads one subgraph of a model."""

    def __init__(self, file: str, content: bytes, model: Accessor, number: int) -> None:
        self._file = file
        self._size = len(content)
        self._model = model
        self._graph = model.Subgraphs(number)

    def network(self) -> FileNetwork:
        graph = self._graph
        codes = self._codes()
        buffers = self._count(self._model.BuffersLength(), self._size // 4, "buffers")
        count = self._count(graph.TensorsLength(), self._size // 4, "tensors")
        tensors = _Tensors(count, lambda index: self._tensor(index, buffers))
        count = self._count(graph.OperatorsLength(), _MOST_OPERATORS, "operators")
        operators = tuple(self._operator(index, codes, len(tensors)) for index in range(count))
        return FileNetwork(
            tensors,
            tuple(self._name(index) for index in range(len(tensors))),
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

    def _name(self, index: int) -> str:
        return limits.printable(self._graph.Tensors(index).Name() or b"") or f"tensor {index}"

    def _tensor(self, index: int, buffers: int) -> FileTensor:
        source = self._graph.Tensors(index)
        name = self._name(index)
        where = f"tensor {index} '{name}'"
        self._count(source.ShapeLength(), _MOST_AXES, f"axes of {where}")
        shape, signature = _vector(source.ShapeAsNumpy()), _vector(source.ShapeSignatureAsNumpy())
        # The leading -1 of a signature is a free batch, which the stored shape fixes. Another free
        # extent is stored as 1, unless someone has chosen one.
        free = [n for n, extent in enumerate(signature[: len(shape)]) if extent < 1 and n > 0]
        if any(extent < 1 for extent in shape) or any(shape[axis] == 1 for axis in free):
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
        variable = bool(source.IsVariable())
        return FileTensor(index, name, shape, source.Type(), quant, data, variable, bool(free))

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
        if not whole and len(shape) == 1:
            axis = 0  # The only one there is, whatever the file says: so do TFLM's kernels.
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
        if type_ == tflite.TensorType.INT4:
            raw = _unpacked(raw, math.prod(shape))
        dtype = _DTYPES.get(type_)
        if dtype is None:
            return raw
        wanted = math.prod(shape) * np.dtype(dtype).itemsize
        if raw.size != wanted:
            raise _damaged(
                self._file, f"{where} of shape {list(shape)} needs {wanted} bytes, has {raw.size}"
            )
        # Little-endian whatever the host, and aligned, which the file does not promise.
        native = np.dtype(dtype).newbyteorder("=")
        return np.frombuffer(raw.tobytes(), dtype=dtype).astype(native).reshape(shape)

    def _operator(self, index: int, codes: list[str], tensors: int) -> FileOperator:
        source = self._graph.Operators(index)
        if not 0 <= source.OpcodeIndex() < len(codes):
            raise _damaged(self._file, f"operator {index} has no operator code")
        name = codes[source.OpcodeIndex()]
        if name == _LOST_CODE:
            name = operator_of(source.BuiltinOptionsType()) or name
        what = f"operator {index} ({name})"
        inputs = self._indices(source.InputsAsNumpy(), tensors, -1, f"inputs of {what}")
        outputs = self._indices(source.OutputsAsNumpy(), tensors, 0, f"outputs of {what}")
        if not outputs and name not in _WITHOUT_OUTPUT:
            raise _damaged(self._file, f"{what} has no output")
        return FileOperator(index, name, inputs, outputs, self._options(source, name))

    def _options(self, source: Accessor, name: str) -> Mapping[str, Any]:
        known = table_name(name)
        if known is None:
            return {}
        table = source.BuiltinOptions()
        if source.BuiltinOptionsType() != tag_of(known):
            table = None  # Left out, or another operator's: TFLM takes the defaults as well.
        with _accessors_guarded(self._file):
            return read_options(known, table)


def _unpacked(raw: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Elements of 4 bits, the lower ones of each byte first, as bytes with their sign."""
    nibbles = np.stack([raw & 15, raw >> 4], axis=-1).reshape(-1).astype(np.int8)
    signed = np.where(nibbles > 7, nibbles - 16, nibbles).astype(np.int8).view(np.uint8)
    # The last byte of an odd number of elements is half empty.
    return signed[:count] if raw.size == (count + 1) // 2 else signed


def _vector(values: Accessor) -> tuple[int, ...]:
    """A vector of integers; flatbuffers gives 0 for one that is absent."""
    return tuple(int(value) for value in values) if isinstance(values, np.ndarray) else ()
